"""The file of a run that holds its encoder: RUN/encoder.pt."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from training.config import GenerativeConfig
from training.evaluate import Measurement
from training.networks.encoder import Encoder
from training.posttrain.encoder.train import build
from training.runs import checkpoint

FILE_NAME = "encoder.pt"


def save(folder: Path, step: int, network: nn.Module, measured: list[Measurement]) -> None:
    """Saves an encoder in the folder of its run.

    Raises:
        CheckpointError: the file could not be written.
    """
    state = {"step": step, "network": network.state_dict(), "metrics": [asdict(item) for item in measured]}
    checkpoint.save(folder / FILE_NAME, state)


def load(
    folder: Path, step: int, config: GenerativeConfig, image_shape: tuple[int, int, int]
) -> tuple[Encoder, list[Measurement]] | None:
    """Loads the encoder and its metrics for a checkpoint, in evaluation mode; None if `step` has no encoder.

    Raises:
        CheckpointError: the file is damaged or belongs to other networks.
    """
    path = folder / FILE_NAME
    state: dict[str, Any] = checkpoint.load(path) if path.exists() else {}
    if state.get("step") != step:
        return None
    network = build(config, image_shape)
    try:
        network.load_state_dict(state["network"])
        return network.eval(), [Measurement(**values) for values in state["metrics"]]
    except (RuntimeError, KeyError, TypeError) as error:
        raise checkpoint.CheckpointError(f"{path} does not fit the run: train it again by `encoder`") from error
