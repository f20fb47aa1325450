"""The methods that translate images: Pix2pix and CycleGAN."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from training.config.fields import STRICT, Augmentation, Positive, Share, Task
from training.config.networks import (
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PyramidGenerator,
    ResnetGenerator,
    UnetGenerator,
)
from training.config.optimizers import Adam
from training.config.training import ImageInput, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class TranslationConfig(TrainingConfig):
    """What both translators have in common."""

    __pydantic_config__ = STRICT
    task: ClassVar[Task] = "translate"

    images: ImageInput = ImageInput(load_px=286, crop_px=256)
    batch_size: Positive = 1
    loss: Literal["bce", "lsgan"]
    """The game's loss: binary cross entropy, or least squares (Mao et al., 2017)."""
    generator: UnetGenerator | ResnetGenerator | PyramidGenerator
    discriminator: PatchDiscriminator | MultiscaleDiscriminator = PatchDiscriminator()
    optimizer: Adam = Adam(constant_share=0.5)
    """Settings of both optimisers."""

    @model_validator(mode="after")
    def _crops_fit_the_networks(self) -> Self:
        # PatchGAN's last two layers need maps of at least 3 x 3, the residual blocks' statistics at least 2 x 2.
        for_discriminator = 3 * 2**self.discriminator.layers if self.discriminator.layers else 2
        if isinstance(self.discriminator, MultiscaleDiscriminator):
            for_discriminator *= 2 ** (self.discriminator.scales - 1)
        least = max(for_discriminator, 8 if isinstance(self.generator, ResnetGenerator) else 0)
        for name, side in self.crops.items():
            if side % self.multiple:
                raise ValueError(f"{name} is {side}, but must be a multiple of {self.multiple}")
            if side < least:
                raise ValueError(f"{name} is {side}, but the networks need at least {least}")
        return self

    @property
    def crops(self) -> dict[str, int]:
        """The sides of all crops in px, by setting."""
        return {"images.crop_px": self.images.crop_px}

    @property
    def image_px(self) -> int:
        """Side of the images that the model is evaluated on and packaged for: that of the crops.

        A network without normalisation treats a crop like the whole image, so its size is that of whole images.
        """
        if isinstance(self.generator, PyramidGenerator):
            return self.images.load_px // self.multiple * self.multiple
        return self.images.crop_px

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in px."""
        if isinstance(self.generator, UnetGenerator):
            return int(2**self.generator.depth)
        return 8 if isinstance(self.generator, PyramidGenerator) else 4


@dataclass(frozen=True, kw_only=True)
class Pix2pixConfig(TranslationConfig):
    """Pix2pix (Isola et al., 2017): translation learned from aligned pairs."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "pix2pix"

    dataset: Literal["facades", "pairs"]
    """The data set whose files --data has to hold; `pairs` are any of your own, A and B side by side."""
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """From the left half to the right one, or back."""
    loss: Literal["bce", "lsgan"] = "bce"
    generator: UnetGenerator | ResnetGenerator = UnetGenerator()
    discriminator: PatchDiscriminator = PatchDiscriminator()
    lambda_l1: Annotated[float, Field(ge=0)] = 100.0
    """Weight of the mean absolute difference to the true image."""
    lambda_gan: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the game; 0 leaves L1 alone, as in the paper's ablation."""


@dataclass(frozen=True, kw_only=True)
class CycleganConfig(TranslationConfig):
    """CycleGAN (Zhu et al., 2017): translation both ways, learned from two unpaired sets."""

    __pydantic_config__ = STRICT
    method: ClassVar[str] = "cyclegan"

    dataset: Literal["monet2photo", "horse2zebra", "unpaired"]
    """The data set whose files --data has to hold; `unpaired` is any of your own with trainA and trainB."""
    loss: Literal["bce", "lsgan"] = "lsgan"
    generator: UnetGenerator | ResnetGenerator | PyramidGenerator = ResnetGenerator()
    discriminator: PatchDiscriminator | MultiscaleDiscriminator = PatchDiscriminator(norm_affine=False)
    lambda_cycle: Annotated[float, Field(ge=0)] = 10.0
    """Weight of the mean absolute difference after the way there and back."""
    cycles: Literal["both", "forward", "backward"] = "both"
    """Which ways are held to it: A to B and back, B to A and back, or, as CycleGAN does, both."""
    lambda_gan: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the game; 0 leaves the cycle alone, as in the paper's ablation."""
    lambda_identity: Annotated[float, Field(ge=0)] = 0.5
    """Weight of leaving images of the target as they are, as a share of lambda_cycle."""
    early_crop_px: Positive | None = None
    """Side of the crops in the first steps: smaller ones make more steps in the same time. None: images.crop_px."""
    early_share: Share = 0.0
    """Share of the run whose steps see these smaller crops."""
    late_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the run after which the two weights below hold."""
    late_lambda_cycle: Annotated[float, Field(ge=0)] = 10.0
    late_lambda_identity: Annotated[float, Field(ge=0)] = 0.5
    diffaugment: tuple[Augmentation, ...] = ()
    """Differentiable augmentations of real and fake images in the steps of both players (Zhao et al., 2020)."""
    lambda_noise: Annotated[float, Field(ge=0)] = 0.0
    """Weight of noise from pixel to pixel beyond that of the batch's real images: chroma above 1.1 times theirs, and
    luma outside of 0.8 to 1.2 times theirs."""
    pool_size: Annotated[int, Field(ge=0)] = 50
    """Past translations that D is shown again with probability 1/2 (Shrivastava et al., 2017)."""

    @model_validator(mode="after")
    def _early_crops_are_smaller(self) -> Self:
        if self.early_crop_px is not None and self.early_crop_px > self.images.crop_px:
            raise ValueError(
                f"early_crop_px is {self.early_crop_px}, but crops have {self.images.crop_px} px: give less"
            )
        return self

    @property
    def crops(self) -> dict[str, int]:
        """See `TranslationConfig.crops`."""
        return super().crops | ({"early_crop_px": self.early_crop_px} if self.early_crop_px else {})
