from math import erfc, sqrt

import pytest
import torch

from tests.unit.training.scenes import blur, checkerboard, noise, one_mode, scenes, to_uint8
from training.metrics import twosample

STEPS = 50


@pytest.fixture(scope="module")
def real():
    return scenes(160, seed=1)


def test_real_against_real_is_chance(real):
    found = twosample.distinguish(real, scenes(160, seed=2), steps=STEPS)
    assert found.count == 160
    assert found.accuracy == pytest.approx(0.5, abs=0.12)
    assert found.p_value > 0.01


@pytest.mark.parametrize(
    "spoil",
    [
        blur,
        noise,
        checkerboard,
        one_mode,
        lambda images: images[:, [2, 1, 0]] * torch.tensor([1.0, 1.0, 0.5])[:, None, None],
    ],
    ids=["blur", "noise", "checkerboard", "one image", "colour"],
)
def test_spoilt_samples_are_told_from_real_ones(real, spoil):
    found = twosample.distinguish(real, spoil(scenes(120, seed=2)), steps=STEPS)
    assert found.count == 120
    assert found.accuracy > 0.9
    assert found.p_value < 1e-6


def test_half_of_the_samples_spoilt_is_found_by_half(real):
    fake = scenes(160, seed=2)
    fake[::2] = noise(fake[::2])
    assert 0.6 < twosample.distinguish(real, fake, steps=STEPS).accuracy < 0.85


def test_a_seed_repeats_it_and_torchs_own_state_stays(real):
    fake = scenes(160, seed=2)
    state = torch.get_rng_state()
    first = twosample.distinguish(real, fake, seed=3, steps=10)
    assert torch.equal(torch.get_rng_state(), state)
    assert twosample.distinguish(to_uint8(real), to_uint8(fake), seed=3, steps=10) == first
    assert {twosample.distinguish(real, fake, seed=s, steps=10).accuracy for s in range(4, 7)} != {first.accuracy}


def test_the_error_and_the_p_value_are_the_papers():
    found = twosample._result(0.6, 100)
    assert found.standard_error == pytest.approx(sqrt(0.6 * 0.4 / 100))
    assert found.p_value == pytest.approx(0.5 * erfc(2 / sqrt(2)))  # two standard deviations of N(1/2, 1/400)
    assert twosample._result(0.5, 100).p_value == 0.5


@pytest.mark.parametrize("fake", [torch.zeros(3, 3, 32, 32), torch.zeros(9, 1, 32, 32)])
def test_sets_that_do_not_fit_are_refused(real, fake):
    with pytest.raises(ValueError, match="at least 4 images of one shape"):
        twosample.distinguish(real, fake)
