from pathlib import Path

import numpy as np
import pytest

from service.engines import ONNXRUNTIME, OPENVINO, Kind, choose, has_bfloat16, in_buckets

BOTH = [OPENVINO, "CPUExecutionProvider"]
CPU = ["CPUExecutionProvider"]
BFLOAT16 = Kind("openvino-cpu", "bfloat16", 1)
FLOAT32 = Kind("openvino-cpu", "float32", 1)


@pytest.mark.parametrize(
    ("engine", "precision", "providers", "has", "expected"),
    [
        ("auto", "auto", CPU, True, ONNXRUNTIME),
        ("auto", "auto", BOTH, True, BFLOAT16),
        ("auto", "auto", BOTH, False, ONNXRUNTIME),
        ("auto", "float32", BOTH, True, ONNXRUNTIME),
        ("auto", "bfloat16", BOTH, True, BFLOAT16),
        ("onnxruntime", "auto", BOTH, True, ONNXRUNTIME),
        ("openvino", "auto", BOTH, True, BFLOAT16),
        ("openvino", "auto", BOTH, False, FLOAT32),
        ("openvino", "float32", BOTH, True, FLOAT32),
    ],
)
def test_auto_takes_openvino_where_it_is_installed_and_bfloat16_may_be_used(
    engine, precision, providers, has, expected
):
    assert choose(engine, precision, False, providers, has) == expected


@pytest.mark.parametrize(
    ("engine", "precision", "providers", "has", "says"),
    [
        ("openvino", "auto", CPU, True, "GANVAS_ENGINE: openvino is not installed"),
        ("auto", "bfloat16", CPU, True, "GANVAS_PRECISION: bfloat16 needs OpenVINO"),
        ("onnxruntime", "bfloat16", BOTH, True, "GANVAS_PRECISION: bfloat16 needs OpenVINO"),
        ("openvino", "bfloat16", BOTH, False, "this processor has no bfloat16"),
    ],
)
def test_what_cannot_be_had_is_refused_by_the_setting_s_name(engine, precision, providers, has, says):
    with pytest.raises(ValueError, match=says):
        choose(engine, precision, False, providers, has)


def test_equal_bytes_in_every_batch_can_be_given_up():
    assert choose("auto", "auto", True, BOTH, True).rows is None


@pytest.mark.parametrize(
    ("flags", "expected"), [("fpu avx512_bf16 sse", True), ("amx_bf16", True), ("fpu avx512f", False), ("", False)]
)
def test_the_processor_says_whether_it_has_bfloat16(tmp_path, flags, expected):
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    assert has_bfloat16(info) == expected


def test_a_system_without_cpuinfo_has_no_bfloat16():
    assert not has_bfloat16(Path("/nowhere/cpuinfo"))


@pytest.mark.parametrize("rows", [1, 3, 4, 7])
@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_every_run_has_the_same_rows_and_a_row_its_own_result(rows, count):
    sizes = []

    def run(inputs):
        sizes.append(len(inputs["a"]))
        return inputs["a"] + inputs["b"]

    a = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    made = in_buckets(run, {"a": a, "b": 10 * a}, rows)
    np.testing.assert_array_equal(made, 11 * a)
    assert sizes == [rows] * -(-count // rows)
