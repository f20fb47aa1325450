"""Refinement of a direction by the gradient of a classifier.

The normal of a linear boundary limits only linear side effects on other attributes. Here the step itself is fitted, so
that it adds the attribute and leaves all other predictions unchanged.

References:
    A. Jahanian et al., "On the 'steerability' of generative adversarial networks", ICLR 2020, Equation 1: a linear
    path in latent space that minimises a loss of the images at its end. Their loss compares pixels; this one compares
    the predictions of a classifier.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 150
_BATCH = 32
_LEARNING_RATE = 0.05
_KEEP = 10.0  # weight of changes of the other predictions, relative to the attribute's own loss
_REACH = (0.7, 1.3)  # range of random factors of the step, since clients use various weights
_SEED = 13


def refine(
    generator: nn.Module,
    classifier: Callable[[Tensor], Tensor],
    latents: Tensor,
    step: Tensor,
    column: int,
    named: Sequence[int],
) -> Tensor:
    """Fits a step to samples without an attribute.

    Args:
        generator: (N, z_dim) -> (N, C, H, W), in evaluation mode.
        classifier: (N, C, H, W) -> (N, A) logits, above 0 if an image has an attribute; not the reporting one.
        latents: (N, z_dim) float32, of samples without the attribute.
        step: initial step, (z_dim,) float32, that flips about half of the samples.
        column: index of the attribute in the classifier's output.
        named: columns whose changes have a larger weight; `column` is ignored.

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
