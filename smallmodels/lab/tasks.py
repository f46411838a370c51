"""Small tasks that ask one question each of attention, above all who can still hear of what."""

import torch
from torch import Tensor

from smallmodels.lab.model import Decoder


def gradient_by_distance(model: Decoder, tokens: Tensor) -> list[float]:
    """How strongly the last output depends on the input 0, 1, 2, ... positions back.

    The norm of the gradient of the last position's largest logit by each input embedding, averaged over the
    batch; tokens are (B, T), and T numbers come back.
    """
    x = model.embed(tokens).detach().requires_grad_()  # (B, T, d_model)
    largest = model.head(model.through(x))[:, -1].amax(dim=-1).sum()
    (gradient,) = torch.autograd.grad(largest, x)
    return gradient.norm(dim=-1).mean(dim=0).flip(0).tolist()  # type: ignore[no-any-return]
