"""How a run's named directions are made: from attributes that a judge reads, and DCGAN's turn from picked samples.

References:
    A. Radford et al. (2015), section 6.3.2 and figure 8: the turn, from means of samples that look left and right.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch

from service import images
from service import latents as points
from training import classifier
from training.config import GenerativeConfig
from training.directions import fit
from training.directions.fit import NoDirectionError
from training.directions.found import Found, keep
from training.directions.reading import Reader, effect
from training.evaluate import Floats, Sampler, grid, module_sampler, save_png, seed_rows
from training.objectives import Generative, Objective
from training.run import Run, RunError

NIMG = 20_000
"""Samples that directions are fitted to."""
WEIGHTS = (1, 2, 3)
"""For which a direction is reported."""
_NAMES = {"Smiling": "smile", "Eyeglasses": "glasses", "Male": "male"}
_LEAST = 20  # samples with an attribute, and without, to fit a boundary between
_SCALED_NIMG = 500
_REPORTED_NIMG = 1_000
_FIT_SEED, _SCALE_SEED = 11, 12
_WALKS = 3
_WALKED = np.array([-1, 0, 1, 2, 3], np.float32)
_LONGEST = 2.0  # of a latent's usual length: beyond, pictures fall apart


def make(
    run: Run,
    objective: Objective,
    step: int,
    wanted: Sequence[str] | None = None,
    left: Sequence[int] = (),
    right: Sequence[int] = (),
    nimg: int = NIMG,
) -> list[Found]:
    """Makes directions, and keeps them in the run beside those that it has.

    Args:
        run: where they are kept.
        objective: trained, on the CPU.
        step: how long it was trained.
        wanted: attributes, or classes; None is CelebA's three, or none where a turn is asked for.
        left: seeds of samples that look left, for the turn; may be empty.
        right: seeds of samples that look right; empty if and only if `left` is.
        nimg: samples to fit to.

    Returns:
        All that the run has now.

    Raises:
        RunError: the run is of a translator.
        ValueError: the model is told classes, or there is nothing to make.
        JudgeError: a judge is missing.
    """
    config = run.config
    if not isinstance(objective, Generative) or not isinstance(config, GenerativeConfig):
        raise RunError("only a model that draws from latents has directions")
    if bool(left) != bool(right):
        raise ValueError("a turn needs seeds of both sides: give --left and --right")
    if wanted is None:
        wanted = () if left else defaults(config.dataset)
    if not wanted and not left:
        raise ValueError(f"{config.dataset} has no attributes of its own: give --attributes, or --left and --right")
    sampler = module_sampler(objective.finished_generator(), objective.fabric.device)
    made = attributes(objective, config, sampler, wanted, nimg) if wanted else []
    made += [turn(config, left, right)] if left else []
    kept = keep(run.folder, step, made)
    save_png(walks(sampler, config, kept), run.folder / "samples" / "directions.png")
    return kept


def walks(sampler: Sampler, config: GenerativeConfig, found: Sequence[Found]) -> images.Pixels:
    """Three samples along each direction, (H, W, C) uint8: a row a sample, from weight -1 to 3."""
    starts = seed_rows(config, 0, _WALKS)["latents"]
    moves = np.array([item.vector for item in found], np.float32)[:, None, None] * _WALKED[:, None]
    rows = starts[:, None] + moves  # (directions, samples, weights, z_dim)
    return grid(sampler, {"latents": rows.reshape(-1, rows.shape[-1])}, len(_WALKED))


def defaults(dataset: str) -> tuple[str, ...]:
    """The attributes whose directions are made when none is asked for."""
    return tuple(_NAMES) if dataset == "celeba" else ()


def attributes(
    objective: Generative,
    config: GenerativeConfig,
    sampler: Sampler,
    wanted: Sequence[str],
    nimg: int = NIMG,
) -> list[Found]:
    """Fits a direction to each attribute that one judge reads, and reports them by another judge.

    Args:
        objective: whose latents are drawn.
        config: of the run.
        sampler: its finished generator.
        wanted: attributes, or for a data set of classes their names.
        nimg: samples to fit to.

    Returns:
        Those that there are; of the others, why not is printed.

    Raises:
        ValueError: the model is told classes, or there is no such attribute.
        JudgeError: a judge is missing.
    """
    if objective.n_classes:
        raise ValueError("the class is an input of this model, and no direction: directions are for models without")
    fitting = Reader(sampler, classifier.load(config.dataset, role="selects"))
    reporting = Reader(sampler, classifier.load(config.dataset))
    unknown = ", ".join(sorted(set(wanted) - set(fitting.names)))
    if unknown:
        raise ValueError(f"the judge of {config.dataset} does not read {unknown}; it reads {', '.join(fitting.names)}")
    drawn = _draw(objective, nimg, _FIT_SEED)
    labels = fitting.read(drawn, shown=True)
    columns = {name: labels[:, fitting.names.index(name)] for name in wanted}
    seen = {name: column for name, column in columns.items() if min(column.sum(), (~column).sum()) >= _LEAST}
    for name in sorted(columns.keys() - seen.keys()):
        print(f"{_slug(name)}: no direction, since {columns[name].sum():,} of {nimg:,} samples have {name}")
    if not seen:
        return []
    normals = fit.normals(torch.from_numpy(drawn), torch.from_numpy(np.stack(list(seen.values()), axis=1)))
    vectors = dict(zip(seen, fit.apart(normals).numpy(), strict=True))
    held = _draw(objective, _SCALED_NIMG, _SCALE_SEED)
    shown = seed_rows(config, 0, _REPORTED_NIMG)["latents"]
    found = []
    for name, vector in vectors.items():
        try:
            scaled = vector * _scale(fitting, held, vector, name)
        except NoDirectionError as error:
            print(f"{_slug(name)}: no direction, since {error}")
            continue
        found.append(_reported(reporting, shown, scaled, name, tuple(seen)))
    return found


def turn(config: GenerativeConfig, left: Sequence[int], right: Sequence[int]) -> Found:
    """Half the way from the mean of samples that look left to the mean of those that look right.

    Weight -1 leads from the middle to the left and 1 to the right: no judge reads where a face looks, so that its
    length is that of the picked samples.

    Args:
        config: whose latents the seeds draw.
        left: seeds of samples that look left, as the service draws them.
        right: seeds of samples that look right.
    """
    z_dim, distribution = config.generator.z_dim, config.latent_distribution
    means = [np.mean([points.draw(seed, z_dim, distribution) for seed in seeds], axis=0) for seeds in (left, right)]
    picked = f"means of {len(left)} and {len(right)} picked samples"
    return Found(
        name="turn",
        description=f"To the right of the picture; negative weights to the left ({picked}, Radford et al., 2015).",
        vector=tuple(float(number) for number in (means[1] - means[0]) / 2.0),
        figures={},
        seeds={"left": tuple(left), "right": tuple(right)},
    )


def _draw(objective: Generative, count: int, seed: int) -> Floats:
    return objective.latents(count, torch.Generator().manual_seed(seed)).cpu().numpy()


def _scale(reader: Reader, latents: Floats, vector: Floats, name: str) -> float:
    column = reader.names.index(name)
    lacking = latents[~reader.read(latents)[:, column]]
    usual = float(np.linalg.norm(latents, axis=1).mean())

    def flipped(length: float) -> float:
        return float(reader.read(lacking + np.float32(length) * vector)[:, column].mean())

    return fit.smallest_step(flipped, _LONGEST * usual)


def _reported(reader: Reader, latents: Floats, vector: Floats, name: str, named: tuple[str, ...]) -> Found:
    effects = {w: effect(reader, latents, np.float32(w) * vector, name, named) for w in WEIGHTS}
    figures = {f"{kind}_{weight}": share for weight, e in effects.items() for kind, share in asdict(e).items()}
    shares = " / ".join(f"{e.flipped:.0%}" for e in effects.values())
    beside = " / ".join(f"{e.named:.0%}" for e in effects.values())
    return Found(
        name=_slug(name),
        description=(
            f"{name.replace('_', ' ')}: at weights {' / '.join(map(str, WEIGHTS))}, {shares} of the samples without it "
            f"have it, and {beside} change in the other named attributes, read by the classifier "
            f"{reader.judge.digest[:12]} on {_REPORTED_NIMG:,} seeds."
        ),
        vector=tuple(map(float, vector)),
        figures=figures,
        seeds={},
    )


def _slug(name: str) -> str:
    """A name that a manifest allows."""
    return _NAMES.get(name) or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
