"""State dicts become packages that the service verifies and serves as torch computes them."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from service.imaging.pixels import to_float32, to_uint8
from service.inference.batcher import Limits
from service.inference.engine import ExecutionConfig
from service.pipelines import tiling
from service.pipelines.translate import Translator
from service.repository.loader import open_package
from service.telemetry.metrics import Metrics
from tests.unit.training.packaging.foreign.networks import NETWORKS, filled
from training.packaging.foreign.architectures import Options
from training.packaging.foreign.importer import Settings, import_file, package_module
from training.packaging.foreign.sizes import SizeError
from training.packaging.foreign.statement import Statement
from training.packaging.onnx.export import ExportError

TRANSLATORS = {
    "resnet-6-instance": ((-1.0, 1.0), 4),
    "resnet-9-batch-dropout": ((-1.0, 1.0), 4),
    "resnet-6-grey-zero-padding": ((-1.0, 1.0), 4),
    "unet-128-batch": ((-1.0, 1.0), 128),
    "cut": ((-1.0, 1.0), 4),
    "fast-neural-style": ((0.0, 255.0), 4),
    "animegan": ((-1.0, 1.0), 1),
}


def saved(tmp_path, name, module):
    torch.save(module.state_dict(), tmp_path / f"{name}.pth")
    return tmp_path / f"{name}.pth"


def served(folder, pixels):
    """What the service makes of (H, W, 3) uint8: (H, W, 3) uint8."""
    model = open_package(folder, ExecutionConfig(2, 1, Limits()), Metrics())

    async def translate():
        model.start()
        try:
            deadline = asyncio.get_running_loop().time() + 600
            translator = Translator(model, deadline, 512)
            floats = to_float32(pixels[None])[0]
            return await translator.translate(floats, "pad", lambda made: to_uint8(made[None])[0])
        finally:
            await model.close()

    return asyncio.run(translate())


def by_torch(module, value_range, multiple, pixels):
    """The same by torch, on the padded input that the service makes."""
    low, high = value_range
    height, width = pixels.shape[:2]
    images = to_float32(pixels[None])[0]
    padded = tiling.pad(images, -(-height // multiple) * multiple, -(-width // multiple) * multiple)[None]
    channels = next(value for value in module.state_dict().values() if value.ndim == 4).shape[1]
    given = torch.from_numpy(padded)
    if channels == 1:
        given = (given * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    with torch.inference_mode():
        made = (module((given + 1) * (high - low) / 2 + low) - low) / (high - low) * 2 - 1
    made = made.clamp(-1, 1).expand(-1, 3, -1, -1)[:, :, :height, :width]
    return to_uint8(made.numpy())[0]


SERVED = (
    TRANSLATORS
    if os.environ.get("GANVAS_TEST_EVERY_IMPORT")
    else ("resnet-6-grey-zero-padding", "unet-128-batch", "cut")
)
"""Each export takes seconds: the suite serves three architectures, `make test-import` all of them."""


@pytest.mark.parametrize("name", SERVED)
def test_a_translator_is_served_within_one_level_of_torch(tmp_path, name):
    value_range, multiple = TRANSLATORS[name]
    module = filled(NETWORKS[name]())
    done = import_file(saved(tmp_path, name, module), tmp_path / "models", Statement(name), Settings(size_px=64))
    about = done.described
    assert (about.task, about.translation.multiple, about.data.images) == ("translate", multiple, None)
    assert (about.licence, about.data.terms) == ("not stated", "not stated")
    rng = np.random.default_rng(0)
    for height, width in ((64, 64), (70, 45)):
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        expected = by_torch(module, value_range, multiple, pixels)
        assert np.abs(served(done.folder, pixels).astype(int) - expected).max() <= 1


def test_a_generator_takes_its_discriminator_along(tmp_path):
    generator, discriminator = filled(NETWORKS["dcgan"]()), filled(NETWORKS["dcgan-discriminator"](), 1)
    settings = Settings(discriminator=saved(tmp_path, "d", discriminator))
    done = import_file(saved(tmp_path, "g", generator), tmp_path / "models", Statement("faces"), settings)
    about = done.described
    assert (about.task, about.method, about.latent.dim) == ("generate", "dcgan", 12)
    assert (about.image.height, about.image.channels) == (16, 3)
    model = open_package(done.folder, ExecutionConfig(1, 1, Limits()), Metrics())
    latents = torch.randn(3, 12)

    async def run():
        model.start()
        until = asyncio.get_running_loop().time() + 600
        images = (await model.generator.submit({"latents": latents.numpy()}, until)).output
        logits = (await model.discriminator.submit({"images": images}, until)).output
        await model.close()
        return images, logits

    images, logits = asyncio.run(run())
    with torch.inference_mode():
        expected = generator(latents)
        assert np.abs(images - expected.numpy()).max() < 1e-4
        assert np.abs(logits - discriminator(expected).numpy()).max() < 1e-3


def test_an_mlp_generator_is_imported_by_name(tmp_path):
    module = filled(NETWORKS["mlp"]())
    settings = Settings(architecture="mlp", options=Options())
    done = import_file(saved(tmp_path, "m", module), tmp_path / "models", Statement("small"), settings)
    assert (done.described.method, done.described.image.height, done.described.latent.dim) == ("gan", 4, 10)


def test_batch_statistics_normalise_each_image_by_its_own_and_the_difference_is_reported(tmp_path):
    module = filled(NETWORKS["unet-128-batch"]())
    file = saved(tmp_path, "unet", module)
    plain = import_file(file, tmp_path / "models", Statement("plain"), Settings(size_px=128))
    own = import_file(file, tmp_path / "models", Statement("own"), Settings(size_px=128, batch_statistics=True))
    for done in (plain, own):
        assert len(done.notes) == 1
        assert "--batch-statistics" in done.notes[0]
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    module.train()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.track_running_stats = False
            part.running_mean = part.running_var = None
    expected = by_torch(module, (-1.0, 1.0), 128, pixels)
    assert np.abs(served(own.folder, pixels).astype(int) - expected).max() <= 1
    assert np.abs(served(plain.folder, pixels).astype(int) - expected).mean() > 4


def test_batch_statistics_without_batch_normalization_are_refused(tmp_path):
    file = saved(tmp_path, "r", filled(NETWORKS["resnet-6-instance"]()))
    with pytest.raises(ExportError, match="has no batch normalization"):
        import_file(file, tmp_path / "models", Statement("r"), Settings(batch_statistics=True))


def test_an_example_image_becomes_golden_and_preview(tmp_path):
    example = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(example).save(tmp_path / "photo.png")
    file = saved(tmp_path, "r", filled(NETWORKS["resnet-6-instance"]()))
    statement = Statement(
        "drawn", description="Paints.", source="photo", target="drawing", inverse="back", licence="MIT"
    )
    done = import_file(file, tmp_path / "models", statement, Settings(size_px=64, example=tmp_path / "photo.png"))
    with Image.open(done.folder / "preview.png") as preview:
        assert preview.size == (128, 64)
        assert np.array_equal(np.asarray(preview)[:, :64], example)
    about = done.described
    assert (about.description, about.licence, about.translation.inverse) == ("Paints.", "MIT", "back")
    card = (done.folder / "README.md").read_text()
    for words in ("resnet_6blocks, instance normalization", "photo to drawing", "not stated"):
        assert words in card


@pytest.mark.parametrize(
    ("name", "file", "settings", "words"),
    [
        ("Bad Name", "r.pth", Settings(), "a model's name is small letters"),
        ("r", "r.txt", Settings(), "has the ending .txt, but .pth, .pt, .safetensors, .onnx are imported"),
        ("r", "d.pth", Settings(), "import its generator, and name this file by --discriminator"),
        ("r", "r.pth", Settings(discriminator=Path("d.pth")), "a translator's is not served"),
        ("r", "r.pth", Settings(example=Path("nothing.png")), "cannot be read"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence_and_leave_nothing(tmp_path, monkeypatch, name, file, settings, words):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, "r", filled(NETWORKS["resnet-6-instance"]()))
    saved(tmp_path, "d", filled(NETWORKS["dcgan-discriminator"]()))
    (tmp_path / "r.txt").write_text("x")
    with pytest.raises(ExportError, match=words) as raised:
        import_file(Path(file), tmp_path / "models", Statement(name), settings)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.glob("models/*"))


def test_a_network_that_changes_the_size_is_refused(tmp_path):
    with pytest.raises(SizeError, match="must have its input's size"):
        package_module(
            torch.nn.Upsample(scale_factor=2), "translate", tmp_path, Statement("large"), Settings(size_px=32)
        )


def test_a_module_of_one_s_own_becomes_a_package(tmp_path):
    class Negative(torch.nn.Module):
        def forward(self, images):
            return 1.0 - images

    settings = Settings(value_range=(0.0, 1.0), size_px=32)
    done = package_module(Negative(), "translate", tmp_path, Statement("negative"), settings, "1 - x")
    pixels = np.random.default_rng(0).integers(0, 256, (33, 20, 3), np.uint8)
    assert np.array_equal(served(done.folder, pixels), 255 - pixels)
    assert (done.described.method, done.described.architecture) == ("other", "1 - x")
