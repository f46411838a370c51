"""The loader: what it reads, what it refuses, and where it looks. Standard library and pytest only."""

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from types import UnionType
from typing import get_args

import pytest

from smallmodels import facts

DATA = Path(__file__).parents[1] / "data"
TABLES = {path.stem: getattr(facts, path.stem) for path in sorted(DATA.glob("*.csv"))}


def raw(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_read_whole_and_typed(name: str) -> None:
    rows, table = raw(name), TABLES[name]()
    assert len(table) == len(rows) > 0
    for row, record in zip(rows, table, strict=True):
        for field in fields(record):
            value, text = getattr(record, field.name), row[field.name]
            if isinstance(value, bool):
                assert text == ("yes" if value else "no")
            elif isinstance(value, int | float):
                assert float(text) == value
            else:
                assert text == (";".join(value) if isinstance(value, tuple) else value or "")
            allowed = get_args(field.type) if isinstance(field.type, UnionType) else (field.type,)
            assert type(value) in allowed or isinstance(value, tuple)


def test_a_table_is_read_once_and_cannot_be_changed() -> None:
    assert facts.scores() is facts.scores()
    with pytest.raises(FrozenInstanceError):
        facts.scores()[0].score_pct = 99.0  # type: ignore[misc]


def test_lookups_find_what_was_printed() -> None:
    post = facts.score("post/llama-2-13b/winogrande")
    assert (post.score_pct, post.matches) == (73.0, ("llama-2-paper/llama-1-13b/winogrande",))
    assert facts.score(post.matches[0]).model == "LLaMA 1 13B"
    assert facts.eval_set("TriviaQA", "rc.wikipedia").n_items == 7993
    assert facts.eval_set("TriviaQA", "not stated").n_items is None
    assert facts.model("Mistral 7B").params_published == 7_241_732_096
    assert facts.release("Llama 2 13B Chat").base_model == "Llama 2 13B"
    assert facts.law("chinchilla") == {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    assert facts.gpu("A100 80GB SXM").bandwidth_gb_s == 2039
    assert facts.metric("mc2").proportion is False
    assert facts.pipeline("post").kind == "mixed"
    assert facts.benchmark("ARC-c").title == "ARC Challenge"
    assert facts.source("kaplan-paper").url.endswith("2001.08361")


@pytest.mark.parametrize(
    ("lookup", "arguments", "allowed"),
    [
        (facts.source, ["wikipedia"], "mistral-7b-paper"),
        (facts.score, ["post/gpt-5/mmlu"], "post/mistral-7b/mmlu"),
        (facts.benchmark, ["SAT"], "HellaSwag"),
        (facts.eval_set, ["MBPP", "train"], "sanitized"),
        (facts.metric, ["bleu"], "acc_norm"),
        (facts.pipeline, ["mine"], "open-llm-leaderboard-v1"),
        (facts.model, ["Falcon 180B"], "Llama 2 70B"),
        (facts.release, ["GPT-5"], "BLOOM 176B"),
        (facts.law, ["moore"], "besiroglu"),
        (facts.gpu, ["V100"], "RTX 4090"),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(lookup, arguments: list[str], allowed: str) -> None:
    with pytest.raises(ValueError, match=rf"There is no .*{arguments[-1]!r}; there is .*{allowed}") as error:
        lookup(*arguments)
    assert str(error.value).endswith(".")


def test_an_evaluation_set_of_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match=r"There is no benchmark 'SAT'; there is MMLU, .*TriviaQA"):
        facts.eval_set("SAT", "test")


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ({"score_pct": "60,1"}, "bad.csv, line 3, column score_pct: '60,1' is not a number."),
        ({"score_pct": ""}, "bad.csv, line 3, column score_pct: '' is not a number."),
        ({"score_pct": "nan"}, "bad.csv, line 3, column score_pct: 'nan' is not a number."),
        ({"score_pct": "inf"}, "bad.csv, line 3, column score_pct: 'inf' is not a number."),
    ],
)
def test_a_bad_score_is_named(tmp_path: Path, cells: dict[str, str], complaint: str) -> None:
    write_bad(tmp_path, "scores", cells)
    with pytest.raises(ValueError, match=exactly(complaint)):
        facts.load("bad", facts.Score, tmp_path)


@pytest.mark.parametrize(
    ("table", "record", "column", "text", "expected"),
    [
        ("models", facts.Model, "n_layers", "32.5", "a whole number"),
        ("models", facts.Model, "tied", "true", "yes or no"),
        ("models", facts.Model, "sliding_window", "none", "a whole number or empty"),
        ("projections", facts.Projection, "flops", "many", "a number or empty"),
    ],
)
def test_every_kind_of_bad_cell_is_named(
    tmp_path: Path, table: str, record: type, column: str, text: str, expected: str
) -> None:
    write_bad(tmp_path, table, {column: text})
    complaint = f"bad.csv, line 3, column {column}: {text!r} is not {expected}."
    with pytest.raises(ValueError, match=exactly(complaint)):
        facts.load("bad", record, tmp_path)


def exactly(complaint: str) -> str:
    return f"^{re.escape(complaint)}$"


def write_bad(folder: Path, table: str, cells: dict[str, str]) -> None:
    """The table's first two rows as `bad.csv`, the second with other cells."""
    first, second, *_ = raw(table)
    with (folder / "bad.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*first], lineterminator="\n")
        writer.writeheader()
        writer.writerows([first, {**second, **cells}])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "bad.csv, line 1: the columns must be metric, meaning, proportion."),
        ("metric,proportion,meaning\n", "bad.csv, line 1: the columns must be metric, meaning, proportion."),
        ("metric,meaning,proportion\nacc,share\n", "bad.csv, line 2: 2 cells where 3 are needed."),
        ("metric,meaning,proportion\nacc,share,yes,\n", "bad.csv, line 2: 4 cells where 3 are needed."),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "bad.csv").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=exactly(complaint)):
        facts.load("bad", facts.Metric, tmp_path)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    header = b"metric,meaning,proportion\n"
    for text, complaint in (
        (b"\xef\xbb\xbf" + header, "bad.csv, line 1: a byte order mark; save it as UTF-8 without one."),
        (header + b"acc,\xe9,yes\n", "bad.csv is not UTF-8 text; save it as UTF-8."),
    ):
        (tmp_path / "bad.csv").write_bytes(text)
        with pytest.raises(ValueError, match=exactly(complaint)):
            facts.load("bad", facts.Metric, tmp_path)


def test_two_rows_of_one_name_are_refused(tmp_path: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__", "runs")
    shutil.copytree(Path(facts.__file__).parents[1], tmp_path / "smallmodels", ignore=unwanted)
    shutil.copytree(DATA, tmp_path / "data", ignore=unwanted)
    with (tmp_path / "data" / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("acc,something else,yes\n")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        asked(tmp_path, "metric('acc')")
    assert "Two rows of metrics.csv have the metric 'acc'; keep one." in refused.value.stderr


def test_data_lies_beside_the_package_in_a_checkout_and_inside_it_in_a_wheel(tmp_path: Path) -> None:
    package = tmp_path / "smallmodels"
    unwanted = shutil.ignore_patterns("__pycache__", "runs")
    shutil.copytree(Path(facts.__file__).parents[1], package, ignore=unwanted)
    assert asked(tmp_path, "data_folder()") == str(tmp_path / "data")
    shutil.copytree(DATA, package / "data", ignore=unwanted)
    assert asked(tmp_path, "data_folder()") == str(package / "data")
    assert asked(tmp_path, "score('post/mistral-7b/gsm8k').score_pct") == "35.4"


def asked(folder: Path, question: str) -> str:
    """What the facts of the copy in a folder answer, in a Python of its own."""
    code = f"from smallmodels import facts; print(facts.{question})"
    run = [sys.executable, "-S", "-c", code]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True, env={}).stdout.strip()
