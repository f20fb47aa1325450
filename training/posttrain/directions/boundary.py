"""Linear boundaries of attributes in latent space, independent of generators and classifiers.

References:
    Y. Shen et al., "Interpreting the Latent Space of GANs for Semantic Face Editing", CVPR 2020: an attribute's
    boundary is a hyperplane, its normal the direction (section 3.1); conditional manipulation projects the normals of
    other attributes out (section 3.3). They fit a linear SVM; logistic regression needs no choice of a margin.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_RIDGE = 1e-4
_MIN_LEFT = 0.05  # share of a normal that must remain after projecting the others out
_GROWTH = 1.5
_HALVINGS = 5


class NoDirectionError(RuntimeError):
    """There is no such direction; the message gives the reason."""


def normals(latents: Tensor, labels: Tensor) -> Tensor:
    """Fits the unit normals of the attributes' boundaries by logistic regression.

    Args:
        latents: (N, z_dim) float32.
        labels: (N, A) bool, True if the sample has the attribute.

    Returns:
        (A, z_dim) float32, pointing towards samples with the attribute.
    """
    weight = torch.zeros(labels.shape[1], latents.shape[1], requires_grad=True)
    bias = torch.zeros(labels.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS((weight, bias), max_iter=200, line_search_fn="strong_wolfe")
    target = labels.float()

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = F.linear(latents, weight, bias)
        # The sum over attributes: the regressions are independent, but solved together.
        loss = F.binary_cross_entropy_with_logits(logits, target) * labels.shape[1] + _RIDGE * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return F.normalize(weight.detach(), dim=1)


def apart(directions: Tensor) -> Tensor:
    """Projects the others out of each direction, so that a step along one does not change the logits of the others.

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
        # The least-squares solution is the part within the span, even if the others are linearly dependent.
        within = others.T @ torch.linalg.pinv(others.T) @ direction.double()
        rest = direction - within.float()
        if float(rest.norm()) < _MIN_LEFT:
            raise NoDirectionError("it cannot be told from the others: leave one of them out")
        found.append(F.normalize(rest, dim=0))
    return torch.stack(found)


def smallest_step(flipped: Callable[[float], float], longest: float, wanted: float = 0.5) -> float:
    """Searches the smallest step length at which a given share of the samples gains the attribute.

    Args:
        flipped: length of the step -> share of the samples that flip, which grows with the length.
        longest: maximum length.
        wanted: share of samples, 0 ... 1.

    Returns:
        The length, too large by a few percent at most.

    Raises:
        NoDirectionError: too few samples flip at the maximum length.
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
