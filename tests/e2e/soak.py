"""Good and hostile traffic for a while: every answer must be right, and memory must not grow.

    python -m tests.e2e.soak [--seconds 600]

Ends with 1 if an answer was wrong, or if the median memory of the last fifth of the time is more than 10 % above
that of the second fifth (of ten minutes: the last two, and minutes two to four).
"""

import argparse
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from tests import builders
from tests.server import Server, running
from tests.waiting import LIMIT_S

_CLIENTS = 6
_GROWTH = 1.10


@dataclass
class Report:
    """What came of it.

    Attributes:
        asked: requests by what they were.
        wrong: what was wrong, at most a hundred of them.
        memory_mib: (seconds since the start, MiB resident).
    """

    asked: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory_mib: list[tuple[float, float]] = field(default_factory=list)

    def growth(self, seconds: float) -> float:
        """Median memory of the last fifth over that of the second."""
        early = [mib for second, mib in self.memory_mib if 0.2 * seconds <= second < 0.4 * seconds]
        late = [mib for second, mib in self.memory_mib if second >= 0.8 * seconds]
        return median(late) / median(early)


def packages(folder: Path) -> Path:
    """Small packages of every kind."""
    builders.write_package(folder, "tiny")
    builders.write_package(folder, "classes", conditional=True)
    builders.write_package(folder, "colour", channels=3, encoder=True)
    builders.write_translator(folder, "darker", builders.affine_graph(0.5, -0.25), inverse="lighter")
    builders.write_translator(folder, "lighter", builders.affine_graph(2.0, 0.5), inverse="darker")
    builders.write_translator(folder, "stylish", builders.stylising_graph())
    return folder


class Traffic:
    """Makes requests of which it knows the answers."""

    def __init__(self, server: Server, report: Report) -> None:
        self._server, self._report = server, report
        self._interpolation = {"from": {"seed": 1}, "to": {"seed": 2}, "steps": 6}
        self._image = builders.image_file(90, 70)
        self._known = {path: self._get(path) for path in self._paths()}
        self._posted = {call: self._post(*call) for call in self._posts()}

    def _paths(self) -> list[str]:
        seeds = [
            f"/v1/models/{name}/sample?seed={seed}" for name in ("tiny", "classes", "colour") for seed in range(12)
        ]
        return [*seeds, *(f"{path}&n=9&format={form}" for path in seeds[:4] for form in ("webp", "zip", "npy"))]

    def _posts(self) -> list[tuple[str, str]]:
        return [
            *((f"/v1/models/{name}/translate?format=png", "image") for name in ("darker", "stylish")),
            ("/v1/models/darker/translate?cycle=true", "image"),
            ("/v1/models/colour/encode", "image"),
            ("/v1/models/tiny/discriminate", "image"),
            ("/v1/models/tiny/interpolate?format=gif", "interpolation"),
        ]

    def _get(self, path: str) -> bytes:
        return httpx.get(self._server.url + path, timeout=LIMIT_S).content

    def _post(self, path: str, what: str) -> bytes:
        raw = self._image if what == "image" else json.dumps(self._interpolation).encode()
        return httpx.post(self._server.url + path, content=raw, timeout=LIMIT_S).content

    def run(self, seconds: float, seed: int, least: int) -> None:
        """Send requests until the time is over and `least` of each kind were sent."""
        chance, end = random.Random(seed), time.monotonic() + seconds  # nobody has to be surprised
        kinds = (self._good, self._good, self._good_post, self._bad, self._rude)
        names = {kind.__name__.strip("_") for kind in kinds}
        with httpx.Client(timeout=LIMIT_S) as client:
            while time.monotonic() < end or any(self._report.asked[name] < least for name in names):
                kind = chance.choice(kinds)
                self._report.asked[kind.__name__.strip("_")] += 1
                try:
                    kind(client, chance)
                except httpx.HTTPError as error:
                    self._wrong(f"{kind.__name__}: {error!r}")

    def _good(self, client: httpx.Client, chance: random.Random) -> None:
        path = chance.choice(list(self._known))
        answer = client.get(self._server.url + path)
        if (answer.status_code, answer.content) != (200, self._known[path]):
            self._wrong(f"{path}: {answer.status_code}")

    def _good_post(self, client: httpx.Client, chance: random.Random) -> None:
        path, what = chance.choice(list(self._posted))
        raw = self._image if what == "image" else json.dumps(self._interpolation).encode()
        answer = client.post(self._server.url + path, content=raw)
        if (answer.status_code, answer.content) != (200, self._posted[path, what]):
            self._wrong(f"{path}: {answer.status_code}")

    def _bad(self, client: httpx.Client, chance: random.Random) -> None:
        path, raw, status = chance.choice(
            [
                ("/v1/models/tiny/sample", b"[" * 10_000, 422),
                ("/v1/models/tiny/sample", b'{"n": 1e9}', 422),
                ("/v1/models/tiny/sample", b" " * 1_100_000, 413),
                ("/v1/models/nobody/sample", b"{}", 404),
                ("/v1/models/tiny/translate", self._image, 409),
                ("/v1/models/darker/translate", self._image[: chance.randrange(20, 2000)], 415),
                ("/v1/models/darker/translate", chance.randbytes(500), 415),
                ("/v1/models/darker/translate?cycle=maybe", self._image, 422),
                ("/v2/models/tiny/infer", b'{"inputs": []}', 422),
                ("/v1/images/generations", b'{"model": "tiny", "n": -1}', 422),
                ("/v1/reproduce", self._image, 422),
            ]
        )
        answer = client.post(self._server.url + path, content=raw)
        if answer.status_code != status:
            self._wrong(f"{path}: {answer.status_code}, not {status}")

    def _rude(self, client: httpx.Client, chance: random.Random) -> None:
        """Leaves in the middle, or says nothing, or says nonsense."""
        head = b"POST /v1/models/stylish/translate HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"
        sent = chance.choice([head + self._image, head, b"GET /v1/models HTTP", b"\x16\x03\x01 no http\r\n\r\n", b""])
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._server.port), timeout=LIMIT_S) as rude:
            rude.sendall(sent)
            time.sleep(chance.random() * 0.02)

    def _wrong(self, what: str) -> None:
        if len(self._report.wrong) < 100:
            self._report.wrong.append(what)


def soak(seconds: float, models: Path, least: int = 1) -> Report:
    """Serve the packages under traffic for `seconds`, and until `least` requests of each kind were sent."""
    report = Report()
    with running(models) as server:
        traffic, started = Traffic(server, report), time.monotonic()
        threads = [threading.Thread(target=traffic.run, args=(seconds, seed, least)) for seed in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            report.memory_mib.append((time.monotonic() - started, server.resident_mib()))
            if server.status("/livez") != 200:
                report.wrong.append("/livez did not answer")
            time.sleep(min(1.0, seconds / 100))
    return report


def main() -> int:
    """Reads the command line and prints the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        report = soak(seconds, packages(Path(folder)))
    growth = report.growth(seconds)
    sys.stdout.write(f"asked: {dict(report.asked)}\nwrong: {report.wrong[:10]}\n")
    sys.stdout.write(f"memory: {report.memory_mib[-1][1]:.0f} MiB at the end, {growth:.3f} of the early median\n")
    return 1 if report.wrong or growth > _GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
