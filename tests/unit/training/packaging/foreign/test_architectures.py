"""State dicts of other projects are recognised by their keys and shapes."""

import pytest
import torch
from torch import nn

from tests.unit.training.packaging.foreign.networks import NETWORKS, filled
from training.packaging.foreign.architectures import Options, UnknownArchitectureError, recognise, resnet
from training.packaging.foreign.architectures.neural_style import TransformerNet

# Key and shape of one parameter that only this architecture has, from the original projects' own files.
KEYS = {
    "resnet-6-instance": ("model.10.conv_block.5.bias", (16,)),
    "resnet-9-batch-dropout": ("model.10.conv_block.7.running_mean", (16,)),
    "resnet-6-grey-zero-padding": ("model.10.conv_block.3.weight", (16, 16, 3, 3)),
    "resnet-9-instance-dropout": ("model.26.weight", (1, 4, 7, 7)),
    "unet-128-batch": ("model.model.1.model.3.model.3.model.3.model.3.model.3.model.1.weight", (32, 32, 4, 4)),
    "unet-256-instance": ("model.model.3.bias", (1,)),
    "cut": ("model.7.filt", (8, 1, 3, 3)),
    "cut-transposed-up": ("model.21.weight", (16, 8, 3, 3)),
    "dcgan": ("main.6.weight", (8, 3, 4, 4)),
    "dcgan-discriminator": ("main.5.weight", (1, 16, 4, 4)),
    "fast-neural-style": ("res3.conv2.conv2d.weight", (16, 16, 3, 3)),
    "animegan": ("block_c.1.layers.1.1.weight", (256, 1, 3, 3)),
    "mlp": ("model.3.running_var", (32,)),
}


def _inputs(name):
    torch.manual_seed(1)
    if name in ("dcgan", "mlp"):
        return torch.randn(2, {"dcgan": 12, "mlp": 10}[name])
    channels = 1 if name in ("resnet-6-grey-zero-padding", "unet-256-instance") else 3
    sides = (256, 512) if name.startswith("unet") else (16, 16) if name == "dcgan-discriminator" else (32, 24)
    return torch.rand(2, channels, *sides) * 2 - 1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_state_dict_is_recognised_and_gives_what_its_network_gave(name):
    network = filled(NETWORKS[name]())
    state = network.state_dict()
    key, shape = KEYS[name]
    assert tuple(state[key].shape) == shape
    found = recognise(state, Options(), "mlp" if name == "mlp" else "auto")
    assert not found.module.training
    inputs = _inputs(name)
    assert torch.equal(found.module(inputs), network(inputs))
    channels = inputs.shape[1] if inputs.ndim == 4 else 0
    assert (found.channels_in, found.latent_dim) == (channels, 0 if channels else inputs.shape[1])
    if found.task != "discriminate":
        assert found.channels_out == network(inputs).shape[1]


def test_running_statistics_that_instance_normalization_never_used_are_passed_over():
    state = filled(NETWORKS["resnet-6-instance"]()).state_dict()
    old = dict(state)
    for key in [key for key in state if key.endswith(".bias") and state[key].numel() != 3]:
        index = int(key.split(".")[-2])
        norm = ".".join([*key.split(".")[:-2], str(index + 1)])
        old |= {
            f"{norm}.running_mean": torch.zeros_like(state[key]),
            f"{norm}.running_var": torch.ones_like(state[key]),
        }
    assert len(old) > len(state)
    found = recognise(old, Options())
    assert found.name == "resnet_6blocks, instance normalization"
    style = filled(TransformerNet((3, 3), 4)).state_dict()
    assert recognise(style | {"in1.running_mean": torch.zeros(4)}, Options()).value_range == (0.0, 255.0)


def test_the_normalization_can_be_named_where_the_keys_mislead():
    state = filled(NETWORKS["resnet-6-instance"]()).state_dict()
    with pytest.raises(UnknownArchitectureError):
        recognise(state, Options(normalization="batch"))
    assert "instance" in recognise(state, Options(normalization="instance")).name


def test_anti_aliased_resampling_keeps_the_mean_and_the_sizes():
    flat = torch.full((1, 2, 10, 14), 0.7)
    down, up = resnet.BlurDown(2)(flat), resnet.BlurUp(2)(flat)
    assert (down.shape, up.shape) == ((1, 2, 5, 7), (1, 2, 20, 28))
    assert torch.allclose(down, torch.full_like(down, 0.7))
    assert torch.allclose(up, torch.full_like(up, 0.7))


@pytest.mark.parametrize("name", ["auto", "resnet", "unet", "dcgan", "neural-style", "animegan", "mlp"])
def test_other_networks_are_refused_by_name(name):
    state = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 3, 3)).state_dict()
    with pytest.raises(UnknownArchitectureError, match=r"0\.weight, 0\.bias"):
        recognise(state, Options(), name)


def test_an_mlp_is_not_guessed_and_needs_a_size_that_fits():
    state = filled(NETWORKS["mlp"]()).state_dict()
    with pytest.raises(UnknownArchitectureError, match="--architecture"):
        recognise(state, Options())
    with pytest.raises(UnknownArchitectureError, match="does not fit"):
        recognise(state, Options(size_px=5), "mlp")
