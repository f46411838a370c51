"""How far back can Mistral see?

Chapter 04. Reach, hops and pairs of windowed attention are `formulas`; `tables` count with them, and
`recorded` shows what was measured.
"""

from smallmodels.swa.formulas import attention_flops, effective_length, hops, reach, visible_pairs
from smallmodels.swa.recorded import (
    cache_memory,
    echoes,
    gpu_prefill,
    gradient_reach,
    phone_book,
    prefill_time,
    relay,
)
from smallmodels.swa.records import (
    ANSWERS,
    LEARNED_PCT,
    NAME_BEHIND,
    Context,
    Depth,
    Fading,
    Held,
    Joined,
    Prompt,
    Recalled,
    Sight,
    fadings,
    prompts,
    recalled,
)
from smallmodels.swa.tables import (
    LONGEST,
    cache_by_context,
    connections,
    effective_context,
    mask,
    reach_by_layer,
)

__all__ = [
    "ANSWERS",
    "LEARNED_PCT",
    "LONGEST",
    "NAME_BEHIND",
    "Context",
    "Depth",
    "Fading",
    "Held",
    "Joined",
    "Prompt",
    "Recalled",
    "Sight",
    "attention_flops",
    "cache_by_context",
    "cache_memory",
    "connections",
    "echoes",
    "effective_context",
    "effective_length",
    "fadings",
    "gpu_prefill",
    "gradient_reach",
    "hops",
    "mask",
    "phone_book",
    "prefill_time",
    "prompts",
    "reach",
    "reach_by_layer",
    "recalled",
    "relay",
    "visible_pairs",
]
