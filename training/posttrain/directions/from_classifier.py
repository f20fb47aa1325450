"""Directions of the attributes or classes that a classifier predicts."""

import re
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
import torch.nn.functional as F

from training import classifiers
from training.classifiers import Classifier
from training.config import GenerativeConfig
from training.data import Attributes, ImageSet
from training.evaluate import Floats, Sampler, seed_rows
from training.objectives import Generative
from training.posttrain.directions import boundary, refine
from training.posttrain.directions.attribute_readout import Reader, as_often, effect, without
from training.posttrain.directions.boundary import NoDirectionError
from training.posttrain.directions.direction import Found

NIMG = 20_000
"""Default number of samples to fit directions to."""
WEIGHTS = (1, 2, 3)
"""Weights at which the effect of a direction is reported."""
_NAMES = {"Smiling": "smile", "Eyeglasses": "glasses", "Male": "male"}
_MIN_SAMPLES = 20  # samples on each side of a boundary
_SCALED_NIMG = 500
_REPORTED_NIMG = 1_000
_FIT_SEED, _SCALE_SEED = 11, 12
_LONGEST = 2.0  # times the usual length of a latent; images degrade beyond it


def defaults(dataset: str) -> tuple[str, ...]:
    """The attributes of the directions that are created by default."""
    return tuple(_NAMES) if dataset == "celeba" else ()


def attributes(
    objective: Generative,
    config: GenerativeConfig,
    sampler: Sampler,
    wanted: Sequence[str],
    nimg: int = NIMG,
    faces: tuple[ImageSet, Attributes] | None = None,
) -> list[Found]:
    """Fits a direction per attribute with the selection classifier and measures it with the reporting classifier.

    Args:
        objective: samples latents.
        config: the run's configuration.
        sampler: the finished generator.
        wanted: names of attributes, or of classes if the data set has classes.
        nimg: samples to fit to.
        faces: real faces and their attributes, for attribute classifiers; see `as_often`.

    Returns:
        The directions that were found; the reason for each missing one is printed.

    Raises:
        ValueError: the model is class-conditional, an attribute is unknown, or `faces` is missing.
        ClassifierError: a classifier is missing.
        DataError: the table of the faces lacks an attribute of a classifier.
    """
    if objective.n_classes:
        raise ValueError("the class is an input of this model, and no direction: directions are for models without")
    fitting = _reader(sampler, classifiers.load(config.dataset, role="selection"), config, faces)
    reporting = _reader(sampler, classifiers.load(config.dataset), config, faces)
    unknown = ", ".join(sorted(set(wanted) - set(fitting.names)))
    if unknown:
        raise ValueError(
            f"the classifier of {config.dataset} does not read {unknown}; it reads {', '.join(fitting.names)}"
        )
    drawn = _draw(objective, nimg, _FIT_SEED)
    labels = fitting.read(drawn, shown=True)
    columns = {name: labels[:, fitting.names.index(name)] for name in wanted}
    seen = {name: column for name, column in columns.items() if min(column.sum(), (~column).sum()) >= _MIN_SAMPLES}
    for name in sorted(columns.keys() - seen.keys()):
        print(f"{_slug(name)}: no direction, since {columns[name].sum():,} of {nimg:,} samples have {name}")
    if not seen:
        return []
    normals = boundary.normals(torch.from_numpy(drawn), torch.from_numpy(np.stack(list(seen.values()), axis=1)))
    vectors = dict(zip(seen, boundary.apart(normals).numpy(), strict=True))
    held = _draw(objective, _SCALED_NIMG, _SCALE_SEED)
    shown = seed_rows(config, 0, _REPORTED_NIMG)["latents"]
    found = []
    for name, normal in vectors.items():
        try:
            scaled = normal * _scale(fitting, held, normal, name)
            if not fitting.classifier.reads_classes:
                lacking = drawn[~labels[:, fitting.names.index(name)]]
                fitted = _refined(objective, fitting, lacking, scaled, name, tuple(seen))
                scaled = fitted * _scale(fitting, held, fitted, name)
            found.append(_reported(reporting, shown, scaled, name, tuple(seen)))
        except NoDirectionError as error:
            print(f"{_slug(name)}: no direction, since {error}")
    return found


def _reader(
    sampler: Sampler, classifier: Classifier, config: GenerativeConfig, faces: tuple[ImageSet, Attributes] | None
) -> Reader:
    if classifier.reads_classes:
        return Reader(sampler, classifier)
    if faces is None or config.images is None:
        raise ValueError(
            f"the classifier of {classifier.dataset} reads attributes, so that real faces and their table are needed"
        )
    return Reader(sampler, classifier, as_often(classifier, *faces, config.images.crop_px))


def _draw(objective: Generative, count: int, seed: int) -> Floats:
    return objective.latents(count, torch.Generator().manual_seed(seed)).cpu().numpy()


def _refined(
    objective: Generative, reader: Reader, lacking: Floats, step: Floats, name: str, named: tuple[str, ...]
) -> Floats:
    """Refines a step by the classifier's gradient and returns its direction, of length 1."""
    column, others = reader.names.index(name), [reader.names.index(other) for other in named]
    generator = objective.finished_generator().cpu()
    reader.classifier.network.requires_grad_(False)
    latents, start = torch.from_numpy(lacking), torch.from_numpy(step.astype(np.float32))
    fitted: Floats = F.normalize(
        refine.refine(generator, reader.margins, latents, start, column, others), dim=0
    ).numpy()
    return fitted


def _scale(reader: Reader, latents: Floats, vector: Floats, name: str) -> float:
    column = reader.names.index(name)
    lacking = latents[without(reader.read(latents), column)]
    usual = float(np.linalg.norm(latents, axis=1).mean())

    def flipped(length: float) -> float:
        return float(reader.read(lacking + np.float32(length) * vector)[:, column].mean())

    return boundary.smallest_step(flipped, _LONGEST * usual)


def _reported(reader: Reader, latents: Floats, vector: Floats, name: str, named: tuple[str, ...]) -> Found:
    effects = {w: effect(reader, latents, np.float32(w) * vector, name, named) for w in WEIGHTS}
    figures = {f"{kind}_{weight}": share for weight, e in effects.items() for kind, share in asdict(e).items()}
    flipped, beside, others = (
        " / ".join(f"{getattr(e, kind):.0%}" for e in effects.values()) for kind in ("flipped", "named", "others")
    )
    often = "" if reader.classifier.reads_classes else ", which reads each as often as real faces have it,"
    return Found(
        name=_slug(name),
        description=(
            f"{name.replace('_', ' ')}: at weights {' / '.join(map(str, WEIGHTS))}, {flipped} of the samples without "
            f"have it; of the readings of the other named attributes {beside} change, of all others {others}; by the "
            f"classifier {reader.classifier.digest[:12]}{often} on {_REPORTED_NIMG:,} seeds."
        ),
        vector=tuple(map(float, vector)),
        figures=figures,
        seeds={},
    )


def _slug(name: str) -> str:
    """Converts an attribute to a name that is valid in a manifest."""
    return _NAMES.get(name) or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
