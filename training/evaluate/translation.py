"""The protocols of translators' metrics; the computation of each is in `training.metrics`."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from training import classifiers
from training.classifiers import Classifier, ClassifierError
from training.config import Pix2pixConfig, TranslationConfig
from training.data import ImageSet, PairSet, Sets
from training.evaluate import artefacts, protocol
from training.evaluate.measurement import Measurement
from training.evaluate.protocol import Protocol
from training.evaluate.sampling import Sampler
from training.metrics import paired, sliced, texture, twosample
from training.networks.segmentnet import SegmentNet

_MIN_SLICED_IMAGES = 8  # images for a meaningful sliced distance


def measure(
    samplers: Mapping[str, Sampler], config: TranslationConfig, sets: Sets, sizes: Protocol | None = None
) -> list[Measurement]:
    """Every metric of a translator, or of both CycleGAN's, on the test images.

    Args:
        samplers: the translators by direction, `A2B` and `B2A`.
        config: the run's configuration.
        sets: the data set.
        sizes: sizes of the two-sample test; by default `protocol.STANDARD`.
    """
    sizes = sizes or protocol.STANDARD
    held = sets.pairs("test")
    given = {
        direction: (_cut(source, config), _cut(target, config))
        for direction in samplers
        for source, target in [(held.A, held.B) if direction == "A2B" else (held.B, held.A)]
    }
    made = {direction: translate(samplers[direction], source) for direction, (source, _) in given.items()}
    classifier = _classifier(config.dataset)
    found = []
    for direction, (source, target) in given.items():
        if isinstance(config, Pix2pixConfig):
            measured = _against_truth(target, made[direction])
            if classifier and direction == "B2A":
                measured.append(_fcn_score(classifier, source, target, made[direction]))
        else:
            back = next((sampler for name, sampler in samplers.items() if name != direction), None)
            measured = _unpaired(source, target, made[direction], sizes)
            measured += artefacts.measure(partial(translate, samplers[direction]), source, target, made[direction])
            measured += [_cycle(source, translate(back, made[direction]))] if back else []
            measured += (
                [_domain_share(classifier, "AB".index(direction[-1]), target, made[direction])] if classifier else []
            )
        found += [item.of(direction) for item in [*measured, *_texture(target, made[direction])]]
    return found


def translate(sampler: Sampler, images: Tensor) -> Tensor:
    """(N, 3, H, W) float32 in [-1, 1] -> the translations, one image at a time, in whole levels as served."""
    parts = [torch.from_numpy(sampler({"images": image[None].numpy()})) for image in images]
    return torch.cat(parts).add(1.0).mul(127.5).round().clamp(0.0, 255.0).div(127.5).sub(1.0)


def held_out(config: TranslationConfig, held: PairSet) -> tuple[Tensor, Tensor]:
    """Both domains, cropped as inputs of the networks, (N, 3, side, side) float32 in [-1, 1]."""
    return _cut(held.A, config), _cut(held.B, config)


def _cut(images: ImageSet, config: TranslationConfig) -> Tensor:
    """Centre-crops each image to the model's image size."""
    side = config.image_px
    start = (config.images.load_px - side) // 2
    whole = images.batch(torch.arange(len(images))).images
    return whole[:, :, start : start + side, start : start + side].contiguous()


def _against_truth(target: Tensor, made: Tensor) -> list[Measurement]:
    found = paired.compare(target, made)
    by = f"of {len(made)} test pairs, {target.shape[2]} px"
    return [
        Measurement("l1", found.l1, f"mean absolute difference to the true image, 0 ... 255, {by}"),
        Measurement("psnr", found.psnr, f"peak signal-to-noise ratio to the true image in dB, mean {by}"),
        Measurement("ssim", found.ssim, f"structural similarity to the true image (Wang et al., 2004), mean {by}"),
    ]


def _classifier(dataset: str) -> Classifier | None:
    """The reporting classifier, or None if it is missing or damaged; its metrics are then omitted."""
    try:
        return classifiers.find(dataset)
    except ClassifierError:
        return None


def _fcn_score(classifier: Classifier, drawings: Tensor, photos: Tensor, made: Tensor) -> Measurement:
    """The FCN-score's pixel accuracy (Isola et al., 2017, section 3.2)."""
    network = classifier.network
    assert isinstance(network, SegmentNet)
    real = classifiers.labels.pixel_accuracy(network, photos, drawings)
    return Measurement(
        "pixel_accuracy",
        classifiers.labels.pixel_accuracy(network, made, drawings),
        f"share of pixels whose label a network, trained on real photos, finds in the translation, in the manner of "
        f"the FCN-score (Isola et al., 2017), {len(made)} test drawings at {classifiers.labels.READ_PX} px, classifier "
        f"{classifier.digest[:12]}",
        floor=real,
    )


def _domain_share(classifier: Classifier, wanted: int, target: Tensor, made: Tensor) -> Measurement:
    shares = [float((classifier.probabilities(x.numpy())[:, wanted] > 0.5).mean()) for x in (made, target)]
    return Measurement(
        "domain_taken",
        shares[0],
        f"share of translations that a classifier takes for the target domain, {len(made)} test images, classifier "
        f"{classifier.digest[:12]}: {classifier.accuracy:.1%} right on test images, and at most "
        f"{max(classifier.fooled.values()):.0%} taken for the other domain when they were only recoloured, noisy, "
        "blurred or median-filtered",
        floor=shares[1],
    )


def _unpaired(source: Tensor, target: Tensor, made: Tensor, sizes: Protocol) -> list[Measurement]:
    changed = paired.translation(source, made)
    by = f"{len(made)} test images, {target.shape[2]} px"
    found = [
        Measurement("change", changed.change, f"mean absolute difference to the input, 0 ... 255, {by}"),
        Measurement("structure", changed.structure, f"SSIM of luminance to the input, {by}"),
    ]
    count = min(len(target), len(made))
    if count >= sizes.min_two_sample_images:
        found.append(_two_sample(target, made, sizes.two_sample_steps))
    if count >= _MIN_SLICED_IMAGES:
        found.append(_sliced(source[:count], target[:count], made[:count]))
    return found


def _two_sample(target: Tensor, made: Tensor, steps: int) -> Measurement:
    result = twosample.distinguish(target, made, steps=steps)
    return Measurement(
        "two_sample_accuracy",
        result.accuracy,
        f"how often a small network, trained on one half, tells translations from real images of the target in "
        f"the other (Lopez-Paz and Oquab, 2017), {result.count} images; 0.5 is chance",
        result.standard_error,
        0.5,
    )


def _sliced(source: Tensor, target: Tensor, made: Tensor) -> Measurement:
    unchanged = sliced.distance(target, source).mean
    return Measurement(
        "sliced_wasserstein",
        sliced.distance(target, made).mean,
        f"sliced Wasserstein distance x 1000 to real images of the target, mean over levels (Karras et al., 2018), "
        f"{len(made)} of each; the inputs themselves have {unchanged:.1f}",
    )


def _cycle(source: Tensor, returned: Tensor) -> Measurement:
    error = paired.mean_absolute(source, returned)
    return Measurement(
        "cycle_error",
        error,
        f"mean absolute difference after the way there and back, 0 ... 255, {len(source)} test images",
    )


def _texture(target: Tensor, made: Tensor) -> list[Measurement]:
    by = f"over that of real images, {len(made)} test images"
    gradient, half_rate = texture.gradient_ratio(target, made), texture.half_rate_ratio(target, made)
    return [
        Measurement(
            "gradient_ratio", gradient, f"mean gradient magnitude of luminance {by}; below 1 is blur", floor=1.0
        ),
        Measurement(
            "half_rate_ratio", half_rate, f"energy at half the sampling rate {by}; above 1 is checkerboard", floor=1.0
        ),
    ]
