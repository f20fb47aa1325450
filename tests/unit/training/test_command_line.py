import json
import shutil

import pytest

from tests.unit.training.tiny import TINY_WORDS
from training.config.recipes import RECIPES
from training.data import loading
from training.evaluate import protocol
from training.evaluate.protocol import Protocol
from training.runs.folder import open_run


@pytest.fixture
def train(command, digits_folder, tmp_path):
    """`train` of a tiny run, on one process."""

    def run(*words, recipe="gan-mnist", out=tmp_path / "run", folder=digits_folder):
        return command("train", recipe, "--data", folder, "--out", out, "--accelerator", "cpu", *TINY_WORDS, *words)

    return run


def refused(said, *words, code=1):
    """Whether a command said in one sentence what was wrong."""
    assert said.code == code
    assert "Traceback" not in said.out + said.error
    if code == 1:
        assert said.error.splitlines()[-1].startswith("error: ")
    for word in words:
        assert str(word) in said.out + said.error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("clarify", "RUN"), "the command clarify is now called finetune-classes"),
        (("judge", "mnist", "--data", "PATH"), "the command judge is now called train-classifier"),
        (("evaluate", "models/a/1", "--keep", "RUN"), "the option --keep is now called --save-to"),
        (("export", "RUN", "--name", "a", "--thin-db=36"), "the option --thin-db is now called --low-rank-db"),
        (("export", "RUN", "--name", "a", "--thin_db", "36"), "the option --thin-db is now called --low-rank-db"),
        (("train-classifier", "mnist", "--role", "selects"), "--role selects is now called --role selection"),
        (("train-classifier", "mnist", "--role=reports"), "--role reports is now called --role reporting"),
        (("train", "pix2pix-facades", "--dataset=pictures"), "--dataset pictures is now called --dataset images"),
        (
            ("train", "pix2pix-facades", "--pictures.no-flip"),
            "the option --pictures.no-flip is now called --images.no-flip",
        ),
    ],
)
def test_a_former_name_is_refused_with_the_current_one(command, words, message):
    result = command(*words)
    assert (result.code, result.error) == (1, f"error: {message}\n")


@pytest.mark.parametrize("word", ["clarify", "judge", "pictures"])
def test_a_former_name_is_allowed_as_a_value(command, tmp_path, word):
    assert f"{word} holds no run" in command("report", tmp_path / word).error
    assert f"{word} holds no run" in command("export", tmp_path / word, "--name", word).error


def test_recipes_shows_every_recipe_with_its_sizes(command):
    said = command("recipes")
    assert said.code == 0
    lines = {line.partition(" ")[0]: line for line in said.out.split("\n\n")[0].splitlines()[1:]}
    assert set(lines) >= set(RECIPES)
    assert "2.50M" in lines["gan-mnist"]
    assert "1.23M" in lines["gan-mnist"]
    assert all(recipe.description in lines[name] for name, recipe in RECIPES.items())


def test_a_run_is_trained_with_what_was_overridden(train, tmp_path):
    said = train("--generator.leak", "0.1", "--optimizer.lr", "0.05", "--loss", "minimax", "--seed", "5")
    assert said.code == 0, said.error
    run = open_run(tmp_path / "run")
    assert run.recipe == "gan-mnist"
    assert (run.config.generator.leak, run.config.optimizer.lr, run.config.loss) == (0.1, 0.05, "minimax")
    assert (run.config.seed, run.config.generator.hidden, run.config.validation_share) == (5, (16, 16), 0.0)
    assert f"python -m training evaluate {tmp_path / 'run'}" in said.out


def test_a_run_knows_its_recipe_whatever_its_folder_is_called(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = train(recipe="gan-mnist-small", out="gan-mnist")
    assert said.code == 0, said.error
    assert json.loads((tmp_path / "gan-mnist" / "run.json").read_text())["recipe"] == "gan-mnist-small"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--generator.leek", "0.1"), "--generator.leek"),
        (("--generator.leak", "much"), "leak"),
        (("--loss", "hinge"), "--loss"),
    ],
    ids=["unknown field", "not a number", "not a choice"],
)
def test_words_that_cannot_be_read_are_refused(train, tmp_path, words, named):
    refused(train(*words), named, code=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--generator.leak", "1.5"), "leak"),
        (("--batch-size", "0"), "batch"),
        (("--batch-size", "1", "--generator.batch-norm"), "BatchNorm needs at least 2 images"),
    ],
)
def test_values_out_of_their_range_are_refused(train, tmp_path, words, named):
    refused(train(*words), named)
    assert not (tmp_path / "run").exists()


def test_a_batch_larger_than_the_data_set_is_refused(train, tmp_path):
    refused(train("--batch-size", "257"), "batch size is 257, but the data set holds 256 images")
    assert not (tmp_path / "run").exists()


def test_a_folder_without_data_is_refused(train, tmp_path):
    refused(train(folder=tmp_path), "train-images-idx3-ubyte", tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(train, finished_run):
    before = (finished_run.folder / "checkpoint.pt").read_bytes()
    refused(train(out=finished_run.folder), f"python -m training resume {finished_run.folder}")
    assert (finished_run.folder / "checkpoint.pt").read_bytes() == before


def test_a_run_that_ended_before_its_first_checkpoint_is_made_anew(train, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(
            "training.evaluate.sample_grid", lambda *words: (_ for _ in ()).throw(RuntimeError("no memory is left"))
        )
        refused(train(), "no memory is left")
    assert (tmp_path / "run" / "config.json").exists()
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
    assert train("--seed", "5").code == 0
    assert open_run(tmp_path / "run").config.seed == 5


@pytest.fixture
def copied(finished_run, tmp_path):
    """A copy of a finished run, to be broken."""
    return shutil.copytree(finished_run.folder, tmp_path / "copied")


@pytest.mark.parametrize("words", [("resume",), ("evaluate",), ("export", "--name", "digits")])
def test_a_damaged_checkpoint_is_one_sentence(command, copied, tmp_path, words):
    (copied / "checkpoint.pt").write_bytes(b"damaged")
    extra = ("--models", tmp_path / "models") if words[0] == "export" else ()
    refused(command(words[0], copied, *words[1:], *extra), copied / "checkpoint.pt", "damaged")
    assert not (tmp_path / "models").exists()


def test_a_checkpoint_of_other_networks_is_one_sentence(command, copied):
    path = copied / "config.json"
    config = json.loads(path.read_text())
    config["generator"]["hidden"] = [16, 24]
    path.write_text(json.dumps(config))
    refused(command("resume", copied), "the checkpoint does not fit the run's networks")


@pytest.mark.parametrize(
    ("raw", "named"),
    [("{", "cannot be read"), ('{"method": "gan", "lr": 3}', "lr"), ('{"method": "vae"}', "must be one of gan")],
)
def test_a_damaged_configuration_is_one_sentence(command, copied, raw, named):
    (copied / "config.json").write_text(raw)
    refused(command("resume", copied), copied / "config.json", named)


@pytest.mark.parametrize("name", ["resume", "evaluate"])
def test_a_folder_without_a_run_is_one_sentence(command, tmp_path, name):
    refused(command(name, tmp_path / "nothing"), f"{tmp_path / 'nothing'} holds no run")


def test_data_that_was_moved_is_found_again(command, copied, digits_folder, tmp_path):
    about = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(about | {"data": str(tmp_path / "gone")}))
    refused(command("resume", copied), tmp_path / "gone")
    assert command("resume", copied, "--data", digits_folder).code == 0


def test_a_full_disk_is_one_sentence(train, monkeypatch):
    def fail(state, file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", fail)
    refused(train(), "checkpoint.pt was not written", "No space left on device")


def test_ctrl_c_before_the_first_step_is_no_traceback(train, monkeypatch):
    def interrupt(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.data.load", interrupt)
    said = train()
    assert said.code == 130
    assert "Traceback" not in said.error


@pytest.mark.parametrize(
    ("content", "said"),
    [("{}", "run.json has no recipe"), ("[]", "run.json holds no JSON object"), ("{", "run.json cannot be read")],
)
def test_a_damaged_run_is_one_sentence(command, finished_run, tmp_path, content, said):
    shutil.copytree(finished_run.folder, tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(content)
    refused(command("resume", tmp_path / "run"), said)


@pytest.mark.parametrize(
    ("words", "said"), [(("--devices", "0"), "--devices is 0"), (("--accelerator", "cuda"), "torch finds no CUDA GPU")]
)
def test_devices_that_are_not_there_are_one_sentence(train, words, said, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    refused(train(*words), said)


@pytest.mark.parametrize(
    "words", [("evaluate",), ("report",), ("export", "--name", "digits"), ("encoder", "--nimg", "64")]
)
def test_each_split_is_read_once(command, copied, tmp_path, monkeypatch, words):
    read, load = [], loading._load
    monkeypatch.setattr(loading, "_load", lambda config, path, split: read.append(split) or load(config, path, split))
    monkeypatch.setattr(protocol, "STANDARD", Protocol(class_samples=256))
    extra = ("--models", tmp_path / "models") if words[0] == "export" else ("--accelerator", "cpu")
    said = command(words[0], copied, *words[1:], *extra)
    assert said.code == 0, said.error
    assert "train" in read
    assert len(read) == len(set(read))


@pytest.mark.parametrize(
    "words", [("evaluate",), ("report",), ("directions", "--left", "1", "--right", "2"), ("encoder",)]
)
def test_a_command_takes_the_device_that_it_is_given(command, copied, monkeypatch, words):
    asked = []

    def note(config, accelerator, count):
        asked.append((accelerator, count, config.precision))
        raise ValueError("no further")

    monkeypatch.setattr("training.runs.devices.open_fabric", note)
    for extra in ((), ("--accelerator", "cpu")):
        refused(command(words[0], copied, *words[1:], *extra), "no further")
    assert asked == [("auto", 1, "32-true"), ("cpu", 1, "32-true")]
