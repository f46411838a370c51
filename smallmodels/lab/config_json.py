"""`config.json` as transformers writes it: every key is understood, without effect, or refused by name.

    understood    sizes, rotary positions and their scaling, windows and layers: they become a `Config`
    checked       keys that would change the architecture: they must have the one value that it has
    no effect     names, versions, settings of training and of sampling: any value
    refused       everything else, in one sentence that says what is supported

A key that is absent has the default of its model type in transformers, which is not the same for all.
"""

import json
from pathlib import Path
from textwrap import shorten
from typing import Any, NoReturn

from smallmodels.lab.config import Config, RopeScaling

Given = dict[str, Any]

# What each type of model takes for a key that is absent. Its other keys: ROPE, CHECKED, NO_EFFECT.
_LLAMA: Given = {
    "vocab_size": 32_000,
    "hidden_size": 4096,
    "intermediate_size": 11_008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": None,
    "head_dim": None,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "hidden_act": "silu",
}
_MISTRAL = _LLAMA | {
    "intermediate_size": 14_336,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
    "sliding_window": 4096,
}
_QWEN2 = _LLAMA | {
    "vocab_size": 151_936,
    "intermediate_size": 22_016,
    "num_key_value_heads": 32,
    "max_position_embeddings": 32_768,
    "use_sliding_window": False,
    "sliding_window": 4096,
    "max_window_layers": 28,
    "layer_types": None,
}
TYPES = {
    "llama": _LLAMA | {"attention_bias": False, "mlp_bias": False},
    "mistral": _MISTRAL,
    "ministral": _MISTRAL | {"layer_types": None},
    "qwen2": _QWEN2,
    "qwen3": _QWEN2 | {"head_dim": 128, "attention_bias": False},
}

# Keys that may say only this, whatever the type; `layer_types` of the first two types: see `_windows`.
CHECKED: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("silu", "swish"),  # two names of one function
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "partial_rotary_factor": (1.0,),
    "is_causal": (True,),
    "is_encoder_decoder": (False,),
    "quantization_config": (None,),  # weights are read in FP32, FP16 and BF16
    "use_mrope": (False,),
}
ROPE = ("rope_theta", "rope_scaling", "rope_parameters")

# Names and versions, training, sampling and the shape of what is returned: the logits do not depend on them.
NO_EFFECT = set(
    """
    model_type architectures transformers_version _name_or_path name_or_path _commit_hash dtype torch_dtype
    initializer_range attention_dropout use_cache pretraining_tp max_sequence_length
    bos_token_id eos_token_id pad_token_id unk_token_id id2label label2id num_labels problem_type
    output_attentions output_hidden_states return_dict chunk_size_feed_forward
    do_sample temperature top_k top_p max_length
    """.split()  # noqa: SIM905 (a list would fill the screen)
)

_COUNTS = {  # our name of a whole number, and theirs
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "ffn_dim": "intermediate_size",
    "sliding_window": "sliding_window",
}
_LAYER_TYPES = ("full_attention", "sliding_attention")


def read(folder: str | Path) -> Config:
    """The decoder that a folder's `config.json` describes; ValueError, in one sentence, for any other."""
    given = read_json(Path(folder) / "config.json")
    kind = given.get("model_type")
    if not isinstance(kind, str) or kind not in TYPES:
        _refuse("model_type", kind, f"one of {', '.join(TYPES)}")
    _require_known(given, kind)
    full = TYPES[kind] | {key: value for key, value in given.items() if key in TYPES[kind]}
    for key, value in full.items():
        _require_type(key, value, may_be_null=TYPES[kind][key] is None or key == "sliding_window")
    for key, allowed in CHECKED.items():
        if (value := given.get(key, allowed[0])) not in allowed:
            _refuse(key, value, " or ".join(map(json.dumps, allowed)))
    return _config(given, full, kind)


def read_json(path: Path) -> Given:
    """The object in a JSON file; ValueError when there is no such file, or something else in it."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"There is no {path.name} in {path.parent}.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise ValueError(f"{path} holds no JSON object.")
    return given


def write(config: Config) -> Given:
    """What `config.json` would say of a decoder, in the type of model that has its parts.

    Raises ValueError for parts that no one type has together.
    """
    if config.qkv_bias and config.qk_norm:
        raise ValueError("No type of model has both qkv_bias and qk_norm; leave one out to save this one.")
    kind = "qwen2" if config.qkv_bias else "qwen3" if config.qk_norm else ""
    plain = "ministral" if config.full_layers else "mistral" if config.sliding_window else "llama"
    given = {
        "model_type": kind or plain,
        "hidden_act": "silu",
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "intermediate_size": config.ffn_dim,
        "sliding_window": config.sliding_window,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tied,
        "rope_parameters": _rope_parameters(config),
    }
    if kind or config.full_layers:
        given["layer_types"] = [_LAYER_TYPES[window is not None] for window in config.windows]
    if kind:
        given["use_sliding_window"] = config.sliding_window is not None
    return given


def _require_known(given: Given, kind: str) -> None:
    for key, value in given.items():
        if key == "layer_types" and key not in TYPES[kind]:
            continue  # `_windows` says what it may be
        if key == "sliding_window" and key not in TYPES[kind]:
            if value is not None:
                _refuse(key, value, f"null for a {kind} model, which has no windows")
        elif key not in TYPES[kind] and key not in CHECKED and key not in ROPE and key not in NO_EFFECT:
            _refuse(key, value, f"absent: this decoder does not know that key of a {kind} model")


def _require_type(key: str, value: Any, *, may_be_null: bool) -> None:
    if value is None:
        if not may_be_null:
            _refuse(key, value, "given a value, or left out")
    elif key in (*_COUNTS.values(), "max_position_embeddings") and not (_whole(value) and value > 0):
        _refuse(key, value, "a whole number, 1 or more")
    elif key == "max_window_layers" and not _whole(value):
        _refuse(key, value, "a whole number")
    elif key in ("tie_word_embeddings", "use_sliding_window") and not isinstance(value, bool):
        _refuse(key, value, "true or false")


def _config(given: Given, full: Given, kind: str) -> Config:
    shape: Given = {ours: full.get(theirs) for ours, theirs in _COUNTS.items()}
    heads, width = shape["n_heads"], shape["d_model"]
    if shape["head_dim"] is None and width % heads:
        _refuse("head_dim", None, f"given where {heads} heads do not divide a hidden_size of {width}")
    theta, scaling = _rope(given, full)
    window, full_layers = _windows(given, full, kind)
    return Config(
        **{
            **shape,
            "n_kv_heads": shape["n_kv_heads"] or heads,
            "head_dim": shape["head_dim"] or width // heads,
            "sliding_window": window,
        },
        full_layers=full_layers,
        rope_theta=theta,
        rope_scaling=scaling,
        norm_eps=full["rms_norm_eps"],
        qkv_bias=kind == "qwen2",
        qk_norm=kind == "qwen3",
        tied=full["tie_word_embeddings"],
    )


def _windows(given: Given, full: Given, kind: str) -> tuple[int | None, tuple[int, ...]]:
    """The window, and the layers that see all in spite of it."""
    n, window = full["num_hidden_layers"], full.get("sliding_window")
    if not full.get("use_sliding_window", True):
        window = None
    types = given.get("layer_types")
    if types is None:
        first = full.get("max_window_layers", 0)  # the layers from this one on have the window
        types = [_LAYER_TYPES[window is not None and i >= first] for i in range(n)]
    elif not isinstance(types, list) or len(types) != n or not set(types) <= set(_LAYER_TYPES):
        _refuse("layer_types", types, f"a list of {n} (num_hidden_layers) of {' and '.join(_LAYER_TYPES)}")
    same = kind in ("llama", "mistral")  # all their layers are alike, whatever is said of them
    if (same and set(types) != {_LAYER_TYPES[window is not None]}) or (
        window is None and _LAYER_TYPES[1] in types
    ):
        _refuse("layer_types", types, f"what a {kind} model with sliding_window = {window} can have")
    full_layers = tuple(i for i, layer in enumerate(types) if layer == _LAYER_TYPES[0])
    return (None, ()) if len(full_layers) == n else (window, full_layers)


def _rope(given: Given, full: Given) -> tuple[Any, RopeScaling | None]:
    """Theta and scaling, by the new spelling (`rope_parameters`) or the old (`rope_scaling`, which wins)."""
    where = "rope_scaling" if given.get("rope_scaling") else "rope_parameters"
    rope = {} if given.get(where) is None else given[where]
    if not isinstance(rope, dict):
        _refuse(where, rope, "an object")
    kind = rope.get("rope_type", rope.get("type", "default"))
    if not isinstance(kind, str) or kind not in _SCALINGS:
        _refuse(f"{where}.rope_type", kind, f"one of {', '.join(_SCALINGS)}")
    needed = _SCALINGS[kind]
    for key, value in rope.items():
        if key not in {*needed, "rope_type", "type", "rope_theta"} and (key, value) != (
            "partial_rotary_factor",
            1,
        ):
            _refuse(f"{where}.{key}", value, f"absent where rope_type is {kind!r}")
    values: Given = {key: rope.get(key) for key in needed}
    if "original_max_position_embeddings" in needed and "original_max_position_embeddings" not in rope:
        values["original_max_position_embeddings"] = full["max_position_embeddings"]
    if None in values.values():
        _refuse(f"{where}.{next(k for k, v in values.items() if v is None)}", None, f"given for {kind!r}")
    theta = rope.get("rope_theta", given.get("rope_theta", 10_000.0))
    return theta, RopeScaling(**{_OURS[key]: value for key, value in values.items()}) if needed else None


_OURS = {
    "factor": "factor",
    "original_max_position_embeddings": "trained_length",
    "low_freq_factor": "low_freq_factor",
    "high_freq_factor": "high_freq_factor",
}
_SCALINGS = {"default": (), "linear": ("factor",), "llama3": tuple(_OURS)}


def _rope_parameters(config: Config) -> Given:
    scaling = config.rope_scaling
    kind = "default" if scaling is None else "linear" if scaling.trained_length is None else "llama3"
    values = {key: getattr(scaling, _OURS[key]) for key in _SCALINGS[kind]}
    return {"rope_type": kind, "rope_theta": config.rope_theta, **values}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(key: str, value: Any, allowed: str) -> NoReturn:
    shown = shorten(json.dumps(value), 80, placeholder=" ...")
    raise ValueError(f"config.json: {key} is {shown}; it must be {allowed}.")
