"""What does sharing heads buy?

Chapter 03. The bytes of a cache and how heads share them are `formulas`; `tables` count with them, and
`recorded` shows what was measured.
"""

from smallmodels.gqa.formulas import (
    BYTES_PER_VALUE,
    Times,
    bytes_per_value,
    cached_tokens,
    even_sharings,
    fit_times,
    kv_bytes_per_token,
    kv_cache_bytes,
    shared_heads,
)
from smallmodels.gqa.recorded import (
    conversion,
    decode_time,
    gpu_decode,
    gpu_sharing,
    sharing_quality,
)
from smallmodels.gqa.records import (
    KV_HEADS,
    MODELS,
    Cache,
    cache_of,
    card_steps,
    every_layer_alike,
    known_model,
)
from smallmodels.gqa.tables import (
    calculators,
    kv_cache,
    miscounts,
    published_quality,
    sharing,
)

__all__ = [
    "BYTES_PER_VALUE",
    "KV_HEADS",
    "MODELS",
    "Cache",
    "Times",
    "bytes_per_value",
    "cache_of",
    "cached_tokens",
    "calculators",
    "card_steps",
    "conversion",
    "decode_time",
    "even_sharings",
    "every_layer_alike",
    "fit_times",
    "gpu_decode",
    "gpu_sharing",
    "known_model",
    "kv_bytes_per_token",
    "kv_cache",
    "kv_cache_bytes",
    "miscounts",
    "published_quality",
    "shared_heads",
    "sharing",
    "sharing_quality",
]
