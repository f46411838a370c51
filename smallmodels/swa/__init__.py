"""How far back can Mistral see?"""

from smallmodels.swa.formulas import (
    attention_flops,
    hops,
    reach,
    visible_pairs,
)
from smallmodels.swa.recorded import (
    ANSWERS,
    LEARNED_PCT,
    NAME_BEHIND,
    Timed,
    by_flops,
    cache_memory,
    gpu_prefill,
    gradient_reach,
    phone_book,
    prefill_time,
    relay,
)
from smallmodels.swa.tables import (
    LATER,
    LONGEST,
    cache_by_context,
    connections,
    effective_context,
    mask,
    reach_by_layer,
)

__all__ = [
    "ANSWERS",
    "LATER",
    "LEARNED_PCT",
    "LONGEST",
    "NAME_BEHIND",
    "Timed",
    "attention_flops",
    "by_flops",
    "cache_by_context",
    "cache_memory",
    "connections",
    "effective_context",
    "gpu_prefill",
    "gradient_reach",
    "hops",
    "mask",
    "phone_book",
    "prefill_time",
    "reach",
    "reach_by_layer",
    "relay",
    "visible_pairs",
]
