"""A model at work on a card: what its weights and its cache weigh, and whether the card holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from smallmodels import facts, gqa
from smallmodels.arguments import checked
from smallmodels.facts import Gpu, Model
from smallmodels.memory.formulas import (
    GB,
    MOST_SEQUENCES,
    MOST_TOKENS,
    check_precision,
    parameters,
    weight_bytes,
    windowed_layers,
)

CACHE_PRECISION = "FP16"  # the cache stays in FP16 when the weights are quantised
CARDS = tuple(gpu.name for gpu in facts.gpus())
POST_MODELS = tuple(cost.model for cost in facts.post_costs())  # in the order of the post's fifth table


def countable(shape: Model) -> bool:
    """Whether a shape says all there is to count: not where positions are learned, as GPT-3's are.

    >>> countable(facts.model("Mistral 7B")), countable(facts.model("GPT-3 175B"))
    (True, False)
    """
    return shape.rope_theta is not None


# Every model whose parameters can be counted, the post's first.
MODELS = tuple(dict.fromkeys((*POST_MODELS, *(shape.name for shape in facts.models() if countable(shape)))))


def model_parameters(shape: Model) -> int:
    """Parameters of a model in `data/`, exactly; `ValueError` where its positions are learned (GPT-3).

    >>> model_parameters(facts.model("Llama 2 13B"))
    13015864320
    """
    if not countable(shape):
        raise ValueError(f"{shape.name} learns its positions and biases; this count leaves them out.")
    return parameters(
        n_layers=shape.n_layers,
        d_model=shape.d_model,
        n_heads=shape.n_heads,
        n_kv_heads=shape.n_kv_heads,
        head_dim=shape.head_dim,
        ffn_dim=shape.ffn_dim,
        ffn_matrices=shape.ffn_matrices,
        n_experts=shape.n_experts,
        qkv_bias=shape.qkv_bias,
        qk_norm=shape.qk_norm,
        norms_per_layer=shape.norms_per_layer,
        vocab_size=shape.vocab_size,
        tied=shape.tied,
    )


def read_parameters(shape: Model) -> int:
    """Parameters one decoding step multiplies with: all but the input embedding, of which it looks up rows.

    A tied embedding is the output matrix too and is read. `ValueError` for a mixture of experts, which reads
    only the experts that the router picks.

    >>> read_parameters(facts.model("Mistral 7B"))
    7110660096
    """
    if shape.n_experts > 1:
        raise ValueError(f"{shape.name} reads only the experts it picks; choose a model without experts.")
    return model_parameters(shape) - (0 if shape.tied else shape.vocab_size * shape.d_model)


def held_tokens(shape: Model, context: int) -> int:
    """Cached tokens summed over the layers, after `context` of them: where a layer has a window, that many.

    >>> held_tokens(facts.model("Llama 2 7B"), 8192), held_tokens(facts.model("Mistral 7B"), 8192)
    (262144, 131072)
    """
    windowed = windowed_layers(shape.n_layers, shape.sliding_every)
    rolling = gqa.cached_tokens(context, shape.sliding_window)
    return windowed * rolling + (shape.n_layers - windowed) * context


def cache_bytes(shape: Model, context: int, batch: int = 1) -> float:
    """Bytes of a batch's keys and values in FP16, counting shared heads and the layers that have a window.

    `context` is 0 to 2^20 tokens, `batch` 1 to 4,096 sequences; `ValueError` outside.

    >>> cache_bytes(facts.model("Llama 2 7B"), 4096), cache_bytes(facts.model("Mistral 7B"), 4096)
    (2147483648, 536870912)
    """
    check_load(batch, context)
    value = gqa.bytes_per_value(CACHE_PRECISION)
    each = gqa.kv_bytes_per_token(1, shape.n_kv_heads, shape.head_dim, value)
    return gqa.kv_cache_bytes(each, held_tokens(shape, context), batch)


def check_load(batch: int, context: int) -> None:
    """Raises `ValueError` for a batch or a context outside what is shown, or not whole."""
    if not _whole(batch, 1, MOST_SEQUENCES):
        raise ValueError(f"The batch is {batch}; choose a whole number from 1 to {MOST_SEQUENCES:,}.")
    if not _whole(context, 0, MOST_TOKENS):
        raise ValueError(f"The context is {context}; choose a whole number from 0 to {MOST_TOKENS:,} tokens.")


def _whole(n: Any, low: int, high: int) -> bool:
    # NumPy's whole numbers are whole numbers; True is none.
    return not isinstance(n, bool) and hasattr(n, "__index__") and bool(low <= n <= high)


def unrolled(shape: Model) -> Model:
    """The shape as a program has it that keeps every token, whatever the window lets the model see."""
    return replace(shape, sliding_window=None, sliding_every=None)


def card_of(gpu: Gpu | str) -> Gpu:
    """A card of `data/`, given as its record or by its name; `ValueError` for anything else.

    >>> card_of("L4") == card_of(facts.gpu("L4"))
    True
    """
    return gpu if isinstance(gpu, Gpu) else _card_named(gpu)


@checked
def _card_named(gpu: str) -> Gpu:
    return facts.gpu(gpu)


@dataclass(frozen=True, slots=True)
class Load:
    """What a card is to hold: a model's weights in a precision, and a batch with so many tokens in each."""

    shape: Model
    precision: str
    batch: int
    context: int

    @property
    def weight_bytes(self) -> float:
        """Bytes of all weights, the input embedding too."""
        return weight_bytes(model_parameters(self.shape), self.precision)

    @property
    def cache_bytes(self) -> float:
        """Bytes of every sequence's keys and values, windows rolling."""
        return cache_bytes(self.shape, self.context, self.batch)

    @property
    def total_bytes(self) -> float:
        """Bytes of weights and cache together; what a program needs beside them is not counted."""
        return self.weight_bytes + self.cache_bytes

    @property
    def kept_bytes(self) -> float:
        """Bytes of the cache in a program that keeps every token, where that is more; else the same."""
        return cache_bytes(unrolled(self.shape), self.context, self.batch)

    def fits(self, card: Gpu | str) -> bool:
        """Whether a card, given as its record or by its name, holds weights and cache."""
        return self.total_bytes <= card_of(card).memory_bytes

    def keeping_fits(self, card: Gpu | str) -> bool:
        """Whether it also does where the program keeps every token."""
        return self.weight_bytes + self.kept_bytes <= card_of(card).memory_bytes

    def largest_batch(self, card: Gpu | str) -> int | None:
        """Sequences of this length that fit beside the weights; 0 if not one does, None if none takes room.

        >>> Load(facts.model("Llama 2 13B"), "FP16", 1, 4096).largest_batch(facts.gpu("A100 40GB SXM"))
        5
        """
        free = card_of(card).memory_bytes - self.weight_bytes
        each = cache_bytes(self.shape, self.context)
        if free < 0:
            return 0
        return int(free // each) if each else None


def loads(models: Sequence[str], precision: str, batch: int, context: int) -> list[Load]:
    """The same load for each of these models of `data/`; `ValueError` for a name or load there is none of."""
    check_precision(precision)
    check_load(batch, context)
    return [Load(facts.model(name), precision, batch, context) for name in models]


def smallest_card(needed: float) -> Gpu | None:
    """The card with the least memory that holds so many bytes, the slower of two; None if none here does."""
    enough = [gpu for gpu in facts.gpus() if gpu.memory_bytes >= needed]
    return min(enough, key=lambda gpu: (gpu.memory_bytes, gpu.bandwidth_gb_s), default=None)


def fit(total: float, card: Gpu) -> str:
    """Whether a card holds so many bytes: "yes", "no", or "just" if only because its GB are GiB.

    >>> [fit(n * GB, facts.gpu("RTX 4090")) for n in (24, 25, 26)]
    ['yes', 'just', 'no']
    """
    if total > card.memory_bytes:
        return "no"
    return "just" if total > card.memory_gb * GB else "yes"


def doubts(card: Gpu) -> tuple[str, ...]:
    """A note on a card whose figures were not all read in their source; none on the others.

    >>> doubts(facts.gpu("T4"))
    ()
    """
    if card.verified == "yes":
        return ()
    read = "Some figures" if card.verified == "partly" else "The figures"
    return (f"{read} of the {card.name} are not read in a data sheet: {card.note}.",)
