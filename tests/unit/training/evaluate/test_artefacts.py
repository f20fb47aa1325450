"""The protocol of artefacts: which numbers there are, and that each kind of fault is outside of its bounds."""

import pytest

from tests.unit.training.scenes import blur, noise, scenes
from tests.unit.training.spoiled import confetti
from training.evaluate import artefacts


@pytest.fixture(scope="module")
def source():
    return 0.7 * scenes(6, seed=5, side=96)


@pytest.fixture(scope="module")
def target():
    return 0.7 * scenes(6, seed=6, side=96)


def same(images):
    return images


def test_the_identity_has_no_faults_and_every_number(source, target):
    found = {item.name: item.value for item in artefacts.measure(same, source, target, source)}
    assert found["border_activity"] == pytest.approx(1.0)
    assert found["flat_deviation"] == found["flat_shift"] == 0.0
    assert found["ramp_line"] == 1.0
    assert found["contrast"] == pytest.approx(1.0)
    assert found["chroma_noise"] == pytest.approx(1.0, abs=0.1)
    assert found["luma_noise_enlarged"] < found["luma_noise"]
    assert set(artefacts.faults(source, target, source).values()) == {0.0}


def test_images_without_an_interior_have_no_borders(source, target):
    small = [x[..., :48, :48].contiguous() for x in (source, target)]
    names = {item.name for item in artefacts.measure(same, *small, small[0])}
    assert "border_activity" not in names
    assert {"chroma_noise", "luma_noise", "flat_deviation", "ramp_line", "mean_color"} <= names
    assert "border_activity" not in artefacts.faults(*small, small[0])


def lined(images):
    spoilt = images.clone()
    spoilt[..., 8:14:2] += 0.8
    return spoilt.clamp(-1.0, 1.0)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda x: confetti(x, 0.4), {"chroma_noise"}),
        (lambda x: noise(x, 0.2), {"chroma_noise", "luma_noise"}),
        (lambda x: blur(x, 1.5), {"chroma_noise", "luma_noise"}),
        (lambda x: 0.5 * x, {"contrast", "chroma_noise", "luma_noise"}),
        (lined, {"border_activity"}),
    ],
    ids=["confetti", "noise", "blur", "pale", "line"],
)
def test_each_fault_is_outside_of_its_bounds(source, target, spoil, fault):
    found = artefacts.faults(source, target, spoil(source))
    assert fault <= {name for name, value in found.items() if value > 0.1}
    if fault == {"chroma_noise"}:
        assert found["luma_noise"] == found["border_activity"] == found["contrast"] == 0.0


def test_how_far_outside_is_counted_in_doublings():
    assert artefacts._outside(1.0, 0.5, 1.25) == 0.0
    assert artefacts._outside(2.5, 0.5, 1.25) == pytest.approx(1.0)
    assert artefacts._outside(0.125, 0.5, 1.25) == pytest.approx(2.0)
    assert artefacts._outside(0.0, 0.5, 1.25) == 8.0


def test_a_translator_that_leaves_a_pattern_on_flat_colours_is_found(source, target):
    def striped(images):
        spoilt = images.clone()
        spoilt[..., ::2] += 0.1
        return spoilt.clamp(-1.0, 1.0)

    found = {item.name: item.value for item in artefacts.measure(striped, source, target, striped(source))}
    assert found["flat_deviation"] > 3.0
    assert found["ramp_line"] > 2.0
