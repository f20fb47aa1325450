"""From a trained run to a model package: graphs, goldens, card, preview, and the manifest last.

The graphs themselves are `training.packaging.onnx.export`; `generative` and `translation` know what the package of a
task holds; this module knows what all packages have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from service.repository import manifest
from service.repository.manifest import Manifest
from training import config as configs
from training.config import GenerativeConfig, TranslationConfig
from training.config.recipes import RECIPES
from training.data import PUBLISHED, ImageSet, PairSet
from training.objectives import Generative, Objective, Translation
from training.packaging import generative, translation
from training.packaging.contents import Contents
from training.packaging.folder import version_folders, write_content, write_manifest
from training.packaging.onnx.export import ExportError
from training.runs.folder import Run


@dataclass(frozen=True)
class Label:
    """What a package is called.

    Attributes:
        name: of the model; for CycleGAN, of the one that leads from A to B.
        inverse: of the model that leads back, for CycleGAN.
        version: a positive integer; None is one more than the newest.
        description: one sentence; None takes the recipe's.
        weaknesses: what the model is known to do badly, a sentence each, for the card.
    """

    name: str
    inverse: str | None = None
    version: int | None = None
    description: str | None = None
    weaknesses: tuple[str, ...] = ()


def export(
    run: Run,
    objective: Objective,
    data: ImageSet | PairSet,
    images_seen: int,
    models: Path,
    label: Label,
    weights: str = "auto",
    low_rank_db: float | None = None,
    with_discriminator: bool = True,
) -> list[Path]:
    """Writes `models/<name>/<version>/`, and for CycleGAN the way back beside it.

    Args:
        run: whose configuration and measured metrics go into the manifest.
        objective: trained, on the CPU.
        data: the training images.
        images_seen: real images of this run; those of the package that it goes on from are added.
        models: folder of all packages.
        label: names, version, description and weaknesses.
        weights: see `onnx.export.build`.
        low_rank_db: large dense layers of a generator and its discriminator get the smallest rank that keeps their
            network's output at this PSNR; None leaves the layers unchanged.
        with_discriminator: whether the package of a generator contains its discriminator or critic.

    Returns:
        The packages' folders.

    Raises:
        ExportError: the version exists already, the name is not allowed, or a graph was refused; nothing of it can
            be served then, since the manifests are written last.
    """
    names = _names(objective, label)
    folders = version_folders(models, names.values(), label.version)
    storing = generative.Storing(weights, low_rank_db, with_discriminator)
    built = _contents(run, objective, data, names, storing, images_seen // run.config.batch_size)
    described = [
        _describe(run, objective, label, folder, direction, data, images_seen, contents)
        for folder, direction, contents in zip(folders, names, built, strict=True)
    ]
    for folder, contents, about in zip(folders, built, described, strict=True):
        write_content(folder, contents.networks, contents.preview, about)
    for folder, about in zip(folders, described, strict=True):
        write_manifest(folder, about)
    return folders


def _names(objective: Objective, label: Label) -> dict[str, str]:
    """The package's name of each direction; a generator has one direction without a name."""
    if not isinstance(objective, Translation):
        directions: tuple[str, ...] = ("",)
    else:
        directions = objective.directions
    if len(directions) == 2 and label.inverse is None:
        raise ExportError("both directions become packages: give --inverse, the name of the one that leads from B to A")
    if len(directions) == 1 and label.inverse is not None:
        raise ExportError("--inverse is given, but this method learns one direction only: leave it out")
    names = [label.name, *([label.inverse] if label.inverse is not None else [])]
    if len(set(names)) < len(names):
        raise ExportError(f"--name and --inverse are both {label.name}, but are two packages")
    return dict(zip(directions, names, strict=True))


def _contents(
    run: Run,
    objective: Objective,
    data: ImageSet | PairSet,
    names: Mapping[str, str],
    storing: generative.Storing,
    step: int,
) -> list[Contents]:
    config = run.config
    if isinstance(objective, Generative):
        assert isinstance(config, GenerativeConfig)
        assert isinstance(data, ImageSet)
        return [generative.contents(config, objective, data, storing, run.folder, step)]
    if storing.low_rank_db is not None:
        raise ExportError("a translator has no dense layers to replace by low-rank ones: leave --low-rank-db out")
    assert isinstance(objective, Translation)
    assert isinstance(config, TranslationConfig)
    assert isinstance(data, PairSet)
    inverses = {direction: next((n for d, n in names.items() if d != direction), None) for direction in names}
    return [translation.contents(config, objective, d, data, storing.weights, inverses[d]) for d in names]


def _describe(
    run: Run,
    objective: Objective,
    label: Label,
    folder: Path,
    direction: str,
    data: ImageSet | PairSet,
    images_seen: int,
    contents: Contents,
) -> Manifest:
    config = run.config
    known = PUBLISHED[config.dataset]
    metrics = [dict(found) for found in run.metrics(images_seen // config.batch_size, objective.finished_description)]
    metrics = [found for found in metrics if found.pop("direction") == direction]
    return Manifest(
        schema_version=manifest.SCHEMA_VERSION,
        name=folder.parent.name,
        version=int(folder.name),
        task=config.task,
        method=cast(manifest.Method, config.method),
        description=label.description or _description(run, contents),
        licence=known.weights_licence,
        data=manifest.Data(
            name=known.title, source=known.source, terms=known.terms, images=_count(data, config.method == "pix2pix")
        ),
        training=manifest.Training(
            recipe=run.recipe_with(objective.finished_description),
            config=configs.to_json(config),
            seed=config.seed,
            images_seen=run.images_before + images_seen,
            device=run.device,
            init_from=run.init_from,
        ),
        metrics=(*(manifest.Metric(**values) for values in metrics), *contents.metrics),
        weaknesses=label.weaknesses,
        networks={name: graph.network for name, graph in contents.networks.items()},
        preview="preview.png",
        goldens=contents.goldens,
        **contents.fields,
    )


def _description(run: Run, contents: Contents) -> str:
    recipe = RECIPES[run.recipe].description if run.recipe in RECIPES else f"A {run.config.method}."
    translation = contents.fields.get("translation")
    return f"{recipe} From {translation.source} to {translation.target}." if translation else recipe


def _count(data: ImageSet | PairSet, aligned: bool) -> int:
    """Training images; pairs count once, unpaired sets both."""
    if isinstance(data, ImageSet):
        return len(data)
    return len(data.A) if aligned else len(data.A) + len(data.B)
