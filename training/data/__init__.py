"""Image data sets on the training device, and the order in which a run sees them.

Images are decoded once to uint8 and stay on the device, so that steps never wait for a loader. A batch is NCHW float32
in [-1, 1]. Independent of networks.
"""

from training.data.attributes import Attributes, load_attributes
from training.data.augment import crop_and_flip, diff_augment
from training.data.idx import load_idx, read_idx
from training.data.layouts import Split, load_images, load_pairs, load_unpaired
from training.data.loading import Sets, load
from training.data.published import PUBLISHED, Published
from training.data.sampler import Draw, Sampler
from training.data.sets import Batch, DataError, ImageSet, PairBatch, PairSet, Skipped, place
from training.data.sources import Source, open_source
from training.data.streams import AlignedStream, ImageStream, Stream, UnpairedStream, open_stream

__all__ = [
    "PUBLISHED",
    "AlignedStream",
    "Attributes",
    "Batch",
    "DataError",
    "Draw",
    "ImageSet",
    "ImageStream",
    "PairBatch",
    "PairSet",
    "Published",
    "Sampler",
    "Sets",
    "Skipped",
    "Source",
    "Split",
    "Stream",
    "UnpairedStream",
    "crop_and_flip",
    "diff_augment",
    "load",
    "load_attributes",
    "load_idx",
    "load_images",
    "load_pairs",
    "load_unpaired",
    "open_source",
    "open_stream",
    "place",
    "read_idx",
]
