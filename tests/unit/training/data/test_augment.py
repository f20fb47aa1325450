import pytest
import torch

from training.data import ImageSet, crop_and_flip, diff_augment

NONE, LAST = 0.0, 0.999
KEPT = (0.5, 0.5, 0.5)  # brightness, saturation and contrast that change nothing


def counted(count=3, channels=3, side=6):
    """Images whose every value is another, as the reader stores them."""
    values = torch.arange(count * side * side * channels, dtype=torch.int64) % 251
    images = values.to(torch.uint8).view(count, side, side, channels).permute(0, 3, 1, 2)
    return ImageSet(images, torch.zeros(count, dtype=torch.int64))


def levels(images):
    return ((images + 1.0) * 127.5).round().to(torch.uint8)


def test_a_crop_is_cut_where_the_draws_say():
    data = counted()
    draws = torch.tensor([[NONE, NONE, LAST], [LAST, NONE, LAST], [0.5, LAST, NONE]])
    crops = levels(crop_and_flip(data, torch.tensor([2, 0, 2]), 4, True, draws))
    assert torch.equal(crops[0], data.images[2, :, :4, :4])
    assert torch.equal(crops[1], data.images[0, :, 2:, :4])
    assert torch.equal(crops[2], data.images[2, :, 1:5, 2:].flip(2))


def test_without_flips_nothing_is_mirrored():
    data = counted()
    crops = levels(crop_and_flip(data, torch.tensor([1]), 6, False, torch.zeros(1, 3)))
    assert torch.equal(crops[0], data.images[1])


def test_every_place_and_flip_is_as_likely():
    torch.manual_seed(0)
    data = ImageSet(counted(1).images[:, :1], torch.zeros(1))
    corners = levels(crop_and_flip(data, torch.zeros(18_000, dtype=torch.int64), 4, True, torch.rand(18_000, 3)))
    _, counts = corners.flatten(1).unique(dim=0, return_counts=True)
    assert len(counts) == 3 * 3 * 2
    assert counts.min() > 850


@pytest.mark.parametrize("channels", [1, 3])
def test_crops_are_floats_in_the_memory_format_of_their_set(channels):
    data = counted(channels=channels, side=8)
    before = data.images.clone()
    crops = crop_and_flip(data, torch.tensor([0, 1]), 8, True, torch.zeros(2, 3))
    assert crops.dtype == torch.float32
    assert crops.shape == (2, channels, 8, 8)
    assert -1 <= crops.min() < crops.max() <= 1
    assert crops.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(data.images, before)


def smooth(count=64, channels=3, side=16):
    torch.manual_seed(1)
    return torch.rand(count, channels, side, side, dtype=torch.float64) * 1.6 - 0.8


@pytest.fixture
def drawn(monkeypatch):
    """Fixes what is drawn for each image: seven numbers."""

    def fix(*numbers):
        monkeypatch.setattr(torch, "rand", lambda count, columns, device: torch.tensor([numbers] * count))

    return fix


def test_no_policy_changes_and_draws_nothing():
    images = smooth()
    state = torch.get_rng_state()
    assert diff_augment(images, ()) is images
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("policy", ["color", "translation", "cutout"])
def test_every_image_is_changed_in_its_own_way(policy, channels):
    image = smooth(1, channels).expand(32, -1, -1, -1)
    changed = diff_augment(image, (policy,))
    assert changed.shape == image.shape
    assert changed.dtype == image.dtype
    assert len(changed.flatten(1).unique(dim=0)) > 8
    assert torch.isfinite(changed).all()


def test_colours_are_changed_as_published(drawn):
    images = smooth()
    mean, grey = images.mean((1, 2, 3), keepdim=True), images.mean(1, keepdim=True)
    for numbers, expected in {
        (1.0, 0.5, 0.5): images + 0.5,
        (0.5, 0.0, 0.5): grey.expand_as(images),
        (0.5, 1.0, 0.5): 2 * images - grey,
        (0.5, 0.5, 0.0): mean + (images - mean) / 2,
        (0.5, 0.5, 1.0): mean + (images - mean) * 1.5,
    }.items():
        drawn(*numbers, 0, 0, 0, 0)
        changed = diff_augment(images, ("color",))
        torch.testing.assert_close(changed, expected, atol=1e-6, rtol=0)


def test_images_move_by_an_eighth_at_most_and_zero_comes_in(drawn):
    images = smooth()
    drawn(*KEPT, NONE, LAST, 0, 0)
    changed = diff_augment(images, ("translation",))
    assert torch.equal(changed[:, :, 2:, :-2], images[:, :, :-2, 2:])
    assert (changed[:, :, :2] == 0).all()
    assert (changed[:, :, :, -2:] == 0).all()
    drawn(*KEPT, 0.5, 0.5, 0, 0)
    assert torch.equal(diff_augment(images, ("translation",)), images)


@pytest.mark.parametrize(("row", "column", "share"), [(0.5, 0.5, 1 / 4), (NONE, NONE, 1 / 16), (LAST, 0.5, 1 / 8)])
def test_a_square_of_half_the_side_is_cut_out(drawn, row, column, share):
    images = smooth()
    drawn(*KEPT, 0, 0, row, column)
    changed = diff_augment(images, ("cutout",))
    gone = changed == 0
    assert float(gone.double().mean()) == share
    assert torch.equal(changed[~gone], images[~gone])
    assert bool(gone[:, :, 4:12, 4:12].all()) == (share == 1 / 4)


def test_policies_come_in_one_order_whatever_theirs_is():
    images = smooth()
    results = []
    for policies in (("color", "translation", "cutout"), ("cutout", "translation", "color")):
        torch.manual_seed(5)
        results.append(diff_augment(images, policies))
    assert torch.equal(*results)


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_go_through_every_policy(channels):
    images = smooth(2, channels, 6).requires_grad_()

    def augmented(values):
        torch.manual_seed(5)
        return diff_augment(values, ("color", "translation", "cutout"))

    assert torch.autograd.gradcheck(augmented, images)


def test_the_processes_draw_the_numbers_of_one():
    images = smooth(6)
    policies = ("color", "translation", "cutout")
    torch.manual_seed(5)
    alone = diff_augment(images, policies)
    for rank in range(3):
        torch.manual_seed(5)
        assert torch.equal(diff_augment(images[rank::3], policies, rank, 3), alone[rank::3])


def test_images_of_low_precision_stay_so():
    assert diff_augment(smooth().bfloat16(), ("color", "translation", "cutout")).dtype == torch.bfloat16
