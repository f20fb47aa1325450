"""Training of an encoder, which maps an image to a latent whose sample resembles the image.

The training data are samples of the generator, in any number and with known latents. A pixel loss on reconstructions
of samples and of real images extends the encoder to images that the generator has never produced.

References:
    J. Donahue et al., "Adversarial Feature Learning", ICLR 2017, section 3.5: the latent regressor.
    J. Zhu et al., "In-Domain GAN Inversion for Real Image Editing", ECCV 2020, section 3.1: training on real images.
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
"""Default number of samples for training."""
PIXEL_WEIGHT = 1.0
_BATCH = 64
_LR = 1e-3
_SEED = 21
_NOISE = 0.05
_BRIGHTNESS = 0.1


def build(config: GenerativeConfig, image_shape: tuple[int, int, int]) -> Encoder:
    """Builds an encoder for a generator's images, with initial weights."""
    return Encoder(image_shape, config.generator.z_dim, is_uniform=config.latent_distribution == "uniform")


def train(
    generator: nn.Module,
    objective: Generative,
    config: GenerativeConfig,
    real: ImageSet,
    nimg: int = NIMG,
    pixel_weight: float = PIXEL_WEIGHT,
) -> Encoder:
    """Trains an encoder on fresh samples of the finished generator: Adam, one-cycle learning rate.

    The loss is |E(G(z)) - z|^2 + pixel_weight * |G(E(x)) - x|, for samples and real images x. Without the second
    term, uncertain latents shrink towards their mean, 0, which is far from typical latents.

    Args:
        generator: the finished generator, on the objective's device, which trains the encoder too.
        objective: samples latents.
        config: the run's configuration.
        real: training images.
        nimg: samples generated for training.
        pixel_weight: weight of the pixel loss; 0 disables it and real images, and takes a fifth of the time.

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
            # One batch of both, so that BatchNorm's running statistics cover both.
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
    """Crops the center of each image to the generator's size: (N, C, H, W)."""
    _, height, width = image_shape
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width].contiguous()


def _augment(images: Tensor) -> Tensor:
    """Adds noise and a random brightness offset, since real images differ from samples."""
    brightness = (2.0 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1.0) * _BRIGHTNESS
    return images + brightness + _NOISE * torch.randn_like(images)
