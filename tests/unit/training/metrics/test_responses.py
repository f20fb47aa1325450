import pytest
import torch

from tests.unit.training.scenes import blur
from training.metrics import pixels, responses


def test_the_charts_are_27_colours_and_a_ramp_of_100_levels():
    flat = pixels.levels(responses.flat_colors(8))
    assert flat.shape == (27, 3, 8, 8)
    assert {*flat.unique().tolist()} == {16.0, 128.0, 240.0}
    levels = pixels.levels(responses.ramp(4))
    assert levels.shape == (1, 3, 4, 320)
    assert (levels[0, 0, 0, 0], levels[0, 0, 0, -1]) == (120.0, 220.0)
    assert responses.largest_line(responses.ramp()) == 1.0


def test_a_flat_image_does_not_deviate_and_one_that_is_moved_is_still_flat():
    flat = responses.flat_colors(16)
    lighter = (flat + 20 / 127.5).clamp(-1.0, 1.0)
    assert responses.deviation(flat) == responses.deviation(lighter) == 0.0
    assert responses.shift(flat, flat) == 0.0
    assert responses.shift(flat, lighter) == pytest.approx((20 + 20 + 15) / 3, abs=0.5)


def test_a_pattern_on_one_flat_colour_is_found():
    patterned = responses.flat_colors(16)
    patterned[5, 1, :, ::2] += 10 / 127.5
    assert responses.deviation(patterned) == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("step", [6, 29])
def test_a_line_in_the_ramp_is_found_which_no_blur_of_the_rest_hides(step):
    lined = responses.ramp()
    lined[..., 100] += step / 127.5
    assert responses.largest_line(lined) >= 2 * step - 1
    assert responses.largest_line(blur(lined)) > 1.5 * responses.largest_line(blur(responses.ramp()))


def test_a_steeper_ramp_is_no_line_and_a_kink_is():
    ramp = responses.ramp()
    assert responses.largest_line(1.3 * ramp) <= 2.0
    kinked = torch.where(torch.arange(320) < 160, ramp, 3.0 * ramp - 2.0 * ramp[..., 160:161]).clamp(-1.0, 1.0)
    assert responses.largest_line(kinked) > 2.0
