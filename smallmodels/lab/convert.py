"""Turning a model with a key-value head for every query head into one that shares (Ainslie et al. 2023)."""

import torch
from torch import Tensor

from smallmodels.lab.model import Decoder

WAYS = ("mean", "first", "random")  # a group's new head: the mean of its heads, its first one, or noise


def share_heads(model: Decoder, n_kv_heads: int, way: str, seed: int = 0) -> Decoder:
    """A copy of `model` with fewer key-value heads; every other weight stays.

    "random" draws new heads as large as the old ones. Raises ValueError for an unknown way, or a number
    that the present heads do not divide into.
    """
    config = model.config
    if way not in WAYS or n_kv_heads < 1 or config.n_kv_heads % n_kv_heads:
        raise ValueError(
            f"{config.n_kv_heads} heads become a divisor of them by {', '.join(WAYS)}, not by {way!r}."
        )
    shared = Decoder(config.but(n_kv_heads=n_kv_heads)).to(model.embed.weight)
    chance = torch.Generator().manual_seed(seed)
    state = dict(model.state_dict())
    q_rows, kv_rows = config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim
    for name in state:
        if ".qkv." in name:  # the matrix, and the bias where there is one
            q, k, v = torch.split(state[name], [q_rows, kv_rows, kv_rows])
            parts = (
                _pool(x.view(n_kv_heads, -1, config.head_dim, *x.shape[1:]), way, chance) for x in (k, v)
            )
            state[name] = torch.cat((q, *parts))
    shared.load_state_dict(state)
    return shared


def _pool(heads: Tensor, way: str, chance: torch.Generator) -> Tensor:
    """(n_kv_heads, group, head_dim, ...) to (n_kv_heads * head_dim, ...)."""
    if way == "mean":
        return heads.mean(dim=1).flatten(0, 1)
    first = heads[:, 0].flatten(0, 1)
    if way == "first":
        return first
    return torch.randn(first.shape, generator=chance).to(first) * heads.std()
