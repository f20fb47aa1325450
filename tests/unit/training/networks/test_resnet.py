"""CycleGAN's residual generator against the published numbers."""

import pytest
import torch
from torch import nn

from training.config import ResnetGenerator
from training.config.recipes import RECIPES
from training.networks.resnet import Generator


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Generator(ResnetGenerator(ngf=4, blocks=2))


def convolutions(network):
    return [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]


@pytest.mark.parametrize(("recipe", "blocks", "millions"), [("cyclegan-256", 9, 11.4), ("cyclegan-monet", 6, 7.8)])
def test_the_published_networks_have_their_number_of_parameters(recipe, blocks, millions):
    config = RECIPES[recipe].config.generator
    with torch.device("meta"):
        network = Generator(config)
    assert config.blocks == blocks
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == millions
    widths = [conv.out_channels for conv in convolutions(network)]
    assert widths == [64, 128, 256, *[256] * (2 * blocks), 128, 64, 3]


def test_convolutions_have_a_bias_and_norms_have_neither_weights_nor_memory(network):
    assert all(conv.bias is not None for conv in convolutions(network))
    norms = [part for part in network.modules() if isinstance(part, nn.InstanceNorm2d)]
    assert len(norms) == len(convolutions(network)) - 1
    assert not any(norm.affine or norm.track_running_stats for norm in norms)


@pytest.mark.parametrize("size", [(8, 8), (12, 20), (16, 64)])
def test_images_keep_their_size_and_lie_in_range(network, size):
    drawn = network(torch.rand(2, 3, *size) * 2 - 1).detach()
    assert drawn.shape == (2, 3, *size)
    assert -1.0 <= float(drawn.min()) < float(drawn.max()) <= 1.0


def test_sides_that_are_no_multiple_of_4_come_out_otherwise(network):
    assert network(torch.zeros(1, 3, 18, 16)).shape == (1, 3, 20, 16)


def test_edges_are_mirrored_where_a_convolution_keeps_the_size(network):
    padded = []

    def look(conv, inputs):
        if conv.stride == (1, 1):
            padded.append((conv.kernel_size[0] // 2, inputs[0]))

    for conv in convolutions(network):
        conv.register_forward_pre_hook(look)
    network(torch.randn(1, 3, 16, 16))
    assert [border for border, _ in padded] == [3, 1, 1, 1, 1, 3]
    for border, seen in padded:
        for side in (2, 3):
            for step in range(1, border + 1):
                at = [seen.select(side, place) for place in (border - step, border + step)]
                assert torch.equal(*at)
                assert torch.equal(*(seen.select(side, -1 - place) for place in (border - step, border + step)))


def test_a_block_without_weights_leaves_its_input_as_it_is(network):
    block = network.layers[10]
    with torch.no_grad():
        for p in block.parameters():
            p.zero_()
    x = torch.randn(1, 16, 4, 4)
    assert torch.equal(block(x), x)


def test_an_image_does_not_depend_on_its_neighbours(network):
    given = torch.randn(3, 3, 16, 24)
    with torch.no_grad():
        alone = torch.cat([network(image[None]) for image in given])
        assert torch.allclose(network(given), alone, atol=1e-6)


def test_training_and_evaluation_are_the_same(network):
    given = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(network.train()(given), network.eval()(given))


def test_weights_start_as_published():
    torch.manual_seed(0)
    network = Generator(ResnetGenerator(ngf=16, blocks=2)).requires_grad_(False)
    for conv in convolutions(network):
        assert float(conv.weight.mean()) == pytest.approx(0.0, abs=2e-3)
        assert float(conv.weight.std()) == pytest.approx(0.02, rel=0.05)
        assert not conv.bias.any()


def test_instance_norm_hides_the_mean_colour_unless_the_network_adds_to_its_input(network):
    torch.manual_seed(0)
    adding = Generator(ResnetGenerator(ngf=4, blocks=2, residual=True))
    given = torch.rand(1, 3, 16, 16) - 0.5
    tinted = given + torch.tensor([0.3, 0.0, -0.3])[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(network(given), network(tinted), atol=1e-4, rtol=0.0)
        assert float((adding(given) - adding(tinted)).abs().mean()) > 0.1


def test_what_adds_nothing_leaves_the_coarse_colours():
    adding = Generator(ResnetGenerator(ngf=4, blocks=1, residual=True))
    nn.init.zeros_(convolutions(adding)[-1].weight)
    slope = torch.linspace(-0.8, 0.8, 32).expand(1, 3, 24, 32)
    fine = torch.tensor([0.1, -0.1]).repeat(16)
    for given in (slope, slope + fine):
        torch.testing.assert_close(adding(given)[..., 8:-8], 0.98 * slope[..., 8:-8], atol=1e-3, rtol=0.0)
