"""Studies: several runs that differ in one setting, trained, measured and compared.

`plans` defines the runs, `run` trains and measures them, `page` writes the results.
"""

from training.study.page import write
from training.study.plans import STUDIES, Study
from training.study.run import Outcome, run

__all__ = ["STUDIES", "Outcome", "Study", "run", "write"]
