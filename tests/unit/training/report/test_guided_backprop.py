import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.unit.training.tiny import DISCRIMINATOR
from training.config import ConvDiscriminator, MlpDiscriminator
from training.networks import dcgan, mlp
from training.report import guided_backprop

LEAK = 0.2


class Two(nn.Module):
    """Two layers of one pixel: h = f(a x), y = f(c_1 h_1 + c_2 h_2), for which gradients can be written down."""

    def __init__(self, a, c, activation):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 1, 1, bias=False)
        self.first.weight.data = torch.tensor(a).view(2, 1, 1, 1)
        self.second.weight.data = torch.tensor(c).view(1, 2, 1, 1)
        self.activation = activation

    def forward(self, images):
        x = self.activation(self.first(images))
        return self.activation(self.second(x)).flatten(1)


def leaky(x):
    return F.leaky_relu(x, LEAK)


@pytest.mark.parametrize("activation", [F.relu, torch.relu, leaky, nn.ReLU(), nn.LeakyReLU(LEAK)])
@pytest.mark.parametrize(
    ("a", "c", "plain", "explained"),
    [
        # y = 3 * 2x - 1 * 1x: both units are on; the way back through the second is negative and is stopped.
        ((2.0, 1.0), (3.0, -1.0), 5.0, 6.0),
        # Both ways back are positive, and nothing is stopped.
        ((2.0, 1.0), (3.0, 1.0), 7.0, 7.0),
    ],
)
def test_a_negative_way_back_is_stopped(a, c, plain, explained, activation):
    network, images = Two(a, c, activation), torch.ones(1, 1, 1, 1)
    assert guided_backprop.gradients(network, images, feature=0, is_guided=False).item() == pytest.approx(plain)
    assert guided_backprop.gradients(network, images, feature=0).item() == pytest.approx(explained)


def test_a_feature_that_is_off_explains_nothing_though_its_slope_is_not_0():
    network, images = Two((2.0, -1.0), (3.0, 1.0), leaky), torch.ones(1, 1, 1, 1)
    assert guided_backprop.gradients(network, images, feature=0, is_guided=False).item() == pytest.approx(6.0 - LEAK)
    assert guided_backprop.gradients(network, images, feature=0).item() == pytest.approx(6.0)


def test_the_network_gives_what_it_gave_and_keeps_its_own_gradient():
    network, images = Two((2.0, 1.0), (3.0, -1.0), leaky), torch.ones(5, 1, 1, 1)
    expected = network(images)
    _, maps = guided_backprop.responses(network, images)
    assert torch.equal(maps.flatten(1), expected)
    images.requires_grad_()
    (own,) = torch.autograd.grad(network(images).sum(), images)
    assert torch.equal(own, guided_backprop.gradients(network, images, feature=0, is_guided=False))
    assert not torch.equal(own, guided_backprop.gradients(network, images, feature=0))


def test_each_image_is_explained_at_its_strongest_place_alone():
    network = Two((2.0, 1.0), (3.0, 1.0), F.relu)
    images = torch.zeros(2, 1, 3, 3)
    images[0, 0, 1, 2], images[1, 0, 0, 0] = 1.0, 0.5
    found = guided_backprop.gradients(network, images, feature=0)
    assert found.nonzero().tolist() == [[0, 0, 1, 2], [1, 0, 0, 0]]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_grid_shows_images_and_what_their_features_respond_to(batch_norm):
    torch.manual_seed(0)
    discriminator = dcgan.Discriminator(ConvDiscriminator(widths=(4, 8), batch_norm=batch_norm), (3, 16, 16)).train()
    images = torch.rand(10, 3, 16, 16) * 2 - 1
    shown = guided_backprop.grid(discriminator, images, features=3, columns=2)
    assert discriminator.training
    assert (shown.dtype, shown.shape) == (np.uint8, (3 * 16, 4 * 16, 3))
    first, gradient = shown[:16, :16], shown[:16, 16:32]
    assert any(np.abs(first - ((p.permute(1, 2, 0).numpy() + 1) * 127.5)).max() < 1 for p in images)
    assert min(gradient.min(), 255 - gradient.max()) == 0
    assert 127 in gradient or 128 in gradient  # what does not matter is grey


def test_a_discriminator_that_is_told_classes_is_explained_too():
    discriminator = dcgan.Discriminator(ConvDiscriminator(widths=(4, 8), kernel=5), (1, 28, 28), n_classes=10)
    shown = guided_backprop.grid(discriminator, torch.rand(3, 1, 28, 28), torch.eye(10)[:3], features=2)
    assert shown.shape[:2] == (2 * 28, 6 * 28)


@pytest.mark.parametrize("config", [DISCRIMINATOR, MlpDiscriminator(hidden=(8,), pieces=1)])
def test_a_network_without_convolutions_is_refused(config):
    with pytest.raises(ValueError, match="this network has none"):
        guided_backprop.grid(mlp.Discriminator(config, (1, 4, 4)), torch.rand(3, 1, 4, 4))
