"""Image data sets on the training device, and the order in which a run sees them.

Images are decoded once to uint8 and stay on the device, so that no loader starves a step; a batch is NCHW float32 in
[-1, 1]. Knows nothing about networks.
"""

from training.data.idx import load_idx, read_idx
from training.data.published import PUBLISHED, Published
from training.data.sampler import Draw, Sampler
from training.data.sets import Batch, DataError, ImageSet, PairBatch, PairSet, Skipped, place

__all__ = [
    "PUBLISHED",
    "Batch",
    "DataError",
    "Draw",
    "ImageSet",
    "PairBatch",
    "PairSet",
    "Published",
    "Sampler",
    "Skipped",
    "load_idx",
    "place",
    "read_idx",
]
