import pytest
import torch

from tests.unit.training.scenes import scenes, to_uint8
from training.metrics import pixels


def test_floats_become_the_levels_that_are_served():
    images = torch.tensor([-1.0, -0.5, 0.0, 1 / 255, 1.0, 1.004]).reshape(1, 1, 2, 3)
    assert pixels.levels(images).flatten().tolist() == [0.0, 64.0, 128.0, 128.0, 255.0, 255.0]


def test_uint8_and_floats_are_seen_alike():
    images = scenes(2)
    assert torch.equal(pixels.levels(images), pixels.levels(to_uint8(images)))
    assert pixels.levels(images.bfloat16()).dtype == torch.float32


def test_luminance_is_the_television_standards():
    primaries = torch.eye(3)[:, :, None, None] * 2 - 1
    assert pixels.luminance(primaries).flatten().tolist() == pytest.approx([76.245, 149.685, 29.07])
    assert pixels.luminance(torch.zeros(1, 1, 2, 2)).shape == (1, 1, 2, 2)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(3, 8, 8), r"\(N, C, H, W\)"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.int64), "uint8 or float"),
        (torch.full((1, 1, 2, 2), 255.0), "finite and in"),
        (torch.full((1, 1, 2, 2), torch.nan), "finite and in"),
    ],
)
def test_other_arrays_are_refused(images, said):
    with pytest.raises(ValueError, match=said):
        pixels.levels(images)
