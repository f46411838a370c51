"""What does each part of a Mistral cost, and what does it break?

The page of the small model: its bytes and operations by window, KV heads, bits and context, beside the
losses that were recorded for every setting.
"""

from smallmodels.play.formulas import GROUP, rounded_bytes
from smallmodels.play.recorded import Loss, exact, loss
from smallmodels.play.records import (
    BITS,
    KV_HEADS,
    MOST_WINDOW,
    TEXT_LENGTH,
    TRAINED,
    Setting,
    checkpoint_of,
)
from smallmodels.play.tables import SLIDERS, race, sliders, writer

__all__ = [
    "BITS",
    "GROUP",
    "KV_HEADS",
    "MOST_WINDOW",
    "SLIDERS",
    "TEXT_LENGTH",
    "TRAINED",
    "Loss",
    "Setting",
    "checkpoint_of",
    "exact",
    "loss",
    "race",
    "rounded_bytes",
    "sliders",
    "writer",
]
