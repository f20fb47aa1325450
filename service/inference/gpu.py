"""The GPU of this process: whether it starts, and the one thread that speaks to it.

One thread, because a CUDA graph belongs to the thread that captured it, and because a capture is spoilt by whatever any
other thread allocates meanwhile (`cudaStreamCaptureModeGlobal`). A GPU runs one batch after another in any case; what
is made of a batch is made in the threads that wait here.
"""

import contextlib
import ctypes
import importlib
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

import numpy as np
import onnxruntime as ort

from service.inference.engine import CUDA, TENSORRT

NAME = "cuda"  # as IO binding calls it
P = ParamSpec("P")
T = TypeVar("T")

# `y = x + x` of two float32: opset 13, IR version 8.
_DOUBLE = bytes.fromhex(
    "08083a350a0e0a01780a017812017922034164641201675a0f0a0178120a0a08080112040a020802620f0a01"
    "79120a0a08080112040a02080242040a00100d"
)


def call(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work gives, done in the device's thread.

    Raises:
        Exception: what the work raised.
    """
    return _thread().submit(work, *args, **kwargs).result()


def later(work: Callable[[], object]) -> None:
    """Does work in the device's thread, when it comes to it; not any more where the process ends."""
    with contextlib.suppress(RuntimeError):
        _thread().submit(work)


@cache
def why_not(provider: str) -> str | None:
    """Why CUDA's or TensorRT's provider does not start in this process, in one clause; None where it does.

    It is asked to compute something: that a provider is installed says nothing of drivers, libraries and devices.
    """
    return _without_driver() or call(_without_provider, provider)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="gpu")


def _without_driver() -> str | None:
    """Why there is no device, asked of the driver itself, before ONNX Runtime fills the log with it."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "there is no NVIDIA driver (libcuda.so.1); in a container, it comes with --gpus or NVIDIA's runtime"
    count = ctypes.c_int(0)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        return f"NVIDIA's driver does not start (CUDA error {code})"
    return None if count.value else "NVIDIA's driver sees no GPU"


def _without_provider(provider: str) -> str | None:
    missing = _load_libraries(provider)
    try:
        session = ort.InferenceSession(_DOUBLE, providers=_asked(provider), enable_fallback=0)
        # Without a word, onnxruntime takes its own provider where the one that was asked for cannot start.
        if provider not in session.get_providers():
            return missing or "ONNX Runtime does not start it; its own lines above say why"
        (doubled,) = session.run(None, {"x": np.ones(2, np.float32)})
    except Exception as error:  # onnxruntime's exceptions have no common base
        return missing or _reason(error)
    return None if (doubled == 2).all() else "it computes 1 + 1 wrong"


def _reason(error: Exception) -> str:
    """CUDA's own words, where there are some among places in ONNX Runtime's source."""
    text = str(error).strip() or type(error).__name__
    cuda = re.search(r"CUDA failure \d+: [^;\n]+", text)
    return cuda[0].strip() if cuda else text.splitlines()[0]


def _asked(provider: str) -> list[str]:
    return [TENSORRT, CUDA] if provider == TENSORRT else [provider]


def _load_libraries(provider: str) -> str:
    """Loads CUDA's libraries from their packages of PyPI, where they lie; what is said of those that are not there."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):  # it prints
        if hasattr(ort, "preload_dlls"):
            ort.preload_dlls()
        if provider == TENSORRT:
            with contextlib.suppress(ImportError, OSError):
                importlib.import_module("tensorrt_libs")  # of the package tensorrt-cu13; loads what it holds
    return next((line for line in said.getvalue().splitlines() if line.startswith("Failed to load")), "")
