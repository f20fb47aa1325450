"""Where in latent space an attribute lies: the arithmetic. Knows neither generators nor classifiers.

References:
    Y. Shen et al., "Interpreting the Latent Space of GANs for Semantic Face Editing", CVPR 2020: an attribute's
    boundary is a hyperplane, its normal the direction (section 3.1); conditional manipulation projects the normals of
    other attributes out (section 3.3). They fit by a linear SVM; logistic regression needs no margin to be chosen.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_RIDGE = 1e-4
_LEAST_LEFT = 0.05  # share of a normal that must be left when the others are projected out
_GROWTH = 1.5
_HALVINGS = 5


class NoDirectionError(RuntimeError):
    """There is no such direction; the message says why."""


def normals(latents: Tensor, labels: Tensor) -> Tensor:
    """The unit normals of the attributes' boundaries, by logistic regression.

    Args:
        latents: (N, z_dim) float32.
        labels: (N, A) bool, whether the sample has the attribute.

    Returns:
        (A, z_dim) float32, from those without to those with.
    """
    weight = torch.zeros(labels.shape[1], latents.shape[1], requires_grad=True)
    bias = torch.zeros(labels.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS((weight, bias), max_iter=200, line_search_fn="strong_wolfe")
    target = labels.float()

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = F.linear(latents, weight, bias)
        # The sum over attributes: each has its own regression, though they are solved together.
        loss = F.binary_cross_entropy_with_logits(logits, target) * labels.shape[1] + _RIDGE * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return F.normalize(weight.detach(), dim=1)


def apart(directions: Tensor) -> Tensor:
    """Each direction without its part in the span of the others, so that a step along one leaves the others' logits.

    Args:
        directions: (A, z_dim) float32 of length 1.

    Returns:
        (A, z_dim) float32 of length 1.

    Raises:
        NoDirectionError: one lies in the span of the others.
    """
    found = []
    for index, direction in enumerate(directions):
        others = torch.cat((directions[:index], directions[index + 1 :])).double()
        # The least-squares solution is the part within the span, even where the others depend on each other.
        within = others.T @ torch.linalg.pinv(others.T) @ direction.double()
        rest = direction - within.float()
        if float(rest.norm()) < _LEAST_LEFT:
            raise NoDirectionError("it cannot be told from the others: leave one of them out")
        found.append(F.normalize(rest, dim=0))
    return torch.stack(found)


def smallest_step(flipped: Callable[[float], float], longest: float, wanted: float = 0.5) -> float:
    """How far to go until so many samples have the attribute.

    Args:
        flipped: length of the step -> share of the samples that flip, which grows with the length.
        longest: length at which the search ends.
        wanted: share.

    Returns:
        The length, exact to a few percent, from above.

    Raises:
        NoDirectionError: too few flip even at the longest.
    """
    low, high = 0.0, longest / _GROWTH**9
    while flipped(high) < wanted:
        if high >= longest:
            raise NoDirectionError(f"even {longest:.0f} along it, fewer than {wanted:.0%} of the samples flip")
        low, high = high, min(high * _GROWTH, longest)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if flipped(middle) >= wanted else (middle, high)
    return high
