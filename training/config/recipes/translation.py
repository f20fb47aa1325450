"""Recipes that translate images: Pix2pix and CycleGAN."""

from dataclasses import replace

from training.config import (
    CycleganConfig,
    ImageInput,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    Pix2pixConfig,
    PyramidGenerator,
    ResnetGenerator,
    UnetGenerator,
)
from training.config.recipes.recipe import Recipe

# Isola et al. (2017): 200 epochs of 400 pairs, from label maps (B) to photos (A).
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
    # A small network that generates the whole image loses the colours within this length (docs/results.md). So it adds
    # its output to the blurred input, and the identity loss is used only at the start.
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


# Translators that are fast at 256 px and above: crops have the size of displayed images. Chroma at half the
# resolution and the noise term prevent chroma noise that imitates paint. The learning rate is constant for half
# of the run: a shorter run is a full one without the decay.
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

TRANSLATION: dict[str, Recipe] = {
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
