"""The losses that both translators share, against closed forms."""

import pytest
import torch

from training.objectives.translation import adversarial_loss, mean_absolute

LOGITS = torch.tensor([[-2.0, 0.0], [0.5, 3.0]])


@pytest.mark.parametrize("is_real", [True, False])
def test_bce_is_minus_the_log_of_the_probability_of_being_right(is_real):
    right = torch.sigmoid(LOGITS) if is_real else 1.0 - torch.sigmoid(LOGITS)
    assert torch.allclose(adversarial_loss("bce", LOGITS, is_real), -right.log().mean())


@pytest.mark.parametrize(("is_real", "target"), [(True, 1.0), (False, 0.0)])
def test_lsgan_is_the_squared_distance_to_1_or_0(is_real, target):
    expected = ((-2.0 - target) ** 2 + target**2 + (0.5 - target) ** 2 + (3.0 - target) ** 2) / 4
    assert float(adversarial_loss("lsgan", LOGITS, is_real)) == pytest.approx(expected)


@pytest.mark.parametrize("logit", [200.0, -200.0])
@pytest.mark.parametrize("is_real", [True, False])
def test_bce_of_a_sure_discriminator_is_finite_and_has_a_gradient_where_it_errs(logit, is_real):
    logits = torch.tensor([logit], requires_grad=True)
    loss = adversarial_loss("bce", logits, is_real)
    loss.backward()
    errs = (logit > 0) != is_real
    assert float(loss.detach()) == pytest.approx(200.0 if errs else 0.0)
    assert float(logits.grad) == pytest.approx((-1.0 if is_real else 1.0) if errs else 0.0, abs=1e-6)


def test_the_l1_distance_is_in_float32_whatever_the_networks_give():
    a, b = torch.full((2, 3, 4, 4), 1.0, dtype=torch.bfloat16), torch.full((2, 3, 4, 4), 0.75)
    distance = mean_absolute(a, b)
    assert distance.dtype == torch.float32
    assert float(distance) == 0.25
