"""CUDA graphs: work on a GPU that is recorded once and replayed, instead of launched operation by operation.

The networks of 28 and 64 px keep a GPU busy for less time than a CPU takes to launch their operations. Knows
nothing about training.

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
    """A graph, the tensors that it reads, and what it gives."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    result: Any


class CudaGraphs(Generic[Result]):
    """A function of tensors on a GPU, replayed as CUDA graphs: one for each kind of call and shape of its input.

    The first three calls of a kind run normally, so that kernels are chosen and memory is asked for. The next one is
    recorded. What cannot be recorded works as ever from then on, and a warning says why; no GPU has refused a step of
    this package yet, so this fallback is tested with a stand-in only.
    """

    def __init__(self, work: Callable[[Any], Result]) -> None:
        """Records nothing yet.

        Args:
            work: takes a named tuple of tensors. Calls of one kind launch the same operations, read nothing back, and
                change nothing but tensors on the device. Its result may hold tensors, which the next call writes over.
        """
        self._work = work
        self._warm: dict[Hashable, int] = {}
        self._recordings: dict[Hashable, _Recording] = {}
        self._pool: Any = None
        self._fails = False

    def __call__(self, inputs: Any, kind: Hashable | None) -> Result:
        """Does the work.

        Args:
            inputs: a named tuple of tensors.
            kind: of the call; None is one that cannot be recorded.
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
            except RuntimeError as error:  # of any operation that a graph cannot hold
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
        """On a stream of its own: what warms up on the default stream could not be recorded afterwards."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = self._work(inputs)
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def _record(self, inputs: Any) -> _Recording:
        """Records the work, without doing it."""
        held = type(inputs)(*(part.clone() for part in inputs))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = self._work(held)
        self._pool = self._pool or graph.pool()
        return _Recording(graph, tuple(held), result)
