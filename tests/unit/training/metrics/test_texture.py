import pytest
import torch

from tests.unit.training.scenes import blur, checkerboard, noise, scenes, to_uint8
from training.metrics import texture


@pytest.fixture(scope="module")
def real():
    return scenes(60, seed=1, side=64)


@pytest.fixture(scope="module")
def fresh():
    return scenes(90, seed=2, side=64)


def test_real_against_real_is_near_1(real, fresh):
    assert texture.gradient_ratio(real, fresh) == pytest.approx(1, abs=0.03)
    assert texture.half_rate_ratio(real, fresh) == pytest.approx(1, abs=0.03)
    assert texture.gradient_ratio(real, real) == texture.half_rate_ratio(real, real) == 1.0
    assert texture.half_rate_ratio(to_uint8(real), to_uint8(fresh)) == texture.half_rate_ratio(real, fresh)


def test_blur_is_too_smooth_and_noise_too_rough(real, fresh):
    assert texture.gradient_ratio(real, blur(fresh)) < 0.7
    assert texture.gradient_ratio(real, noise(fresh)) > 1.3
    assert texture.half_rate_ratio(real, blur(fresh)) < 0.2
    assert texture.half_rate_ratio(real, noise(fresh)) > 2


def test_a_checkerboard_shows_at_half_the_rate_though_the_eye_hardly_sees_it(real, fresh):
    assert texture.half_rate_ratio(real, checkerboard(fresh, 0.05)) > 1.5
    assert texture.half_rate_ratio(real, checkerboard(fresh, 0.1)) > 3


def test_a_pattern_with_another_period_does_not(real, fresh):
    waves = torch.cos(torch.arange(64) * 2 * torch.pi / 4)
    assert texture.half_rate_ratio(real, (0.7 * fresh + 0.3 * waves).clamp(-1, 1)) < 1.2


def test_a_ramp_has_its_slope_for_gradient():
    ramp = (3 * torch.arange(32)[:, None] + 4 * torch.arange(32)).to(torch.uint8)[None, None]
    assert texture._gradients(ramp).item() == pytest.approx(5)


@pytest.mark.parametrize("pattern", ["columns", "rows", "both"])
@pytest.mark.parametrize("side", [32, 33])
def test_every_pattern_of_period_two_is_counted_in_full(pattern, side):
    odd = torch.arange(side) % 2
    pixels = {"columns": odd.expand(side, side), "rows": odd[:, None].expand(side, side), "both": odd ^ odd[:, None]}
    image = pixels[pattern].mul(20).add(100).to(torch.uint8)[None, None]
    assert texture._half_rate(image).item() == pytest.approx(10**2, rel=0.05)


@pytest.mark.parametrize("ratio", [texture.gradient_ratio, texture.half_rate_ratio])
def test_flat_real_images_are_refused(ratio, real):
    with pytest.raises(ValueError, match="flat"):
        ratio(torch.zeros(2, 3, 32, 32) - 1.0, real)
