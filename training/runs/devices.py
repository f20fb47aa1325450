"""The fabric of a run: device, precision and processes."""

import logging
import os

import torch
import torch.distributed as dist
from lightning_fabric import Fabric

from training.config import TrainingConfig


def open_fabric(config: TrainingConfig, accelerator: str, devices: int) -> Fabric:
    """Starts Lightning Fabric for a run, with as many processes as devices.

    Under `torchrun` the processes are there already, and its environment says how many.

    Args:
        config: whose `precision` is taken.
        accelerator: `auto`, `cpu` or `cuda`.
        devices: how many devices, or processes on a CPU.

    Raises:
        ValueError: there are no such devices.
    """
    if devices < 1:
        raise ValueError(f"--devices is {devices}, but must be at least 1")
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("--accelerator is cuda, but torch finds no CUDA GPU here; leave it out, or give cpu")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # what it would say, the first line says
    n_nodes = 1
    if dist.is_available() and dist.is_torchelastic_launched():
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        n_nodes = int(os.environ["WORLD_SIZE"]) // devices
    on_gpu = accelerator == "cuda" or (accelerator == "auto" and torch.cuda.is_available())
    precision = config.precision
    if precision == "auto":
        precision = "bf16-mixed" if computes_bf16(on_gpu) else "32-true"
    if on_gpu:
        # What stays in float32 is multiplied in TF32, as cuDNN does by default, and shapes never change.
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    fabric = Fabric(
        accelerator="cuda" if on_gpu else "cpu",
        devices=devices,
        num_nodes=n_nodes,
        strategy="ddp" if devices * n_nodes > 1 else "auto",
        precision=precision,
    )
    fabric.launch()
    return fabric


def computes_bf16(on_gpu: bool) -> bool:
    """Whether the hardware has bf16 arithmetic: slower float32 emulation does not count."""
    if on_gpu:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    supported: bool = torch.cpu._is_avx512_bf16_supported()  # has no public name
    return supported


def describe(fabric: Fabric) -> str:
    """What a run is trained on, in words for a model card."""
    if fabric.device.type == "cuda":
        name = torch.cuda.get_device_name(fabric.device)
    else:
        name = f"CPU, {torch.get_num_threads()} threads"
    return f"{fabric.world_size} x {name}" if fabric.world_size > 1 else name
