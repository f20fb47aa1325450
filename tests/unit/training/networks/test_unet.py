"""The U-Net against the published numbers, and what its exported form relies on."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from training.config import UnetGenerator
from training.config.recipes import RECIPES
from training.networks.unet import Generator


@pytest.fixture
def build():
    def made(**fields):
        torch.manual_seed(0)
        return Generator(UnetGenerator(ngf=4, **fields))

    return made


def test_the_published_network_for_256_px_has_54_4_million_parameters():
    with torch.device("meta"):
        network = Generator(RECIPES["pix2pix-facades"].config.generator)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == 54.4
    assert [conv.out_channels for conv in network.downs] == [64, 128, 256, 512, 512, 512, 512, 512]
    # Each layer of the decoder is given its own maps and those of its mirror: twice as many.
    assert [conv.in_channels for conv in network.ups] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert all(conv.kernel_size == (4, 4) and conv.stride == (2, 2) for conv in (*network.downs, *network.ups))


def test_the_first_and_the_innermost_layer_have_no_norm():
    with torch.device("meta"):
        network = Generator(UnetGenerator())
    normed = [isinstance(norm, nn.InstanceNorm2d) for norm in network.down_norms]
    assert normed == [False] + [True] * 6 + [False]
    assert all(isinstance(norm, nn.InstanceNorm2d) and norm.affine for norm in network.up_norms)


@pytest.mark.parametrize("size", [(16, 16), (32, 16), (48, 80)])
def test_images_keep_their_size_and_lie_in_range(build, size):
    drawn = build(depth=4)(torch.rand(2, 3, *size) * 2 - 1).detach()
    assert drawn.shape == (2, 3, *size)
    assert -1.0 <= float(drawn.min()) < float(drawn.max()) <= 1.0


@pytest.mark.parametrize("size", [(24, 16), (16, 8)])
def test_sides_that_are_no_multiple_cannot_be_joined(build, size):
    with pytest.raises((RuntimeError, ValueError)):
        build(depth=4)(torch.zeros(1, 3, *size))


def test_dropout_is_in_the_first_three_layers_of_the_decoder_alone(build, monkeypatch):
    dropped = []

    def dropout(x, p, training):
        dropped.append((x.shape[-1], p, training))
        return x

    monkeypatch.setattr(F, "dropout", dropout)
    build(depth=6, dropout=0.3)(torch.zeros(1, 3, 64, 64))
    assert dropped == [(2, 0.3, True), (4, 0.3, True), (8, 0.3, True)]


def test_dropout_works_in_training_alone(build):
    network, given = build(depth=4), torch.randn(2, 3, 16, 16)
    assert not torch.equal(network(given), network(given))
    network.eval()
    assert torch.equal(network(given), network(given))


def with_batch_norm(network):
    """The network as it was published: BatchNorm that works on the batch at test time too."""
    published = deepcopy(network)
    for norms in (published.down_norms, published.up_norms):
        for index, norm in enumerate(norms):
            if isinstance(norm, nn.InstanceNorm2d):
                norms[index] = nn.BatchNorm2d(norm.num_features)
                norms[index].load_state_dict(norm.state_dict(), strict=False)
    return published.train()


def test_an_image_alone_is_translated_as_by_the_published_batch_norm(build):
    network = build(depth=4, dropout=0.0)
    for norm in network.up_norms:
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    published = with_batch_norm(network)
    given = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        drawn = network.eval()(given)
        assert torch.allclose(drawn, published(given), atol=1e-5)
        pair = torch.cat((given, 0.1 * torch.randn(1, 3, 32, 48)))
        assert not torch.allclose(published(pair)[:1], drawn, atol=1e-2)


def test_an_image_does_not_depend_on_its_neighbours(build):
    network, given = build(depth=4).eval(), torch.randn(3, 3, 16, 32)
    with torch.no_grad():
        alone = torch.cat([network(image[None]) for image in given])
        assert torch.allclose(network(given), alone, atol=1e-6)


def test_weights_start_as_published():
    torch.manual_seed(0)
    network = Generator(UnetGenerator(ngf=32, depth=5)).requires_grad_(False)
    for conv in (*network.downs, *network.ups[:-1]):
        assert float(conv.weight.mean()) == pytest.approx(0.0, abs=2e-3)
        assert float(conv.weight.std()) == pytest.approx(0.02, rel=0.05)
    gammas = torch.cat([norm.weight for norm in network.up_norms])
    assert float(gammas.mean()) == pytest.approx(1.0, abs=0.01)
    assert float(gammas.std()) == pytest.approx(0.02, rel=0.2)
    assert not any(norm.bias.any() for norm in network.up_norms)
