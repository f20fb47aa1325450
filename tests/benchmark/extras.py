"""The service's other figures: health under load, many images in one request, start, memory, large translations."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from service.repository import manifest
from tests import builders
from tests.benchmark import packages, processes
from tests.benchmark.client_requests import ClientRequest, Load
from tests.benchmark.load import summary
from tests.benchmark.targets import Running, answer
from tests.benchmark.workloads import Workload
from tests.server import Server, running

MANY = 64
_PROBE_EVERY_S = 0.01
_SETTLE_S = 2.0


def beside_the_load(
    found: Running, workload: Workload, generator: Callable[..., Load], seconds: float
) -> dict[str, float]:
    """What is measured of the running service beside the points: ms and images/s by name."""
    figures = {"livez p99 ms": livez_p99_ms(found, generator, seconds)}
    if workload.image is None:
        for form in ("png", "zip"):
            request = ClientRequest(f"{found.request.path}00&n={MANY}&format={form}")
            figures[f"n={MANY} {form} images/s"] = MANY * generator(found.port, request, 1, seconds, 1).rate
    return figures


def livez_p99_ms(found: Running, generator: Callable[..., Load], seconds: float) -> float:
    """p99 of `/livez`, asked every 10 ms while 64 connections ask for images."""
    loading = threading.Thread(target=generator, args=(found.port, found.request, 64, seconds, 900_000_000))
    latencies_s = []
    connection = http.client.HTTPConnection("127.0.0.1", found.port)
    loading.start()
    while loading.is_alive():
        asked = time.perf_counter()
        connection.request("GET", "/livez")
        reply = connection.getresponse()
        reply.read()
        latencies_s.append(time.perf_counter() - asked)
        if reply.status != 200:
            raise RuntimeError(f"/livez answered {reply.status} under load")
        time.sleep(max(0.0, asked + _PROBE_EVERY_S - time.perf_counter()))
    connection.close()
    loading.join()
    return summary(latencies_s, seconds, 0).p99_ms


def start(models: Path, repeats: int) -> dict[str, float]:
    """How fast the service is ready over the bundled packages, and what memory it takes, in s and MiB by name."""
    by_task = _by_task(models)
    generators = ",".join(by_task["generate"])
    ready, resident, everything = [], [], []
    for _ in range(repeats):
        with running(models, GANVAS_MODELS=generators) as server:
            ready.append(server.ready_s)
            resident.append(server.resident_mib())
        with running(models) as server:
            everything.append(server.ready_s)
    return {
        "ready s, generators": median(ready),
        "resident MiB, generators": median(resident),
        "ready s, all models": median(everything),
        "resident MiB of each worker of two": _worker_mib(models, generators),
    }


def _worker_mib(models: Path, generators: str) -> float:
    """Resident memory of the larger of two workers."""
    with running(models, GANVAS_MODELS=generators, GANVAS_WORKERS="2") as server:
        time.sleep(_SETTLE_S)  # one of them may be ready before the other has begun
        children = [pid for pid in processes.tree(server.process.pid) if pid.number != server.process.pid]
        return max(processes.resident_kib(pid.number) for pid in children) / 1024


def translations(models: Path, sides_px: tuple[int, ...] = (256, 1024), turns: int = 3) -> dict[str, float]:
    """Seconds that each bundled translator takes for an image of each size; the larger ones go in tiles."""
    names = _by_task(models)["translate"]
    if not names:
        return {}
    with running(models, GANVAS_MODELS=",".join(names)) as server:
        return {
            f"{name}, {side} px, s": _translation_s(server, name, side, turns) for name in names for side in sides_px
        }


def _translation_s(server: Server, name: str, side_px: int, turns: int) -> float:
    headers = {"Content-Type": "image/jpeg", "Accept": "image/jpeg"}
    body = builders.image_file(side_px, side_px, form="JPEG", quality=90)
    request = ClientRequest(f"/v1/models/{name}/translate", "POST", headers, body)
    taken_s = []
    for _ in range(turns):
        started = time.perf_counter()
        status, _body = answer(server.port, request, 0)
        taken_s.append(time.perf_counter() - started)
        if status != 200:
            raise RuntimeError(f"{name} answered {status} to an image of {side_px} px")
    return median(taken_s)


def _by_task(models: Path) -> dict[str, list[str]]:
    """The names of the bundled models."""
    found: dict[str, list[str]] = {"generate": [], "translate": []}
    for folder in sorted(path for path in models.iterdir() if path.is_dir()):
        described = json.loads((packages.newest(models, folder.name) / manifest.FILE_NAME).read_text())
        found[described["task"]].append(folder.name)
    return found
