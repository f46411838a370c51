"""The decoder against transformers', with the same weights, and against itself by every way of reading a
text.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, MistralConfig, MistralForCausalLM, PreTrainedModel

from smallmodels import facts, gqa
from smallmodels.lab import attention, checkpoint, measure, model
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config
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


@pytest.mark.parametrize("window", [None, 1, 2, 16, 200])
@pytest.mark.parametrize("rolling", [True, False])
@pytest.mark.parametrize("chunks", [[90], [1] * 90, [7] * 12 + [6], [40, 1, 1, 30, 18], [15, 1, 74]])
def test_every_way_of_reading_is_the_full_forward(
    window: int | None, rolling: bool, chunks: list[int]
) -> None:
    torch.manual_seed(0)
    config = Config.tiny(width=32, vocab_size=97, sliding_window=window)
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


@pytest.mark.parametrize("name", ["Mistral 7B", "Llama 2 7B", "Llama 2 13B", "Llama 2 70B", "Llama 3 8B"])
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
    chosen = [i for i, kind in enumerate(row.values("is")) if "your choice" in str(kind)]
    assert len(chosen) == 1
    assert row.values("token_bytes")[chosen[0]] == per_token
    assert facts.model(name).sliding_window == getattr(config, "sliding_window", None)


def test_prediction_of_flops_is_what_the_profiler_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "attend", reference("none"))  # plain products, which the counter knows
    config = Config.tiny(width=32, sliding_window=None)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        Decoder(config)(torch.zeros(1, 64, dtype=torch.long))
    hidden = 64 * 63 // 2  # pairs that the plain products compute and the mask throws away
    wasted = 4 * hidden * config.n_heads * config.head_dim * config.n_layers
    assert counter.get_total_flops() == config.prefill_flops(64) + wasted


def test_a_rolled_table_of_rotations_reaches_any_position() -> None:
    config = Config.tiny()
    cos, sin = model.rotations(config, 99_990, 20, torch.float32, torch.device("cpu"))
    angle = torch.arange(99_990, 100_010, dtype=torch.float64)[:, None] * 1e4 ** (
        -torch.arange(0, 8, 2).double() / 8
    )
    torch.testing.assert_close(cos.double(), angle.cos(), rtol=0, atol=1e-2)
    assert sin.shape == (20, 4)


def rewritten(folder: Path, to: Path, change: Callable[[dict[str, Tensor]], object]) -> Path:
    """A copy of a checkpoint, in one file, after a change."""
    weights: dict[str, Tensor] = {}
    for file in folder.glob("*.safetensors"):
        weights |= load_file(file)
    change(weights)
    save_file(weights, to / "model.safetensors")
    (to / "config.json").write_text((folder / "config.json").read_text())
    return to


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: w.pop("lm_head.weight"), "lacks 1 weights, lm_head.weight"),
        (lambda w: w.update(extra=torch.zeros(2)), "holds extra"),
        (lambda w: w.update({"model.norm.weight": torch.zeros(5)}), r"has shape \(5,\).* asks for \(64,\)"),
    ],
)
def test_a_wrong_checkpoint_is_refused(
    change: Callable[[dict[str, Tensor]], object], says: str, peers: Peers, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=says):
        load(rewritten(peers("mistral")[1], tmp_path, change))


def test_what_we_write_transformers_reads(tmp_path: Path) -> None:
    torch.manual_seed(3)
    ours = Decoder(Config.tiny(vocab_size=97, sliding_window=16)).eval()
    checkpoint.save(ours, tmp_path)
    assert farthest(ours, MistralForCausalLM.from_pretrained(tmp_path).eval()) < 1e-4
    assert torch.equal(load(tmp_path)(TOKENS), ours(TOKENS))


def test_a_folder_without_weights_is_refused(peers: Peers, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((peers("mistral")[1] / "config.json").read_text())
    with pytest.raises(ValueError, match=r"No model\*\.safetensors"):
        load(tmp_path)


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
    ],
)
def test_a_shape_that_makes_no_decoder_is_refused(changes: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Config.tiny(**changes)


def test_a_full_cache_says_so() -> None:
    decoder = Decoder(Config.tiny(sliding_window=None))
    with pytest.raises(ValueError, match="holds 4 tokens; 5 do not fit"), torch.inference_mode():
        decoder(torch.zeros(1, 5, dtype=torch.long), decoder.cache(1, 4))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("model_type", "gpt2", "model_type"),
        ("attention_bias", True, "attention_bias"),
        ("hidden_act", "gelu", "hidden_act"),
    ],
)
def test_another_architecture_is_refused(
    key: str, value: object, says: str, peers: Peers, tmp_path: Path
) -> None:
    given = json.loads((peers("llama, MHA")[1] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**given, key: value}))
    with pytest.raises(ValueError, match=f"{says} = .* not in this decoder's architecture"):
        checkpoint.read_config(tmp_path)


def test_drawing_is_seeded_and_follows_the_temperature() -> None:
    decoder = Decoder(Config.tiny())
    start = torch.zeros(1, 1, dtype=torch.long)
    draws = [decoder.generate(start, 30, temperature=2.0, seed=s, quiet=True) for s in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    with pytest.raises(ValueError, match="needs a token to start from"):
        decoder.generate(start[:, :0], 3)
