"""Heads made to share: merged weights against a slow merge, and a merge that must change nothing."""

import pytest
import torch

from smallmodels.lab.config import Config
from smallmodels.lab.convert import share_heads
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import initialise

MHA = Config.tiny(32, n_heads=4, n_kv_heads=4, head_dim=8)
TOKENS = torch.randint(27, (2, 30), generator=torch.Generator().manual_seed(0))


def kv_head(model: Decoder, kind: int, head: int) -> torch.Tensor:
    """One key (0) or value (1) head's rows of the first layer, (8, 32)."""
    config = model.config
    start = 8 * (config.n_heads + kind * config.n_kv_heads + head)
    return model.get_parameter("layers.0.qkv.weight")[start : start + 8]


def test_mean_and_first_are_what_they_say() -> None:
    model = initialise(Decoder(MHA), 0)
    mean, first = (share_heads(model, 2, way) for way in ("mean", "first"))
    for kind in (0, 1):
        for new in (0, 1):
            old = [kv_head(model, kind, 2 * new + i) for i in (0, 1)]
            torch.testing.assert_close(kv_head(mean, kind, new), (old[0] + old[1]) / 2)
            assert torch.equal(kv_head(first, kind, new), old[0])
    assert torch.equal(
        mean.get_parameter("layers.1.down.weight"), model.get_parameter("layers.1.down.weight")
    )


@pytest.mark.parametrize("way", ["mean", "first"])
def test_merging_heads_that_are_alike_changes_nothing(way: str) -> None:
    model = initialise(Decoder(MHA), 0)
    with torch.no_grad():
        for layer in range(2):
            rows = model.get_parameter(f"layers.{layer}.qkv.weight")[32:].view(2, 2, 2, 8, 32)
            rows[:, :, 1] = rows[:, :, 0]
    torch.testing.assert_close(share_heads(model, 2, way)(TOKENS), model(TOKENS))


def test_noise_is_as_large_as_what_it_replaces() -> None:
    model = initialise(Decoder(MHA), 0)
    new = share_heads(model, 2, "random", seed=1)
    ratio = kv_head(new, 0, 0).std() / kv_head(model, 0, 0).std()
    assert 0.8 < ratio < 1.25
    assert not torch.allclose(kv_head(new, 0, 0), kv_head(model, 0, 0))


@pytest.mark.parametrize(("n", "way"), [(3, "mean"), (2, "median")])
def test_refusals(n: int, way: str) -> None:
    with pytest.raises(ValueError, match="4 heads become a divisor of them by mean, first, random"):
        share_heads(Decoder(MHA), n, way)
