"""Named directions in a generator's latent space."""

from training.directions.fit import NoDirectionError
from training.directions.found import FILE_NAME, Found, keep, load
from training.directions.fromjudges import NIMG, attributes
from training.directions.making import make, turn

__all__ = ["FILE_NAME", "NIMG", "Found", "NoDirectionError", "attributes", "keep", "load", "make", "turn"]
