"""Recipes that generate images from latents: GAN, DCGAN, WGAN and WGAN-GP."""

from dataclasses import replace

from training.config import (
    Adam,
    ConvDiscriminator,
    ConvGenerator,
    DcganConfig,
    GanConfig,
    ImageInput,
    MlpDiscriminator,
    MlpGenerator,
    WganConfig,
    WganGpConfig,
)
from training.config.recipes.recipe import Recipe

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
# generator steps, of which 64 have 100 critic steps. The last 10,000 images are held out for the estimate that is
# compared with FID.
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
# A discriminator soon memorises a few thousand faces, so D sees them mirrored, shifted, recoloured and with holes.
# Without BatchNorm, regularised by R1 instead, D hardly separated real from generated images for the first 60,000
# images (docs/results.md). With BatchNorm, after 750,000 images D separated whole real batches from whole generated
# batches by their statistics, but not single images. So real and generated images form one batch.
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

GENERATIVE: dict[str, Recipe] = {
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
}
