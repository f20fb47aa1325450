import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.repository import manifest
from service.repository.manifest import Array, Manifest
from tests import builders

ROOT = Path(__file__).parents[4]


@pytest.fixture
def fields(tmp_path):
    return json.loads((builders.write_package(tmp_path) / "manifest.json").read_text())


@given(st.binary(min_size=1, max_size=300))
@settings(deadline=None, max_examples=50)
def test_an_array_comes_back_to_the_bit(raw):
    assert Array.pack("uint8", (len(raw),), raw).unpack() == raw


@pytest.mark.parametrize(
    "data",
    [
        "!!",
        "AAAA",
        base64.b64encode(zlib.compress(bytes(7))).decode(),
        base64.b64encode(zlib.compress(bytes(9))).decode(),
        "",
    ],
)
def test_an_array_that_does_not_match_its_description_is_refused(data):
    with pytest.raises(ValueError, match="data"):
        Array(dtype="float32", shape=(2,), data=data).unpack()


def test_a_zip_bomb_in_an_array_is_not_unpacked():
    import tracemalloc

    bomb = base64.b64encode(zlib.compress(bytes(100_000_000), 9)).decode()
    tracemalloc.start()
    with pytest.raises(ValueError, match="or more"):
        Array(dtype="uint8", shape=(10,), data=bomb).unpack()
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_manifest_comes_back_from_its_text(fields):
    described = Manifest.model_validate(fields)
    assert Manifest.model_validate_json(described.model_dump_json()) == described
    assert described.digest == fields["networks"]["generator"]["sha256"]


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a" * 65, "a/b", "..", "a\n", "é"])
def test_a_name_is_lower_case_letters_digits_and_dashes(fields, name):
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields | {"name": name})


@pytest.mark.parametrize("version", [0, -1, 2**31, "x", 1.5])
def test_a_version_is_a_positive_integer(fields, version):
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields | {"version": version})


@pytest.mark.parametrize("file", ["../x.onnx", "/etc/passwd", "a/b", "..", ".", "", ".hidden", "a/../b"])
def test_files_lie_inside_the_package(fields, file):
    fields["networks"]["generator"]["file"] = file
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields)
    fields["networks"]["generator"]["file"] = "generator.onnx"
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields | {"preview": file})


@pytest.mark.parametrize(
    "change",
    [
        {"task": "translate"}, {"latent": None}, {"networks": {}}, {"goldens": []}, {"schema_version": 2}, {"extra": 1},
        {"method": "vae"}, {"classes": ["a"]}, {"image": {"height": 12, "width": 12, "channels": 2}},
        {"translation": {"source": "a", "target": "b", "multiple": 4}},
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(fields, change):
    with pytest.raises(ValidationError):
        Manifest.model_validate(fields | change)


def test_directions_have_the_length_of_a_latent(tmp_path):
    with pytest.raises(ValidationError, match="up"):
        builders.write_package(tmp_path, directions={"up": np.zeros(3, np.float32)})


def test_the_committed_schema_is_the_one_of_the_code():
    assert (ROOT / "models/manifest.schema.json").read_text() == manifest.json_schema()


@pytest.mark.parametrize("network", ["inputs", "outputs"])
@pytest.mark.parametrize("value_range", [(0.0, 1.0), (0.0, 255.0), (-1.0, 2.0)])
def test_images_of_another_range_are_refused_with_the_command_that_converts_them(tmp_path, network, value_range):
    folder = builders.write_package(tmp_path, "tiny")
    document = json.loads((folder / "manifest.json").read_text())
    wrong = {"name": "images", "shape": ["N", 1, 8, 8], "range": value_range}
    document["networks"]["generator"][network] = [wrong]
    with pytest.raises(ValidationError, match=r"are in \[-1, 1\]; `python -m training import --range`"):
        Manifest.model_validate(document)
    wrong["range"] = (-1.0, 1.0)
    assert Manifest.model_validate(document).networks["generator"]
