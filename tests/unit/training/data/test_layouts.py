import pytest
import torch

from tests import builders
from training.data import DataError, load_images, load_pairs, load_unpaired

NAMES = [f"{index}.png" for index in range(10)]
UNPAIRED = [f"{part}/{name}" for part, count in {"trainA": 4, "trainB": 6, "testA": 2, "testB": 3}.items()
            for name in NAMES[:count]]  # fmt: skip


def names(images):
    return [name.rpartition("/")[2] for name in images.names]


def in_folder(part, count):
    return [f"{part}/{name}" for name in NAMES[:count]]


@pytest.fixture
def celeba(tmp_path):
    builders.write_images(tmp_path, *in_folder("celeba/img_align_celeba", 10))
    path = tmp_path / "celeba" / "list_eval_partition.txt"

    def write(*numbers):
        path.write_text("".join(f"{name} {number}\n" for name, number in zip(NAMES, numbers, strict=False)))
        return tmp_path

    return write


def test_celeba_is_split_by_its_list(celeba):
    path = celeba(0, 2, 0, 2, 0, 0, 0, 0, 0, 2)
    loaded = {split: load_images(path, split, "celeba", 8, 0.3) for split in ("train", "validation", "test")}
    assert names(loaded["train"]) == ["0.png", "2.png", "4.png", "5.png", "6.png"]
    assert names(loaded["validation"]) == ["7.png", "8.png"]
    assert names(loaded["test"]) == ["1.png", "3.png", "9.png"]
    assert loaded["train"].shape == (3, 8, 8)
    assert loaded["train"].labels.tolist() == [0] * 5
    assert loaded["train"].images.is_contiguous(memory_format=torch.channels_last)


def test_celebas_own_validation_images_are_taken_where_they_are(celeba):
    path = celeba(0, 0, 0, 0, 1, 1, 2)  # the list does not name the last three
    assert names(load_images(path, "train", "celeba", 8, 0.5)) == NAMES[:4]
    assert names(load_images(path, "validation", "celeba", 8, 0.5)) == ["4.png", "5.png"]


def test_celeba_without_its_list_or_a_split_is_refused(celeba, tmp_path):
    with pytest.raises(DataError, match=r"no list_eval_partition\.txt or .* lies in .* CelebA is split by it"):
        load_images(tmp_path, "train", "celeba", 8)
    with pytest.raises(DataError, match=r"no image of split 2 \(test\) of the partition list lies in"):
        load_images(celeba(*[0] * 10), "test", "celeba", 8)


@pytest.mark.parametrize("is_packed", [False, True], ids=["folder", "zip"])
def test_your_own_images_are_all_for_training(tmp_path, is_packed):
    path = builders.write_images(tmp_path / "mine", *in_folder("cats", 6), *in_folder("dogs", 4))
    path = builders.write_zip(tmp_path / "mine.zip", path) if is_packed else path
    assert load_images(path, "train", "images", 8).names == (*in_folder("cats", 6), *in_folder("dogs", 4))
    assert load_images(path, "train", "images", 8, 0.2).names == (*in_folder("cats", 6), *in_folder("dogs", 2))
    assert load_images(path, "validation", "images", 8, 0.2).names == ("dogs/2.png", "dogs/3.png")
    nothing = load_images(path, "validation", "images", 8)
    assert (len(nothing), nothing.shape) == (0, (3, 8, 8))
    with pytest.raises(DataError, match=r"no folder test with images lies in .*: it holds images in cats/, dogs/"):
        load_images(path, "test", "images", 8)


def test_your_own_splits_are_kept_apart(tmp_path):
    builders.write_images(tmp_path, *in_folder("train", 5), *in_folder("test", 3), "preview.png")
    assert len(load_images(tmp_path, "train", "images", 8, 0.2)) == 4
    assert len(load_images(tmp_path, "validation", "images", 8, 0.2)) == 1
    assert len(load_images(tmp_path, "test", "images", 8)) == 3


def test_test_images_alone_are_not_trained_on(tmp_path):
    with pytest.raises(DataError, match="no folder train with images"):
        load_images(builders.write_images(tmp_path, *in_folder("test", 3)), "train", "images", 8)


@pytest.mark.parametrize("load", [load_images, load_pairs])
def test_no_image_at_all_says_what_was_looked_for_and_where(tmp_path, load):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match=rf"no image \(\.jpg, .*\) lies in {tmp_path} or its folders"):
        load(tmp_path, "train", "images" if load is load_images else "pairs", 8)


def test_a_broken_file_moves_no_other_to_another_split(tmp_path, capsys):
    builders.write_images(tmp_path, *NAMES)
    (tmp_path / "3.png").write_bytes(b"broken")
    train = load_images(tmp_path, "train", "images", 8, 0.2)
    assert names(train) == ["0.png", "1.png", "2.png", "4.png", "5.png", "6.png", "7.png"]
    assert [skipped.name for skipped in train.skipped] == ["3.png"]
    assert names(load_images(tmp_path, "validation", "images", 8, 0.2)) == ["8.png", "9.png"]
    assert capsys.readouterr().err.count("3.png") == 1


def test_pairs_are_cut_into_halves_that_belong_together(tmp_path):
    builders.write_images(tmp_path, *in_folder("facades/train", 3), *in_folder("facades/val", 2), width=32)
    pairs = load_pairs(tmp_path, "train", "facades", 16, 0.5)
    assert (len(pairs), pairs.shape) == (3, (3, 16, 16))
    assert pairs.A.names == pairs.B.names
    assert pairs.A.images.float().mean() < pairs.B.images.float().mean() - 50  # the images grow brighter to the right
    assert len(load_pairs(tmp_path, "validation", "facades", 16)) == 2
    with pytest.raises(DataError, match="no folder test with images"):
        load_pairs(tmp_path, "test", "facades", 16)


def test_pairs_without_a_validation_folder_hold_back_the_last(tmp_path):
    builders.write_images(tmp_path, *NAMES, width=32)
    assert names(load_pairs(tmp_path, "train", "pairs", 8, 0.1).B) == NAMES[:9]
    assert names(load_pairs(tmp_path, "validation", "pairs", 8, 0.1).B) == NAMES[9:]


def test_unpaired_images_are_not_taken_for_pairs(tmp_path):
    with pytest.raises(DataError, match="trainA and trainB, which are not paired; Pix2pix learns from"):
        load_pairs(builders.write_images(tmp_path, *UNPAIRED), "train", "pairs", 8)


@pytest.mark.parametrize("prefix", ["", "horse2zebra/"])
def test_each_domain_has_its_own_images(tmp_path, prefix):
    builders.write_images(tmp_path, *(prefix + name for name in UNPAIRED))
    loaded = {split: load_unpaired(tmp_path, split, "horse2zebra", 8, 0.5) for split in ("train", "validation", "test")}
    assert {split: (len(pair.A), len(pair.B)) for split, pair in loaded.items()} == {
        "train": (2, 3),
        "validation": (2, 3),
        "test": (2, 3),
    }
    assert loaded["validation"].A.names == (f"{prefix}trainA/2.png", f"{prefix}trainA/3.png")
    assert loaded["test"].B.names[0] == f"{prefix}testB/0.png"


@pytest.mark.parametrize("missing", ["trainA", "trainB"])
def test_a_missing_domain_is_named(tmp_path, missing):
    builders.write_images(tmp_path, *(name for name in UNPAIRED if not name.startswith(missing)))
    with pytest.raises(DataError, match=rf"no folder {missing} with images lies in {tmp_path}: it holds images in "):
        load_unpaired(tmp_path, "train", "unpaired", 8)


def test_another_sets_folder_is_refused_by_name(tmp_path):
    path = builders.write_images(tmp_path, *(f"monet2photo/{name}" for name in UNPAIRED))
    with pytest.raises(DataError, match="holds monet2photo, but the recipe is for horse2zebra"):
        load_unpaired(path, "train", "horse2zebra", 8)
    with pytest.raises(DataError, match="holds monet2photo, but the recipe is for horse2zebra"):
        load_unpaired(path / "monet2photo", "train", "horse2zebra", 8)
    assert len(load_unpaired(path, "train", "unpaired", 8)) == 6


def test_a_folder_may_have_any_other_name(tmp_path):
    path = builders.write_images(tmp_path / "images", *UNPAIRED)
    assert len(load_unpaired(path, "train", "horse2zebra", 8)) == 6
