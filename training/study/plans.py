"""The named studies. The runs of a study share seed and data, and each takes minutes on two CPU cores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from training.config import (
    Adam,
    ConvDiscriminator,
    ConvGenerator,
    CycleganConfig,
    DcganConfig,
    GanConfig,
    ImageInput,
    PatchDiscriminator,
    Pix2pixConfig,
    ResnetGenerator,
    TrainingConfig,
    UnetGenerator,
    WganConfig,
    WganGpConfig,
)
from training.config.recipes import RECIPES


@dataclass(frozen=True)
class Study:
    """A comparison of several runs.

    Attributes:
        title: what is compared.
        source: the paper that the comparison is from.
        runs: configurations by label.
        numbers: names of the metrics that the page shows, in order.
    """

    title: str
    source: str
    runs: Mapping[str, TrainingConfig]
    numbers: tuple[str, ...]


_MEASURED = ("frechet_distance", "coverage", "classifier_confidence", "rarest_class_share")

_recipe = RECIPES["gan-mnist-small"].config
assert isinstance(_recipe, GanConfig)
_GAN = replace(_recipe, validation_share=1 / 6, total_nimg=1_200_000, measure_every_nimg=60_000)

# All runs share one pair of networks: those of DCGAN at 28 px, with half the usual width.
_GENERATOR = ConvGenerator(z_dim=64, widths=(128, 64), bias=True)
_DISCRIMINATOR = ConvDiscriminator(widths=(32, 64), kernel=5, batch_norm=False, bias=True)


def _games(dataset: str, generator: ConvGenerator, total_nimg: int) -> dict[str, TrainingConfig]:
    """Configurations of GAN, WGAN and WGAN-GP with the same two networks."""
    shared: dict[str, Any] = {
        "dataset": dataset,
        "validation_share": 1 / 6,
        "total_nimg": total_nimg,
        "batch_size": 64,
        "ema_decay": 0.0,
        "generator": generator,
        "measure_every_nimg": total_nimg // 20,
        "snapshots": 24,
    }
    return {
        "GAN": DcganConfig(**shared, discriminator=_DISCRIMINATOR, optimizer=Adam()),
        "WGAN": WganConfig(**shared, critic=_DISCRIMINATOR),
        "WGAN-GP": WganGpConfig(**shared, critic=_DISCRIMINATOR),
    }


_FACADES = Pix2pixConfig(
    dataset="facades",
    direction="BtoA",
    images=ImageInput(load_px=72, crop_px=64),
    total_nimg=32_000,
    ema_decay=0.0,
    sample_every_nimg=4_000,
    checkpoint_every_nimg=4_000,
    generator=UnetGenerator(ngf=16, depth=6),
    discriminator=PatchDiscriminator(ndf=16),
)
_ZEBRAS = CycleganConfig(
    dataset="horse2zebra",
    images=ImageInput(load_px=72, crop_px=64),
    validation_share=0.1,
    total_nimg=10_000,
    ema_decay=0.0,
    lambda_identity=0.0,
    late_lambda_identity=0.0,
    sample_every_nimg=2_500,
    checkpoint_every_nimg=2_500,
    generator=ResnetGenerator(ngf=16, blocks=6),
    discriminator=PatchDiscriminator(ndf=16, norm_affine=False),
)

STUDIES: dict[str, Study] = {
    "losses": Study(
        "The generator's loss: minimax and non-saturating",
        "Goodfellow et al., 2014, section 3",
        {name: replace(_GAN, loss=name) for name in ("minimax", "non-saturating")},
        _MEASURED,
    ),
    "epochs": Study(
        "One, five and all epochs",
        "the small recipe of the GAN",
        {
            label: replace(_GAN, total_nimg=epochs * 50_000, measure_every_nimg=50_000)
            for label, epochs in (("one epoch", 1), ("five epochs", 5), ("sixty epochs", 60))
        },
        _MEASURED,
    ),
    "games": Study(
        "GAN, WGAN and WGAN-GP without BatchNorm",
        "Arjovsky et al., 2017, section 4.3",
        _games("fashion-mnist", replace(_GENERATOR, batch_norm=False), 500_000),
        (*_MEASURED, "estimate_agreement"),
    ),
    "modes": Study(
        "Modes of stacked MNIST",
        "Lin et al., 2018 (PacGAN), section 4.2",
        _games("stacked-mnist", _GENERATOR, 1_000_000),
        ("modes", "kl_to_uniform", "estimate_agreement"),
    ),
    "pix2pix-losses": Study(
        "Pix2pix: L1, the conditional GAN, and both",
        "Isola et al., 2017, table 1",
        {
            "L1": replace(_FACADES, lambda_gan=0.0),
            "cGAN": replace(_FACADES, lambda_l1=0.0),
            "L1 + cGAN": _FACADES,
        },
        ("pixel_accuracy", "l1", "gradient_ratio", "half_rate_ratio"),
    ),
    "pix2pix-patches": Study(
        "Pix2pix: the patch size",
        "Isola et al., 2017, table 3",
        {
            f"{side} x {side}": replace(_FACADES, discriminator=PatchDiscriminator(ndf=16, layers=layers))
            for side, layers in ((1, 0), (16, 1), (70, 3))
        },
        ("pixel_accuracy", "l1", "gradient_ratio", "half_rate_ratio"),
    ),
    "cyclegan-losses": Study(
        "CycleGAN: the cycle, the GAN, and both",
        "Zhu et al., 2017, tables 4 and 5",
        {
            "cycle alone": replace(_ZEBRAS, lambda_gan=0.0),
            "GAN alone": replace(_ZEBRAS, lambda_cycle=0.0, late_lambda_cycle=0.0),
            "GAN + forward cycle": replace(_ZEBRAS, cycles="forward"),
            "GAN + backward cycle": replace(_ZEBRAS, cycles="backward"),
            "CycleGAN": _ZEBRAS,
        },
        ("domain_taken", "cycle_error", "structure", "change"),
    ),
}
"""Studies by their name on the command line."""
