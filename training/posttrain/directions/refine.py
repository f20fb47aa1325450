"""A direction made better by the gradient of what a classifier reads along it. Knows neither files nor names.

The normal of a boundary is the direction in which an attribute changes over all samples; what else changes along it is
only kept down as far as it is linear. Here the step itself is fitted: the attribute has to come, every other reading
has to stay.

References:
    A. Jahanian et al., "On the 'steerability' of generative adversarial networks", ICLR 2020, Equation 1: a linear walk
    that minimises a loss of the images at its end. Theirs compares pixels; this one what a classifier reads.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 150
_BATCH = 32
_LEARNING_RATE = 0.05
_KEEP = 10.0  # how much a change of the other readings counts beside the attribute's own logit
_REACH = (0.7, 1.3)  # the step is taken shorter and longer too, as the service's clients do
_SEED = 13


def refine(
    generator: nn.Module,
    classifier: Callable[[Tensor], Tensor],
    latents: Tensor,
    step: Tensor,
    column: int,
    named: Sequence[int],
) -> Tensor:
    """Fits a step to samples that lack an attribute.

    Args:
        generator: (N, z_dim) -> (N, C, H, W), in evaluation mode.
        classifier: (N, C, H, W) -> (N, A), above 0 where an image has an attribute; not the one that reports.
        latents: (N, z_dim) float32 of samples that lack it.
        step: (z_dim,) to begin with, at whose end about half of them have it.
        column: of the attribute in the classifier's answer.
        named: the columns whose readings count most among those that have to stay; the attribute's own is left out.

    Returns:
        (z_dim,) float32.
    """
    others = [index for index in range(_width(classifier, generator, latents)) if index != column]
    beside = [index for index in named if index != column]
    fitted = step.clone().requires_grad_()
    optimizer = torch.optim.Adam([fitted], lr=_LEARNING_RATE)
    drawn = torch.Generator().manual_seed(_SEED)
    for _ in range(STEPS):
        rows = latents[torch.randint(len(latents), (_BATCH,), generator=drawn)]
        reach = torch.empty(_BATCH, 1).uniform_(*_REACH, generator=drawn)
        with torch.no_grad():
            before = classifier(generator(rows))
        after = classifier(generator(rows + reach * fitted))
        changed = (after.sigmoid() - before.sigmoid()).square()
        loss = F.softplus(-after[:, column]).mean() + _KEEP * changed[:, others].mean()
        loss = loss + (_KEEP * changed[:, beside].mean() if beside else 0.0)
        (gradient,) = torch.autograd.grad(loss, (fitted,))
        fitted.grad = gradient
        optimizer.step()
    return fitted.detach()


def _width(classifier: Callable[[Tensor], Tensor], generator: nn.Module, latents: Tensor) -> int:
    with torch.no_grad():
        return int(classifier(generator(latents[:1])).shape[1])
