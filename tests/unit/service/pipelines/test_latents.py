import base64
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.errors import Invalid
from service.pipelines import latents

quick = settings(deadline=None, max_examples=60)
seeds = st.integers(0, latents.SEED_LIMIT - 1)
shares = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5)


def vectors(limit: float = 100.0, dim: int = 5):
    return arrays(np.float32, dim, elements=st.floats(-limit, limit, width=32))


def words_as_uniforms(seed: int, stream: int, count: int) -> list[float]:
    """Philox's raw words, which NumPy guarantees to be stable, computed in plain Python."""
    words = np.random.Philox(key=np.array([seed, stream], np.uint64)).random_raw(count)
    return [(int(word) >> 11) / 2**53 for word in words]


@quick
@given(seeds, st.integers(1, 33))
def test_a_normal_latent_is_box_and_muller_of_philox_words(seed, dim):
    uniforms = words_as_uniforms(seed, 0, dim + dim % 2)
    expected = []
    for u, v in zip(uniforms[::2], uniforms[1::2], strict=True):
        radius = math.sqrt(-2.0 * math.log(1.0 - u))
        expected += [radius * math.cos(2.0 * math.pi * v), radius * math.sin(2.0 * math.pi * v)]
    generated = latents.draw(seed, dim, "normal")
    assert generated.dtype == np.float32
    np.testing.assert_allclose(generated, expected[:dim], rtol=1e-6, atol=1e-12)


@quick
@given(seeds, st.integers(1, 33))
def test_a_uniform_latent_is_philox_words_between_minus_one_and_one(seed, dim):
    expected = [2.0 * u - 1.0 for u in words_as_uniforms(seed, 0, dim)]
    np.testing.assert_array_equal(latents.draw(seed, dim, "uniform"), np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, [0.0080886954, 0.15219213, -0.446809751, -0.191403808]),
        (1, [0.494387744, -0.692207411, 0.571593842, 0.113161183]),
        (42, [0.69011144, 1.71917012, -1.58588303, 1.23683028]),
        (2**53, [0.445879518, 0.100929061, 1.64764777, -0.5566949]),
        (2**63 - 1, [0.950719838, 2.073233, -1.38467395, 0.118062429]),
    ],
)
def test_the_stream_of_a_seed_never_changes(seed, expected):
    np.testing.assert_allclose(latents.draw(seed, 4, "normal"), expected, rtol=1e-6)


def test_the_uniform_stream_of_a_seed_never_changes():
    np.testing.assert_allclose(latents.draw(42, 3, "uniform"), [0.640396296, -0.621508752, 0.73532163], rtol=1e-6)


def test_the_class_of_a_seed_never_changes():
    assert [latents.draw_class(seed, 10) for seed in range(10)] == [8, 0, 5, 7, 9, 7, 4, 8, 6, 1]


def test_a_longer_latent_begins_like_a_shorter_one():
    np.testing.assert_array_equal(latents.draw(3, 101, "normal")[:100], latents.draw(3, 100, "normal"))


def test_latents_are_standard_normal():
    values = np.concatenate([latents.draw(seed, 1000, "normal") for seed in range(50)])
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1.0) < 0.02
    assert abs((np.abs(values) < 1.0).mean() - 0.6827) < 0.01


def test_classes_are_equally_frequent():
    counts = np.bincount([latents.draw_class(seed, 4) for seed in range(2000)], minlength=4)
    assert counts.min() > 420


@quick
@given(seeds)
def test_latent_class_and_jitter_come_from_streams_of_their_own(seed):
    latent = latents.draw(seed, 64, "uniform").astype(np.float64)
    noise = latents.jitter(seed, 1, 64, 1.0)[0]
    assert abs(np.corrcoef(latent, noise)[0, 1]) < 0.7
    assert np.isin(latent, noise.astype(np.float32)).sum() < 3  # two of 64 float32 numbers may be equal by chance
    assert latents.draw_class(seed, 1000) == int(words_as_uniforms(seed, 1, 1)[0] * 1000)


@quick
@given(seeds, st.floats(0.0, 2.0))
def test_jitter_stays_within_its_width(seed, width):
    noise = latents.jitter(seed, 3, 7, width)
    assert noise.shape == (3, 7)
    assert np.abs(noise).max() <= width


def test_fewer_variations_are_the_first_of_more():
    np.testing.assert_array_equal(latents.jitter(5, 2, 8, 0.25), latents.jitter(5, 9, 8, 0.25)[:2])


def test_random_seeds_fit_a_javascript_number():
    generated = {latents.random_seed() for _ in range(100)}
    assert len(generated) == 100
    assert max(generated) < 2**53


@quick
@given(vectors(2.0**126), vectors(2.0**126))
def test_lerp_meets_both_ends_exactly(start, end):
    first, last = latents.lerp(start, end, [0.0, 1.0])
    np.testing.assert_array_equal(first, start)
    np.testing.assert_array_equal(last, end)


@quick
@given(vectors(), vectors(), shares)
def test_lerp_stays_between_its_ends(start, end, at):
    points = latents.lerp(start, end, at)
    slack = 1e-5 * (np.abs(start) + np.abs(end))
    assert np.all(points >= np.minimum(start, end) - slack)
    assert np.all(points <= np.maximum(start, end) + slack)


@quick
@given(seeds, seeds, st.floats(1e-3, 1e3))
def test_slerp_meets_both_ends_to_the_bit(a, b, scale):
    start, end = latents.draw(a, 8, "normal"), latents.draw(b, 8, "normal") * np.float32(scale)
    first, last = latents.slerp(start, end, [0.0, 1.0])
    assert first.tobytes() == start.tobytes()
    assert last.tobytes() == end.tobytes()


@quick
@given(seeds, seeds, st.floats(1e-3, 1e3), shares)
def test_slerp_blends_the_norms(a, b, scale, at):
    start, end = latents.draw(a, 8, "normal"), latents.draw(b, 8, "normal") * np.float32(scale)
    norms = np.linalg.norm(latents.slerp(start, end, at).astype(np.float64), axis=1)
    t = np.array(at)
    expected = (1 - t) * np.linalg.norm(start.astype(np.float64)) + t * np.linalg.norm(end.astype(np.float64))
    np.testing.assert_allclose(norms, expected, rtol=1e-5)


def test_slerp_turns_the_direction_evenly():
    start, end = np.array([2, 0], np.float32), np.array([0, 2], np.float32)
    points = latents.slerp(start, end, [index / 6 for index in range(7)])
    np.testing.assert_allclose(np.degrees(np.arctan2(points[:, 1], points[:, 0])), np.arange(0, 91, 15), atol=1e-4)


def test_slerp_between_equal_latents_stays_there():
    point = latents.draw(1, 8, "normal")
    np.testing.assert_allclose(latents.slerp(point, point, [0.0, 0.3, 1.0]), [point] * 3, rtol=1e-6)


def test_slerp_between_latents_almost_equal_is_smooth():
    start = latents.draw(1, 8, "normal")
    end = start + np.float32(1e-6)
    points = latents.slerp(start, end, [index / 10 for index in range(11)])
    np.testing.assert_allclose(points, np.linspace(start, end, 11), atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e30])
def test_slerp_between_opposite_latents_is_undefined(scale):
    point = latents.draw(1, 8, "normal") * np.float32(scale)
    with pytest.raises(Invalid, match="opposite"):
        latents.slerp(point, -point, [0.5])


@pytest.mark.parametrize("order", [1, -1])
def test_slerp_from_or_to_zero_is_undefined(order):
    ends = [np.zeros(8, np.float32), latents.draw(1, 8, "normal")][::order]
    with pytest.raises(Invalid, match="zero"):
        latents.slerp(*ends, [0.5])


def test_slerp_of_huge_latents_is_finite_or_refused():
    start, end = np.array([3e38, 3e38], np.float32), np.array([3e38, -3e38], np.float32)
    with pytest.raises(Invalid, match="range"):
        latents.slerp(start, end, [0.5])
    small = latents.slerp(start / np.float32(4), end / np.float32(4), [0.5])
    assert np.isfinite(small).all()


@quick
@given(st.lists(vectors(), min_size=1, max_size=6))
def test_the_mean_does_not_depend_on_the_order(many):
    np.testing.assert_allclose(latents.mean(many), latents.mean(many[::-1]), rtol=1e-6, atol=1e-6)


def test_the_mean_of_one_latent_is_itself():
    point = latents.draw(9, 8, "normal")
    assert latents.mean([point]).tobytes() == point.tobytes()


def test_the_mean_of_huge_latents_does_not_overflow():
    np.testing.assert_array_equal(latents.mean([np.full(3, 3e38, np.float32)] * 4), np.full(3, 3e38, np.float32))


@quick
@given(vectors(), vectors())
def test_a_plus_b_minus_b_is_a(a, b):
    np.testing.assert_allclose(latents.combine([(1.0, a), (1.0, b), (-1.0, b)]), a, rtol=1e-6, atol=1e-12)


def test_nothing_is_renormalised():
    point = latents.draw(2, 8, "normal")
    np.testing.assert_allclose(latents.combine([(2.5, point)]), 2.5 * point, rtol=1e-6)


def test_a_sum_beyond_float32_is_refused():
    with pytest.raises(Invalid, match="range"):
        latents.finite(latents.combine([(100.0, np.full(3, 1e38, np.float32))]))


@quick
@given(arrays(np.float32, st.integers(1, 20), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_a_token_comes_back_to_the_bit(latent):
    token = latents.to_token(latent)
    padded = token + "=" * (-len(token) % 4)
    for text in (token, padded):
        assert latents.from_token(text, len(latent)).tobytes() == latent.tobytes()


def test_a_token_is_base64url_of_little_endian_float32():
    token = base64.urlsafe_b64encode(np.array([1.5, -2.0], "<f4").tobytes()).decode()
    np.testing.assert_array_equal(latents.from_token(token, 2), [1.5, -2.0])
    assert latents.to_token(np.array([1.5, -2.0], np.float32)) == token.rstrip("=")


@quick
@given(st.text(max_size=40))
def test_any_text_is_a_token_or_refused(text):
    try:
        latent = latents.from_token(text, 3)
    except Invalid:
        return
    assert latent.shape == (3,)
    assert np.isfinite(latent).all()


@pytest.mark.parametrize(
    "token",
    [
        "", "====", "!!!!", "A" * 5, "AAAA", "é" * 16, "AAAA AAAAAAAAAAA", "AAAAAAAAAAA+AAAAA/==", "\ud800",
        latents.to_token(np.array([1, np.nan, 1], np.float32)), latents.to_token(np.array([1, 1, np.inf], np.float32)),
    ],
)  # fmt: skip
def test_a_bad_token_is_refused(token):
    with pytest.raises(Invalid):
        latents.from_token(token, 3)
