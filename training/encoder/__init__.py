"""The encoder of a trained generator: from a picture back to a latent that draws one like it."""

from math import inf

from training import data
from training.config import GenerativeConfig
from training.encoder.fitting import NIMG, PIXEL_WEIGHT, build, train
from training.encoder.keeping import FILE_NAME, load, save
from training.encoder.measuring import measure, page
from training.evaluate import Measured, save_png
from training.objectives import Generative, Objective
from training.run import Run, RunError

__all__ = ["FILE_NAME", "NIMG", "PIXEL_WEIGHT", "build", "load", "make", "measure", "page", "save", "train"]


def make(run: Run, objective: Objective, step: int, nimg: int, pixel_weight: float) -> list[Measured]:
    """Trains a run's encoder, measures it and keeps it; writes a page of pictures and what is drawn of their latents.

    Args:
        run: where it is kept.
        objective: trained, on the CPU.
        step: how long it was trained.
        nimg: pictures drawn for the training.
        pixel_weight: see `train`.

    Raises:
        RunError: the run is of a translator, or a number is out of its range.
        CheckpointError: it could not be written.
    """
    config = run.config
    if not isinstance(objective, Generative) or not isinstance(config, GenerativeConfig):
        raise RunError("only a model that draws from latents has an encoder")
    if nimg < 1 or not 0.0 <= pixel_weight < inf:
        raise RunError(f"--nimg is {nimg} and --pixel-weight {pixel_weight}, but must be at least 1 and 0")
    generator = objective.finished_generator()  # once: its BatchNorm statistics take 20,000 samples
    network = train(generator, objective, config, data.load(config, run.data, "train"), nimg, pixel_weight)
    test = data.load(config, run.data, "test")
    measured = measure(network, generator, objective, test)
    save(run.folder, step, network, measured)
    save_png(page(network, generator, objective, test), run.folder / "samples" / "encoder.png")
    return measured
