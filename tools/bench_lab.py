"""What the lab's ways are worth, as ratios from one alternated run: one thread, float32, median and spread.

    python tools/bench_lab.py [rounds]        (`make bench-lab`)

Absolute times say more about the machine than about the code, so only ratios are printed. The last line is
one JSON document of all of them. Peers: PyTorch's own attention, and transformers with the same weights.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers import MistralConfig, MistralForCausalLM
from transformers import logging as transformers_logging

from smallmodels.lab import attention
from smallmodels.lab.experiments import read_prompt
from smallmodels.lab.measure import alternate, ratio
from smallmodels.lab.model import load

HEADS, HEAD_DIM, WINDOW, CACHED = 8, 64, 512, 32_768
Found = dict[str, dict[str, float]]


def qkv(heads: int, kv_heads: int, n: int, m: int, head_dim: int = HEAD_DIM) -> tuple[Tensor, Tensor, Tensor]:
    """Random queries, keys and values, batch 1."""
    return (
        torch.randn(1, heads, n, head_dim),
        torch.randn(1, kv_heads, m, head_dim),
        torch.randn(1, kv_heads, m, head_dim),
    )


def windowed_prefill(rounds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Strips against full causal attention, and against full attention under an n x n mask."""
    for n in (1024, 4096, 8192, 16_384):
        q, k, v = qkv(HEADS, HEADS, n, n)
        mask = attention.visible(n, n, WINDOW)
        times = alternate(
            {
                "strips": partial(attention.attend, q, k, v, WINDOW),
                "full": partial(sdpa, q, k, v, is_causal=True),
                "mask": partial(sdpa, q, k, v, attn_mask=mask),
            },
            rounds if n < 16_384 else max(3, rounds // 2),
        )
        yield f"prefill, n = {n:,}: full causal / windowed", ratio(times["full"], times["strips"])
        yield f"prefill, n = {n:,}: n x n mask / windowed", ratio(times["mask"], times["strips"])


def gqa_decode(rounds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """One query against a long cache: fewer KV heads against 32, packed queries against `enable_gqa`."""
    cases: dict[str, Callable[[], object]] = {}
    for kv_heads in (32, 8, 4, 1):
        q, k, v = qkv(32, kv_heads, 1, CACHED)
        cases[f"packed {kv_heads}"] = partial(attention.attend, q, k, v)
        if kv_heads in (8, 4):
            cases[f"enable_gqa {kv_heads}"] = partial(sdpa, q, k, v, enable_gqa=True)
    times = alternate(cases, 2 * rounds)
    for kv_heads in (8, 4, 1):
        yield (
            f"decode, 32k cached: 32 KV heads / {kv_heads}",
            ratio(times["packed 32"], times[f"packed {kv_heads}"]),
        )
    for kv_heads in (8, 4):
        name = f"decode, 32k cached, {kv_heads} KV heads: enable_gqa / packed"
        yield name, ratio(times[f"enable_gqa {kv_heads}"], times[f"packed {kv_heads}"])


def against_transformers(rounds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """The whole model, same weights: a prompt in one go, and decoding token by token."""
    window = 256  # as wide as the model, as in Mistral 7B
    config = MistralConfig(
        vocab_size=512,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=2,
        sliding_window=window,
        eos_token_id=None,
        bos_token_id=None,
    )
    peer = MistralForCausalLM(config).eval()
    with tempfile.TemporaryDirectory() as folder:
        peer.save_pretrained(folder)
        ours = load(folder)
    for windows in (2, 8, 32):
        prompt = torch.randint(512, (1, windows * window))
        times = alternate(
            {"ours": partial(read_prompt, ours, prompt), "theirs": partial(peer, prompt, logits_to_keep=1)},
            rounds,
        )
        yield f"model prefill, n = {windows}W: transformers / ours", ratio(times["theirs"], times["ours"])
    for batch in (1, 8):
        prompt = torch.randint(512, (batch, 16))
        settings = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
        cases = {
            "ours": partial(ours.generate, prompt, 100, quiet=True),
            "theirs": partial(peer.generate, prompt, max_new_tokens=100, **settings),
        }
        times = alternate(cases, rounds)
        yield f"model decode, batch {batch}: transformers / ours", ratio(times["theirs"], times["ours"])


def prefill_memory(n: int = 16_384) -> Iterator[tuple[str, dict[str, float]]]:
    """Peak memory above the inputs, in units of the output; each way in a process of its own."""
    for way in ("strips", "mask"):
        peak = int(subprocess.check_output([sys.executable, __file__, "--peak", way, str(n)], text=True))
        share = peak / (HEADS * n * HEAD_DIM * 4)
        yield f"memory, n = {n:,}: {way} / output", {"median": share, "least": share, "most": share}


@torch.inference_mode()
def print_peak(way: str, n: int) -> None:
    """The bytes by which one call raises this process's peak."""
    q, k, v = qkv(HEADS, HEADS, n, n)
    ways: dict[str, Callable[[], object]] = {
        "strips": lambda: attention.attend(q, k, v, WINDOW),
        "mask": lambda: sdpa(q, k, v, attn_mask=attention.visible(n, n, WINDOW)),
    }
    attention.attend(*qkv(1, 1, 700, 700), WINDOW)  # what a first call loads is not the method's
    before = peak_bytes()
    ways[way]()
    print(peak_bytes() - before)


def peak_bytes() -> int:
    """The most memory this process has held so far (Linux; `ru_maxrss` would count its parent's too)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@torch.inference_mode()
def main(rounds: int) -> None:
    """Run everything, print each ratio as it is known, then all as JSON."""
    transformers_logging.set_verbosity_error()
    torch.manual_seed(0)
    print(
        f"One thread, float32, window {WINDOW}, head size {HEAD_DIM}; {rounds} rounds: median [least, most]."
    )
    found: Found = {}
    for part in (
        windowed_prefill(rounds),
        gqa_decode(rounds),
        against_transformers(rounds),
        prefill_memory(),
    ):
        for name, r in part:
            found[name] = r
            print(f"{name:62} {r['median']:6.2f}  [{r['least']:.2f}, {r['most']:.2f}]", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    torch.set_num_threads(1)
    if "--peak" in sys.argv:
        print_peak(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
