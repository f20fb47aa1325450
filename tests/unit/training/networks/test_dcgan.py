"""DCGAN's networks against the published numbers, and its conditional game."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.unit.training.tiny import DCGAN
from training.config import ConvDiscriminator, ConvGenerator
from training.config.recipes import RECIPES
from training.networks.dcgan import Discriminator, Generator
from training.networks.norm import BatchNorm2d

FACES = (3, 64, 64)
DIGITS = (1, 28, 28)


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_the_networks_for_64_px_have_the_published_number_of_parameters():
    # 100 -> 512 at 4 px, then k4 s2 to 256, 128, 64 and 3, without biases; two numbers for each normalised map
    weights, norms = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3), 2 * (512 + 256 + 128 + 64)
    assert weights + norms == 3_576_704
    assert count(Generator(ConvGenerator(), FACES)) == 3_576_704
    assert count(Discriminator(ConvDiscriminator(), FACES)) == 2_765_568


def test_the_conditional_networks_join_the_class_to_the_input_of_every_layer():
    recipe = RECIPES["dcgan-mnist"].config
    generator = Generator(recipe.generator, DIGITS, 10)
    inputs = [layer.weight.shape[1] for layer in generator.dense] + [layer.weight.shape[0] for layer in generator.convs]
    assert inputs == [100 + 10, 1024 + 10, 128 + 10, 64 + 10]
    discriminator = Discriminator(recipe.discriminator, DIGITS, 10)
    inputs = [layer.weight.shape[1] for layer in (*discriminator.convs, *discriminator.dense, discriminator.head)]
    assert inputs == [1 + 10, 64 + 10, 128 * 7 * 7 + 10, 1024 + 10]


@pytest.mark.parametrize("shape", [FACES, (1, 32, 32), (3, 128, 128)])
def test_images_come_out_at_their_size_and_in_range(shape):
    generator, discriminator = Generator(ConvGenerator(), shape), Discriminator(ConvDiscriminator(), shape)
    drawn = generator(5.0 * torch.randn(4, 100)).detach()
    assert drawn.shape == (4, *shape)
    assert -1.0 <= float(drawn.min()) < 0.0 < float(drawn.max()) <= 1.0
    assert discriminator(drawn).shape == (4, 1)


def test_a_kernel_of_5_rounds_odd_sides_up_as_in_wgan_gp_for_28_px():
    generator = Generator(ConvGenerator(widths=(8, 8, 4), kernel=5), DIGITS)
    assert generator.base == (8, 4, 4)
    assert generator(torch.randn(2, 100)).shape == (2, *DIGITS)
    assert Discriminator(ConvDiscriminator(widths=(4, 8, 8), kernel=5), DIGITS)(torch.zeros(2, *DIGITS)).shape == (2, 1)


def test_a_kernel_of_4_refuses_sides_that_cannot_be_halved():
    with pytest.raises(ValueError, match="28 px cannot be halved 3 times by kernel 4"):
        Generator(ConvGenerator(widths=(8, 8, 4)), DIGITS)


def test_the_guidelines():
    generator, discriminator = Generator(ConvGenerator(), FACES), Discriminator(ConvDiscriminator(), FACES)
    assert not any(isinstance(m, nn.MaxPool2d | nn.AvgPool2d) for n in (generator, discriminator) for m in n.modules())
    assert all(conv.stride == (2, 2) for n in (generator, discriminator) for conv in n.convs)
    assert [type(norm) for norm in discriminator.norms] == [nn.Identity] + [BatchNorm2d] * 3
    assert [type(norm) for norm in generator.norms] == [BatchNorm2d] * 4


def test_weights_start_as_published():
    torch.manual_seed(0)
    generator = Generator(ConvGenerator(), FACES).requires_grad_(False)
    assert float(generator.convs[0].weight.std()) == pytest.approx(0.02, rel=0.02)
    assert float(generator.norms[0].weight.mean()) == pytest.approx(1.0, abs=0.005)
    assert float(generator.norms[0].weight.std()) == pytest.approx(0.02, rel=0.2)
    assert not generator.norms[0].bias.any()


def test_spectral_norm_holds_every_layer_at_1():
    discriminator = Discriminator(
        ConvDiscriminator(widths=(4, 8), batch_norm=False, bias=True, spectral_norm=True), DIGITS
    )
    for _ in range(50):  # each training-mode pass is one step of the power iteration
        discriminator(torch.randn(2, *DIGITS))
    discriminator.eval()
    for layer in (*discriminator.convs, discriminator.head):
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
        assert float(largest) == pytest.approx(1.0, rel=0.02)


def test_the_class_decides_what_is_drawn(start):
    trainer = start(replace(DCGAN, total_nimg=32), "run")
    trainer.train()
    generator = trainer.objective.finished_generator()
    same = torch.zeros(2, 8)
    drawn = generator(same, torch.eye(10)[[0, 7]])
    assert float((drawn[0] - drawn[1]).abs().max()) > 1e-3
    alike = generator(same, torch.eye(10)[[7, 7]])
    assert float((alike[0] - alike[1]).abs().max()) < 1e-6


def test_a_projection_is_normalised_unit_by_unit_where_the_papers_code_does():
    config = ConvGenerator(z_dim=8, widths=(4, 2), norm_affine=False, unit_norm=True)
    generator = Generator(config, (1, 16, 16)).train()
    seen = []
    generator.norms[0].register_forward_hook(lambda _part, _given, out: seen.append(out))
    generator(torch.randn(64, 8))
    assert seen[0].shape == (64, 4 * 4 * 4)
    assert torch.allclose(seen[0].mean(0), torch.zeros(64), atol=1e-5)
    assert torch.allclose(seen[0].std(0, correction=0), torch.ones(64), atol=0.1)


def test_he_starts_weights_with_the_variance_that_relu_keeps():
    network = Discriminator(ConvDiscriminator(widths=(64, 128), batch_norm=False, bias=True, init="he"), (3, 32, 32))
    for conv in network.convs:
        fan_in = conv.in_channels * 16
        assert float(conv.weight.detach().var()) == pytest.approx(2.0 / fan_in, rel=0.1)
        assert float(conv.bias.detach().abs().max()) == 0.0
