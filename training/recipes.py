"""The named recipes: each method as published, and a preset of it for a CPU.

A recipe named after a paper is that paper's recipe; what differs is said beside it.
"""

from dataclasses import replace

from training.config import (
    Adam,
    ConvDiscriminator,
    ConvGenerator,
    DcganConfig,
    GanConfig,
    MlpDiscriminator,
    MlpGenerator,
    TrainingConfig,
    WganConfig,
    WganGpConfig,
)

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

# Radford et al. (2015), the class-conditional networks of the paper's code for MNIST: 100 epochs, then 100 of linear
# decay, of the first 50,000 images.
_DCGAN_MNIST = DcganConfig(
    dataset="mnist",
    validation_share=1 / 6,
    total_nimg=200 * 50_000,
    batch_size=128,
    ema_decay=0.0,
    latent_distribution="uniform",
    conditional=True,
    generator=ConvGenerator(dense=(1024,), widths=(128, 64), kernel=5, norm_affine=False, bias=True, output="sigmoid"),
    discriminator=ConvDiscriminator(widths=(64, 128), dense=(1024,), kernel=5, norm_affine=False, bias=True),
    optimizer=Adam(weight_decay=2.5e-5, constant_share=0.5),
)
_DCGAN_MNIST_SMALL = replace(
    _DCGAN_MNIST,
    validation_share=0.0,
    total_nimg=40 * 60_000,
    ema_decay=0.9995,
    generator=ConvGenerator(dense=(), widths=(128, 64), kernel=5, bias=True),
    discriminator=ConvDiscriminator(widths=(32, 64), kernel=5, bias=True),
    optimizer=Adam(),
)

# Arjovsky et al. (2017): their hyper-parameters, with DCGAN's networks at 28 px; 20,000 generator steps.
_WGAN = WganConfig(
    dataset="fashion-mnist",
    total_nimg=(20_000 * 5 + 65 * 95) * 64,
    batch_size=64,
    ema_decay=0.0,
    generator=ConvGenerator(widths=(256, 128), bias=True),
    critic=ConvDiscriminator(widths=(64, 128), bias=True),
)
# Gulrajani et al. (2017), the networks of the paper's code for MNIST: z 128, dim 64, batch 50.
_WGAN_GP = WganGpConfig(
    dataset="fashion-mnist",
    total_nimg=20_000 * 5 * 50,
    batch_size=50,
    ema_decay=0.0,
    generator=ConvGenerator(z_dim=128, widths=(256, 128, 64), kernel=5, batch_norm=False, bias=True, output="sigmoid"),
    critic=ConvDiscriminator(widths=(64, 128, 256), kernel=5, batch_norm=False, bias=True),
)
_SMALL_GENERATOR = ConvGenerator(z_dim=64, widths=(128, 64), bias=True)

RECIPES: dict[str, tuple[str, TrainingConfig]] = {
    "gan-mnist": ("The first GAN as published: maxout discriminator, dropout, SGD; MNIST digits.", _GAN),
    "gan-mnist-small": ("A BatchNorm generator that two CPU cores train in minutes; MNIST digits.", _GAN_SMALL),
    "gan-fashion": ("The first GAN's recipe on Fashion-MNIST.", replace(_GAN, dataset="fashion-mnist")),
    "gan-fashion-small": ("The small recipe on Fashion-MNIST.", replace(_GAN_SMALL, dataset="fashion-mnist")),
    "dcgan-mnist": ("Class-conditional DCGAN as published with the paper; MNIST digits.", _DCGAN_MNIST),
    "dcgan-mnist-small": ("Class-conditional DCGAN without dense layers, averaged; MNIST digits.", _DCGAN_MNIST_SMALL),
    "wgan-fashion": ("WGAN with clipped weights, as published; Fashion-MNIST.", _WGAN),
    "wgan-fashion-small": (
        "WGAN with clipped weights and small networks, averaged; Fashion-MNIST.",
        replace(
            _WGAN,
            total_nimg=(6_000 * 5 + 37 * 95) * 64,
            ema_decay=0.999,
            generator=_SMALL_GENERATOR,
            critic=ConvDiscriminator(widths=(32, 64), bias=True),
        ),
    ),
    "wgan-gp-fashion": ("WGAN with a gradient penalty, as published; Fashion-MNIST.", _WGAN_GP),
    "wgan-gp-fashion-small": (
        "WGAN with a gradient penalty and small networks, averaged; Fashion-MNIST.",
        replace(
            _WGAN_GP,
            total_nimg=6_000 * 5 * 64,
            batch_size=64,
            ema_decay=0.999,
            generator=_SMALL_GENERATOR,
            critic=ConvDiscriminator(widths=(32, 64), kernel=5, batch_norm=False, bias=True),
        ),
    ),
}
