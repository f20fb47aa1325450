"""Measuring on held-out images: which checkpoint is kept, when a run stops, and that nothing else changes."""

import functools
import json
from dataclasses import replace

import pytest
import torch

from tests.unit.training.tiny import BATCH_NORM, CYCLEGAN, PIX2PIX, TINY, TINY_WORDS, WGAN_GP
from training import classifiers, data, evaluate
from training.data import DataError
from training.evaluate import protocol, selection
from training.evaluate.protocol import Protocol
from training.evaluate.selection import Reading
from training.loop.monitor import Monitor
from training.loop.trainer import Trainer
from training.objectives.load import load_objective
from training.runs import checkpoint
from training.runs.folder import Run

MEASURED = replace(TINY, validation_share=0.25, measure_every_nimg=160)


@pytest.fixture
def begin(tmp_path, folders, fabric):
    """Makes a run with held-out images, or a second trainer of the same run."""

    def make(config=MEASURED, name="run", again=False):
        folder = folders[config.dataset]
        run = Run(tmp_path / name, "gan-mnist", config, folder)
        train, held_back = (data.load(config, folder, split) for split in ("train", "validation"))
        trainer = Trainer(run, train, fabric, held_back)
        if again:
            trainer.load_state_dict(checkpoint.load(run.checkpoint))
        else:
            run.create("a test")
        return run, trainer

    return make


@pytest.fixture
def values(monkeypatch):
    """Lets the measurements of a run give these values, in order."""

    def give(*found):
        left = list(found)
        monkeypatch.setattr(selection._Generated, "read", lambda *_: Reading(left.pop(0)))

    return give


def lines(run, name="measurements"):
    return [json.loads(line) for line in (run.folder / f"{name}.jsonl").read_text().splitlines()]


def weights(objective):
    return torch.cat([w.flatten() for net in objective.networks.values() for w in net.state_dict().values()])


def test_the_best_measurement_is_kept_with_its_step_and_value(begin, values, capsys):
    values(3.0, 1.0, 2.0, 4.0)
    run, trainer = begin()
    trainer.train()
    assert [(line["step"], line["value"], line["best"]) for line in lines(run)] == [
        (5, 3.0, True),
        (10, 1.0, True),
        (15, 2.0, False),
        (20, 4.0, False),
    ]
    best = json.loads((run.folder / "best.json").read_text())
    assert (best["step"], best["nimg"], best["value"], best["name"]) == (10, 320, 1.0, "frechet_distance")
    assert checkpoint.load(run.best)["step"] == 10
    assert "the best checkpoint is chosen by the Frechet distance" in capsys.readouterr().out


def test_the_classifier_that_reports_never_chooses(tmp_path, classifier, monkeypatch):
    monkeypatch.setattr(classifiers, "load", functools.partial(classifiers.load, folder=tmp_path))
    classifiers.store(classifiers.path_of("mnist", "reporting", tmp_path), classifier.network, classifier.accuracy)
    assert selection.selection_classifier("mnist") is None
    classifiers.store(classifiers.path_of("mnist", "selection", tmp_path), classifier.network, 0.5)
    chooses = selection.selection_classifier("mnist")
    assert chooses is not None
    assert chooses.accuracy == 0.5


def snapshot(objective, shown):
    return evaluate.sample_grid(objective, evaluate.samplers(objective), MEASURED, shown).pixels


def test_the_best_networks_are_those_of_that_step(begin, values, train_set, fabric):
    values(3.0, 1.0, 2.0, 4.0)
    run, trainer = begin(replace(MEASURED, ema_decay=0.9))
    trainer.train()
    best, step = load_objective(run, train_set, fabric, best=True)
    half = replace(MEASURED, total_nimg=320, measure_every_nimg=None)
    _, short = begin(half, "short")
    short.train()
    assert torch.equal(weights(best), weights(short.objective))
    assert (snapshot(best, train_set) == snapshot(short.objective, train_set)).all()
    assert step == 10


@pytest.mark.parametrize("config", [MEASURED, replace(WGAN_GP, validation_share=0.25)], ids=["gan", "wgan-gp"])
def test_looking_at_a_run_does_not_change_it(begin, config):
    looked = replace(config, measure_every_nimg=96, sample_every_nimg=64)
    quiet = replace(config, measure_every_nimg=None, sample_every_nimg=10_000, snapshots=0)
    _, one = begin(looked, "looked")
    one.train()
    _, other = begin(quiet, "quiet")
    other.train()
    assert torch.equal(weights(one.objective), weights(other.objective))


def test_measurements_after_the_last_checkpoint_are_dropped_and_made_again(begin):
    run, whole = begin(name="whole")
    whole.train()
    _, killed = begin(name="killed")
    folder = run.folder.parent / "killed"
    killed.train()
    # As if it had been killed when it had saved step 10, before it was measured: best.pt is of a later step.
    _, early = begin(replace(MEASURED, total_nimg=320), "early")
    early.train()
    checkpoint.save(folder / "checkpoint.pt", checkpoint.load(folder.parent / "early" / "checkpoint.pt"))
    kept = [line for line in (folder / "measurements.jsonl").read_text().splitlines() if json.loads(line)["step"] < 10]
    (folder / "measurements.jsonl").write_text("\n".join(kept) + "\n")
    killed_run, resumed = begin(name="killed", again=True)
    assert resumed.step == 10
    resumed.train()
    assert lines(killed_run) == lines(run)
    assert json.loads((folder / "best.json").read_text()) == json.loads((run.folder / "best.json").read_text())
    for part in ("networks", "averages"):
        assert str(checkpoint.load(killed_run.best)["objective"][part]) == str(
            checkpoint.load(run.best)["objective"][part]
        )


def test_a_run_stops_when_nothing_was_better_for_long(begin, values, capsys):
    values(2.0, 3.0, 3.0)
    run, trainer = begin(replace(MEASURED, patience_nimg=300))
    trainer.train()
    assert trainer.step == 15
    assert checkpoint.load(run.checkpoint)["step"] == 15
    assert "stopped early: nothing was better than 2 of step 5 for 320 images" in capsys.readouterr().out
    _, again = begin(replace(MEASURED, patience_nimg=300), again=True)
    again.train()
    assert again.step == 15


def test_measuring_without_held_back_images_is_refused(command, digits_folder, tmp_path):
    said = command(
        *("train", "gan-mnist", *TINY_WORDS, "--measure-every-nimg", 160),
        *("--data", digits_folder, "--out", tmp_path / "run"),
    )
    assert said.code == 1
    assert "nothing is held out to measure on: give --validation-share 0.1 too" in said.error
    assert not (tmp_path / "run").exists()


def test_a_trainer_without_held_back_images_says_so(start):
    with pytest.raises(DataError, match="nothing is held out"):
        start(replace(TINY, measure_every_nimg=160))


def test_patience_without_measurements_is_refused(command, digits_folder, tmp_path):
    said = command(
        *("train", "gan-mnist", *TINY_WORDS, "--patience-nimg", 160, "--data", digits_folder, "--out", tmp_path / "run")
    )
    assert "nothing is measured: give measure_every_nimg too" in said.error


@pytest.mark.parametrize(
    ("config", "name", "beside"),
    [
        (PIX2PIX, "l1", set()),
        (
            CYCLEGAN,
            "faults",
            {"cycle_error"}
            | {f"{n}_{d}" for n in ("gap", "chroma_noise", "luma_noise", "contrast") for d in ("A2B", "B2A")},
        ),
    ],
    ids=["pix2pix", "cyclegan"],
)
def test_translators_are_measured_on_held_back_images(begin, config, name, beside):
    run, trainer = begin(replace(config, validation_share=0.3, total_nimg=20, measure_every_nimg=20))
    trainer.train()
    (line,) = lines(run)
    assert line["name"] == name
    assert set(line) - {"step", "nimg", "name", "value", "best"} == beside
    assert line["value"] > 0


def test_evaluate_and_export_take_the_best_checkpoint_when_asked(
    begin, values, command, tmp_path, digits_folder, monkeypatch
):
    values(1.0, 3.0, 3.0, 3.0)
    run, trainer = begin(replace(BATCH_NORM, validation_share=0.25, measure_every_nimg=160))
    trainer.train()
    monkeypatch.setattr(protocol, "STANDARD", Protocol(class_samples=256))
    assert command("evaluate", run.folder, "--best").code == 0
    assert json.loads((run.folder / "evaluation.json").read_text())["step"] == 5
    said = command("export", run.folder, "--name", "best", "--models", tmp_path / "models", "--best")
    assert said.code == 0
    assert "no metrics" not in said.out
    manifest = json.loads((tmp_path / "models" / "best" / "1" / "manifest.json").read_text())
    assert manifest["training"]["images_seen"] == 160


def test_a_run_without_measurements_has_no_best(finished_run, command):
    said = command("evaluate", finished_run.folder, "--best")
    assert said.code == 1
    assert "has no best checkpoint: train with --measure-every-nimg, or leave --best out" in said.error


def test_the_monitor_measures_a_step_once(begin, values):
    values(2.0)
    run, trainer = begin()
    images = data.load(MEASURED, run.data, "validation")
    monitor = Monitor(run, 0, trainer.objective, images, images, say=print)
    assert monitor.measure(5) is monitor.measure(5) is False
    assert len(lines(run)) == 1
    monitor.close()
