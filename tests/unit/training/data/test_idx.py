import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from tests import builders
from training.data import PUBLISHED, DataError, load_idx, read_idx

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
