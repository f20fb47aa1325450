"""The packages of the models folder: scan, verify, serve, replace, close. Knows nothing about HTTP."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.errors import ModelNotFound, NotReady, PackageError
from service.inference.engine import ExecutionConfig
from service.repository import folder as folders
from service.repository.folder import POLL_MS, Folder, Stamp
from service.repository.loaded_model import LoadedModel
from service.repository.loader import open_package
from service.repository.manifest import NAME_PATTERN
from service.repository.peers import Peers
from service.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"[1-9][0-9]{0,9}\Z")
_NAME = re.compile(NAME_PATTERN)
_SETTLE_S = 1.0  # until each worker knows that all have verified a version; above twice the reports' interval
_CHANGED = "its files have changed, but a served version never changes: export a new version"

Key = tuple[str, str]
"""Name and version, as in the names of the folders."""


@dataclass(frozen=True)
class Skipped:
    """A package that is not served in its present state, and why."""

    name: str
    version: str
    reason: str


@dataclass
class Repository:
    """The served models by name and version.

    Attributes:
        folder: of the packages, `<name>/<version>/`.
        wanted: names to serve; empty serves all.
        engine: how networks are run.
        metrics: records which versions are served.
        lazy: names that are verified, closed, and opened on first use; `*` for all.
        max_bytes: of networks in memory. Above it, idle models are closed, the least recently used first. 0: no limit.
        peers: the other workers, if there are several: all of them serve a new version, or none.
        poll_ms: interval at which a folder that reports no changes is read again.
        verified: versions that could be served, with the monotonic time of their verification; reported to the peers.
    """

    folder: Path
    wanted: tuple[str, ...]
    engine: ExecutionConfig
    metrics: Metrics
    lazy: tuple[str, ...] = ()
    max_bytes: int = 0
    peers: Peers | None = None
    poll_ms: int = POLL_MS
    verified: dict[str, float] = field(default_factory=dict)
    _scanned: bool = False
    _served: dict[str, dict[int, LoadedModel]] = field(default_factory=dict)
    _waiting: dict[Key, LoadedModel] = field(default_factory=dict)
    _stamps: dict[Key, Stamp] = field(default_factory=dict)
    _skipped: dict[Key, str] = field(default_factory=dict)
    _retiring: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._files = Folder(self.folder, self.poll_ms)

    async def open(self) -> None:
        """Open every wanted package; a broken one is reported and skipped."""
        await self.scan()
        self._scanned = True
        if not self.is_ready:
            _log.error("not ready", extra={"reason": self.shortfall})

    async def watch(self) -> None:
        """Scan again whenever the folder changes; runs until it is cancelled."""
        async for _ in self._files.changes():
            try:
                await self.scan()
            except Exception:  # whatever a folder holds must not end the watch
                _log.exception("the models folder could not be scanned")

    async def scan(self) -> None:
        """Open new packages, retry broken ones that have changed, and retire removed ones."""
        found = await asyncio.to_thread(self._files.packages, self.wanted)
        if found is None:
            return  # the folder cannot be read at present: what is served stays
        for key, stamp in found.items():
            if self._stamps.get(key) == stamp:
                continue
            self._stamps[key] = stamp
            if self._of(key) is None:
                await self._take(key)
            else:
                await self._compare(key)
        for key in [key for key in self._stamps if key not in found]:
            self._retire(key)

    async def _take(self, key: Key) -> None:
        name, version = key
        try:
            if not _NAME.match(name) or not _VERSION.match(version):
                raise PackageError("the folder must be <name>/<version>, with a positive integer as version")
            model = await asyncio.to_thread(open_package, self.folder / name / version, self.engine, self.metrics)
        except Exception as error:  # whatever one package holds must not keep the others from being served
            known = isinstance(error, PackageError)
            self._skip(key, str(error) if known else f"it cannot be opened: {type(error).__name__}", error)
            return
        if self._is_lazy(model):
            await model.close()
        else:
            model.start()
        self._skipped.pop(key, None)
        self.verified[_label(model)] = time.monotonic()
        if self.peers is None:
            await self._serve(model)
        else:
            self._waiting[key] = model
            await self.agree()

    async def agree(self) -> float:
        """Serve the versions that every worker has verified; all workers do so at the same moment.

        Returns:
            Seconds until the next such moment, if known; otherwise infinite.
        """
        pause_s = math.inf
        for key, model in list(self._waiting.items()):
            if self._waiting.get(key) is not model:
                continue  # retired or served while another one was being served
            assert self.peers is not None
            since = self.peers.verified_since(_label(model))
            if not self._scanned:
                # The first scan: this worker has not refused any version yet.
                left_s = math.inf if since is None and self.peers.any_ready() else 0.0
            elif since is None:
                left_s = math.inf
            else:
                left_s = max(since, self.verified[_label(model)]) + _SETTLE_S - time.monotonic()
            if left_s > 0:
                pause_s = min(pause_s, left_s)
            elif self._waiting.pop(key, None) is not None:
                await self._serve(model)
        return pause_s

    async def _serve(self, model: LoadedModel) -> None:
        about = model.manifest
        self._served.setdefault(about.name, {})[about.version] = model
        self.metrics.served(model.name, True)
        _log.info("model served", extra={"model": model.name, "digest": about.digest})
        await self._enforce_limit(model)

    def _skip(self, key: Key, reason: str, error: Exception | None = None) -> None:
        self._skipped[key] = reason
        unknown = error if not isinstance(error, PackageError) else None
        _log.error("model skipped", exc_info=unknown, extra={"model": "@".join(key), "reason": reason})

    async def _compare(self, key: Key) -> None:
        """Report a served version whose files differ from those that were verified, whatever their times."""
        model = self._of(key)
        assert model is not None
        same = await asyncio.to_thread(folders.holds, self.folder.joinpath(*key), model.manifest)
        if same:
            self._skipped.pop(key, None)
        else:
            self._skip(key, _CHANGED)

    def _retire(self, key: Key) -> None:
        del self._stamps[key]
        self._skipped.pop(key, None)
        model = self._of(key)
        if model is None:
            return
        del self.verified[_label(model)]
        if self._waiting.pop(key, None) is None:
            name, _ = key
            del self._served[name][model.manifest.version]
            if not self._served[name]:
                del self._served[name]
            self.metrics.served(model.name, False)
        _log.info("model retired", extra={"model": model.name})
        task = asyncio.create_task(model.retire())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def lease(self, model: LoadedModel) -> None:
        """Keep a model open until it is released; other models may be closed for it.

        Raises:
            NotReady: its files are missing or have changed, so that it cannot be opened again.
        """
        try:
            await model.lease()
        except PackageError as error:
            _log.error("model cannot be opened again", extra={"model": model.name, "reason": str(error)})
            raise NotReady(f"{model.name} cannot be opened at present") from error
        await self._enforce_limit(model)

    async def release(self, model: LoadedModel) -> None:
        """Return a lease; models above the limit may be closed now."""
        model.release()
        await self._enforce_limit()

    async def _enforce_limit(self, wanted: LoadedModel | None = None) -> None:
        """Close idle models, the least recently used first, until the rest is within the limit."""
        if not self.max_bytes:
            return
        opened = [model for model in self if model.is_open]
        excess = sum(model.n_bytes for model in opened) - self.max_bytes
        for model in sorted(opened, key=lambda model: model.last_used):
            if excess > 0 and model is not wanted and not model.users:
                excess -= model.n_bytes
                _log.info("model closed to make room", extra={"model": model.name})
                await model.close()

    def _is_lazy(self, model: LoadedModel) -> bool:
        return "*" in self.lazy or model.manifest.name in self.lazy

    async def close(self) -> None:
        """Close every model."""
        models = [*self, *self._waiting.values()]
        self._served.clear()
        self._waiting.clear()
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        await asyncio.gather(*(model.close() for model in models))

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Packages that are not served, and why."""
        return tuple(Skipped(*key, reason) for key, reason in sorted(self._skipped.items()))

    @property
    def missing(self) -> tuple[str, ...]:
        """Wanted names without a served version."""
        return tuple(name for name in self.wanted if name not in self._served)

    @property
    def shortfall(self) -> str:
        """Why the service is not ready, in one sentence for the operator."""
        if not self._scanned:
            return "the models are still being opened"
        if not self.folder.is_dir():
            return f"there is no models folder at {self.folder}"
        if self.missing:
            return f"{self.folder} has no version that can be served of: {', '.join(self.missing)}"
        return f"{self.folder} holds no package that can be served"

    @property
    def is_scanned(self) -> bool:
        """The first scan of the folder is over."""
        return self._scanned

    @property
    def is_ready(self) -> bool:
        """Every wanted name is served; without wanted names, at least one version is."""
        return self._scanned and not self.missing and bool(self._served)

    def __iter__(self) -> Iterator[LoadedModel]:
        """Every served version, by name, the newest first."""
        for _, versions in sorted(self._served.items()):
            for _, model in sorted(versions.items(), reverse=True):
                yield model

    def find(self, reference: str) -> LoadedModel:
        """The model of `name` (its newest version) or `name@version`.

        Raises:
            ModelNotFound: it is not served.
        """
        name, at, version = reference.partition("@")
        versions = self._served.get(name)
        if versions and not at:
            return versions[max(versions)]
        if versions and _VERSION.match(version) and int(version) in versions:
            return versions[int(version)]
        known = ", ".join(sorted(self._served)) or "none"
        raise ModelNotFound(f"no model {reference[:80]!r} is served; served are: {known}")

    def find_digest(self, digest: str) -> LoadedModel | None:
        """A model by the digest of its generator; the newest of several."""
        return next((model for model in self if model.manifest.digest == digest), None)

    def _of(self, key: Key) -> LoadedModel | None:
        """The version of this key, whether it is served or waits for the other workers."""
        name, version = key
        served = self._served.get(name, {}).get(int(version)) if _VERSION.match(version) else None
        return served or self._waiting.get(key)


def _label(model: LoadedModel) -> str:
    """The workers' name of a version: another content is another version."""
    return f"{model.name} {model.manifest.digest}"
