import json
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.training.tiny import BATCH_NORM, CYCLEGAN, DCGAN, FACES, PIX2PIX, TINY, WGAN, WGAN_GP
from training import config as configs
from training.config import (
    Adam,
    GanConfig,
    ImageInput,
    MlpGenerator,
    PatchDiscriminator,
    PyramidGenerator,
    ResnetGenerator,
    Sgd,
)
from training.config import UnetGenerator as Unet
from training.config.recipes import RECIPES
from training.config.renamed import FIELDS as renamed_fields  # noqa: N811
from training.runs.folder import sentence

TINY_ONES = (TINY, BATCH_NORM, DCGAN, WGAN, WGAN_GP, FACES, PIX2PIX, CYCLEGAN)


@pytest.mark.parametrize("config", [*(recipe.config for recipe in RECIPES.values()), *TINY_ONES])
def test_a_configuration_survives_json(config):
    assert configs.from_json(json.loads(json.dumps(configs.to_json(config)))) == config


@pytest.mark.parametrize("path", sorted(Path("models").glob("*/*/manifest.json")), ids=lambda path: path.parts[1])
def test_the_configurations_of_shipped_packages_are_read(path):
    written = json.loads(path.read_text())["training"]["config"]
    config = configs.from_json(written)
    current = json.loads(json.dumps(configs.to_json(config)))
    renamed = {renamed_fields.get(name, name): value for name, value in written.items()}
    assert {name: current[name] for name in renamed} == renamed


def test_former_names_are_read_as_the_current_ones():
    own = replace(FACES, dataset="images")
    former = {{"images": "pictures"}.get(name, name): value for name, value in configs.to_json(own).items()}
    assert former["pictures"]["crop_px"] == 16
    assert configs.from_json(former | {"dataset": "pictures"}) == own
    with pytest.raises(ValueError, match="pictures is the former name of images: give images alone"):
        configs.from_json(former | {"images": former["pictures"]})


def test_the_first_gan_is_the_published_one():
    config = RECIPES["gan-mnist"].config
    assert (config.batch_size, config.validation_share, config.total_nimg) == (100, 1 / 6, 250 * 50_000)
    assert config.loss == "non-saturating"
    assert config.generator == MlpGenerator(z_dim=100, hidden=(1200, 1200), output="sigmoid")
    assert (config.discriminator.hidden, config.discriminator.pieces) == ((240, 240), 5)
    assert (config.discriminator.dropout_input, config.discriminator.dropout_hidden) == (0.2, 0.5)
    assert config.optimizer == Sgd()


@pytest.mark.parametrize("small", ["gan-mnist", "gan-mnist-small"])
def test_the_fashion_recipes_differ_by_their_data_alone(small):
    fashion = RECIPES[small.replace("mnist", "fashion")].config
    assert replace(fashion, dataset="mnist") == RECIPES[small].config


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"method": "vae"}, "method is 'vae', but must be one of gan"),
        ({}, "method is None"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 1, "lr": 1}, "lr"),
        ({"method": "gan", "dataset": "cifar", "total_nimg": 1}, "dataset"),
        ({"method": "gan", "dataset": "mnist"}, "total_nimg"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 0}, "total_nimg"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 1, "ema_decay": 1.0}, "ema_decay"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 1, "seed": -1}, "seed"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 1, "generator": {"hidden": []}}, "generator.hidden"),
        ({"method": "gan", "dataset": "mnist", "total_nimg": 1, "optimizer": {"kind": "lion"}}, "optimizer"),
    ],
)
def test_values_that_are_not_allowed_are_refused_by_name(values, reason):
    with pytest.raises(ValueError, match=reason):
        configs.from_json(values)


def test_a_replaced_value_is_checked_again():
    with pytest.raises(ValidationError, match="momentum"):
        configs.validated(replace(TINY, optimizer=Sgd(**asdict(Sgd()) | {"momentum": 1.5})))
    assert configs.validated(BATCH_NORM) == BATCH_NORM


def test_batch_norm_with_one_image_a_step_is_refused():
    with pytest.raises(ValidationError, match="BatchNorm needs at least 2 images"):
        configs.validated(replace(BATCH_NORM, batch_size=1))
    assert replace(TINY, batch_size=1).batch_size == 1


def test_a_configuration_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        TINY.seed = 1


@pytest.mark.parametrize(("total_nimg", "steps"), [(640, 20), (650, 20), (31, 1), (1, 1)])
def test_a_run_is_as_long_as_its_images(total_nimg, steps):
    assert replace(TINY, total_nimg=total_nimg).total_steps == steps


def test_the_optimisers_are_told_apart_by_their_kind():
    values = configs.to_json(TINY) | {"optimizer": {"kind": "adam", "lr": 0.01}}
    config = configs.from_json(values)
    assert isinstance(config, GanConfig)
    assert config.optimizer == Adam(lr=0.01)


IMAGES = {"load_px": 18, "crop_px": 16}


@pytest.mark.parametrize(
    ("config", "changes", "said"),
    [
        (PIX2PIX, {"images": {**IMAGES, "crop_px": 20}}, "crop_px is 20, but images are read at load_px 18"),
        (FACES, {"images": {**IMAGES, "crop_px": 20}}, "crop_px is 20, but images are read at load_px 18"),
        (PIX2PIX, {"images": {**IMAGES, "crop_px": 12}}, "images.crop_px is 12, but must be a multiple of 16"),
        (CYCLEGAN, {"images": {**IMAGES, "crop_px": 10}}, "images.crop_px is 10, but must be a multiple of 4"),
        (CYCLEGAN, {"images": {**IMAGES, "crop_px": 4}}, "images.crop_px is 4, but the networks need at least 8"),
        (CYCLEGAN, {"discriminator": {"layers": 3}}, "images.crop_px is 16, but the networks need at least 24"),
        (CYCLEGAN, {"early_crop_px": 4}, "early_crop_px is 4, but the networks need at least 8"),
        (CYCLEGAN, {"early_crop_px": 10}, "early_crop_px is 10, but must be a multiple of 4"),
        (CYCLEGAN, {"early_crop_px": 20}, "early_crop_px is 20, but crops have 16 px: give less"),
        (FACES, {"images": None}, "images must say at which size celeba is read"),
        (PIX2PIX, {"images": None}, "images: "),
        (DCGAN, {"images": IMAGES}, "images is given, but the IDX files of mnist are taken as they are"),
        (FACES, {"conditional": True}, "conditional is true, but celeba has no classes; use mnist or fashion-mnist"),
        (TINY, {"conditional": True}, "the perceptrons of method gan take no class; use a dcgan recipe"),
        (PIX2PIX, {"lambda_cycle": 10}, "lambda_cycle: Unexpected keyword argument"),
        (CYCLEGAN, {"images": {**IMAGES, "side": 3}}, "images.side: Unexpected keyword argument"),
        (CYCLEGAN, {"dataset": "facades"}, "dataset: Input should be 'monet2photo', 'horse2zebra' or 'unpaired'"),
        (DCGAN, {"r1_gamma": 1.0}, "r1_gamma is given, so discriminator.batch_norm must be off"),
        (PIX2PIX, {"direction": "AB"}, "direction: Input should be 'AtoB' or 'BtoA'"),
        (CYCLEGAN, {"pool_size": -1}, "pool_size: Input should be greater than or equal to 0"),
        (CYCLEGAN, {"diffaugment": ["blur"]}, "diffaugment.0: Input should be 'color', 'translation' or 'cutout'"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_says_what_would_be_right(config, changes, said):
    with pytest.raises(ValidationError) as caught:
        configs.from_json(configs.to_json(config) | changes)
    told = sentence(caught.value)
    assert said in told
    assert "\n" not in told


def test_an_optimisers_field_is_named_as_it_is_given():
    with pytest.raises(ValidationError) as caught:
        configs.from_json(configs.to_json(TINY) | {"optimizer": {"kind": "adam", "lr": -1.0}})
    assert sentence(caught.value).startswith("optimizer.lr: ")


def test_the_multiple_follows_from_the_generator():
    assert replace(PIX2PIX, generator=Unet(depth=7)).multiple == 128
    assert replace(PIX2PIX, generator=ResnetGenerator()).multiple == CYCLEGAN.multiple == 4


def test_a_network_without_normalisation_is_for_whole_images_and_others_for_crops():
    images = ImageInput(load_px=100, crop_px=64)
    assert replace(CYCLEGAN, images=images).image_px == 64
    assert replace(CYCLEGAN, images=images, generator=PyramidGenerator()).image_px == 96


def test_the_published_translators_are_the_published_ones():
    pix2pix, cyclegan = RECIPES["pix2pix-facades"].config, RECIPES["cyclegan-256"].config
    for config in (pix2pix, cyclegan):
        assert config.images == ImageInput(load_px=286, crop_px=256, flip=True)
        assert config.optimizer == Adam(lr=2e-4, betas=(0.5, 0.999), constant_share=0.5)
        assert (config.batch_size, config.ema_decay) == (1, 0.0)
    assert (pix2pix.loss, pix2pix.lambda_l1, pix2pix.lambda_gan, pix2pix.total_nimg) == ("bce", 100.0, 1.0, 80_000)
    assert pix2pix.generator == Unet(ngf=64, depth=8, dropout=0.5)
    assert (cyclegan.loss, cyclegan.lambda_cycle, cyclegan.lambda_identity) == ("lsgan", 10.0, 0.5)
    assert (cyclegan.pool_size, cyclegan.diffaugment, cyclegan.late_share) == (50, (), 1.0)
    assert cyclegan.generator == ResnetGenerator(ngf=64, blocks=9)
    assert cyclegan.discriminator == PatchDiscriminator(ndf=64, layers=3, norm_affine=False)
