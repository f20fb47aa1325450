"""A judge, and the file that it is kept in: safetensors, which holds numbers and words only."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from training.data.published import OWN
from training.networks.attributenet import AttributeNet
from training.networks.lenet import LeNet

Floats = NDArray[np.float32]
Role = Literal["reports", "selects"]
"""What a judge is for. The one that reports numbers must not be the one by which anything was chosen or fitted."""

FOLDER = Path(__file__).parents[1] / "judges"
"""Where the judges of the published data sets lie."""

_CHUNK = 1_000


class JudgeError(RuntimeError):
    """There is no judge for a data set, or its file is damaged."""


@dataclass(frozen=True)
class Judge:
    """A trained classifier, of classes or of attributes.

    Attributes:
        digest: sha256 of its file.
        accuracy: share of the test images that it reads right; for attributes, the mean of their balanced accuracies.
        dataset: what it was trained on, a key of `PUBLISHED`.
        balanced: attribute -> balanced accuracy on the test images, in the order of the outputs: the mean of its
            accuracies on the pictures with and on those without, so that guessing gets 0.5 however rare the attribute
            is. Empty for a judge of classes.
    """

    network: LeNet | AttributeNet
    digest: str
    accuracy: float
    dataset: str
    balanced: Mapping[str, float] = field(default_factory=dict)

    @property
    def reads_classes(self) -> bool:
        """Whether it knows one class a picture, and not attributes."""
        return not self.balanced

    @property
    def attributes(self) -> tuple[str, ...]:
        """Their names, in the order of its outputs; none where it reads classes."""
        return tuple(self.balanced)

    def probabilities(self, images: Floats) -> Floats:
        """(N, C, H, W) in [-1, 1] -> (N, n_classes) float32 that sum to 1, or (N, n_attributes), each by itself."""
        logits = _run(self.network, images)
        return (logits.softmax(dim=1) if self.reads_classes else logits.sigmoid()).numpy()

    def features(self, images: Floats) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, n_features) float32."""
        return _run(self.network.features, images)


def store(path: Path, network: LeNet | AttributeNet, accuracy: float, balanced: Mapping[str, float] = {}) -> None:
    """Writes a judge in float16, with its accuracies beside the weights."""
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, {"accuracy": repr(accuracy), "balanced": json.dumps(dict(balanced))}))


def path_of(dataset: str, role: Role = "reports", folder: Path = FOLDER) -> Path:
    """Where a judge lies."""
    return folder / f"{dataset}{'' if role == 'reports' else '-' + role}.safetensors"


def load(dataset: str, folder: Path = FOLDER, role: Role = "reports") -> Judge:
    """The judge of a data set.

    Raises:
        JudgeError: there is none, or its file is damaged.
    """
    path = path_of(dataset, role, folder)
    if not path.is_file():
        words = f"{dataset} --data PATH{'' if role == 'reports' else f' --role {role}'}"
        raise JudgeError(f"there is no judge at {path}: train one by `python -m training judge {words}`")
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # no mapping
        balanced = {str(name): float(share) for name, share in json.loads(about.get("balanced", "{}")).items()}
        network = _network(tensors, bool(balanced))
        network.load_state_dict(tensors)
        accuracy = float(about["accuracy"])
    except Exception as error:  # safetensors and torch have no common base for what a damaged file raises
        raise JudgeError(f"{path} is damaged: {error}") from error
    return Judge(network.eval(), hashlib.sha256(path.read_bytes()).hexdigest(), accuracy, dataset, balanced)


def find(dataset: str, folder: Path = FOLDER) -> Judge | None:
    """The judge of a data set that reports, or None where there cannot be one: for pictures of one's own.

    Raises:
        JudgeError: the data set is a published one, but its judge is missing or damaged.
    """
    return None if dataset in OWN else load(dataset, folder)


def _network(tensors: Mapping[str, Tensor], reads_attributes: bool) -> LeNet | AttributeNet:
    """An empty network of the sizes that a file's tensors have."""
    n_outputs, n_features = tensors["head.weight"].shape
    width = len(tensors["body.0.weight"])
    return (AttributeNet if reads_attributes else LeNet)(n_outputs, width, n_features)


def _run(network: Callable[[Tensor], Tensor], images: Floats) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(part) for part in torch.from_numpy(images).split(_CHUNK)])
