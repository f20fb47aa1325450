"""CUDA graphs: GPU work that is captured once and replayed, instead of launched operation by operation.

For networks of 28 and 64 px, launching the operations takes the CPU longer than the GPU needs to run them.
Independent of training.

References:
    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

import warnings
from collections.abc import Callable, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

_WARM_UPS = 3

Result = TypeVar("Result")


class _Recording(NamedTuple):
    """A captured graph, its input tensors and its result."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    result: Any


class CudaGraphs(Generic[Result]):
    """A function of GPU tensors, replayed as CUDA graphs: one per kind of call and input shape.

    The first three calls of a kind run normally, so that kernels are selected and memory is allocated. The next one is
    captured. If a capture fails, all further calls run normally and a warning reports the reason. No GPU has refused a
    step of this package yet, so the fallback is tested with a fake only.
    """

    def __init__(self, work: Callable[[Any], Result]) -> None:
        """Captures nothing yet.

        Args:
            work: takes a named tuple of tensors. Calls of one kind launch the same operations, read nothing back to
                the host, and change only tensors on the device. The next call overwrites tensors in its result.
        """
        self._work = work
        self._warm: dict[Hashable, int] = {}
        self._recordings: dict[Hashable, _Recording] = {}
        self._pool: Any = None
        self._fails = False

    def __call__(self, inputs: Any, kind: Hashable | None) -> Result:
        """Runs the work, by replay if possible.

        Args:
            inputs: a named tuple of tensors.
            kind: the kind of the call; None marks a call that cannot be captured.
        """
        if kind is None or self._fails:
            return self._work(inputs)
        key = (kind, tuple((part.shape, part.dtype, part.stride()) for part in inputs))
        if key not in self._recordings:
            if self._warm.setdefault(key, 0) < _WARM_UPS:
                self._warm[key] += 1
                return self._on_side_stream(inputs)
            try:
                self._recordings[key] = self._record(inputs)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:  # raised by any operation that cannot be captured
                self._fails = True
                reason = str(error).splitlines()[0]
                warnings.warn(f"steps are not captured as CUDA graphs, and are slower: {reason}", stacklevel=2)
                return self._work(inputs)
        recording = self._recordings[key]
        torch._foreach_copy_(recording.inputs, tuple(inputs))
        recording.graph.replay()
        result: Result = recording.result
        return result

    def _on_side_stream(self, inputs: Any) -> Result:
        """Runs the work on a side stream: work that warms up on the default stream cannot be captured later."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = self._work(inputs)
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def _record(self, inputs: Any) -> _Recording:
        """Captures the work without running it."""
        held = type(inputs)(*(part.clone() for part in inputs))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = self._work(held)
        self._pool = self._pool or graph.pool()
        return _Recording(graph, tuple(held), result)
