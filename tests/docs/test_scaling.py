"""The derived figures in docs/scaling.md follow from the measured ones."""

import json
import math
import re

from tests.docs.blocks import ROOT
from training.config import ConvGenerator

_TEXT = (ROOT / "docs/scaling.md").read_text()
_ROW = re.compile(r"\| (`.*) \| ([\d.]+) \| (\d+) cores? \| (\d+) cores, (\d+) copies \|")
_LOAD, _CORES_OF_A_COPY = 0.7, 2


def cores(rate, ms_each):
    return rate * ms_each / 1000 / _LOAD


def test_cores_and_copies_follow_from_the_formula():
    rows = _ROW.findall(_TEXT)
    assert len(rows) == 5
    for _, ms_each, few, many, copies in rows:
        assert math.ceil(cores(1000, float(ms_each))) == int(few)
        assert abs(cores(100_000, float(ms_each)) - int(many)) < 1
        assert math.ceil(int(many) / _CORES_OF_A_COPY) == int(copies)


def test_one_copy_is_said_to_do_for_those_whose_row_says_so():
    told = re.search(r"1,000/s is one copy of two cores for (.*?), and", _TEXT)
    assert told
    small = {row[0].removesuffix(", in zips") for row in _ROW.findall(_TEXT) if int(row[2]) <= _CORES_OF_A_COPY}
    assert {*re.findall(r"`[\w-]+`", told[1])} == small
    assert re.sub(r"`[\w-]+`", "", told[1]).strip() == "and"


def test_the_stand_in_for_faces_has_the_same_layers():
    (newest,) = sorted((ROOT / "models/faces-dcgan").iterdir(), key=lambda folder: int(folder.name))[-1:]
    widths = json.loads((newest / "manifest.json").read_text())["training"]["config"]["generator"]["widths"]
    assert widths == [*ConvGenerator().widths]
    assert "its layers have as many channels as `dcgan-64`'s" in _TEXT
