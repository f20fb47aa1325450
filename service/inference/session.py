"""One loaded network: bytes of an ONNX file in, arrays through it.

Only this module, `io_binding` and `gpu` import onnxruntime. Knows nothing about images, packages or HTTP.
"""

import hashlib
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from service.errors import EngineError, PackageError, UnfitEngine
from service.inference import gpu
from service.inference.engine import CUDA, ONNXRUNTIME, EngineSpec, run_in_buckets
from service.inference.io_binding import Buckets, Loose
from service.inference.providers import providers, run_entries
from service.inference.selection import EngineRequest, has_bfloat16, select_engine

Floats = NDArray[np.float32]

# A tensor stored outside the file has a protobuf entry with the key "location": these are its bytes. The service reads
# a network as one file with a known digest, and never another file through it.
_EXTERNAL_DATA = b"\x0a\x08location"


class Session:
    """A network, on the CPU or a GPU.

    Attributes:
        spec: the engine that runs it.
        copies: number of its copies in memory.
    """

    def __init__(
        self,
        model: bytes,
        threads: int,
        any_size: bool = False,
        spec: EngineSpec = ONNXRUNTIME,
        shared_threads: int | None = None,
    ) -> None:
        """Load a network.

        Args:
            model: a whole ONNX file.
            threads: of a run that is alone.
            any_size: whether it will run images of many sizes. Otherwise the engine keeps a memory plan per size, and
                the memory of the largest.
            spec: the engine.
            shared_threads: threads of a run that is not alone. If these are fewer and the engine is ONNX Runtime on the
                CPU, the network is held twice: a session's threads cannot be changed.

        Raises:
            PackageError: the engine cannot load the bytes.
        """
        if _EXTERNAL_DATA in model:
            raise PackageError("the network keeps weights outside its file, which a package may not")
        self.spec = spec
        self._options = _run_options(spec, any_size)
        self._held: list[Any]
        self.copies = 1
        if not spec.on_gpu:
            counts = {threads, shared_threads or threads} if spec == ONNXRUNTIME else {threads}
            self._held = [_open(model, count, any_size, spec) for count in sorted(counts, reverse=True)]
            self.copies = len(self._held)
            return
        self._held = gpu.call(_open_on_gpu, model, threads, any_size, spec)
        # Its memory is freed in the GPU's thread, like all other use of the GPU.
        weakref.finalize(self, gpu.later, self._held.clear).atexit = False

    @property
    def inputs(self) -> dict[str, list[Any]]:
        """Shape of each input by name; a dynamic axis is a string or None."""
        return {node.name: list(node.shape) for node in self._held[0].get_inputs()}

    @property
    def outputs(self) -> dict[str, list[Any]]:
        """Shape of each output by name; a dynamic axis is a string or None."""
        return {node.name: list(node.shape) for node in self._held[0].get_outputs()}

    def run(self, inputs: Mapping[str, Floats], alone: bool = True) -> Floats:
        """The network's first output; row i depends on row i of the inputs alone.

        Args:
            inputs: float32 arrays by input name, all with the same first axis.
            alone: whether no other run of this network is running or waiting. It does not change the output.

        Raises:
            EngineError: the engine failed.
        """
        if self.spec.buckets and inputs:
            return run_in_buckets(self._run, inputs, self.spec.buckets)
        return self._run(inputs, alone)

    def _run(self, inputs: Mapping[str, Floats], alone: bool = True) -> Floats:
        output: Floats
        try:
            if self.spec.on_gpu:
                output = gpu.call(self._held[1].run, inputs)
            else:
                (output,) = self._held[0 if alone else -1].run(None, dict(inputs), self._options)[:1]
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise EngineError(f"the engine failed: {_first_line(error)}") from error
        return output


def engine_version() -> str:
    """The engine's name and version, for ETags and cards."""
    return f"onnxruntime-{ort.__version__}"


def may_start_gpu(request: EngineRequest) -> bool:
    """Whether `chosen` will start a GPU to see whether it can."""
    return request.may_be_gpu and CUDA in ort.get_available_providers()


def resolve_engine(request: EngineRequest) -> EngineSpec:
    """The engine for generators and translators on this machine.

    Raises:
        ValueError: the choice cannot be had with what is installed, or on this machine.
    """
    return select_engine(request, ort.get_available_providers(), has_bfloat16(), gpu.why_not)


def _open(model: bytes, threads: int, any_size: bool, spec: EngineSpec) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait would take the cores from the other sessions and from the encoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = not any_size
    options.use_deterministic_compute = spec.on_gpu
    if spec.cache_dir is not None:
        spec.cache_dir.mkdir(parents=True, exist_ok=True)
    requested = providers(spec, threads, any_size, hashlib.sha256(model).hexdigest())
    failure = PackageError if spec == ONNXRUNTIME else UnfitEngine
    try:
        # Its own fallback is disabled: it would continue with another engine than model cards report.
        session = ort.InferenceSession(model, options, providers=requested, enable_fallback=0)
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise failure(f"the engine cannot load the network: {_first_line(error)}") from error
    # If the requested provider cannot start, onnxruntime silently uses its own.
    if spec.provider not in session.get_providers():
        raise failure(f"{spec.engine} cannot load the network")
    return session


def _open_on_gpu(model: bytes, threads: int, any_size: bool, spec: EngineSpec) -> list[Any]:
    """The session, and what runs it."""
    session = _open(model, threads, any_size, spec)
    if any_size or not spec.buckets:
        return [session, Loose(session, lambda _: _run_options(spec, any_size))]
    try:
        return [session, Buckets(session, gpu.NAME, spec.buckets, lambda rows: _run_options(spec, any_size, rows))]
    except Exception as error:  # onnxruntime's exceptions have no common base
        raise UnfitEngine(f"{spec.engine} cannot run the network: {_first_line(error)}") from error


def _run_options(spec: EngineSpec, any_size: bool, rows: int | None = None) -> ort.RunOptions:
    options = ort.RunOptions()
    for name, value in run_entries(spec, any_size, rows).items():
        options.add_run_config_entry(name, value)
    return options


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
