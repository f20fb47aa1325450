"""PatchGAN: what one logit sees, and how many numbers it takes."""

import pytest
import torch
from torch import nn

from training.config import PatchDiscriminator
from training.config.recipes import RECIPES
from training.networks.patchgan import Discriminator, receptive_field


def build(channels=3, **fields):
    torch.manual_seed(0)
    return Discriminator(PatchDiscriminator(ndf=4, **fields), channels)


def parts(network, kind):
    return [part for part in network.modules() if isinstance(part, kind)]


@pytest.mark.parametrize(("recipe", "channels"), [("pix2pix-facades", 6), ("cyclegan-256", 3)])
def test_the_published_network_has_2_8_million_parameters_and_sees_70_px(recipe, channels):
    config = RECIPES[recipe].config.discriminator
    with torch.device("meta"):
        network = Discriminator(config, channels)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == 2.8
    assert receptive_field(config) == 70
    assert [conv.out_channels for conv in parts(network, nn.Conv2d)] == [64, 128, 256, 512, 1]
    assert [conv.stride[0] for conv in parts(network, nn.Conv2d)] == [2, 2, 2, 1, 1]


@pytest.mark.parametrize(("layers", "seen_px"), [(3, 70), (2, 34), (1, 16), (0, 1)])
def test_a_logit_changes_with_the_pixels_of_its_patch_alone(layers, seen_px):
    network = build(layers=layers)
    # A norm looks at the whole map: without it, what is left is what the convolutions see.
    bare = nn.Sequential(*(layer for layer in network.layers if not isinstance(layer, nn.InstanceNorm2d)))
    images = torch.randn(1, 3, 128, 128, requires_grad=True)
    logits = bare(images)
    middle = logits.shape[2] // 2
    (gradient,) = torch.autograd.grad(logits[0, 0, middle, middle], images)
    rows, columns = gradient[0].abs().sum(0).nonzero().unbind(1)
    assert int(rows.max() - rows.min()) + 1 == int(columns.max() - columns.min()) + 1 == seen_px
    assert receptive_field(PatchDiscriminator(layers=layers)) == seen_px


@pytest.mark.parametrize(("layers", "side"), [(3, 30), (2, 62), (1, 126), (0, 256)])
def test_an_image_of_256_px_gets_a_map_of_logits(layers, side):
    assert build(6, layers=layers)(torch.zeros(2, 6, 256, 256)).shape == (2, 1, side, side)


@pytest.mark.parametrize("ndf", [1, 3, 4, 6])
@pytest.mark.parametrize("channels", [3, 6])
def test_every_layer_but_the_first_and_the_last_is_normalised_whatever_its_width(ndf, channels):
    network = Discriminator(PatchDiscriminator(ndf=ndf), channels)
    kinds = [type(layer) for layer in network.layers]
    conv, norm, leaky = nn.Conv2d, nn.InstanceNorm2d, nn.LeakyReLU
    assert kinds == [conv, leaky, *[conv, norm, leaky] * 3, conv]


@pytest.mark.parametrize("norm_affine", [True, False])
def test_a_bias_is_left_out_where_the_norm_has_its_own(norm_affine):
    network = build(norm_affine=norm_affine)
    assert [conv.bias is not None for conv in parts(network, nn.Conv2d)] == [True, *[not norm_affine] * 3, True]
    assert all(norm.affine == norm_affine for norm in parts(network, nn.InstanceNorm2d))


def test_an_images_logits_do_not_depend_on_its_neighbours():
    network, given = build(), torch.randn(3, 3, 64, 48)
    with torch.no_grad():
        alone = torch.cat([network(image[None]) for image in given])
        assert torch.allclose(network(given), alone, atol=1e-5)


def test_weights_start_as_published():
    torch.manual_seed(0)
    network = Discriminator(PatchDiscriminator(ndf=32), 3).requires_grad_(False)
    for conv in parts(network, nn.Conv2d)[:-1]:
        assert float(conv.weight.mean()) == pytest.approx(0.0, abs=2e-3)
        assert float(conv.weight.std()) == pytest.approx(0.02, rel=0.05)
    assert float(parts(network, nn.InstanceNorm2d)[-1].weight.std()) == pytest.approx(0.02, rel=0.2)


def test_spectral_norm_holds_every_layer_at_1():
    network = build(layers=1, spectral_norm=True)
    for _ in range(100):  # each training-mode pass is one step of the power iteration
        network(torch.randn(1, 3, 16, 16))
    network.eval()
    for conv in parts(network, nn.Conv2d):
        largest = torch.linalg.matrix_norm(conv.weight.detach().flatten(1), ord=2)
        assert float(largest) == pytest.approx(1.0, rel=0.02)
