"""What a recognised network is, and what its state dict alone cannot show."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from service.repository.manifest import Method

State = Mapping[str, Tensor]
Normalization = Literal["auto", "batch", "instance"]


class UnknownArchitectureError(ValueError):
    """The state dict belongs to no network that can be built here."""


@dataclass(frozen=True)
class Options:
    """What keys and shapes of a state dict cannot show.

    Attributes:
        normalization: `auto` reads it from the keys; old files of instance normalization look like batch
            normalization in some versions.
        size_px: height and width of what an MLP generates; None takes the square that fits.
    """

    normalization: Normalization = "auto"
    size_px: int | None = None


@dataclass(frozen=True)
class Architecture:
    """A network with the weights of a state dict, in evaluation mode.

    Attributes:
        name: for the model card, such as `resnet_9blocks, instance normalization`.
        module: the network; its input and output are the original's.
        task: what it does. A discriminator maps (N, C, H, W) to (N, 1) logits.
        value_range: of its input and output images.
        channels_in: of its input images; 0 for a generator that reads latents.
        channels_out: of its output images; 0 for a discriminator.
        latent_dim: numbers of a latent; 0 if it reads images.
        method: a `Method` of the manifest.
    """

    name: str
    module: nn.Module
    task: Literal["generate", "translate", "discriminate"]
    value_range: tuple[float, float]
    channels_in: int
    channels_out: int
    latent_dim: int = 0
    method: Method = "other"


def load(module: nn.Module, state: State, ignored: tuple[str, ...] = ()) -> bool:
    """Fills a network; keys that end in one of `ignored` are passed over.

    Returns:
        Whether every key and every shape fitted.
    """
    wanted = module.state_dict()
    given = {key: value for key, value in state.items() if not key.endswith(ignored)} if ignored else dict(state)
    if given.keys() != wanted.keys() or any(given[key].shape != value.shape for key, value in wanted.items()):
        return False
    module.load_state_dict({key: value.to(wanted[key].dtype) for key, value in given.items()})
    module.eval().requires_grad_(False)
    return True


def numbered(state: State, sequence: str) -> dict[int, Tensor]:
    """The weights of a sequence's layers by their index, in order."""
    pattern = re.compile(rf"{sequence}\.(\d+)\.weight")
    found = {int(match[1]): value for key, value in state.items() if (match := pattern.fullmatch(key))}
    return dict(sorted(found.items()))
