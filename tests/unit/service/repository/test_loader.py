from types import SimpleNamespace

import numpy as np
import pytest

from service.errors import EngineError, PackageError, UnfitEngine
from service.imaging.pixels import to_uint8
from service.inference.batcher import Limits
from service.inference.engine import ONNXRUNTIME, EngineSpec, ExecutionConfig
from service.inference.session import Session
from service.repository import loader as module
from service.repository.loader import open_package, prove
from service.repository.manifest import Array, Golden
from service.telemetry.metrics import Metrics
from tests import builders

LOWER = EngineSpec("openvino-cpu", "bfloat16", (1,))
EXPECTED = np.full((1, 1, 40, 40), 100, np.uint8)


def golden() -> Golden:
    latents = np.zeros((1, 2), "<f4")
    return Golden(
        inputs={"latents": Array.pack("float32", latents.shape, latents.tobytes())},
        images=Array.pack("uint8", to_uint8(drawn()).shape, to_uint8(drawn()).tobytes()),
    )


def drawn(levels: int = 0, share: float = 1.0):
    """A picture that is off by so many levels in a share of its values."""
    pixels = EXPECTED.astype(np.float32)
    pixels.reshape(-1)[: round(share * pixels.size)] += levels
    return pixels / 127.5 - 1


def session(picture, spec):
    return SimpleNamespace(run=lambda _inputs, _alone: picture, spec=spec, copies=1)


@pytest.mark.parametrize(
    ("spec", "levels", "share"),
    [(ONNXRUNTIME, 0, 1), (ONNXRUNTIME, 1, 0.0007), (LOWER, 1, 1), (LOWER, 4, 0.1)],
)
def test_goldens_come_out_within_the_precision_s_tolerance(spec, levels, share):
    prove(session(drawn(levels, share), spec), (golden(),))


@pytest.mark.parametrize(
    ("spec", "levels", "share", "says"),
    [
        (ONNXRUNTIME, 1, 0.01, "1.00% of its values differ"),
        (ONNXRUNTIME, 2, 0.0007, "by up to 2 levels"),
        (LOWER, 2, 1, r"in bfloat16 it has 42.1 dB, below 45; GANVAS_PRECISION=auto"),
    ],
)
def test_goldens_that_are_too_far_off_break_the_package(spec, levels, share, says):
    with pytest.raises(PackageError, match=says):
        prove(session(drawn(levels, share), spec), (golden(),))


class Lossy(Session):
    """In another spec than ONNX Runtime's own it draws with an error, or does not draw at all."""

    error = 0.2
    opened: list[EngineSpec] = []  # noqa: RUF012  # emptied by the fixture

    def __init__(self, model, threads, any_size=False, spec=ONNXRUNTIME, _shared_threads=None):
        super().__init__(model, threads, any_size)
        self.spec = spec
        self.opened.append(spec)

    def run(self, inputs, alone=True):
        if self.spec.engine == "onnxruntime-cuda":
            raise EngineError("out of memory")
        lossy = self.spec.precision != "float32"
        return super()._run(inputs) + (self.error if lossy else 0.0)


@pytest.fixture
def lossy(monkeypatch):
    Lossy.opened.clear()
    monkeypatch.setattr(module, "Session", Lossy)
    monkeypatch.setattr(module, "_FEW_VALUES", 0)  # tiny networks stay with ONNX Runtime


def never_drawn() -> Golden:
    latents, pixels = np.zeros((1, builders.Z_DIM), "<f4"), np.zeros((1, builders.SIDE, builders.SIDE, 1), np.uint8)
    return Golden(
        inputs={"latents": Array.pack("float32", latents.shape, latents.tobytes())},
        images=Array.pack("uint8", pixels.shape, pixels.tobytes()),
    )


def opened(folder, spec):
    return open_package(folder, ExecutionConfig(1, 1, Limits(), spec), Metrics())


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME), "in bfloat16 it has"),
        (
            EngineSpec("openvino-cpu", "bfloat16", (1,), EngineSpec("openvino-cpu", "float32", (1,))),
            "in bfloat16 it has",
        ),
        (EngineSpec("onnxruntime-cuda", "float32", (8,), ONNXRUNTIME), "golden 0 cannot be run: out of memory"),
    ],
)
def test_a_package_that_comes_out_wrong_falls_back_and_the_log_says_so(tmp_path, lossy, caplog, spec, reason):
    model = opened(builders.write_package(tmp_path), spec)
    assert (model.engine, model.precision) == (spec.fallback.engine, "float32")
    (record,) = caplog.records
    assert (record.levelname, record.model, record.precision) == ("WARNING", "tiny@1", "float32")
    assert record.engine == spec.fallback.engine
    assert reason in record.reason


def test_a_model_that_fell_back_opens_again_as_it_was_proven(tmp_path, lossy):
    model = opened(builders.write_package(tmp_path), EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert {session.spec for session in model._load().values()} == {ONNXRUNTIME}


def test_translators_fall_back_too(tmp_path, lossy):
    folder = builders.write_translator(tmp_path, "days", builders.affine_graph(0.5, 0.1))
    spec = EngineSpec("onnxruntime-tensorrt", "tf32", (8,), EngineSpec("openvino-cpu", "float32", (8,)))
    model = opened(folder, spec)
    assert [spec.engine for spec in Lossy.opened] == ["onnxruntime-cuda", "openvino-cpu"]
    assert (model.engine, model.precision) == ("openvino-cpu", "float32")


@pytest.mark.parametrize("spec", [LOWER, EngineSpec("onnxruntime-cuda", "float32", (8,))])
def test_what_was_asked_for_by_name_does_not_fall_back(tmp_path, lossy, spec):
    with pytest.raises(UnfitEngine):
        opened(builders.write_package(tmp_path), spec)


def test_a_package_that_float32_does_not_draw_either_is_refused(tmp_path, lossy, caplog):
    folder = builders.write_package(tmp_path, goldens=(never_drawn(),))
    with pytest.raises(PackageError):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert len(caplog.records) == 1


def test_a_digest_that_differs_is_no_matter_of_the_engine(tmp_path, lossy, caplog):
    folder = builders.write_package(tmp_path)
    (folder / "generator.onnx").write_bytes(builders.generator_graph(seed=5))
    with pytest.raises(PackageError, match="has digest"):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert caplog.records == []


def test_a_small_network_that_does_not_come_out_has_nothing_to_fall_back_to(tmp_path, monkeypatch, caplog):
    folder = builders.write_package(tmp_path, goldens=(never_drawn(),))
    with pytest.raises(PackageError):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert caplog.records == []
