"""Frozen dataclasses, one a method, one place for each hyper-parameter; `recipes` gives them values.

Knows nothing about torch: networks and objectives read these values, the command line overrides them, and a run
saves them beside its checkpoints. A value is checked where it comes in: by `validated` from the command line, by
`from_json` from a file.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, model_validator

_STRICT = ConfigDict(extra="forbid")

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Widths = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=16)]


@dataclass(frozen=True, kw_only=True)
class MlpGenerator:
    """A multilayer perceptron from latents to pixels."""

    __pydantic_config__ = _STRICT

    z_dim: Positive = 100
    """Size of a latent vector."""
    hidden: Widths = (1200, 1200)
    """Width of each hidden layer."""
    leak: Share = 0.0
    """Slope of the LeakyReLU below zero; 0 is ReLU."""
    batch_norm: bool = False
    """BatchNorm after every hidden layer but the first."""
    output: Literal["sigmoid", "tanh"] = "sigmoid"
    """Last activation; a sigmoid's [0, 1] is mapped to [-1, 1] inside the network."""
    init_range: Annotated[float, Field(ge=0)] = 0.05
    """Weights start uniform in +-init_range; 0 keeps PyTorch's own start."""
    bias_from_marginals: bool = True
    """Output biases start at the logit of each pixel's mean, so that the first samples have the data's mean."""


@dataclass(frozen=True, kw_only=True)
class MlpDiscriminator:
    """A multilayer perceptron from pixels to one logit."""

    __pydantic_config__ = _STRICT

    hidden: Widths = (240, 240)
    """Units of each hidden layer."""
    pieces: Positive = 5
    """Linear pieces of a maxout unit; 1 is a plain LeakyReLU layer."""
    leak: Share = 0.2
    """Slope of the LeakyReLU where pieces is 1."""
    unit_range: bool = True
    """The network sees pixels in [0, 1], as the first GAN's did: one that dropout takes away is black. Else [-1, 1]."""
    dropout_input: Share = 0.2
    """Share of the pixels that dropout sets to zero."""
    dropout_hidden: Share = 0.5
    """Share of the hidden units that dropout sets to zero."""
    init_range: Annotated[float, Field(ge=0)] = 0.005
    """Weights start uniform in +-init_range; 0 keeps PyTorch's own start."""


@dataclass(frozen=True, kw_only=True)
class ConvGenerator:
    """Fractionally-strided convolutions from latents to pixels. The default is DCGAN's well-known form for 64 px."""

    __pydantic_config__ = _STRICT

    z_dim: Positive = 100
    """Size of a latent vector."""
    dense: tuple[Positive, ...] = ()
    """Width of each fully connected hidden layer before the convolutions; DCGAN's guidelines have none."""
    widths: Widths = (512, 256, 128, 64)
    """Feature maps before each layer of stride 2; the side of the picture is the first maps' side x 2^layers."""
    kernel: Annotated[int, Field(ge=4, le=5)] = 4
    batch_norm: bool = True
    norm_affine: bool = True
    """BatchNorm has a scale and a bias of its own."""
    bias: bool = False
    """Layers without BatchNorm have a bias."""
    output: Literal["sigmoid", "tanh"] = "tanh"
    """Last activation; a sigmoid's [0, 1] is mapped to [-1, 1] inside the network."""


@dataclass(frozen=True, kw_only=True)
class ConvDiscriminator:
    """Strided convolutions from pixels to one number. The default is DCGAN's well-known form for 64 px."""

    __pydantic_config__ = _STRICT

    widths: Widths = (64, 128, 256, 512)
    """Feature maps after each layer of stride 2."""
    dense: tuple[Positive, ...] = ()
    """Width of each fully connected hidden layer after the convolutions."""
    kernel: Annotated[int, Field(ge=4, le=5)] = 4
    leak: Share = 0.2
    """Slope of the LeakyReLU below zero."""
    batch_norm: bool = True
    norm_affine: bool = True
    """BatchNorm has a scale and a bias of its own."""
    bias: bool = False
    """Layers without BatchNorm have a bias."""
    spectral_norm: bool = False
    """Every layer is divided by its spectral norm (Miyato et al., 2018)."""


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent with the schedules of the first GAN's code."""

    __pydantic_config__ = _STRICT

    kind: Literal["sgd"] = "sgd"
    lr: Rate = 0.1
    lr_decay: Annotated[float, Field(ge=1)] = 1.000004
    """The learning rate is divided by this at every update."""
    min_lr: Rate = 1e-6
    momentum: Share = 0.5
    final_momentum: Share = 0.7
    momentum_epochs: Positive = 250
    """Momentum grows linearly to final_momentum over this many epochs."""


@dataclass(frozen=True, kw_only=True)
class RmsProp:
    """RMSprop with a constant learning rate, as the first WGAN's."""

    __pydantic_config__ = _STRICT

    kind: Literal["rmsprop"] = "rmsprop"
    lr: Rate = 5e-5


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam, constant at first and then linear to zero."""

    __pydantic_config__ = _STRICT

    kind: Literal["adam"] = "adam"
    lr: Rate = 2e-4
    betas: tuple[Share, Share] = (0.5, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    constant_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the run with a constant learning rate; over the rest it falls linearly to zero."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What every method has in common. An image *seen* is a real image that a discriminator step looked at."""

    __pydantic_config__ = _STRICT

    method: ClassVar[str]

    dataset: Literal["mnist", "fashion-mnist"]
    """The data set whose files --data has to hold."""
    first_nimg: Positive | None = None
    """Train on the first so many training images only; None takes them all."""
    total_nimg: Positive
    """Length of the run in real images seen."""
    batch_size: Positive = 128
    """Images a step, over all processes together."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """auto: bf16 autocast where the hardware computes in bf16, else float32."""
    ema_decay: Share = 0.999
    """Decay a step of the generator's exponential moving average; 0 turns it off."""
    log_every_steps: Positive = 50
    """Steps between two lines of losses in metrics.jsonl and TensorBoard."""
    sample_every_nimg: Positive = 120_000
    """Images between two sample grids."""
    checkpoint_every_nimg: Positive = 120_000
    """Images between two checkpoints."""

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return max(1, self.total_nimg // self.batch_size)


@dataclass(frozen=True, kw_only=True)
class GenerativeConfig(TrainingConfig):
    """What every method that draws from latents has in common."""

    __pydantic_config__ = _STRICT

    latent_distribution: Literal["normal", "uniform"] = "normal"
    """N(0, 1), or uniform on [-1, 1]."""
    conditional: bool = False
    """Both networks are told the class of each picture."""
    generator: MlpGenerator | ConvGenerator
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = Adam()
    """Settings of both optimisers."""

    @model_validator(mode="after")
    def _batch_norm_needs_neighbours(self) -> Self:
        if self.generator.batch_norm and self.batch_size < 2:
            raise ValueError("batch_size is 1, but BatchNorm needs at least 2 images a step")
        return self


@dataclass(frozen=True, kw_only=True)
class GanConfig(GenerativeConfig):
    """The GAN of Goodfellow et al. (2014): two perceptrons and one game."""

    __pydantic_config__ = _STRICT
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

    __pydantic_config__ = _STRICT
    method: ClassVar[str] = "dcgan"

    loss: Literal["non-saturating", "minimax"] = "non-saturating"
    """The generator's loss: -log D(G(z)), or log(1 - D(G(z))) as in the minimax game."""
    generator: ConvGenerator = ConvGenerator()
    discriminator: ConvDiscriminator = ConvDiscriminator()


@dataclass(frozen=True, kw_only=True)
class WganConfig(GenerativeConfig):
    """WGAN (Arjovsky et al., 2017): a critic whose weights are clipped estimates the earth mover's distance."""

    __pydantic_config__ = _STRICT
    method: ClassVar[str] = "wgan"

    generator: ConvGenerator = ConvGenerator()
    critic: ConvDiscriminator = ConvDiscriminator()
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = RmsProp()
    clip_value: Annotated[float, Field(gt=0)] = 0.01
    """Every weight of the critic stays in +-clip_value."""
    n_critic: Positive = 5
    """Critic steps for each generator step."""
    n_critic_warm: Positive = 100
    """Critic steps for each of the first `warm_steps` generator steps, and for every `warm_every`-th."""
    warm_steps: Annotated[int, Field(ge=0)] = 25
    warm_every: Positive = 500


@dataclass(frozen=True, kw_only=True)
class WganGpConfig(GenerativeConfig):
    """WGAN-GP (Gulrajani et al., 2017): the critic's gradient is held near norm 1 by a penalty."""

    __pydantic_config__ = _STRICT
    method: ClassVar[str] = "wgan-gp"

    generator: ConvGenerator = ConvGenerator()
    critic: ConvDiscriminator = ConvDiscriminator(batch_norm=False, bias=True)
    optimizer: Annotated[Sgd | RmsProp | Adam, Field(discriminator="kind")] = Adam(lr=1e-4, betas=(0.5, 0.9))
    lambda_gp: Annotated[float, Field(gt=0)] = 10.0
    """Weight of the gradient penalty."""
    n_critic: Positive = 5
    """Critic steps for each generator step."""

    @model_validator(mode="after")
    def _critic_judges_alone(self) -> Self:
        if self.critic.batch_norm:
            raise ValueError("critic.batch_norm must be off: the penalty is on each picture's own gradient")
        return self


def to_json(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain JSON values, with the method's name beside its fields."""
    return {"method": config.method, **TypeAdapter(type(config)).dump_python(config, mode="json")}


def from_json(values: dict[str, Any]) -> TrainingConfig:
    """The configuration that `to_json` wrote.

    Raises:
        ValueError: an unknown method, an unknown field, or a value out of its range.
    """
    fields = dict(values)
    method = fields.pop("method", None)
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, but must be one of {', '.join(METHODS)}")
    return TypeAdapter(METHODS[method]).validate_python(fields)


def validated(config: TrainingConfig) -> TrainingConfig:
    """The same configuration, built anew so that every rule is checked once more."""
    return TypeAdapter(type(config)).validate_python(asdict(config))


METHODS: dict[str, type[TrainingConfig]] = {
    kind.method: kind for kind in (GanConfig, DcganConfig, WganConfig, WganGpConfig)
}
