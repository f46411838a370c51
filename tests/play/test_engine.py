"""The browser's engine against PyTorch, on the same weights."""

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from engine import DECODER, answers, numbers
from numpy.typing import NDArray

from smallmodels.facts import data_folder
from smallmodels.lab import checkpoint, corpus, model
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import initialise

CLOSE = 1e-4
SMALL_WINDOWS = [*range(1, 65), None]
WINDOWS = (1, 4, 8, 31, 32, 33, 64, None)
TRAINED = sorted(path.parent for path in (data_folder() / "runs").glob("tiny*/model.safetensors"))
TEXT = corpus.invent().text(500, seed=77).tolist()


def loaded(folder: Path, window: int | None) -> Decoder:
    """A checkpoint with another window; the weights know nothing of it."""
    found = model.load(folder)
    changed = Decoder(found.config.but(sliding_window=window)).eval()
    changed.load_state_dict(found.state_dict())
    return changed


@torch.inference_mode()
def logits(folder: Path, window: int | None, tokens: list[int]) -> NDArray[np.float32]:
    """PyTorch's, (n, 27)."""
    return loaded(folder, window)(torch.tensor([tokens]))[0].numpy()


def case(folder: Path, window: int | None, tokens: list[int], **more: Any) -> dict[str, Any]:
    return {"kind": "logits", "folder": str(folder), "window": window, "tokens": tokens, **more}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Untrained models with weights large enough that a wrong one shows, by their KV heads."""
    folders = {}
    for heads in (4, 2, 1):
        config = Config.tiny(n_kv_heads=heads, norm_eps=1e-6, rope_theta=500.0)
        decoder = initialise(Decoder(config), heads)
        with torch.no_grad():
            for weight in decoder.parameters():
                weight.mul_(2.0 if weight.dim() == 2 else 1.3)
        folders[heads] = tmp_path_factory.mktemp(f"heads-{heads}")
        checkpoint.save(decoder, folders[heads])
    return folders


@pytest.mark.parametrize("heads", [4, 2, 1])
def test_every_window_and_sharing_gives_torchs_logits(small: dict[int, Path], heads: int) -> None:
    given = answers([case(small[heads], window, TEXT[:300]) for window in SMALL_WINDOWS])
    for window, got in zip(SMALL_WINDOWS, given, strict=True):
        there = logits(small[heads], window, TEXT[:300])
        assert np.abs(numbers(got, 27) - there).max() < CLOSE, window


@pytest.mark.parametrize("folder", TRAINED, ids=lambda folder: folder.name)
def test_a_trained_checkpoint_gives_torchs_logits(folder: Path) -> None:
    given = answers([case(folder, window, TEXT[:300]) for window in WINDOWS])
    for window, got in zip(WINDOWS, given, strict=True):
        assert np.abs(numbers(got, 27) - logits(folder, window, TEXT[:300])).max() < CLOSE, window


@pytest.mark.parametrize("window", [1, 2, 8, 17])
@pytest.mark.parametrize("heads", [4, 2, 1])
def test_a_rolling_cache_gives_what_a_full_one_does(small: dict[int, Path], heads: int, window: int) -> None:
    """However the text is cut, at every length around the window's edge, and so does PyTorch."""
    edges = [max(1, length) for length in (window - 1, window, window + 1, 2 * window, 3 * window + 1)]
    ways = [([length, 1], rolling) for length in edges for rolling in (True, False)]
    ways += [([1], True), ([3], True), ([16, 5], True), ([80], False)]
    text = TEXT[:80]
    there = logits(small[heads], window, text)
    cases = [case(small[heads], window, text, pieces=pieces, rolling=rolling) for pieces, rolling in ways]
    for way, got in zip(ways, answers(cases), strict=True):
        assert np.abs(numbers(got, 27) - there).max() < CLOSE, way


def test_the_likeliest_text_is_torchs() -> None:
    for folder in TRAINED:
        start = torch.tensor([TEXT[:20]])
        for window in (32, 8):
            there = loaded(folder, window).generate(start, 500, quiet=True)[0, 20:].tolist()
            asked = {"kind": "greedy", "folder": str(folder), "window": window, "tokens": TEXT[:20]}
            assert answers([{**asked, "count": 500}]) == [there], folder.name


def independently_quantised(weights: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Round to nearest with a scale of half precision for each 32 of a row, written a second time."""
    out = np.zeros_like(weights)
    levels = np.float32(2 ** (bits - 1) - 1)
    for row, kept in zip(weights, out, strict=True):
        for group in np.split(np.arange(len(row)), range(32, len(row), 32)):
            scale = np.float32(np.float16(np.abs(row[group]).max() / levels))
            if scale:
                kept[group] = np.clip(np.rint(row[group] / scale), -levels, levels) * scale
    return out


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_quantiser_is_numpys_bit_for_bit(bits: int) -> None:
    chance = np.random.default_rng(bits)
    trained = model.load(TRAINED[0]).layers[0].down.weight.detach().numpy()  # rows that no groups fill
    odd = (chance.standard_normal((3, 70)) * 10.0 ** chance.integers(-6, 3, (3, 70))).astype(np.float32)
    odd[1, :32] = 0
    halves = (np.arange(64, dtype=np.float32).reshape(1, 64) - 31.5) / 4  # ties, to the even one
    for weights in (trained, odd, halves):
        asked = {"kind": "quantised", "weights": weights.ravel().tolist(), "columns": weights.shape[1]}
        (got,) = answers([{**asked, "bits": bits}])
        there = independently_quantised(weights, bits)
        assert np.array_equal(numbers(got), there.ravel())


def test_half_precision_is_numpys() -> None:
    chance = np.random.default_rng(0)
    tried = np.concatenate(
        [
            chance.standard_normal(2000) * 10.0 ** chance.integers(-9, 6, 2000),
            [0, 65504, 65519, 65520, 1e9, 2**-24, 2**-25, 1.5 * 2**-24, 2049, 2051, 6.1e-5],
        ]
    ).astype(np.float32)
    (got,) = answers([{"kind": "halves", "numbers": tried.tolist()}])
    with np.errstate(over="ignore"):
        assert np.array_equal(numbers(got), tried.astype(np.float16).astype(np.float32))


def test_attention_sums_to_one_and_sees_the_window_only(small: dict[int, Path]) -> None:
    asked = {"kind": "attention", "folder": str(small[2]), "window": 8, "tokens": TEXT[:50]}
    (shares,) = answers([asked])
    assert [(layer, head) for layer, head, _ in shares] == [(i, h) for i in range(2) for h in range(4)]
    for _, _, row in shares:
        assert len(row) == 8
        assert sum(row) == pytest.approx(1)


# The engine with one thing wrong: a test that takes it for right would take anything.
FAULTS = {
    "neighbours are paired, not halves": [
        ("for (let at = t * size + i; at", "for (let at = t * size + 2 * i; at"),
        ("[x[at], x[at + half]]", "[x[at], x[at + 1]]"),
        ("x[at + half] = b * cos", "x[at + 1] = b * cos"),
    ],
    "a window one wider": [("position - this.window + 1)", "position - this.window)")],
    "a window one narrower": [("position - this.window + 1)", "position - this.window + 2)")],
    "heads dealt out in turn": [("Math.floor(head / (heads / kvHeads)) *", "(head % kvHeads) *")],
    "gate and up swapped": [
        ("(gate[i] / (1 + Math.exp(-gate[i]))) * up[i]", "(up[i] / (1 + Math.exp(-up[i]))) * gate[i]")
    ],
    "keys not turned": [("    rotate(k, this.shape", "    rotate(k.slice(), this.shape")],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_engine_with_a_fault_is_found_out(small: dict[int, Path], tmp_path: Path, fault: str) -> None:
    text = DECODER.read_text("utf-8")
    for right, wrong in FAULTS[fault]:
        assert right in text, f"the engine no longer says {right}"
        text = text.replace(right, wrong)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "decoder.js").write_text(text, "utf-8")
    asked = case(small[2], 8, TEXT[:40], rolling=False)
    (got,) = answers([asked], tmp_path / "decoder.js")
    assert np.abs(numbers(got, 27) - logits(small[2], 8, TEXT[:40])).max() > 100 * CLOSE


def test_what_the_engine_cannot_do_is_refused_in_a_sentence(tmp_path: Path) -> None:
    known = {
        "model_type": "mistral",
        "hidden_act": "silu",
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
    }
    for change in [
        {"model_type": "qwen3"},
        {"hidden_act": "gelu"},
        {"num_key_value_heads": 3},
        {"rope_parameters": {"rope_type": "linear", "factor": 2}},
    ]:
        (said,) = answers([{"kind": "refusal", "config": {**known, **change}}])
        assert re.fullmatch(r"config\.json: \w+ is .*, which this engine does not compute\.", said)
    whole = (TRAINED[0] / "model.safetensors").read_bytes()
    for damaged in (whole[:5], whole[:100_000], struct.pack("<Q", 1 << 40) + whole[8:]):
        (tmp_path / "model.safetensors").write_bytes(damaged)
        (said,) = answers([{"kind": "opened", "folder": str(tmp_path)}])
        assert said.startswith("The weights are damaged: ")
