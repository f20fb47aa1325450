"""Images in, translators out: both methods trained a few steps, exported, served, and asked over HTTP."""

import io
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests import builders
from tests.e2e.test_whole_line import training
from tests.server import Server, running
from tests.waiting import LIMIT_S

SMALL = (
    *("--total-nimg", "4", "--images.load-px", "18", "--images.crop-px", "16", "--validation-share", "0"),
    *("--generator.ngf", "4", "--discriminator.ndf", "4", "--discriminator.layers", "1"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("translators")
    models = folder / "models"
    pairs, unpaired = builders.write_pairs(folder / "pairs"), builders.write_unpaired(folder / "unpaired")
    words = ("pix2pix-256", "--data", pairs, "--out", folder / "paired", *SMALL, "--generator.depth", "4")
    training("train", *words)
    training("export", folder / "paired", "--models", models, "--name", "paired")
    words = ("cyclegan-256", "--data", unpaired, "--out", folder / "cycle", *SMALL, "--generator.blocks", "1")
    training("train", *words)
    training("export", folder / "cycle", "--models", models, "--name", "there", "--inverse", "back")
    with running(models, folder / "service.log") as started:
        yield started


def translate(server: Server, model: str, image: bytes, query: str = "") -> httpx.Response:
    answer = httpx.post(f"{server.url}/v1/models/{model}/translate?{query}", content=image, timeout=LIMIT_S)
    assert answer.status_code == 200, answer.text
    return answer


def test_all_three_packages_are_proven_and_served(server: Server):
    body = httpx.get(f"{server.url}/v1/models").json()
    cards = {card["name"]: card for card in body["models"]}
    assert body["skipped"] == []
    assert set(cards) == {"paired", "there", "back"}
    assert (cards["there"]["inverse"], cards["back"]["inverse"], cards["paired"]["inverse"]) == ("back", "there", None)
    assert (cards["paired"]["multiple"], cards["there"]["multiple"]) == (16, 4)
    assert (cards["there"]["source"], cards["there"]["target"]) == (cards["back"]["target"], cards["back"]["source"])


@pytest.mark.parametrize("model", ["paired", "there", "back"])
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (33, 21), (640, 90)])
def test_an_image_of_any_size_is_translated_at_its_size(server: Server, model: str, size: tuple[int, int]):
    answer = translate(server, model, builders.image_file(*size))
    assert answer.headers["x-model"] == f"{model}@1"
    assert Image.open(io.BytesIO(answer.content)).size == size


def test_the_way_there_and_back_is_measured(server: Server):
    answer = translate(server, "there", builders.image_file(32, 32), "cycle=true")
    assert 0.0 < float(answer.headers["x-cycle-error"]) < 255.0
    refused = httpx.post(
        f"{server.url}/v1/models/paired/translate?cycle=true", content=builders.image_file(32, 32), timeout=LIMIT_S
    )
    assert refused.status_code == 409


def test_the_preview_is_shown(server: Server):
    preview = httpx.get(f"{server.url}/v1/models/there/preview")
    pixels = np.asarray(Image.open(io.BytesIO(preview.content)))
    assert preview.status_code == 200
    assert pixels.std() > 0


def test_the_packages_name_no_folder_of_this_machine(server: Server, tmp_path_factory: pytest.TempPathFactory):
    body = httpx.get(f"{server.url}/v1/models/there").text
    assert str(Path(tmp_path_factory.getbasetemp())) not in body
