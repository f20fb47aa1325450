from itertools import count

import numpy as np
import pytest

from tests import builders
from training.evaluate.samples import SampleBatch
from training.loop import alarms as watch
from training.loop.alarms import Watch

TOTAL = 40_000
WARM = 2_000


def images(n, seed=0):
    """(n, 1, 28, 28) in [-1, 1], ten kinds."""
    pixels, labels = builders.digits(n, seed)
    return pixels[:, None].astype(np.float32) / 127.5 - 1.0, labels.astype(np.int64)


def seen(samples, classes=None, **given):
    return SampleBatch(samples.astype(np.float32), images(256, seed=1)[0], classes=classes, n_classes=10, **given)


GOOD, LABELS = images(64)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(0.0, 0.02, GOOD.shape)
COLOURED = RNG.uniform(-1.0, 1.0, (12, 3, 16, 16))


def raised(*views, begin=WARM):
    """What is raised when these are seen one after the other."""
    watching = Watch(TOTAL)
    return [
        (alarm.subject, alarm.over)
        for step, view in zip(count(begin, 500), views, strict=False)
        for alarm in watching.images(step, {"": view})
    ]


@pytest.mark.parametrize(
    ("bad", "subject"),
    [
        (seen(np.clip(GOOD[:1] + NOISE, -1, 1)), "collapse"),
        (seen(np.clip(GOOD[np.arange(64) % 4] + NOISE, -1, 1)), "collapse"),
        (seen(GOOD, classes=LABELS % 3), "classes"),
        (seen(-GOOD), "inverted"),
        (seen(np.full_like(GOOD, -1.0)), "empty"),
        (seen(np.full_like(GOOD, 0.3)), "empty"),
        (seen(np.where(GOOD > 0, np.nan, GOOD)), "finite"),
    ],
    ids=["one image", "four images", "three classes", "negatives", "black", "grey", "nan"],
)
def test_each_failure_raises_its_alarm_once_and_says_when_it_is_over(bad, subject):
    good = seen(GOOD, classes=LABELS)
    assert raised(good, bad, bad, good, good) == [(subject, False), (subject, True)]


def test_good_samples_raise_nothing_at_any_time():
    views = [seen(images(64, seed)[0], classes=images(64, seed)[1]) for seed in range(2, 12)]
    assert raised(*views, begin=0) == []


def test_nothing_but_broken_numbers_is_raised_while_a_run_warms_up():
    bad = [seen(GOOD[:1] + 0 * GOOD, classes=0 * LABELS), seen(-GOOD), seen(np.full_like(GOOD, -1.0))]
    assert raised(*bad, begin=0) == []
    assert raised(seen(np.full_like(GOOD, np.nan)), begin=0) == [("finite", False)]


def test_an_alarm_says_what_was_seen_and_what_to_do():
    (alarm,) = Watch(TOTAL).images(WARM, {"A2B": seen(-GOOD)})
    assert alarm.subject == "inverted A2B"
    assert "correlation of -0.9" in alarm.sentence
    assert "(A2B): start anew with another --seed" in alarm.sentence


def test_translations_are_held_against_their_pairs():
    """The mean image of a few unlike ones says nothing; each one beside its pair does."""
    real = np.flip(COLOURED, 0)
    assert raised(seen(0.8 * COLOURED, pairs=COLOURED)) == []
    watching = Watch(TOTAL)
    view = SampleBatch(-0.8 * COLOURED, real, pairs=COLOURED)
    assert [alarm.subject for alarm in watching.images(WARM, {"B2A": view})] == ["inverted B2A"]


def test_a_resumed_run_goes_on_with_its_open_alarms():
    watching = Watch(TOTAL, is_open=["inverted"])
    assert watching.images(WARM, {"": seen(-GOOD)}) == []
    (alarm,) = watching.images(WARM, {"": seen(GOOD)})
    assert alarm.over


def margins(values, begin=WARM, every=50):
    watching = Watch(TOTAL)
    return [
        (alarm.subject, alarm.over)
        for step, value in zip(count(begin, every), values, strict=False)
        for alarm in watching.losses(step, {"discriminator": value})
    ]


def test_a_discriminator_that_has_won_for_long_raises_an_alarm():
    subject = "margin discriminator"
    assert margins([0.99] * 30 + [0.5] * 30) == [(subject, False), (subject, True)]


def test_a_discriminator_that_wins_for_a_moment_raises_none():
    assert margins(([0.99] * 5 + [0.2] * 5) * 20) == []
    assert margins([0.99] * 30, begin=0) == []


def snapshots(pairs, begin=WARM):
    watching = Watch(TOTAL)
    found = (watching.snapshot(step, *pair) for step, pair in zip(count(begin, 1_000), pairs, strict=False))
    return [(alarm.subject, alarm.over) for alarms in found for alarm in alarms]


def test_an_estimate_that_grows_while_samples_do_not_improve_raises_an_alarm():
    growing = [(1.0, 50.0), (1.2, 51.0), (1.5, 52.0), (2.0, 53.0), (1.8, 40.0)]
    assert snapshots(growing) == [("estimate", False), ("estimate", True)]


def test_an_estimate_may_grow_while_samples_improve():
    assert snapshots([(1.0, 50.0), (1.2, 45.0), (1.5, 40.0), (2.0, 30.0)]) == []
    assert snapshots([(2.0, 50.0), (1.5, 52.0), (1.2, 53.0), (1.0, 54.0)]) == []


def test_a_constant_image_has_no_correlation():
    assert watch.inverted(seen(np.zeros_like(GOOD))).is_bad is False
