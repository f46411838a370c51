"""What does sharing heads buy?"""

from smallmodels.gqa.formulas import (
    BYTES_PER_VALUE,
    bytes_per_value,
    cached_tokens,
    even_sharings,
    kv_bytes_per_token,
    kv_cache_bytes,
    shared_heads,
)
from smallmodels.gqa.recorded import (
    GRAPH,
    STUDENT,
    Timed,
    Times,
    conversion,
    decode_time,
    fit_times,
    gpu_decode,
    gpu_sharing,
    sharing_quality,
)
from smallmodels.gqa.tables import (
    MODELS,
    calculators,
    known_model,
    kv_cache,
    miscounts,
    published_quality,
    sharing,
)

__all__ = [
    "BYTES_PER_VALUE",
    "GRAPH",
    "MODELS",
    "STUDENT",
    "Timed",
    "Times",
    "bytes_per_value",
    "cached_tokens",
    "calculators",
    "conversion",
    "decode_time",
    "even_sharings",
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
