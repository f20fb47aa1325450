"""Named directions in a generator's latent space."""

from training.posttrain.directions.boundary import NoDirectionError
from training.posttrain.directions.create import make, turn
from training.posttrain.directions.direction import FILE_NAME, Found, keep, load
from training.posttrain.directions.from_classifier import NIMG, attributes

__all__ = ["FILE_NAME", "NIMG", "Found", "NoDirectionError", "attributes", "keep", "load", "make", "turn"]
