"""The discriminator that sees luma at full and chroma at half resolution, at several scales."""

from dataclasses import replace

import pytest
import torch
from torch.nn.utils import parametrize

from tests.unit.training.tiny import CYCLEGAN
from training.config import MultiscaleDiscriminator, validated
from training.networks.multiscale import Discriminator, luma_chroma

SMALL = MultiscaleDiscriminator(ndf=4, layers=1, scales=2)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Discriminator(SMALL).eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(16, 16), (24, 40)])
@pytest.mark.parametrize("scales", [1, 2])
def test_each_scale_has_its_own_logits_of_the_finest_size(size, scales):
    network = Discriminator(replace(SMALL, scales=scales))
    assert network(torch.rand(2, 3, *size)).shape == (2, scales, size[0] // 2 - 2, size[1] // 2 - 2)


def test_chroma_from_pixel_to_pixel_is_not_seen_and_luma_is(network):
    torch.manual_seed(1)
    smooth = torch.rand(1, 3, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3)
    pattern = torch.tensor([0.2, -0.2]).repeat(8)
    blue_yellow = torch.tensor([0.114, 0.114, -0.886])[:, None, None] * pattern  # luma 0
    grey = torch.ones(3, 1, 1) * pattern
    torch.testing.assert_close(network(smooth + blue_yellow), network(smooth), atol=1e-4, rtol=0.0)
    assert float((network(smooth + grey) - network(smooth)).abs().max()) > 1e-2


def test_coarse_chroma_is_seen(network):
    tinted = torch.zeros(1, 3, 16, 16)
    tinted[:, 2] = 0.5
    assert float((network(tinted) - network(torch.zeros(1, 3, 16, 16))).abs().max()) > 1e-2


def test_the_channels_are_those_of_jpeg():
    """The primaries by JFIF's equations, in the range of the pixels."""
    red = torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(1, 3, 2, 2)
    seen = luma_chroma(red)[0, :, 0, 0]
    torch.testing.assert_close(seen, torch.tensor([0.299, -0.168736, 0.5]))


def test_every_convolution_has_spectral_norm():
    torch.manual_seed(0)
    network = Discriminator(SMALL)
    for _ in range(60):
        network(torch.rand(1, 3, 16, 16))
    layers = [module for module in network.modules() if parametrize.is_parametrized(module)]
    assert len(layers) == 2 * 3
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1.0, abs=0.05)


def test_a_discriminator_of_other_channels_is_refused():
    with pytest.raises(ValueError, match="need 3 channels, but the images have 6"):
        Discriminator(SMALL, 6)


def test_coarse_scales_need_larger_crops():
    with pytest.raises(ValueError, match="crop_px is 16, but the networks need at least 24"):
        validated(replace(CYCLEGAN, discriminator=replace(SMALL, scales=3)))
