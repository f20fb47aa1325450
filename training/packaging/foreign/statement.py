"""What a user states of a model that was trained elsewhere; nothing of it is guessed."""

from dataclasses import dataclass
from typing import Any

from service.repository import manifest

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Statement:
    """What a file cannot show.

    Attributes:
        name: of the model; small letters, digits and hyphens.
        version: a positive integer; None is one more than the newest.
        description: one sentence.
        method: how it was trained; None takes what the architecture is known for.
        source: kind of images that a translator reads.
        target: kind of images that a translator gives.
        inverse: name of the model that leads back.
        licence: of the weights.
        data_terms: what the training data allow.
        data_name: of the training data.
        distribution: of a generator's latents.
    """

    name: str
    version: int | None = None
    description: str | None = None
    method: manifest.Method | None = None
    source: str = "image"
    target: str = "image"
    inverse: str | None = None
    licence: str = NOT_STATED
    data_terms: str = NOT_STATED
    data_name: str = NOT_STATED
    distribution: manifest.Distribution = "normal"

    def fields(self, architecture: str, origin: dict[str, Any]) -> dict[str, Any]:
        """The fields of a manifest that do not depend on the networks.

        Args:
            architecture: free text for the card.
            origin: where the weights come from and how they were brought to the contract.
        """
        return {
            "schema_version": manifest.SCHEMA_VERSION,
            "description": self.description or f"Imported: {architecture}",
            "architecture": architecture,
            "licence": self.licence,
            "data": manifest.Data(name=self.data_name, source=NOT_STATED, terms=self.data_terms, images=None),
            "training": manifest.Training(
                recipe="imported", config=origin, seed=0, images_seen=0, device=NOT_STATED, init_from=None
            ),
            "metrics": (),
        }
