import pytest
import torch

from tests.unit.training.scenes import blur, noise, scenes
from training.metrics import borders


@pytest.fixture(scope="module")
def source():
    return scenes(12, seed=3, side=128)


def with_line(images, side, at=8):
    """A light line of one pixel along a side."""
    turned = {"left": images, "right": images.flip(3), "top": images.mT, "bottom": images.mT.flip(3)}[side].clone()
    turned[..., at] += 0.6
    back = {"left": turned, "right": turned.flip(3), "top": turned.mT, "bottom": turned.flip(3).mT}[side]
    return back.clamp(-1.0, 1.0)


def test_the_input_itself_has_the_activity_of_the_input(source):
    assert borders.ratios(source, source) == pytest.approx((1.0,) * 4)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_line_along_a_side_shows_at_that_side_alone(source, side):
    found = borders.ratios(source, with_line(source, side))._asdict()
    assert found.pop(side) > 1.15
    assert all(0.9 < ratio < 1.1 for ratio in found.values())


def test_noise_blur_and_contrast_everywhere_are_no_lines(source):
    for spoilt in (blur(source), noise(source), 0.7 * source):
        assert all(0.85 < ratio < 1.15 for ratio in borders.ratios(source, spoilt))


def test_borders_that_fade_away_are_less_active(source):
    faded = source.clone()
    faded[..., :24] = faded[..., 24:25]
    assert borders.ratios(source, faded).left < 0.5


def test_flat_images_have_the_activity_of_flat_images():
    flat = torch.zeros(2, 3, 96, 96)
    assert borders.ratios(flat, flat) == (1.0,) * 4


def test_small_or_unpaired_images_are_refused(source):
    small = source[..., :64, :64]
    with pytest.raises(ValueError, match="have no interior: 96 are needed"):
        borders.ratios(small, small)
    with pytest.raises(ValueError, match="inputs of another shape"):
        borders.ratios(source, source[:3])
