"""Creates a run's named directions: from the attributes of a classifier, and DCGAN's turn from selected samples.

References:
    A. Radford et al. (2015), section 6.3.2 and figure 8: the turn, from means of samples that look left and right.
"""

from collections.abc import Sequence

import numpy as np

from service.imaging.pixels import Pixels
from service.pipelines import latents as points
from training.config import GenerativeConfig
from training.data import Attributes, ImageSet, Sets, load_attributes
from training.evaluate import Sampler, grid, module_sampler, save_png, seed_rows
from training.objectives import Generative, Objective
from training.posttrain.directions.direction import Found, keep
from training.posttrain.directions.from_classifier import NIMG, attributes, defaults
from training.runs.folder import Run, RunError

_WALKS = 3
_WALKED = np.array([-1, 0, 1, 2, 3], np.float32)


def make(
    run: Run,
    objective: Objective,
    step: int,
    sets: Sets,
    wanted: Sequence[str] | None = None,
    left: Sequence[int] = (),
    right: Sequence[int] = (),
    nimg: int = NIMG,
) -> list[Found]:
    """Creates directions and adds them to those of the run.

    Args:
        run: the run in whose folder the directions are saved.
        objective: trained; its device generates the samples.
        step: steps that the objective was trained for.
        sets: the run's data; attribute directions need the faces' table of attributes.
        wanted: attributes or classes; by default CelebA's three, or none if a turn is requested.
        left: seeds of samples that look left, for the turn; may be empty.
        right: seeds of samples that look right; empty if and only if `left` is.
        nimg: samples to fit to.

    Returns:
        All directions of the run.

    Raises:
        RunError: the model is a translator.
        ValueError: the model is class-conditional, no direction was requested, or none was found.
        ClassifierError: a classifier is missing.
        DataError: the table of attributes is missing.
    """
    config = run.config
    if not isinstance(objective, Generative) or not isinstance(config, GenerativeConfig):
        raise RunError("only a model that draws from latents has directions")
    if bool(left) != bool(right):
        raise ValueError("a turn needs seeds of both sides: give --left and --right")
    if nimg < 1:
        raise ValueError(f"--nimg is {nimg}, but must be at least 1")
    if wanted is None:
        wanted = () if left else defaults(config.dataset)
    if not wanted and not left:
        raise ValueError(f"{config.dataset} has no attributes of its own: give --attributes, or --left and --right")
    sampler = module_sampler(objective.finished_generator(), objective.fabric.device)
    made = attributes(objective, config, sampler, wanted, nimg, _faces(run, sets)) if wanted else []
    made += [turn(config, left, right)] if left else []
    if not made:
        raise ValueError(f"no direction was found from {nimg:,} samples: name other --attributes, or give more --nimg")
    kept = keep(run.folder, step, made)
    save_png(walks(sampler, config, kept), run.folder / "samples" / "directions.png")
    return kept


def _faces(run: Run, sets: Sets) -> tuple[ImageSet, Attributes] | None:
    """Returns real faces and their attributes, held-out ones if possible; None for a data set without attributes.

    Raises:
        DataError: the table is missing or lacks a face.
    """
    if not defaults(run.config.dataset):
        return None
    faces = sets.images("validation")
    if not len(faces):
        print("attributes are read as often as the training faces have them, since none are held out")
        faces = sets.images("train")
    return faces, load_attributes(run.data).of(faces)


def walks(sampler: Sampler, config: GenerativeConfig, found: Sequence[Found]) -> Pixels:
    """A grid of three samples moved along each direction: one row per sample, weights -1 ... 3; (H, W, C) uint8."""
    starts = seed_rows(config, 0, _WALKS)["latents"]
    moves = np.array([item.vector for item in found], np.float32)[:, None, None] * _WALKED[:, None]
    rows = starts[:, None] + moves  # (directions, samples, weights, z_dim)
    return grid(sampler, {"latents": rows.reshape(-1, rows.shape[-1])}, len(_WALKED))


def turn(config: GenerativeConfig, left: Sequence[int], right: Sequence[int]) -> Found:
    """Computes the turn: half the difference between the mean latents of right-looking and left-looking samples.

    From the center, weight -1 turns to the left and weight 1 to the right. No classifier predicts the viewing
    direction, so the selected samples determine the length.

    Args:
        config: determines the latents of the seeds.
        left: seeds of samples that look left, as the service generates them.
        right: seeds of samples that look right.
    """
    z_dim, distribution = config.generator.z_dim, config.latent_distribution
    means = [np.mean([points.draw(seed, z_dim, distribution) for seed in seeds], axis=0) for seeds in (left, right)]
    picked = f"means of {len(left)} and {len(right)} picked samples"
    return Found(
        name="turn",
        description=f"To the right of the image; negative weights to the left ({picked}, Radford et al., 2015).",
        vector=tuple(float(number) for number in (means[1] - means[0]) / 2.0),
        figures={},
        seeds={"left": tuple(left), "right": tuple(right)},
    )
