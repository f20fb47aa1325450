"""A new run that starts from the networks of a package, with new optimizers.

This module maps the networks of an objective to the files of a package; `restore` reads the graphs.
"""

from dataclasses import replace

import torch
from torch import Tensor
from tqdm import tqdm

from training.config import GenerativeConfig, TrainingConfig
from training.data import Batch, PairBatch, Stream
from training.evaluate import seed_rows
from training.evaluate.sampling import INPUTS
from training.objectives import Generative, Objective, Translation
from training.objectives.wgan import Wgan
from training.packaging.onnx import restore
from training.packaging.onnx.export import ExportError
from training.packaging.read import Package, by_direction
from training.runs.folder import Run

DISCRIMINATOR_STEPS = 500
_ROWS = 1_000


def from_package(run: Run, package: Package) -> Run:
    """Returns the run with the origin of its weights, for the model card."""
    about = package.described
    origin = f"{about.name}@{about.version} ({about.digest[:12]})"
    return replace(run, init_from=origin, images_before=about.training.images_seen)


def take_over(objective: Objective, config: TrainingConfig, package: Package, stream: Stream) -> None:
    """Loads the networks of a package into an untrained objective.

    If the package has no discriminator, a new one is trained alone for 500 steps: an untrained discriminator would
    damage a trained generator.

    Args:
        objective: the objective of a new run.
        config: the configuration of that run.
        package: the package to start from; for CycleGAN that of either direction.
        stream: the run's batches.

    Raises:
        ExportError: the package has another method, latent distribution, number of classes or set of directions.
        RestoreError: its networks differ from those of the run.
    """
    _refuse_another(objective, config, package)
    missing = _load(objective, config, package, stream)
    if isinstance(objective, Wgan):
        objective.constrain()  # the weights of a restored BatchNorm exceed the clipping bound
    for name, average in objective.averages.items():
        average.module.load_state_dict(objective.networks[name].state_dict())
    if missing:
        _train_discriminators(objective, stream)


def _refuse_another(objective: Objective, config: TrainingConfig, package: Package) -> None:
    """Rejects a package whose networks could be loaded, but were trained by another method or for other inputs."""
    other = package.config
    if other.method != config.method:
        raise ExportError(f"{package.folder} was trained by {other.method}, but the recipe trains by {config.method}")
    if not isinstance(objective, Generative):
        return
    assert isinstance(config, GenerativeConfig)
    assert isinstance(other, GenerativeConfig)
    if other.latent_distribution != config.latent_distribution:
        theirs, ours = other.latent_distribution, config.latent_distribution
        raise ExportError(f"{package.folder} draws from {theirs} latents, but the recipe from {ours} ones")
    classes = len(package.described.classes or ())
    if classes != objective.n_classes:
        raise ExportError(
            f"{package.folder} is told {classes} classes, but the recipe's networks {objective.n_classes}"
        )


def _load(objective: Objective, config: TrainingConfig, package: Package, stream: Stream) -> set[str]:
    """Loads the networks that the package holds.

    Returns:
        The names of the networks that the package lacks.
    """
    if isinstance(objective, Translation):
        batch = stream.next()
        assert isinstance(batch, PairBatch)
        parts = by_direction(package)
        if set(parts) != set(objective.directions):
            raise ExportError(f"{package.folder} leads {' and '.join(parts)}, not {' and '.join(objective.directions)}")
        for direction, part in parts.items():
            source = batch[objective.domains(direction)[0]]
            restore.load(objective.networks[f"generator_{direction}"], part.files["generator"], (source,))
        return set(objective.networks) - {f"generator_{direction}" for direction in parts}
    assert isinstance(objective, Generative)
    assert isinstance(config, GenerativeConfig)
    rows = seed_rows(config, objective.n_classes, _ROWS)
    fed = tuple(torch.from_numpy(rows[name]) for name in INPUTS if name in rows)
    restore.load(objective.generator, package.files["generator"], fed)
    if "discriminator" not in package.files:
        return set(objective.networks) - {"generator"}
    images, labels = _many(stream)
    restore.load(objective.discriminator, package.files["discriminator"], (images, *objective.rows(labels)))
    return set()


def _many(stream: Stream) -> tuple[Tensor, Tensor]:
    """Returns at least 1,000 real images and their labels."""
    batches: list[Batch] = []
    while sum(len(batch.labels) for batch in batches) < _ROWS:
        batch = stream.next()
        assert isinstance(batch, Batch)
        batches.append(batch)
    return torch.cat([batch.images for batch in batches]), torch.cat([batch.labels for batch in batches])


def _train_discriminators(objective: Objective, stream: Stream) -> None:
    """Trains only the discriminators; counters and schedules stay at the start of the run."""
    counters = dict(objective.counters)
    schedules = {name: schedule.state_dict() for name, schedule in objective.schedulers.items()}
    objective.frozen = frozenset({"generator"})
    for _ in tqdm(range(DISCRIMINATOR_STEPS), desc="training the discriminator alone", unit="step"):
        objective.step(stream.next())
    objective.frozen = frozenset()
    objective.counters = counters
    for name, schedule in objective.schedulers.items():
        schedule.load_state_dict(schedules[name])
