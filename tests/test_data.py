"""The facts themselves: declared and valid, sourced throughout, and true to what was printed elsewhere."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package, Report, validate

from smallmodels import facts
from smallmodels.facts import Model, Score

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
TABLES = sorted(path.stem for path in DATA.glob("*.csv"))
# The post's head-to-head table, typed from the post: Mistral 7B, Llama 2 7B, Llama 2 13B.
POST = {
    "MMLU": (60.1, 45.3, 54.8),
    "HellaSwag": (81.3, 77.2, 80.7),
    "ARC-c": (55.5, 53.1, 59.4),
    "WinoGrande": (75.3, 70.1, 73.0),
    "TruthfulQA": (42.2, 33.3, 41.9),
    "HumanEval": (30.5, 12.8, 18.3),
    "GSM8K": (35.4, 14.6, 24.3),
}
# Table 2 of the Mistral 7B paper and the leaderboard: Mistral 7B, Llama 2 13B, test items.
MISTRAL_RUN = {
    "MMLU": (60.1, 55.6, 14042),
    "HellaSwag": (81.3, 80.7, 10042),
    "ARC-c": (55.5, 48.8, 1172),
    "WinoGrande": (75.3, 72.9, 1267),
    "HumanEval": (30.5, 18.9, 164),
    "GSM8K": (52.2, 34.3, 1319),
    "PIQA": (83.0, 80.8, 1838),
    "ARC-e": (80.0, 75.2, 2376),
    "NQ": (28.8, 29.0, 3610),
    "TriviaQA": (69.9, 69.6, 11313),
    "MBPP": (47.5, 35.4, 257),
    "MATH": (13.1, 6.0, 5000),
}
LEADERBOARD = {
    "MMLU": (64.16, 55.74, 14042),
    "HellaSwag": (83.31, 82.13, 10042),
    "ARC-c": (59.98, 59.39, 1172),
    "WinoGrande": (78.37, 76.64, 1267),
    "TruthfulQA": (42.15, 37.38, 817),
    "GSM8K": (37.83, 22.82, 1319),
}


# Declared and valid


def test_the_package_is_valid() -> None:
    report = validate(DATA / "datapackage.json")
    assert report.valid, complaints(report)


def complaints(report: Report) -> list[str]:
    return [*(e.message for e in report.errors), *(e.message for t in report.tasks for e in t.errors)]


@pytest.mark.parametrize(
    ("table", "old", "new", "error"),
    [
        ("scores", ",60.1,", ",sixty,", "type-error"),
        ("scores", ",60.1,", ",160.1,", "constraint-error"),
        ("scores", ",60.1,", ",,", "constraint-error"),
        ("scores", "Llama 2 7B,MMLU,test,45.3", "Llama 2 7C,MMLU,test,45.3", "foreign-key"),
        ("scores", "Llama 2 7B,MMLU,test,45.3", "Llama 2 7B,MMLU,train,45.3", "foreign-key"),
        ("scores", ",post,post,", ",post,posted,", "foreign-key"),
        ("scores", "post/llama-2-7b/mmlu,", "post/mistral-7b/mmlu,", "primary-key"),
        (
            "releases",
            "Llama 2 7B Chat,Meta,tuned,Llama 2 7B,",
            "Llama 2 7B Chat,Meta,tuned,Llama 9,",
            "foreign-key",
        ),
        ("eval_sets", ",14042,", ",0,", "constraint-error"),
        ("models", ",litgpt,hf-weights,yes", ",litgpt,hf-weights,maybe", "constraint-error"),
        ("models", ",no,no,none", ",false,no,none", "type-error"),
        ("gpus", "memory_gb,", "memory,", "incorrect-label"),
        ("sources", "https://arxiv.org/abs/2001.08361", "javascript:alert(1)", "constraint-error"),
        ("sources", "https://arxiv.org/abs/2001.08361", "arxiv.org/abs/2001.08361", "constraint-error"),
        ("gpus", "\nL4,", "\nT4,", "primary-key"),
        ("law_parameters", "kaplan-n,alpha_N", "kaplan,alpha_N", "foreign-key"),
    ],
)
def test_a_wrong_cell_is_found(tmp_path: Path, table: str, old: str, new: str, error: str) -> None:
    folder = shutil.copytree(DATA, tmp_path / "data", ignore=shutil.ignore_patterns("runs"))
    text = (folder / f"{table}.csv").read_text("utf-8")
    assert old in text
    (folder / f"{table}.csv").write_text(text.replace(old, new, 1), "utf-8")
    report = validate(folder / "datapackage.json")
    assert error in {e.type for task in report.tasks for e in task.errors}


def test_the_package_describes_every_table_and_field() -> None:
    package = Package(DATA / "datapackage.json")
    assert sorted(Path(resource.path).stem for resource in package.resources) == TABLES
    for resource in package.resources:
        assert all(field.description for field in resource.schema.fields)
        assert resource.schema.primary_key


@pytest.mark.parametrize("name", TABLES)
def test_the_package_and_the_records_name_the_same_fields(name: str) -> None:
    resource = Package(DATA / "datapackage.json").get_resource(name.replace("_", "-"))
    record = getattr(facts, name)()[0]
    assert resource.schema.field_names == [field.name for field in fields(record)]


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_tables_are_plain_text(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    assert not re.search(r"\r|\t|  | ,|, ,| $|^\s*$\n", text, re.MULTILINE)


# Sourced throughout


def rows() -> Iterator[object]:
    for name in TABLES:
        if name != "sources":
            yield from getattr(facts, name)()


def test_every_source_is_there_and_none_is_idle() -> None:
    used = {
        getattr(row, name)
        for row in rows()
        for name in ("source_id", "params_source_id")
        if hasattr(row, name)
    }
    used |= {id for event in facts.story() for id in event.source_ids}
    assert used - {""} == {source.id for source in facts.sources()}


def test_what_is_not_verified_says_why() -> None:
    for row in rows():
        if getattr(row, "verified", "yes") != "yes":
            assert row.note, row


def test_not_verified_means_recalled_and_nothing_else() -> None:
    for row in rows():
        if hasattr(row, "verified"):
            named = getattr(row, "source_ids", None) or (getattr(row, "source_id", ""),)
            recalled = named == ("recalled",) if named != ("",) else row.note.startswith("recalled")
            assert (row.verified == "no") == recalled, row


@pytest.mark.parametrize("table", TABLES)
def test_no_fact_stands_twice(table: str) -> None:
    """Under two names neither: the rows of a table differ in more than their first column."""
    found = [tuple(getattr(row, field.name) for field in fields(row)) for row in getattr(facts, table)()]
    assert len({*found}) == len(found)
    named = {"scores", "speeds", "prices", "projections", "chat_ratings", "weight_files"}
    if table in named:
        assert len({row[1:] for row in found}) == len(found)


def test_every_source_has_an_address_that_a_reader_can_open() -> None:
    for source in facts.sources():
        assert re.fullmatch(r"https?://[\w.-]+\.\w+(/\S*)?", source.url or "https://none.given"), source.id
        assert source.url or source.note, source.id  # where there is no address, the note says what it is


def test_every_paper_is_in_the_bibliography_under_the_same_title() -> None:
    entries = (ROOT / "book" / "references.bib").read_text("utf-8").split("\n@")
    works = {re.search(r"\{(\S+?),", entry)[1]: entry for entry in entries}
    for source in facts.sources():
        if source.kind == "paper":
            title = re.search(r"title = \{(.*)\}", works[source.id])[1]
            assert re.sub(r"[{}\\]", "", title) == source.title
            if number := re.search(r"\d{4}\.\d{5}", source.url + source.note):
                assert f"eprint = {{{number[0]}}}" in works[source.id]


def test_exact_numbers_of_parameters_name_their_source() -> None:
    for model in facts.models():
        assert bool(model.params_published) == bool(model.params_source_id), model.name


def test_every_model_says_how_large_it_is() -> None:
    shapes = {model.name for model in facts.models()}
    for release in facts.releases():
        known = [release.model in shapes, release.params_rounded is not None, release.base_model != ""]
        assert any(known), release.model


# True to what was printed


def by_source(source_id: str, model: str) -> dict[str, Score]:
    chosen = [
        s for s in facts.scores() if (s.source_id, s.model) == (source_id, model) and "mean" not in s.metric
    ]
    assert len({s.benchmark for s in chosen}) == len(chosen)
    return {score.benchmark: score for score in chosen}


@pytest.mark.parametrize(("column", "model"), [*enumerate(["Mistral 7B", "Llama 2 7B", "Llama 2 13B"])])
def test_the_posts_table_is_kept_to_the_digit(column: int, model: str) -> None:
    printed = {benchmark: scores[column] for benchmark, scores in POST.items()}
    assert {b: s.score_pct for b, s in by_source("post", model).items()} == printed


@pytest.mark.parametrize(
    ("source", "table"), [("mistral-7b-paper", MISTRAL_RUN), ("open-llm-leaderboard-v1", LEADERBOARD)]
)
def test_two_single_runs_are_kept_to_the_digit(
    source: str, table: dict[str, tuple[float, float, int]]
) -> None:
    ours, theirs = by_source(source, "Mistral 7B"), by_source(source, "Llama 2 13B")
    kept = {
        b: (ours[b].score_pct, theirs[b].score_pct, facts.eval_set(b, ours[b].eval_set).n_items)
        for b in theirs
    }
    assert kept == table


def test_the_posts_figures_equal_the_figures_they_are_matched_to() -> None:
    unmatched = []
    for score in facts.scores():
        assert (score.source_id == "post") == bool(score.match_note)
        if score.source_id == "post" and not score.matches:
            unmatched.append(score.id)
        for match in map(facts.score, score.matches):
            assert match.benchmark == score.benchmark
            assert match.source_id != "post"
            assert score.score_pct in (round(match.score_pct - 1e-9, 1), round(match.score_pct + 1e-9, 1))
    assert unmatched == ["post/llama-2-13b/gsm8k"]


def test_a_figure_named_in_a_match_is_a_score_of_that_benchmark() -> None:
    for score in facts.scores():
        same = {f"{s.score_pct}" for s in facts.scores() if s.benchmark == score.benchmark}
        assert set(re.findall(r"\d+\.\d+", score.match_note)) <= same, score.id


def test_two_figures_of_the_post_belong_to_llama_1_and_one_has_no_source() -> None:
    other = {s.id: facts.score(s.matches[0]).model for s in facts.scores() if s.matches}
    wrong = {id: model for id, model in other.items() if facts.score(id).model != model}
    assert wrong == {"post/llama-2-7b/winogrande": "LLaMA 1 7B", "post/llama-2-13b/winogrande": "LLaMA 1 13B"}
    elsewhere = [
        s
        for s in facts.scores()
        if (s.model, s.benchmark) == ("Llama 2 13B", "GSM8K") and s.source_id != "post"
    ]
    assert 24.3 not in {s.score_pct for s in elsewhere}


def test_a_quoted_score_is_the_score_it_quotes() -> None:
    """Google's Gemma report quotes Meta and Mistral; value and protocol are those of the run itself."""
    printed = {
        (s.pipeline_id, s.model, s.benchmark, s.eval_set, s.metric, s.shots, s.score_pct): s for s in own()
    }
    quoted = [s for s in facts.scores() if s.source_id == "gemma-report" and s.pipeline_id != "gemma-report"]
    assert len(quoted) == 38
    for s in quoted:
        assert (s.pipeline_id, s.model, s.benchmark, s.eval_set, s.metric, s.shots, s.score_pct) in printed, (
            s.id
        )
    theirs = {
        s.benchmark for s in facts.scores() if s.pipeline_id == "gemma-report" and s.model == "Mistral 7B"
    }
    assert theirs == {"GSM8K", "MBPP", "AGIEval", "BBH"}  # the cells with an asterisk


def own() -> list[Score]:
    return [s for s in facts.scores() if s.pipeline_id == s.source_id]


def test_the_four_bit_runs_are_set_apart() -> None:
    apart = {
        (s.model, s.benchmark): s.score_pct for s in facts.scores() if s.pipeline_id == "obsscaling-4bit"
    }
    assert apart == {
        ("Llama 2 7B", "MMLU"): 43.8,
        ("Llama 2 7B", "ARC-c"): 53.07,
        ("Llama 2 7B", "HellaSwag"): 77.74,
        ("Llama 2 7B", "TruthfulQA"): 38.98,
        ("Llama 2 13B", "MMLU"): 54.34,
        ("Llama 2 13B", "ARC-c"): 58.11,
        ("Llama 2 13B", "HellaSwag"): 80.97,
        ("Llama 2 13B", "TruthfulQA"): 34.17,
    }


def test_a_humaneval_score_of_obsscaling_is_a_number_of_164_problems() -> None:
    for score in facts.scores():
        if score.pipeline_id == "obsscaling-humaneval":
            solved = score.score_pct * 1.64
            assert solved == pytest.approx(round(solved), abs=0.01), score.id


def test_metas_figures_of_2024_are_lettered_choices() -> None:
    card = [
        s for s in facts.scores() if s.source_id == "llama-3-card" and s.benchmark in ("ARC-c", "WinoGrande")
    ]
    assert len(card) == 10
    assert {s.metric for s in card} == {"acc, lettered choice"}


def test_one_model_has_many_scores_on_one_benchmark() -> None:
    gsm8k = {s.score_pct for s in facts.scores() if (s.model, s.benchmark) == ("Mistral 7B", "GSM8K")}
    one_answer = {33.13, 34.5, 35.4, 36.2, 36.5, 37.07, 37.83, 39.35, 39.6, 40.3, 41.2, 47.61}
    assert gsm8k == one_answer | {50.0, 52.2}  # the last two by majority vote


def test_protocols_are_told_apart_as_pandas_tells_them_apart() -> None:
    """Models and benchmarks whose scores differ, also those where metric and shots agree."""
    frame = pd.read_csv(DATA / "scores.csv", dtype={"shots": str}, keep_default_na=False)
    for keys in (["model", "benchmark"], ["model", "benchmark", "metric", "shots"]):
        differing = frame.groupby(keys)["score_pct"].nunique().gt(1).sum()
        groups: dict[tuple[str, ...], list[float]] = {}
        for score in facts.scores():
            groups.setdefault(tuple(getattr(score, key) for key in keys), []).append(score.score_pct)
        assert differing == sum(any(a != b for a, b in combinations(group, 2)) for group in groups.values())
    within = frame[frame.pipeline_id == frame.source_id].groupby(
        ["pipeline_id", "model", "benchmark", "eval_set", "metric", "shots"]
    )
    assert within["score_pct"].nunique().eq(1).all()


def test_gemma_2_27b_has_the_figures_of_its_report() -> None:
    kept = {
        s.benchmark: s.score_pct for s in own() if (s.source_id, s.model) == ("gemma-2-report", "Gemma 2 27B")
    }
    assert (kept["HellaSwag"], kept["WinoGrande"]) == (86.4, 83.7)
    assert {87.03, 87.3}.isdisjoint(s.score_pct for s in facts.scores() if s.model == "Gemma 2 27B")


@pytest.mark.parametrize("model", [m for m in facts.models() if m.params_published], ids=lambda m: m.name)
def test_the_shape_gives_the_published_number_of_parameters(model: Model) -> None:
    assert parameters(model) == model.params_published


def parameters(m: Model) -> int:
    """Counted matrix by matrix, by listing the shape of each tensor."""
    q, kv = m.n_heads * m.head_dim, m.n_kv_heads * m.head_dim
    tensors = [(m.d_model, q), (m.d_model, kv), (m.d_model, kv), (q, m.d_model)]
    tensors += [(m.d_model, m.ffn_dim)] * m.ffn_matrices * m.n_experts
    tensors += [(m.d_model, m.n_experts)] if m.n_experts > 1 else []
    tensors += [(m.d_model, 1)] * m.norms_per_layer
    tensors += [(q, 1), (kv, 1), (kv, 1)] if m.qkv_bias else []
    tensors += {"none": [], "head": [(m.head_dim, 1)] * 2, "full": [(q, 1), (kv, 1)]}[m.qk_norm]
    layer = sum(rows * columns for rows, columns in tensors)
    return m.n_layers * layer + m.d_model + (1 if m.tied else 2) * m.vocab_size * m.d_model


def test_llama_3_8b_has_the_backbone_of_mistral_7b() -> None:
    backbones = [
        parameters(m) - (2 - m.tied) * m.vocab_size * m.d_model
        for m in map(facts.model, ("Mistral 7B", "Llama 3 8B"))
    ]
    assert backbones == [6_979_588_096, 6_979_588_096]


def test_weight_files_hold_two_bytes_for_each_parameter() -> None:
    for file in facts.weight_files():
        if file.format == "safetensors":
            params = facts.model(file.model).params_published
            assert params is not None
            assert 0 <= file.size_bytes - 2 * params <= 4096


def test_a_card_holds_as_many_gib_as_it_is_sold_with_gb() -> None:
    assert all(gpu.memory_bytes == gpu.memory_gb * 1024**3 for gpu in facts.gpus())
    reported = 81_559 * 1024**2  # what nvidia-smi prints for an H100 80GB
    assert 0.99 < reported / facts.gpu("H100 SXM5 80GB").memory_bytes < 1
    assert reported > 80e9


def test_the_laws_constants_bear_each_other_out() -> None:
    rounded, unrounded = facts.law("chinchilla"), facts.law("chinchilla-unrounded")
    e = 2.718281828459045
    for name in ("E", "A", "B"):
        assert e ** unrounded[f"log_{name}"] == pytest.approx(rounded[name], rel=2e-3)
    for name in ("alpha", "beta"):
        assert round(unrounded[name], 2) == rounded[name]
    for one in facts.law_parameters():
        if one.law_id == "besiroglu" and one.low is not None and one.high is not None:
            assert one.low < one.value < one.high


def test_the_mistral_papers_equivalent_sizes_are_its_ratios() -> None:
    mistral = facts.model("Mistral 7B").params_published or 0
    for p in facts.projections():
        if p.ratio is not None and p.n_params is not None:
            assert p.n_params / (p.ratio * mistral) == pytest.approx(1, abs=0.06), p.id


def test_the_posts_own_sums() -> None:
    """Its ratio of tokens to parameters, its speed-up, its saving: as its own figures give them."""
    factors = {f.id: (f.baseline_value, f.challenger_value) for f in facts.post_factors()}
    for column in (0, 1):
        assert round(factors["tokens"][column] / factors["parameters"][column]) == factors["ratio"][column]
    speed = facts.post_inference()[0]
    assert speed.challenger_value / speed.baseline_value - 1 == pytest.approx(speed.improvement_pct / 100)
    price = {cost.model: cost.price_per_million for cost in facts.post_costs()}
    assert round(100 * (1 - price["Mistral 7B"] / price["Llama 2 13B"])) == 33
