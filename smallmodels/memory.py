"""What the weights of a model weigh: exact parameter counts from its shape."""

from smallmodels.facts import Model


def layer_parameters(
    *,
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    ffn_dim: int,
    ffn_matrices: int = 3,
    n_experts: int = 1,
    norms_per_layer: int = 2,
    qkv_bias: bool = False,
    qk_norm: str = "none",
) -> int:
    """Parameters of one decoder layer: Q and O, shared K and V, the feed-forward matrices, the norms.

    By default the layer of Touvron et al. 2023 (LLaMA) with the shared heads of Ainslie et al. 2023; experts
    (Jiang et al. 2024) come with a router; `qk_norm` is "none", one norm per "head", or one over the "full"
    width. One of Mistral 7B's 32 layers:

    >>> layer_parameters(d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    218112000
    """
    if qk_norm not in ("none", "head", "full"):
        raise ValueError(f"qk_norm is {qk_norm!r}; it must be none, head or full.")
    attention = 2 * d_model * (n_heads + n_kv_heads) * head_dim
    bias = (n_heads + 2 * n_kv_heads) * head_dim if qkv_bias else 0
    normed = {"none": 0, "head": 2 * head_dim, "full": (n_heads + n_kv_heads) * head_dim}[qk_norm]
    router = n_experts * d_model if n_experts > 1 else 0
    ffn = n_experts * ffn_matrices * d_model * ffn_dim + router
    return attention + bias + normed + ffn + norms_per_layer * d_model


def parameters(
    *, n_layers: int, d_model: int, vocab_size: int, tied: bool = False, **layer: int | bool | str
) -> int:
    """Parameters of a decoder: the layers, the last norm, the embedding, and an output matrix unless `tied`.

    >>> mistral = dict(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    >>> parameters(**mistral, vocab_size=32000)
    7241732096
    """
    layers = n_layers * layer_parameters(d_model=d_model, **layer)  # type: ignore[arg-type]
    return layers + d_model + (1 if tied else 2) * vocab_size * d_model


def model_parameters(shape: Model) -> int:
    """Parameters of a true model, from its shape in `data/`."""
    return parameters(**{name: getattr(shape, name) for name in _SHAPE})


_SHAPE = (
    "n_layers",
    "d_model",
    "vocab_size",
    "tied",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "ffn_dim",
    "ffn_matrices",
    "n_experts",
    "norms_per_layer",
    "qkv_bias",
    "qk_norm",
)
