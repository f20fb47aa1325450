import numpy as np
import pytest

from training.metrics import classes


def test_shares_rarest_and_confidence_are_read_from_probabilities():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.9, 0.0], [0.25, 0.25, 0.5]], np.float32)
    found = classes.read(probabilities)
    assert found.shares.tolist() == [0.5, 0.25, 0.25]
    assert found.rarest_share == 0.25
    assert found.confidence == pytest.approx((0.7 + 0.6 + 0.9 + 0.5) / 4)


def test_a_class_that_never_appears_has_share_zero():
    found = classes.read(np.eye(10, dtype=np.float32)[[0, 1, 2, 3, 4, 5, 6, 7, 8] * 3])
    assert found.rarest_share == 0.0
    assert len(found.shares) == 10
    assert found.confidence == 1.0
    assert found.modes == 9
    assert found.kl_to_uniform == pytest.approx(np.log(10 / 9))


def test_the_divergence_is_zero_for_equal_shares_and_log_n_for_one_class():
    assert classes.read(np.eye(10, dtype=np.float32)).kl_to_uniform == pytest.approx(0, abs=1e-12)
    one = classes.read(np.eye(10, dtype=np.float32)[[3] * 20])
    assert one.kl_to_uniform == pytest.approx(np.log(10))
    assert one.modes == 1
