"""Transposed convolutions with and without the filter behind them."""

import pytest
import torch

from training.config import ResnetGenerator, UnetGenerator
from training.networks import resnet, unet
from training.networks.upsampling import Up, binomial, without_half_rate


@pytest.mark.parametrize("kernel", [3, 4])
def test_a_flat_input_comes_out_flat_behind_the_filter_alone(kernel):
    torch.manual_seed(0)
    striped, flat = (Up(2, 3, kernel, smooth=smooth) for smooth in (False, True))
    flat.load_state_dict(striped.state_dict())
    x = torch.ones(1, 2, 8, 8)
    inside = (..., slice(4, -4), slice(4, -4))
    assert striped(x).shape == flat(x).shape == (1, 3, 16, 16)
    assert float(striped(x)[inside].detach().std((2, 3)).min()) > 0.01
    assert float(flat(x)[inside].detach().std((2, 3)).max()) < 1e-6


def test_the_filter_is_the_binomial_one_and_repeats_the_border():
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[..., 2, 2] = 16.0
    kernel = torch.tensor([1.0, 2.0, 1.0])
    torch.testing.assert_close(binomial(impulse)[0, 0, 1:4, 1:4], kernel[:, None] * kernel)
    torch.testing.assert_close(binomial(torch.ones(1, 2, 3, 4)), torch.ones(1, 2, 3, 4))


def test_the_sharper_filter_takes_the_checkerboard_and_leaves_a_slope():
    slope = torch.arange(24.0).expand(1, 2, 24, 24)
    checkerboard = (-1.0) ** (slope + slope.mT)
    inside = (..., slice(6, -6), slice(6, -6))
    torch.testing.assert_close(without_half_rate(slope + checkerboard)[inside], slope[inside])
    stripes = torch.cos(torch.pi / 2 * slope)  # four pixels long: the gain is 1 - sin^12 of 45 degrees
    torch.testing.assert_close(without_half_rate(stripes)[inside], (1 - 2**-6) * stripes[inside], atol=1e-5, rtol=0)


def test_what_the_residual_generator_draws_is_filtered_too():
    torch.manual_seed(0)
    plain, smooth = (resnet.Generator(ResnetGenerator(ngf=4, blocks=1, smooth=smooth)) for smooth in (False, True))
    smooth.load_state_dict(plain.state_dict())
    for part in smooth.modules():
        if isinstance(part, Up):
            part.smooth = False
    x = torch.rand(1, 3, 16, 16) * 2 - 1
    drawn, filtered = (torch.atanh(network(x)) for network in (plain, smooth))
    torch.testing.assert_close(filtered, without_half_rate(drawn))
    assert float((filtered - drawn).detach().abs().mean()) > 1e-3


@pytest.mark.parametrize(
    ("module", "config"), [(unet, UnetGenerator(ngf=4, depth=3)), (resnet, ResnetGenerator(ngf=4, blocks=1))]
)
def test_a_network_has_the_filter_only_where_it_is_asked_for(module, config):
    smooth = type(config)(**{**vars(config), "smooth": True})
    for wanted in (config, smooth):
        found = {part.smooth for part in module.Generator(wanted).modules() if isinstance(part, Up)}
        assert found == {wanted.smooth}
