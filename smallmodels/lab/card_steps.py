"""What a card should do next: whole steps of decoding, as it would be served, and where their time goes.

`python -m smallmodels.lab.record --device cuda generate-speed quantised-step step-profile` records them. None
of it has been recorded yet; the same code runs on a CPU, small, in the tests.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from smallmodels.lab.cards import random_model
from smallmodels.lab.config import Config
from smallmodels.lab.experiments import Row, filled, spread
from smallmodels.lab.measure import alternate, best_device, best_dtype, graph
from smallmodels.lab.model import Decoder
from smallmodels.lab.quantised import quantise
from smallmodels.lab.steps import Step, reader


def generate_speed(
    models: Sequence[str] = ("Mistral 7B", "Llama 2 7B", "Llama 2 13B"),
    contexts: Sequence[int] = (0, 4096),
    n_new: int = 64,
    rounds: int = 5,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds a token of greedy generation, picking included, by the ways of `steps`, and the bytes it reads.

    Tokens a second are 1 / seconds, the share of bandwidth is bytes / seconds over that of the copy in
    `published-decode`. Raises ValueError for a model that the device cannot hold.
    """
    device = device or best_device()
    rows: list[Row] = []
    for name in models:
        model = random_model(Config.published(name), max(contexts) + n_new, device)
        for context in contexts:
            cases = {way: _speaking(model, context, n_new, way) for way in _ways(device)}
            middle = context + n_new // 2
            read = model.config.step_bytes(middle, value_bytes=best_dtype(device).itemsize)
            for way, taken in alternate(cases, rounds, device).items():
                a_token = spread([seconds / n_new for seconds in taken])
                rows.append({"model": name, "context": context, "way": way, "bytes": read, **a_token})
        del model, cases
    return rows


def quantised_step(
    model: str = "Mistral 7B",
    context: int = 4096,
    bits: Sequence[int] = (16, 8, 4),
    rounds: int = 15,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds of a decoding step with weights of 16, 8 and 4 bits, compiled and replayed on CUDA; its bytes.

    `bits` of 16 stands for the model's own type. Raises ValueError as `generate_speed` does.
    """
    device = device or best_device()
    rows: list[Row] = []
    for width in bits:
        decoder = random_model(Config.published(model), context + 1, device)
        size = best_dtype(device).itemsize
        read = decoder.config.step_bytes(context + 1, value_bytes=size)
        if width != 16:
            matrices = _matrices(decoder)
            read += quantise(decoder, width) - matrices
        step = _replayed(Step(decoder, filled(decoder, context)), device)
        for way, taken in alternate(
            {f"INT{width}" if width != 16 else "own type": step}, rounds, device
        ).items():
            rows.append({"way": way, "bits": width, "bytes": read, **spread(taken)})
        del decoder, step
    return rows


def step_profile(
    model: str = "Mistral 7B",
    context: int = 4096,
    steps: int = 10,
    most: int = 20,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Where a decoding step's time goes: kernels on a card, operators on a CPU, the `most` costly first.

    `seconds` are a step's, own time only. Raises ValueError as `generate_speed` does.
    """
    device = device or best_device()
    decoder = random_model(Config.published(model), context + 1, device)
    step = Step(decoder, filled(decoder, context))
    step.run()
    on_card = device.type == "cuda"
    what = ProfilerActivity.CUDA if on_card else ProfilerActivity.CPU
    with profile(activities=[what], acc_events=True) as seen:
        for _ in range(steps):
            step.run()
    rows: list[Row] = [
        {
            "kernel": event.key,
            "calls": event.count / steps,
            "seconds": (event.self_device_time_total if on_card else event.self_cpu_time_total) / steps / 1e6,
        }
        for event in seen.key_averages()
    ]
    return sorted(rows, key=lambda row: -float(row["seconds"] or 0))[:most]


def _ways(device: torch.device) -> tuple[str, ...]:
    return ("eager", "fixed", "graph") if device.type == "cuda" else ("eager", "fixed")


def _speaking(model: Decoder, context: int, n_new: int, way: str) -> Callable[[], None]:
    """Greedy generation of so many tokens, always from the same position."""
    cache = filled(model, context, n_new)
    read = reader(model, cache, way)
    first = torch.zeros(1, 1, dtype=torch.long, device=cache.k[0].device)

    @torch.inference_mode()
    def speak() -> None:
        token: Tensor = first
        for _ in range(n_new):
            token = read(token).argmax(dim=-1, keepdim=True)
        (read.cache if isinstance(read, Step) else cache).rewind(n_new)

    return speak


def _replayed(step: Step, device: torch.device) -> Callable[[], object]:
    """On CUDA a step compiled and captured, elsewhere as it is."""
    if device.type != "cuda":
        return step.run
    return graph(torch.inference_mode()(torch.compile(step.take, fullgraph=True)))


def _matrices(model: Decoder) -> int:
    """Bytes of the matrices that `quantise` replaces."""
    linears = (part for part in model.modules() if isinstance(part, torch.nn.Linear))
    return sum(part.weight.nbytes for part in linears)
