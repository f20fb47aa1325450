"""A program: trains `SHARED` in as many processes as torchrun's environment says.

python -m tests.unit.training.loop.several_processes OUT NAME=DATA ...
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from tests.unit.training.tiny import CYCLEGAN, FACES, PIX2PIX
from training import data
from training.config import TrainingConfig, UnetGenerator
from training.loop.trainer import Trainer
from training.runs import checkpoint, devices
from training.runs.folder import Run

_STEPS = 8  # the pool is full after three
# Dropout draws its masks from a batch's shape, which is another one when the batch is shared.
SHARED: dict[str, TrainingConfig] = {
    "facades": replace(PIX2PIX, generator=UnetGenerator(ngf=4, depth=4, dropout=0.0), total_nimg=2 * _STEPS),
    "monet2photo": replace(CYCLEGAN, total_nimg=2 * _STEPS),
    "celeba": replace(FACES, generator=replace(FACES.generator, batch_norm=False, bias=True), total_nimg=32 * _STEPS),
}


def main(out: Path, folders: dict[str, Path]) -> None:
    """Trains each, and keeps its last checkpoint as OUT/NAME/checkpoint.pt."""
    torch.set_num_threads(1)
    for name, config in SHARED.items():
        fabric = devices.open_fabric(config, "cpu", 1)
        run = Run(out / name, "shared", config, folders[name])
        trainer = Trainer(run, data.load(config, folders[name], "train"), fabric)
        if fabric.is_global_zero:
            run.create("a test")
        fabric.barrier()
        trainer.train()
        assert checkpoint.load(run.checkpoint)["step"] == _STEPS


if __name__ == "__main__":
    main(Path(sys.argv[1]), {name: Path(folder) for name, _, folder in (word.partition("=") for word in sys.argv[2:])})
