from dataclasses import replace

import numpy as np
import pytest
import torch

from service.imaging.pixels import to_uint8
from tests import builders
from training.data import ImageSet, PairSet, Skipped, place, sets

CPU = torch.device("cpu")


def named(count, side=4):
    pixels = torch.arange(count * 3 * side * side).to(torch.uint8).view(count, 3, side, side)
    names = tuple(f"{index}.png" for index in range(count))
    return ImageSet(pixels, torch.arange(count), names, sides_px=tuple(range(2, 2 + count)))


def test_a_batch_is_every_level_over_127_5_less_1():
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    batch = ImageSet(levels, torch.zeros(256)).batch(torch.arange(256)).images
    assert batch.dtype == torch.float32
    assert torch.equal(batch.flatten(), torch.arange(256, dtype=torch.float32) / 127.5 - 1.0)
    assert (batch.min(), batch.max()) == (-1.0, 1.0)
    assert np.array_equal(to_uint8(batch.numpy()).ravel(), np.arange(256))


def test_a_batch_takes_the_images_asked_for_and_leaves_the_set_as_it_is(train_set):
    before = builders.digest(train_set.images)
    batch, labels = train_set.batch(torch.tensor([5, 2, 5]))
    assert labels.tolist() == train_set.labels[[5, 2, 5]].tolist()
    assert torch.equal(batch[0], batch[2])
    assert torch.equal((batch[1] + 1.0).mul(127.5).round().byte(), train_set.images[2])
    assert builders.digest(train_set.images) == before


def test_the_head_is_the_first_images_with_their_labels(train_set):
    head = train_set.head(7)
    assert torch.equal(head.images, train_set.images[:7])
    assert torch.equal(head.labels, train_set.labels[:7])


def test_a_slice_keeps_what_belongs_to_its_images():
    whole = replace(named(6), skipped=(Skipped("x.png", "truncated"),))
    part = whole.slice(1, 4)
    assert torch.equal(part.images, whole.images[1:4])
    assert part.labels.tolist() == [1, 2, 3]
    assert part.names == ("1.png", "2.png", "3.png")
    assert part.skipped == whole.skipped
    assert len(whole.slice(6, 6)) == 0


def test_images_that_were_enlarged_are_counted_in_every_slice():
    whole = named(6)  # of files of 2, 3, 4, 5, 6 and 7 px, at 4 px
    assert (whole.upscaled, whole.head(1).upscaled, whole.slice(2, 6).upscaled) == (2, 1, 0)
    assert whole.smaller_than(7) == 5
    assert PairSet(whole, whole.head(1)).upscaled == 3


def test_a_pair_of_sets_is_as_long_as_its_larger_one():
    skipped = (Skipped("x.png", "truncated"),)
    pair = PairSet(replace(named(3), skipped=skipped), replace(named(5), skipped=skipped))
    assert len(pair) == 5
    assert pair.shape == (3, 4, 4)
    assert pair.skipped == skipped
    assert pair.nbytes == 8 * 3 * 4 * 4


def test_a_set_on_the_cpu_is_its_own_place():
    whole = named(3)
    assert place(whole, CPU).images.data_ptr() == whole.images.data_ptr()
    assert place(PairSet(whole, whole), CPU).A.device == CPU


@pytest.mark.parametrize(("free_bytes", "moves"), [(360, True), (359, False)])
def test_a_set_may_take_two_fifths_of_a_gpus_free_memory(monkeypatch, free_bytes, moves):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_bytes, 10_000))
    assert sets._fits(named(3).nbytes, torch.device("cuda")) is moves
    assert sets._fits(named(3).nbytes, CPU)


@pytest.mark.parametrize("data", [named(3), PairSet(named(3), named(2))], ids=["images", "pairs"])
def test_a_set_that_does_not_fit_stays_and_sends_its_batches(monkeypatch, data):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10, 10))
    placed = place(data, torch.device("cuda"))
    for part in (placed,) if isinstance(placed, ImageSet) else (placed.A, placed.B):
        assert part.images.device == CPU
        assert part.device == torch.device("cuda")
        assert part.head(1).device == torch.device("cuda")
