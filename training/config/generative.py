"""The methods that generate from latents: GAN, DCGAN, WGAN and WGAN-GP."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from training.config.fields import STRICT, Augmentation, Positive, Task
from training.config.networks import ConvDiscriminator, ConvGenerator, MlpDiscriminator, MlpGenerator
from training.config.optimizers import Adam, RmsProp, Sgd
from training.config.training import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class GenerativeConfig(TrainingConfig):
    """What every method that generates from latents has in common."""

    __pydantic_config__ = STRICT
    task: ClassVar[Task] = "generate"

    dataset: Literal["mnist", "fashion-mnist", "stacked-mnist", "celeba", "images"]
    """The data set whose files --data has to hold; `images` are any of your own."""
    latent_distribution: Literal["normal", "uniform"] = "normal"
    """N(0, 1), or uniform on [-1, 1]."""
    diffaugment: tuple[Augmentation, ...] = ()
    """Differentiable augmentations of real and fake images in the steps of both players (Zhao et al., 2020)."""
    conditional: bool = False
    """Both networks receive the class of each image."""
    snapshots: Annotated[int, Field(ge=0)] = 0
    """Number of log-spaced snapshots that compare D's own estimate of the distance with the samples'; 0 for none."""
    generator: MlpGenerator | ConvGenerator
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = Adam()
    """Settings of both optimisers."""

    @model_validator(mode="after")
    def _images_are_read(self) -> Self:
        is_idx = self.dataset in ("mnist", "fashion-mnist", "stacked-mnist")
        if is_idx and self.images:
            raise ValueError(f"images is given, but the IDX files of {self.dataset} are taken as they are; give None")
        if not is_idx and not self.images:
            raise ValueError(f"images must say at which size {self.dataset} is read")
        if self.conditional and self.dataset not in ("mnist", "fashion-mnist"):
            raise ValueError(f"conditional is true, but {self.dataset} has no classes; use mnist or fashion-mnist")
        return self

    @model_validator(mode="after")
    def _batch_norm_needs_neighbours(self) -> Self:
        if self.generator.batch_norm and self.batch_size < 2:
            raise ValueError("batch_size is 1, but BatchNorm needs at least 2 images per step")
        return self


@dataclass(frozen=True, kw_only=True)
class GanConfig(GenerativeConfig):
    """The GAN of Goodfellow et al. (2014): two perceptrons and one game."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "gan"

    loss: Literal["non-saturating", "minimax"] = "non-saturating"
    """The generator's loss: -log D(G(z)), or log(1 - D(G(z))) as in the minimax game."""
    generator: MlpGenerator = MlpGenerator()
    discriminator: MlpDiscriminator = MlpDiscriminator()
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = Sgd()

    @model_validator(mode="after")
    def _has_no_classes(self) -> Self:
        if self.conditional:
            raise ValueError("conditional is true, but the perceptrons of method gan take no class; use a dcgan recipe")
        return self


@dataclass(frozen=True, kw_only=True)
class DcganConfig(GenerativeConfig):
    """DCGAN (Radford et al., 2015): the same game between convolutional networks."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "dcgan"

    loss: Literal["non-saturating", "minimax"] = "non-saturating"
    """The generator's loss: -log D(G(z)), or log(1 - D(G(z))) as in the minimax game."""
    generator: ConvGenerator = ConvGenerator()
    discriminator: ConvDiscriminator = ConvDiscriminator()
    alternate: bool = False
    """A batch trains either G or D, in turn, as the paper's code does; else each batch trains both."""
    mixed_batches: bool = False
    """Real and generated images go through D as one batch, and G learns from D with its running statistics: else
    BatchNorm alone can tell a batch of one kind from a batch of the other."""
    r1_gamma: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the penalty on D's gradient at real images (Mescheder et al., 2018); 0 turns it off."""
    r1_every_steps: Positive = 16
    """The penalty is added every so many steps, with so many times the weight (Karras et al., 2020)."""

    @model_validator(mode="after")
    def _penalty_needs_separate_images(self) -> Self:
        if self.r1_gamma > 0 and self.discriminator.batch_norm:
            raise ValueError(
                "r1_gamma is given, so discriminator.batch_norm must be off: the penalty is on each image's own "
                "gradient"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class WganConfig(GenerativeConfig):
    """WGAN (Arjovsky et al., 2017): a critic whose weights are clipped estimates the earth mover's distance."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "wgan"

    generator: ConvGenerator = ConvGenerator()
    critic: ConvDiscriminator = ConvDiscriminator()
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = RmsProp()
    snapshots: Annotated[int, Field(ge=0)] = 24
    clip_value: Annotated[float, Field(gt=0)] = 0.01
    """Every weight of the critic stays in +-clip_value."""
    n_critic: Positive = 5
    """Critic steps per generator step."""
    n_critic_warm: Positive = 100
    """Critic steps for each of the first `warm_steps` generator steps, and for every `warm_every`-th."""
    warm_steps: Annotated[int, Field(ge=0)] = 25
    warm_every: Positive = 500


@dataclass(frozen=True, kw_only=True)
class WganGpConfig(GenerativeConfig):
    """WGAN-GP (Gulrajani et al., 2017): the critic's gradient is held near norm 1 by a penalty."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "wgan-gp"

    generator: ConvGenerator = ConvGenerator()
    critic: ConvDiscriminator = ConvDiscriminator(batch_norm=False, bias=True)
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = Adam(lr=1e-4, betas=(0.5, 0.9))
    snapshots: Annotated[int, Field(ge=0)] = 24
    lambda_gp: Annotated[float, Field(gt=0)] = 10.0
    """Weight of the gradient penalty."""
    n_critic: Positive = 5
    """Critic steps per generator step."""

    @model_validator(mode="after")
    def _critic_needs_separate_images(self) -> Self:
        if self.critic.batch_norm:
            raise ValueError("critic.batch_norm must be off: the penalty is on each image's own gradient")
        return self
