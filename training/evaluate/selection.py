"""One number per checkpoint on held-out images, lower is better, which selects the best checkpoint.

Selection is independent of reporting: it uses other samples than `evaluate`, and another classifier or none.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from training import classifiers
from training.classifiers import Classifier, ClassifierError
from training.config import GenerativeConfig, Pix2pixConfig, TrainingConfig, TranslationConfig
from training.data import ImageSet, PairSet
from training.evaluate import artefacts, protocol, translation
from training.evaluate.grids import centre, spread_out
from training.evaluate.protocol import Protocol
from training.evaluate.sampling import Floats, Sampler, generate_images, seed_rows
from training.metrics import frechet, paired, sliced

_FIRST_SEED = 1_000_000  # far from the seeds of reported samples
_IMAGES = 100  # of each domain
_MIN_DISTANCE = 1e-3


@dataclass(frozen=True)
class Reading:
    """One measurement.

    Attributes:
        value: the selecting number; lower is better.
        beside: other numbers, for information only.
    """

    value: float
    beside: Mapping[str, float] = field(default_factory=dict)


class Criterion(ABC):
    """How a run's finished networks are measured.

    Attributes:
        name: the number's name.
        description: the number as text.
    """

    name: str
    description: str

    @abstractmethod
    def read(self, samplers: Mapping[str, Sampler]) -> Reading:
        """Measures finished networks, by direction."""


def criterion(
    config: TrainingConfig, held: ImageSet | PairSet, n_classes: int, sizes: Protocol | None = None
) -> Criterion:
    """The criterion of a configuration.

    Args:
        config: the run's configuration.
        held: held-out images.
        n_classes: number of a generator's classes; 0 if it has none.
        sizes: the number of samples; by default `protocol.STANDARD`.
    """
    if isinstance(config, GenerativeConfig):
        assert isinstance(held, ImageSet)
        return _Generated(config, held, n_classes, (sizes or protocol.STANDARD).selection_samples)
    assert isinstance(config, TranslationConfig)
    assert isinstance(held, PairSet)
    return _Aligned(config, held) if isinstance(config, Pix2pixConfig) else _Unpaired(config, held)


def selection_classifier(dataset: str) -> Classifier | None:
    """The selection classifier, which is never the reporting one; None if there is none."""
    try:
        return classifiers.load(dataset, role="selection")
    except ClassifierError:
        return None


class SampleDistance:
    """The distance of samples to fixed real images: Frechet on a classifier's features, else sliced Wasserstein."""

    def __init__(self, real: Floats, classifier: Classifier | None) -> None:
        """Computes the real images' statistics.

        Args:
            real: (N, C, H, W) in [-1, 1].
            classifier: the classifier whose features are compared.
        """
        self._real, self._classifier = torch.from_numpy(real), classifier
        self._statistics = None if classifier is None else frechet.Statistics.of(classifier.features(real))
        self.name = "sliced_wasserstein" if classifier is None else "frechet_distance"
        self.description = (
            "sliced Wasserstein distance" if classifier is None else "Frechet distance on a classifier's features"
        )

    def to(self, samples: Floats) -> float:
        """The distance of (N, C, H, W) samples, as many as real images."""
        if self._classifier is None or self._statistics is None:
            return sliced.distance(self._real, torch.from_numpy(samples)).mean
        return frechet.distance(self._statistics, frechet.Statistics.of(self._classifier.features(samples)))


class _Generated(Criterion):
    def __init__(self, config: GenerativeConfig, held: ImageSet, n_classes: int, count: int) -> None:
        side = config.images.crop_px if config.images else None
        real = spread_out(held, count)
        real = real if side is None else centre(real, side, side)
        self._rows = seed_rows(config, n_classes, len(real), _FIRST_SEED)
        self._gap = SampleDistance(real, selection_classifier(config.dataset))
        self.name, self.description = (
            self._gap.name,
            f"the {self._gap.description}, {len(real):,} samples to held-out images",
        )

    def read(self, samplers: Mapping[str, Sampler]) -> Reading:
        return Reading(self._gap.to(generate_images(samplers[""], self._rows)))


class _Aligned(Criterion):
    name = "l1"

    def __init__(self, config: Pix2pixConfig, held: PairSet) -> None:
        self._a, self._b = (images[:_IMAGES].cpu() for images in translation.held_out(config, held))
        self.description = f"the mean absolute difference to the true image, {len(self._a)} held-out pairs"

    def read(self, samplers: Mapping[str, Sampler]) -> Reading:
        ((direction, sampler),) = samplers.items()
        source, target = (self._a, self._b) if direction == "A2B" else (self._b, self._a)
        return Reading(paired.mean_absolute(target, translation.translate(sampler, source)))


class _Unpaired(Criterion):
    """A classifier's verdict on translations plus their artefacts, since either alone can be fooled.

    Without a selection classifier, the ratio of sliced Wasserstein distances (translations over inputs) replaces it.
    """

    name = "faults"

    def __init__(self, config: TranslationConfig, held: PairSet) -> None:
        a, b = (images.cpu() for images in translation.held_out(config, held))
        count = min(len(a), len(b), _IMAGES)
        self._sets = {"A2B": (a[:count], b[:count]), "B2A": (b[:count], a[:count])}
        self._classifier = selection_classifier(config.dataset)
        distance = "the share that a classifier does not take for the target"
        if self._classifier is None:
            distance = "the sliced Wasserstein distance over that of the inputs"
        self.description = (
            f"{distance}, plus artefacts, the mean of both directions, {count} held-out images of each domain"
        )

    def read(self, samplers: Mapping[str, Sampler]) -> Reading:
        made = {name: translation.translate(samplers[name], source) for name, (source, _) in self._sets.items()}
        gaps = {name: self._gap(name, made[name]) for name in self._sets}
        faults = {
            f"{fault}_{name}": value
            for name, (source, target) in self._sets.items()
            for fault, value in artefacts.faults(source, target, made[name]).items()
        }
        errors = [
            paired.mean_absolute(source, translation.translate(samplers[back], made[name]))
            for (name, (source, _)), back in zip(self._sets.items(), ("B2A", "A2B"), strict=True)
        ]
        beside = {f"gap_{name}": gap for name, gap in gaps.items()} | faults | {"cycle_error": sum(errors) / 2.0}
        return Reading((sum(gaps.values()) + sum(faults.values())) / 2.0, beside)

    def _gap(self, direction: str, made: Tensor) -> float:
        """0 if translations are like the target, 1 if they are as far from it as their inputs."""
        source, target = self._sets[direction]
        if self._classifier is None:
            return sliced.distance(target, made).mean / max(sliced.distance(target, source).mean, _MIN_DISTANCE)
        taken = self._classifier.probabilities(made.numpy())[:, "AB".index(direction[-1])] > 0.5
        return 1.0 - float(taken.mean())
