from dataclasses import replace

import pytest

from tests import builders
from tests.unit.training.tiny import TINY
from training.config import CycleganConfig, DcganConfig, ImageInput, Pix2pixConfig, ResnetGenerator
from training.data import DataError, load, loading

SMALL = ImageInput(load_px=16, crop_px=16)
OWN = DcganConfig(dataset="images", images=SMALL, total_nimg=100, batch_size=4, validation_share=0.25)
PAIRS = Pix2pixConfig(dataset="pairs", images=SMALL, total_nimg=100, generator=ResnetGenerator())
UNPAIRED = CycleganConfig(dataset="unpaired", images=SMALL, total_nimg=100, batch_size=2, validation_share=0.5)


def names(count, folder=""):
    return [f"{folder}{index}.png" for index in range(count)]


def test_idx_images_are_split_as_the_configuration_says(digits_folder):
    config = replace(TINY, validation_share=0.25)
    whole = load(TINY, digits_folder, "train")
    parts = {split: load(config, digits_folder, split) for split in ("train", "validation", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 192, "validation": 64, "test": 64}
    assert builders.digest(parts["train"].images) == builders.digest(whole.images[:192])
    assert builders.digest(parts["validation"].labels) == builders.digest(whole.labels[192:])
    assert len(load(TINY, digits_folder, "validation")) == 0


def test_digits_are_stacked_by_threes_the_same_each_time(digits_folder, monkeypatch):
    monkeypatch.setattr(loading, "STACKED_IMAGES", {"train": 500, "validation": 60, "test": 60})
    config = replace(TINY, dataset="stacked-mnist", validation_share=0.25)
    train, again = (load(config, digits_folder, "train") for _ in range(2))
    assert (len(train), train.shape) == (500, (3, 28, 28))
    assert builders.digest(train.images) == builders.digest(again.images)
    digits = load(replace(TINY, validation_share=0.25), digits_folder, "train")
    known = {
        builders.digest(image): int(label) for image, label in zip(digits.images[:, 0], digits.labels, strict=True)
    }
    for image, label in zip(train.images[:50], train.labels[:50], strict=True):
        assert [known[builders.digest(channel)] for channel in image] == [int(d) for d in f"{int(label):03}"]
    assert len(train.labels.unique()) > 300  # of 1,000, in 500 draws
    assert len(load(config, digits_folder, "validation")) == 60
    assert len(load(replace(config, validation_share=0.0), digits_folder, "validation")) == 0


def test_images_are_read_at_the_size_of_the_recipe(tmp_path):
    builders.write_images(tmp_path, *names(8))
    train = load(OWN, tmp_path, "train")
    assert (len(train), train.shape, train.upscaled) == (6, (3, 16, 16), 0)
    assert len(load(OWN, tmp_path, "validation")) == 2


def test_pairs_and_unpaired_sets_are_read_as_what_they_are(tmp_path):
    builders.write_images(tmp_path / "pairs", *names(3), width=32)
    assert load(PAIRS, tmp_path / "pairs", "train").B.shape == (3, 16, 16)
    builders.write_images(tmp_path / "un", *names(4, "trainA/"), *names(6, "trainB/"))
    train = load(UNPAIRED, tmp_path / "un", "train")
    assert (len(train.A), len(train.B)) == (2, 3)


@pytest.mark.parametrize(
    ("config", "count", "told"),
    [
        (replace(OWN, validation_share=0.0), 3, "batch size is 4, but the data set holds 3 images for training$"),
        (OWN, 4, "holds 3 images for training when 25% of them are held out$"),
        (replace(OWN, validation_share=0.0), 1, "holds 1 image for training$"),
        (PAIRS, 1, "holds 1 image of A for training, but there must be at least 2$"),
    ],
    ids=["fewer than a batch", "held out", "one image", "one pair"],
)
def test_too_few_images_are_refused_in_one_sentence(tmp_path, config, count, told):
    builders.write_images(tmp_path, *names(count), width=32)
    with pytest.raises(DataError, match=told):
        load(config, tmp_path, "train")


def test_a_domain_with_too_few_images_is_named(tmp_path):
    builders.write_images(tmp_path, *names(4, "trainA/"), *names(2, "trainB/"))
    with pytest.raises(
        DataError, match="batch size is 2, but the data set holds 1 image of B for training when 50% of"
    ):
        load(UNPAIRED, tmp_path, "train")


def test_images_smaller_than_the_crop_are_told_of(tmp_path, capsys):
    builders.write_images(tmp_path, *names(6), width=17, height=15)
    builders.write_images(tmp_path, "large.png")
    train = load(replace(OWN, validation_share=0.0), tmp_path, "train")
    assert train.upscaled == 6
    said = f"{tmp_path}: 6 of 7 images are smaller than the crop of 16 px and were enlarged, which leaves them soft\n"
    assert capsys.readouterr().err == said


def test_images_that_are_larger_than_the_crop_are_silent_though_enlarged(tmp_path, capsys):
    builders.write_images(tmp_path, *names(6))
    train = load(replace(OWN, images=ImageInput(load_px=18, crop_px=16)), tmp_path, "train")
    assert train.upscaled == len(train)
    assert capsys.readouterr().err == ""
