"""One verified version of one model: its queues while it is open, and its leases. Knows neither files nor HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from service.errors import Draining
from service.inference.batcher import Batcher
from service.inference.engine import ExecutionConfig
from service.inference.session import Session, engine_version
from service.repository.manifest import Latent, Manifest, NetworkName
from service.telemetry.metrics import Metrics


class LoadedModel:
    """A model version that runs requests.

    It is open or closed. A closed one keeps its manifest and preview, and opens again when it is leased. A request
    holds a lease while it uses the networks, so that they are not closed meanwhile.
    """

    def __init__(
        self,
        manifest: Manifest,
        preview: bytes,
        sessions: Mapping[NetworkName, Session],
        load: Callable[[], Mapping[NetworkName, Session]],
        engine: ExecutionConfig,
        metrics: Metrics,
        n_bytes: int,
    ) -> None:
        """Create a model that is ready to `start`.

        Args:
            manifest: of its package.
            preview: a PNG file.
            sessions: its networks.
            load: reads its networks again and checks their digests; called in a worker thread.
            engine: how to run them.
            metrics: records batches, queues and whether it is open.
            n_bytes: approximate memory of its networks while it is open.
        """
        self.manifest, self.preview, self.n_bytes = manifest, preview, n_bytes
        spec = sessions["generator"].spec
        self.engine, self.precision = spec.engine, spec.precision
        self.engine_version = engine_version()
        self.users, self.last_used = 0, time.monotonic()
        self._load, self._how, self._metrics = load, engine, metrics
        self._batchers = self._queues(sessions)
        self._opening = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._retired = False

    @property
    def name(self) -> str:
        """`name@version`."""
        return f"{self.manifest.name}@{self.manifest.version}"

    @property
    def is_open(self) -> bool:
        """Whether its networks are in memory."""
        return bool(self._batchers)

    @property
    def generator(self) -> Batcher:
        """The network that generates or translates; the model must be leased."""
        return self._batchers["generator"]

    @property
    def discriminator(self) -> Batcher | None:
        """The discriminator or critic, if the package has one; the model must be leased."""
        return self._batchers.get("discriminator")

    @property
    def encoder(self) -> Batcher | None:
        """The network that encodes images as latents, if the package has one; the model must be leased."""
        return self._batchers.get("encoder")

    @property
    def latent(self) -> Latent:
        """The latent space; a translator has none."""
        assert self.manifest.latent is not None
        return self.manifest.latent

    async def lease(self) -> None:
        """Open the model if it is closed, and keep it open until `release`.

        Raises:
            PackageError: its files are missing or have changed.
            Draining: it is being removed from service.
        """
        self.users += 1
        self._idle.clear()
        try:
            async with self._opening:
                if self._retired:
                    raise Draining("this version is being taken out of service; send the request again")
                if not self._batchers:
                    self._batchers = self._queues(await asyncio.to_thread(self._load))
                    self.start()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Return a lease."""
        self.users -= 1
        self.last_used = time.monotonic()
        if self.users == 0:
            self._idle.set()

    def start(self) -> None:
        """Start its queues, inside an event loop."""
        for network, batcher in self._batchers.items():
            batcher.start()
            self._metrics.watch_queue(self.name, network, _depth_of(batcher))
        self._metrics.opened(self.name, True)

    async def close(self) -> None:
        """Close its queues after the running batches, and free its networks' memory."""
        batchers, self._batchers = self._batchers, {}
        for network in batchers:
            self._metrics.forget_queue(self.name, network)
        self._metrics.opened(self.name, False)
        await asyncio.gather(*(batcher.close() for batcher in batchers.values()))

    async def retire(self) -> None:
        """Close it permanently, once it has no leases."""
        while self.users:
            await self._idle.wait()
        self._retired = True
        await self.close()

    def _queues(self, sessions: Mapping[NetworkName, Session]) -> Mapping[NetworkName, Batcher]:
        limits, instances = self._how.limits, self._how.instances
        whole = replace(limits, batch_s=inf)  # a GPU takes as long for one row as for a bucket of them
        return {
            network: Batcher(
                session.run,
                whole if session.spec.on_gpu else limits,
                instances,
                self._metrics.batch_observer(self.name, network),
            )
            for network, session in sessions.items()
        }


def _depth_of(batcher: Batcher) -> Callable[[], int]:
    return lambda: batcher.waiting_rows
