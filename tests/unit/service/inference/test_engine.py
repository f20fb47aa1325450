import numpy as np
import pytest

from service.inference.engine import ONNXRUNTIME, EngineSpec, for_any_size, run_in_buckets


def doubling(sizes):
    def run(inputs):
        sizes.append(len(inputs["a"]))
        return inputs["a"] + inputs["b"]

    return run


def rows(count):
    return np.arange(2 * count, dtype=np.float32).reshape(count, 2)


@pytest.mark.parametrize("size", [1, 3, 4, 7])
@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_every_run_has_the_same_rows_and_a_row_its_own_result(size, count):
    sizes, a = [], rows(count)
    made = run_in_buckets(doubling(sizes), {"a": a, "b": 10 * a}, (size,))
    np.testing.assert_array_equal(made, 11 * a)
    assert sizes == [size] * -(-count // size)


@pytest.mark.parametrize(
    ("count", "runs"),
    [(1, [1]), (2, [2]), (3, [4]), (4, [4]), (5, [8]), (8, [8]), (9, [8, 1]), (15, [8, 8]), (19, [8, 8, 4])],
)
def test_of_several_buckets_the_smallest_that_holds_the_rows_is_run(count, runs):
    sizes, a = [], rows(count)
    made = run_in_buckets(doubling(sizes), {"a": a, "b": 10 * a}, (1, 2, 4, 8))
    np.testing.assert_array_equal(made, 11 * a)
    assert sizes == runs


EXACT = EngineSpec("onnxruntime-cuda", "float32", (8,))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ONNXRUNTIME, ONNXRUNTIME),
        (
            EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME),
            EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME),
        ),
        (EngineSpec("openvino-cpu", "bfloat16", ()), EngineSpec("openvino-cpu", "bfloat16", ())),
        (EXACT, EngineSpec("onnxruntime-cuda", "float32", (1,))),
        (EngineSpec("onnxruntime-cuda", "float32", (1, 2, 4)), EngineSpec("onnxruntime-cuda", "float32", ())),
        (
            EngineSpec("onnxruntime-tensorrt", "tf32", (8,), EXACT),
            EngineSpec("onnxruntime-cuda", "tf32", (1,), EngineSpec("onnxruntime-cuda", "float32", (1,))),
        ),
    ],
)
def test_images_of_any_size_go_one_by_one_and_never_through_tensorrt(spec, expected):
    assert for_any_size(spec) == expected
