import numpy as np
import pytest

from service.errors import EngineError, PackageError, UnfitEngine
from service.inference.batch_queue import Limits
from service.inference.engine import ONNXRUNTIME, EngineSpec, ExecutionConfig
from service.inference.session import Session
from service.repository import loader as module
from service.repository.loader import open_package
from service.repository.manifest import Array, Golden
from service.telemetry.metrics import Metrics
from tests import builders


class Lossy(Session):
    """In another spec than ONNX Runtime's own its output has an error, or it fails."""

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


def unreachable_golden() -> Golden:
    latents, pixels = np.zeros((1, builders.Z_DIM), "<f4"), np.zeros((1, builders.SIDE, builders.SIDE, 1), np.uint8)
    return Golden(
        inputs={"latents": Array.pack("float32", latents.shape, latents.tobytes())},
        images=Array.pack("uint8", pixels.shape, pixels.tobytes()),
    )


def opened(folder, spec, **options):
    """The package; tiny networks run with `spec` too unless the options differ."""
    return open_package(folder, ExecutionConfig(1, 1, Limits(), spec), Metrics(), **{"max_small_values": 0, **options})


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME), "in bfloat16 its PSNR is"),
        (
            EngineSpec("openvino-cpu", "bfloat16", (1,), EngineSpec("openvino-cpu", "float32", (1,))),
            "in bfloat16 its PSNR is",
        ),
        (EngineSpec("onnxruntime-cuda", "float32", (8,), ONNXRUNTIME), "golden 0 cannot be run: out of memory"),
    ],
)
def test_a_package_that_is_not_reproduced_falls_back_and_the_reason_is_logged(tmp_path, lossy, caplog, spec, reason):
    model = opened(builders.write_package(tmp_path), spec)
    assert (model.engine, model.precision) == (spec.fallback.engine, "float32")
    (record,) = caplog.records
    assert (record.levelname, record.model, record.precision) == ("WARNING", "tiny@1", "float32")
    assert record.engine == spec.fallback.engine
    assert reason in record.reason


def test_a_model_that_fell_back_opens_again_as_it_was_verified(tmp_path, lossy):
    model = opened(builders.write_package(tmp_path), EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert {session.spec for session in model._load().values()} == {ONNXRUNTIME}


def test_translators_fall_back_too(tmp_path, lossy):
    folder = builders.write_translator(tmp_path, "days", builders.affine_graph(0.5, 0.1))
    spec = EngineSpec("onnxruntime-tensorrt", "tf32", (8,), EngineSpec("openvino-cpu", "float32", (8,)))
    model = opened(folder, spec)
    assert [spec.engine for spec in Lossy.opened] == ["onnxruntime-cuda", "openvino-cpu"]
    assert (model.engine, model.precision) == ("openvino-cpu", "float32")


@pytest.mark.parametrize(
    "spec", [EngineSpec("openvino-cpu", "bfloat16", (1,)), EngineSpec("onnxruntime-cuda", "float32", (8,))]
)
def test_what_was_requested_by_name_does_not_fall_back(tmp_path, lossy, spec):
    with pytest.raises(UnfitEngine):
        opened(builders.write_package(tmp_path), spec)


def test_a_package_that_float32_does_not_reproduce_either_is_refused(tmp_path, lossy, caplog):
    folder = builders.write_package(tmp_path, goldens=(unreachable_golden(),))
    with pytest.raises(PackageError):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert len(caplog.records) == 1


def test_a_digest_that_differs_does_not_depend_on_the_engine(tmp_path, lossy, caplog):
    folder = builders.write_package(tmp_path)
    (folder / "generator.onnx").write_bytes(builders.generator_graph(seed=5))
    with pytest.raises(PackageError, match="has digest"):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME))
    assert caplog.records == []


def test_a_small_network_that_is_not_reproduced_has_no_fallback(tmp_path, caplog):
    folder = builders.write_package(tmp_path, goldens=(unreachable_golden(),))
    with pytest.raises(PackageError):
        opened(folder, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME), max_small_values=4096)
    assert caplog.records == []
