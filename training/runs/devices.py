"""The fabric of a run: device, precision and processes."""

import logging
import os

import torch
import torch.distributed as dist
from lightning_fabric import Fabric

from training.config import TrainingConfig


def open_fabric(config: TrainingConfig, accelerator: str, devices: int) -> Fabric:
    """Starts Lightning Fabric for a run, with as many processes as devices.

    Under `torchrun` the processes exist already, and its environment variables give their number.

    Args:
        config: its `precision` is used.
        accelerator: `auto`, `cpu` or `cuda`.
        devices: number of GPUs, or of processes on a CPU; at least 1.

    Raises:
        ValueError: `devices` is below 1, or no CUDA GPU is available.
    """
    if devices < 1:
        raise ValueError(f"--devices is {devices}, but must be at least 1")
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("--accelerator is cuda, but torch finds no CUDA GPU here; leave it out, or give cpu")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # the first printed line contains the same
    n_nodes = 1
    if dist.is_available() and dist.is_torchelastic_launched():
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        n_nodes = int(os.environ["WORLD_SIZE"]) // devices
    on_gpu = accelerator == "cuda" or (accelerator == "auto" and torch.cuda.is_available())
    precision = config.precision
    if precision == "auto":
        precision = "bf16-mixed" if computes_bf16(on_gpu) else "32-true"
    if on_gpu:
        # Multiply float32 matrices in TF32, as cuDNN does by default. Shapes never change, so let cuDNN benchmark them.
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
    """Describes the device for a model card, for example `CPU, 2 threads`."""
    if fabric.device.type == "cuda":
        name = torch.cuda.get_device_name(fabric.device)
    else:
        name = f"CPU, {torch.get_num_threads()} threads"
    return f"{fabric.world_size} x {name}" if fabric.world_size > 1 else name
