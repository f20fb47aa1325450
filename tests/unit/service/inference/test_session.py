import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.external_data_helper import set_external_data

from service.errors import EngineError, PackageError, UnfitEngine
from service.inference import session as module
from service.inference.engine import OPENVINO, EngineSpec
from service.inference.selection import EngineRequest
from service.inference.session import Session, engine_version, resolve_engine
from tests import builders


def latents(count: int):
    return np.random.default_rng(0).normal(0, 1, (count, builders.Z_DIM)).astype(np.float32)


def test_a_session_reports_its_tensors_by_name():
    session = Session(builders.generator_graph(n_classes=3), 1)
    assert session.inputs == {"latents": ["N", 8], "classes": ["N", 3]}
    assert session.outputs == {"images": ["N", 1, 12, 12]}


def test_a_network_is_computed_as_numpy_computes_it():
    raw = builders.generator_graph()
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(raw).graph.initializer
    }
    expected = np.tanh(latents(5) @ weights["w"] + weights["b"]).reshape(5, 1, 12, 12)
    generated = Session(raw, 1).run({"latents": latents(5)})
    assert generated.dtype == np.float32
    np.testing.assert_allclose(generated, expected, atol=1e-5)


@pytest.mark.parametrize("raw", [b"", b"nonsense", builders.generator_graph()[:-300], builders.generator_graph()[:100]])
def test_what_is_no_network_is_a_broken_package(raw):
    with pytest.raises(PackageError):
        Session(raw, 1)


def test_weights_outside_the_file_are_refused():
    model = onnx.load_from_string(builders.generator_graph())
    set_external_data(model.graph.initializer[0], "/etc/passwd")
    with pytest.raises(PackageError, match="outside"):
        Session(model.SerializeToString(), 1)


@pytest.mark.parametrize(
    "inputs",
    [{}, {"latents": np.zeros((1, 9), np.float32)}, {"wrong": latents(1)}, {"latents": np.zeros((1, 8), np.float64)}],
)
def test_inputs_that_do_not_fit_are_an_engine_error(inputs):
    with pytest.raises(EngineError):
        Session(builders.generator_graph(), 1).run(inputs)


def test_the_engine_names_its_version():
    assert engine_version().startswith("onnxruntime-1.")


def test_a_session_is_onnxruntime_in_float32_unless_configured_otherwise():
    spec = Session(builders.generator_graph(), 1).spec
    assert (spec.engine, spec.precision, spec.buckets) == ("onnxruntime-cpu", "float32", ())


class FakeEngine:
    """onnxruntime's session, which notes what it was asked for, and the rows of its runs."""

    def __init__(self, model, options, providers, enable_fallback):
        assert enable_fallback == 0
        self.asked, self.options, self.rows = providers, options, []

    def get_providers(self):
        return [self.asked[0] if isinstance(self.asked[0], str) else self.asked[0][0]]

    def run(self, names, inputs, options):
        self.rows.append(len(inputs["latents"]))
        return [inputs["latents"] * 2]


@pytest.fixture
def fake(monkeypatch):
    made = []
    monkeypatch.setattr(
        module.ort, "InferenceSession", lambda *args, **kw: made.append(FakeEngine(*args, **kw)) or made[-1]
    )
    return made


def test_the_output_is_the_same_alone_and_beside_others():
    session = Session(builders.generator_graph(), 2, shared_threads=1)
    assert session.copies == 2
    generated = [session.run({"latents": latents(40)}, alone) for alone in (True, False)]
    np.testing.assert_array_equal(generated[0], generated[1])


def test_threads_that_wait_do_not_spin(fake):
    Session(b"", 2)
    options = fake[0].options
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_run_beside_others_has_threads_of_its_own(fake):
    session = Session(b"", 4, shared_threads=1)
    assert [made.options.intra_op_num_threads for made in fake] == [4, 1]
    assert session.copies == 2
    for alone in (True, False):
        session.run({"latents": latents(2)}, alone)
    assert [made.rows for made in fake] == [[2], [2]]


def test_a_network_is_held_once_if_its_threads_are_the_same_or_its_engine_divides_them_itself(fake):
    Session(b"", 1, shared_threads=1)
    Session(b"", 4, spec=EngineSpec("openvino-cpu", "bfloat16", (1,)), shared_threads=1)
    assert len(fake) == 2


@pytest.mark.parametrize(("buckets", "runs"), [((1,), [1, 1, 1]), ((2,), [2, 2]), ((), [3])])
def test_a_kind_with_buckets_of_its_own_runs_no_others(fake, buckets, runs):
    generated = Session(b"", 1, spec=EngineSpec("openvino-cpu", "bfloat16", buckets)).run({"latents": latents(3)})
    np.testing.assert_array_equal(generated, 2 * latents(3))
    assert fake[0].rows == runs


@pytest.mark.parametrize("engine", ["openvino-cpu", "onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_an_engine_that_silently_took_another_provider_is_refused(fake, monkeypatch, engine):
    monkeypatch.setattr(FakeEngine, "get_providers", lambda _self: ["CPUExecutionProvider"])
    with pytest.raises(UnfitEngine, match=f"{engine} cannot load"):
        Session(b"", 1, spec=EngineSpec(engine, "float32", (1,)))


def test_a_network_that_onnxruntime_itself_cannot_load_is_broken_and_no_matter_of_the_engine():
    with pytest.raises(PackageError) as raised:
        Session(b"nonsense", 1)
    assert not isinstance(raised.value, UnfitEngine)


needs_openvino = pytest.mark.skipif(
    OPENVINO not in onnxruntime.get_available_providers(),
    reason="onnxruntime-openvino is not installed: pip install '.[openvino]' in an environment of its own",
)


@needs_openvino
@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_openvino_generates_what_onnxruntime_generates_byte_equal_in_every_batch(precision):
    graph = builders.generator_graph()
    opened = Session(graph, 2, spec=resolve_engine(EngineRequest("openvino", precision)))
    generated = opened.run({"latents": latents(9)})
    np.testing.assert_allclose(generated, Session(graph, 1).run({"latents": latents(9)}), atol=0.03)
    for row in range(9):
        np.testing.assert_array_equal(opened.run({"latents": latents(9)[row : row + 1]})[0], generated[row])


@needs_openvino
def test_openvino_translates_any_size():
    opened = Session(
        builders.stylising_graph(), 1, any_size=True, spec=resolve_engine(EngineRequest("openvino", "float32"))
    )
    for sides in ((16, 24), (32, 8)):
        images = np.random.default_rng(0).uniform(-1, 1, (2, 3, *sides)).astype(np.float32)
        expected = Session(builders.stylising_graph(), 1).run({"images": images})
        np.testing.assert_allclose(opened.run({"images": images}), expected, atol=1e-4)
