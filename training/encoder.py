"""The encoder of a trained generator: from a picture back to a latent that draws one like it.

It is trained on the generator's own pictures, of which there are as many as wanted, each with its latent; and on real
ones by their pixels alone, so that it finds latents for pictures that the generator would not have drawn.

References:
    J. Donahue et al., "Adversarial Feature Learning", ICLR 2017, section 3.5: the latent regressor.
    J. Zhu et al., "In-Domain GAN Inversion for Real Image Editing", ECCV 2020, section 3.1: why real ones take part.
"""

from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from service import images
from training import checkpoint, data
from training.config import GenerativeConfig
from training.data import ImageSet, Sampler
from training.devices import computes_bf16
from training.evaluate import Measured, save_png
from training.networks.encoder import Encoder
from training.objectives import Generative, Objective
from training.run import Run, RunError

FILE_NAME = "encoder.pt"
NIMG = 200_000
"""Pictures drawn for the training."""
PIXEL_WEIGHT = 1.0
_BATCH = 64
_LR = 1e-3
_SEED = 21
_HELD_SEED = 22
_HELD_NIMG = 1_000
_NOISE = 0.05
_BRIGHTNESS = 0.1
_ROWS = 250
_SHOWN, _COLUMNS = 32, 8


def make(run: Run, objective: Objective, step: int, nimg: int, pixel_weight: float) -> list[Measured]:
    """Trains a run's encoder, measures it and keeps it; writes a page of pictures and what is drawn of their latents.

    Args:
        run: where it is kept.
        objective: trained, on the CPU.
        step: how long it was trained.
        nimg: pictures drawn for the training.
        pixel_weight: see `train`.

    Raises:
        RunError: the run is of a translator, or a number is out of its range.
        CheckpointError: it could not be written.
    """
    config = run.config
    if not isinstance(objective, Generative) or not isinstance(config, GenerativeConfig):
        raise RunError("only a model that draws from latents has an encoder")
    if nimg < 1 or not 0.0 <= pixel_weight < inf:
        raise RunError(f"--nimg is {nimg} and --pixel-weight {pixel_weight}, but must be at least 1 and 0")
    generator = objective.finished_generator()  # once: its BatchNorm statistics take 20,000 samples
    network = train(generator, objective, config, data.load(config, run.data, "train"), nimg, pixel_weight)
    test = data.load(config, run.data, "test")
    measured = measure(network, generator, objective, test)
    save(run.folder, step, network, measured)
    save_png(page(network, generator, objective, test), run.folder / "samples" / "encoder.png")
    return measured


@torch.inference_mode()
def page(network: nn.Module, generator: nn.Module, objective: Generative, test: ImageSet) -> images.Pixels:
    """Test images and, below each, what the generator draws of its latent: (H, W, C) uint8, two rows at a time."""
    count = min(_SHOWN, len(test))
    batch = test.batch(torch.arange(count))
    shown = _fit(batch.images, objective.image_shape)
    again = generator(network(shown), *objective.rows(batch.labels))
    rows = (part for pair in zip(shown.split(_COLUMNS), again.split(_COLUMNS), strict=True) for part in pair)
    return images.grid(images.to_uint8(torch.cat(list(rows)).numpy()), min(_COLUMNS, count))


def build(config: GenerativeConfig, image_shape: tuple[int, int, int]) -> Encoder:
    """An encoder for a generator's pictures, with new weights."""
    return Encoder(image_shape, config.generator.z_dim, is_uniform=config.latent_distribution == "uniform")


def train(
    generator: nn.Module,
    objective: Generative,
    config: GenerativeConfig,
    real: ImageSet,
    nimg: int = NIMG,
    pixel_weight: float = PIXEL_WEIGHT,
) -> Encoder:
    """Trains an encoder on fresh pictures of the finished generator: Adam, one-cycle learning rate.

    The loss is |E(G(z)) - z|^2, and pixel_weight times |G(E(x)) - x| of real pictures x.

    Args:
        generator: the finished one, on the objective's device: there the encoder is trained too.
        objective: draws latents.
        config: of the run.
        real: training images.
        nimg: pictures drawn.
        pixel_weight: 0 leaves real pictures out, and takes a third of the time.

    Returns:
        The encoder in evaluation mode, on the CPU.
    """
    torch.manual_seed(_SEED)
    device = objective.fabric.device
    network = build(config, objective.image_shape).to(device).train()
    sampler = Sampler(len(real), min(_BATCH, len(real)), _SEED)
    optimizer = torch.optim.Adam(network.parameters(), _LR)
    steps = max(1, nimg // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=_LR, total_steps=steps)
    bf16 = computes_bf16(device.type == "cuda")
    for _ in tqdm(range(steps), unit="step"):
        batch = real.batch(sampler.next_indices())
        latents = objective.latents(_BATCH)
        labels = torch.randint(0, max(1, objective.n_classes), (_BATCH,), device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                drawn = generator(latents, *objective.rows(labels))
            loss = F.mse_loss(network(_augment(drawn)).float(), latents)
            if pixel_weight:
                shown = _fit(batch.images, objective.image_shape).to(device)
                again = generator(network(shown).float(), *objective.rows(batch.labels.to(device)))
                loss = loss + pixel_weight * F.l1_loss(again.float(), shown)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().cpu()


@torch.inference_mode()
def measure(network: nn.Module, generator: nn.Module, objective: Generative, test: ImageSet) -> list[Measured]:
    """How near G(E(x)) comes to x: for samples that the encoder has not seen, and for real test images.

    Args:
        network: in evaluation mode, on the CPU.
        generator: the finished one, on the CPU.
        objective: draws latents.
        test: test images.
    """
    latents = objective.latents(_HELD_NIMG, torch.Generator().manual_seed(_HELD_SEED))
    labels = torch.arange(_HELD_NIMG) % max(1, objective.n_classes)
    drawn = _mapped(generator, latents, *objective.rows(labels))
    found = _mapped(network, drawn)
    count = min(len(test), _HELD_NIMG)
    batch = test.batch(torch.arange(count))
    shown = _fit(batch.images, objective.image_shape)
    real = _mapped(generator, _mapped(network, shown), *objective.rows(batch.labels))
    mean = shown.mean(0, keepdim=True).expand_as(shown)
    error = float((found - latents).square().mean() / latents.var())
    return [
        Measured(
            "encoder_latent_error",
            error,
            f"|E(G(z)) - z|^2 over the variance of z, {_HELD_NIMG:,} latents; 1 is a guess of 0",
        ),
        Measured(
            "encoder_error_samples",
            _difference(drawn, _mapped(generator, found, *objective.rows(labels))),
            f"mean absolute difference of G(E(x)) to x, 0 ... 255, {_HELD_NIMG:,} samples x",
        ),
        Measured(
            "encoder_error_real",
            _difference(shown, real),
            f"the same for {count:,} real test images; their mean in place of each has {_difference(shown, mean):.1f}",
        ),
    ]


def save(folder: Path, step: int, network: nn.Module, measured: list[Measured]) -> None:
    """Keeps an encoder in its run.

    Raises:
        CheckpointError: it could not be written.
    """
    state = {"step": step, "network": network.state_dict(), "metrics": [asdict(item) for item in measured]}
    checkpoint.save(folder / FILE_NAME, state)


def load(
    folder: Path, step: int, config: GenerativeConfig, image_shape: tuple[int, int, int]
) -> tuple[Encoder, list[Measured]] | None:
    """The encoder of a run after exactly so many steps, in evaluation mode; None if there is none.

    Raises:
        CheckpointError: its file is damaged, or of other networks.
    """
    path = folder / FILE_NAME
    state: dict[str, Any] = checkpoint.load(path) if path.exists() else {}
    if state.get("step") != step:
        return None
    network = build(config, image_shape)
    try:
        network.load_state_dict(state["network"])
        return network.eval(), [Measured(**values) for values in state["metrics"]]
    except (RuntimeError, KeyError, TypeError) as error:
        raise checkpoint.CheckpointError(f"{path} does not fit the run: train it again by `encoder`") from error


def _augment(images: Tensor) -> Tensor:
    """Noise and another brightness: real pictures are never quite the generator's."""
    brightness = (2.0 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1.0) * _BRIGHTNESS
    return images + brightness + _NOISE * torch.randn_like(images)


def _fit(images: Tensor, image_shape: tuple[int, int, int]) -> Tensor:
    """The middle of each picture, as large as the generator's."""
    _, height, width = image_shape
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width].contiguous()


def _difference(images: Tensor, others: Tensor) -> float:
    """Mean absolute difference on the scale 0 ... 255 of pictures in [-1, 1]."""
    return float((images - others).abs().mean()) * 127.5


def _mapped(network: nn.Module, *rows: Tensor) -> Tensor:
    """A network's output for many rows, part by part."""
    parts = zip(*(part.split(_ROWS) for part in rows), strict=True)
    return torch.cat([network(*part) for part in parts])
