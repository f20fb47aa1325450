"""What a session does on a GPU: with buffers in CPU memory everywhere, and on the device if there is one."""

import gc
import threading
import weakref

import numpy as np
import onnxruntime
import pytest

from service.errors import EngineError, UnfitEngine
from service.inference import gpu
from service.inference import session as module
from service.inference.engine import CUDA, EngineSpec
from service.inference.selection import EngineRequest
from service.inference.session import Session, may_start_gpu, resolve_engine
from tests import builders

FIXED = EngineSpec("onnxruntime-cuda", "float32", (4,))
SEVERAL = EngineSpec("onnxruntime-cuda", "float32", (1, 2, 4))


def latents(count):
    return np.random.default_rng(0).normal(0, 1, (count, builders.Z_DIM)).astype(np.float32)


Real = onnxruntime.InferenceSession


class Pretending(Real):
    """A session on the processor that says it were on a GPU, and notes the graphs that its runs name."""

    def __init__(self, model, options, providers, enable_fallback):
        super().__init__(model, options, providers=["CPUExecutionProvider"])
        self.asked, self.deterministic = providers, options.use_deterministic_compute
        self.graphs, self.threads = [], set()
        made.append(weakref.ref(self))

    def get_providers(self):
        return [name for name, _ in self.asked]

    def run_with_iobinding(self, iobinding, run_options=None):
        self.threads.add(threading.current_thread().name)
        try:
            self.graphs.append(run_options.get_run_config_entry("gpu_graph_id"))
        except RuntimeError:  # it names none
            self.graphs.append(None)
        super().run_with_iobinding(iobinding, run_options)


made: list[weakref.ref[Pretending]] = []


@pytest.fixture
def on_processor(monkeypatch):
    made.clear()
    monkeypatch.setattr(gpu, "NAME", "cpu")
    monkeypatch.setattr(module.ort, "InferenceSession", Pretending)


def made_session():
    return made[-1]()


def plain(graph, **inputs):
    (output,) = Real(graph, providers=["CPUExecutionProvider"]).run(None, inputs)
    return output


@pytest.mark.parametrize("count", [1, 3, 4, 9])
@pytest.mark.parametrize("spec", [FIXED, SEVERAL])
def test_rows_come_out_as_without_buckets(on_processor, spec, count):
    graph = builders.generator_graph()
    generated = Session(graph, 1, spec=spec).run({"latents": latents(count)})
    np.testing.assert_allclose(generated, plain(graph, latents=latents(count)), atol=1e-6)


def test_each_bucket_has_a_graph_that_is_captured_before_it_is_requested(on_processor):
    session = Session(builders.generator_graph(), 1, spec=SEVERAL)
    assert made_session().graphs == ["1", "2", "4"]
    session.run({"latents": latents(7)})
    assert made_session().graphs[3:] == ["4", "4"]
    assert made_session().deterministic


def test_one_thread_loads_runs_and_lets_go_whoever_asks(on_processor):
    graph = builders.generator_graph()
    opened, equal = [Session(graph, 1, spec=FIXED)], []
    expected = plain(graph, latents=latents(4))

    def work(row):
        for _ in range(20):
            generated = opened[0].run({"latents": latents(4)[row : row + 1]})[0]
            equal.append(np.array_equal(generated, alone[row]))

    alone = [opened[0].run({"latents": latents(4)[row : row + 1]})[0] for row in range(4)]
    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert equal == [True] * 80
    np.testing.assert_allclose(np.stack(alone), expected, atol=1e-6)
    assert len(made_session().threads) == 1
    opened.clear()
    gc.collect()
    gpu.call(gc.collect)
    assert made_session() is None


def test_inputs_that_do_not_fit_are_an_engine_error(on_processor):
    session = Session(builders.generator_graph(), 1, spec=FIXED)
    for fed in ({"wrong": latents(1)}, {"latents": np.zeros((1, 9), np.float32)}, {"latents": np.zeros((1, 8))}):
        with pytest.raises(EngineError):
            session.run(fed)


def test_a_network_with_other_dynamic_axes_is_not_for_this_engine(on_processor):
    with pytest.raises(UnfitEngine, match=r"onnxruntime-cuda cannot run the network: .* more than one dynamic axis"):
        Session(builders.affine_graph(2.0, 0.0), 1, spec=FIXED)


def test_images_of_any_size_are_bound_for_each_run_and_the_arena_shrinks(on_processor, monkeypatch):
    entries = []

    def noted(spec, any_size, rows=None):
        entries.append((spec.engine, any_size, rows))
        return {
            "memory.enable_memory_arena_shrinkage": "cpu:0",
        }

    monkeypatch.setattr(module, "run_entries", noted)
    session = Session(
        builders.stylising_graph(), 1, any_size=True, spec=EngineSpec("onnxruntime-cuda", "float32", (1,))
    )
    for sides in ((16, 24), (9, 7)):
        images = np.random.default_rng(0).uniform(-1, 1, (2, 3, *sides)).astype(np.float32)
        generated = session.run({"images": images})
        np.testing.assert_allclose(generated, plain(builders.stylising_graph(), images=images), atol=1e-5)
    assert set(entries) == {("onnxruntime-cuda", True, None)}
    assert len(made_session().graphs) == 4  # a row each


def test_a_folder_is_made_for_what_tensorrt_compiles(on_processor, tmp_path):
    spec = EngineSpec("onnxruntime-tensorrt", "tf32", (4,), cache_dir=tmp_path / "a" / "b")
    session = Session(builders.generator_graph(), 1, spec=spec)
    assert session.run({"latents": latents(5)}).shape == (5, 1, 12, 12)
    assert made_session().graphs == [None] * 3
    assert (tmp_path / "a" / "b").is_dir()


def test_a_gpu_is_tried_only_if_one_may_start(monkeypatch):
    monkeypatch.setattr(module.ort, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])
    assert [may_start_gpu(EngineRequest(engine)) for engine in ("auto", "cuda", "onnxruntime")] == [True, True, False]
    monkeypatch.setattr(module.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert not may_start_gpu(EngineRequest())


needs_cuda = pytest.mark.skipif(
    CUDA not in onnxruntime.get_available_providers() or gpu.why_not(CUDA) is not None,
    reason="no GPU starts: it needs onnxruntime-gpu[cuda,cudnn] in place of onnxruntime, and NVIDIA's driver",
)


@needs_cuda
@pytest.mark.parametrize("any_batch", [False, True])
def test_cuda_generates_what_the_cpu_generates(any_batch):
    graph = builders.generator_graph()
    opened = Session(graph, 2, spec=resolve_engine(EngineRequest("cuda", any_batch=any_batch)))
    for count in (1, 2, 3, 8, 16, 21):
        generated = opened.run({"latents": latents(count)})
        np.testing.assert_allclose(generated, Session(graph, 1).run({"latents": latents(count)}), atol=1e-4)


@needs_cuda
def test_cuda_generates_a_row_byte_equal_in_every_batch_at_every_place_and_after_a_restart():
    graph = builders.generator_graph()
    generated = Session(graph, 2, spec=resolve_engine(EngineRequest("cuda"))).run({"latents": latents(11)})
    again = Session(graph, 2, spec=resolve_engine(EngineRequest("cuda")))
    for row in range(11):
        np.testing.assert_array_equal(again.run({"latents": latents(11)[row : row + 1]})[0], generated[row])


@needs_cuda
def test_cuda_translates_any_size():
    opened = Session(builders.stylising_graph(), 1, any_size=True, spec=EngineSpec("onnxruntime-cuda", "float32", (1,)))
    for sides in ((16, 24), (32, 8), (17, 9)):
        images = np.random.default_rng(0).uniform(-1, 1, (2, 3, *sides)).astype(np.float32)
        expected = Session(builders.stylising_graph(), 1).run({"images": images})
        np.testing.assert_allclose(opened.run({"images": images}), expected, atol=1e-3)
