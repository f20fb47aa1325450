"""The sizes of all evaluation protocols in one frozen object, so that tests can pass smaller ones."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Sizes of an evaluation.

    Attributes:
        class_samples: samples of a generator whose data set has a classifier of classes.
        samples: samples of every other generator, whose test images are few.
        sliced_images: images of each set for the sliced Wasserstein distance.
        nearest_samples: samples for the nearest-neighbour error.
        memorised_images: samples, and test images, for the share of memorised samples.
        compared_images: maximum number of training images in a comparison, evenly spaced; as float32 they need memory.
        selection_samples: samples by which a checkpoint is selected.
        snapshot_images: samples, and real images, of one snapshot of the critic's estimate.
        snapshot_sliced_images: maximum number of them for a sliced Wasserstein distance.
        min_snapshot_steps: a shorter run takes no snapshots, which would take longer than its training.
        two_sample_steps: training steps of the classifier two-sample test.
        min_two_sample_images: with fewer images the two-sample test is skipped.
    """

    class_samples: int = 10_000
    samples: int = 2_000
    sliced_images: int = 2_000
    nearest_samples: int = 50_000
    memorised_images: int = 1_000
    compared_images: int = 20_000
    selection_samples: int = 2_000
    snapshot_images: int = 10_000
    snapshot_sliced_images: int = 2_000
    min_snapshot_steps: int = 1_000
    two_sample_steps: int = 300
    min_two_sample_images: int = 4


STANDARD = Protocol()
"""The sizes that `evaluate` and training runs use."""
