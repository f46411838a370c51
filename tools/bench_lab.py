"""What the lab's ways are worth on this machine: against its own limits, and against the strongest peers.

    python tools/bench_lab.py [rounds] [--limit SECONDS]        (`make bench-lab`)

One thread. Absolute times say more about the machine than about the code, so what is printed are ratios from
runs in alternation (median, least and most), and shares of the machine's limits in the same run: a plain read
of memory for decoding, a large matrix product for reading prompts. The last line is one JSON document of all.
What would take longer than the limit (60 s a comparison) gets fewer rounds, and a peer that alone is so slow
is left out and named, so that the whole comes to its end on a busy machine.

Peers: PyTorch's own attention (full, masked, `enable_gqa`, FlexAttention compiled where there is a compiler),
a loop over chunks, and transformers with the same weights and the faster of its attentions.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention as sdpa
from transformers import MistralConfig, MistralForCausalLM, PreTrainedModel
from transformers import logging as transformers_logging

from smallmodels.lab import attention
from smallmodels.lab.config import Config
from smallmodels.lab.experiments import filled, one_step, read_prompt
from smallmodels.lab.measure import alternate, device_name, ratio, seconds
from smallmodels.lab.model import Decoder, load
from smallmodels.lab.train import initialise

HEADS, HEAD_DIM, WINDOW, CACHED = 8, 64, 512, 32_768
LIMIT_S = 60.0  # of processor time, for one comparison
PRODUCT = 1024  # rows and columns of the matrices whose product is a limit
Case = Callable[[], object]
Times = dict[str, list[float]]
Line = tuple[str, dict[str, float]]


def qkv(heads: int, kv_heads: int, n: int, m: int, head_dim: int = HEAD_DIM) -> tuple[Tensor, Tensor, Tensor]:
    """Random queries, keys and values, batch 1."""
    return (
        torch.randn(1, heads, n, head_dim),
        torch.randn(1, kv_heads, m, head_dim),
        torch.randn(1, kv_heads, m, head_dim),
    )


def product() -> Case:
    """A product of two large matrices: the most FLOPs a second that this machine has."""
    a, b = torch.randn(PRODUCT, PRODUCT), torch.randn(PRODUCT, PRODUCT)
    return partial(torch.mm, a, b)


def plain_read(size: int) -> Case:
    """The sum of so many bytes, which are read once."""
    return torch.randn(size // 4).sum


def share(times: Times, way: str, limit: str, work: float, limit_work: float) -> dict[str, float]:
    """How much of the limit's rate a way reaches, round by round."""
    scaled = [taken * work / limit_work for taken in times[limit]]
    return ratio(scaled, times[way])


def affordable(cases: dict[str, Case], rounds: int) -> Times:
    """Times in alternation, of as many rounds as the limit allows (three at least).

    A peer (not the first case) whose one call would take all of that time is left out, and said so.
    """
    once: dict[str, float] = {}
    for name, case in cases.items():
        case()  # what a first call sets up is not the method's
        once[name] = seconds(case)
    first = next(iter(cases))
    kept = {name: case for name, case in cases.items() if name == first or 4 * once[name] <= LIMIT_S}
    for name in cases.keys() - kept.keys():
        print(f"  left out: {name}, {once[name]:.0f} s a call")
    each = sum(once[name] for name in kept)
    return alternate(kept, max(3, min(rounds, int(LIMIT_S / each))))


def windowed_prefill(rounds: int) -> Iterator[Line]:
    """Strips against full attention, a mask, a loop over chunks, and the rate of a matrix product."""
    for heads, kv_heads, n in ((8, 8, 1024), (8, 8, 4096), (8, 8, 16_384), (8, 2, 16_384)):
        q, k, v = qkv(heads, kv_heads, n, n)
        shared = {"enable_gqa": heads != kv_heads}
        mask = attention.visible(n, n, WINDOW)
        cases: dict[str, Case] = {
            "strips": partial(attention.attend, q, k, v, WINDOW),
            "product": product(),
            "full causal": partial(sdpa, q, k, v, is_causal=True, **shared),  # type: ignore[arg-type]
            "n x n mask": partial(sdpa, q, k, v, attn_mask=mask, **shared),
            "loop over chunks": partial(chunk_loop, q, k, v, WINDOW),
        }
        if n == 16_384 and heads == kv_heads and shutil.which("g++"):
            cases["compiled FlexAttention"] = compiled_flex(q, k, v)
        times = affordable(cases, rounds if n < 16_384 else max(3, rounds // 2))
        name = f"prefill, W = {WINDOW}, {heads} heads of {kv_heads}, n = {n:,}"
        for peer in [name for name in times if name not in ("strips", "product")]:
            yield f"{name}: {peer} / strips", ratio(times[peer], times["strips"])
        pairs = int(attention.visible(WINDOW, WINDOW).sum()) + (n - WINDOW) * WINDOW
        work = 4 * pairs * heads * HEAD_DIM
        yield f"{name}: share of a product's rate", share(times, "strips", "product", work, 2 * PRODUCT**3)


def chunk_loop(q: Tensor, k: Tensor, v: Tensor, window: int, chunk: int = 256) -> Tensor:
    """The windowed attention that one writes first: each chunk of queries with the keys it can see."""
    parts = []
    for start in range(0, q.shape[2], chunk):
        end, low = start + chunk, max(0, start - window + 1)
        mask = attention.visible(chunk, end - low, window)
        one, keys, values = q[:, :, start:end], k[:, :, low:end], v[:, :, low:end]
        parts.append(sdpa(one, keys, values, attn_mask=mask, enable_gqa=q.shape[1] != k.shape[1]))
    return torch.cat(parts, dim=2)


def compiled_flex(q: Tensor, k: Tensor, v: Tensor) -> Case:
    """FlexAttention compiled for this shape, with the lab's list of tiles."""
    mask = attention._block_mask(q.shape[2], k.shape[2], WINDOW, q.device)
    return partial(attention.compiled_flex(), q, k, v, block_mask=mask)


def pieces(rounds: int) -> Iterator[Line]:
    """A prompt without a window in pieces, against one piece: attention alone, and all of a model."""
    n = 8192
    q, k, v = qkv(HEADS, HEADS, n, n)
    model = initialise(Decoder(Config.tiny(512, n_heads=8, n_kv_heads=8, sliding_window=None)), 0).eval()
    prompt = torch.randint(27, (1, n))
    for chunk in (128, 512, 2048):
        parts = [
            (q[:, :, i : i + chunk], k[:, :, : i + chunk], v[:, :, : i + chunk]) for i in range(0, n, chunk)
        ]
        times = alternate(
            {
                "one": partial(attention.attend, q, k, v),
                "pieces": lambda parts=parts: [attention.attend(*part) for part in parts],  # type: ignore[misc]
                "model, one": partial(read_prompt, model, prompt),
                "model, pieces": lambda chunk=chunk: model.prefill(prompt, model.cache(1, n), chunk),  # type: ignore[misc]
            },
            rounds,
        )
        name = f"no window, n = {n:,}, pieces of {chunk:,} / one piece"
        yield f"{name}: attention", ratio(times["pieces"], times["one"])
        yield f"{name}: model", ratio(times["model, pieces"], times["model, one"])


def gqa_decode(rounds: int) -> Iterator[Line]:
    """One query against a long cache: fewer KV heads against 32, the peers, and a plain read of the bytes."""
    size = 2 * 8 * CACHED * HEAD_DIM * 4
    cases: dict[str, Case] = {"read": plain_read(size)}
    for kv_heads in (32, 8, 4, 1):
        q, k, v = qkv(32, kv_heads, 1, CACHED)
        cases[f"ours {kv_heads}"] = partial(attention.attend, q, k, v)
        cases[f"packed {kv_heads}"] = partial(attention.packed, q, k, v)
        cases[f"enable_gqa {kv_heads}"] = partial(sdpa, q, k, v, enable_gqa=kv_heads < 32)
        short = (q.bfloat16(), k.bfloat16(), v.bfloat16())
        cases[f"BF16 {kv_heads}"] = partial(attention.attend, *short)
    times = alternate(cases, 2 * rounds)
    for kv_heads in (32, 8, 4, 1):
        name, ours = f"decode, {CACHED:,} cached, 32 heads of {kv_heads}", times[f"ours {kv_heads}"]
        yield (
            f"{name}: share of a plain read",
            share(times, f"ours {kv_heads}", "read", size * kv_heads / 8, size),
        )
        if kv_heads < 32:
            yield f"{name}: 32 KV heads / {kv_heads}", ratio(times["ours 32"], ours)
        for peer in ("packed", "enable_gqa"):
            yield f"{name}: {peer} / ours", ratio(times[f"{peer} {kv_heads}"], ours)
        yield f"{name}: FP32 cache / BF16 cache", ratio(ours, times[f"BF16 {kv_heads}"])


def model_decode(rounds: int) -> Iterator[Line]:
    """A whole step of a model too large for the processor's caches, against a plain read of its bytes."""
    config = Config.tiny(768, vocab_size=256, n_layers=6, n_heads=12, n_kv_heads=4, sliding_window=None)
    model = initialise(Decoder(config), 0).eval()
    for context in (0, 8192):
        size = config.step_bytes(context + 1)
        cases = {"step": partial(one_step, model, filled(model, context)), "read": plain_read(size)}
        times = alternate(cases, 2 * rounds)  # type: ignore[arg-type]
        yield f"model step, {context:,} cached: share of a plain read", ratio(times["read"], times["step"])


def against_transformers(rounds: int) -> Iterator[Line]:
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
    with tempfile.TemporaryDirectory() as folder:
        MistralForCausalLM(config).save_pretrained(folder)
        ours = load(folder)
        peers = {
            f"transformers ({way})": MistralForCausalLM.from_pretrained(  # type: ignore[no-untyped-call]
                folder, attn_implementation=way
            ).eval()
            for way in ("sdpa", "eager")
        }
    for windows in (2, 8, 32):
        prompt = torch.randint(512, (1, windows * window))
        cases: dict[str, Case] = {"ours": partial(read_prompt, ours, prompt)}
        some = [*peers][: 1 if windows > 8 else None]  # the second writes n x n scores for every head
        cases |= {name: partial(peers[name], prompt, logits_to_keep=1) for name in some}
        yield best_peer(f"model prefill, n = {windows}W", affordable(cases, rounds))
    for batch in (1, 8):
        prompt = torch.randint(512, (batch, 16))
        cases = {"ours": partial(ours.generate, prompt, 100, quiet=True)}
        cases |= {name: theirs(peer, prompt) for name, peer in peers.items()}
        yield best_peer(f"model decode, batch {batch}", affordable(cases, rounds))


def theirs(peer: PreTrainedModel, prompt: Tensor) -> Case:
    """A hundred greedy tokens by transformers."""
    settings = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
    return partial(peer.generate, prompt, max_new_tokens=100, **settings)  # type: ignore[misc, operator, arg-type]


def best_peer(name: str, times: Times) -> Line:
    """The peer with the least median, over ours; 0 when none was fast enough to be measured."""
    if len(times) == 1:
        return f"{name}: no peer within the limit", {"median": 0.0, "least": 0.0, "most": 0.0}
    peer = min(
        (way for way in times if way != "ours"), key=lambda way: sorted(times[way])[len(times[way]) // 2]
    )
    return f"{name}: {peer} / ours", ratio(times[peer], times["ours"])


def prefill_memory(n: int = 16_384) -> Iterator[Line]:
    """Peak memory above the inputs, in units of the output; each way in a process of its own."""
    for way in ("strips", "mask"):
        peak = int(subprocess.check_output([sys.executable, __file__, "--peak", way, str(n)], text=True))
        units = peak / (HEADS * n * HEAD_DIM * 4)
        yield f"memory, n = {n:,}: {way} / output", {"median": units, "least": units, "most": units}


@torch.inference_mode()
def print_peak(way: str, n: int) -> None:
    """The bytes by which one call raises this process's peak."""
    q, k, v = qkv(HEADS, HEADS, n, n)
    ways: dict[str, Case] = {
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
    """Run everything, print each figure as it is known, then all as JSON."""
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    conditions = (
        f"{device_name(torch.device('cpu'))}, PyTorch {torch.__version__}, float32, head size {HEAD_DIM}"
    )
    print(f"{conditions}; {rounds} rounds: median [least, most].")
    found = {}
    parts = (
        windowed_prefill(rounds),
        pieces(max(3, rounds // 2)),
        gqa_decode(rounds),
        model_decode(rounds),
        against_transformers(rounds),
        prefill_memory(),
    )
    for part in parts:
        for name, r in part:
            found[name] = r
            print(f"{name:84} {r['median']:6.2f}  [{r['least']:.2f}, {r['most']:.2f}]", flush=True)
    print(json.dumps({"conditions": conditions, **found}))


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rounds", type=int, nargs="?", default=9)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds a comparison may take")
    parser.add_argument(
        "--peak", nargs=2, metavar=("WAY", "TOKENS"), help="print one call's peak memory alone"
    )
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(1)
    given = asked()
    LIMIT_S = given.limit
    if given.peak:
        print_peak(given.peak[0], int(given.peak[1]))
    else:
        main(given.rounds)
