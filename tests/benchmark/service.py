"""`make bench`: the real server under load, beside the bound of the bare engine, in one run.

The bound is one process without HTTP: batches of 16 through the session, each picture encoded in the same thread.
"""

import argparse
import asyncio
import json
import os
import platform
import time
from pathlib import Path

import numpy as np

from service import images, latents
from service.session import Session
from service.settings import available_cores
from tests.benchmark.load import Load, load
from tests.server import running

_BATCH = 16


def bound(package: Path, seconds: float) -> float:
    """Pictures a second without HTTP."""
    session = Session((package / "generator.onnx").read_bytes(), available_cores())
    z_dim = session.inputs["latents"][1]
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        rows = np.stack([latents.draw(count + index, z_dim, "normal") for index in range(_BATCH)])
        for picture in images.to_uint8(session.run({"latents": rows})):
            images.encode(picture, "png")
        count += _BATCH
    return count / (time.perf_counter() - started)


def main() -> None:
    """Measures one model at 1, 16 and 64 connections and prints a table; --json writes it down."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--model", default="mnist-gan")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    package = max((options.models / options.model).glob("[0-9]*"), key=lambda path: int(path.name))
    limit = bound(package, options.seconds)
    rows = []
    with running(options.models) as server:
        print(f"{options.model}, {available_cores()} cores, {platform.machine()}; load by asyncio on the same cores")
        print(f"the bound without HTTP: {limit:,.0f} pictures/s; ready after {server.ready_s:.2f} s")
        print(f"{'connections':>11} {'requests/s':>11} {'of bound':>9} {'p50 ms':>8} {'p99 ms':>8} {'failed':>7}")
        for connections in (1, 16, 64):
            path = f"/v1/models/{options.model}/sample?seed={{}}"
            result: Load = asyncio.run(load(server.port, path.format, connections, options.seconds))
            p50, p99 = result.percentile_ms(0.5), result.percentile_ms(0.99)
            share = result.rate / limit
            print(f"{connections:>11} {result.rate:>11,.0f} {share:>9.2f} {p50:>8.2f} {p99:>8.2f} {result.failures:>7}")
            rows.append({"connections": connections, "rate": result.rate, "share": share, "p50": p50, "p99": p99})
        print(f"peak memory {server.peak_mib():.0f} MiB")
    if options.json:
        options.json.write_text(json.dumps({"bound": limit, "cpu_count": os.cpu_count(), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
