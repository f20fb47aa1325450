import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from service import images
from tests import builders
from training.data import PUBLISHED, DataError, ImageSet, Sampler, load_idx, read_idx

VALUES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
RAW = b"\0\0\x08\x03" + b"\0\0\0\2" + b"\0\0\0\3" + b"\0\0\0\4" + VALUES.tobytes()


@pytest.mark.parametrize("raw", [RAW, gzip.compress(RAW)], ids=["plain", "gzip"])
def test_an_idx_file_is_read_as_its_header_says(tmp_path, raw):
    (tmp_path / "file").write_bytes(raw)
    assert np.array_equal(read_idx(tmp_path / "file"), VALUES)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (RAW[:-1], "39 bytes, but its header asks for 40"),
        (RAW + b"\0", "41 bytes, but its header asks for 40"),
        (gzip.compress(RAW)[:-12], "cannot be read"),
        (gzip.compress(RAW)[:30] + b"\xff" * 12, "cannot be read"),
        (b"\0\0\x0d\x03" + RAW[4:], "no IDX file of unsigned bytes"),
        (b"\x89PNG" + RAW[4:], "no IDX file of unsigned bytes"),
        (RAW[:9], "no IDX file of unsigned bytes"),
        (b"\0\0\x08\0", "no IDX file of unsigned bytes"),
        (b"\0\0\x08\xff" + b"\xff" * 1020, "bytes, but its header asks for"),
        (b"", "no IDX file of unsigned bytes"),
    ],
    ids=["short", "long", "gzip cut", "gzip broken", "float32", "a png", "half a header", "rank 0", "vast", "nothing"],
)
def test_a_broken_idx_file_is_refused_with_its_path_and_reason(tmp_path, raw, reason):
    path = tmp_path / "file"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=reason) as refused:
        read_idx(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_named_with_the_folder(tmp_path):
    with pytest.raises(DataError, match=f"neither train-images-idx3-ubyte nor .*gz lies in {tmp_path}"):
        load_idx(tmp_path, "train", "mnist")


@pytest.mark.parametrize(("split", "count"), [("train", 256), ("test", 64)])
def test_a_split_is_loaded_with_its_labels(digits_folder, split, count):
    loaded = load_idx(digits_folder, split, "mnist")
    pixels, labels = builders.digits(count, seed=int(split == "test"))
    assert len(loaded) == count
    assert loaded.shape == (1, 28, 28)
    assert np.array_equal(loaded.images[:, 0].numpy(), pixels)
    assert np.array_equal(loaded.labels.numpy(), labels)


def test_images_and_labels_of_different_number_are_refused(tmp_path):
    builders.write_digits(tmp_path, 20, 10)
    builders.write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(19, np.uint8))
    with pytest.raises(DataError, match=r"\(20, 28, 28\) and train-labels-idx1-ubyte \(19,\)"):
        load_idx(tmp_path, "train", "mnist")


def test_images_of_the_wrong_rank_are_refused(tmp_path):
    builders.write_digits(tmp_path, 20, 10)
    builders.write_idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros((20, 784), np.uint8))
    with pytest.raises(DataError, match=r"must be \(N, height, width\)"):
        load_idx(tmp_path, "train", "mnist")


def test_an_empty_set_is_refused(tmp_path):
    builders.write_digits(tmp_path, 0, 10)
    with pytest.raises(DataError, match="holds no image"):
        load_idx(tmp_path, "train", "mnist")


@pytest.mark.parametrize("split", ["train", "test"])
def test_another_sets_files_are_refused_by_name(digits_folder, monkeypatch, split):
    labels = gzip.decompress((digits_folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    md5 = hashlib.md5(labels, usedforsecurity=False).hexdigest()
    fashion = replace(PUBLISHED["fashion-mnist"], test_labels_md5=md5)
    monkeypatch.setitem(PUBLISHED, "fashion-mnist", fashion)
    with pytest.raises(DataError, match=r"holds Fashion-MNIST, but the recipe is for MNIST"):
        load_idx(digits_folder, split, "mnist")
    assert len(load_idx(digits_folder, split, "fashion-mnist")) > 0


def test_a_batch_is_every_level_over_127_5_less_1():
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    batch = ImageSet(levels, torch.zeros(256)).batch(torch.arange(256)).images
    assert batch.dtype == torch.float32
    assert torch.equal(batch.flatten(), torch.arange(256, dtype=torch.float32) / 127.5 - 1.0)
    assert (batch.min(), batch.max()) == (-1.0, 1.0)
    assert np.array_equal(images.to_uint8(batch.numpy()).ravel(), np.arange(256))


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


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(DataError, match="batch size is 9, but the data set holds 8 images"):
        Sampler(8, 9, seed=0)


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(DataError, match="batch of 5 cannot be split evenly over 2"):
        Sampler(10, 5, seed=0, world_size=2)


def test_every_epoch_shows_each_image_once_in_a_new_order():
    sampler = Sampler(24, 4, seed=3)
    epochs = [torch.cat([sampler.next_indices() for _ in range(6)]).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(24)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_an_incomplete_last_batch_is_left_out():
    sampler = Sampler(10, 4, seed=0)
    first = torch.cat([sampler.next_indices() for _ in range(2)]).tolist()
    assert len(set(first)) == 8
    assert len(sampler.next_indices()) == 4
    assert sampler.state_dict() == {"epoch": 1, "position": 4}


def test_the_order_follows_from_the_seed_alone():
    orders = [[Sampler(50, 10, seed).next_indices().tolist() for _ in range(2)] for seed in (1, 2)]
    assert orders[0][0] == orders[0][1]
    assert orders[0][0] != orders[1][0]


@pytest.mark.parametrize("taken", [0, 3, 6, 7, 20])
def test_a_sampler_goes_on_where_its_state_stood(taken):
    first, second = Sampler(24, 4, seed=1), Sampler(24, 4, seed=1)
    for _ in range(taken):
        first.next_indices()
    second.load_state_dict(first.state_dict())
    for _ in range(10):
        assert torch.equal(first.next_indices(), second.next_indices())


def test_the_shares_of_all_processes_are_the_batch_of_one():
    alone = Sampler(24, 6, seed=5)
    shares = [Sampler(24, 6, seed=5, rank=rank, world_size=3) for rank in range(3)]
    for _ in range(9):
        parts = [share.next_indices() for share in shares]
        assert [len(part) for part in parts] == [2, 2, 2]
        assert torch.equal(torch.stack(parts, dim=1).flatten(), alone.next_indices())
