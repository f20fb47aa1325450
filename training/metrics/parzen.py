"""Parzen window log-likelihood.

References:
    I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 5 and Table 1.
    L. Theis et al., "A note on the evaluation of generative models", ICLR 2016: why it is never reported alone.
"""

from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor

WIDTHS = tuple(float(width) for width in torch.logspace(-1, 0, 10, dtype=torch.float64))
_CHUNK = 500  # test points at once: 500 x 10,000 float64 distances are 40 MB


@dataclass(frozen=True)
class Score:
    """Mean log-likelihood in nats.

    Attributes:
        standard_error: standard deviation / sqrt(points).
        sigma: the window's width.
    """

    mean: float
    standard_error: float
    sigma: float


@dataclass(frozen=True)
class ParzenWindow:
    """A mixture of equal Gaussians, one per sample.

    Attributes:
        centres: (N, D) in [0, 1].
        sigma: their standard deviation.
    """

    centres: Tensor
    sigma: float

    def score(self, points: Tensor, chunk: int = _CHUNK) -> Score:
        """The mean log-likelihood of (M, D) points in [0, 1], `chunk` points at once."""
        (values,) = _log_likelihoods(self.centres, points, [self.sigma], chunk)
        return Score(float(values.mean()), float(values.std(correction=0)) / len(points) ** 0.5, self.sigma)


def fit(centres: Tensor, validation: Tensor) -> ParzenWindow:
    """Fits the window around `centres` whose width maximises the likelihood of `validation`.

    Args:
        centres: (N, D) in [0, 1].
        validation: (M, D) in [0, 1]; 1,000 images in the paper's protocol.
    """
    means = _log_likelihoods(centres, validation, WIDTHS).mean(dim=1)
    return ParzenWindow(centres, WIDTHS[int(means.argmax())])


def _log_likelihoods(
    centres: Tensor, points: Tensor, widths: "list[float] | tuple[float, ...]", chunk: int = _CHUNK
) -> Tensor:
    """(len(widths), M) float64."""
    # float64: the expanded square suffers cancellation, and is divided by 2 sigma^2, which can be 0.02.
    x, mu = points.double(), centres.double()
    mu_squares = mu.square().sum(1)
    parts = []
    for part in x.split(chunk):
        squares = (part.square().sum(1, keepdim=True) + mu_squares - 2.0 * part @ mu.T).clamp_min_(0.0)
        parts.append(torch.stack([torch.logsumexp(squares / (-2.0 * s * s), dim=1) for s in widths]))
    sums = torch.cat(parts, dim=1)
    dim = x.shape[1]
    constants = [log(len(mu)) + 0.5 * dim * log(2.0 * pi * s * s) for s in widths]
    return sums - torch.tensor(constants, dtype=torch.float64)[:, None]
