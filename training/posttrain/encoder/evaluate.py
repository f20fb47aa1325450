"""Reconstruction quality of an encoder: metrics and an image grid."""

import torch
from torch import Tensor, nn

from service.imaging.pixels import Pixels, grid, to_uint8
from training.data import ImageSet
from training.evaluate import Measurement
from training.objectives import Generative
from training.posttrain.encoder.train import fit

_HELD_SEED = 22
_HELD_NIMG = 1_000
_ROWS = 250
_SHOWN, _COLUMNS = 32, 8


@torch.inference_mode()
def measure(
    network: nn.Module, generator: nn.Module, objective: Generative, shown: ImageSet, of: str = "test"
) -> list[Measurement]:
    """Measures how well G(E(x)) reconstructs x, for unseen samples and for real images.

    Args:
        network: the encoder, in evaluation mode; it is moved to the objective's device.
        generator: the finished generator, on the objective's device.
        objective: samples latents.
        shown: real images, (N, C, H, W) float32 in [-1, 1].
        of: the split of the real images, for the report.
    """
    latents = objective.latents(_HELD_NIMG, torch.Generator().manual_seed(_HELD_SEED))
    device = objective.fabric.device
    network = network.to(device)
    labels = torch.arange(_HELD_NIMG, device=device) % max(1, objective.n_classes)
    drawn = _mapped(generator, latents, *objective.rows(labels))
    found = _mapped(network, drawn)
    count = min(len(shown), _HELD_NIMG)
    batch = shown.batch(torch.arange(count))
    real = fit(batch.images, objective.image_shape).to(device)
    again = _mapped(generator, _mapped(network, real), *objective.rows(batch.labels.to(device)))
    mean = real.mean(0, keepdim=True).expand_as(real)
    error = float((found - latents).square().mean() / latents.var())
    return [
        Measurement(
            "encoder_latent_error",
            error,
            f"|E(G(z)) - z|^2 over the variance of z, {_HELD_NIMG:,} latents; 1 is a guess of 0",
        ),
        Measurement(
            "encoder_error_samples",
            _difference(drawn, _mapped(generator, found, *objective.rows(labels))),
            f"mean absolute difference of G(E(x)) to x, 0 ... 255, {_HELD_NIMG:,} samples x",
        ),
        Measurement(
            "encoder_error_real",
            _difference(real, again),
            f"the same for {count:,} real {of} images; their mean in place of each has {_difference(real, mean):.1f}",
        ),
    ]


@torch.inference_mode()
def page(network: nn.Module, generator: nn.Module, objective: Generative, real: ImageSet) -> Pixels:
    """A grid of real images with the reconstruction below each: (H, W, C) uint8."""
    count = min(_SHOWN, len(real))
    batch = real.batch(torch.arange(count))
    device = objective.fabric.device
    shown = fit(batch.images, objective.image_shape).to(device)
    again = generator(network.to(device)(shown), *objective.rows(batch.labels.to(device)))
    rows = (part for pair in zip(shown.split(_COLUMNS), again.split(_COLUMNS), strict=True) for part in pair)
    return grid(to_uint8(torch.cat(list(rows)).cpu().numpy()), min(_COLUMNS, count))


def _difference(images: Tensor, others: Tensor) -> float:
    """The mean absolute difference of images in [-1, 1], on the scale 0 ... 255."""
    return float((images - others).abs().mean()) * 127.5


def _mapped(network: nn.Module, *rows: Tensor) -> Tensor:
    """A network's output for many rows, computed in batches."""
    parts = zip(*(part.split(_ROWS) for part in rows), strict=True)
    return torch.cat([network(*part) for part in parts])
