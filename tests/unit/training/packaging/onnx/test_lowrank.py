"""Dense layers that become the product of two thinner ones."""

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from service.inference.session import Session
from service.repository import manifest
from training.packaging.onnx import export, lowrank, restore
from training.packaging.onnx import weights as storage
from training.packaging.onnx.export import Thin

IN, OUT, RANK = 300, 400, 40


class Net(nn.Module):
    """A layer of rank 40, whose outputs lie off the origin, and two that are too small to be worth it."""

    def __init__(self, rank=RANK):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first, self.wide, self.last = nn.Linear(20, IN), nn.Linear(IN, OUT), nn.Linear(OUT, 4)
        self.wide.weight.data = torch.randn(OUT, rank, generator=generator) @ torch.randn(rank, IN, generator=generator)
        self.wide.weight.data /= rank**0.5
        self.wide.bias.data = torch.randn(OUT, generator=generator)

    def forward(self, latents):
        return torch.tanh(self.last(torch.relu(self.wide(torch.relu(self.first(latents))))))


@pytest.fixture(autouse=True)
def small_layers(monkeypatch):
    monkeypatch.setattr(lowrank, "_MIN_VALUES", IN * OUT)


def rows(count=1_000):
    return {"latents": torch.randn(count, 20, generator=torch.Generator().manual_seed(1))}


def build(module, thin=None, weights="float32"):
    torch.manual_seed(0)
    return export.build(
        module.eval(),
        {"latents": rows(64)["latents"]},
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", 20)),),
        manifest.Tensor(name="images", shape=("N", 4), range=(-1.0, 1.0)),
        weights,
        thin=thin,
    )


@pytest.fixture
def module():
    torch.manual_seed(0)
    return Net()


def shapes(graph):
    return {
        tuple(tensor.dims) for tensor in onnx.load_from_string(graph.model).graph.initializer if len(tensor.dims) == 2
    }


def draw(graph, count=64):
    return Session(graph.model, threads=1).run({name: part[:count].numpy() for name, part in rows().items()})


def test_a_layer_of_low_rank_is_replaced_by_two_that_give_the_same(module):
    whole, thin = build(module), build(module, Thin(rows(), 60.0))
    assert (OUT, IN) in shapes(whole)
    assert shapes(thin) == {(IN, 20), (RANK, IN), (OUT, RANK), (4, OUT)}
    assert np.abs(draw(whole) - draw(thin)).max() < 1e-4


def test_the_card_counts_the_numbers_that_are_left(module):
    whole, thin = build(module), build(module, Thin(rows(), 60.0))
    assert whole.network.parameters == sum(p.numel() for p in module.parameters())
    assert thin.network.parameters == whole.network.parameters - IN * OUT + RANK * (IN + OUT)


def test_layers_are_as_thin_as_the_output_allows_and_no_thinner(module):
    found = {}
    reference = draw(build(module), 1_000)
    for least_db in (20.0, 30.0):
        graph = build(module, Thin(rows(), least_db))
        (found[least_db],) = {shape[0] for shape in shapes(graph) if shape[1] == IN}
        assert export.decibels(reference, draw(graph, 1_000), 2.0) > least_db - 1.0
    assert 16 <= found[20.0] < found[30.0] <= RANK


def test_no_matrix_of_that_rank_comes_nearer_than_the_principal_components_of_the_outputs(module):
    with torch.inference_mode():
        hidden = torch.relu(module.first(rows()["latents"]))
        outputs = module.wide(hidden).numpy()
    mean, components = lowrank._principal(outputs)
    kept = components[:, :16]
    nearest = ((outputs - mean) @ kept @ kept.T + mean - outputs) ** 2
    left, sizes, right = np.linalg.svd(module.wide.weight.detach().numpy(), full_matrices=False)
    of_weights = (
        hidden.numpy() @ (left[:, :16] * sizes[:16] @ right[:16]).T + module.wide.bias.detach().numpy() - outputs
    )
    assert nearest.mean() < (of_weights**2).mean()
    assert np.allclose(kept.T @ kept, np.eye(16), atol=1e-4)


def test_a_layer_that_no_lower_rank_does_justice_to_stays_whole():
    torch.manual_seed(0)
    module = Net()
    module.wide = nn.Linear(IN, OUT)
    module.wide.weight.data.normal_(0, 0.3)
    assert (OUT, IN) in shapes(build(module, Thin(rows(), 80.0)))


@pytest.mark.parametrize("weights", ["float32", "float16", "int8"])
def test_a_thinned_network_can_be_gone_on_from(module, weights):
    graph = build(module, Thin(rows(), 60.0), weights)
    again = Net()
    restore.load(again, graph.model, (rows(8)["latents"],))
    with torch.inference_mode():
        found, expected = (net.eval()(rows(64)["latents"]) for net in (again, module))
    assert torch.allclose(found, expected, atol={"float32": 1e-4, "float16": 5e-3, "int8": 0.1}[weights])


class Fragile(nn.Module):
    """Two layers, of which the second small one spoils everything where it is rounded."""

    def __init__(self):
        super().__init__()
        self.robust, self.fragile = nn.Linear(20, 100), nn.Linear(100, 16)
        with torch.no_grad():
            self.fragile.weight[:, 0] = 300.0  # so that each step of its 8 bits is larger than all others
            self.robust.weight[0], self.robust.bias[0] = 0.0, 0.0

    def forward(self, latents):
        return torch.tanh(self.fragile(torch.relu(self.robust(latents))))


def test_8_bits_are_left_to_the_weights_that_bear_them():
    torch.manual_seed(0)
    graph = export.build(
        Fragile().eval(),
        {"latents": rows(64)["latents"]},
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", 20)),),
        manifest.Tensor(name="images", shape=("N", 16), range=(-1.0, 1.0)),
        "int8",
    )
    kinds = {t.name: numpy_helper.to_array(t).dtype for t in onnx.load_from_string(graph.model).graph.initializer}
    assert graph.network.weights == "int8"
    assert kinds["robust.weight"] == np.int8
    assert kinds["fragile.weight"] == np.float16


def test_names_are_given_by_size():
    torch.manual_seed(0)
    model = onnx.load_from_string(build(Net()).model)
    assert storage.by_size(model)[:3] == ["wide.weight", "first.weight", "last.weight"]
