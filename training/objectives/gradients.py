"""Gradients of a network's scores with respect to its input images, for the gradient penalties."""

import torch
from torch import Tensor


def gradient_norms(scores: Tensor, images: Tensor) -> Tensor:
    """(N,): the norm of each image's gradient of its own score.

    Args:
        scores: (N, 1), computed from `images` without layers that mix images.
        images: (N, C, H, W), requires grad.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    norms: Tensor = gradients.flatten(1).norm(dim=1)
    return norms
