from dataclasses import replace

import pytest
import torch
from torch import nn

from training.config import MlpDiscriminator, MlpGenerator
from training.config.recipes import RECIPES
from training.networks.mlp import Discriminator, Generator, Maxout
from training.networks.norm import BatchNorm1d
from training.objectives import parameter_counts

SHAPE = (1, 28, 28)


@pytest.mark.parametrize(
    ("recipe", "generator", "discriminator"),
    [
        # 100*1200+1200 + 1200*1200+1200 + 1200*784+784, and 784*1200+1200 + 240*1200+1200 + 240+1
        ("gan-mnist", 2_503_984, 1_231_441),
        # 12,928 + 33,536 + 132,608 + 527,360 + 803,600 (the middle three with BatchNorm), and 401,920 + 131,328 + 257
        ("gan-mnist-small", 1_510_032, 533_505),
    ],
)
def test_the_recipes_networks_have_the_published_sizes(recipe, generator, discriminator):
    assert parameter_counts(RECIPES[recipe].config) == {"generator": generator, "discriminator": discriminator}


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 12)])
def test_images_have_the_datas_shape_and_fill_minus_1_to_1(output, shape):
    generator = Generator(MlpGenerator(z_dim=5, hidden=(7,), output=output, init_range=0.0), shape)
    images = generator(1e4 * torch.randn(64, 5))
    assert images.shape == (64, *shape)
    assert images.min() == -1.0
    assert images.max() == 1.0


def test_the_discriminator_gives_one_logit_an_image():
    logits = Discriminator(MlpDiscriminator(), SHAPE)(torch.zeros(3, *SHAPE))
    assert logits.shape == (3, 1)


def test_maxout_is_the_largest_of_its_linear_pieces():
    maxout = Maxout(in_features=4, units=3, pieces=5)
    x = torch.randn(6, 4)
    weight, bias = maxout.linear.weight.view(3, 5, 4), maxout.linear.bias.view(3, 5)
    by_hand = torch.stack([torch.stack([(w @ row + b).max() for w, b in zip(weight, bias, strict=True)]) for row in x])
    assert torch.allclose(maxout(x), by_hand, atol=1e-6)


@pytest.mark.parametrize(
    ("network", "half_range"),
    [(Generator(MlpGenerator(), SHAPE), 0.05), (Discriminator(MlpDiscriminator(), SHAPE), 0.005)],
)
def test_weights_start_uniform_in_their_range_and_biases_at_zero(network, half_range):
    for module in network.modules():
        if isinstance(module, nn.Linear):
            assert module.weight.abs().max() <= half_range
            assert not module.bias.any()
            if module.weight.numel() > 1_000:
                assert float(module.weight.detach().std()) == pytest.approx(half_range / 3**0.5, rel=0.02)


def test_an_init_range_of_zero_keeps_pytorchs_start():
    torch.manual_seed(3)
    ours = Generator(MlpGenerator(z_dim=4, hidden=(6,), init_range=0.0), (1, 2, 2)).layers[0].weight
    torch.manual_seed(3)
    assert torch.equal(ours, nn.Linear(4, 6).weight)


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
def test_the_output_bias_makes_the_datas_mean_the_first_image(output):
    mean = torch.linspace(-0.99, 0.99, 12).view(1, 3, 4)
    generator = Generator(MlpGenerator(z_dim=2, hidden=(4,), output=output), (1, 3, 4))
    generator.set_output_bias(mean)
    assert torch.allclose(generator(torch.zeros(1, 2))[0], mean, atol=1e-5)


def test_an_always_black_pixel_starts_nearly_black_with_a_finite_bias():
    generator = Generator(MlpGenerator(z_dim=2, hidden=(4,)), (1, 1, 2))
    generator.set_output_bias(torch.tensor([[[-1.0, 1.0]]]))
    first = generator(torch.zeros(1, 2)).flatten()
    assert torch.allclose(first, torch.tensor([-0.998, 0.998]), atol=1e-5)


def test_dropout_works_in_training_alone():
    network = Discriminator(MlpDiscriminator(init_range=0.1), SHAPE)
    images = torch.rand(4, *SHAPE)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("unit_range", [True, False])
def test_unit_range_turns_black_into_zero_for_the_first_layer(unit_range):
    seen = []
    network = Discriminator(replace(MlpDiscriminator(), unit_range=unit_range), SHAPE).eval()
    network.layers[0].register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(torch.cat([torch.full((1, *SHAPE), -1.0), torch.full((1, *SHAPE), 1.0)]))
    assert seen[0][:, 0].tolist() == ([0.0, 1.0] if unit_range else [-1.0, 1.0])


def test_batch_norm_follows_every_hidden_layer_but_the_first():
    kinds = [
        type(layer) for layer in Generator(MlpGenerator(hidden=(4, 4, 4), batch_norm=True, leak=0.2), SHAPE).layers
    ]
    linear, norm, leaky = nn.Linear, BatchNorm1d, nn.LeakyReLU
    assert kinds == [linear, leaky, linear, norm, leaky, linear, norm, leaky, linear]
