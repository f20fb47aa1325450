"""Steps that are recorded and replayed: what a graph does is played by a stand-in where there is no GPU."""

from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from tests.unit.training.tiny import BATCH_NORM, CYCLEGAN, FACES, PIX2PIX, TINY, WGAN, WGAN_GP
from training import objectives
from training.data import open_stream
from training.objectives.cuda_graphs import CudaGraphs, _Recording

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU, which CI does not have")

DCGAN = replace(FACES, diffaugment=(), total_nimg=40 * FACES.batch_size)
CONFIGS = {
    "gan": BATCH_NORM,
    "dcgan": replace(DCGAN, diffaugment=("color", "translation", "cutout"), mixed_batches=False),
    "in turn": replace(DCGAN, alternate=True),
    "r1": replace(DCGAN, r1_gamma=0.3, r1_every_steps=3),
    "wgan": WGAN,
    "wgan-gp": WGAN_GP,
    "pix2pix": PIX2PIX,
    "cyclegan": replace(CYCLEGAN, pool_size=4),
}


class Pair(NamedTuple):
    """What the work is given."""

    a: Tensor
    b: Tensor


class Replayed(CudaGraphs):
    """Records what the work was given, and does it again instead of replaying a graph.

    A graph would not see what the host changed since: the counters are those of the recording meanwhile.
    """

    def __init__(self, work, objective=None):
        super().__init__(work)
        self.objective, self.replayed = objective, 0

    def _on_side_stream(self, inputs):
        return self._work(inputs)

    def _record(self, inputs):
        held = type(inputs)(*(part.clone() for part in inputs))
        result = {}
        counters = dict(self.objective.counters) if self.objective else {}
        player = self

        class Graph:
            def replay(self):
                player.replayed += 1
                if player.objective is None:
                    result["sum"] = player._work(held)["sum"]
                    return
                live, player.objective.counters = player.objective.counters, dict(counters)
                played = player._work(held)
                assert player.objective.counters == counters
                player.objective.counters = live
                result["played"] = played

        graph = Graph()
        if self.objective is None:
            return _Recording(graph, tuple(held), result)
        return _Live(graph, tuple(held), result)


class _Live:
    """A recording whose result is that of its last replay."""

    def __init__(self, graph, inputs, results):
        self.graph, self.inputs, self._results = graph, inputs, results

    @property
    def result(self):
        return self._results["played"]


def pair(value, size=2):
    return Pair(torch.full((size,), float(value)), torch.ones(size))


def test_the_fourth_call_of_a_kind_and_shape_is_recorded_and_later_ones_replay_it():
    called = []

    def work(given):
        called.append(given)
        return {"sum": given.a.sum() + given.b.sum()}

    captured = Replayed(work)
    for value in range(3):
        assert float(captured(pair(value), "kind")["sum"]) == 2 * value + 2
    assert captured.replayed == 0
    assert float(captured(pair(7), "kind")["sum"]) == 16
    assert float(captured(pair(8), "kind")["sum"]) == 18
    assert captured.replayed == 2
    assert called[-1].a is called[-2].a  # the same memory is read each time
    captured(pair(1), "another kind")
    captured(pair(1, size=3), "kind")
    assert captured.replayed == 2


def test_a_call_without_a_kind_is_never_recorded():
    captured = Replayed(lambda given: {"sum": given.a.sum()})
    assert [float(captured(pair(value), None)["sum"]) for value in range(6)] == [2.0 * value for value in range(6)]
    assert captured.replayed == 0


def test_what_cannot_be_recorded_works_as_ever_and_is_said_once(monkeypatch, recwarn):
    captured = Replayed(lambda given: {"sum": given.a.sum()})

    def refuse(inputs):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(captured, "_record", refuse)
    assert [float(captured(pair(value), "kind")["sum"]) for value in range(6)] == [2.0 * value for value in range(6)]
    (said,) = [str(warning.message) for warning in recwarn]
    assert said.endswith("and are slower: operation not permitted when stream is capturing")


def trained(config, loaded, fabric, monkeypatch, count, is_captured):
    """An objective after some steps, and what they reported."""
    torch.manual_seed(0)
    data = loaded(config)
    objective, stream = objectives.build(config, data, fabric), open_stream(config, data)
    if is_captured:
        objective._graphs = Replayed(objective._run_step, objective)
        monkeypatch.setattr(objective, "_can_be_captured", lambda: True)
    torch.manual_seed(1)
    reported = [{name: float(value) for name, value in objective.step(stream.next()).items()} for _ in range(count)]
    return objective, reported


@pytest.mark.parametrize("name", CONFIGS)
def test_replayed_steps_train_as_other_steps_do(loaded, fabric, monkeypatch, name):
    config = replace(CONFIGS[name], ema_decay=0.9)
    plain, expected = trained(config, loaded, fabric, monkeypatch, 16, is_captured=False)
    replayed, found = trained(config, loaded, fabric, monkeypatch, 16, is_captured=True)
    assert replayed._graphs.replayed >= 4
    assert found == expected
    assert replayed.counters == plain.counters
    rates = [
        [group["lr"] for group in part.optimizers[key].param_groups]
        for part in (plain, replayed)
        for key in part.optimizers
    ]
    assert rates[: len(rates) // 2] == rates[len(rates) // 2 :]
    for kind in ("networks", "averages"):
        for key, network in getattr(plain, kind).items():
            other = getattr(replayed, kind)[key].state_dict()
            assert all(torch.equal(value, other[part]) for part, value in network.state_dict().items())


def test_a_processor_and_sgd_are_not_captured(loaded, fabric):
    adam, sgd = (objectives.build(config, loaded(config), fabric) for config in (BATCH_NORM, TINY))
    assert not adam._can_be_captured()
    for optimizer in (*adam.optimizers.values(), *sgd.optimizers.values()):
        for group in optimizer.param_groups:
            if "capturable" in group:
                group["capturable"] = True
    assert adam._can_be_captured()
    assert not sgd._can_be_captured()


@needs_cuda
@pytest.mark.parametrize("name", CONFIGS)
def test_steps_are_captured_on_a_gpu_and_learn_the_same(loaded, name, monkeypatch):
    from training.runs import devices

    config = replace(CONFIGS[name], ema_decay=0.9)
    fabric = devices.open_fabric(config, "cuda", 1)
    found = []
    for is_captured in (False, True):
        fabric.seed_everything(0, verbose=False)
        data = loaded(config).to(fabric.device)
        objective, stream = objectives.build(config, data, fabric), open_stream(config, data)
        if not is_captured:
            monkeypatch.setattr(objective, "_can_be_captured", lambda: False)
        losses = [{key: float(loss) for key, loss in objective.step(stream.next()).items()} for _ in range(12)]
        assert bool(objective._graphs._recordings) == is_captured
        counts = {key: int(average.n_averaged) for key, average in objective.averages.items()}
        rates = {key: float(optimizer.param_groups[0]["lr"]) for key, optimizer in objective.optimizers.items()}
        averaged = [part.detach().float() for a in objective.averages.values() for part in a.module.parameters()]
        found.append((losses, counts, rates, torch.cat([part.flatten().cpu() for part in averaged])))
    (plain, counts, rates, weights), (captured, *others, averages) = found
    assert others == [counts, rates]
    assert float((averages - weights).norm() / weights.norm()) < 0.05
    for one, other in zip(plain, captured, strict=True):
        assert other == pytest.approx(one, rel=0.02, abs=0.02)
