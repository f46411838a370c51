"""The window's arithmetic, asked of the model itself: gradients end exactly where the formula ends."""

import pytest
import torch

from smallmodels import attention
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder
from smallmodels.lab.tasks import gradient_by_distance


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
@pytest.mark.parametrize("window", [1, 2, 8])
def test_gradient_is_zero_beyond_the_reach_and_not_before(n_layers: int, window: int) -> None:
    torch.manual_seed(0)
    decoder = Decoder(Config.tiny(n_layers=n_layers, sliding_window=window)).double()
    sizes = gradient_by_distance(decoder, torch.randint(27, (4, 40)))
    reach = attention.reach(n_layers, window)
    assert all(size > 0 for size in sizes[: reach + 1])
    assert all(size == 0 for size in sizes[reach + 1 :])
