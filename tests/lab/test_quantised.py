"""Weights of 8 and 4 bits against the definition, number by number, and against the model they came from."""

import pytest
import torch

from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder
from smallmodels.lab.quantised import GROUP, QuantisedLinear, quantise
from smallmodels.lab.train import initialise


@pytest.mark.parametrize(("bits", "group"), [(8, 256), (4, GROUP)])
def test_every_weight_is_the_nearest_level_of_its_group(bits: int, group: int) -> None:
    weight = torch.randn(5, 256, generator=torch.Generator().manual_seed(0))
    weight[2] = 0
    short = QuantisedLinear(weight, bits)
    got = short(torch.eye(256)).T
    largest = 2 ** (bits - 1) - 1
    for row in range(5):
        for start in range(0, 256, group):
            part = weight[row, start : start + group]
            scale = part.abs().max() / largest
            levels = scale * torch.arange(-largest, largest + 1)
            nearest = levels[(part[:, None] - levels).abs().argmin(dim=1)]
            torch.testing.assert_close(got[row, start : start + group], nearest, rtol=1e-5, atol=1e-6)
    assert short.nbytes == 5 * 256 * bits // 8 + 4 * 5 * 256 // group


def test_a_quantised_model_says_almost_the_same() -> None:
    config = Config.tiny(128, head_dim=32, ffn_dim=256, vocab_size=97)
    tokens, off = torch.randint(97, (2, 30), generator=torch.Generator().manual_seed(0)), {}
    for bits in (8, 4):
        model = initialise(Decoder(config), 0).eval()
        with torch.inference_mode():
            exact = model(tokens)
            size = quantise(model, bits)
            off[bits] = float((model(tokens) - exact).norm() / exact.norm())
        assert size == sum(part.nbytes for part in model.modules() if isinstance(part, QuantisedLinear))
    assert 0 < off[8] < 0.03
    assert 3 * off[8] < off[4] < 0.5


def test_what_is_not_quantised_is_refused() -> None:
    with pytest.raises(ValueError, match="or 4 in rows of a multiple of 128; not 4 in rows of 64"):
        QuantisedLinear(torch.ones(3, 64), 4)
    with pytest.raises(ValueError, match="not 5 in rows of 128"):
        QuantisedLinear(torch.ones(3, 128), 5)
    with pytest.raises(ValueError, match="a bias is not quantised"):
        quantise(Decoder(Config.tiny(qkv_bias=True)), 8)
