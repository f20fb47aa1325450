"""The named recipes: each method as published, and a preset of it for a CPU.

A recipe named after a paper is that paper's recipe; what differs is said beside it.
"""

from dataclasses import replace
from typing import NamedTuple

from training.config import (
    Adam,
    ConvDiscriminator,
    ConvGenerator,
    CycleganConfig,
    DcganConfig,
    GanConfig,
    ImageInput,
    MlpDiscriminator,
    MlpGenerator,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    Pix2pixConfig,
    PyramidGenerator,
    ResnetGenerator,
    TrainingConfig,
    UnetGenerator,
    WganConfig,
    WganGpConfig,
)


class Recipe(NamedTuple):
    """A named configuration.

    Attributes:
        description: one sentence.
        images_per_s: real images seen a second on the reference machine, two CPU cores with AVX512-BF16; measured as
            docs/training-speed.md says.
    """

    description: str
    config: TrainingConfig
    images_per_s: float


def hours(config: TrainingConfig, images_per_s: float) -> float:
    """How long a whole run takes at a rate of real images seen a second."""
    return config.total_nimg / images_per_s / 3600.0


# Goodfellow et al. (2014), as in the code published with the paper: maxout discriminator with dropout, SGD with
# momentum, 250 epochs of the first 50,000 images' length, no averaging of the weights.
_GAN = GanConfig(dataset="mnist", validation_share=1 / 6, total_nimg=250 * 50_000, batch_size=100, ema_decay=0.0)

# The perceptrons that most tutorials use. Without BatchNorm they collapsed after 7,800 steps; a long average of the
# weights under a constant learning rate is what makes their samples good (docs/results.md).
_GAN_SMALL = GanConfig(
    dataset="mnist",
    total_nimg=60 * 60_000,
    batch_size=128,
    ema_decay=0.9998,
    generator=MlpGenerator(
        hidden=(128, 256, 512, 1024),
        leak=0.2,
        batch_norm=True,
        output="tanh",
        init_range=0.0,
        bias_from_marginals=False,
    ),
    discriminator=MlpDiscriminator(
        hidden=(512, 256), pieces=1, unit_range=False, dropout_input=0.0, dropout_hidden=0.0, init_range=0.0
    ),
    optimizer=Adam(),
)

# Radford et al. (2015), the class-conditional networks of the paper's code for MNIST: a batch trains either G or D, no
# layer has a bias; 100 epochs, then 100 of linear decay, of the first 50,000 images.
_DCGAN_MNIST = DcganConfig(
    dataset="mnist",
    validation_share=1 / 6,
    total_nimg=200 * 50_000,
    batch_size=128,
    ema_decay=0.0,
    latent_distribution="uniform",
    conditional=True,
    generator=ConvGenerator(
        dense=(1024,), widths=(128, 64), kernel=5, norm_affine=False, unit_norm=True, output="sigmoid"
    ),
    discriminator=ConvDiscriminator(widths=(64, 128), dense=(1024,), kernel=5, norm_affine=False),
    alternate=True,
    optimizer=Adam(weight_decay=2.5e-5, constant_share=0.5),
)
_DCGAN_MNIST_SMALL = replace(
    _DCGAN_MNIST,
    validation_share=0.0,
    total_nimg=40 * 60_000,
    ema_decay=0.9995,
    alternate=False,
    generator=ConvGenerator(dense=(), widths=(128, 64), kernel=5, bias=True),
    discriminator=ConvDiscriminator(widths=(32, 64), kernel=5, bias=True),
    optimizer=Adam(),
)

# Arjovsky et al. (2017): their hyper-parameters, with DCGAN's networks at 28 px, which the paper does not show; 20,000
# generator steps, of which 64 have 100 critic steps. The last 10,000 images are for the estimate that is held against
# FID.
_WGAN = WganConfig(
    dataset="fashion-mnist",
    validation_share=1 / 6,
    total_nimg=(20_000 * 5 + 64 * 95) * 64,
    batch_size=64,
    ema_decay=0.0,
    generator=ConvGenerator(widths=(256, 128)),
    critic=ConvDiscriminator(widths=(64, 128)),
)
# Gulrajani et al. (2017), the networks of the paper's code for MNIST: z 128, dim 64, batch 50, 200,000 generator steps.
_WGAN_GP = WganGpConfig(
    dataset="fashion-mnist",
    validation_share=1 / 6,
    total_nimg=200_000 * 5 * 50,
    batch_size=50,
    ema_decay=0.0,
    generator=ConvGenerator(
        z_dim=128, widths=(256, 128, 64), kernel=5, batch_norm=False, bias=True, init="he", output="sigmoid"
    ),
    critic=ConvDiscriminator(widths=(64, 128, 256), kernel=5, batch_norm=False, bias=True, init="he"),
)
_SMALL_GENERATOR = ConvGenerator(z_dim=64, widths=(128, 64), bias=True)

# Radford et al. (2015) in the well-known PyTorch form for 64 px; the length is that of 25 epochs of 100,000 faces.
_DCGAN_FACES = DcganConfig(
    dataset="celeba",
    images=ImageInput(load_px=64, crop_px=64, flip=False),
    total_nimg=25 * 100_000,
    batch_size=128,
    ema_decay=0.0,
    generator=ConvGenerator(),
    discriminator=ConvDiscriminator(),
    validation_share=0.1,
)
# A few thousand faces are soon known by heart: D sees them mirrored, shifted, recoloured and with holes. Without its
# BatchNorm, held smooth by R1 instead, it told real from drawn hardly at all for the first 60,000 images
# (docs/results.md). With it, D came to tell a whole batch of one kind from a batch of the other by their statistics
# alone after 750,000 images, and one image from another not at all: so both go through it as one batch.
_DCGAN_FACES_SMALL = replace(
    _DCGAN_FACES,
    images=ImageInput(load_px=64, crop_px=64, flip=True),
    total_nimg=300_000,
    batch_size=64,
    ema_decay=0.999,
    diffaugment=("color", "translation", "cutout"),
    mixed_batches=True,
    generator=ConvGenerator(widths=(256, 128, 64, 32)),
    discriminator=ConvDiscriminator(widths=(32, 64, 128, 256)),
)

# Isola et al. (2017): 200 epochs of 400 pairs, from drawings of labels (B) to photos (A).
_PIX2PIX = Pix2pixConfig(
    dataset="facades",
    direction="BtoA",
    total_nimg=200 * 400,
    ema_decay=0.0,
    log_every_steps=20,
    sample_every_nimg=4_000,
    checkpoint_every_nimg=4_000,
)
# Zhu et al. (2017) at 128 px, with six blocks, for data of 160 px; 200 epochs of the larger set.
_CYCLEGAN_MONET = CycleganConfig(
    dataset="monet2photo",
    images=ImageInput(load_px=143, crop_px=128),
    validation_share=0.1,
    total_nimg=200 * 900,
    ema_decay=0.0,
    log_every_steps=20,
    sample_every_nimg=1_800,
    checkpoint_every_nimg=1_800,
    generator=ResnetGenerator(blocks=6),
)
_CYCLEGAN_HORSE = replace(_CYCLEGAN_MONET, dataset="horse2zebra", total_nimg=200 * 1_200, lambda_identity=0.0)


def _cyclegan_small(config: CycleganConfig) -> CycleganConfig:
    # A small network that draws all anew loses the colours within this length (docs/results.md). It is given them, and
    # the identity is no longer worth its time after the beginning.
    return replace(
        config,
        total_nimg=36_000,
        lambda_identity=0.5,
        late_share=1 / 3,
        late_lambda_cycle=8.0,
        late_lambda_identity=0.0,
        early_crop_px=64,
        early_share=0.8,
        ema_decay=0.999,
        generator=ResnetGenerator(ngf=24, blocks=6, smooth=True, residual=True),
        discriminator=PatchDiscriminator(ndf=32, norm_affine=False),
        sample_every_nimg=900,
        checkpoint_every_nimg=900,
    )


# Translators that are fast at 256 px and beyond: crops of the size at which images are shown. Chroma at half the
# resolution and the noise term keep coloured confetti from passing for paint. The learning rate is constant for half
# of the run: a shorter run is a whole one without the decay.
_CYCLEGAN_MONET_256 = CycleganConfig(
    dataset="monet2photo",
    images=ImageInput(load_px=256, crop_px=128),
    validation_share=0.1,
    total_nimg=24_000,
    batch_size=2,
    ema_decay=0.999,
    log_every_steps=20,
    sample_every_nimg=500,
    checkpoint_every_nimg=500,
    late_share=1 / 12,
    late_lambda_cycle=4.0,
    late_lambda_identity=0.0,
    lambda_noise=4.0,
    generator=PyramidGenerator(),
    discriminator=MultiscaleDiscriminator(),
)
_FAST_IMAGES_PER_S = 3.0  # in float32 on one core with AVX2: a lower bound for the reference machine


RECIPES: dict[str, Recipe] = {
    "gan-mnist": Recipe(
        "The first GAN as published: maxout discriminator, dropout, SGD; MNIST digits.", _GAN, images_per_s=3_500
    ),
    "gan-mnist-small": Recipe(
        "A BatchNorm generator that two CPU cores train in minutes; MNIST digits.", _GAN_SMALL, images_per_s=8_600
    ),
    "gan-fashion": Recipe(
        "The first GAN's recipe on Fashion-MNIST.", replace(_GAN, dataset="fashion-mnist"), images_per_s=3_500
    ),
    "gan-fashion-small": Recipe(
        "The small recipe on Fashion-MNIST.", replace(_GAN_SMALL, dataset="fashion-mnist"), images_per_s=8_600
    ),
    "dcgan-mnist": Recipe(
        "Class-conditional DCGAN as published with the paper; MNIST digits.", _DCGAN_MNIST, images_per_s=480
    ),
    "dcgan-mnist-small": Recipe(
        "Class-conditional DCGAN without dense layers, averaged; MNIST digits.", _DCGAN_MNIST_SMALL, images_per_s=1_200
    ),
    "wgan-fashion": Recipe("WGAN with clipped weights, as published; Fashion-MNIST.", _WGAN, images_per_s=1_100),
    "wgan-fashion-small": Recipe(
        "WGAN with clipped weights and small networks, averaged; Fashion-MNIST.",
        replace(
            _WGAN,
            total_nimg=(6_000 * 5 + 36 * 95) * 64,
            ema_decay=0.999,
            generator=_SMALL_GENERATOR,
            critic=ConvDiscriminator(widths=(32, 64), bias=True),
        ),
        images_per_s=3_000,
    ),
    "wgan-gp-fashion": Recipe("WGAN with a gradient penalty, as published; Fashion-MNIST.", _WGAN_GP, images_per_s=280),
    "wgan-gp-fashion-small": Recipe(
        "WGAN with a gradient penalty and small networks, averaged; Fashion-MNIST.",
        replace(
            _WGAN_GP,
            total_nimg=6_000 * 5 * 64,
            batch_size=64,
            ema_decay=0.999,
            generator=_SMALL_GENERATOR,
            critic=ConvDiscriminator(widths=(32, 64), kernel=5, batch_norm=False, bias=True, init="he"),
        ),
        images_per_s=1_400,
    ),
    "dcgan-faces": Recipe("DCGAN for 64 px in its well-known form; faces of CelebA.", _DCGAN_FACES, images_per_s=110),
    "dcgan-faces-small": Recipe(
        "DCGAN with DiffAugment and small networks, for few faces; CelebA.", _DCGAN_FACES_SMALL, images_per_s=290
    ),
    "pix2pix-facades": Recipe(
        "Pix2pix as published, 256 px; facades from drawings of their labels.", _PIX2PIX, images_per_s=1.84
    ),
    "pix2pix-facades-small": Recipe(
        "Pix2pix with small networks without stripes, averaged; facades from drawings of their labels.",
        replace(
            _PIX2PIX,
            total_nimg=12_000,
            ema_decay=0.999,
            sample_every_nimg=1_000,
            checkpoint_every_nimg=1_000,
            generator=UnetGenerator(ngf=16, smooth=True),
            discriminator=PatchDiscriminator(ndf=32),
        ),
        images_per_s=10.6,
    ),
    "cyclegan-monet": Recipe(
        "CycleGAN as published, at 128 px; paintings by Monet and photos.", _CYCLEGAN_MONET, images_per_s=0.65
    ),
    "cyclegan-monet-small": Recipe(
        "CycleGAN with small networks that keep the colours, averaged; paintings by Monet and photos.",
        _cyclegan_small(_CYCLEGAN_MONET),
        images_per_s=7.4,
    ),
    "cyclegan-horse2zebra": Recipe(
        "CycleGAN as published, at 128 px; horses and zebras.", _CYCLEGAN_HORSE, images_per_s=0.89
    ),
    "cyclegan-horse2zebra-small": Recipe(
        "CycleGAN with small networks that keep the colours, averaged; horses and zebras.",
        _cyclegan_small(_CYCLEGAN_HORSE),
        images_per_s=7.4,
    ),
    "cyclegan-monet-fast": Recipe(
        "CycleGAN with a generator that is fast at any size, crops at the scale of 256 px; paintings by Monet and "
        "photos.",
        _CYCLEGAN_MONET_256,
        images_per_s=_FAST_IMAGES_PER_S,
    ),
    "cyclegan-horse2zebra-fast": Recipe(
        "CycleGAN with a generator that is fast at any size, crops at the scale of 256 px; horses and zebras.",
        replace(_CYCLEGAN_MONET_256, dataset="horse2zebra"),
        images_per_s=_FAST_IMAGES_PER_S,
    ),
    "cyclegan-256": Recipe(
        "CycleGAN as published, at 256 px; two folders of your own.",
        CycleganConfig(
            dataset="unpaired",
            total_nimg=200 * 1_000,
            ema_decay=0.0,
            log_every_steps=20,
            sample_every_nimg=2_000,
            checkpoint_every_nimg=2_000,
        ),
        images_per_s=0.12,
    ),
    "pix2pix-256": Recipe(
        "Pix2pix as published, at 256 px; aligned pairs of your own.",
        replace(_PIX2PIX, dataset="pairs", direction="AtoB"),
        images_per_s=1.84,
    ),
}
