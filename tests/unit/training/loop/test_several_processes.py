"""Two processes train what one would: the translators, the pool, and the options for small data."""

import subprocess
import sys

import pytest
import torch

from tests.unit.training.conftest import in_group
from tests.unit.training.loop.several_processes import SHARED
from training.runs import checkpoint


@pytest.fixture(scope="module")
def by_two(tmp_path_factory, folders):
    """The checkpoints of two processes, by data set."""
    out = tmp_path_factory.mktemp("together")
    words = [
        sys.executable,
        "-m",
        "tests.unit.training.loop.several_processes",
        out,
        *(f"{k}={v}" for k, v in folders.items()),
    ]
    processes = [
        subprocess.Popen(
            [str(word) for word in words], env=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for place in in_group(2)
    ]
    said = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    return {name: checkpoint.load(out / name / "checkpoint.pt") for name in SHARED}


@pytest.mark.parametrize("name", SHARED)
def test_two_processes_train_the_same_as_one(by_two, start, tmp_path, name):
    trainer = start(SHARED[name])
    trainer.train()
    alone, shared = checkpoint.load(tmp_path / "run" / "checkpoint.pt"), by_two[name]
    assert shared["stream"] == alone["stream"]
    for part in ("networks", "averages"):
        for network, weights in alone["objective"][part].items():
            for key, weight in weights.items():
                # A bias before instance norm has no gradient but rounding, which Adam makes a whole step of.
                if weight.ndim > 1:
                    other = shared["objective"][part][network][key]
                    assert torch.allclose(weight, other, atol=1e-4), (part, network, key)


def test_the_pool_is_one_for_all_processes(by_two, start, tmp_path):
    start(SHARED["monet2photo"]).train()
    alone = checkpoint.load(tmp_path / "run" / "checkpoint.pt")["objective"]["pools"]
    for name, pool in by_two["monet2photo"]["objective"]["pools"].items():
        assert len(pool["images"]) == SHARED["monet2photo"].pool_size
        assert torch.allclose(torch.stack(pool["images"]), torch.stack(alone[name]["images"]), atol=1e-3)
