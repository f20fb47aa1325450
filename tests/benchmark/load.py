"""A load generator of plain asyncio streams: keep-alive connections that each ask, read, and ask again.

It shares the machine with the server, so its own cost is part of every figure; it does no more than it must.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        latencies_s: of every answer, sorted.
        seconds: how long it went on.
        failures: answers other than 200.
    """

    latencies_s: list[float]
    seconds: float
    failures: int

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (len(self.latencies_s) - self.failures) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """Latency in ms that this share of the answers stayed below."""
        return 1000 * self.latencies_s[min(len(self.latencies_s) - 1, int(share * len(self.latencies_s)))]


async def load(port: int, path: Callable[[int], str], connections: int, seconds: float) -> Load:
    """Asks for path(0), path(1), ... over so many connections, for so long."""
    latencies: list[float] = []
    failures = count = 0
    started = time.perf_counter()

    async def one() -> None:
        nonlocal failures, count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - started < seconds:
            count += 1
            asked = time.perf_counter()
            writer.write(f"GET {path(count)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - asked)
            failures += not head.startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(connections)))
    return Load(sorted(latencies), time.perf_counter() - started, failures)
