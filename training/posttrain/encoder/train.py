"""How an encoder is trained: from an image back to a latent that draws one like it.

It is trained on the generator's own images, of which there are as many as wanted, each with its latent; and on the
pixels that are drawn again, of real images too, so that it finds latents for what the generator has never drawn.

References:
    J. Donahue et al., "Adversarial Feature Learning", ICLR 2017, section 3.5: the latent regressor.
    J. Zhu et al., "In-Domain GAN Inversion for Real Image Editing", ECCV 2020, section 3.1: why real ones take part.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from training.config import GenerativeConfig
from training.data import ImageSet, Sampler
from training.networks.encoder import Encoder
from training.objectives import Generative
from training.runs.devices import computes_bf16

NIMG = 200_000
"""Images drawn for the training."""
PIXEL_WEIGHT = 1.0
_BATCH = 64
_LR = 1e-3
_SEED = 21
_NOISE = 0.05
_BRIGHTNESS = 0.1


def build(config: GenerativeConfig, image_shape: tuple[int, int, int]) -> Encoder:
    """An encoder for a generator's images, with new weights."""
    return Encoder(image_shape, config.generator.z_dim, is_uniform=config.latent_distribution == "uniform")


def train(
    generator: nn.Module,
    objective: Generative,
    config: GenerativeConfig,
    real: ImageSet,
    nimg: int = NIMG,
    pixel_weight: float = PIXEL_WEIGHT,
) -> Encoder:
    """Trains an encoder on fresh images of the finished generator: Adam, one-cycle learning rate.

    The loss is |E(G(z)) - z|^2, and pixel_weight times |G(E(x)) - x| of samples and real images x. Without the
    second, latents that are hard to tell shrink towards their mean, 0, of which the generator has drawn nothing.

    Args:
        generator: the finished one, on the objective's device: there the encoder is trained too.
        objective: draws latents.
        config: of the run.
        real: training images.
        nimg: images drawn.
        pixel_weight: 0 leaves pixels and real images out, and takes a fifth of the time.

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
            shown = fit(batch.images, objective.image_shape).to(device)[: _BATCH if pixel_weight else 0]
            # Together, so that BatchNorm's statistics, which are kept for later, are those of both.
            found = network(torch.cat((_augment(drawn), shown))).float()
            loss = F.mse_loss(found[:_BATCH], latents)
            if pixel_weight:
                again = generator(found, *objective.rows(torch.cat((labels, batch.labels.to(device)))))
                loss = loss + pixel_weight * F.l1_loss(again.float(), torch.cat((drawn.float(), shown)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().cpu()


def fit(images: Tensor, image_shape: tuple[int, int, int]) -> Tensor:
    """The middle of each image, as large as the generator's."""
    _, height, width = image_shape
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width].contiguous()


def _augment(images: Tensor) -> Tensor:
    """Noise and another brightness: real images are never quite the generator's."""
    brightness = (2.0 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1.0) * _BRIGHTNESS
    return images + brightness + _NOISE * torch.randn_like(images)
