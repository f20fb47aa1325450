"""What every method has in common."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from training.config.fields import STRICT, Positive, Share, Task


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """How the images of a folder or zip are read and cropped."""

    __pydantic_config__ = STRICT

    load_px: Positive = 64
    """Images are scaled to this side once, when they are read."""
    crop_px: Positive = 64
    """Side of the random crop that a step sees."""
    flip: bool = True
    """Half of the crops are mirrored left to right."""

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop_px > self.load_px:
            raise ValueError(f"crop_px is {self.crop_px}, but images are read at load_px {self.load_px}: give less")
        return self


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What every method has in common. An image *seen* is a real image that a discriminator step read."""

    __pydantic_config__ = STRICT

    method: ClassVar[str]
    task: ClassVar[Task]

    dataset: str
    """The data set whose files --data has to hold."""
    images: ImageInput | None = None
    """How images are read and cropped; None for IDX files, whose images are taken as they are."""
    validation_share: Share = 0.0
    """Share of the training images, the last ones, that is held out to choose checkpoints on."""
    total_nimg: Positive
    """Length of the run in real images seen."""
    batch_size: Positive = 128
    """Images per step, over all processes together."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """auto: bf16 autocast where the hardware computes in bf16, else float32."""
    ema_decay: Share = 0.999
    """Decay per step of the generator's exponential moving average; 0 turns it off."""
    log_every_steps: Positive = 50
    """Steps between two lines of losses in metrics.jsonl and TensorBoard."""
    sample_every_nimg: Positive = 120_000
    """Images between two sample grids."""
    checkpoint_every_nimg: Positive = 120_000
    """Images between two checkpoints."""
    measure_every_nimg: Positive | None = None
    """Images between two measurements on held-out images, which choose the best checkpoint; None measures never."""
    patience_nimg: Positive | None = None
    """The run stops when no measurement was better for so many images; None trains to the end."""

    @model_validator(mode="after")
    def _patience_needs_measurements(self) -> Self:
        if self.patience_nimg and not self.measure_every_nimg:
            raise ValueError("patience_nimg is given, but nothing is measured: give measure_every_nimg too")
        return self

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return max(1, self.total_nimg // self.batch_size)
