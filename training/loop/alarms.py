"""The rules by which a run raises an alarm: collapse, a discriminator that has won, inverted colours, empty images.

Each alarm is one sentence: what was observed and what to do. The rules depend on neither files nor training methods.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from training.evaluate.samples import SampleBatch
from training.metrics import diversity, nearest

Floats = NDArray[np.float32]

# No alarm is raised earlier: samples of the first steps are alike, dark, or reflect the initial weights.
WARM_STEPS = 1_000
WARM_SHARE = 0.05
MIN_IMAGES = 4

# Each pair holds the threshold at which an alarm begins and the one at which it ends (hysteresis).
_SPREAD = (0.5, 0.6)  # mean distance of two samples, relative to that of real images
_TWINS = (0.25, 0.35)  # median distance to the nearest sample, relative to that of real images
_CLASSES = (0.5, 0.7)  # share of the classes that occur among the samples
_MARGIN = (0.95, 0.9)  # mean of D(x) - D(G(z)) over the last `_MARGIN_STEPS`
_MARGIN_STEPS = 1_000
_INVERTED = (-0.3, 0.0)  # correlation of the mean sample with the mean real image, or of a translation with its pair
_EMPTY = (0.5, 0.25)  # share of samples without any contrast
_EMPTY_STD = 2.0 / 127.5
_GROWTH = 1.2  # growth of the discriminator's estimate over the last `_TREND` snapshots
_TREND = 4


@dataclass(frozen=True)
class Alarm:
    """A problem that began or ended.

    Attributes:
        subject: the problem, for example `collapse` or `collapse A2B`; the same at the beginning and at the end.
        sentence: what was observed, and what to do.
        over: whether the problem ended.
    """

    subject: str
    sentence: str
    over: bool = False


class Finding(NamedTuple):
    """The result of a rule. If neither `is_bad` nor `is_well` is set, the alarm keeps its state."""

    is_bad: bool
    is_well: bool
    seen: str
    advice: str


def warm_steps(total_steps: int) -> float:
    """Steps after which alarms are raised."""
    return max(WARM_STEPS, WARM_SHARE * total_steps)


class Watch:
    """The alarms of one run. A resumed run starts with the alarms that were open."""

    def __init__(self, total_steps: int, is_open: Sequence[str] = ()) -> None:
        self._warm = warm_steps(total_steps)
        self._open = set(is_open)
        self._margins: dict[str, list[tuple[int, float]]] = {}
        self._trend: list[tuple[float, float]] = []

    def losses(self, step: int, margins: Mapping[str, float]) -> list[Alarm]:
        """Checks each discriminator's margin after a step: D(x) - D(G(z)), in [-1, 1]."""
        found = {}
        for name, margin in margins.items():
            kept = self._margins.setdefault(name, [])
            kept.append((step, margin))
            while kept[1:] and kept[1][0] <= step - _MARGIN_STEPS:
                kept.pop(0)
            if step - kept[0][0] >= _MARGIN_STEPS // 2:
                found[f"margin {name}"] = discriminator_margin(name, float(np.mean([value for _, value in kept])))
        return self._changed(step, found)

    def images(self, step: int, seen: Mapping[str, SampleBatch]) -> list[Alarm]:
        """Checks the outputs of the averaged networks after a step, by direction; a generator has the direction ""."""
        found = {
            f"{subject} {direction}".strip(): finding
            for direction, view in seen.items()
            if len(view.samples) >= MIN_IMAGES
            for subject, finding in _looks(view)
        }
        return self._changed(step, found)

    def snapshot(self, step: int, estimate: float, distance: float) -> list[Alarm]:
        """Checks the discriminator's distance estimate against an independent distance of the same samples."""
        if step < self._warm:
            return []
        self._trend = [*self._trend, (estimate, distance)][-_TREND:]
        return self._changed(step, {"estimate": trend(self._trend)} if len(self._trend) == _TREND else {})

    def _changed(self, step: int, findings: Mapping[str, Finding]) -> list[Alarm]:
        """Returns the alarms that begin or end. Before the warm-up ends, only non-finite numbers raise one."""
        changes = []
        for subject, (is_bad, is_well, seen, advice) in findings.items():
            where = f" ({subject.split()[1]})" if " " in subject else ""
            if is_bad and subject not in self._open and (step >= self._warm or subject.startswith("finite")):
                self._open.add(subject)
                changes.append(Alarm(subject, f"{seen}{where}: {advice}"))
            elif is_well and subject in self._open:
                self._open.remove(subject)
                changes.append(Alarm(subject, f"{seen}{where}", over=True))
        return changes


def _looks(seen: SampleBatch) -> Iterator[tuple[str, Finding]]:
    if not np.isfinite(seen.samples).all():
        yield "finite", Finding(True, False, "samples hold numbers that are not finite", _ADVICE["finite"])
        return
    yield "finite", Finding(False, True, "samples are finite again", "")
    blank = empty(seen)
    yield "empty", blank
    if blank.is_bad:  # the other rules need contrast
        return
    for subject, rule in _RULES.items():
        if (finding := rule(seen)) is not None:
            yield subject, finding


def empty(seen: SampleBatch) -> Finding:
    """Checks for black, white or otherwise constant images."""
    flat = seen.samples.reshape(len(seen.samples), -1)
    share = float((flat.std(axis=1) < _EMPTY_STD).mean())
    level = float(flat.mean())
    colour = "black" if level < -0.95 else "white" if level > 0.95 else "of one colour"
    return Finding(share > _EMPTY[0], share < _EMPTY[1], f"{share:.0%} of the samples are {colour}", _ADVICE["empty"])


def collapse(seen: SampleBatch) -> Finding:
    """Checks for samples that are closer to each other than real images are: all alike, or near-duplicate pairs."""
    count = min(len(seen.samples), len(seen.real))
    drawn, real = _flat(seen.samples[:count]), _flat(seen.real[:count])
    spread = diversity.mean_distance(drawn) / max(diversity.mean_distance(real), 1e-6)
    twins = _to_nearest(drawn) / max(_to_nearest(real), 1e-6)
    if twins < _TWINS[0] <= spread:
        said = f"most samples have a twin: the nearest one is at {twins:.0%} of the distance that real images have"
    else:
        said = f"two samples differ {spread:.0%} as much as two real images do"
    return Finding(
        spread < _SPREAD[0] or twins < _TWINS[0], spread > _SPREAD[1] and twins > _TWINS[1], said, _ADVICE["collapse"]
    )


def missing_classes(seen: SampleBatch) -> Finding | None:
    """Checks for classes that a classifier does not find among the samples."""
    if seen.classes is None or len(seen.samples) < 3 * seen.n_classes:
        return None
    shown = len(np.unique(seen.classes))
    share = shown / seen.n_classes
    said = f"{len(seen.samples)} samples show {shown} of {seen.n_classes} classes"
    return Finding(share <= _CLASSES[0], share >= _CLASSES[1], said, _ADVICE["collapse"])


def inverted(seen: SampleBatch) -> Finding | None:
    """Checks for samples that are dark where real images are bright, and that resemble them more as negatives."""
    values = seen.samples.ravel()
    real = seen.real.ravel()
    is_nearer_as_negative = _histogram_gap(-values, real) < _histogram_gap(values, real) + 0.02
    if seen.pairs is None:
        correlation = _correlation(seen.samples.mean(axis=0), seen.real.mean(axis=0))
        said = "the mean sample and the mean real image"
    else:
        parts = zip(seen.samples.mean(axis=1), seen.pairs.mean(axis=1), strict=True)
        correlation = float(np.mean([_correlation(made, wanted) for made, wanted in parts]))
        said = "translations and what they should resemble"
        is_nearer_as_negative = True  # with paired images, the correlation alone is conclusive
    said = f"{said} have a correlation of {correlation:.2f}, and colours look inverted"
    if correlation > _INVERTED[1]:
        said = f"colours are the right way round, correlation {correlation:.2f}"
    return Finding(
        correlation < _INVERTED[0] and is_nearer_as_negative, correlation > _INVERTED[1], said, _ADVICE["inverted"]
    )


def discriminator_margin(name: str, margin: float) -> Finding:
    """Checks for a discriminator that separates real from fake almost perfectly."""
    said = f"for {_MARGIN_STEPS:,} steps, the {name.split('_')[0]} has told real from fake by {margin:.3f} of 1"
    return Finding(margin > _MARGIN[0], margin < _MARGIN[1], said, _ADVICE["margin"])


def trend(snapshots: Sequence[tuple[float, float]]) -> Finding:
    """Checks for a discriminator whose distance estimate grows while samples do not improve."""
    estimates, distances = zip(*snapshots, strict=True)
    grows = all(after > before for before, after in pairwise(estimates))
    is_large = estimates[-1] > _GROWTH * estimates[0] and estimates[0] > 0
    is_worse = distances[-1] >= distances[0]
    said = (
        f"over {len(snapshots)} snapshots the discriminator's estimate went from {estimates[0]:.3g} to "
        f"{estimates[-1]:.3g}, and the samples' distance from {distances[0]:.3g} to {distances[-1]:.3g}"
    )
    return Finding(grows and is_large and is_worse, not grows or not is_worse, said, _ADVICE["estimate"])


_RULES: dict[str, Callable[[SampleBatch], Finding | None]] = {
    "collapse": collapse,
    "classes": missing_classes,
    "inverted": inverted,
}
_ADVICE = {
    "finite": "stop, and start anew with a smaller learning rate or with --precision 32-true",
    "empty": "if it stays, start anew with a smaller learning rate; check that the training images are not empty",
    "collapse": "go back to an earlier checkpoint or start anew with a smaller learning rate, BatchNorm in the "
    "generator, or a wgan-gp recipe",
    "inverted": "start anew with another --seed, and for CycleGAN with more --lambda-identity; check that the data "
    "are not negatives",
    "margin": "if samples stand still, give it less: a smaller network, a smaller learning rate, dropout, "
    "--diffaugment or R1",
    "estimate": "the discriminator diverges: start again with a smaller learning rate, or for wgan with a smaller "
    "--clip-value",
}


def _flat(images: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).flatten(1)


def _to_nearest(points: torch.Tensor) -> float:
    """Returns the median distance of a point, (N, D), to its nearest neighbour."""
    return float(nearest.find(points, points, 2).distances[:, 1].median())


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson correlation in [-1, 1]; 0 if one array is constant."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / scale if scale > 1e-6 else 0.0


def _histogram_gap(a: Floats, b: Floats) -> float:
    """Approximates the 1-D Wasserstein distance of two sets of values at 256 quantiles."""
    at = np.linspace(0.0, 1.0, 256)
    return float(np.abs(np.quantile(a, at) - np.quantile(b, at)).mean())
