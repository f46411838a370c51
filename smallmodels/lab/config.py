"""The shape of a decoder, and what it costs: predictions through the very formulas the chapters show."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from smallmodels import facts, gqa, memory, speed, swa


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
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5
    tied: bool = False  # is the output matrix the embedding's?

    def __post_init__(self) -> None:
        for name in ("vocab_size", "d_model", "n_layers", "n_heads", "n_kv_heads", "head_dim", "ffn_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(f"{self.n_heads} heads cannot share {self.n_kv_heads} evenly; take a divisor.")
        if self.head_dim % 2:
            raise ValueError(f"head_dim is {self.head_dim}; it must be even, for rotations turn pairs.")
        if self.sliding_window is not None and self.sliding_window < 1:
            raise ValueError(f"sliding_window is {self.sliding_window}; it must be 1 or more, or None.")

    @classmethod
    def tiny(cls, width: int = 32, **changes: Any) -> Self:
        """The demos' decoder: 2 layers, 27 characters, 4 heads, 2 of them for keys, window 8, or changed."""
        shape = {"vocab_size": 27, "d_model": width, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2}
        shape |= {"head_dim": width // 4, "ffn_dim": 8 * width // 3 // 8 * 8, "sliding_window": 8}
        return cls(**(shape | changes))

    @classmethod
    def published(cls, name: str) -> Self:
        """A true model's shape, from `data/`: Mistral 7B, Llama 2 7B and 13B, Llama 3 8B and others.

        Raises ValueError for one that is not there, or whose layers are of another kind (experts, biases).
        """
        model = facts.model(name)
        kind = (model.ffn_matrices, model.n_experts, model.qkv_bias, model.qk_norm, model.norms_per_layer)
        if kind != (3, 1, False, "none", 2) or model.sliding_every not in (None, 1):
            raise ValueError(f"The layers of {name} are of another kind than Mistral's and Llama's.")
        return cls(**{f.name: getattr(model, f.name) for f in fields(cls) if hasattr(model, f.name)})

    def but(self, **changes: Any) -> Self:
        """The same shape with some numbers changed."""
        return replace(self, **changes)

    def n_parameters(self) -> int:
        """Parameters, input embedding and output matrix included."""
        shape = asdict(self)
        return memory.parameters(**{k: v for k, v in shape.items() if k not in _NOT_WEIGHTS})

    def kv_bytes_per_token(self, value_bytes: int = 4) -> int:
        """Bytes the cache grows by with one token, until the window is full."""
        return int(gqa.kv_bytes_per_token(self.n_layers, self.n_kv_heads, self.head_dim, value_bytes))

    def cache_slots(self, context: int) -> int:
        """Tokens a rolling cache holds after `context` of them."""
        return gqa.cached_tokens(context, self.sliding_window)

    def kv_cache_bytes(self, context: int, batch: int = 1, value_bytes: int = 4) -> int:
        """Bytes of the rolling cache of `batch` sequences of `context` tokens."""
        return batch * self.cache_slots(context) * self.kv_bytes_per_token(value_bytes)

    def step_bytes(self, context: int, batch: int = 1, value_bytes: int = 4) -> int:
        """Bytes one decoding step reads: every weight but the unused rows of the embedding, and the cache."""
        weights = self._read_parameters() * value_bytes
        return int(speed.step_bytes(weights, self.kv_cache_bytes(context, batch, value_bytes)))

    def prefill_flops(self, length: int) -> int:
        """FLOPs of reading a prompt: two per weight and token, and the two products of attention."""
        pairs = swa.visible_pairs(length, self.sliding_window)
        scores = swa.attention_flops(pairs, self.n_heads, self.head_dim) * self.n_layers
        norms = (2 * self.n_layers + 1) * self.d_model
        return 2 * (self._read_parameters() - norms) * length + scores

    def _read_parameters(self) -> int:
        """Parameters that a step reads: all but an input embedding of its own, which is looked up."""
        return self.n_parameters() - (0 if self.tied else self.vocab_size * self.d_model)


_NOT_WEIGHTS = {"sliding_window", "rope_theta", "norm_eps"}
