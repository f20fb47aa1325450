"""Studies: a few runs that differ in one thing, trained, measured and shown side by side.

`plans` says which runs, `running` trains and measures them, `page` writes what came out.
"""

from training.study.page import write
from training.study.plans import STUDIES, Study
from training.study.run import Outcome, run

__all__ = ["STUDIES", "Outcome", "Study", "run", "write"]
