"""Noise of luma and chroma, and the penalty on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.training.conftest import CYCLEGAN
from training import objectives
from training.config import MultiscaleDiscriminator, PyramidGenerator
from training.data import PairBatch
from training.metrics import noise
from training.objectives.noise import excess


@pytest.fixture
def real():
    """(4, 3, 32, 32) in [-1, 1]: smooth shapes with a little grain of luma and chroma."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.nn.functional.interpolate(torch.rand(4, 3, 5, 5, generator=generator), (32, 32), mode="bicubic")
    grain = 0.04 * torch.randn(4, 3, 32, 32, generator=generator)
    return (coarse * 1.2 - 0.6 + grain).clamp(-1.0, 1.0)


def confetti(images, strength):
    """Blue against yellow from pixel to pixel, of the same luma."""
    signs = torch.randint(0, 2, (len(images), 1, *images.shape[2:]), generator=torch.Generator().manual_seed(1))
    return (images + strength * (2.0 * signs - 1.0) * torch.tensor([0.114, 0.114, -0.886])[:, None, None]).clamp(-1, 1)


def grainy(images, strength):
    """Grain of luma alone."""
    grain = torch.randn(len(images), 1, *images.shape[2:], generator=torch.Generator().manual_seed(1))
    return (images + strength * grain).clamp(-1, 1)


def blurred(images):
    return torch.nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)


def test_noise_is_that_of_pillows_ycbcr():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    ycbcr = np.asarray(Image.fromarray(pixels).convert("YCbCr"), np.float64)
    edges = 4 * ycbcr[1:-1, 1:-1] - ycbcr[:-2, 1:-1] - ycbcr[2:, 1:-1] - ycbcr[1:-1, :-2] - ycbcr[1:-1, 2:]
    luma, blue, red = np.abs(edges[1:-1, 1:-1]).mean((0, 1))  # 2 px cropped at each side
    found = noise.levels(torch.from_numpy(pixels).permute(2, 0, 1)[None])
    assert float(found.luma) == pytest.approx(luma, abs=0.6)  # Pillow rounds
    assert float(found.chroma) == pytest.approx(blue + red, abs=1.2)


def test_confetti_raises_chroma_noise_alone(real):
    found = noise.ratios(real, confetti(real, 0.3))
    assert found.chroma > 2.0
    assert found.luma == pytest.approx(1.0, abs=0.05)


def test_grain_raises_luma_noise_alone(real):
    found = noise.ratios(real, grainy(real, 0.1))
    assert found.luma > 2.0
    assert found.chroma == pytest.approx(1.0, abs=0.05)


def test_blur_lowers_both(real):
    found = noise.ratios(real, blurred(real))
    assert found.luma < 0.5
    assert found.chroma < 0.6


def test_real_images_have_the_noise_of_real_images(real):
    assert noise.ratios(real, real.flip(3)) == pytest.approx((1.0, 1.0), abs=1e-6)


def test_nothing_can_be_compared_with_flat_or_grey_images():
    flat = torch.zeros(2, 3, 16, 16)
    with pytest.raises(ValueError, match="the real images are flat"):
        noise.ratios(flat, flat)
    with pytest.raises(ValueError, match="needs 3 channels, but the images have 1"):
        noise.levels(flat[:, :1])


def test_images_as_noisy_as_real_ones_are_not_penalised(real):
    fake = real.flip(3).requires_grad_()
    penalty = excess(real, fake)
    penalty.backward()
    assert float(penalty.detach()) == 0.0
    assert not fake.grad.any()


@pytest.mark.parametrize("spoil", [lambda x: confetti(x, 0.3), lambda x: grainy(x, 0.1), blurred])
def test_confetti_grain_and_blur_are_penalised_and_a_step_down_the_gradient_helps(real, spoil):
    fake = spoil(real).requires_grad_()
    penalty = excess(real, fake)
    penalty.backward()
    assert float(penalty.detach()) > 0.01
    with torch.no_grad():
        better = fake - 5.0 * fake.grad
    assert float(excess(real, better)) < float(penalty.detach())


def test_a_step_reports_and_weighs_the_penalty(loaded, fabric):
    config = replace(
        CYCLEGAN,
        diffaugment=(),
        pool_size=0,
        lambda_noise=3.0,
        generator=PyramidGenerator(widths=(4, 8, 8), blocks=1, full=4),
        discriminator=MultiscaleDiscriminator(ndf=4, layers=1, scales=2),
    )
    torch.manual_seed(0)
    objective = objectives.build(config, loaded(config), fabric)
    descended = {}
    descend = objective.descend
    objective.descend = lambda name, loss: descended.update({name: float(loss.detach())}) or descend(name, loss)
    losses = {name: float(loss) for name, loss in objective.step(PairBatch(*torch.rand(2, 2, 3, 16, 16))).items()}
    weighted = losses["g_A2B"] + losses["g_B2A"] + 10.0 * losses["cycle"] + 5.0 * losses["identity"]
    assert losses["noise"] > 0.0
    assert descended["generator"] == pytest.approx(weighted + 3.0 * losses["noise"], rel=1e-5)
    assert all(np.isfinite(loss) for loss in losses.values())
