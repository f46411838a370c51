"""Formats of weights and windowed layers, against the formats themselves and by hand."""

import re
import struct

import pytest

from smallmodels import memory


def test_blocks_of_quantised_weights():
    """GGUF's own blocks of 32 weights: an FP16 scale and 32 bytes, or 32 halves of a byte."""
    assert memory.weight_bytes(32, "INT8") == struct.calcsize("<e32b")
    assert memory.weight_bytes(32, "INT4") == struct.calcsize("<e16B")


@pytest.mark.parametrize("every", [0, 3, 6, -1])
def test_a_share_of_windowed_layers_that_two_readers_would_take_differently_is_refused(every):
    """Gemma 3 has a window in five layers of six, and "one in six" is how some would write it down."""
    words = f"A window in every {every} layers could mean one of them or all but one"
    with pytest.raises(ValueError, match=re.escape(words)):
        memory.windowed_layers(48, every)
