from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.unit.training.tiny import DCGAN, TINY, TINY_WORDS, WGAN
from training.objectives import Generative
from training.packaging import warm_start
from training.packaging.read import open_package
from training.packaging.write import ExportError, Label, export
from training.runs.folder import Run, open_run


def packed(trainer, folder, name="model"):
    """The package of a trainer's networks as they are."""
    run = trainer._run
    (path,) = export(run, trainer.objective, trainer._shown, trainer.images_seen, folder, Label(name))
    return open_package(path)


def take_over(trainer, package):
    warm_start.take_over(trainer.objective, trainer._config, package, trainer.stream)


@pytest.fixture(autouse=True)
def few_latents(monkeypatch):
    """20,000 are for good samples, which none of these are."""
    monkeypatch.setattr(Generative, "batch_norm_latents", 1_000)


@pytest.fixture(params=[TINY, DCGAN, WGAN], ids=lambda config: config.method)
def config(request):
    # BatchNorm's statistics have settled after 100 steps; nothing is looked at meanwhile.
    return replace(
        request.param,
        ema_decay=0.5,
        total_nimg=3_200,
        sample_every_nimg=10**9,
        checkpoint_every_nimg=10**9,
        snapshots=0,
    )


@pytest.fixture(scope="module")
def made():
    """What `package` has made, by configuration."""
    return {}


@pytest.fixture
def package(config, start, tmp_path, made):
    """A package of networks far from their start, and the trainer that holds them; no test changes either."""
    if repr(config) not in made:
        made[repr(config)] = make(config, start, tmp_path)
    return made[repr(config)]


def make(config, start, tmp_path):
    trainer = start(config)
    torch.manual_seed(4)
    with torch.no_grad():
        for network in trainer.objective.networks.values():
            for weight in network.parameters():
                weight.add_(torch.randn_like(weight) * (weight.abs().mean() + 0.05))
    trainer.train()
    return packed(trainer, tmp_path / "models"), trainer


def samples(objective):
    latents = objective.latents(16, torch.Generator().manual_seed(3))
    labels = torch.arange(16) % max(1, objective.n_classes)
    return objective.finished_generator()(latents, *objective.rows(labels)).detach()


def test_a_new_run_starts_with_the_packages_images(config, package, start, train_set, fabric):
    exported, trained = package
    begun = start(replace(config, seed=5), name="begun")
    before = samples(begun.objective)
    take_over(begun, exported)
    expected = samples(trained.objective)
    strange, left = (float((drawn - expected).abs().mean()) for drawn in (before, samples(begun.objective)))
    assert left < 0.1 * strange


# A WGAN's critic is clipped, which changes what it says.
@pytest.mark.parametrize("config", [TINY, DCGAN], indirect=True, ids=["gan", "dcgan"])
def test_a_discriminator_goes_on_as_well(config, package, start, train_set):
    exported, trained = package
    begun = start(replace(config, seed=5), name="begun")
    take_over(begun, exported)
    images = train_set.batch(torch.arange(64)).images
    classes = begun.objective.rows(train_set.labels[:64])
    with torch.no_grad():
        expected = trained.objective.finished_discriminator()(images, *classes)
        strange, said = (
            t.objective.discriminator.eval()(images, *classes) for t in (start(config, name="other"), begun)
        )
    assert float((said - expected).abs().mean()) < 0.7 * float((strange - expected).abs().mean())


def test_a_missing_discriminator_is_trained_alone(package, config, start, monkeypatch):
    monkeypatch.setattr(warm_start, "DISCRIMINATOR_STEPS", 5)
    exported, _ = package
    without = replace(exported, files={"generator": exported.files["generator"]})
    whole, begun = start(replace(config, seed=5), name="whole"), start(replace(config, seed=5), name="begun")
    take_over(whole, exported)
    fresh = [weight.clone() for weight in begun.objective.discriminator.parameters()]
    take_over(begun, without)
    for ours, theirs in zip(
        begun.objective.generator.parameters(), whole.objective.generator.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    assert any(not torch.equal(a, b) for a, b in zip(fresh, begun.objective.discriminator.parameters(), strict=True))
    assert set(begun.objective.counters.values()) <= {0}
    assert {schedule.last_epoch for schedule in begun.objective.schedulers.values()} == {0}


def test_the_run_says_what_it_goes_on_from_and_counts_its_images(package, tmp_path, digits_folder, config):
    exported, _ = package
    run = warm_start.from_package(Run(tmp_path / "next", "gan-mnist", config, digits_folder), exported)
    run.create("a test")
    again = open_run(tmp_path / "next")
    assert again.init_from == f"model@1 ({exported.described.digest[:12]})"
    assert again.images_before == exported.described.training.images_seen == config.total_nimg


@pytest.mark.parametrize("config", [replace(TINY, ema_decay=0.9)], indirect=True, ids=["gan"])
def test_the_command_goes_on_from_a_package_and_its_export_says_so(package, tmp_path, command, config, digits_folder):
    exported, _ = package
    out = tmp_path / "next"
    words = ("train", "gan-mnist", "--data", digits_folder, "--out", out, "--init-from", exported.folder, *TINY_WORDS)
    assert command(*words).code == 0
    assert command("export", out, "--name", "model", "--models", exported.folder.parent.parent).code == 0
    described = open_package(exported.folder.parent / "2").described
    assert described.training.init_from == f"model@1 ({exported.described.digest[:12]})"
    assert described.training.images_seen == config.total_nimg + 640
    assert "continued from model@1" in (exported.folder.parent / "2" / "README.md").read_text()


def test_another_networks_package_is_refused_before_a_run_is_made(package, tmp_path, command, digits_folder):
    exported, _ = package
    out = tmp_path / "next"
    said = command("train", "gan-mnist", "--data", digits_folder, "--out", out, "--init-from", exported.folder)
    assert said.code == 1
    assert (
        "the recipe trains by gan" in said.error
        or "in the recipe, but" in said.error
        or "not in the package" in said.error
        or "layers more" in said.error
    )
    assert not (out / "config.json").exists()


@pytest.mark.parametrize("config", [DCGAN], indirect=True, ids=["dcgan"])
def test_a_package_for_another_game_or_input_is_refused_in_one_sentence(package, config, start):
    exported, _ = package
    for other, told in (
        (WGAN, "was trained by dcgan, but the recipe trains by wgan"),
        (replace(config, latent_distribution="uniform"), "draws from normal latents, but the recipe from uniform ones"),
        (replace(config, conditional=False), "is told 10 classes, but the recipe's networks 0"),
    ):
        with pytest.raises(ExportError, match=told):
            take_over(start(other, name=f"begun-{len(told)}"), exported)


@pytest.mark.parametrize("config", [WGAN], indirect=True, ids=["wgan"])
def test_a_critic_that_is_taken_over_is_clipped(package, config, start):
    begun = start(replace(config, seed=5), name="begun")
    take_over(begun, package[0])
    assert all(weight.abs().max() <= config.clip_value for weight in begun.objective.discriminator.parameters())


def test_no_package_is_one_sentence(tmp_path, command, digits_folder):
    out = tmp_path / "next"
    said = command("train", "gan-mnist", "--data", digits_folder, "--out", out, "--init-from", tmp_path / "nothing")
    assert said.code == 1
    assert "nothing holds no package: there is no manifest.json" in said.error
    assert not Path(out / "config.json").exists()
