"""The experiments at their smallest, the records that are committed, and what is shown of either."""

import json
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch

from smallmodels import facts, gqa, swa
from smallmodels.lab import card_steps, experiments, quantised, record
from smallmodels.lab.config import Config
from smallmodels.table import Table

# PyTorch's own, when it compiles for a card.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")

# The experiment, its smallest sizes, and the function that shows it.
SMALL: dict[str, tuple[dict[str, Any], Callable[..., Table]]] = {
    "sharing-quality": ({"kv_heads": (8, 1), "seeds": (0,), "characters": 9000}, gqa.sharing_quality),
    "conversion": ({"seeds": (0,), "characters": 30_000, "extra_shares": (0.2,)}, gqa.conversion),
    "decode-time": (
        {"kv_heads": (2, 1), "contexts": (0, 64), "width": 64, "n_layers": 2, "rounds": 2},
        gqa.decode_time,
    ),
    "relay": ({"depths": (1,), "seeds": (0,), "steps": 5}, swa.relay),
    "phone-book": ({"cases": ((2, 4), (None, 8)), "seeds": (0,), "steps": 5}, swa.phone_book),
    "past-the-trained-length": (
        {"lengths": (64, 96), "seeds": (0,), "characters": 9000, "steps": 3, "places": 4},
        swa.past_the_trained_length,
    ),
    "gradient-reach": ({"steps": 5}, swa.gradient_reach),
    "cache-memory": ({"window": 64, "contexts": (32, 256)}, swa.cache_memory),
    "prefill-time": ({"lengths": (64, 128), "window": 16, "width": 32, "rounds": 2}, swa.prefill_time),
    "published-decode": (
        {"models": ("Mistral 7B",), "contexts": (0, 64), "rounds": 2, "copied": 10**6},
        gqa.gpu_decode,
    ),
    "window-paths": (
        {"lengths": (64, 256), "window": 64, "n_heads": 4, "n_kv_heads": 2, "head_dim": 16, "rounds": 2},
        swa.gpu_prefill,
    ),
    "shared-decode": (
        {"kv_heads": (4, 1), "cached": 100, "n_heads": 4, "head_dim": 16, "n_layers": 2, "rounds": 2},
        gqa.gpu_sharing,
    ),
}
# Written for a card that is not here yet: no record, and no function that shows it.
NEXT: dict[str, dict[str, Any]] = {
    "prompt-pieces": {
        "length": 64,
        "chunks": (16, 48),
        "n_heads": 4,
        "n_kv_heads": 2,
        "head_dim": 16,
        "rounds": 2,
    },
    "generate-speed": {"models": ("Mistral 7B",), "contexts": (0, 40), "n_new": 3, "rounds": 2},
    "quantised-step": {"model": "Mistral 7B", "context": 40, "bits": (16, 8, 4), "rounds": 2},
    "step-profile": {"model": "Mistral 7B", "context": 40, "steps": 2, "most": 5},
}
TIMED = {"decode-time", "prefill-time", "cache-memory", "published-decode", "window-paths", "shared-decode"}
RECORDS = [
    (name, device)
    for name in SMALL
    for device in record.EXPERIMENTS[name].devices
    if device != "mps" and (name, device) != ("decode-time", "cuda")
]  # on a card so small a model says how fast Python is; those of published size say the rest


def numbers(table: Table) -> list[float]:
    found = [v for c in table.columns for v in table.values(c.name)]
    found += [v for rows in table.series.values() for row in rows for v in row.values()]
    return [v for v in found if isinstance(v, int | float)]


def recorded(name: str, device: str = "cpu") -> facts.Run:
    id = name if device == "cpu" else f"{name}-{device}"
    if not (facts.data_folder() / "runs" / f"{id}.json").exists():
        pytest.skip(f"{id} is not recorded yet: `python -m smallmodels.lab.record --device {device} {name}`")
    return facts.run(id)


def test_every_experiment_is_here() -> None:
    elsewhere = {"tiny", "tiny-8", "tiny-2", "tiny-1", "noise"}  # test_tiny_models, test_noise
    assert {*SMALL, *NEXT, *elsewhere} == {*record.EXPERIMENTS}


@pytest.mark.parametrize("name", NEXT)
def test_what_a_card_should_do_next_runs_small_on_a_cpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Config.tiny(128, head_dim=32, ffn_dim=256, sliding_window=32)
    monkeypatch.setattr(Config, "published", lambda _: small)
    experiment = record.EXPERIMENTS[name]
    assert experiment.devices == ("cuda",)
    assert {*NEXT[name]} >= {*experiment.settings}  # what is recorded can be asked for
    rows = experiment.run(**NEXT[name], device=torch.device("cpu"))
    assert all(float(row["seconds"] or 0) > 0 for row in rows)
    assert json.loads(json.dumps(rows)) == rows


def test_quantised_steps_read_a_half_and_a_quarter_of_the_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Config.tiny(128, head_dim=32, ffn_dim=256, sliding_window=32)
    monkeypatch.setattr(Config, "published", lambda _: small)
    own, int8, int4 = (
        int(row["bytes"] or 0)
        for row in card_steps.quantised_step("Mistral 7B", 40, rounds=1, device=torch.device("cpu"))
    )
    rows = [(4 + 2 * 2) * 32, 128, 2 * 256, 128]  # of q, k, v; out; gate and up; down
    weights = 2 * sum(a * b for a, b in zip(rows, [128, 128, 128, 256], strict=True)) + 27 * 128
    assert own - int8 == 4 * weights - (weights + 4 * (2 * sum(rows) + 27))
    assert own - int4 == 4 * weights - (weights // 2 + 4 * weights // quantised.GROUP)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_can_be_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, show = SMALL[name]
    small = Config.tiny(64, head_dim=16, sliding_window=32)
    monkeypatch.setattr(Config, "published", lambda _: small)
    quiet = {} if name in TIMED else {"quiet": True}
    table = show(record.EXPERIMENTS[name].run(**settings, **quiet))
    assert all(map(isfinite, numbers(table)))
    assert "just now" in table.record[0]
    with pytest.raises(ValueError, match="brought no rows"):
        show([])


@pytest.mark.parametrize(("name", "device"), RECORDS)
def test_the_record_is_of_the_experiment_as_it_is_and_is_shown(name: str, device: str) -> None:
    run = recorded(name, device)
    assert run.settings == json.loads(json.dumps(record.EXPERIMENTS[name].settings)), "run `make lab` again"
    assert run.question == record.EXPERIMENTS[name].question
    show = SMALL[name][1]
    table = show() if record.EXPERIMENTS[name].devices == ("cuda",) else show(device=device)
    assert all(map(isfinite, numbers(table)))
    assert run.date in table.record[0]
    assert run.command in table.record[0]
    assert table.sources()


def test_bytes_of_a_step_are_those_of_the_tensors() -> None:
    rows = experiments.decode_time(
        (2, 1), (0, 100), width=64, n_layers=2, rounds=1, device=torch.device("cpu")
    )
    for row in rows:
        config = experiments.decode_shape(int(str(row["n_kv_heads"])), width=64, n_layers=2)
        model = experiments.Decoder(config)
        weights = sum(p.nbytes for p in model.parameters()) - model.embed.weight.nbytes
        assert row["bytes"] == weights + model.cache(1, int(str(row["context"])) + 1).nbytes


def test_models_of_the_quality_comparison_are_of_one_size() -> None:
    sizes = [experiments.sharing_shape(heads).n_parameters() for heads in (8, 4, 2, 1)]
    assert max(sizes) / min(sizes) < 1.005


def test_a_record_says_what_it_must(tmp_path: Path) -> None:
    given = json.loads(record.record("cache-memory", tmp_path, torch.device("cpu")).read_text())
    assert facts.Run(**{**given, "rows": tuple(given["rows"])}).rows[0]["rolling_bytes"] > 0
    assert given["versions"]["torch"] == torch.__version__
    assert given["command"].endswith("cache-memory")


def test_an_unknown_experiment_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, says in (
        (["cold-fusion"], "no experiment 'cold-fusion'"),
        (["--device", "cuda", "tiny"], "'tiny' is not recorded on cuda"),
    ):
        with pytest.raises(SystemExit):
            record.main(arguments)
        assert says in capsys.readouterr().err


def test_the_recorded_relay_has_its_cliff_where_the_formula_says() -> None:
    table = swa.relay()
    assert min(float(str(v)) for v in table.values("within_pct")) > 95
    assert max(float(str(v)) for v in table.values("beyond_pct")) < 25


def test_the_recorded_gradient_ends_at_the_reach() -> None:
    rows = [row for row in facts.run("gradient-reach").rows if row["distance"] > swa.reach(4, 8)]
    assert rows
    assert all(row["gradient"] == 0 for row in rows)
