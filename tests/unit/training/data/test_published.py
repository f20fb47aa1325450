from typing import get_args

import pytest

from training.config import CycleganConfig, GenerativeConfig, Pix2pixConfig
from training.data import PUBLISHED

KINDS = {GenerativeConfig: {"idx", "stacked", "images"}, Pix2pixConfig: {"pairs"}, CycleganConfig: {"unpaired"}}


@pytest.mark.parametrize("config", KINDS)
def test_every_data_set_that_a_configuration_may_name_is_known(config):
    for name in get_args(config.__annotations__["dataset"]):
        assert PUBLISHED[name].kind in KINDS[config]


@pytest.mark.parametrize("known", PUBLISHED.values(), ids=PUBLISHED)
def test_what_is_known_fits_the_kind(known):
    assert known.title
    assert known.source
    assert known.terms
    assert (known.test_labels_md5 is not None) == (known.classes is not None) == (known.kind == "idx")
    assert (known.domains is not None) == (known.kind in ("pairs", "unpaired"))
