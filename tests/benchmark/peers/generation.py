"""What every peer, and the bound, does with a network: from seeds or JPEGs to PNGs or JPEGs.

Written as a user would write it, and as cheap as it can be in one thread; nothing of the service is used.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from PIL import Image

_PREFIX = "BENCH_"


@dataclass(frozen=True)
class Task:
    """What a peer serves, given by environment variables.

    Attributes:
        onnx: the network's file.
        translates: whether it takes JPEGs instead of seeds.
        port: to listen on.
        threads: of one inference.
        batch: images per batch at most, if the peer batches.
    """

    onnx: str
    translates: bool
    port: int
    threads: int = 2
    batch: int = 16

    @classmethod
    def read(cls) -> "Task":
        """From the environment."""
        values = {
            name: os.environ[_PREFIX + name.upper()] for name in ("onnx", "translates", "port", "threads", "batch")
        }
        numbers = {name: int(values[name]) for name in ("port", "threads", "batch")}
        return cls(values["onnx"], values["translates"] == "True", **numbers)

    def environment(self) -> dict[str, str]:
        """For the environment."""
        return {_PREFIX + name.upper(): str(value) for name, value in asdict(self).items()}

    @property
    def media_type(self) -> str:
        """Of the answers."""
        return "image/jpeg" if self.translates else "image/png"


class Network:
    """An ONNX file with ONNX Runtime's own settings, but for the threads.

    Args:
        task: what to serve.
        spins: whether its threads spin while they wait, which is ONNX Runtime's default.
    """

    def __init__(self, task: Task, spins: bool = True) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = task.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spins)))
        self._session = ort.InferenceSession(task.onnx, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0]
        self._translates = task.translates

    def answer(self, asked: Sequence[Any]) -> list[bytes]:
        """Images' bytes for as many seeds, or for as many JPEGs."""
        rows = [_decode(item) if self._translates else self._latent(item) for item in asked]
        (output,) = self._session.run(None, {self._input.name: np.stack(rows)})[:1]
        pixels = np.clip(np.rint((output + 1.0) * 127.5), 0.0, 255.0).astype(np.uint8).transpose(0, 2, 3, 1)
        return [_encode(image, self._translates) for image in pixels]

    def _latent(self, seed: int) -> Any:
        return np.random.default_rng(seed).standard_normal(self._input.shape[1], np.float32)


def _decode(jpeg: bytes) -> Any:
    """(3, H, W) float32 in [-1, 1]."""
    with Image.open(io.BytesIO(jpeg)) as image:
        pixels = np.asarray(image.convert("RGB"), np.float32)
    return (pixels / 127.5 - 1.0).transpose(2, 0, 1)


def _encode(pixels: Any, as_jpeg: bool) -> bytes:
    """(H, W, 1 or 3) uint8 as PNG, or as JPEG with the service's own settings."""
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))
    buffer = io.BytesIO()
    if as_jpeg:
        image.save(buffer, "JPEG", quality=90, subsampling=0)
    else:
        image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
