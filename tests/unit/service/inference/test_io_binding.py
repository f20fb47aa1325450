import gc
import threading

import numpy as np
import onnxruntime as ort
import pytest

from service.inference.io_binding import Buckets, Loose
from tests import builders


def opened(graph):
    return ort.InferenceSession(graph, providers=["CPUExecutionProvider"])


def options(_rows=None):
    return ort.RunOptions()


def latents(count, seed=0):
    return np.random.default_rng(seed).normal(0, 1, (count, builders.Z_DIM)).astype(np.float32)


def classes(count):
    return np.eye(builders.N_CLASSES, dtype=np.float32)[np.arange(count) % builders.N_CLASSES]


def test_a_bucket_gives_what_a_run_without_binding_gives():
    session = opened(builders.generator_graph(n_classes=builders.N_CLASSES))
    buckets = Buckets(session, "cpu", (1, 4), options)
    for count in (1, 4):
        fed = {"latents": latents(count), "classes": classes(count)}
        (expected,) = session.run(None, fed)
        np.testing.assert_array_equal(buckets.run(fed), expected)


def test_a_result_stays_when_the_buffers_are_used_again():
    session = opened(builders.generator_graph())
    buckets = Buckets(session, "cpu", (4,), options)
    first = buckets.run({"latents": latents(4)})
    saved = first.copy()
    second = buckets.run({"latents": latents(4, seed=1)})
    np.testing.assert_array_equal(first, saved)
    assert not np.array_equal(first, second)


def test_every_run_of_a_bucket_has_the_same_addresses():
    buckets = Buckets(opened(builders.generator_graph()), "cpu", (4,), options)
    (bucket,) = buckets._buckets.values()
    values = (*bucket._inputs.values(), bucket._output)
    before = [value.data_ptr() for value in values]
    for seed in range(3):
        buckets.run({"latents": latents(4, seed)})
    assert [value.data_ptr() for value in values] == before


def test_each_bucket_is_run_with_options_of_its_own_and_once_before_it_is_needed(monkeypatch):
    asked, ran = [], []

    def noted(rows):
        asked.append(rows)
        return ort.RunOptions()

    run = ort.InferenceSession.run_with_iobinding
    monkeypatch.setattr(
        ort.InferenceSession, "run_with_iobinding", lambda self, *rest: ran.append(rest[1]) or run(self, *rest)
    )
    Buckets(opened(builders.generator_graph()), "cpu", (1, 2, 4), noted)
    assert asked == [1, 2, 4]
    assert len(set(map(id, ran))) == 3


@pytest.mark.parametrize(
    "fed",
    [
        {"latents": latents(3)},
        {"latents": latents(4)[:, :5]},
        {"latents": latents(4).astype(np.float64)},
        {"latents": latents(4).reshape(4, 4, 2)},
        {"wrong": latents(4)},
        {"latents": latents(4), "classes": classes(4)},
    ],
)
def test_inputs_that_are_not_the_bucket_s_are_refused(fed):
    buckets = Buckets(opened(builders.generator_graph()), "cpu", (4,), options)
    with pytest.raises(ValueError, match=r"inputs are|no bucket of 3 rows"):
        buckets.run(fed)


def test_images_of_any_size_have_no_buckets():
    with pytest.raises(ValueError, match="more than one dynamic axis"):
        Buckets(opened(builders.affine_graph(2.0, 0.1)), "cpu", (1,), options)


@pytest.mark.parametrize("sides", [(5, 9), (17, 3), (64, 64)])
def test_loose_buffers_take_odd_sizes(sides):
    session = opened(builders.stylising_graph())
    images = np.random.default_rng(0).uniform(-1, 1, (2, 3, *sides)).astype(np.float32)
    (expected,) = session.run(None, {"images": images})
    loose = Loose(session, options)
    np.testing.assert_array_equal(loose.run({"images": images}), expected)
    np.testing.assert_array_equal(loose.run({"images": images[:, :, :, ::-1]}), session.run(None, {
        "images": np.ascontiguousarray(images[:, :, :, ::-1])})[0])  # fmt: skip


def test_a_loose_result_outlives_its_binding():
    images = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    made = Loose(opened(builders.affine_graph(2.0, 0.0)), options).run({"images": images})
    gc.collect()
    np.testing.assert_array_equal(made, 2 * images)


def test_loose_buffers_may_be_used_by_several_threads():
    loose, equal = Loose(opened(builders.affine_graph(2.0, 0.0)), options), []

    def work(seed):
        images = np.random.default_rng(seed).uniform(-1, 1, (1, 3, 8 + seed, 8)).astype(np.float32)
        equal.extend(np.array_equal(loose.run({"images": images}), 2 * images) for _ in range(20))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert equal == [True] * 80
