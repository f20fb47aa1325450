"""A named direction, and the file of a run that stores its directions: RUN/directions.json."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.repository import manifest
from service.repository.manifest import Array
from training.runs.files import write_json

FILE_NAME = "directions.json"


@dataclass(frozen=True)
class Found:
    """A named direction.

    Attributes:
        name: as requests to the service name it.
        description: one sentence for the manifest, with the effect and its measurements.
        vector: z_dim numbers; weight 1 is the smallest step that flips half of the samples.
        figures: measurements by name.
        seeds: seeds of the selected samples, for a direction that is computed from samples.
    """

    name: str
    description: str
    vector: tuple[float, ...]
    figures: dict[str, float]
    seeds: dict[str, tuple[int, ...]]

    def described(self) -> manifest.Direction:
        """Converts the direction to its entry in the manifest."""
        raw = np.array(self.vector, "<f4").tobytes()
        vector = Array.pack("float32", (len(self.vector),), raw)
        return manifest.Direction(name=self.name, description=self.description, vector=vector)


def keep(folder: Path, step: int, found: list[Found]) -> list[Found]:
    """Adds directions to those of a run and saves them; a direction of the same name is replaced.

    Directions of another step are dropped, since the networks have changed.

    Returns:
        All saved directions.
    """
    names = {item.name for item in found}
    kept = [*(item for item in load(folder, step) if item.name not in names), *found]
    values = {"step": step, "directions": [asdict(item) for item in kept]}
    write_json(folder / FILE_NAME, values)
    return kept


def load(folder: Path, step: int) -> list[Found]:
    """Loads the directions of a checkpoint; an empty list if they belong to another step.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return []
    try:
        kept = json.loads(path.read_text())
        found = kept["directions"] if kept["step"] == step else []
        return [_restored(item) for item in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: delete it and run `directions` again ({error})") from error


def _restored(item: dict[str, Any]) -> Found:
    """Converts a JSON object to a direction, and its lists to tuples."""
    seeds = {side: tuple(seeds) for side, seeds in item["seeds"].items()}
    return Found(**(item | {"vector": tuple(map(float, item["vector"])), "seeds": seeds}))
