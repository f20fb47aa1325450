"""Networks of other projects, written anew with the original's key names.

Each module recognises the state dicts of one project by their keys and shapes, and builds the network that they fill.
"""

from collections.abc import Callable

from training.packaging.foreign.architectures import animegan, dcgan, mlp, neural_style, resnet, unet
from training.packaging.foreign.architectures.architecture import Architecture, Options, State, UnknownArchitectureError

RECOGNISERS: dict[str, Callable[[State, Options], Architecture | None]] = {
    "resnet": resnet.recognise,
    "unet": unet.recognise,
    "dcgan": dcgan.recognise,
    "neural-style": neural_style.recognise,
    "animegan": animegan.recognise,
    "mlp": mlp.recognise,
}
"""By the name that `--architecture` takes; `auto` tries them in this order, all but `mlp`."""

NAMES = ("auto", *RECOGNISERS)


def recognise(state: State, options: Options, name: str = "auto") -> Architecture:
    """The network that a state dict belongs to, filled with its weights.

    Args:
        state: cleaned, see `checkpoint.read`.
        options: what keys and shapes cannot show.
        name: a key of `RECOGNISERS`, or `auto`.

    Raises:
        UnknownArchitectureError: no architecture fits, or the named one does not.
    """
    # An MLP's keys (model.0.weight ...) say nothing about what it draws, so that it has to be named.
    tried = [key for key in RECOGNISERS if key != "mlp"] if name == "auto" else [name]
    for key in tried:
        found = RECOGNISERS[key](state, options)
        if found is not None:
            return found
    keys = ", ".join(list(state)[:3])
    if name != "auto":
        raise UnknownArchitectureError(f"the state dict does not fit the architecture {name}: its keys begin {keys}")
    raise UnknownArchitectureError(
        f"no known architecture has the keys {keys}, ...; give --architecture ({', '.join(RECOGNISERS)}), "
        "export the network to ONNX, or use training.packaging.foreign.package_module"
    )


__all__ = ["NAMES", "RECOGNISERS", "Architecture", "Options", "State", "UnknownArchitectureError", "recognise"]
