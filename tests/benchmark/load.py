"""A load generator of plain asyncio streams: keep-alive connections that each ask, read, and ask again.

It shares the machine with the server, so its own cost is part of every figure; it does no more than it must, and is
used if `wrk`, which costs less, is missing.
"""

import asyncio
import time
from collections.abc import Sequence

from tests.benchmark.client_requests import ClientRequest, Load


def load(port: int, request: ClientRequest, connections: int, seconds: float, first_seed: int = 0) -> Load:
    """Asks over so many connections for so long, with the seeds first_seed + 1, first_seed + 2, ..."""
    return asyncio.run(_load(port, request, connections, seconds, first_seed))


async def _load(port: int, request: ClientRequest, connections: int, seconds: float, first_seed: int) -> Load:
    latencies_s: list[float] = []
    failures, count = 0, first_seed
    started = time.perf_counter()

    async def one() -> None:
        nonlocal failures, count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() - started < seconds:
                count += 1
                asked = time.perf_counter()
                writer.write(request.encode(count))
                good = await _is_good(reader)
                latencies_s.append(time.perf_counter() - asked)
                failures += not good
        except (OSError, EOFError):
            failures += 1
        finally:
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return summary(latencies_s, time.perf_counter() - started, failures)


def summary(latencies_s: Sequence[float], seconds: float, failures: int) -> Load:
    """What came of a load, from the latency of each answer."""
    ordered = sorted(latencies_s) or [float("nan")]
    p50_ms, p99_ms = (1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99))
    return Load((len(latencies_s) - failures) / seconds, p50_ms, p99_ms, failures)


async def _is_good(reader: asyncio.StreamReader) -> bool:
    """Reads one answer whole; whether it is a 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"content-length:" in lower:
        await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return head.startswith(b"HTTP/1.1 200")
