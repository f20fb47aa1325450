"""The judge: a classifier trained on real images, stored with its digest and accuracy, that reads samples.

It never takes part in training a generator; metrics name it by its digest. Stored as safetensors, which holds
numbers only.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from training.data import PUBLISHED, ImageSet, Sampler
from training.networks.lenet import LeNet

Floats = NDArray[np.float32]

FOLDER = Path(__file__).parent / "judges"
"""Where the judges of the published data sets lie: <dataset>.safetensors."""

_BATCH = 128
_CHUNK = 1_000
_MAX_SHIFT_PX = 2


class JudgeError(RuntimeError):
    """There is no judge for a data set, or its file is damaged."""


@dataclass(frozen=True)
class Judge:
    """A trained classifier.

    Attributes:
        digest: sha256 of its file.
        accuracy: share of the test images that it reads right.
        dataset: what it was trained on, a key of `PUBLISHED`.
    """

    network: LeNet
    digest: str
    accuracy: float
    dataset: str

    @property
    def reads_classes(self) -> bool:
        """Whether it knows one class a picture, and not attributes."""
        return PUBLISHED[self.dataset].classes is not None

    def probabilities(self, images: Floats) -> Floats:
        """(N, 1, 28, 28) in [-1, 1] -> (N, n_classes) float32."""
        with torch.inference_mode():
            parts = [F.softmax(self.network(part), dim=1) for part in torch.from_numpy(images).split(_CHUNK)]
        return torch.cat(parts).numpy()

    def features(self, images: Floats) -> Tensor:
        """(N, 1, 28, 28) in [-1, 1] -> (N, n_features) float32."""
        with torch.inference_mode():
            return torch.cat([self.network.features(part) for part in torch.from_numpy(images).split(_CHUNK)])


def train(train_set: ImageSet, test_set: ImageSet, epochs: int = 6, seed: int = 1_000) -> tuple[LeNet, float]:
    """Trains a judge: Adam, one-cycle learning rate, shifts by up to 2 px.

    Returns:
        The network in evaluation mode, and its accuracy on the test images.
    """
    torch.manual_seed(seed)
    network = LeNet(n_classes=int(train_set.labels.max()) + 1).train()
    sampler = Sampler(len(train_set), min(_BATCH, len(train_set)), seed)
    steps = epochs * len(train_set) // _BATCH or 1
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=steps)
    for _ in tqdm(range(steps), unit="step"):
        chosen = sampler.next_indices()
        loss = F.cross_entropy(network(_shift(train_set.batch(chosen).images)), train_set.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    judge = Judge(network, "", 0.0, "")
    read = judge.probabilities(test_set.batch(torch.arange(len(test_set))).images.numpy()).argmax(axis=1)
    return network, float((read == test_set.labels.numpy()).mean())


def store(path: Path, network: LeNet, accuracy: float) -> None:
    """Writes a judge in float16, with its accuracy beside the weights."""
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(tensors, {"accuracy": repr(accuracy)}))


def load(dataset: str, folder: Path = FOLDER) -> Judge:
    """The judge of a data set.

    Raises:
        JudgeError: there is none, or its file is damaged.
    """
    path = folder / f"{dataset}.safetensors"
    if not path.is_file():
        raise JudgeError(f"there is no judge at {path}: train one by `python -m training judge {dataset} --data PATH`")
    try:
        with safe_open(path, framework="pt") as file:
            accuracy = float(file.metadata()["accuracy"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # no mapping
        network = LeNet(n_classes=len(PUBLISHED[dataset].classes or ()))
        network.load_state_dict(tensors)
    except Exception as error:  # safetensors and torch have no common base for what a damaged file raises
        raise JudgeError(f"{path} is damaged: {error}") from error
    return Judge(network.eval(), hashlib.sha256(path.read_bytes()).hexdigest(), accuracy, dataset)


def find(dataset: str, folder: Path = FOLDER) -> Judge | None:
    """The judge of a data set, or None where there cannot be one: for pictures of one's own.

    Raises:
        JudgeError: the data set is a published one, but its judge is missing or damaged.
    """
    return load(dataset, folder) if PUBLISHED[dataset].classes else None


def _shift(images: Tensor) -> Tensor:
    """Moves each picture by up to 2 px on its own; what comes in is black."""
    padded = F.pad(images, (_MAX_SHIFT_PX,) * 4, value=-1.0)
    moves = torch.randint(0, 2 * _MAX_SHIFT_PX + 1, (len(images), 2))
    height, width = images.shape[2:]
    rows = moves[:, 0, None] + torch.arange(height)
    columns = moves[:, 1, None] + torch.arange(width)
    index = torch.arange(len(images))[:, None, None]
    return padded[index, 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)
