"""Optimisers and their schedules."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from training.config.fields import STRICT, Positive, Rate, Share


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent with the schedules of the first GAN's code."""

    __pydantic_config__ = STRICT

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

    __pydantic_config__ = STRICT

    kind: Literal["rmsprop"] = "rmsprop"
    lr: Rate = 5e-5


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam, constant at first and then linear to zero."""

    __pydantic_config__ = STRICT

    kind: Literal["adam"] = "adam"
    lr: Rate = 2e-4
    betas: tuple[Share, Share] = (0.5, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    constant_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the run with a constant learning rate; over the rest it falls linearly to zero."""
