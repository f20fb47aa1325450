import numpy as np
import pytest
import torch

from training.metrics import diversity


@pytest.mark.parametrize("cells", [1, 2**24])
def test_it_is_the_mean_over_all_pairs(cells):
    points = np.random.default_rng(0).normal(5, 1, (30, 4))
    expected = np.mean([np.linalg.norm(points[i] - points[j]) for i in range(30) for j in range(i)])
    assert diversity.mean_distance(torch.from_numpy(points), cells) == pytest.approx(expected)


def test_a_gaussian_has_its_known_distance():
    # The difference of two normal points is N(0, 2): its norm in 784 dimensions is near sqrt(2 * 784).
    points = torch.randn(500, 784, generator=torch.Generator().manual_seed(0))
    assert diversity.mean_distance(points) == pytest.approx((2 * 784) ** 0.5, rel=0.01)


def test_fewer_modes_and_blur_lie_closer_and_one_image_at_zero():
    points = torch.randn(400, 50, generator=torch.Generator().manual_seed(0)) + 10.0
    whole = diversity.mean_distance(points)
    assert diversity.mean_distance(points[:5].repeat(80, 1)) < 0.9 * whole
    assert diversity.mean_distance(0.5 * points) == pytest.approx(0.5 * whole, rel=1e-4)
    assert diversity.mean_distance(points[:1].expand(400, 50)) == pytest.approx(0, abs=1e-4)


def test_one_point_is_refused():
    with pytest.raises(ValueError, match="two points"):
        diversity.mean_distance(torch.zeros(1, 3))
