"""Values for the placeholders on a page: names of models, files of the reader, folders of data."""

import io
import re
import shutil
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from ganvas_client import Client, direction, mean, seed
from PIL import Image

from tests import builders
from tests.docs.blocks import ROOT
from tests.unit.training.packaging.foreign.networks import NETWORKS, filled

ADDRESS = "localhost:8000"

_MODELS = (  # a pattern, and the model of tests/conftest.py that replaces it
    (r"\bMODEL(?=/translate)", "darker"),
    (r"(?<=translate )MODEL\b", "darker"),
    (r'(?<=\.translate\(")MODEL\b', "darker"),
    (r"\b(MODEL|NAME)(?=/(encode|arithmetic))", "colour"),
    (r'(?<=")MODEL(?=")', "colour"),
)
_SHORTER = (("0:1000,5000:6000", "0:20,50:70"), ("0:100000", "0:200"))
"""Large seed ranges, and small ones that replace them."""


def bundled(folder: Path, models: Path) -> Path:
    """Copy the bundled packages and those of tests/conftest.py into a folder."""
    for source in (ROOT / "models", models):
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def fill(text: str, port: int) -> str:
    """Replace the address, the model names and the large numbers in a page's text."""
    for pattern, name in _MODELS:
        text = re.sub(pattern, name, text)
    for many, few in _SHORTER:
        text = text.replace(many, few)
    for name in {*re.findall(r"(?<=/v1/models/)[\w-]+(?=/translate)", text)} - {"darker"}:
        if not (ROOT / "models" / name).exists():
            text = text.replace(f"/{name}/", "/darker/")
    return text.replace(ADDRESS, f"127.0.0.1:{port}")


def _photo(form: str, seed: int = 0) -> Callable[[Path, int], None]:
    return lambda path, _: path.write_bytes(builders.image_file(24, 20, form=form, seed=seed)) and None


def _generated(call: str) -> Callable[[Path, int], None]:
    def make(path: Path, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models/{call}") as response:
            path.write_bytes(response.read())

    return make


def _torchserve_archive(path: Path) -> None:
    state = io.BytesIO()
    torch.save(filled(NETWORKS["resnet-6-instance"]()).state_dict(), state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("state.pth", state.getvalue())
        archive.writestr("MAR-INF/MANIFEST.json", "{}")


_FILES: dict[str, Callable[[Path, int], Any]] = {
    "photo.jpg": _photo("JPEG"),
    "one.jpg": _photo("JPEG", 1),
    "two.png": _photo("PNG", 2),
    "face.png": _photo("PNG", 3),
    "seven.png": _generated("mnist-dcgan/sample?seed=42&class=7"),
    "42.png": _generated("mnist-gan/sample?seed=42"),
    "grid.png": _generated("mnist-gan/sample?seed=0&n=16"),
    "model.mar": lambda path, _: _torchserve_archive(path),
    "photos": lambda path, _: builders.write_images(path, "a.png", "b/c.png"),
    "photos.zip": lambda path, _: builders.write_zip(
        path, builders.write_images(path.with_suffix(".d"), "a.png", "b/c.png")
    ),
}


def lay_out(folder: Path, text: str, port: int, models: Path) -> None:
    """Write the files that a text reads, and the models, into a folder."""
    for name, make in _FILES.items():
        if re.search(rf"(?<!-o )(?<![\w.]){re.escape(name)}(?![\w.-])", text):
            make(folder / name, port)
    (folder / "models").mkdir()
    for model in models.iterdir():
        (folder / "models" / model.name).symlink_to(model)


def values(port: int) -> dict[str, Any]:
    """Return the names that the Python blocks of a page may use."""
    return {
        "ganvas": Client(f"http://127.0.0.1:{port}"),
        "seed": seed,
        "mean": mean,
        "direction": direction,
        "image": Image.open(io.BytesIO(builders.image_file(12, 12))),
        "images": torch.zeros(8, 3, 16, 16),
    }
