"""The experiments of chapters 03 and 04, each a function from sizes to rows of plain numbers.

The notebooks run them small and `record` runs them in full; both show the rows with the same functions of
`smallmodels.attention`. Sizes are arguments, results are rows, and nothing is timed but what says so. They
run on `device`, the best one there is when none is named; training is in float32 everywhere.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from statistics import median

import torch

from smallmodels import swa
from smallmodels.lab import corpus, tasks
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config
from smallmodels.lab.convert import WAYS, share_heads
from smallmodels.lab.measure import alternate, best_device, best_dtype, graph
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import Trainer, initialise, text_batches, text_loss

Row = dict[str, str | int | float | None]

LENGTH, BATCH = 64, 32  # of a training step on text
WINDOW = 8  # of the tiny models
UNSEEN = 130_000  # characters a loss is measured on
SEQUENCE = 48  # tokens of a task
PEAK = 0.012  # learning rate of embedding and norms, see `Trainer`
QUESTIONS = 1000  # sequences an accuracy is measured on


def sharing_quality(
    kv_heads: Sequence[int] = (8, 2, 1),
    seeds: Sequence[int] = (0, 1, 2),
    characters: int = 1_000_000,
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Loss of models of one size by key-value heads; what sharing saves widens the SwiGLU."""
    language = corpus.invent()
    text, unseen = language.text(characters + 1, seed=1), language.text(UNSEEN, seed=2)
    rows: list[Row] = []
    for seed in seeds:
        for heads in kv_heads:
            config = sharing_shape(heads)
            model = _taught(config, text, seed, device, quiet)
            loss = text_loss(model, unseen, LENGTH)
            rows.append(
                {"n_kv_heads": heads, "seed": seed, "parameters": config.n_parameters(), "loss": loss}
            )
    return rows


def conversion(
    n_kv_heads: int = 2,
    seeds: Sequence[int] = (0, 1, 2),
    characters: int = 1_000_000,
    extra_shares: Sequence[float] = (0.05, 0.2),
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Loss of a trained MHA turned into GQA in three ways, at once and after more training.

    `way` is "kept" for the MHA itself, which trains on for as long; `extra` is the share of the first
    training.
    """
    language, longest = corpus.invent(), max(extra_shares)
    text = language.text(round(characters * (1 + longest)) + LENGTH * BATCH, seed=1)
    unseen = language.text(UNSEEN, seed=2)
    rows: list[Row] = []
    for seed in seeds:
        trained = _taught(sharing_shape(8), text[: characters + 1], seed, device, quiet)
        for way in ("kept", *WAYS):
            start = trained if way == "kept" else share_heads(trained, n_kv_heads, way, seed)
            for share in (0.0, *extra_shares):
                model = deepcopy(start)
                if share:
                    more = Trainer(model, text_batches(text[characters:], LENGTH, BATCH), warmup=5)
                    model = more.train(round(share * characters) // (LENGTH * BATCH), quiet=quiet)
                rows.append(
                    {"way": way, "seed": seed, "extra": share, "loss": text_loss(model, unseen, LENGTH)}
                )
    return rows


def decode_time(
    kv_heads: Sequence[int] = (8, 4, 2, 1),
    contexts: Sequence[int] = (0, 4096, 16_384),
    width: int = 512,
    n_layers: int = 8,
    rounds: int = 15,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds of a decoding step and the bytes it reads, for a model too big for the processor's caches.

    On CUDA a step is replayed as a graph, or Python's share of the time would hide the bytes'.
    """
    device = device or best_device()
    dtype = best_dtype(device)
    cases, read = {}, {}
    for heads in kv_heads:
        config = decode_shape(heads, width, n_layers)
        model = initialise(Decoder(config), 0).to(device, dtype).eval()
        for context in contexts:
            step = partial(one_step, model, filled(model, context))
            cases[heads, context] = graph(step) if device.type == "cuda" else step
            read[heads, context] = config.step_bytes(context + 1, value_bytes=dtype.itemsize)
    times = alternate(cases, rounds, device)
    return [
        {
            "n_kv_heads": heads,
            "context": context,
            "bytes": read[heads, context],
            **spread(times[heads, context]),
        }
        for heads, context in cases
    ]


def relay(
    depths: Sequence[int] = (1, 2, 3, 4),
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 300,
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Accuracy of naming one value seen earlier, by distance and number of windowed layers."""
    rows: list[Row] = []
    for depth in depths:
        for seed in seeds:
            shares = _learned(tasks.needle, depth, seed, steps, device, quiet)
            found = ({"distance": distance, "accuracy": share} for distance, share in enumerate(shares))
            rows += [{"layers": depth, "seed": seed, **row} for row in found]
    return rows


def phone_book(
    cases: Sequence[tuple[int | None, int]] = ((2, 4), (2, 8), (3, 4), (3, 8), (None, 8)),
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 1500,
    peak: float = 0.004,
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Accuracy of looking up facts carried along at once, by distance.

    A case is a number of windowed layers (None is two layers without a window) and a number of facts. Three
    windowed layers do not learn it in time at the relay's `peak` rate: they fail even inside one window.
    """
    rows: list[Row] = []
    for depth, facts in cases:
        for seed in seeds:
            shares = _learned(partial(tasks.phone_book, facts=facts), depth, seed, steps, device, quiet, peak)
            found = ({"distance": d, "accuracy": share} for d, share in enumerate(shares) if d)
            rows += [{"layers": depth, "facts": facts, "seed": seed, **row} for row in found]
    return rows


def gradient_reach(
    n_layers: int = 4, steps: int = 300, *, device: torch.device | None = None, quiet: bool = False
) -> list[Row]:
    """Gradient of an output by inputs so many positions back, before and after learning the relay."""
    asked = tasks.needle(256, SEQUENCE, seed=10**6)
    model = initialise(Decoder(_relay_config(n_layers)), 0).to(device or best_device())
    batches = tasks.task_batches(tasks.needle, SEQUENCE, 64, swa.reach(n_layers, WINDOW), 0)
    states = {"at the start": model, "trained": Trainer(deepcopy(model), batches).train(steps, quiet=quiet)}
    return [
        {"state": state, "distance": distance, "gradient": size}
        for state, one in states.items()
        for distance, size in enumerate(tasks.gradient_by_distance(one, asked.tokens))
    ]


def cache_memory(
    window: int = 4096,
    contexts: Sequence[int] = (1024, 4096, 16_384, 65_536),
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Bytes that a rolling and a full cache really hold, tensors counted, in FP32."""
    config = Config.tiny(32, sliding_window=window)
    model = Decoder(config).to(device or best_device())
    return [
        {
            "context": context,
            "rolling_bytes": model.cache(1, context).nbytes,
            "full_bytes": model.cache(1, context, rolling=False).nbytes,
        }
        for context in contexts
    ]


def prefill_time(
    lengths: Sequence[int] = (512, 1024, 2048, 4096, 8192, 16_384),
    window: int = 512,
    width: int = 256,
    rounds: int = 5,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds to read a prompt, windowed and full, and the FLOPs of both."""
    device = device or best_device()
    config = Config.tiny(width, n_heads=4, n_kv_heads=2, head_dim=width // 4, sliding_window=window)
    windowed = initialise(Decoder(config), 0).to(device, best_dtype(device)).eval()
    full = Decoder(config.but(sliding_window=None)).to(device, best_dtype(device)).eval()
    full.load_state_dict(windowed.state_dict())
    rows: list[Row] = []
    for length in lengths:
        prompt = torch.zeros(1, length, dtype=torch.long, device=device)
        times = alternate(
            {"windowed": partial(read_prompt, windowed, prompt), "full": partial(read_prompt, full, prompt)},
            rounds,
            device,
        )
        for way, model in (("windowed", windowed), ("full", full)):
            flops = model.config.prefill_flops(length)
            rows.append({"way": way, "length": length, "flops": flops, **spread(times[way])})
    return rows


def _learned(
    task: tasks.Task,
    depth: int | None,
    seed: int,
    steps: int,
    device: torch.device | None,
    quiet: bool,
    peak: float = PEAK,
) -> list[float]:
    """Accuracy by distance of a model taught one of the tasks."""
    config = _relay_config(depth or 2).but(sliding_window=WINDOW if depth else None)
    reach = swa.reach(depth, WINDOW) if depth else SEQUENCE
    start = initialise(Decoder(config), seed).to(device or best_device())
    model = Trainer(start, tasks.task_batches(task, SEQUENCE, 64, reach, seed), peak=peak).train(
        steps, quiet=quiet
    )
    return tasks.accuracy_by_distance(model, task(QUESTIONS, SEQUENCE, 10**9 + seed))


def _relay_config(n_layers: int) -> Config:
    return Config.tiny(
        32, vocab_size=tasks.VOCABULARY, n_layers=n_layers, n_kv_heads=4, sliding_window=WINDOW
    )


def sharing_shape(n_kv_heads: int) -> Config:
    """Eight query heads, some for keys and values, and a SwiGLU wider by what these save."""
    whole = Config.tiny(64, n_heads=8, n_kv_heads=8, head_dim=8, sliding_window=None)
    saved = 2 * (whole.n_kv_heads - n_kv_heads) * whole.head_dim  # rows of d_model numbers, a layer
    return whole.but(n_kv_heads=n_kv_heads, ffn_dim=whole.ffn_dim + round(saved / 3))


def decode_shape(n_kv_heads: int, width: int, n_layers: int) -> Config:
    """A model whose weights and cache are large beside its vocabulary."""
    sizes = {"vocab_size": 256, "n_layers": n_layers, "n_heads": 8, "n_kv_heads": n_kv_heads}
    return Config.tiny(width, **sizes, head_dim=width // 8, sliding_window=None)


def _taught(
    config: Config, text: corpus.Characters, seed: int, device: torch.device | None, quiet: bool
) -> Decoder:
    start = initialise(Decoder(config), seed).to(device or best_device())
    trainer = Trainer(start, text_batches(text, LENGTH, BATCH))
    return trainer.train(len(text) // (LENGTH * BATCH), quiet=quiet)


@torch.inference_mode()
def one_step(model: Decoder, cache: KVCache) -> None:
    """One decoding step, after which the cache is as long as before."""
    model(torch.zeros(1, 1, dtype=torch.long, device=cache.k[0].device), cache)
    cache.length -= 1


def filled(model: Decoder, context: int, room: int = 1) -> KVCache:
    """A cache after `context` tokens with something in it (pages never written to are not really read)."""
    cache = model.cache(1, context + room)
    for held in (*cache.k, *cache.v):
        held.normal_()
    cache.length = context
    return cache


@torch.inference_mode()
def read_prompt(model: Decoder, prompt: torch.Tensor) -> torch.Tensor:
    """Logits after a prompt (B, T), read in one piece into a fresh cache."""
    return model.prefill(prompt, model.cache(*prompt.shape), chunk=prompt.shape[1])


def spread(seconds: list[float]) -> dict[str, float]:
    """The median, and the least and the most."""
    return {"seconds": median(seconds), "least": min(seconds), "most": max(seconds)}
