"""What the weights of a model weigh: exact parameter counts from its shape.

Bytes here are bytes; GB is 10^9 of them and GiB 2^30, and every name that rounds says which.
"""


def layer_parameters(*, d_model: int, n_heads: int, n_kv_heads: int, head_dim: int, ffn_dim: int) -> int:
    """Parameters of one decoder layer: Q and O, shared K and V, a SwiGLU's three matrices, two norms.

    Source: the layer of Touvron et al. 2023 (LLaMA), with the shared heads of Ainslie et al. 2023.

    One of Mistral 7B's 32 layers:

    >>> layer_parameters(d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    218112000
    """
    attention = 2 * d_model * (n_heads + n_kv_heads) * head_dim
    return attention + 3 * d_model * ffn_dim + 2 * d_model


def parameters(
    *,
    n_layers: int,
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    ffn_dim: int,
    vocab_size: int,
    tied: bool = False,
) -> int:
    """Parameters of a Llama-style decoder; `tied` when the output matrix is the input embedding's.

    >>> mistral = dict(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    >>> parameters(**mistral, vocab_size=32000)
    7241732096
    """
    layer = layer_parameters(
        d_model=d_model, n_heads=n_heads, n_kv_heads=n_kv_heads, head_dim=head_dim, ffn_dim=ffn_dim
    )
    return n_layers * layer + d_model + (1 if tied else 2) * vocab_size * d_model
