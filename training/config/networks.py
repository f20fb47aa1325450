"""The configuration of each network, one dataclass per network."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from training.config.fields import STRICT, Positive, Share, Widths


@dataclass(frozen=True, kw_only=True)
class MlpGenerator:
    """A multilayer perceptron from latents to pixels."""

    __pydantic_config__ = STRICT

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

    __pydantic_config__ = STRICT

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

    __pydantic_config__ = STRICT

    z_dim: Positive = 100
    """Size of a latent vector."""
    dense: tuple[Positive, ...] = ()
    """Width of each fully connected hidden layer before the convolutions; DCGAN's guidelines have none."""
    widths: Widths = (512, 256, 128, 64)
    """Feature maps before each layer of stride 2; the side of the image is the first maps' side x 2^layers."""
    kernel: Annotated[int, Field(ge=4, le=5)] = 4
    batch_norm: bool = True
    norm_affine: bool = True
    """BatchNorm has a scale and a bias of its own."""
    unit_norm: bool = False
    """The projection to the first maps is normalised unit by unit, as in DCGAN's code, and not map by map."""
    bias: bool = False
    """Layers without BatchNorm have a bias."""
    init: Literal["normal", "he"] = "normal"
    """Weights start from N(0, 0.02^2), or uniform with the variance of He et al. (2015)."""
    output: Literal["sigmoid", "tanh"] = "tanh"
    """Last activation; a sigmoid's [0, 1] is mapped to [-1, 1] inside the network."""


@dataclass(frozen=True, kw_only=True)
class ConvDiscriminator:
    """Strided convolutions from pixels to one number. The default is DCGAN's well-known form for 64 px."""

    __pydantic_config__ = STRICT

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
    init: Literal["normal", "he"] = "normal"
    """Weights start from N(0, 0.02^2), or uniform with the variance of He et al. (2015)."""
    spectral_norm: bool = False
    """Every layer is divided by its spectral norm (Miyato et al., 2018)."""


@dataclass(frozen=True, kw_only=True)
class UnetGenerator:
    """An encoder and decoder with skips (Isola et al., 2017). Sides have to be multiples of 2^depth px."""

    __pydantic_config__ = STRICT

    ngf: Positive = 64
    """Feature maps of the first layer; they double up to eight times as many."""
    depth: Annotated[int, Field(ge=2, le=10)] = 8
    """Layers of stride 2; 8 take 256 px to one."""
    dropout: Share = 0.5
    """Share that dropout sets to zero in the first three layers of the decoder."""
    smooth: bool = False
    """Whether a binomial filter follows each transposed convolution, against stripes; the papers have none."""


@dataclass(frozen=True, kw_only=True)
class ResnetGenerator:
    """Residual blocks between two strided and two fractionally-strided convolutions (Zhu et al., 2017)."""

    __pydantic_config__ = STRICT

    ngf: Positive = 64
    """Feature maps of the first layer; four times as many in the blocks."""
    blocks: Annotated[int, Field(ge=1, le=32)] = 9
    """Residual blocks: 6 for 128 px, 9 for 256 px."""
    smooth: bool = False
    """Whether a binomial filter follows each transposed convolution, and a sharper one what is drawn, against stripes
    and checkerboards; the paper has none."""
    residual: bool = False
    """Whether what it computes is added, before tanh, to its input blurred over 8 px. The paper's draws all anew,
    though instance norm hides an image's mean colour from it."""


@dataclass(frozen=True, kw_only=True)
class PyramidGenerator:
    """Residual blocks at an eighth of the resolution, and skips that take detail past them, without normalisation."""

    __pydantic_config__ = STRICT

    widths: tuple[Positive, Positive, Positive] = (24, 48, 72)
    """Feature maps at 1/2, 1/4 and 1/8 of the resolution; multiples of 8 are fastest in ONNX Runtime."""
    blocks: Annotated[int, Field(ge=1, le=32)] = 5
    """Residual blocks at 1/8 of the resolution."""
    full: Positive = 8
    """Feature maps at full resolution, beside the input itself."""


@dataclass(frozen=True, kw_only=True)
class MultiscaleDiscriminator:
    """PatchGANs with spectral norm on an image pyramid, that see luma at full and chroma at half resolution."""

    __pydantic_config__ = STRICT

    ndf: Positive = 24
    """Feature maps of the first layer; they double up to eight times as many."""
    layers: Annotated[int, Field(ge=1, le=6)] = 2
    """Layers of stride 2 at each scale: 2 see patches of 34 px, 3 of 70 px."""
    scales: Annotated[int, Field(ge=1, le=4)] = 2
    """Discriminators; each sees images of half the side of the one before."""


@dataclass(frozen=True, kw_only=True)
class PatchDiscriminator:
    """PatchGAN (Isola et al., 2017): one logit for each overlapping patch."""

    __pydantic_config__ = STRICT

    ndf: Positive = 64
    """Feature maps of the first layer; they double up to eight times as many."""
    layers: Annotated[int, Field(ge=0, le=6)] = 3
    """Layers of stride 2: 3 see patches of 70 px, 1 of 16 px, 0 single pixels."""
    norm_affine: bool = True
    """Instance norm has a scale and a bias of its own, as BatchNorm at batch size 1 has."""
    spectral_norm: bool = False
    """Every layer is divided by its spectral norm (Miyato et al., 2018)."""
