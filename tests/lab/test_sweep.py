"""The sweep: branches against runs of their own, a kill in the middle, a cluster that loses a worker."""

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed
import joblib
import numpy as np
import psutil
import pytest
import torch

from smallmodels import facts
from smallmodels.lab import corpus, sweep, train, workers
from smallmodels.lab.model import Decoder

UNSEEN = 40 * 65
SIZES: dict[str, Any] = {"widths": (8, 16), "budgets": (4, 10, 60), "seeds": (0, 3)}
PROVENANCE = {"process_seconds", "date", "device", "versions"}


def table(rows: list[sweep.Row]) -> list[sweep.Row]:
    """What may not depend on where and when."""
    return [{key: value for key, value in row.items() if key not in PROVENANCE} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[sweep.Row]:
    """The rows of an undisturbed sweep in this process."""
    return sweep.sweep(tmp_path_factory.mktemp("whole"), **SIZES, jobs=1, unseen=UNSEEN)


def when_begun(folder: Path, act: Callable[[], None]) -> None:
    """Act as soon as the first result is there."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not any(
        f.stat().st_size for f in (folder / "state").glob("*.jsonl")
    ):
        time.sleep(0.005)
    act()


def rows_so_far(folder: Path) -> list[sweep.Row]:
    return [row for file in folder.rglob("*.jsonl") for row in sweep._lines(file)]


def test_a_branch_is_what_a_run_of_its_own_would_be(whole: list[sweep.Row]) -> None:
    assert [(row["width"], row["seed"], row["steps"]) for row in whole] == sorted(
        (width, seed, steps) for width in (8, 16) for seed in (0, 3) for steps in (4, 10, 60)
    )
    language = corpus.invent()
    unseen = language.text(UNSEEN, seed=2)
    for row in whole[:6]:
        text = language.text(60 * 64 * 32 + 1, seed=100 + row["seed"])
        model = train.initialise(Decoder(sweep.shape(row["width"])), row["seed"])
        trained = train.Trainer(model, train.text_batches(text, 64, 32)).train(row["steps"], quiet=True)
        assert row["loss"] == train.text_loss(trained, unseen)


def test_parameters_are_those_of_the_model() -> None:
    row = sweep.Trunk(24, 0, (4,), "cpu", UNSEEN, Path())._row(4, 1.0, 1.0, torch.device("cpu"))
    sizes = {name: weight.numel() for name, weight in Decoder(sweep.shape(24)).named_parameters()}
    assert row["parameters"] == sum(sizes.values())
    assert row["non_embedding"] == sum(n for name, n in sizes.items() if name.startswith(("layers", "norm")))


COMMAND = """
from pathlib import Path
from smallmodels.lab import sweep
sweep.sweep(Path({folder!r}), **{sizes!r}, unseen={unseen}, **{where!r})
"""


def started(folder: Path, sizes: dict[str, Any] = SIZES, **where: Any) -> "subprocess.Popen[str]":
    """A sweep in a process of its own."""
    command = COMMAND.format(folder=str(folder), sizes=sizes, unseen=UNSEEN, where=where)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, "-c", command], **pipes)  # type: ignore[call-overload,no-any-return]


def test_a_killed_sweep_leaves_no_orphan_and_goes_on_to_the_same_table(
    tmp_path: Path, whole: list[sweep.Row]
) -> None:
    running = started(tmp_path, jobs=2)
    family: list[psutil.Process] = []

    def kill() -> None:
        family.extend(psutil.Process(running.pid).children(recursive=True))
        os.kill(running.pid, signal.SIGKILL)  # the parent alone

    when_begun(tmp_path, kill)
    running.communicate()
    assert len(family) >= 2
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    before = rows_so_far(tmp_path)
    assert 0 < len(before) < len(whole)
    rows = sweep.sweep(tmp_path, **SIZES, jobs=1, unseen=UNSEEN)
    assert table(rows) == table(whole)
    assert all(row in rows for row in before)  # with their provenance: they were not made anew
    assert not any((tmp_path / "state").iterdir())


def test_a_log_of_a_sweep_has_lines_and_no_bars(tmp_path: Path) -> None:
    said, _ = started(tmp_path, {"widths": (8,), "budgets": (4, 10), "seeds": (0, 3)}, jobs=2).communicate()
    assert sorted(line.split(":")[0] for line in said.splitlines()) == ["width 8, seed 0", "width 8, seed 3"]
    assert not {"\r", "%", "|", "█"} & set(said)


def test_a_torn_line_is_told_and_its_run_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: list[sweep.Row]
) -> None:
    sizes = {"widths": (8,), "budgets": (4, 10), "seeds": (0, 3)}
    sweep.sweep(tmp_path, **sizes, jobs=1, unseen=UNSEEN)
    lines = tmp_path / "runs.jsonl"
    first, second, third, _ = lines.read_text().splitlines(keepends=True)
    lines.write_text(first + '{"width": 8}\n' + second + third[: len(third) // 2])
    capsys.readouterr()
    rows = sweep.sweep(tmp_path, **sizes, jobs=1, unseen=UNSEEN)
    said = capsys.readouterr().err
    assert f"{lines}, line 2, is no result and does not count." in said
    assert f"{lines}, line 4, is no result" in said
    assert [(row["seed"], row["steps"]) for row in rows] == [(0, 4), (0, 10), (3, 4), (3, 10)]
    assert len(sweep._lines(lines)) == 4


@pytest.mark.parametrize(
    ("cards", "jobs", "backend", "device", "most"),
    [
        (3, -1, "loky", "cuda", 3),
        (3, 2, "loky", "cuda", 2),
        (1, -1, "loky", "cuda", 1),
        (3, -1, "dask", "cuda", -1),
        (0, -1, "loky", "cpu", -1),
        (0, 5, "loky", "cpu", 5),
        (0, -1, "loky", "mps", 1),
    ],
)
def test_a_card_is_given_one_process(
    cards: int, jobs: int, backend: str, device: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    assert workers.how_many(jobs, device, backend) == most


def test_processes_side_by_side_take_different_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers.own_card("cuda") == torch.device("cuda")  # no worker of joblib's
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    names = joblib.Parallel(2, pre_dispatch="all")(joblib.delayed(_name)(0.5) for _ in range(4))
    cards = set()
    for name in set(names):
        monkeypatch.setattr(multiprocessing.current_process(), "_name", name)
        assert workers.own_card("cpu") == torch.device("cpu")
        cards.add(workers.own_card("cuda"))
    assert cards == {torch.device("cuda:0"), torch.device("cuda:1")}


def _name(seconds: float) -> str:
    time.sleep(seconds)
    return multiprocessing.current_process().name


def test_a_stopped_trunk_goes_on_from_its_last_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: list[sweep.Row]
) -> None:
    steps: list[int] = []
    advance, loss = train.Trainer._advance, train.text_loss
    monkeypatch.setattr(
        train.Trainer, "_advance", lambda self, rate: (steps.append(self.step), advance(self, rate))[1]
    )
    losses = iter([loss, lambda *_: 1 / 0, loss, loss])  # the second measurement fails
    monkeypatch.setattr(sweep, "text_loss", lambda *given: next(losses)(*given))
    trunk = sweep.Trunk(8, 0, (4, 10, 60), "cpu", UNSEEN, tmp_path)
    with pytest.raises(ZeroDivisionError):
        trunk.grow()
    steps.clear()
    rows = trunk.grow()
    assert table(rows) == table(whole[:3])
    assert steps[:2] == [8, 9]  # the second fall once more, its trunk of 8 steps not


def test_a_shorter_budget_asked_later_starts_from_the_root(tmp_path: Path, whole: list[sweep.Row]) -> None:
    sweep.Trunk(8, 0, (10, 60), "cpu", UNSEEN, tmp_path).grow()
    rows = sweep.Trunk(8, 0, (4, 10, 60), "cpu", UNSEEN, tmp_path).grow()
    assert table(sorted(rows, key=lambda row: row["steps"])) == table(whole[:3])


@pytest.fixture
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_table(
    tmp_path: Path,
    cluster: distributed.LocalCluster,
    whole: list[sweep.Row],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = cluster.workers[0]
    killed: list[int] = []

    def kill() -> None:
        killed.append(worker.process.pid)
        os.kill(worker.process.pid, signal.SIGKILL)

    monkeypatch.chdir(tmp_path)  # where no worker is
    killer = threading.Thread(target=when_begun, args=(tmp_path / "here", kill))
    killer.start()
    where = {"backend": "dask", "address": cluster.scheduler_address}
    rows = sweep.sweep(Path("here"), **SIZES, **where, unseen=UNSEEN)
    killer.join()
    assert killed
    assert table(rows) == table(whole)


def test_a_cluster_trains_on_for_nobody(tmp_path: Path, cluster: distributed.LocalCluster) -> None:
    long = {"widths": (8,), "budgets": (2, 1000), "seeds": (0,)}
    running = started(tmp_path, long, backend="dask", address=cluster.scheduler_address)
    when_begun(tmp_path, lambda: os.kill(running.pid, signal.SIGKILL))
    running.communicate()
    with distributed.Client(cluster) as client:  # type: ignore[no-untyped-call]
        deadline = time.monotonic() + 60
        while any(client.run(_busy).values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.run(_busy).values())
    assert len(rows_so_far(tmp_path)) == 1


def _busy(dask_worker: distributed.Worker) -> bool:
    return bool(dask_worker.state.all_running_tasks)


class Oracle:
    """Stands where a model does, and gives every character its exact probability."""

    embed = SimpleNamespace(weight=torch.zeros(1))

    def __init__(self, text: corpus.Characters) -> None:
        self.pieces = torch.from_numpy(text).long().view(-1, 65)
        self.logs = torch.from_numpy(corpus.invent().log_probabilities(text)).view(-1, 65)
        self.at = 0

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        rows = slice(self.at, self.at + len(tokens))
        self.at += len(tokens)
        assert torch.equal(tokens, self.pieces[rows, :-1])
        known = self.logs[rows, 1:, None]
        others = torch.log1p(-known.exp()).clamp_min(-50) - math.log(26)
        return others.repeat(1, 1, 27).scatter(2, self.pieces[rows, 1:, None], known)


def test_the_floor_is_the_loss_of_a_model_that_knows_the_language() -> None:
    unseen = corpus.invent().text(sweep.UNSEEN, seed=2)
    exact = sweep.floor()["exact_on_sample"]
    assert math.isclose(train.text_loss(Oracle(unseen), unseen), exact, rel_tol=1e-9)  # type: ignore[arg-type]
    assert np.isclose(exact, sweep.floor()["entropy_rate"], rtol=0.01)


def test_models_reach_as_far_back_as_the_language_does() -> None:
    config, longest = sweep.shape(24), max(map(len, corpus.invent().words))
    assert config.sliding_window is not None
    reach = config.n_layers * (config.sliding_window - 1) + 1
    assert 2 * (longest + 1) <= min(reach, sweep.SKIPPED + 1)


def test_the_command_writes_a_record_and_does_not_repeat_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "UNSEEN", UNSEEN)
    command = f"--widths 8 --budgets 4 --seeds 0 --device cpu --jobs 1 --output {tmp_path}".split()
    sweep.main(command)
    lines = (tmp_path / "scaling" / "runs.jsonl").read_text()
    given = json.loads((tmp_path / "scaling.json").read_text())
    assert facts.Run(**given).rows[0]["characters"] == 8192
    sweep.main(command)
    assert (tmp_path / "scaling" / "runs.jsonl").read_text() == lines
    monkeypatch.setattr(sweep, "text_loss", lambda *_: 7.0)
    sweep.main([*command, "--anew"])
    assert json.loads((tmp_path / "scaling.json").read_text())["rows"][0]["loss"] == 7


@pytest.mark.parametrize(
    ("name", "widths", "budgets"),
    [
        ("scaling", (24, 32, 48, 64, 96), (256, 512, 1024, 2048, 4096)),
        ("scaling-cuda", (24, 32, 48, 64, 96, 128, 192), (256, 512, 1024, 2048, 4096, 8192)),
    ],
)
def test_a_record_is_all_that_the_protocol_asks_for_and_nothing_else(
    name: str, widths: tuple[int, ...], budgets: tuple[int, ...]
) -> None:
    rows = facts.run(name).rows
    asked = [(width, seed, steps) for width in widths for seed in (0, 1, 2) for steps in budgets]
    assert sorted((row["width"], row["seed"], row["steps"]) for row in rows) == sorted(asked)
    folder = facts.data_folder() / "runs" / "scaling"
    text = (folder / f"{name.replace('scaling', 'runs')}.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    kept = {(line["width"], line["seed"], line["steps"]): line["loss"] for line in lines}
    assert len(lines) == len(rows)
    for row in rows:  # the record keeps six digits
        assert row["loss"] == pytest.approx(kept[row["width"], row["seed"], row["steps"]], rel=1e-5)


def test_the_protocol_names_the_sizes_and_the_floor_that_the_code_has() -> None:
    protocol = (facts.data_folder() / "runs" / "scaling" / "PROTOCOL.md").read_text()
    for width in (*sweep.WIDTHS, *sweep.BEYOND_WIDTHS):
        assert f"{sweep.shape(width).n_parameters():,}" in protocol
    for value in sweep.floor().values():
        assert f"{value:.6f}" in protocol


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("--backend slurm", "There is no backend 'slurm'; choose from loky, dask."),
        ("--backend dask", "The backend dask takes an address of a cluster."),
        ("--address tcp://x:1", "The backend loky takes no address of a cluster."),
        ("--jobs 0", "0 jobs cannot run at once on cpu; choose 1 to the number of cores, or -1 for all."),
        ("--jobs -2", "-2 jobs cannot run at once"),
        ("--widths 20", "A width of 20 does not give four heads of an even size; take a multiple of 8."),
        ("--budgets 1", "budgets from 2 steps"),
        ("--seeds -1", "seeds from 0"),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(
    given: str, answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        sweep.main([*given.split(), "--device", "cpu", "--output", str(tmp_path)])
    assert answer in capsys.readouterr().err
