import numpy as np
import pytest
import torch

from tests.unit.training import portraits
from training import classifiers, evaluate
from training.classifiers import attributes
from training.evaluate import baselines, fidelity
from training.evaluate.protocol import Protocol
from training.networks.attributenet import AttributeNet


def examples(count, seed, side=64):
    pixels, shows = portraits.draw(count, seed, side)
    return (pixels / np.float32(127.5) - 1).astype(np.float32), shows


def test_a_classifier_reads_each_attribute_by_itself(face_classifier):
    images, shows = examples(100, seed=7)
    read = face_classifier.probabilities(images)
    assert face_classifier.attributes == portraits.NAMES
    assert not face_classifier.reads_classes
    assert ((read > 0.5) == shows).mean() > 0.95
    assert face_classifier.features(images).shape == (100, 96)
    assert face_classifier.accuracy == pytest.approx(np.mean(list(face_classifier.balanced.values())))
    assert min(face_classifier.balanced.values()) > 0.9


def test_images_of_another_size_are_read_too(face_classifier):
    images, shows = examples(40, seed=8, side=128)
    assert ((face_classifier.probabilities(images) > 0.5) == shows).mean() > 0.9


class Always(AttributeNet):
    """Says of every image that it has none of the attributes."""

    def forward(self, images):
        return torch.full((len(images), 2), -1.0)


def test_the_accuracy_of_guessing_is_a_half_however_rare_an_attribute_is():
    images, table = portraits.image_set(60, side=8, rare=0.05)
    assert table.values[:, 1].sum() in range(1, 15)
    assert attributes.balanced_accuracies(Always(2, 2), images, table) == {"Bright": 0.5, "Red": 0.5}


def test_an_attribute_that_no_test_image_has_is_scored_on_the_others():
    images, table = portraits.image_set(20, side=8, rare=0.0)
    assert attributes.balanced_accuracies(Always(2, 2), images, table)["Red"] == 1.0


def test_images_of_ones_own_have_no_classifier(tmp_path):
    assert classifiers.find("images", tmp_path) is None
    assert classifiers.find("stacked-mnist", tmp_path) is None
    with pytest.raises(classifiers.ClassifierError, match="train-classifier celeba --data PATH --role selection"):
        classifiers.load("celeba", tmp_path, "selection")


def test_samples_are_measured_beside_baselines(face_classifier):
    (train, _), (test, _) = portraits.image_set(120, seed=2), portraits.image_set(60, seed=3)
    samples, _ = examples(100, 4)
    measured = fidelity.measure(samples, train, test, face_classifier)
    measured += fidelity.measure_baselines(100, train, test, face_classifier, max_train=20_000)
    found = {item.name: item for item in measured}
    assert "100 samples to 60 test images" in found["frechet_distance"].protocol
    assert face_classifier.digest[:12] in found["coverage"].protocol
    for kind in ("blurred", "gaussian"):
        assert found["frechet_distance"].value < found[f"frechet_distance_{kind}"].value
        assert 0.0 <= found[f"coverage_{kind}"].value <= 1.0


def test_no_more_training_images_are_compared_with_than_memory_allows(face_classifier):
    (train, _), (test, _) = portraits.image_set(90, seed=2), portraits.image_set(60, seed=3)
    sizes = Protocol(compared_images=70)
    measured = evaluate.evaluate(examples(60, 4)[0], train, test, face_classifier, train.head(0), sizes)
    found = {item.name: item for item in measured}
    assert "nearer to one of 70 training images than to the next 49" in found["memorised_share"].protocol
    assert "of 70 training images" in found["frechet_distance_gaussian"].protocol
    assert "60 training images blurred" in found["frechet_distance_blurred"].protocol


def test_without_a_classifier_pixels_alone_are_measured():
    (train, _), (test, _) = portraits.image_set(60, 2, side=16), portraits.image_set(20, 3, side=16)
    found = {item.name for item in evaluate.evaluate(examples(30, 4, 16)[0], train, test, None, train.head(0))}
    assert found == {"sliced_wasserstein", "memorised_share", "mean_distance"}


def test_blurring_keeps_what_is_flat_and_spreads_a_point_by_sigma():
    flat = torch.full((1, 3, 16, 16), 0.25)
    assert torch.allclose(baselines.blurred(flat), flat)
    point = torch.zeros(1, 1, 17, 17)
    point[..., 8, 8] = 1.0
    spread = baselines.blurred(point)[0, 0]
    places = torch.arange(17) - 8.0
    assert float(spread.sum()) == pytest.approx(1.0)
    assert float((spread.sum(0) * places**2).sum()) == pytest.approx(1.0, abs=0.01)


def test_draws_from_the_gaussian_have_the_images_mean_and_covariance():
    basis = torch.linalg.qr(torch.randn(48, 3, generator=torch.Generator().manual_seed(0)))[0]
    points = 0.1 + 0.2 * torch.randn(500, 3, generator=torch.Generator().manual_seed(1)) @ basis.T
    state = torch.get_rng_state()
    drawn = baselines.gaussian(points.view(500, 3, 4, 4), 4_000).flatten(1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.allclose(drawn.mean(0), points.mean(0), atol=0.02)
    assert torch.allclose(torch.cov(drawn.T), torch.cov(points.T), atol=0.004)


def test_a_classifier_that_reads_attributes_is_stored_with_all_its_accuracies(face_classifier, tmp_path):
    path = classifiers.path_of("celeba", "selection", tmp_path)
    classifiers.store(path, face_classifier.network, 0.75, "attributes", {"Bright": 0.7, "Red": 0.8})
    loaded = classifiers.load("celeba", tmp_path, "selection")
    assert (loaded.accuracy, loaded.balanced) == (0.75, {"Bright": 0.7, "Red": 0.8})


def test_both_classifiers_of_faces_come_with_the_package():
    reporting, selecting = classifiers.load("celeba"), classifiers.load("celeba", role="selection")
    assert reporting.digest != selecting.digest
    for classifier in (reporting, selecting):
        assert classifier.accuracy > 0.8
        assert all(classifier.balanced[name] > 0.85 for name in ("Smiling", "Eyeglasses", "Male"))
        assert len(classifier.attributes) == 40
