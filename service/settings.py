"""Every setting, each an environment variable with the prefix GANVAS_.

`__main__`, `server`, `http` and `batch` read them; the layers below receive the values that they need as arguments.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from limits import RateLimitItem, parse_many
from pydantic import Field, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from service.inference.batch_queue import Limits
from service.inference.cpu import available_cores
from service.inference.engine import ONNXRUNTIME, EngineSpec, ExecutionConfig
from service.inference.selection import EngineName, EngineRequest, PrecisionName

Count = Annotated[int, Field(ge=1)]
MAX_PARALLEL = 4
"""Worker processes, and batches of one network, that run at the same time by default."""
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
# Kubernetes sets these variables in each pod for a Service called `ganvas` or `ganvas-...`, such as
# GANVAS_PORT=tcp://10.96.0.7:80, which is also the name of a setting.
_LINK_NAME = re.compile(
    r"GANVAS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")


class _Environment(EnvSettingsSource):
    """Environment variables without the service links of Kubernetes."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        if isinstance(value, str) and _LINK_VALUE.match(value):
            return None, key, is_complex
        return value, key, is_complex


class Settings(BaseSettings):
    """The configuration of the service."""

    model_config = SettingsConfigDict(env_prefix="GANVAS_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every interface")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(8000, description="port to listen on; 0 picks a free one")
    workers: Annotated[int, Field(ge=0)] = Field(
        0,
        description="worker processes, each with the models in its own memory; 0 starts one per core, at most 4, and "
        "one on a GPU",
    )
    shared_dir: Path | None = Field(None, description="folder that several workers share; set by the service itself")
    models_dir: Path = Field(Path("models"), description="folder of model packages, <name>/<version>/")
    models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names to serve, separated by commas; empty serves every package in the folder"
    )
    lazy_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names that are opened on first use, separated by commas; * for all"
    )
    max_model_bytes: Annotated[int, Field(ge=0)] = Field(
        0, description="bytes of networks in memory above which idle models are closed; 0 for no limit"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="lowest level that is logged")
    threads: Annotated[int, Field(ge=0)] = Field(
        0,
        description="threads of a batch that runs alone; batches that run side by side share them. 0 takes the cores "
        "that affinity and the container's quota allow",
    )
    instances: Annotated[int, Field(ge=0)] = Field(
        0, description="batches of one network that run at the same time; 0 takes one per core, at most 4"
    )
    engine: EngineName = Field(
        "auto",
        description="auto, onnxruntime, openvino, cuda or tensorrt, for networks that generate more than 4,096 values; "
        "auto takes CUDA if the extra gpu is installed and a GPU starts, else OpenVINO if it is installed and "
        "the CPU has bfloat16",
    )
    precision: PrecisionName = Field(
        "auto",
        description="auto, float32, tf32 (GPUs), bfloat16 (OpenVINO) or float16 (TensorRT); auto takes float32 with "
        "CUDA, tf32 with TensorRT, bfloat16 with OpenVINO if the CPU has it, and float32 for packages that fail "
        "verification in less",
    )
    engine_cache_dir: Path | None = Field(
        None,
        description="folder for TensorRT's compiled engines, reused at the next start; whoever can write there can run "
        "code here; empty it when the GPU or TensorRT changes",
    )
    any_batch: bool = Field(
        False,
        description="allow a seed's bytes to depend on its batch, on engines that run a fixed number of rows",
    )
    max_batch_size: Count = Field(16, description="images per batch")
    max_batch_bytes: Count = Field(3_145_728, description="bytes of input per batch; a single image may have more")
    max_queue_rows: Count = Field(
        256,
        description="images that may wait for one model; each of several workers queues four of the largest requests",
    )
    max_queue_bytes: Count = Field(256_000_000, description="bytes of input that may wait for one model")
    max_images: Annotated[int, Field(ge=1, le=1024)] = Field(64, description="images per request")
    max_body_bytes: Count = Field(1_048_576, description="bytes of a JSON body")
    max_upload_bytes: Count = Field(10_485_760, description="bytes per uploaded image")
    max_uploads_bytes: Count = Field(268_435_456, description="bytes of all uploads that are read at the same time")
    max_image_pixels: Count = Field(16_000_000, description="pixels of an uploaded image")
    max_translate_pixels: Count = Field(4_000_000, description="pixels translated per request")
    max_held_pixels: Count = Field(
        64_000_000, description="pixels of decoded uploads that are processed at the same time"
    )
    metadata: bool = Field(True, description="write the model and the latents into each file's metadata")
    tile_px: Annotated[int, Field(ge=64, le=4096)] = Field(
        512, description="side of the largest tile in px; larger images are translated in tiles"
    )
    max_requests: Count = Field(1024, description="requests that are processed at the same time")
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="keys of which a client must send one, separated by commas; empty allows everyone", repr=False
    )
    rate_limit: str = Field("", description="requests per key or address, such as 10/second; 600/minute")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins allowed in browsers, separated by commas; * for all"
    )
    root_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="path prefix that a proxy strips")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For and -Proto are trusted; * for all"
    )
    header_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(
        10.0, description="seconds to receive a request's headers"
    )
    write_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(
        30.0, description="seconds for which a client may read nothing of its response"
    )
    deadline_s: Annotated[Seconds, Field(gt=0)] = Field(30.0, description="seconds per request")
    drain_s: Seconds = Field(
        1.0, description="seconds between SIGTERM, when readiness fails, and the closing of the port"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment; there are no files of settings."""
        return init_settings, _Environment(settings_cls)

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
        """The parsed rate limits; empty without any."""
        return parse_many(self.rate_limit) if self.rate_limit else []

    @property
    def engine_request(self) -> EngineRequest:
        """The settings that select an engine."""
        return EngineRequest(self.engine, self.precision, self.any_batch, self.max_batch_size, self.engine_cache_dir)

    def execution(self, spec: EngineSpec = ONNXRUNTIME) -> ExecutionConfig:
        """Threads, instances and queue limits for networks that `spec` runs.

        By default a batch that runs alone has one thread per core: with two threads on two cores it takes 1.9 ms
        instead of 2.6 ms. Batches that run side by side share the threads, at least one each. Threads that several
        batches share wait for each other: on two cores a 128 px translator generates 58 images per second with one
        thread for each of its two batches, and 50 with two shared threads. One batch per core keeps the cores busier
        than one batch on all cores: 735 against 553 images of 64 px per second.
        """
        instances = self.instances or min(MAX_PARALLEL, available_cores())
        threads = self.threads or available_cores()
        limits = Limits(self.max_batch_size, self.max_batch_bytes, self.max_queue_rows, self.max_queue_bytes)
        return ExecutionConfig(threads, instances, limits, spec, max(1, threads // instances))


def service_links() -> list[str]:
    """Environment variables with the prefix GANVAS_ that Kubernetes has set as service links; no setting reads them."""
    return sorted(
        name
        for name, value in os.environ.items()
        if name.startswith("GANVAS_") and (_LINK_NAME.fullmatch(name) or _LINK_VALUE.match(value))
    )


def unknown_variables() -> list[str]:
    """Other environment variables with the prefix GANVAS_ that are no setting: most likely a mistyped name."""
    known = {f"GANVAS_{name.upper()}" for name in Settings.model_fields} | {*service_links()}
    return sorted(name for name in os.environ if name.startswith("GANVAS_") and name not in known)
