"""The command that brings checkpoints of other projects in: `import`."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

ArchitectureName = Literal["auto", "resnet", "unet", "dcgan", "neural-style", "animegan", "mlp"]
RangeName = Literal["auto", "-1,1", "0,1", "0,255", "minus-one-one", "unit", "byte"]
MethodName = Literal["auto", "gan", "wgan", "wgan-gp", "dcgan", "pix2pix", "cyclegan", "other"]


def import_checkpoint(
    file: tyro.conf.Positional[Path],
    name: str,
    models: Path = Path("models"),
    version: int | None = None,
    architecture: ArchitectureName = "auto",
    value_range: Annotated[RangeName, tyro.conf.arg(name="range")] = "auto",
    layout: Literal["auto", "nchw", "nhwc"] = "auto",
    channels: Literal["rgb", "bgr"] = "rgb",
    size: int | None = None,
    normalization: Literal["auto", "batch", "instance"] = "auto",
    batch_statistics: bool = False,
    weights: Literal["float32", "float16", "int8", "auto"] = "float32",
    latents: Literal["normal", "uniform"] = "normal",
    discriminator: Path | None = None,
    example: Path | None = None,
    description: str | None = None,
    method: MethodName = "auto",
    source: str = "image",
    target: str = "image",
    inverse: str | None = None,
    licence: str = "not stated",
    data: str = "not stated",
    data_terms: str = "not stated",
) -> None:
    """Writes a verified package from a checkpoint that another project trained.

    Args:
        file: state dict (.pth, .pt, .safetensors) or ONNX file (.onnx). Pickled code is never run.
        name: of the model: small letters, digits and hyphens.
        models: folder of all packages.
        version: of the package; one more than the newest by default.
        architecture: of a state dict; auto recognises it by keys and shapes. A fully connected generator must be named.
        value_range: values of black and white in the network's images; auto takes the architecture's, -1,1 for ONNX.
        layout: axes of an ONNX file's images; auto takes it from the fixed number of channels.
        channels: order of colours in the network's images.
        size: px of a translator's golden and preview (256 by default); side of what an MLP generates.
        normalization: of a ResNet or U-Net whose keys mislead; auto reads it from the keys.
        batch_statistics: normalises each image by its own statistics, as pix2pix's test script does.
        weights: storage of a state dict's weights; below float32 the result differs slightly.
        latents: distribution of a generator's latents.
        discriminator: state dict that is packed beside a generator.
        example: image for a translator's golden and preview.
        description: one sentence for the card.
        method: how the model was trained; auto takes what the architecture is known for.
        source: kind of images that a translator reads.
        target: kind of images that a translator gives.
        inverse: name of the model that leads back.
        licence: of the weights.
        data: name of the training data.
        data_terms: what the training data allow.
    """
    from training.packaging.foreign import importer
    from training.packaging.foreign.architectures import Options
    from training.packaging.foreign.contract import RANGES
    from training.packaging.foreign.statement import Statement

    statement = Statement(
        name=name,
        version=version,
        description=description,
        method=None if method == "auto" else method,
        source=source,
        target=target,
        inverse=inverse,
        licence=licence,
        data_name=data,
        data_terms=data_terms,
        distribution=latents,
    )
    settings = importer.Settings(
        architecture=architecture,
        value_range=None if value_range == "auto" else RANGES[value_range],
        layout=None if layout == "auto" else layout,
        channels=channels,
        size_px=size,
        options=Options(normalization=normalization),
        batch_statistics=batch_statistics,
        weights=weights,
        example=example,
        discriminator=discriminator,
    )
    done = importer.import_file(file, models, statement, settings)
    for note in done.notes:
        print(f"note: {note}")
    print(f"wrote {done.folder} ({done.described.architecture}), verified")
