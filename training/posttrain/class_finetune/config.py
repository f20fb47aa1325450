"""The hyper-parameters of class fine-tuning."""

from dataclasses import dataclass

NIMG = 192_000
"""Default number of samples for the classifier stage."""


@dataclass(frozen=True)
class FinetuneConfig:
    """Hyper-parameters of both stages. Squared differences are of pixels in [-1, 1], summed over an image.

    Attributes:
        batch_size: samples per step of the classifier stage.
        betas: decay rates of Adam, in both stages.
        classifier_lr: learning rate of the classifier stage; it falls to 0 along a cosine.
        confidence: samples whose class has at least this probability have no classifier loss.
        classifier_distance_weight: nats per squared difference from the samples before the classifier stage.
        max_shift_px: random shift before the classifier; with noise, it makes the classifier harder to fool.
        noise: standard deviation of Gaussian noise before the classifier, for pixels in [-1, 1].
        samples_per_round: samples of the classifier stage for each round of the neighbour stage.
        neighbour_lr: learning rate of the neighbour stage; it falls to 0 along a cosine.
        round_samples: fresh samples per round.
        round_images: real images per round.
        round_moved: samples with the largest gradients, which alone are trained in a round.
        temperature: softmax temperature in squared differences; among 4,096 digits the nearest is at about 100.
        min_log_likelihood: nats; limits the loss of an image that is far from all samples of its class.
        neighbour_distance_weight: as classifier_distance_weight, for the neighbour stage.
        classifier_weight: weight of the classifier loss in the neighbour stage.
        evaluation_samples: samples for the error before and after.
        seed: seed of latents, labels, shifts and noise.
    """

    batch_size: int = 128
    betas: tuple[float, float] = (0.9, 0.99)
    classifier_lr: float = 2e-4
    confidence: float = 0.99
    classifier_distance_weight: float = 0.001
    max_shift_px: int = 2
    noise: float = 0.2
    samples_per_round: int = 1_920
    neighbour_lr: float = 1e-4
    round_samples: int = 4_096
    round_images: int = 2_048
    round_moved: int = 256
    temperature: float = 8.0
    min_log_likelihood: float = -8.0
    neighbour_distance_weight: float = 0.004
    classifier_weight: float = 0.02
    evaluation_samples: int = 10_000
    seed: int = 31


DEFAULT = FinetuneConfig()
