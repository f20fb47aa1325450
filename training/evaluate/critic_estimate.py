"""The critic's or discriminator's own estimate compared with an independent distance of samples, per snapshot.

References:
    M. Arjovsky et al., "Wasserstein GAN", ICML 2017, Figures 3 and 4: the critic's estimate against the samples, and
    the Jensen-Shannon estimate of the non-saturating GAN's discriminator for comparison.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from training.config import GenerativeConfig, TrainingConfig
from training.data import ImageSet
from training.evaluate import protocol
from training.evaluate.grids import centre, spread_out
from training.evaluate.measurement import Measurement
from training.evaluate.protocol import Protocol
from training.evaluate.sampling import Floats
from training.evaluate.selection import SampleDistance, selection_classifier
from training.metrics import correlation
from training.networks.norm import share_statistics
from training.objectives import Generative, Objective

_FIRST = 100
_MIN_SNAPSHOTS = 2 * correlation.WINDOW


def steps(config: TrainingConfig, sizes: Protocol | None = None) -> frozenset[int]:
    """Steps after which a run takes a snapshot: log-spaced, from step 100 on; none in a short run."""
    minimum = (sizes or protocol.STANDARD).min_snapshot_steps
    if not isinstance(config, GenerativeConfig) or not config.snapshots or config.total_steps < minimum:
        return frozenset()
    last, count = config.total_steps, min(config.snapshots, config.total_steps)
    first = _FIRST if last >= _FIRST + 4 * count else 1
    return frozenset(correlation.log_spaced_steps(first, last, count))


class Estimator:
    """Measures snapshots of one run.

    Both numbers are of the generator that the critic is trained against, neither averaged nor finished, in training
    mode and in batches of the run's size. So both are computed on the samples that the critic scores.
    """

    def __init__(self, config: GenerativeConfig, real: ImageSet, sizes: Protocol | None = None) -> None:
        """Computes the real images' statistics.

        Args:
            config: the run's configuration.
            real: held-out images, or the training images if none are held out.
            sizes: number of images per snapshot; by default `protocol.STANDARD`.
        """
        sizes = sizes or protocol.STANDARD
        classifier = selection_classifier(config.dataset)
        whole = min(sizes.snapshot_images, len(real)) // config.batch_size * config.batch_size or len(real)
        self._real, self._count, self._batch = real, whole, config.batch_size
        compared = spread_out(real, whole if classifier is not None else min(whole, sizes.snapshot_sliced_images))
        if config.images is not None:
            compared = centre(compared, config.images.crop_px, config.images.crop_px)
        self._compared, self._gap = len(compared), SampleDistance(compared, classifier)

    def measure(self, objective: Generative, seed: int) -> dict[str, float]:
        """The critic's estimate on fresh samples and randomly chosen real images, and the samples' distance.

        Args:
            objective: the objective in training, which is not changed.
            seed: this snapshot's seed, set in torch's global generator.
        """
        torch.manual_seed(seed)
        estimate, samples = self._run(objective)
        return {"estimate": estimate, self._gap.name: self._gap.to(samples[: self._compared])}

    @torch.no_grad()
    def _run(self, objective: Generative) -> tuple[float, Floats]:
        generator, critic = (deepcopy(network).train() for network in (objective.generator, objective.discriminator))
        for network in (generator, critic):
            share_statistics(network, 1)
        real_scores, fake_scores, samples = [], [], []
        height, width = objective.image_shape[1:]
        for chosen in torch.randperm(len(self._real))[: self._count].split(self._batch):
            images, labels = self._real.batch(chosen)
            rows = objective.rows(labels)
            top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
            with objective.fabric.autocast():
                fakes = generator(objective.latents(len(chosen)), *rows)
                real_scores.append(critic(images[:, :, top : top + height, left : left + width], *rows).float())
                fake_scores.append(critic(fakes, *rows).float())
            samples.append(fakes.float().cpu().numpy())
        estimate = objective.estimate(torch.cat(real_scores), torch.cat(fake_scores))
        return float(estimate), np.concatenate(samples)


def agreement(snapshots: Sequence[dict[str, Any]], objective: Objective) -> list[Measurement]:
    """Spearman's rho between the estimate and the distance; empty for too few snapshots.

    Args:
        snapshots: the results of `Estimator.measure`, in order.
        objective: the run's objective, which describes the estimate.
    """
    name = next((name for name in ("frechet_distance", "sliced_wasserstein") if snapshots and name in snapshots[0]), "")
    if len(snapshots) < _MIN_SNAPSHOTS or not name or not isinstance(objective, Generative):
        return []
    found = correlation.agreement([line["estimate"] for line in snapshots], [line[name] for line in snapshots])
    steps_said = f"{found.count} snapshots from step {snapshots[0]['step']:,} to {snapshots[-1]['step']:,}"
    return [
        Measurement(
            "estimate_agreement",
            found.rho,
            f"Spearman's rho between {objective.estimate_description} (median of {correlation.WINDOW} neighbours) and "
            f"the {name.replace('_', ' ')} of the same generator's samples, {steps_said}; "
            f"{found.confidence:.0%} bootstrap interval {found.low:.2f} ... {found.high:.2f}",
        )
    ]
