"""One setting of the small model, and what it weighs, reads and computes."""

from dataclasses import dataclass
from functools import cached_property

from smallmodels import facts, gqa, speed
from smallmodels.arguments import in_range
from smallmodels.play.formulas import FULL, rounded_bytes

KV_HEADS = (8, 2, 1)  # of the checkpoints
BITS = (16, 8, 7, 6, 5, 4, 3, 2)
MOST_WINDOW = 64
TEXT_LENGTH = 250  # characters of each text that a loss is measured on
TRAINED = (2, 16, 32)  # KV heads, bits and window that a reader begins with
HERE = 4  # bytes of a number in the page's engine, which widens every weight before it multiplies


def checkpoint_of(n_kv_heads: int) -> str:
    """The name of the checkpoint trained with so many KV heads; `ValueError` where none was.

    >>> checkpoint_of(2)
    'tiny-2'
    """
    if n_kv_heads not in KV_HEADS:
        known = ", ".join(map(str, KV_HEADS))
        raise ValueError(f"No small model was trained with {n_kv_heads} KV heads; take one of {known}.")
    return f"tiny-{n_kv_heads}"


@dataclass(frozen=True)
class Setting:
    """KV heads, bits, window (None sees all) and the characters read so far."""

    n_kv_heads: int
    bits: int
    window: int | None
    context: int

    def __post_init__(self) -> None:
        checkpoint_of(self.n_kv_heads)
        if self.bits not in BITS:
            raise ValueError(f"Weights have {', '.join(map(str, BITS))} bits here, not {self.bits}.")
        if self.window is not None:
            in_range(1, MOST_WINDOW, window=self.window)
        in_range(1, 10_000, context=self.context)

    @cached_property
    def shape(self) -> dict[str, int]:
        """The checkpoint's configuration, under transformers' names."""
        return facts.checkpoint(checkpoint_of(self.n_kv_heads))

    @property
    def name(self) -> str:
        """The setting in a few words."""
        window = "no window" if self.window is None else f"window {self.window}"
        heads = f"{self.n_kv_heads} KV head{'' if self.n_kv_heads == 1 else 's'}"
        return f"{heads}, {window}, {self.bits} bits"

    def matrices(self) -> list[tuple[int, int]]:
        """Rows and columns of all that a step multiplies with, the output included."""
        s = self.shape
        width, ffn, size = s["hidden_size"], s["intermediate_size"], s["head_dim"]
        q, kv = s["num_attention_heads"] * size, self.n_kv_heads * size
        layer = [(q, width), (kv, width), (kv, width), (width, q), (ffn, width), (ffn, width), (width, ffn)]
        return layer * s["num_hidden_layers"] + [(s["vocab_size"], width)]

    @property
    def read_weights(self) -> int:
        """Weights that a step multiplies with or scales by: all but the embedding, which is looked up."""
        norms = (2 * self.shape["num_hidden_layers"] + 1) * self.shape["hidden_size"]
        return sum(rows * columns for rows, columns in self.matrices()) + norms

    @property
    def weight_bytes(self) -> float:
        """The whole model: matrices rounded, embedding and norms in FP16."""
        return self.read_bytes + self.shape["vocab_size"] * self.shape["hidden_size"] * FULL / 8

    @property
    def read_bytes(self) -> float:
        """The weights that a step reads."""
        norms = (2 * self.shape["num_hidden_layers"] + 1) * self.shape["hidden_size"]
        return sum(rounded_bytes(*size, self.bits) for size in self.matrices()) + norms * FULL / 8

    def kept_bytes(self, value_bytes: float = 2) -> float:
        """Keys and values in the cache, in FP16 unless numbers of another size are given."""
        s = self.shape
        token = gqa.kv_bytes_per_token(s["num_hidden_layers"], self.n_kv_heads, s["head_dim"], value_bytes)
        return gqa.kv_cache_bytes(token, self.context, sliding_window=self.window)

    @property
    def step_bytes(self) -> float:
        """What one step reads, as stored: weights and cache."""
        return speed.step_bytes(self.read_bytes, self.kept_bytes())

    @property
    def step_bytes_here(self) -> float:
        """What one step reads in the page's engine, which holds every number in four bytes."""
        return speed.step_bytes(HERE * self.read_weights, self.kept_bytes(HERE))

    @property
    def step_flops(self) -> int:
        """Operations of one step: two for each weight, and attention over what the cache holds."""
        s = self.shape
        attended = s["num_hidden_layers"] * gqa.cached_tokens(self.context, self.window)
        return speed.step_flops(self.read_weights, attended, s["num_attention_heads"], s["head_dim"])
