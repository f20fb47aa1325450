"""Packages to measure with: DCGAN 64 px and CycleGAN 128 px with random weights, made by training's own exporter."""

import shutil
from pathlib import Path

import onnx
import torch
from torch import nn

from service.repository import manifest
from tests import builders
from training.config import ConvGenerator, ResnetGenerator
from training.networks import dcgan, resnet
from training.packaging.onnx import export

_ROWS = 8


def newest(models: Path, name: str) -> Path:
    """The folder of a model's newest version.

    Raises:
        FileNotFoundError: there is none.
    """
    versions = sorted((models / name).glob("[0-9]*"), key=lambda folder: int(folder.name))
    if not versions:
        raise FileNotFoundError(f"{models} holds no package of {name}")
    return versions[-1]


def copy(models: Path, name: str, target: Path) -> Path:
    """The newest version of a model, alone in another folder of packages."""
    folder = newest(models, name)
    return Path(shutil.copytree(folder, target / name / folder.name))


def write_dcgan(target: Path, name: str = "dcgan-64") -> Path:
    """DCGAN's well-known form for 64 px."""
    config = ConvGenerator()
    network = dcgan.Generator(config, (3, 64, 64))
    torch.manual_seed(0)
    with torch.no_grad():
        # So that the statistics of BatchNorm fit the weights, and images come out with contrast.
        for _ in range(20):
            network(torch.randn(64, config.z_dim))
    latents = {"latents": torch.randn(_ROWS, config.z_dim)}
    given = manifest.Tensor(name="latents", shape=("N", config.z_dim))
    generated = manifest.Tensor(name="images", shape=("N", 3, 64, 64), range=(-1.0, 1.0))
    model = _exported(network, latents, given, generated)
    return builders.write_package(target, name, channels=3, generator=model, discriminator=None, method="dcgan")


def write_cyclegan(target: Path, name: str = "cyclegan-128") -> Path:
    """CycleGAN's translator with 6 residual blocks and 24 feature maps, for 128 px."""
    torch.manual_seed(0)
    network = resnet.Generator(ResnetGenerator(ngf=24, blocks=6))
    images = {"images": torch.rand(_ROWS, 3, 64, 96) * 2 - 1}
    given, generated = (
        manifest.Tensor(name=side, shape=("N", 3, "H", "W"), range=(-1.0, 1.0)) for side in ("images", "translated")
    )
    return builders.write_translator(target, name, _exported(network, images, given, generated), multiple=4, side=64)


def _exported(
    network: nn.Module, example: dict[str, torch.Tensor], given: manifest.Tensor, generated: manifest.Tensor
) -> bytes:
    graph = export.build(network.eval(), example, "generator.onnx", (given,), generated)
    model = onnx.load_from_string(graph.model)
    for value, described in ((model.graph.input[0], given), (model.graph.output[0], generated)):
        for axis, size in zip(value.type.tensor_type.shape.dim, described.shape, strict=True):
            if isinstance(size, str):
                axis.dim_param = size  # the exporter has names of its own
    return bytes(model.SerializeToString())
