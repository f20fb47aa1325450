"""Samples' features compared with those of real images: the protocols of the Frechet distance and of neighbourhoods."""

import numpy as np
import torch

from training.classifiers import Classifier
from training.data import ImageSet
from training.evaluate import baselines
from training.evaluate.grids import spread_out
from training.evaluate.measurement import Measurement
from training.evaluate.sampling import Floats
from training.metrics import frechet, neighbours

_NEIGHBOURS_NIMG = 5_000


def measure(samples: Floats, train: ImageSet, test: ImageSet, classifier: Classifier) -> list[Measurement]:
    """Compares the samples' features with those of test images; equally many training images give the floor."""
    real, other, drawn = (classifier.features(part) for part in (leading(test), leading(train, len(samples)), samples))
    by = f"on the features of {describe(classifier)}"
    frechet_distance = Measurement(
        "frechet_distance",
        frechet.distance(frechet.Statistics.of(real), frechet.Statistics.of(drawn)),
        f"Frechet distance of {len(drawn)} samples to {len(real)} test images, {by}; not to be compared with a "
        "published FID, which takes another network's features",
        floor=frechet.distance(frechet.Statistics.of(real), frechet.Statistics.of(other)),
    )
    real, other, drawn = (part[:_NEIGHBOURS_NIMG] for part in (real, other, drawn))
    found, floor = neighbours.measure(real, drawn), neighbours.measure(real, other)
    by = f"{len(drawn)} samples against {len(real)} test images, {neighbours.K} neighbours, {by}"
    sources = {
        "precision": "share of samples inside the real images' neighbourhoods (Kynkaanniemi et al., 2019)",
        "recall": "share of real images inside the samples' neighbourhoods (Kynkaanniemi et al., 2019)",
        "density": "mean number of real neighbourhoods around a sample, over 5 (Naeem et al., 2020)",
        "coverage": "share of real images with a sample in their neighbourhood (Naeem et al., 2020)",
    }
    return [
        frechet_distance,
        *(Measurement(n, getattr(found, n), f"{what}, {by}", floor=getattr(floor, n)) for n, what in sources.items()),
    ]


def measure_baselines(
    count: int, train: ImageSet, test: ImageSet, classifier: Classifier, max_train: int
) -> list[Measurement]:
    """Measures two deliberately weak baselines; good samples are better than both.

    Args:
        count: images per baseline.
        train: the images that the baselines are computed from.
        test: the images that they are compared with.
        classifier: the classifier whose features are compared.
        max_train: maximum number of training images that the Gaussian is fitted to.
    """
    known = torch.from_numpy(spread_out(train, max_train))
    blurred = baselines.blurred(torch.from_numpy(leading(train, count)))
    space = f"PCA-{baselines.COMPONENTS} space of {len(known):,} training images"
    kinds = {
        "blurred": (blurred, f"training images blurred by sigma {baselines.SIGMA_PX:g}"),
        "gaussian": (baselines.gaussian(known, count), f"draws from a Gaussian in {space}"),
    }
    found, real = [], classifier.features(leading(test))
    for name, (images, what) in kinds.items():
        made = classifier.features(images.numpy())
        distance = frechet.distance(frechet.Statistics.of(real), frechet.Statistics.of(made))
        protocol = f"in place of samples: {len(made)} {what}"
        found += [
            Measurement(f"frechet_distance_{name}", distance, f"frechet_distance of a baseline, {protocol}"),
            Measurement(f"coverage_{name}", neighbours.coverage(real, made), f"coverage of a baseline, {protocol}"),
        ]
    return found


def describe(classifier: Classifier) -> str:
    """The classifier as text: its digest and accuracy."""
    right = "right on test images" if classifier.reads_classes else "mean balanced accuracy of its attributes"
    return f"the classifier {classifier.digest[:12]} ({classifier.accuracy:.2%} {right})"


def leading(images: ImageSet, count: int | None = None) -> Floats:
    """(N, C, H, W) float32 in [-1, 1]: the first `count` images, or all if there are fewer."""
    chosen = images if count is None else images.head(count)
    rows: Floats = chosen.batch(torch.arange(len(chosen))).images.numpy()
    return np.ascontiguousarray(rows)
