"""Every setting, each an environment variable with the prefix GANVAS_.

`app` and `__main__` make them; the rest of the service is handed what it needs.
"""

import os
from pathlib import Path
from typing import Annotated

from limits import RateLimitItem, parse_many
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.inference.selection import Choice, EngineChoice, PrecisionChoice

Count = Annotated[int, Field(ge=1)]
_MOST_AT_ONCE = 4
_IN_LINE = 4  # largest requests that a worker's queue holds: the system may give it every client's connection
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Settings(BaseSettings):
    """What the service is told from outside."""

    model_config = SettingsConfigDict(env_prefix="GANVAS_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every interface")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(8000, description="port to listen on; 0 picks a free one")
    workers: Annotated[int, Field(ge=0)] = Field(
        0,
        description="processes that answer, each with the models in its own memory; 0 takes one a core, 4 at most, and "
        "one where a GPU draws",
    )
    shared_dir: Path | None = Field(None, description="what several workers share; the service sets it itself")
    models_dir: Path = Field(Path("models"), description="folder of model packages, <name>/<version>/")
    models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names to serve, separated by commas; empty serves every package in the folder"
    )
    lazy_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names that are opened when they are first used, separated by commas; * for all"
    )
    max_model_bytes: Annotated[int, Field(ge=0)] = Field(
        0, description="bytes of networks in memory, above which idle models are closed; 0 is no limit"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level that is logged")
    threads: Annotated[int, Field(ge=0)] = Field(
        0,
        description="threads of a batch that runs alone; batches side by side divide them. 0 takes the cores that "
        "affinity and the container's quota allow",
    )
    instances: Annotated[int, Field(ge=0)] = Field(
        0, description="batches of one network that may run at once; 0 takes one a core, 4 at most"
    )
    engine: EngineChoice = Field(
        "auto",
        description="auto, onnxruntime, openvino, cuda or tensorrt, for networks that draw more than 4,096 values; "
        "auto takes CUDA where the extra gpu is installed and a GPU starts, else OpenVINO where it is installed and "
        "the processor has bfloat16",
    )
    precision: PrecisionChoice = Field(
        "auto",
        description="auto, float32, tf32 (GPUs), bfloat16 (OpenVINO) or float16 (TensorRT); auto takes float32 with "
        "CUDA, tf32 with TensorRT, bfloat16 with OpenVINO where the processor has it, and float32 for packages that "
        "come out wrong in less",
    )
    engine_cache_dir: Path | None = Field(
        None,
        description="folder where TensorRT keeps what it has compiled, for the next start; whoever writes there runs "
        "code here, and it is to be emptied when the GPU or TensorRT changes",
    )
    any_batch: bool = Field(
        False,
        description="whether a seed's bytes may differ with its batch, where an engine runs rows of a fixed number",
    )
    max_batch_size: Count = Field(16, description="pictures of one batch")
    max_batch_bytes: Count = Field(3_145_728, description="bytes of input of one batch; one picture may have more")
    max_queue_rows: Count = Field(
        256, description="pictures that may wait for one model; a worker of several takes four of the largest requests"
    )
    max_queue_bytes: Count = Field(256_000_000, description="bytes of input that may wait for one model")
    max_images: Annotated[int, Field(ge=1, le=1024)] = Field(64, description="pictures of one request")
    max_body_bytes: Count = Field(1_048_576, description="bytes of a JSON body")
    max_upload_bytes: Count = Field(10_485_760, description="bytes of one uploaded picture")
    max_uploads_bytes: Count = Field(268_435_456, description="bytes of all uploads being read at once")
    max_image_pixels: Count = Field(16_000_000, description="pixels of an uploaded picture")
    max_translate_pixels: Count = Field(4_000_000, description="pixels that one request may have translated")
    max_held_pixels: Count = Field(64_000_000, description="pixels of decoded uploads that are worked on at once")
    metadata: bool = Field(True, description="whether files tell in their metadata what made them, and from what")
    tile_px: Annotated[int, Field(ge=64, le=4096)] = Field(
        512, description="side of the largest piece that is translated at once; larger pictures go in tiles"
    )
    max_requests: Count = Field(1024, description="requests that are worked on at once")
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="keys of which a client must send one, separated by commas; empty lets everyone ask", repr=False
    )
    rate_limit: str = Field("", description="requests of one key or address, such as 10/second; 600/minute")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins that browsers may call from, separated by commas; * for all"
    )
    root_path: str = Field(
        "", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="path prefix that a proxy takes away before it passes on"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For and -Proto are believed; * for all"
    )
    header_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(10.0, description="seconds for a request's headers")
    write_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(
        30.0, description="seconds for which a client may read nothing of its answer"
    )
    deadline_s: Annotated[Seconds, Field(gt=0)] = Field(30.0, description="seconds that a whole request may take")
    drain_s: Seconds = Field(
        1.0, description="seconds between SIGTERM, when readiness fails, and the closing of the port"
    )

    @field_validator("models", "lazy_models", "api_keys", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("rate_limit")
    @classmethod
    def _parses(cls, value: str) -> str:
        if value:
            parse_many(value)
        return value

    @property
    def rates(self) -> list[RateLimitItem]:
        """The rate limits, none where there is none."""
        return parse_many(self.rate_limit) if self.rate_limit else []

    @property
    def choice(self) -> Choice:
        """What is said of engines."""
        return Choice(self.engine, self.precision, self.any_batch, self.max_batch_size, self.engine_cache_dir)

    @property
    def processes(self) -> int:
        """Processes that answer: the setting, or one a core.

        The interpreter runs Python on one core at a time: two processes answer 1.9 times as many small requests. Where
        a GPU draws, `__main__` sets one: each would hold a copy of every network in the GPU's memory.
        """
        return self.workers or min(_MOST_AT_ONCE, available_cores())

    def share(self) -> "Settings":
        """One worker's share of the limits that hold for all together; never less than one request may take.

        Of rows that wait, four of the largest requests: what they hold in memory, `max_queue_bytes` divides.
        """
        least = {
            "max_queue_rows": min(self.max_queue_rows, _IN_LINE * self.max_images),
            "max_queue_bytes": self.max_queue_bytes // _MOST_AT_ONCE,
            "max_uploads_bytes": self.max_upload_bytes,
            "max_held_pixels": self.max_image_pixels,
            "max_requests": 1,
        }
        parts = {name: max(value, getattr(self, name) // self.processes) for name, value in least.items()}
        return self.model_copy(update=parts)

    @property
    def infer_threads(self) -> int:
        """Threads of a network: the setting, or one a core, in each worker.

        Of a batch that runs alone: one with two threads of two cores is drawn in 1.9 instead of 2.6 ms.
        """
        return self.threads or available_cores()

    @property
    def crowd_threads(self) -> int:
        """Threads of a batch that runs beside others of its network: those divided among the instances, at least one.

        Threads that several batches share wait for each other: on two cores, a translator of 128 px draws 58 pictures a
        second with one thread for each of its two batches, and 50 with two that they share.
        """
        return max(1, self.infer_threads // self.infer_instances)

    @property
    def infer_instances(self) -> int:
        """Batches of one network that run at once: the setting, or one a core.

        A batch of its own keeps a core busier than a share of another's: 735 against 553 pictures of 64 px a second on
        two cores.
        """
        return self.instances or min(_MOST_AT_ONCE, available_cores())


def unknown_variables() -> list[str]:
    """Environment variables with our prefix that are no setting: a name was mistyped, most likely."""
    known = {f"GANVAS_{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("GANVAS_") and name not in known)


def available_cores() -> int:
    """Cores that this process may use: by affinity, and by the quota of cgroup v2 or v1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _cgroup_quota()
    return max(1, min(cores, int(quota))) if quota else cores


def _cgroup_quota() -> float | None:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        v1 = Path("/sys/fs/cgroup/cpu")
        limit_us, period_us = (int((v1 / f"cpu.cfs_{n}_us").read_text()) for n in ("quota", "period"))
        return limit_us / period_us if limit_us > 0 else None
    except (OSError, ValueError):
        return None
