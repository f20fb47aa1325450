import pytest
import torch

from tests.unit.training import scenes
from training.metrics import filters


def colours(images):
    flat = images.flatten(2).double()
    centred = flat - flat.mean(2, keepdim=True)
    return flat.mean(2), centred @ centred.transpose(1, 2) / flat.shape[2]


def test_an_image_takes_the_mean_and_the_covariance_of_another_s_colours():
    images, like = 0.3 * scenes.scenes(4, 1), 0.3 * scenes.scenes(4, 2) + torch.tensor([0.2, 0.0, -0.3]).view(3, 1, 1)
    found, wanted = colours(filters.match_colors(images, like)), colours(like)
    assert torch.allclose(found[0], wanted[0], atol=1e-3)
    assert torch.allclose(found[1], wanted[1], atol=1e-3)


def test_an_image_in_its_own_colours_stays_as_it_is():
    images = scenes.scenes(3)
    assert torch.allclose(filters.match_colors(images, images), images, atol=1e-2)


def test_a_flat_image_becomes_the_other_s_mean():
    like = 0.3 * scenes.scenes(2)
    made = filters.match_colors(torch.full_like(like, 0.5), like)
    assert torch.allclose(made, like.mean((2, 3), keepdim=True).expand_as(made), atol=1e-3)


def test_noise_has_the_levels_that_were_asked_for():
    torch.manual_seed(0)
    added = filters.noise(torch.zeros(2, 3, 64, 64), torch.tensor([12.0, 3.0])).std((1, 2, 3)) * 127.5
    assert added.tolist() == pytest.approx([12.0, 3.0], rel=0.05)


def test_each_image_is_blurred_by_its_own_width():
    images = scenes.scenes(2)
    made = filters.blur(images, torch.tensor([0.6, 1.2]))
    expected = torch.cat([scenes.blur(images[:1], 0.6), scenes.blur(images[1:], 1.2)])
    assert torch.allclose(made[..., 8:-8, 8:-8], expected[..., 8:-8, 8:-8], atol=0.02)


def test_a_median_removes_single_pixels_and_keeps_edges():
    images = torch.full((1, 1, 16, 16), -1.0)
    images[..., 8:] = 1.0
    spoiled = images.clone()
    spoiled[0, 0, 4, 4] = 1.0
    assert torch.equal(filters.median(spoiled, 3), images)


def test_jpeg_costs_more_at_a_lower_quality():
    images = scenes.scenes(2, side=64)
    best, worst = (filters.jpeg(images, torch.full((2,), q)) for q in (95, 20))
    assert best.shape == images.shape
    assert 0.0 < (best - images).abs().mean() < 0.8 * (worst - images).abs().mean() < 0.3


@pytest.mark.parametrize("block_px", [1, 2, 3])
def test_chroma_noise_leaves_luma_alone_and_is_the_same_over_a_block(block_px):
    grey = torch.zeros(2, 3, 13, 17)
    noisy = filters.chroma_noise(grey, torch.tensor([0.0, 12.0]), block_px)
    luma = (noisy * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    assert float(luma.abs().max()) < 1e-5
    assert torch.equal(noisy[0], grey[0])
    assert float(noisy[1].std()) > 0.05
    block = noisy[1, :, :block_px, :block_px]
    assert torch.equal(block, block[:, :1, :1].expand_as(block))


def test_a_mode_filter_keeps_an_edge_and_takes_a_speck_away():
    edge = torch.full((1, 3, 12, 12), -0.6)
    edge[..., 6:] = 0.7
    specked = edge.clone()
    specked[..., 3, 3] = 0.9
    torch.testing.assert_close(filters.mode(edge, 3), edge)
    torch.testing.assert_close(filters.mode(specked, 3), edge)
