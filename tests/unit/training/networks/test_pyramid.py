"""The translator that is fast at any size."""

from dataclasses import replace

import pytest
import torch

from service.repository import manifest
from tests.unit.training.tiny import CYCLEGAN
from training.config import ImageInput, PyramidGenerator, validated
from training.config.recipes import RECIPES
from training.networks.pyramid import Generator
from training.packaging.onnx import export

SMALL = PyramidGenerator(widths=(4, 8, 8), blocks=2, full=4)


@pytest.fixture
def network():
    """With weights everywhere: the second convolutions of its blocks start at 0."""
    torch.manual_seed(0)
    generator = Generator(SMALL)
    with torch.no_grad():
        for block in generator.blocks:
            block.second.weight.normal_(0.0, 0.1)
        generator.last.weight.normal_(0.0, 0.1)
    return generator.requires_grad_(False)


@pytest.mark.parametrize("size", [(8, 8), (24, 40), (56, 8), (64, 136)])
def test_images_keep_their_size_and_lie_in_range(network, size):
    translated = network(torch.rand(2, 3, *size) * 2 - 1)
    assert translated.shape == (2, 3, *size)
    assert -1.0 <= float(translated.min()) < float(translated.max()) <= 1.0


@pytest.mark.parametrize("color", [(0.0, 0.0, 0.0), (1.0, -1.0, 0.5), (-0.7, 0.2, 0.9)])
@pytest.mark.parametrize("size", [(8, 8), (40, 72)])
def test_a_flat_image_stays_flat_up_to_its_borders(network, color, size):
    flat = torch.tensor(color)[:, None, None].expand(1, 3, *size)
    assert float(network(flat).std((2, 3)).max()) < 1e-5


def test_an_untrained_network_nearly_keeps_the_coarse_colours():
    torch.manual_seed(0)
    ramp = torch.linspace(-0.8, 0.8, 64).expand(1, 3, 64, 64)
    translated = Generator(SMALL).requires_grad_(False)(ramp)
    assert float((translated - ramp)[..., 8:-8].abs().mean()) < 0.15


def test_fine_detail_passes_the_bottleneck(network):
    """A pattern that the means over 8 x 8 px hide from the coarse colours changes the translation."""
    stripes = torch.tensor([0.5, -0.5]).repeat(16).expand(1, 3, 32, 32)
    assert float(network(stripes).diff(dim=3).abs().mean()) > 0.01


def test_an_image_does_not_depend_on_its_neighbours(network):
    given = torch.rand(3, 3, 16, 24) * 2 - 1
    alone = torch.cat([network(image[None]) for image in given])
    torch.testing.assert_close(network(given), alone, atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_the_export_agrees_with_torch_at_other_sizes_and_batches(network, weights):
    """`export.build` refuses a graph that differs from torch, here at two further sizes and batches of 1 and 3."""
    examples = torch.rand(8, 3, 16, 24) * 2 - 1
    also = [{"images": torch.rand(1, 3, 8, 8) * 2 - 1}, {"images": torch.rand(3, 3, 40, 64) * 2 - 1}]
    shape = ("N", 3, "H", "W")
    graph = export.build(
        network.eval(),
        {"images": examples},
        "generator.onnx",
        (manifest.Tensor(name="images", shape=shape, range=(-1.0, 1.0)),),
        manifest.Tensor(name="translated", shape=shape, range=(-1.0, 1.0)),
        weights,
        also=also,
    )
    assert graph.network.weights == weights
    assert graph.network.parameters == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("recipe", ["cyclegan-monet-fast", "cyclegan-horse2zebra-fast"])
def test_the_recipes_weights_fit_a_package_of_one_and_a_half_mebibytes(recipe):
    config = RECIPES[recipe].config
    with torch.device("meta"):
        network = Generator(config.generator)
    float16_bytes = 2 * sum(p.numel() for p in network.parameters())
    assert float16_bytes < 1.2e6
    assert config.multiple == 8


def test_crops_have_to_be_multiples_of_8():
    images = ImageInput(load_px=24, crop_px=20)
    with pytest.raises(ValueError, match="crop_px is 20, but must be a multiple of 8"):
        validated(replace(CYCLEGAN, generator=SMALL, images=images))
