from itertools import count
from math import inf
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

from service.inference.session import Session
from service.repository import manifest
from tests.unit.training.tiny import DISCRIMINATOR, GENERATOR
from training.networks.mlp import Discriminator, Generator
from training.packaging.onnx import export
from training.packaging.onnx.export import ExportError, decibels

ROWS = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))


def build(module, weights="float32", example=ROWS, output_range=None):
    with torch.inference_mode():
        shape = module(example[:2]).shape[1:]
    return export.build(
        module,
        {"latents": example},
        "network.onnx",
        (manifest.Tensor(name="latents", shape=("N", *example.shape[1:])),),
        manifest.Tensor(name="images", shape=("N", *shape), range=output_range),
        weights,
    )


def generator(batch_norm=True):
    torch.manual_seed(0)
    made = Generator(
        type(GENERATOR)(z_dim=8, hidden=(16, 32), batch_norm=batch_norm, leak=0.2, init_range=0.0), (1, 12, 12)
    )
    made(3.0 * torch.randn(64, 8))  # statistics that are not those of the start
    return made.eval()


@pytest.fixture(scope="module")
def built():
    """The graph of a generator with BatchNorm."""
    return build(generator())


@pytest.fixture(scope="module")
def model(built):
    return onnx.load_from_string(built.model)


def test_the_graph_does_what_the_network_does_for_any_number_of_rows(built):
    session = Session(built.model, threads=1)
    module = generator()
    for rows in (1, 3, 8, 16):
        with torch.inference_mode():
            expected = module(ROWS[:rows]).numpy()
        assert np.abs(session.run({"latents": ROWS[:rows].numpy()}) - expected).max() < 1e-5


def test_the_graph_has_a_dynamic_batch_axis_and_versions_that_every_engine_reads(built, model):
    session = Session(built.model, threads=1)
    assert isinstance(session.inputs["latents"][0], str)
    assert session.inputs["latents"][1:] == [8]
    assert isinstance(session.outputs["images"][0], str)
    assert session.outputs["images"][1:] == [1, 12, 12]
    assert model.ir_version <= 10
    assert [(opset.domain, opset.version <= 21) for opset in model.opset_import] == [("", True)]


@pytest.mark.parametrize("trace", [str(Path(__file__).parents[5]), str(Path.home()), "site-packages", ".py", "torch"])
def test_the_file_tells_nothing_of_the_machine_that_made_it(built, trace):
    assert trace.encode() not in built.model


def test_initialisers_keep_the_names_and_values_of_the_state():
    module = generator(batch_norm=False)
    model = onnx.load_from_string(build(module).model)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, tensor in module.state_dict().items():
        assert np.array_equal(stored[name], tensor.numpy()), name


@pytest.mark.parametrize("weights", ["float32", "float16", "int8"])
def test_stored_weights_keep_the_names_of_the_state(weights):
    model = onnx.load_from_string(build(generator(), weights, output_range=(-1.0, 1.0)).model)
    names = {tensor.name for tensor in model.graph.initializer}
    assert {name for name, tensor in generator().state_dict().items() if tensor.dim() == 2} <= names


def test_the_manifest_says_what_the_file_is(built):
    network = built.network
    assert network.sha256 == manifest.sha256(built.model)
    assert network.file == "network.onnx"
    assert network.weights == "float32"
    assert network.parameters == sum(p.numel() for p in generator().parameters())
    assert [tensor.name for tensor in network.inputs + network.outputs] == ["latents", "images"]


def test_the_same_network_gives_the_same_bytes(built):
    assert build(generator()).model == built.model


@pytest.mark.parametrize(("weights", "least_db", "share"), [("float16", 50.0, 0.65), ("int8", 45.0, 0.55)])
def test_stored_forms_are_smaller_and_close(built, weights, least_db, share):
    stored = build(generator(), weights, output_range=(-1.0, 1.0))
    assert stored.network.weights == weights
    assert len(stored.model) < share * len(built.model)
    drawn = [Session(graph.model, threads=1).run({"latents": ROWS.numpy()}) for graph in (built, stored)]
    assert decibels(*drawn, peak=2.0) >= least_db


def test_float16_is_the_network_with_its_large_weights_rounded():
    module = generator(batch_norm=False)
    stored = Session(build(module, "auto", output_range=(-1.0, 1.0)).model, threads=1)
    with torch.inference_mode():
        for parameter in module.parameters():
            if parameter.numel() >= 256:
                parameter.copy_(parameter.half().float())
        assert np.abs(stored.run({"latents": ROWS.numpy()}) - module(ROWS).numpy()).max() < 1e-5


def test_a_discriminator_is_exported_without_its_dropout():
    module = Discriminator(DISCRIMINATOR, (1, 12, 12)).eval()
    example = torch.rand(8, 1, 12, 12) * 2 - 1
    built = build(module, example=example)
    assert "Dropout" not in {node.op_type for node in onnx.load_from_string(built.model).graph.node}
    logits = Session(built.model, threads=1).run({"latents": example.numpy()})
    assert np.allclose(logits, module(example).detach().numpy(), atol=1e-5)


class TrainingNorm(nn.Module):
    """BatchNorm of the batch itself, hidden from `module.training`."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        norm = self.norm
        return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, training=True)


class LastingDropout(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.5, training=True)


class MinusNeighbours(nn.Module):
    def forward(self, x):
        return x - x.mean(dim=0)


class FixedBatch(nn.Module):
    """len() of a tensor is a plain number, which stays in the graph."""

    def forward(self, x):
        return x.reshape(len(x), 2, 4)


class OtherWhenExported(nn.Module):
    def forward(self, x):
        return x + 0.001 if torch.compiler.is_exporting() else x + 0.0


class NotExportable(nn.Module):
    def forward(self, x):
        return x * float(x.detach().sum().item() > 0) if x.sum() > 0 else x


def in_training(module):
    return nn.Sequential(nn.Linear(8, 8), module).eval().append(module.train())


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Sequential(nn.Linear(8, 8), nn.Dropout()), "training mode"),
        (in_training(nn.BatchNorm1d(8)), "training mode"),
        (TrainingNorm().eval(), r"with latents \(1, 8\) the network or its graph fails: Expected more than 1 value"),
        (LastingDropout().eval(), "training-mode Dropout"),
        (MinusNeighbours().eval(), "depends on its neighbours"),
        (FixedBatch().eval(), r"with latents \(1, 8\) the network or its graph fails: the engine failed"),
        (OtherWhenExported().eval(), "the graph differs from the network by 0.001"),
        (NotExportable().eval(), "cannot be exported"),
    ],
    ids=["training", "one layer", "hidden norm", "dropout", "neighbours", "fixed batch", "other graph", "no graph"],
)
def test_what_cannot_be_served_is_refused(module, reason):
    with pytest.raises(ExportError, match=reason):
        build(module)


def test_a_network_whose_output_is_not_finite_is_refused():
    module = nn.Linear(8, 4).eval()
    with torch.no_grad():
        module.weight[0, 0] = float("nan")
    with pytest.raises(ExportError, match="differs from the network by nan"):
        build(module)


class Outlier(nn.Module):
    """Weights of which one in each row is so large that 8 bits lose the others; its input is always 0."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(8, 64)
        with torch.no_grad():
            self.linear.weight.mul_(scale)
            self.linear.bias.zero_()
            self.linear.weight[:, 0] = 1e3 * scale
        self.scale = scale

    def forward(self, x):
        return torch.tanh(self.linear(x) / self.scale)


WITHOUT_FIRST = ROWS * torch.tensor([0.0] + [1.0] * 7)


def test_8_bits_that_lose_too_much_are_refused():
    with pytest.raises(ExportError, match=r"stored as int8 the output has \d+\.\d dB, below 45.0 dB"):
        build(Outlier().eval(), "int8", WITHOUT_FIRST, (-1.0, 1.0))


def test_auto_keeps_float32_where_float16_loses_too_much():
    module = Outlier(scale=1e-9).eval()
    assert build(module, "auto", WITHOUT_FIRST, (-1.0, 1.0)).network.weights == "float32"
    with pytest.raises(ExportError, match="stored as float16"):
        build(module, "float16", WITHOUT_FIRST, (-1.0, 1.0))


def test_auto_is_float16_where_that_is_close():
    assert build(generator(), "auto", output_range=(-1.0, 1.0)).network.weights == "float16"


@pytest.mark.parametrize(("error", "expected"), [(0.0, inf), (2.0, 0.0), (0.02, 40.0)])
def test_decibels_are_10_log10_of_peak_squared_over_the_mean_squared_error(error, expected):
    signs = np.fromiter((1.0 if index % 2 else -1.0 for index in count()), np.float32, 100)
    assert decibels(np.zeros(100, np.float32), signs * error, peak=2.0) == pytest.approx(expected, abs=1e-4)
