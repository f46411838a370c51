"""The decoder against transformers', with the same weights, and against itself by every way of reading.

Which checkpoints are read at all is the subject of test_checkpoints.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, MistralConfig, PreTrainedModel

from smallmodels import facts, gqa
from smallmodels.lab import attention, measure, model, rotary, steps
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config, RopeScaling
from smallmodels.lab.model import Decoder, load

Peers = Callable[[str], tuple[PreTrainedModel, Path]]
TOKENS = torch.randint(97, (2, 90), generator=torch.Generator().manual_seed(1))


def farthest(ours: Decoder, peer: PreTrainedModel) -> float:
    """The largest difference of any logit."""
    with torch.inference_mode():
        return float((ours(TOKENS) - peer(TOKENS).logits).abs().max())


def test_logits_equal_transformers(peer: tuple[PreTrainedModel, Path]) -> None:
    theirs, folder = peer
    assert len(list(folder.glob("*.safetensors"))) > 1, "the checkpoint should come in shards"
    assert farthest(load(folder), theirs) < 1e-4


def test_greedy_tokens_equal_transformers(peer: tuple[PreTrainedModel, Path]) -> None:
    theirs, folder = peer
    prompt = TOKENS[:, :23]
    wanted = theirs.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=40, do_sample=False, pad_token_id=0
    )
    assert torch.equal(load(folder).generate(prompt, 40, chunk=9, quiet=True), wanted)


def reference(mutation: str) -> Callable[..., Tensor]:
    """The plain masked attention, with one thing wrong."""

    def attend(q: Tensor, k: Tensor, v: Tensor, window: int | None = None) -> Tensor:
        wider = {"window + 1": 1, "window - 1": -1}.get(mutation, 0)
        mask = attention.visible(q.shape[2], k.shape[2], None if window is None else window + wider)
        group = q.shape[1] // k.shape[1]
        repeat = Tensor.repeat if mutation == "group order" else None
        k, v = (x.repeat(1, group, 1, 1) if repeat else x.repeat_interleave(group, 1) for x in (k, v))
        scores = (q @ k.mT / q.shape[3] ** 0.5).masked_fill(~mask, float("-inf"))
        return scores.softmax(-1) @ v

    return attend


def interleaved(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding with neighbours paired instead of halves."""
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1).flatten(-2)


@pytest.mark.parametrize("mutation", ["none", "window + 1", "window - 1", "group order"])
def test_a_slip_in_attention_shows(mutation: str, peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, folder = peers("mistral")
    monkeypatch.setattr(model, "attend", reference(mutation))
    off = farthest(load(folder), theirs)
    assert off < 1e-4 if mutation == "none" else off > 0.1


def test_interleaved_rotation_shows(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, folder = peers("mistral")
    monkeypatch.setattr(model, "rotate", interleaved)
    assert farthest(load(folder), theirs) > 0.1


def test_another_theta_or_epsilon_shows(peers: Peers) -> None:
    theirs, folder = peers("mistral")
    for changes in ({"rope_theta": 20_000.0}, {"norm_eps": 1e-3}):
        ours = load(folder)
        changed = Decoder(ours.config.but(**changes))
        changed.load_state_dict(ours.state_dict())
        assert farthest(changed, theirs) > 1e-3


@pytest.mark.parametrize("window", [None, 1, 2, 16, 200, "mixed"])
@pytest.mark.parametrize("rolling", [True, False])
@pytest.mark.parametrize("chunks", [[90], [1] * 90, [7] * 12 + [6], [40, 1, 1, 30, 18], [15, 1, 74]])
def test_every_way_of_reading_is_the_full_forward(
    window: int | str | None, rolling: bool, chunks: list[int]
) -> None:
    torch.manual_seed(0)
    mixed = {"sliding_window": 16, "full_layers": (1,), "n_layers": 3} if window == "mixed" else {}
    config = Config.tiny(width=32, vocab_size=97, **{"sliding_window": window, **mixed})
    decoder = Decoder(config)
    with torch.inference_mode():
        whole = decoder(TOKENS)
        cache = decoder.cache(2, 90, rolling=rolling)
        pieces = torch.cat([decoder(piece, cache) for piece in TOKENS.split(chunks, dim=1)], dim=1)
        last = decoder.prefill(TOKENS, decoder.cache(2, 90, rolling=rolling), chunk=13)
    torch.testing.assert_close(pieces, whole, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(last, whole[:, -1], rtol=1e-4, atol=1e-5)


def test_predicted_bytes_are_the_tensors_bytes(peer: tuple[PreTrainedModel, Path]) -> None:
    theirs, folder = peer
    ours = load(folder)
    assert ours.config.n_parameters() == sum(p.numel() for p in theirs.parameters())
    assert ours.config.n_parameters() == sum(p.numel() for p in ours.parameters())
    for context in (1, 10, 400):
        cache = ours.cache(3, context)
        assert cache.nbytes == ours.config.kv_cache_bytes(context, batch=3)
    with torch.inference_mode():
        seen = theirs(TOKENS, use_cache=True).past_key_values
    window = ours.config.sliding_window
    if (
        window is None or window > TOKENS.shape[1]
    ):  # transformers keeps window - 1 otherwise, and makes room as it goes
        held = sum(layer.keys.nbytes + layer.values.nbytes for layer in seen.layers)
        assert held == ours.config.kv_cache_bytes(TOKENS.shape[1], batch=2)


TRUE = (
    "Mistral 7B",
    "Mistral Nemo 12B",
    "Llama 2 7B",
    "Llama 2 13B",
    "Llama 2 70B",
    "Llama 3 8B",
    "Qwen2.5 3B",
    "Qwen2.5 7B",
    "Qwen3 4B",
    "Qwen3 8B",
)


@pytest.mark.parametrize("name", TRUE)
def test_true_models_have_their_published_size(name: str) -> None:
    with torch.device("meta"):
        decoder = Decoder(Config.published(name))
    count = sum(p.numel() for p in decoder.parameters())
    assert count == facts.model(name).params_published == decoder.config.n_parameters()


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("Mistral 7B", MistralConfig()),  # transformers' defaults are the true models' shapes
        ("Llama 2 7B", LlamaConfig()),
    ],
)
def test_shapes_equal_the_defaults_of_transformers(name: str, config: MistralConfig | LlamaConfig) -> None:
    row = gqa.kv_cache(name, facts.model(name).n_kv_heads)
    head_dim = config.hidden_size // config.num_attention_heads
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * head_dim * 2
    chosen = [i for i, kind in enumerate(row.values("kind")) if "your choice" in str(kind)]
    assert len(chosen) == 1
    assert row.values("token_bytes")[chosen[0]] == per_token
    assert facts.model(name).sliding_window == getattr(config, "sliding_window", None)


@pytest.mark.parametrize(
    "config",
    [
        Config.tiny(sliding_window=None),
        Config.tiny(sliding_window=10, full_layers=(1,)),
        Config.tiny(n_heads=8, head_dim=6, qkv_bias=True),
        Config.tiny(qk_norm=True, tied=True),
    ],
)
def test_prediction_of_flops_is_what_the_profiler_counts(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "attend", reference("none"))  # plain products, which the counter knows
    decoder = Decoder(config)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        state = decoder.through(decoder.embed(torch.zeros(1, 64, dtype=torch.long)))
        decoder.head(state[:, -1])  # `prefill` gives the last state's logits alone
    seen = sum(int(attention.visible(64, 64, window).sum()) for window in config.windows)
    wasted = (
        4 * (64 * 64 * config.n_layers - seen) * config.n_heads * config.head_dim
    )  # masked, yet multiplied
    assert counter.get_total_flops() == config.prefill_flops(64) + wasted


def test_a_rolled_table_of_rotations_reaches_any_position() -> None:
    config = Config.tiny()
    cos, sin = rotary.rotations(config, 99_990, 20, torch.float32, torch.device("cpu"))
    angle = torch.arange(99_990, 100_010, dtype=torch.float64)[:, None] * 1e4 ** (
        -torch.arange(0, 8, 2).double() / 8
    )
    torch.testing.assert_close(cos.double(), angle.cos(), rtol=0, atol=1e-2)
    assert sin.shape == (20, 4)


def test_too_little_memory_is_refused_before_anything_is_allocated(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = load(peers("mistral")[1])
    monkeypatch.setattr(measure, "free_bytes", lambda _: 100_000)
    with pytest.raises(ValueError, match=r"The weights need 0\.\d GB and cpu has 0\.0 GB free"):
        load(peers("mistral")[1])
    with pytest.raises(ValueError, match="keys and values need"):
        KVCache(ours.config, batch=64, capacity=10_000)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sliding_window": 0}, "sliding_window is 0"),
        ({"n_kv_heads": 3}, "4 heads cannot share 3 evenly"),
        ({"head_dim": 7}, "must be even"),
        ({"n_layers": 0}, "n_layers is 0"),
        ({"n_layers": 2.0}, r"n_layers is 2.0; it must be a whole number, 1 or more"),
        ({"vocab_size": True}, "vocab_size is True"),
        ({"rope_theta": 0}, "rope_theta is 0; it must be a number above 0"),
        ({"norm_eps": float("nan")}, "norm_eps is nan"),
        ({"full_layers": (2,)}, r"full_layers is \(2,\); it must name some of 2 layers, from 0"),
        ({"full_layers": (0,), "sliding_window": None}, "of a model with a window"),
    ],
)
def test_a_shape_that_makes_no_decoder_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Config.tiny(**changes)


def test_a_full_cache_says_so() -> None:
    decoder = Decoder(Config.tiny(sliding_window=None))
    with pytest.raises(ValueError, match="holds 4 tokens; 5 do not fit"), torch.inference_mode():
        decoder(torch.zeros(1, 5, dtype=torch.long), decoder.cache(1, 4))


def test_drawing_is_seeded_and_follows_the_temperature() -> None:
    decoder = Decoder(Config.tiny())
    start = torch.zeros(1, 1, dtype=torch.long)
    draws = [decoder.generate(start, 30, temperature=2.0, seed=s, quiet=True) for s in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("window", [None, 1, 6, 16, 200, "mixed"])
@pytest.mark.parametrize("rolling", [True, False])
@pytest.mark.parametrize("batch", [1, 2])
def test_steps_over_fixed_slots_give_the_logits_of_the_growing_cache(
    window: int | str | None, rolling: bool, batch: int
) -> None:
    torch.manual_seed(0)
    mixed = {"sliding_window": 6, "full_layers": (0,)} if window == "mixed" else {}
    decoder = Decoder(Config.tiny(vocab_size=97, **{"sliding_window": window, **mixed}))
    with torch.inference_mode():
        eager, fixed = (decoder.cache(batch, 40, rolling=rolling) for _ in "ef")
        for cache in (eager, fixed):
            decoder.prefill(TOKENS[:batch, :11], cache, chunk=4)
        read, step = (
            steps.reader(decoder, cache, way) for cache, way in ((eager, "eager"), (fixed, "fixed"))
        )
        assert isinstance(step, steps.Step)
        for place in range(11, 40):
            token = TOKENS[:batch, place : place + 1]
            step.run()  # done again, or before its time, a step does no harm
            torch.testing.assert_close(step(token), read(token), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="made for 40 tokens; give it a larger capacity"):
        step(token)


def test_a_fixed_step_is_one_graph_for_all_positions() -> None:
    decoder = Decoder(Config.tiny(sliding_window=6, full_layers=(0,), qk_norm=True, qkv_bias=True))
    compiled = 0

    def count(module: torch.fx.GraphModule, _inputs: object) -> Callable[..., Any]:
        nonlocal compiled
        compiled += 1
        return module.forward

    start = TOKENS[:1, :9] % 27
    with torch.inference_mode():
        caches = [decoder.cache(1, 30) for _ in range(2)]
        for cache in caches:
            decoder.prefill(start, cache)
        fixed = steps.Step(decoder, caches[0])
        fixed.run = torch.compile(fixed.run, backend=count, fullgraph=True)
        for place in range(20):
            token = TOKENS[:1, place : place + 1] % 27
            torch.testing.assert_close(fixed(token), decoder(token, caches[1])[:, -1], rtol=1e-4, atol=1e-5)
    assert compiled == 1


def test_ways_of_stepping_generate_the_same_text() -> None:
    torch.manual_seed(0)
    decoder = Decoder(Config.tiny(sliding_window=6)).eval()
    start = TOKENS[:, :9] % 27
    for temperature in (0.0, 1.5):
        eager, fixed = (
            decoder.generate(start, 30, temperature=temperature, way=way, quiet=True)
            for way in ("eager", "fixed")
        )
        assert torch.equal(eager, fixed)
    assert torch.equal(decoder.generate(start, 0, quiet=True), start)
    for way in ("graph", "sideways"):
        with pytest.raises(ValueError, match="Steps on cpu are taken eager, fixed or compiled, not '"):
            decoder.generate(start, 3, way=way)


def test_a_cache_in_bf16_is_half_as_large_and_as_exact_as_bf16() -> None:
    torch.manual_seed(0)
    decoder = Decoder(Config.tiny(width=64, sliding_window=None))
    with torch.inference_mode():
        caches = [decoder.cache(1, 90, dtype=dtype) for dtype in (torch.float32, torch.bfloat16)]
        for cache in caches:
            decoder.prefill(TOKENS[:1, :80] % 27, cache, chunk=32)
        exact, short = (decoder(TOKENS[:1, 80:81] % 27, cache) for cache in caches)
    assert caches[0].nbytes == 2 * caches[1].nbytes == decoder.config.kv_cache_bytes(90)
    assert short.dtype == torch.float32
    assert 0 < float((short - exact).norm() / exact.norm()) < 1e-2


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        (
            torch.zeros(4, dtype=torch.long),
            r"Tokens are whole numbers \(B, T\), .* not torch.int64 of \(4,\)",
        ),
        (torch.zeros(1, 4), "not torch.float32"),
        (torch.zeros(1, 0, dtype=torch.long), r"one or more, not torch.int64 of \(1, 0\)"),
        (torch.zeros(0, 4, dtype=torch.long), r"of \(0, 4\)"),
        (torch.tensor([[3, 27]]), "go from 0 to 26, not from 3 to 27"),
        (torch.tensor([[-1, 5]]), "not from -1 to 5"),
    ],
)
def test_what_are_no_tokens_is_refused_everywhere(tokens: Tensor, says: str) -> None:
    decoder = Decoder(Config.tiny())
    with torch.inference_mode():
        for ask in (
            decoder,
            decoder.hidden,
            lambda t: decoder(t, decoder.cache(1, 9)),
            lambda t: decoder.prefill(t, decoder.cache(1, 9)),
            lambda t: decoder.generate(t, 2, quiet=True),
        ):
            with pytest.raises(ValueError, match=says):
                ask(tokens)


def test_a_cache_for_another_batch_or_shape_is_refused() -> None:
    decoder = Decoder(Config.tiny())
    cache = decoder.cache(2, 9)
    with pytest.raises(ValueError, match="cache for 2 sequences cannot take tokens of 1"):
        decoder(torch.zeros(1, 3, dtype=torch.long), cache)
    one = torch.zeros(1, 2, 3, 8)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 3, 8\) and .* do not fit a cache of \(2, 2, 8, 8\)"):
        cache.extend(0, one, one)
    with pytest.raises(ValueError, match="batch and a capacity of 1 or more, not 0 and 5"):
        decoder.cache(0, 5)
    assert cache.length == 0


def test_a_cache_that_overflows_in_one_layer_is_left_as_it_was() -> None:
    decoder = Decoder(Config.tiny(sliding_window=3, full_layers=(1,)))
    cache = decoder.cache(1, 5)
    with torch.inference_mode():
        decoder(torch.ones(1, 4, dtype=torch.long), cache)
        before = [x.clone() for x in (*cache.k, *cache.v)]
        with pytest.raises(ValueError, match="holds 5 tokens; 6 do not fit"):
            decoder(torch.ones(1, 2, dtype=torch.long), cache)
    assert cache.length == 4
    assert all(torch.equal(a, b) for a, b in zip(before, (*cache.k, *cache.v), strict=True))
    assert [x.shape[2] for x in cache.k] == [3, 5]
    assert cache.nbytes == decoder.config.kv_cache_bytes(5)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temperature": -1.0}, "0 or more, not -1.0 and 3"),
        ({"temperature": float("nan")}, "not nan and 3"),
        ({"n_new": -1}, "not 0.0 and -1"),
        ({"chunk": 0}, "A chunk of 0 tokens reads nothing"),
    ],
)
def test_generation_that_cannot_be_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Decoder(Config.tiny()).generate(torch.zeros(1, 2, dtype=torch.long), **{"n_new": 3, **given})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"factor": 0.0}, "factor is 0.0; it must be a number above 0"),
        ({"factor": "8"}, "factor is '8'"),
        ({"factor": 8.0, "trained_length": 8.5}, "trained_length is 8.5; it must be a whole number"),
        ({"factor": 8.0, "trained_length": 8, "low_freq_factor": 4.0}, "low_freq_factor is 4.0; .* below"),
    ],
)
def test_scaling_that_stretches_nothing_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RopeScaling(**given)


def test_scaled_periods_are_those_of_the_definition() -> None:
    """Pair by pair and in float64, with Llama 3.1's own numbers."""
    theta, dim, scaling = 500_000.0, 128, RopeScaling(8.0, 8192, 1.0, 4.0)
    found = rotary.periods(dim, theta, scaling).double()
    for pair, period in enumerate(found.tolist()):
        turns = 8192 / (2 * math.pi * theta ** (2 * pair / dim))  # within the trained length
        smooth = (turns - 1) / 3
        whole = 1.0 if turns > 4 else 1 / 8 if turns < 1 else (1 - smooth) / 8 + smooth
        assert math.isclose(1 / period, whole / theta ** (2 * pair / dim), rel_tol=1e-5)
    assert torch.allclose(rotary.periods(dim, theta, RopeScaling(3.0)), 3 * rotary.periods(dim, theta))
