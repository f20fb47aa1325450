"""A classifier and its file in the safetensors format, which holds tensors and text only."""

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

from training.data.published import OWN, PUBLISHED
from training.networks.attributenet import AttributeNet
from training.networks.domainnet import DomainNet
from training.networks.lenet import LeNet
from training.networks.segmentnet import SegmentNet

Floats = NDArray[np.float32]
Reads = Literal["classes", "attributes", "domains", "labels"]
"""A classifier's outputs: one class per image, CelebA's attributes, one of two domains, or a label for each pixel."""
Network = LeNet | AttributeNet | DomainNet | SegmentNet
Role = Literal["reporting", "selection"]
"""The purpose of a classifier. The reporting one must not have selected or fitted anything."""

FOLDER = Path(__file__).parent / "weights"
"""The folder of the classifiers of the published data sets."""

_CELLS = 2**22  # pixel values that are processed at once


class ClassifierError(RuntimeError):
    """A classifier is missing, or its file is damaged."""


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    Attributes:
        digest: SHA-256 of its file.
        accuracy: share of the test images that it classifies correctly; for attributes and domains, the mean of their
            balanced accuracies; for labels, the share of the test images' pixels.
        dataset: the data set that it was trained on, a key of `PUBLISHED`.
        reads: the kind of its outputs.
        balanced: attribute -> balanced accuracy on the test images, in the order of the outputs: the mean of its
            accuracies on the images with and on those without, so that guessing scores 0.5 for rare attributes too.
            Empty for other classifiers.
        fooled: filter -> the share of filtered images that a classifier of domains assigns to the other domain. Empty
            for other classifiers.
    """

    network: Network
    digest: str
    accuracy: float
    dataset: str
    reads: Reads
    balanced: Mapping[str, float] = field(default_factory=dict)
    fooled: Mapping[str, float] = field(default_factory=dict)

    @property
    def reads_classes(self) -> bool:
        """Whether it assigns one class per image."""
        return self.reads == "classes"

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes' names, in the order of its outputs; empty for other classifiers."""
        return tuple(self.balanced)

    def probabilities(self, images: Floats) -> Floats:
        """(N, C, H, W) in [-1, 1] -> (N, n_classes) float32 that sum to 1, or (N, n_attributes), independent.

        A classifier of labels gives (N, n_labels, H, W), which sum to 1 in each pixel.
        """
        logits = _run(self.network, images)
        return (logits.sigmoid() if self.reads == "attributes" else logits.softmax(dim=1)).numpy()

    def features(self, images: Floats) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, n_features) float32; classifiers of domains and of labels have none."""
        assert isinstance(self.network, LeNet | AttributeNet)
        return _run(self.network.features, images)


def store(
    path: Path,
    network: Network,
    accuracy: float,
    reads: Reads = "classes",
    balanced: Mapping[str, float] = {},
    fooled: Mapping[str, float] = {},
) -> None:
    """Writes a classifier's weights in float16, with its accuracies as metadata."""
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    figures = {"balanced": json.dumps(dict(balanced)), "fooled": json.dumps(dict(fooled))}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, {"reads": reads, "accuracy": repr(accuracy)} | figures))


def path_of(dataset: str, role: Role = "reporting", folder: Path = FOLDER) -> Path:
    """The path of a classifier's file."""
    return folder / f"{dataset}{'' if role == 'reporting' else '-' + role}.safetensors"


def load(dataset: str, folder: Path = FOLDER, role: Role = "reporting") -> Classifier:
    """Loads the classifier of a data set.

    Raises:
        ClassifierError: there is none, or its file is damaged.
    """
    path = path_of(dataset, role, folder)
    if not path.is_file():
        words = f"{dataset} --data PATH{'' if role == 'reporting' else f' --role {role}'}"
        raise ClassifierError(
            f"there is no classifier at {path}: train one by `python -m training train-classifier {words}`"
        )
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # no mapping
        balanced, fooled = (_shares(about.get(key, "{}")) for key in ("balanced", "fooled"))
        reads = about.get("reads", "attributes" if balanced else "classes")
        network = _NETWORKS[reads](tensors)
        network.load_state_dict(tensors)
        accuracy = float(about["accuracy"])
    except Exception as error:  # safetensors and torch have no common base for what a damaged file raises
        raise ClassifierError(f"{path} is damaged: {error}") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Classifier(network.eval(), digest, accuracy, dataset, reads, balanced, fooled)


def find(dataset: str, folder: Path = FOLDER) -> Classifier | None:
    """The reporting classifier of a data set; None for your own images and for stacked MNIST.

    MNIST's classifier reads the three digits of stacked MNIST separately.

    Raises:
        ClassifierError: the data set is a published one, but its classifier is missing or damaged.
    """
    return None if dataset in OWN or PUBLISHED[dataset].kind == "stacked" else load(dataset, folder)


def _shares(text: str) -> dict[str, float]:
    return {str(name): float(share) for name, share in json.loads(text).items()}


# Untrained networks with the sizes of a file's tensors.
_NETWORKS: Mapping[str, Callable[[Mapping[str, Tensor]], Network]] = {
    "classes": lambda of: LeNet(len(of["head.weight"]), len(of["body.0.weight"]), of["head.weight"].shape[1]),
    "attributes": lambda of: AttributeNet(len(of["head.weight"]), len(of["body.0.weight"]), of["head.weight"].shape[1]),
    "domains": lambda of: DomainNet(
        len(of["members.0.body.0.weight"]), sum(name.endswith("head.weight") for name in of)
    ),
    "labels": lambda of: SegmentNet(*of["head.weight"].shape[:2]),
}


def _run(network: Callable[[Tensor], Tensor], images: Floats) -> Tensor:
    rows = max(_CELLS // max(images[0].size, 1), 1) if len(images) else 1
    with torch.inference_mode():
        return torch.cat([network(part) for part in torch.from_numpy(images).split(rows)])
