"""What decoding reads, and so how fast it can be: bytes per step of weights and cache."""


def step_bytes(weight_bytes: float, kv_bytes: float) -> float:
    """Bytes one decoding step reads: every weight it multiplies with, once, and the keys and values of the
    batch.

    Source: Pope et al. 2022, section 2.1. The input embedding is looked up, not read: leave it out of the
    weights.

    >>> step_bytes(2 * 7_110_660_096, 4096 * 131_072)  # Mistral 7B in FP16 with 4,096 tokens cached
    14758191104
    """
    return weight_bytes + kv_bytes
