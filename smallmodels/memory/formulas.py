"""Parameters of a decoder and the bytes that hold them: numbers in, numbers out.

Bytes are bytes; GB is 10^9 of them and GiB 2^30, and every name that rounds says which.
"""

from typing import Any

GB, GIB = 1e9, 2**30
# Bits of one weight. The quantised formats hold 32 weights to a block with one FP16 scale, as GGUF's Q8_0 and
# Q4_0 do; what is done to a few layers beside that (a wider output matrix, say) is not counted.
BLOCK = 32
WEIGHT_BITS: dict[str, float] = {"FP16": 16, "INT8": 8 + 16 / BLOCK, "INT4": 4 + 16 / BLOCK}
MOST_SEQUENCES, MOST_TOKENS = 4096, 2**20  # beyond these nothing here was ever run


def layer_parameters(
    *,
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    ffn_dim: int,
    ffn_matrices: int = 3,
    n_experts: int = 1,
    qkv_bias: bool = False,
    qk_norm: str = "none",
    norms_per_layer: int = 2,
) -> int:
    """Parameters of one decoder layer: Q and O, shared K and V, a SwiGLU's three matrices, two norms.

    Experts repeat the feed-forward matrices and add a router; biases of Q, K and V and norms of queries and
    keys (by `head` or in `full` width) are counted where there are any. Source: the layer of Touvron et al.
    2023 (LLaMA), with the shared heads of Ainslie et al. 2023.

    One of Mistral 7B's 32 layers:

    >>> layer_parameters(d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    218112000
    """
    attending = 2 * d_model * (n_heads + n_kv_heads) * head_dim
    feeding = n_experts * ffn_matrices * d_model * ffn_dim + (n_experts * d_model if n_experts > 1 else 0)
    biases = (n_heads + 2 * n_kv_heads) * head_dim if qkv_bias else 0
    normed = {"none": 0, "head": 2, "full": n_heads + n_kv_heads}[qk_norm] * head_dim
    return attending + feeding + biases + normed + norms_per_layer * d_model


def parameters(*, n_layers: int, d_model: int, vocab_size: int, tied: bool = False, **layer: Any) -> int:
    """Parameters of a Llama-style decoder; `tied` when the output matrix is the input embedding's.

    What else is given describes a layer, as in `layer_parameters`.

    >>> mistral = dict(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    >>> parameters(**mistral, vocab_size=32000)
    7241732096
    """
    layers = n_layers * layer_parameters(d_model=d_model, **layer)
    return layers + d_model + (1 if tied else 2) * vocab_size * d_model


def weight_bytes(n_parameters: int, precision: str = "FP16") -> float:
    """Bytes of so many weights in a format of `WEIGHT_BITS`; `ValueError` for another format.

    >>> weight_bytes(32, "FP16"), weight_bytes(32, "INT8"), weight_bytes(32, "INT4")
    (64.0, 34.0, 18.0)
    """
    check_precision(precision)
    return n_parameters * WEIGHT_BITS[precision] / 8


def check_precision(precision: str) -> None:
    """Raises `ValueError` for a format that is not in `WEIGHT_BITS`."""
    if precision not in WEIGHT_BITS:
        raise ValueError(f"There is no precision {precision!r} here; choose one of {', '.join(WEIGHT_BITS)}.")


def windowed_layers(n_layers: int, sliding_every: int | None) -> int:
    """How many layers have a window: all where `sliding_every` is 1, every second where it is 2, else none.

    Raises ValueError for more: "every sixth" is said of models with one window in six layers and of models
    with five, and the two differ five times in their cache.

    >>> windowed_layers(32, 1), windowed_layers(42, 2), windowed_layers(32, None)
    (32, 21, 0)
    """
    if sliding_every is None:
        return 0
    if sliding_every not in (1, 2):
        raise ValueError(
            f"A window in every {sliding_every} layers could mean one of them or all but one; "
            "here it stands in each layer (1) or in every second (2)."
        )
    return n_layers // sliding_every
