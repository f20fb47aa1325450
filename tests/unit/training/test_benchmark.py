"""The short form of `make bench-training`: both loops run, and what they print is what was measured."""

from dataclasses import replace

import pytest

from tests.benchmark.training import Figures, compare, report
from tests.unit.training.tiny import TINY
from training.config import (
    ConvDiscriminator,
    ConvGenerator,
    CycleganConfig,
    DcganConfig,
    ImageInput,
    PatchDiscriminator,
    ResnetGenerator,
)

SIZES = {"total_nimg": 640, "precision": "32-true"}
FACES = DcganConfig(
    dataset="celeba",
    images=ImageInput(load_px=16, crop_px=16),
    batch_size=4,
    generator=ConvGenerator(z_dim=4, widths=(4, 4)),
    discriminator=ConvDiscriminator(widths=(4, 4)),
    **SIZES,
)
CYCLEGAN = CycleganConfig(
    dataset="monet2photo",
    images=ImageInput(load_px=36, crop_px=32),
    generator=ResnetGenerator(ngf=2, blocks=1),
    discriminator=PatchDiscriminator(ndf=2, layers=1, norm_affine=False),
    **SIZES,
)


@pytest.mark.parametrize("config", [TINY, FACES, CYCLEGAN, replace(CYCLEGAN, lambda_identity=0.0)])
def test_both_loops_take_their_turns(config):
    figures = compare(config, rounds=2)
    assert [len(seconds) for seconds in figures.seconds.values()] == [2, 2]
    for turn in (*figures.parts["plain"], *figures.parts["ours"]):
        assert set(turn) == {"data", "D", "G", "rest"}
    said = report("small", config, figures)
    assert "images/s; a step" in said
    assert "x as fast" in said


def test_the_ratio_is_that_of_the_medians_and_its_spread_that_of_the_quarters():
    figures = Figures({"plain": [2.0, 2.0, 4.0, 40.0], "ours": [1.0, 2.0, 1.0, 10.0]}, {})
    assert figures.ratio == pytest.approx(3.0 / 1.5)
    assert figures.spread() == (1.0, 4.0)
