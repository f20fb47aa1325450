import json
from dataclasses import FrozenInstanceError, asdict, replace

import pytest
from pydantic import ValidationError

from tests.unit.training.conftest import BATCH_NORM, TINY
from training import config as configs
from training.config import Adam, GanConfig, MlpGenerator, Sgd
from training.recipes import RECIPES


@pytest.mark.parametrize("config", [*(config for _, config in RECIPES.values()), TINY, BATCH_NORM])
def test_a_configuration_survives_json(config):
    assert configs.from_json(json.loads(json.dumps(configs.to_json(config)))) == config


def test_the_first_gan_is_the_published_one():
    config = RECIPES["gan-mnist"][1]
    assert (config.batch_size, config.validation_share, config.total_nimg) == (100, 1 / 6, 250 * 50_000)
    assert config.loss == "non-saturating"
    assert config.generator == MlpGenerator(z_dim=100, hidden=(1200, 1200), output="sigmoid")
    assert (config.discriminator.hidden, config.discriminator.pieces) == ((240, 240), 5)
    assert (config.discriminator.dropout_input, config.discriminator.dropout_hidden) == (0.2, 0.5)
    assert config.optimizer == Sgd()


@pytest.mark.parametrize("small", ["gan-mnist", "gan-mnist-small"])
def test_the_fashion_recipes_differ_by_their_data_alone(small):
    fashion = RECIPES[small.replace("mnist", "fashion")][1]
    assert replace(fashion, dataset="mnist") == RECIPES[small][1]


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
