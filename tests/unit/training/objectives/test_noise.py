"""The penalty on noise that real images do not have."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.training.spoiled import blurred, confetti, grainy, natural
from tests.unit.training.tiny import CYCLEGAN
from training import objectives
from training.config import MultiscaleDiscriminator, PyramidGenerator
from training.data import PairBatch
from training.objectives.noise import excess


@pytest.fixture
def real():
    return natural()


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
