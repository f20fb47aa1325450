import json
import os
from urllib.parse import quote

import numpy as np
import pytest

from service.repository import manifest
from tests import builders
from tests.conftest import assert_problem

CARD = {
    "name", "version", "task", "method", "description", "digest", "engine", "precision", "image", "latent", "classes",
    "directions", "networks", "licence", "data_terms", "metrics",
}  # fmt: skip


def cards(client):
    return {f"{card['name']}@{card['version']}": card for card in client.get("/v1/models").json()["models"]}


def test_the_list_holds_a_card_for_every_served_version(client):
    document = client.get("/v1/models").json()
    assert set(document) == {"models", "skipped"}
    assert document["skipped"] == []
    assert [card["name"] for card in document["models"]] == [
        "blocky", "classes", "colour", "critic", "darker", "lighter", "stylish", "tiny",
    ]  # fmt: skip


def test_a_card_has_all_that_a_client_needs(client, models):
    card = cards(client)["tiny@1"]
    assert set(card) == CARD
    raw = (models / "tiny/1/generator.onnx").read_bytes()
    assert card["digest"] == manifest.sha256(raw)
    assert (card["version"], card["task"], card["method"]) == (1, "generate", "gan")
    assert card["image"] == {"height": 12, "width": 12, "channels": 1}
    assert card["latent"] == {"dim": 8, "distribution": "normal"}
    assert (card["classes"], card["directions"]) == (None, [])
    assert card["networks"] == ["generator", "discriminator"]
    assert card["precision"] == "float32"
    assert card["engine"].startswith("onnxruntime")
    assert (card["description"], card["licence"], card["data_terms"]) == (
        "A tiny generator for tests.",
        "Apache-2.0",
        "none",
    )
    assert card["metrics"] == []


def test_a_card_holds_the_metrics_with_their_protocol(tmp_path, serve):
    metric = {"name": "coverage", "value": 0.5, "protocol": "of 10 samples", "floor": 0.9}
    builders.write_package(tmp_path, "tiny", metrics=(manifest.Metric(**metric),))
    with serve(tmp_path) as client:
        (found,) = cards(client)["tiny@1"]["metrics"]
    assert metric.items() <= found.items()


def test_cards_name_classes_and_directions(client):
    assert cards(client)["classes@1"]["classes"] == list(builders.CLASSES)
    assert cards(client)["colour@1"]["directions"] == ["smile"]
    assert cards(client)["colour@1"]["latent"]["distribution"] == "uniform"


def test_a_translator_s_card_names_its_domains(client):
    card = cards(client)["darker@1"]
    assert set(card) == CARD | {"source", "target", "inverse", "multiple"}
    assert (card["source"], card["target"], card["inverse"], card["multiple"]) == ("days", "nights", "lighter", 1)
    assert (card["task"], card["latent"], card["classes"]) == ("translate", None, None)
    assert client.get("/v1/models/darker").json()["multiple"] == 1


def test_one_model_has_a_card_and_a_manifest(client, models):
    document = client.get("/v1/models/tiny").json()
    assert set(document) == CARD | {"manifest"}
    assert document["manifest"] == json.loads((models / "tiny/1/manifest.json").read_text())
    assert client.get("/v1/models/tiny@1").json() == document


def test_the_newest_version_is_served_under_the_bare_name(tmp_path, serve):
    for version in (1, 2, 10):
        builders.write_package(tmp_path, "tiny", version, seed=version)
    with serve(tmp_path) as client:
        assert list(cards(client)) == ["tiny@10", "tiny@2", "tiny@1"]
        responses = {
            name: client.get(f"/v1/models/{name}/sample?seed=1") for name in ("tiny", "tiny@1", "tiny@2", "tiny@10")
        }
    assert {name: response.headers["x-model"] for name, response in responses.items()} == {
        "tiny": "tiny@10", "tiny@1": "tiny@1", "tiny@2": "tiny@2", "tiny@10": "tiny@10",
    }  # fmt: skip
    assert responses["tiny"].content == responses["tiny@10"].content != responses["tiny@2"].content


def test_the_preview_is_the_package_s_image(client, models):
    response = client.get("/v1/models/tiny/preview")
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-model"] == "tiny@1"
    assert response.content == (models / "tiny/1/preview.png").read_bytes()
    held = {"If-None-Match": response.headers["etag"]}
    assert client.get("/v1/models/tiny/preview", headers=held).status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "nobody", "tiny@", "tiny@0", "tiny@-1", "tiny@999", "tiny@01", "tiny@1.0", "tiny@x", "tiny@@1", "@1", "@",
        "Tiny",
        "tiny@99999999999999999999", "tiny ", "..", "tiny\n", "%2e%2e", "né", "x" * 10_000, "tiny@" + "1" * 10_000,
        "\x00",
    ],
)  # fmt: skip
def test_a_model_that_is_not_served_is_not_found(client, name):
    path = f"/v1/models/{quote(name)}"
    assert_problem(client.get(path), 404)
    assert_problem(client.get(f"{path}/sample?seed=1"), 404)
    assert_problem(client.post(f"{path}/interpolate", json={}), 404)


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "%2e%2e/%2e%2e", "/sample", "tiny/1", "tiny/nothing"]
)
def test_paths_lead_nowhere_but_to_models(client, path):
    response = client.get(f"/v1/models/{path}")
    assert_problem(response, 404)
    assert "root:" not in response.text


def test_the_reference_of_a_model_is_case_and_space_exact(client):
    detail = assert_problem(client.get("/v1/models/TINY"), 404, "model-not-found")["detail"]
    assert "tiny" in detail


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/tiny", "/v1/models/tiny/preview"])
def test_unknown_query_parameters_are_refused(client, path):
    assert_problem(client.get(path, params={"unknown": "1"}), 422)


# --- packages that are broken: reported, skipped, and the previous version is still served


def truncate(package):
    path = package / "generator.onnx"
    raw = path.read_bytes()[:-200]
    path.write_bytes(raw)
    return manifest.sha256(raw)


def wrong_digest(package):
    (package / "discriminator.onnx").write_bytes((package / "discriminator.onnx").read_bytes() + b"\x00")


def truncated_network(package):
    digest = truncate(package)
    networks = json.loads((package / "manifest.json").read_text())["networks"]
    networks["generator"]["sha256"] = digest
    builders.rewrite_manifest(package, networks=networks)


def replaced_network(package):
    """Other weights under a true digest: the goldens cannot come out."""
    raw = builders.generator_graph(seed=99)
    (package / "generator.onnx").write_bytes(raw)
    networks = json.loads((package / "manifest.json").read_text())["networks"]
    networks["generator"]["sha256"] = manifest.sha256(raw)
    builders.rewrite_manifest(package, networks=networks)


def corrupt_golden(package):
    goldens = json.loads((package / "manifest.json").read_text())["goldens"]
    goldens[0]["inputs"]["latents"]["data"] = "bm90IHpsaWI="
    builders.rewrite_manifest(package, goldens=goldens)


def golden_of_another_size(package):
    goldens = json.loads((package / "manifest.json").read_text())["goldens"]
    goldens[0]["images"] = manifest.Array.pack("uint8", (2, 1, 1, 1), bytes(2)).model_dump()
    builders.rewrite_manifest(package, goldens=goldens)


def external_data(package):
    import onnx
    from onnx.external_data_helper import set_external_data

    model = onnx.load_from_string(builders.generator_graph())
    for tensor in model.graph.initializer:
        if tensor.name == "w":
            set_external_data(tensor, "../../../secret.bin")
            tensor.ClearField("raw_data")
    raw = model.SerializeToString()
    (package / "generator.onnx").write_bytes(raw)
    networks = json.loads((package / "manifest.json").read_text())["networks"]
    networks["generator"]["sha256"] = manifest.sha256(raw)
    builders.rewrite_manifest(package, networks=networks)


def manifest_text(text):
    return lambda package: (package / "manifest.json").write_bytes(text)


def manifest_fields(**fields):
    return lambda package: builders.rewrite_manifest(package, **fields)


def without(name):
    return lambda package: (package / name).unlink()


BREAKAGES = {
    "wrong-digest": (wrong_digest, "discriminator.onnx has digest"),
    "truncated-file": (truncate, "generator.onnx has digest"),
    "truncated-network": (truncated_network, "cannot load"),
    "no-network": (without("generator.onnx"), "generator.onnx cannot be read"),
    "no-preview": (without("preview.png"), "preview.png cannot be read"),
    "not-json": (manifest_text(b"not json"), "not valid"),
    "empty": (manifest_text(b""), "not valid"),
    "not-utf-8": (manifest_text(b"\xff\xfe\x00"), "not valid"),
    "deep": (manifest_text(b"[" * 100_000), "not valid"),
    "huge": (manifest_text(b" " * 9_000_000), "larger"),
    "newer-schema": (manifest_fields(schema_version=2), "schema_version"),
    "unknown-field": (manifest_fields(surprise=1), "surprise"),
    "no-goldens": (manifest_fields(goldens=[]), "goldens"),
    "other-name": (manifest_fields(name="other"), "other/2"),
    "other-version": (manifest_fields(version=7), "tiny/7"),
    "no-latent": (manifest_fields(latent=None), "latent"),
    "external-data": (external_data, "outside its file"),
    "golden-differs": (replaced_network, "golden 0 is not reproduced"),
    "golden-corrupt": (corrupt_golden, "golden 0"),
    "golden-of-another-size": (golden_of_another_size, "golden"),
    "wrong-latent-size": (manifest_fields(latent={"dim": 9, "distribution": "normal"}), "latent"),
    "wrong-image-size": (manifest_fields(image={"height": 13, "width": 12, "channels": 1}), "image"),
    "classes-that-the-network-lacks": (manifest_fields(classes=["a", "b"]), "class"),
    "wrong-direction-size": (
        manifest_fields(
            directions=[
                {
                    "name": "up",
                    "description": "",
                    "vector": manifest.Array.pack("float32", (3,), bytes(12)).model_dump(),
                }
            ]
        ),
        "direction",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), BREAKAGES.values(), ids=BREAKAGES)
def test_a_broken_package_is_reported_and_the_previous_version_served(tmp_path, serve, spoil, reason):
    builders.write_package(tmp_path, "tiny", 1)
    builders.write_package(tmp_path, "zebra", 1)
    spoil(builders.write_package(tmp_path, "tiny", 2, seed=5))
    with serve(tmp_path) as client:
        document = client.get("/v1/models").json()
        assert [card["name"] for card in document["models"]] == ["tiny", "zebra"]
        (skipped,) = document["skipped"]
        assert (skipped["name"], skipped["version"]) == ("tiny", "2")
        assert reason in skipped["reason"]
        assert client.get("/v1/models/tiny/sample?seed=1").headers["x-model"] == "tiny@1"
        assert_problem(client.get("/v1/models/tiny@2"), 404)
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("name", "version"), [("Tiny", "1"), ("tiny", "0"), ("tiny", "v1"), ("tiny", "01"), ("-tiny", "1")]
)
def test_a_folder_that_is_no_package_s_is_reported(tmp_path, serve, name, version):
    folder = builders.write_package(tmp_path / "elsewhere", "tiny", 1)
    (tmp_path / "models" / name).mkdir(parents=True)
    folder.rename(tmp_path / "models" / name / version)
    with serve(tmp_path / "models") as client:
        document = client.get("/v1/models").json()
    assert document["models"] == []
    assert [(item["name"], item["version"]) for item in document["skipped"]] == [(name, version)]


def test_a_network_that_nobody_packages_is_skipped_with_the_command_that_does(tmp_path, serve):
    folder = tmp_path / "style" / "1"
    folder.mkdir(parents=True)
    (folder / "net.pth").write_bytes(b"weights")
    os.utime(folder / "net.pth", (1, 1))
    with serve(tmp_path) as client:
        (skipped,) = client.get("/v1/models").json()["skipped"]
    assert (skipped["name"], skipped["version"]) == ("style", "1")
    assert "python -m training import net.pth --name style" in skipped["reason"]


def test_a_package_without_its_manifest_is_still_being_written(tmp_path, serve):
    builders.write_package(tmp_path, "tiny", 1)
    (builders.write_package(tmp_path, "tiny", 2) / "manifest.json").unlink()
    (tmp_path / "manifest.schema.json").write_text("{}")
    with serve(tmp_path) as client:
        document = client.get("/v1/models").json()
    assert (len(document["models"]), document["skipped"]) == (1, [])


def test_a_golden_may_differ_by_a_level_in_a_value_of_a_thousand(tmp_path, serve):
    wide = builders.write_package(tmp_path, "wide", generator=builders.mlp_graph(widths=(16,)), discriminator=None)
    goldens = json.loads((wide / "manifest.json").read_text())["goldens"]
    generated = manifest.Array.model_validate(goldens[0]["images"])
    values = np.frombuffer(generated.unpack(), np.uint8).astype(int)
    for count, served in ((1, True), (2, False)):
        near = values.copy()
        near[:count] += np.where(near[:count] < 255, 1, -1)
        packed = manifest.Array.pack("uint8", generated.shape, near.astype(np.uint8).tobytes())
        goldens[0]["images"] = packed.model_dump()
        builders.rewrite_manifest(wide, goldens=goldens)
        with serve(tmp_path) as client:
            assert bool(client.get("/v1/models").json()["models"]) is served
