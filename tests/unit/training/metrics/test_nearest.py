import numpy as np
import pytest
import torch

from tests import builders
from training.metrics import nearest


def cloud(count, dim=5, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, dim))).float()


@pytest.mark.parametrize("cells", [1, 70, 2**24])
def test_the_nearest_are_those_of_brute_force_whatever_the_chunk(cells):
    queries, points = cloud(13, seed=1), cloud(31)
    distances = np.linalg.norm(queries.numpy()[:, None] - points.numpy(), axis=2)
    found = nearest.find(queries, points, 3, cells)
    np.testing.assert_array_equal(found.indices, distances.argsort(1)[:, :3])
    np.testing.assert_allclose(found.distances, np.sort(distances)[:, :3], rtol=1e-5)


def test_a_copy_is_at_distance_zero_exactly_even_far_from_the_origin():
    points = cloud(50) + 100.0
    found = nearest.find(points[7:9], points)
    assert found.distances.tolist() == [[0.0], [0.0]]
    assert found.indices.tolist() == [[7], [8]]


@pytest.mark.parametrize(
    ("queries", "points", "said"),
    [(cloud(2), cloud(2, dim=4), "of one D"), (cloud(2), cloud(0), "0 points only"), (cloud(2)[0], cloud(3), "one D")],
)
def test_shapes_that_do_not_fit_are_refused(queries, points, said):
    with pytest.raises(ValueError, match=said):
        nearest.find(queries, points)


def digits(count, seed):
    pixels, labels = builders.digits(count, seed)
    return torch.from_numpy(pixels).flatten(1).float() / 255, torch.from_numpy(labels).long()


def test_the_error_is_counted_over_all_batches_of_references():
    points, labels = torch.tensor([[0.0], [10.0], [20.0], [30.0]]), torch.tensor([0, 1, 2, 3])
    batches = [
        (torch.tensor([[1.0], [26.0]]), torch.tensor([0, 7])),
        (torch.tensor([[13.0], [0.5], [100.0]]), torch.tensor([1, 5, 9])),
    ]
    found = nearest.error(batches, points, labels)  # 0 -> 5 (wrong), 10 -> 1, 20 -> 7 (26 is nearer than 13), 30 -> 7
    assert found.value == 0.75
    assert found.standard_error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)
    assert nearest.error(reversed(batches), points, labels).value == 0.75


def test_real_references_read_digits_and_spoilt_ones_do_not():
    test, truth = digits(200, 1)
    real, labels = digits(300, 0)
    floor = nearest.error([(real, labels)], test, truth).value
    assert floor < 0.1
    kept = labels != 3
    wrong = torch.where(torch.rand(300, generator=torch.Generator().manual_seed(0)) < 0.5, labels, (labels + 1) % 10)
    assert nearest.error([(real[kept], labels[kept])], test, truth).value >= floor + 0.08  # a dropped class
    assert nearest.error([(real, wrong)], test, truth).value > 0.3  # a generator that does not obey its class
    assert nearest.error([(real[:1], labels[:1])], test, truth).value == pytest.approx(0.9)  # one image
    assert nearest.error([(torch.rand(300, 784), labels)], test, truth).value > 0.7  # noise


def test_no_references_are_refused():
    with pytest.raises(ValueError, match="needs references"):
        nearest.error([], cloud(2), torch.zeros(2, dtype=torch.int64))


def test_copies_lie_much_nearer_to_one_training_image_than_fresh_ones_do():
    train, held, fresh = cloud(500, 16), cloud(500, 16, seed=1), cloud(500, 16, seed=2)

    def share(points):
        return nearest.memorised_share(nearest.find(points, train, 50), nearest.find(held, train, 50), 0.05)

    assert share(fresh) == pytest.approx(0.05, abs=0.03)
    assert share(train) == 1.0
    assert share(train + 0.3 * fresh) > 0.95
    assert share(torch.cat([train[:100], fresh[:400]])) == pytest.approx(0.2 + 0.8 * 0.05, abs=0.03)
    assert share(0.1 * fresh) < 0.05  # near to everything, but no copy
    assert share(fresh + 5.0) < 0.05
