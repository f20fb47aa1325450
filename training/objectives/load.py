"""Loads a checkpoint into an objective with trained networks."""

from collections.abc import Callable
from typing import Any

from training.config import TrainingConfig
from training.data import ImageSet, PairSet, place
from training.objectives import Objective, build
from training.objectives.objective import Fabric
from training.runs import checkpoint
from training.runs.folder import Run


def load_objective(run: Run, data: ImageSet | PairSet, fabric: Fabric, best: bool = False) -> tuple[Objective, int]:
    """Loads a run's networks for use, not for further training.

    Random numbers continue as they would if the same checkpoint were resumed.

    Args:
        run: a run with at least one checkpoint.
        data: the training images.
        fabric: device and precision.
        best: loads the checkpoint with the best measurement instead of the last one.

    Returns:
        The objective, and the number of steps that it was trained for.

    Raises:
        CheckpointError: the checkpoint is missing, damaged or of other networks.
    """
    fabric.seed_everything(run.config.seed, verbose=False)
    objective = build(run.config, place(data, fabric.device), fabric)
    state = checkpoint.load(run.best if best else run.checkpoint)
    step = load_state(run.config, state, objective.load_finished_state if best else objective.load_state_dict)
    if not best:
        checkpoint.require(state, "rng")
        checkpoint.set_rng_state(state["rng"])
    return objective, step


def load_state(config: TrainingConfig, state: dict[str, Any], load: Callable[[dict[str, Any]], None]) -> int:
    """Passes a checkpoint's networks to `load`.

    Args:
        config: the run's configuration.
        state: the checkpoint's values.
        load: one of the objective's loading methods; it raises ValueError, RuntimeError or KeyError for other networks.

    Returns:
        The checkpoint's step.

    Raises:
        CheckpointError: the checkpoint is of another method or of other networks; the objective is then unusable.
    """
    if state.get("method") != config.method:
        raise checkpoint.CheckpointError(
            f"the checkpoint is of method {state.get('method')}, but the run is of method {config.method}"
        )
    try:
        load(state["objective"])
    except (ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())  # torch's message has one line per weight
        raise checkpoint.CheckpointError(f"the checkpoint does not fit the run's networks: {reason}") from error
    return int(state["step"])
