"""The images of a report: samples or translations of a run's networks, and the nearest training images."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from service.imaging import codecs
from service.imaging.pixels import Pixels, grid, to_uint8
from service.pipelines import latents
from training import evaluate
from training.config import GenerativeConfig, TranslationConfig
from training.data import PUBLISHED, DataError, ImageSet, Sets
from training.evaluate import Floats, Sampler, protocol
from training.evaluate.grids import centre, spread_out
from training.metrics import nearest
from training.objectives import Generative, Objective, Translation
from training.report import guided_backprop as guided
from training.runs.folder import Run

_TIMELINE = 12
_WALKS, _FRAMES = 6, 10
_SUSPECTS, _CANDIDATES, _NEIGHBOURS, _NEAREST_OF = 12, 256, 3, 50
_COMPARED_PX = 32  # larger images are compared at this size, to save memory and to ignore invisible differences
_TRANSLATED = 6
_GUIDED_NIMG = 128
_GREY = 128


@dataclass(frozen=True)
class Figure:
    """One image of the page.

    Attributes:
        uri: the encoded image as a data URI.
        width: px.
        height: px.
        columns: headings above the image's columns.
    """

    uri: str
    width: int
    height: int
    caption: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """The images of a report; the page omits empty parts."""

    walks: tuple[Figure, ...] = ()
    translations: tuple[Figure, ...] = ()
    neighbours: tuple[Figure, ...] = ()
    guided: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    compared: int = 0
    """Number of training images that the samples are compared with."""


def inline(pixels: Pixels, caption: str, columns: Sequence[str] = ()) -> Figure:
    """Encodes (H, W, C) uint8 pixels as a data URI."""
    raw = base64.b64encode(codecs.encode(pixels, "webp")).decode()
    height, width = pixels.shape[:2]
    return Figure(f"data:image/webp;base64,{raw}", width, height, caption, tuple(columns))


def timeline(folder: Path) -> list[Figure]:
    """Reads sample grids from first to last, at most 12; denser at the beginning, where samples change faster."""
    paths = sorted(path for path in (folder / "samples").glob("*.png") if path.stem.isdigit())
    if len(paths) > _TIMELINE:
        places = np.unique(np.geomspace(1, len(paths), _TIMELINE).round().astype(int)) - 1
        paths = [paths[place] for place in places]
    found = []
    for path in paths:
        pixels = codecs.decode(path.read_bytes(), max_pixels=2**24)
        found.append(inline(pixels, f"{int(path.stem):,} images"))
    return found


def draw(run: Run, objective: Objective, sets: Sets) -> Drawn:
    """Generates the images that need the networks and the data.

    Args:
        run: the run of the report.
        objective: its networks, as loaded from a checkpoint.
        sets: the data of the run.
    """
    samplers = evaluate.samplers(objective)
    if isinstance(objective, Generative):
        assert isinstance(run.config, GenerativeConfig)
        train = sets.images("train")
        features, notes = _guided_generative(objective, train)
        walked = _walks(samplers[""], run.config, objective.n_classes)
        found = _neighbours(samplers[""], run.config, objective, train)
        return Drawn(walked, (), found, features, notes, min(protocol.STANDARD.compared_images, len(train)))
    assert isinstance(objective, Translation)
    assert isinstance(run.config, TranslationConfig)
    held, notes = _held_out(sets, run.config)
    return Drawn(translations=_translations(objective, samplers, run.config, held) if held else (), notes=notes)


def _walks(sampler: Sampler, config: GenerativeConfig, n_classes: int) -> tuple[Figure, ...]:
    """Generates one row per interpolation between two seeds, computed as by the service's `interpolate`."""
    rows = []
    z_dim, distribution = config.generator.z_dim, config.latent_distribution
    shares = np.linspace(0.0, 1.0, _FRAMES).tolist()
    for walk in range(_WALKS):
        ends = [latents.draw(seed, z_dim, distribution) for seed in (2 * walk, 2 * walk + 1)]
        fed = {"latents": latents.slerp(ends[0], ends[1], shares)}
        if n_classes:
            fed["classes"] = np.eye(n_classes, dtype=np.float32)[[walk % n_classes] * _FRAMES]
        rows.append(sampler(fed))
    pixels = grid(to_uint8(np.concatenate(rows)), _FRAMES)
    seeds = f"seeds 0 to {2 * _WALKS - 1}, two a row"
    return (inline(pixels, f"From one latent to another by slerp, {_FRAMES} steps a row; {seeds}."),)


def _neighbours(
    sampler: Sampler, config: GenerativeConfig, objective: Generative, train: ImageSet
) -> tuple[Figure, ...]:
    """Finds the samples that are unusually close to one training image, each with its nearest ones."""
    samples = sampler(evaluate.seed_rows(config, objective.n_classes, _CANDIDATES))
    known = centre(spread_out(train, protocol.STANDARD.compared_images), *samples.shape[2:])
    points = _compared(known)
    if config.images is not None and config.images.flip:
        points = torch.cat((points, _compared(np.ascontiguousarray(known[..., ::-1]))))
    found = nearest.find(_compared(samples), points, min(_NEAREST_OF, len(points)))
    isolation = found.distances[:, 0] / found.distances[:, 1:].mean(1).clamp_min(1e-9)
    images = []
    for index in isolation.argsort()[:_SUSPECTS].tolist():
        chosen = [int(place) % len(known) for place in found.indices[index, :_NEIGHBOURS]]
        sample, others = to_uint8(samples[index : index + 1]), to_uint8(known[chosen])
        gap = np.full((sample.shape[1], max(2, sample.shape[2] // 14), sample.shape[3]), _GREY, np.uint8)
        pixels = np.concatenate((sample[0], gap, grid(others, len(others))), axis=1)
        images.append(inline(pixels, f"seed {index} \u00b7 {float(isolation[index]):.2f}"))
    return tuple(images)


def _compared(images: Floats) -> Tensor:
    """Flattens (N, C, H, W) images to (N, D) vectors, downscaled to at most 32 px."""
    points = torch.from_numpy(images)
    if points.shape[-1] > _COMPARED_PX:
        points = F.adaptive_avg_pool2d(points, _COMPARED_PX)
    return points.flatten(1)


def _guided_generative(objective: Generative, train: ImageSet) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    batch = train.batch(torch.linspace(0, len(train) - 1, min(_GUIDED_NIMG, len(train))).long())
    shown = torch.from_numpy(centre(batch.images.numpy(), *objective.image_shape[1:]))
    try:
        device = objective.fabric.device
        rows = objective.rows(batch.labels.to(device))
        pixels = guided.grid(objective.finished_discriminator(), shown.to(device), *rows)
    except ValueError as error:
        return (), (str(error),)
    said = "A row for each of the strongest features of the last convolutional layer: the real images that it "
    said += "responds to most, each with what of it matters, by guided backpropagation (Radford et al., 2015)."
    return (inline(pixels, said),), ()


def _held_out(sets: Sets, config: TranslationConfig) -> tuple[tuple[Tensor, Tensor] | None, tuple[str, ...]]:
    try:
        return evaluate.held_out(config, sets.pairs("test")), ()
    except DataError as error:
        return None, (f"no translations of held-out images: {error}",)


def _translations(
    objective: Translation, samplers: dict[str, Sampler], config: TranslationConfig, held: tuple[Tensor, Tensor]
) -> tuple[Figure, ...]:
    """Returns one row per held-out image: the image, its translation, and its reconstruction or ground truth."""
    names = PUBLISHED[config.dataset].domains or ("A", "B")
    found = []
    for direction, sampler in samplers.items():
        here, there = objective.domains(direction)
        source, target = held[here][:_TRANSLATED], held[there][:_TRANSLATED]
        made = evaluate.translate(sampler, source)
        back = next((other for name, other in samplers.items() if name != direction), None)
        last = target if back is None else evaluate.translate(back, made)
        rows = torch.stack((source, made, last), dim=1).flatten(0, 1).numpy()
        heads = (names[here], f"as {names[there]}", "truth" if back is None else "way back")
        pixels = grid(to_uint8(rows), 3)
        found.append(inline(pixels, f"Test images, from {names[here]} to {names[there]}.", heads))
    return tuple(found)
