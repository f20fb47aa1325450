"""Configurations so small that a test trains them in seconds, and the options that make recipes so small."""

from dataclasses import replace

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
    PatchDiscriminator,
    Pix2pixConfig,
    ResnetGenerator,
    UnetGenerator,
    WganConfig,
    WganGpConfig,
)

GENERATOR = MlpGenerator(z_dim=8, hidden=(16, 16))
DISCRIMINATOR = MlpDiscriminator(hidden=(16, 16), pieces=2)
TINY = GanConfig(
    dataset="mnist",
    total_nimg=640,
    batch_size=32,
    precision="32-true",
    ema_decay=0.9,
    log_every_steps=1,
    sample_every_nimg=320,
    checkpoint_every_nimg=320,
    generator=GENERATOR,
    discriminator=DISCRIMINATOR,
)
BATCH_NORM = replace(TINY, generator=replace(GENERATOR, batch_norm=True), optimizer=Adam(constant_share=0.5))

_SHARED = {
    name: getattr(TINY, name)
    for name in (
        *("dataset", "total_nimg", "batch_size", "precision", "ema_decay"),
        *("log_every_steps", "sample_every_nimg", "checkpoint_every_nimg"),
    )
}
_CONV = ConvGenerator(z_dim=8, widths=(8, 4))
DCGAN = DcganConfig(
    **_SHARED,
    conditional=True,
    generator=replace(_CONV, dense=(12,), kernel=5, norm_affine=False, bias=True, output="sigmoid"),
    discriminator=ConvDiscriminator(widths=(4, 8), dense=(12,), kernel=5, norm_affine=False, bias=True),
)
WGAN = WganConfig(
    **_SHARED,
    snapshots=3,
    generator=_CONV,
    critic=ConvDiscriminator(widths=(4, 8)),
    n_critic=3,
    n_critic_warm=4,
    warm_steps=1,
)
WGAN_GP = WganGpConfig(
    **_SHARED,
    snapshots=3,
    generator=replace(_CONV, widths=(8, 8, 4), kernel=5, batch_norm=False, bias=True),
    critic=ConvDiscriminator(widths=(4, 8, 8), kernel=5, batch_norm=False, bias=True),
    n_critic=2,
)
# Faces with every option for small data, and the penalty often enough for a short run.
FACES = DcganConfig(
    **_SHARED | {"dataset": "celeba"},
    images=ImageInput(load_px=18, crop_px=16),
    diffaugment=("color", "translation", "cutout"),
    generator=_CONV,
    discriminator=ConvDiscriminator(widths=(4, 8), batch_norm=False, bias=True, spectral_norm=True),
    r1_gamma=1.0,
    r1_every_steps=4,
)
_SHORT = _SHARED | {"total_nimg": 40, "batch_size": 2, "sample_every_nimg": 20, "checkpoint_every_nimg": 20}
PIX2PIX = Pix2pixConfig(
    **_SHORT | {"dataset": "facades"},
    direction="BtoA",
    images=ImageInput(load_px=18, crop_px=16),
    generator=UnetGenerator(ngf=4, depth=4),
    discriminator=PatchDiscriminator(ndf=4, layers=2),
)
# A pool that is soon full, so that a run of 20 steps exchanges many images.
CYCLEGAN = CycleganConfig(
    **_SHORT | {"dataset": "monet2photo"},
    images=ImageInput(load_px=18, crop_px=16),
    generator=ResnetGenerator(ngf=4, blocks=1),
    discriminator=PatchDiscriminator(ndf=4, layers=1, norm_affine=False),
    diffaugment=("color", "translation", "cutout"),
    late_share=0.5,
    late_lambda_cycle=5.0,
    late_lambda_identity=0.0,
    pool_size=5,
)

# What `train gan-mnist` needs to be `TINY`, but for its own additions.
TINY_WORDS = (
    *("--total-nimg", "640", "--batch-size", "32", "--precision", "32-true", "--ema-decay", "0.9"),
    *("--log-every-steps", "1", "--sample-every-nimg", "320", "--checkpoint-every-nimg", "320"),
    *("--validation-share", "0", "--generator.z-dim", "8", "--generator.hidden", "16", "16"),
    *("--discriminator.hidden", "16", "16", "--discriminator.pieces", "2"),
)


# What a translator's recipe needs to be tiny.
TRANSLATOR_WORDS = (
    *("--accelerator", "cpu", "--precision", "32-true", "--total-nimg", "40", "--batch-size", "2"),
    *("--log-every-steps", "1", "--sample-every-nimg", "20", "--checkpoint-every-nimg", "20"),
    *("--images.load-px", "18", "--images.crop-px", "16", "--generator.ngf", "4", "--discriminator.ndf", "4"),
    *("--discriminator.layers", "1", "--validation-share", "0"),
)
PIX2PIX_WORDS = (*TRANSLATOR_WORDS, "--generator.depth", "4")
CYCLEGAN_WORDS = (*TRANSLATOR_WORDS, "--generator.blocks", "1", "--pool-size", "5", "--early-crop-px", "8")
