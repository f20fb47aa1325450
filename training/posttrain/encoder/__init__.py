"""The encoder of a trained generator: it maps an image to a latent whose sample resembles the image."""

from math import inf

from training import data
from training.config import GenerativeConfig
from training.data import ImageSet, Sets
from training.evaluate import Measurement, save_png
from training.objectives import Generative, Objective
from training.posttrain.encoder.evaluate import measure, page
from training.posttrain.encoder.store import FILE_NAME, load, save
from training.posttrain.encoder.train import NIMG, PIXEL_WEIGHT, build, train
from training.runs.folder import Run, RunError

__all__ = ["FILE_NAME", "NIMG", "PIXEL_WEIGHT", "build", "load", "make", "measure", "page", "save", "train"]


def make(run: Run, objective: Objective, step: int, nimg: int, pixel_weight: float, sets: Sets) -> list[Measurement]:
    """Trains, evaluates and saves a run's encoder; writes a grid of images and their reconstructions.

    Args:
        run: the run in whose folder the encoder is saved.
        objective: trained; the encoder is trained on its device.
        step: steps that the objective was trained for.
        nimg: samples generated for training.
        pixel_weight: see `train`.
        sets: the run's data.

    Raises:
        RunError: the model is a translator, or a number is out of range.
        CheckpointError: the file could not be written.
    """
    config = run.config
    if not isinstance(objective, Generative) or not isinstance(config, GenerativeConfig):
        raise RunError("only a model that draws from latents has an encoder")
    if nimg < 1 or not 0.0 <= pixel_weight < inf:
        raise RunError(f"--nimg is {nimg} and --pixel-weight {pixel_weight}, but must be at least 1 and 0")
    real = sets.images("train")
    shown, of = _shown(sets, real)  # before training, which takes long
    generator = objective.finished_generator()  # once: its BatchNorm statistics take 20,000 samples
    network = train(generator, objective, config, real, nimg, pixel_weight)
    save(run.folder, step, network, [])  # before evaluation, so that a failure there loses nothing
    measured = measure(network, generator, objective, shown, of)
    save(run.folder, step, network, measured)
    save_png(page(network, generator, objective, shown), run.folder / "samples" / "encoder.png")
    return measured


def _shown(sets: Sets, real: ImageSet) -> tuple[ImageSet, str]:
    """Returns the evaluation images and their split: the test set, else the held-out set, else `real`."""
    try:
        test = sets.images("test")
        if len(test):
            return test, "test"
        reason = "the test split is empty"
    except data.DataError as error:
        reason = str(error)
    held = sets.images("validation")
    shown, of = (held, "held-out") if len(held) else (real, "training")
    print(f"measured on {of} images, since there are no test images: {reason}")
    return shown, of
