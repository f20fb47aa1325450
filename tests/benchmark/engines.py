"""`make bench-engines`: the engine that the service takes here beside ONNX Runtime's own, network by network, no HTTP.

Both run in one process and in turn, and the quickest turn of each counts, so that other work on the machine matters
little. The difference between the images is reported in dB, as the goldens are compared.
"""

import argparse
import time
from collections.abc import Sequence
from math import inf, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.imaging.pixels import Pixels, to_uint8
from service.inference.cpu import available_cores
from service.inference.engine import ONNXRUNTIME, for_any_size
from service.inference.selection import EngineRequest
from service.inference.session import Session, resolve_engine
from service.repository import manifest
from service.repository.manifest import Manifest

_NAMES = ("faces-dcgan", "photo2monet")
_ROWS = (1, 16)
_COLUMNS = ("rows", "threads", "onnxruntime", "engine", "ratio", "any batch", "ratio", "dB")
_SIDE_PX = 128  # of what translators are given


def main() -> None:
    """Prints a line for each network, number of rows and of threads."""
    options = _options()
    specs = [resolve_engine(EngineRequest(any_batch=free)) for free in (False, True)]
    print(f"{specs[0].engine} in {specs[0].precision}, against onnxruntime-cpu in float32; ms an image")
    print("{:14}{:>6}{:>9}{:>13}{:>9}{:>7}{:>11}{:>7}{:>7}".format("", *_COLUMNS))
    for name in options.names:
        folder = max((options.models / name).glob("[0-9]*"), key=lambda path: int(path.name))
        described = Manifest.model_validate_json((folder / manifest.FILE_NAME).read_text())
        raw = (folder / described.networks["generator"].file).read_bytes()
        translates = described.task == "translate"
        for threads in sorted({1, available_cores()}):
            asked = (ONNXRUNTIME, *(for_any_size(spec) if translates else spec for spec in specs))
            sessions = [Session(raw, threads, translates, spec) for spec in asked]
            for rows in _ROWS[:1] if translates else _ROWS:
                print(_line(name, described, sessions, rows, threads, options.turns), flush=True)


def _line(name: str, described: Manifest, sessions: Sequence[Session], rows: int, threads: int, turns: int) -> str:
    inputs = _inputs(described, rows)
    plain, engine, free = (1000 * seconds / rows for seconds in _least_s(sessions, inputs, turns))
    quality = _db(*(to_uint8(session.run(inputs)) for session in sessions[:2]))
    return (
        f"{name:14}{rows:6}{threads:9}{plain:13.2f}{engine:9.2f}{plain / engine:7.2f}{free:11.2f}{plain / free:7.2f}"
        f"{quality:7.1f}"
    )


def _inputs(described: Manifest, rows: int) -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)
    if described.latent is None:
        return {"images": random.uniform(-1.0, 1.0, (rows, 3, _SIDE_PX, _SIDE_PX)).astype(np.float32)}
    return {"latents": random.standard_normal((rows, described.latent.dim), np.float32)}


def _least_s(sessions: Sequence[Session], inputs: dict[str, NDArray[np.float32]], turns: int) -> list[float]:
    """The quickest of some turns, for each session; they take turns."""
    least = [inf] * len(sessions)
    for _ in range(turns + 1):
        for index, session in enumerate(sessions):
            started = time.perf_counter()
            session.run(inputs)
            least[index] = min(least[index], time.perf_counter() - started)
    return least


def _db(expected: Pixels, generated: Pixels) -> float:
    error = float(np.mean(np.square(expected.astype(np.float64) - generated)))
    return 10.0 * log10(255.0**2 / error) if error else inf


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-engines", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundled packages")
    parser.add_argument("--names", nargs="+", default=_NAMES, help="of packages, unconditional or translators")
    parser.add_argument("--turns", type=int, default=40, help="of each session; the quickest counts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
