"""Rotary positions: every pair of numbers in a head is turned by an angle that grows with the position.

Pair i of a head turns by position x frequency i, and frequency i is theta^(-2i/head_dim): the first pairs
turn fast and tell neighbours apart, the last turn slowly and tell paragraphs apart (Su et al. 2021). A model
made to read longer texts than it was trained on has its slow pairs turned more slowly still
(`config.RopeScaling`).
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from smallmodels.lab.config import Config, RopeScaling


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn every pair of x by its angle, the halves of a head paired as in transformers' weights.

    x is (B, heads, T, head_dim), cos and sin (T, head_dim/2); returns the shape of x.
    """
    a, b = x.chunk(2, dim=-1)  # each (B, heads, T, head_dim/2)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


def rotations(
    config: Config, start: int, n: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions start to start + n - 1, each (n, head_dim/2)."""
    size = 1 << (start + n - 1).bit_length()  # a table for the next power of two serves many steps
    table = (config.head_dim, config.rope_theta, config.rope_scaling, max(size, 64), dtype, device)
    cos, sin = _rotation_table(*table)
    return cos[start : start + n], sin[start : start + n]


@lru_cache(maxsize=8)
def _rotation_table(
    head_dim: int,
    theta: float,
    scaling: RopeScaling | None,
    size: int,
    dtype: torch.dtype,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # the table outlives the call that made it, and may be trained through
        position = torch.arange(size, dtype=torch.float32, device=device)[:, None]
        angle = position / periods(head_dim, theta, scaling, device)
        return angle.cos().to(dtype), angle.sin().to(dtype)  # (size, head_dim/2)


def periods(
    head_dim: int, theta: float, scaling: RopeScaling | None = None, device: torch.device | None = None
) -> Tensor:
    """Positions in which each pair turns by one radian, (head_dim/2,): theta^(2i/head_dim), scaled.

    Linear scaling makes all of them `factor` times as long (Chen et al. 2023). Llama 3.1's leaves the pairs
    alone that turn `high_freq_factor` times or more within the trained length, makes those that turn less
    than `low_freq_factor` times `factor` times as long, and blends the frequencies of those between.
    """
    pair = torch.arange(0, head_dim, 2, dtype=torch.float32, device=device)
    period = theta ** (pair / head_dim)
    if scaling is None:
        return period
    kept = torch.zeros_like(period)  # the share of a pair's frequency that stays as trained
    if scaling.trained_length is not None:
        low, high = scaling.low_freq_factor, scaling.high_freq_factor
        kept = ((scaling.trained_length / (2 * math.pi * period) - low) / (high - low)).clamp(0, 1)
    return period / ((1 - kept) / scaling.factor + kept)
