"""The GPU of this process: whether it starts, and the one thread that uses it.

One thread, because a CUDA graph belongs to the thread that captured it, and because a capture fails if another
thread allocates memory meanwhile (`cudaStreamCaptureModeGlobal`). A GPU runs one batch after another in any case. The
threads that wait here process the results.
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
    """Run work in the GPU's thread and return its result.

    Raises:
        Exception: from the work.
    """
    return _thread().submit(work, *args, **kwargs).result()


def later(work: Callable[[], object]) -> None:
    """Schedule work in the GPU's thread; it is dropped if the process is ending."""
    with contextlib.suppress(RuntimeError):
        _thread().submit(work)


@cache
def why_not(provider: str) -> str | None:
    """Why CUDA's or TensorRT's provider does not start in this process, in one clause; None if it does.

    It runs a computation, since an installed provider does not imply drivers, libraries and devices.
    """
    return _without_driver() or call(_without_provider, provider)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="gpu")


def _without_driver() -> str | None:
    """Why there is no GPU, according to the driver; called first, because ONNX Runtime would log many lines."""
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
        session = ort.InferenceSession(_DOUBLE, providers=_requested(provider), enable_fallback=0)
        # If the requested provider cannot start, onnxruntime silently uses its own.
        if provider not in session.get_providers():
            return missing or "ONNX Runtime does not start it; see its log lines above"
        (doubled,) = session.run(None, {"x": np.ones(2, np.float32)})
    except Exception as error:  # onnxruntime's exceptions have no common base
        return missing or _reason(error)
    return None if (doubled == 2).all() else "it computes 1 + 1 wrong"


def _reason(error: Exception) -> str:
    """CUDA's own message, if the error contains one."""
    text = str(error).strip() or type(error).__name__
    cuda = re.search(r"CUDA failure \d+: [^;\n]+", text)
    return cuda[0].strip() if cuda else text.splitlines()[0]


def _requested(provider: str) -> list[str]:
    return [TENSORRT, CUDA] if provider == TENSORRT else [provider]


def _load_libraries(provider: str) -> str:
    """Load CUDA's libraries from their PyPI packages; return the message about missing ones, or an empty string."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # preload_dlls prints its errors
        if hasattr(ort, "preload_dlls"):
            ort.preload_dlls()
        if provider == TENSORRT:
            with contextlib.suppress(ImportError, OSError):
                importlib.import_module("tensorrt_libs")  # of the package tensorrt-cu13; loads what it holds
    return next((line for line in printed.getvalue().splitlines() if line.startswith("Failed to load")), "")
