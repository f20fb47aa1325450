"""A direction that was found, and the file of a run that keeps them: RUN/directions.json."""

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
        description: one sentence for the manifest: what it does, and what was measured.
        vector: z_dim numbers; weight 1 is the smallest step that flips half of the samples.
        figures: what was measured.
        seeds: of picked samples, for a direction that was made of them.
    """

    name: str
    description: str
    vector: tuple[float, ...]
    figures: dict[str, float]
    seeds: dict[str, tuple[int, ...]]

    def described(self) -> manifest.Direction:
        """As the manifest holds it."""
        raw = np.array(self.vector, "<f4").tobytes()
        vector = Array.pack("float32", (len(self.vector),), raw)
        return manifest.Direction(name=self.name, description=self.description, vector=vector)


def keep(folder: Path, step: int, found: list[Found]) -> list[Found]:
    """Writes directions of a run beside those that it has already; one of the same name is replaced.

    Those of another step are dropped: the networks have changed since.

    Returns:
        All that are kept now.
    """
    names = {item.name for item in found}
    kept = [*(item for item in load(folder, step) if item.name not in names), *found]
    values = {"step": step, "directions": [asdict(item) for item in kept]}
    write_json(folder / FILE_NAME, values)
    return kept


def load(folder: Path, step: int) -> list[Found]:
    """The directions of a run after exactly so many steps; none if it went on since.

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
    """A direction from JSON, which knows no tuples."""
    seeds = {side: tuple(seeds) for side, seeds in item["seeds"].items()}
    return Found(**(item | {"vector": tuple(map(float, item["vector"])), "seeds": seeds}))
