"""Run the pages' training commands in this process, on tiny data and for a few steps."""

import contextlib
import functools
import inspect
import io
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests import builders
from tests.docs.blocks import ROOT
from tests.unit.training.packaging.foreign.networks import NETWORKS, filled
from tests.unit.training.tiny import CYCLEGAN_WORDS, PIX2PIX_WORDS, TINY_WORDS
from training import __main__ as command_line
from training import classifiers, cli, commands, objectives, study
from training.config.recipes import RECIPES
from training.evaluate import Protocol, protocol
from training.packaging import warm_start
from training.packaging.onnx import export
from training.posttrain import class_finetune
from training.posttrain.directions import from_classifier, refine
from training.runs.folder import open_run

_LENGTH = (
    *("--accelerator", "cpu", "--precision", "32-true", "--total-nimg", "640", "--batch-size", "32"),
    *("--log-every-steps", "1", "--sample-every-nimg", "320", "--checkpoint-every-nimg", "320"),
)
_SMALL_PROTOCOL = Protocol(
    class_samples=256,
    samples=256,
    sliced_images=256,
    nearest_samples=256,
    memorised_images=256,
    selection_samples=64,
    snapshot_images=64,
    two_sample_steps=3,
)
_CONV_GENERATOR = ("--generator.z-dim", "8", "--generator.widths", "8", "4")
_CONV = (*_LENGTH, *_CONV_GENERATOR, "--discriminator.widths", "4", "8")
_WGAN = (*_LENGTH, *_CONV_GENERATOR, "--critic.widths", "4", "8")
_SHORT = {  # arguments that make a recipe tiny, by method and data set
    ("gan", "mnist"): (*TINY_WORDS, "--accelerator", "cpu"),
    ("dcgan", "mnist"): _CONV,
    ("wgan", "fashion-mnist"): _WGAN,
    ("wgan-gp", "fashion-mnist"): _WGAN,
    ("dcgan", "celeba"): (*_CONV, "--images.load-px", "18", "--images.crop-px", "16"),
    ("pix2pix", "facades"): PIX2PIX_WORDS,
    ("cyclegan", "monet2photo"): CYCLEGAN_WORDS,
    ("cyclegan", "horse2zebra"): CYCLEGAN_WORDS,
}
_ALSO = {  # further arguments, by command
    "finetune-classes": ("--nimg", "128", "--accelerator", "cpu"),
    "encoder": ("--nimg", "64", "--accelerator", "cpu"),
    "directions": ("--nimg", "256", "--accelerator", "cpu"),
    "evaluate": ("--accelerator", "cpu"),
    "report": ("--accelerator", "cpu"),
    "resume": ("--accelerator", "cpu"),
    "train-classifier": ("--epochs", "1"),
}
_RECIPES = {
    "digits": "gan-mnist-small",
    "classes": "dcgan-mnist",
    "faces": "dcgan-faces-small",
    "monet": "cyclegan-monet-small",
}
_CHECKPOINTS = {  # files of other projects, and the network whose state dict they hold
    "latest_net_G.pth": "resnet-9-batch-dropout",
    "candy.pth": "fast-neural-style",
    "netG.pth": "dcgan",
    "netD.pth": "dcgan-discriminator",
    "mlp.pth": "mlp",
}
_KINDS = {"directions": "faces", "finetune-classes": "classes"}  # of runs, by command


@dataclass(frozen=True)
class TrainingRuns:
    """Tiny data sets and tiny runs, each created on first use.

    Attributes:
        folder: the folder that holds them.
    """

    folder: Path

    @functools.cache  # noqa: B019  # shared by all tests
    def data(self, dataset: str) -> Path:
        """Return the folder that replaces PATH."""
        make = {
            "mnist": builders.write_digits,
            "fashion-mnist": builders.write_digits,
            "celeba": functools.partial(builders.write_faces, attributes=classifiers.load("celeba").attributes),
            "facades": builders.write_pairs,
            "monet2photo": builders.write_unpaired,
            "horse2zebra": builders.write_unpaired,
        }
        return make[dataset](self.folder / "data" / dataset)

    @functools.cache  # noqa: B019  # as above
    def run(self, kind: str) -> Path:
        """Return the run that replaces RUN: one of `digits`, `classes`, `faces` or `monet`."""
        out = self.folder / "runs" / kind
        code, output = self.execute(("train", _RECIPES[kind], "--data", "PATH", "--out", str(out)))
        assert code == 0, output
        return out

    @cached_property
    def monet(self) -> Path:
        """A models folder with photo2monet and its inverse, in the bundled version, which the pages name."""
        models = self.folder / "models"
        version = str(max(int(path.name) for path in (ROOT / "models/photo2monet").iterdir()))
        words = (str(self.run("monet")), "--name", "monet2photo", "--inverse", "photo2monet", "--models", str(models))
        code, output = self.execute(("export", *words, "--version", version))
        assert code == 0, output
        return models

    def objective(self) -> Any:
        """Return the networks of the run `faces`."""
        with _argv(()), _few(self.folder):
            return commands.open_trained(open_run(self.run("faces"))).objective

    def lay_out(self, folder: Path, text: str) -> None:
        """Write the runs and packages that a text reads into a folder."""
        if "models/photo2monet" in text:
            shutil.copytree(self.monet, folder / "models", dirs_exist_ok=True)
        if "runs/digits" in text and "--out runs/digits" not in text:
            shutil.copytree(self.run("digits"), folder / "runs" / "digits")
        for name, network in _CHECKPOINTS.items():
            if name in text:
                torch.save(filled(NETWORKS[network]()).state_dict(), folder / name)
        for name in ("network.onnx", "repository/style/1/model.onnx"):
            if name in text:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(builders.stylising_graph())

    def execute(self, words: tuple[str, ...]) -> tuple[int, str]:
        """Run `python -m training WORDS`; return its exit code and its output."""
        words = self._filled(words)
        with _argv(words) as output, _few(self.folder):
            try:
                code = command_line.main()
            except SystemExit as leaving:
                code = int(leaving.code or 0)
        return code, output.getvalue()

    def _filled(self, words: tuple[str, ...]) -> tuple[str, ...]:
        verb = words[0]
        config = RECIPES[words[1]].config if len(words) > 1 and words[1] in RECIPES else None
        if verb in ("train", "doctor"):
            assert config, words
            extra = _SHORT[config.method, config.dataset]
        else:
            extra = _ALSO.get(verb, ())
        if verb == "train" and "--measure-every-nimg" in words:
            if "--validation-share" in extra:  # it would leave no images to measure on
                at = extra.index("--validation-share")
                extra = (*extra[:at], *extra[at + 2 :])
            extra = (*extra, "--measure-every-nimg", "320")
            extra = (*extra, "--patience-nimg", "320") if "--patience-nimg" in words else extra
        dataset = config.dataset if config else words[1] if verb == "train-classifier" else "mnist"
        replacements = {"PATH": str(self.data(dataset))}
        if config is None:
            replacements["RUN"] = (
                str(self._copy("monet" if "--inverse" in words else _KINDS.get(verb, "digits")))
                if "RUN" in words
                else ""
            )
        return (*(replacements.get(word, word) for word in words), *extra)

    def _copy(self, kind: str) -> Path:
        """Copy a run, because commands write into it."""
        count = len(list(self.folder.glob("copy-*")))
        return shutil.copytree(self.run(kind), self.folder / f"copy-{count}")


@contextlib.contextmanager
def _argv(words: tuple[str, ...]) -> Iterator[io.StringIO]:
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["training", *words])
        for name in ("PL_GLOBAL_SEED", "PL_SEED_WORKERS"):  # Lightning notes the seed there
            patch.setenv(name, "0")
            patch.delenv(name)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield output


_BUILT: dict[Any, export.Graph] = {}
_BUILD = export.build


def _build_once(
    module: nn.Module, examples: Any, file: str, inputs: Any, outputs: Any, weights: str = "auto", **more: Any
) -> export.Graph:
    """Replace `export.build`: the same weights are exported once."""
    key = (builders.digest(module.state_dict()), file, weights)
    if key not in _BUILT:
        _BUILT[key] = _BUILD(module, examples, file, inputs, outputs, weights, **more)
    return _BUILT[key]


@contextlib.contextmanager
def _few(folder: Path) -> Iterator[None]:
    """Use one thread and few samples, and write no classifier into the package."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "STANDARD", _SMALL_PROTOCOL)
        patch.setattr(objectives.Generative, "batch_norm_latents", 400)
        patch.setattr(warm_start, "DISCRIMINATOR_STEPS", 3)
        patch.setattr(refine, "STEPS", 3)
        for name in ("_SCALED_NIMG", "_REPORTED_NIMG"):
            patch.setattr(from_classifier, name, 64)
        short = class_finetune.FinetuneConfig(evaluation_samples=256, round_samples=512)
        patch.setattr(commands, "finetune_classes", functools.partial(commands.finetune_classes, config=short))
        patch.setattr(export, "build", _build_once)
        patch.setattr(commands.doctoring, "examine", functools.partial(commands.doctoring.examine, budget_s=0.1))
        patch.setattr(
            sys.modules["training.classifiers.train"], "path_of", lambda *words: folder / "classifier.safetensors"
        )
        yield
    torch.set_num_threads(threads)


def parse(words: tuple[str, ...]) -> None:
    """Parse the arguments of a command without running it.

    Raises:
        AssertionError: the command does not accept them.
    """
    if words == ("recipes",):
        return  # it takes no arguments, and another test runs it
    places = {"RECIPE": "gan-mnist-small"}
    called: list[str] = []

    def note(name: str) -> Any:
        return lambda *words, **more: called.append(name)

    with _argv(tuple(places.get(word, word) for word in words)) as output, pytest.MonkeyPatch.context() as patch:
        for name, made in inspect.getmembers(commands, inspect.isfunction):
            if made.__module__ == commands.__name__:
                patch.setattr(commands, name, note(name))
        patch.setattr(study, "run", lambda *words: called.append("study") or ())
        patch.setattr(study, "write", lambda *words: "")
        for module in (cli.results, cli.runs, cli.finetuning):
            patch.setattr(module, "open_run", lambda *words: None)
        try:
            code = command_line.main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    assert code == 0, output.getvalue()
    assert called or "--help" in words, words
