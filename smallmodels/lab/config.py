"""The shape of a decoder, and what it costs: predictions through the very formulas the chapters show."""

import math
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, Self

from smallmodels import facts, gqa, memory, speed, swa


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """How rotary positions are stretched, see `rotary.periods`. Raises ValueError for what stretches nothing.

    Linear when `trained_length` is None; else Llama 3.1's way, which needs all four numbers.
    """

    factor: float
    trained_length: int | None = None  # positions seen in training
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0

    def __post_init__(self) -> None:
        _require_positive(self, ("factor", "low_freq_factor", "high_freq_factor"))
        if self.trained_length is not None:
            _require_counts(self, ("trained_length",))
        if self.low_freq_factor >= self.high_freq_factor:
            raise ValueError(
                f"low_freq_factor is {self.low_freq_factor}; it must be below high_freq_factor, "
                f"{self.high_freq_factor}."
            )


@dataclass(frozen=True, slots=True)
class Config:
    """A Mistral- or Llama-style decoder. Raises ValueError when the numbers cannot make one."""

    vocab_size: int
    d_model: int  # width of the residual stream
    n_layers: int
    n_heads: int  # query heads
    n_kv_heads: int  # shared key-value heads; n_heads of them is MHA, one is MQA
    head_dim: int  # even: rotary embeddings turn pairs
    ffn_dim: int  # inner width of the SwiGLU
    sliding_window: int | None = None  # keys a query sees, its own included; None sees all
    full_layers: tuple[int, ...] = ()  # layers that see all where the others have the window
    rope_theta: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-5
    qkv_bias: bool = False  # Qwen2's: a number added to every query, key and value
    qk_norm: bool = False  # Qwen3's: queries and keys normalised head by head
    tied: bool = False  # is the output matrix the embedding's?

    def __post_init__(self) -> None:
        _require_counts(self, _SIZES)
        _require_positive(self, ("rope_theta", "norm_eps"))
        if self.n_heads % self.n_kv_heads:
            raise ValueError(f"{self.n_heads} heads cannot share {self.n_kv_heads} evenly; take a divisor.")
        if self.head_dim % 2:
            raise ValueError(f"head_dim is {self.head_dim}; it must be even, for rotations turn pairs.")
        if self.sliding_window is not None:
            _require_counts(self, ("sliding_window",))
        if not set(self.full_layers) <= set(range(self.n_layers if self.sliding_window else 0)):
            raise ValueError(
                f"full_layers is {self.full_layers}; it must name some of {self.n_layers} layers, from 0, of "
                "a model with a window."
            )

    @property
    def windows(self) -> tuple[int | None, ...]:
        """The window of each layer, None where it sees all."""
        return tuple(None if i in self.full_layers else self.sliding_window for i in range(self.n_layers))

    @classmethod
    def tiny(cls, width: int = 32, **changes: Any) -> Self:
        """The demos' decoder: 2 layers, 27 characters, 4 heads, 2 of them for keys, window 8, or changed."""
        shape = {"vocab_size": 27, "d_model": width, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2}
        shape |= {"head_dim": width // 4, "ffn_dim": 8 * width // 3 // 8 * 8, "sliding_window": 8}
        return cls(**(shape | changes))

    @classmethod
    def published(cls, name: str) -> Self:
        """A true model's shape, from `data/`: Mistral 7B, Llama 2 7B and 13B, Llama 3 8B, Qwen3 8B and more.

        Sizes only: its bytes and FLOPs, not the scaling of its positions. Raises ValueError for one that is
        not there, or whose layers are of another kind (experts, other norms, windows in some layers).
        """
        model = facts.model(name)
        kind = (model.ffn_matrices, model.n_experts, model.norms_per_layer)
        if kind != (3, 1, 2) or model.qk_norm == "full" or model.sliding_every not in (None, 1):
            raise ValueError(f"The layers of {name} are of another kind than Mistral's and Llama's.")
        given = {f.name: getattr(model, f.name) for f in fields(cls) if hasattr(model, f.name)}
        return cls(**{**given, "qk_norm": model.qk_norm == "head"})

    def but(self, **changes: Any) -> Self:
        """The same shape with some numbers changed."""
        return replace(self, **changes)

    def n_parameters(self) -> int:
        """Parameters, input embedding and output matrix included."""
        shape = {k: v for k, v in asdict(self).items() if k not in _NOT_WEIGHTS}
        return memory.parameters(**shape, qk_norm="head" if self.qk_norm else "none")

    def kv_bytes_per_token(self, value_bytes: int = 4) -> int:
        """Bytes the cache grows by with one token, until a window is full."""
        return int(gqa.kv_bytes_per_token(self.n_layers, self.n_kv_heads, self.head_dim, value_bytes))

    def cache_slots(self, context: int) -> int:
        """Tokens a rolling cache holds after `context` of them, in a layer with the window."""
        return gqa.cached_tokens(context, self.sliding_window)

    def kv_cache_bytes(self, context: int, batch: int = 1, value_bytes: int = 4) -> int:
        """Bytes of the rolling cache of `batch` sequences of `context` tokens."""
        held = sum(gqa.cached_tokens(context, window) for window in self.windows)  # in all layers
        return batch * held * self.kv_bytes_per_token(value_bytes) // self.n_layers

    def step_bytes(self, context: int, batch: int = 1, value_bytes: int = 4) -> int:
        """Bytes one decoding step reads: every weight but the unused rows of the embedding, and the cache."""
        weights = self._read_parameters() * value_bytes
        return int(speed.step_bytes(weights, self.kv_cache_bytes(context, batch, value_bytes)))

    def prefill_flops(self, length: int) -> int:
        """FLOPs of `Decoder.prefill`: two per weight of a layer and token, attention's, one row of logits.

        Attention counts the pairs that a query sees. The output matrix meets the last state alone.
        """
        pairs = sum(swa.visible_pairs(length, window) for window in self.windows)
        heads = self.n_heads + 2 * self.n_kv_heads
        layer = (heads + self.n_heads) * self.head_dim * self.d_model + 3 * self.d_model * self.ffn_dim
        products = length * self.n_layers * layer + self.vocab_size * self.d_model
        return 2 * products + swa.attention_flops(pairs, self.n_heads, self.head_dim)

    def _read_parameters(self) -> int:
        """Parameters that a step reads: all but an input embedding of its own, which is looked up."""
        return self.n_parameters() - (0 if self.tied else self.vocab_size * self.d_model)


_SIZES = ("vocab_size", "d_model", "n_layers", "n_heads", "n_kv_heads", "head_dim", "ffn_dim")
_NOT_WEIGHTS = {"sliding_window", "full_layers", "rope_theta", "rope_scaling", "norm_eps", "qk_norm"}


def _require_counts(shape: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(shape, name)
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, 1 or more.")


def _require_positive(shape: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(shape, name)
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
            raise ValueError(f"{name} is {value!r}; it must be a number above 0.")
