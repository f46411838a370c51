"""The book's facts: every table of `data/` as typed, frozen records.

The only module that reads files. A table is read once, on first use, by `load`, which is driven by the
annotations of the record: the CSV's header must name the record's fields, in their order. A bad cell
raises a `ValueError` that names file, line and column. Standard library only: this runs in the browser too.

An empty cell is `None` where a field may be `None`, else the empty text; a list's parts are separated by
semicolons. `source_id` leads to `sources()`;
`locator` says where in the source; `verified` is `yes`, `partly` or `no`, and `note` says why it isn't `yes`.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from. `id` is the key of `references.bib` too when `kind` is `paper`."""

    id: str
    short_title: str
    title: str
    authors: str
    date: str  # ISO, as precise as known: 2023, 2023-09 or 2023-09-27
    kind: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test, or a mean of tests (`kind` is then `average`), and what it measures in plain words."""

    benchmark: str
    title: str
    kind: str
    measures: str
    source_id: str


@dataclass(frozen=True, slots=True)
class EvalSet:
    """The items a benchmark's score is a share of; `n_items` is None where no source gives it."""

    benchmark: str
    eval_set: str
    split: str
    n_items: int | None
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Metric:
    """How an answer is scored; `proportion` is false where a score is no share of the items."""

    metric: str
    meaning: str
    proportion: bool


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Who ran an evaluation; `kind` is `single`, or `mixed` for a table of figures from several runs."""

    id: str
    name: str
    run_by: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Score:
    """One published score. `pipeline_id` produced it, `source_id` printed it; they differ where it is quoted.

    `shots` is the number of worked examples in the prompt, as text (`3-5`, `not stated`). `matches` holds
    the ids of the primary scores a figure of the post was matched to; `match_note` says so in words.
    """

    id: str
    model: str
    benchmark: str
    eval_set: str
    score_pct: float
    metric: str
    shots: str
    pipeline_id: str
    source_id: str
    locator: str
    verified: str
    note: str
    matches: tuple[str, ...]
    match_note: str


@dataclass(frozen=True, slots=True)
class Model:
    """The exact shape of a decoder, every count a number of that thing.

    `ffn_matrices` is 3 for a gated feed-forward layer, 2 for a plain one; `qk_norm` normalises queries and
    keys per `head`, in `full` width or not at all (`none`). Contexts and `sliding_window` are tokens; the
    window holds in every layer (`sliding_every` 1) or in every second one (2), and no other share of layers
    can be written down. `params_published` counts the published weights exactly.
    """

    name: str
    n_layers: int
    d_model: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    ffn_dim: int
    ffn_matrices: int
    n_experts: int
    n_experts_active: int
    vocab_size: int
    tied: bool
    qkv_bias: bool
    qk_norm: str
    norms_per_layer: int
    trained_context: int
    configured_context: int
    sliding_window: int | None
    sliding_every: int | None
    rope_theta: float | None
    params_published: int | None
    source_id: str
    params_source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Release:
    """Who released a model, when, how large and trained on what; every model of `scores` has one.

    `kind` is `base`, `tuned` (with its `base_model`) or `ablation`. `params_rounded` is what its maker says.
    `train_tokens` is None where never published, and `train_tokens_bound` qualifies it (`about`, `at least`,
    `up to`); `train_flops` are floating-point operations.
    """

    model: str
    maker: str
    kind: str
    base_model: str
    release_date: str
    licence: str
    params_rounded: int | None
    params_active: int | None
    train_tokens: int | None
    train_tokens_bound: str
    train_gpu_hours: int | None
    train_gpu: str
    train_flops: float | None
    source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class ChatRating:
    """A published comparison of chat models: `value` for the model, `baseline_value` for the baseline."""

    id: str
    model: str
    baseline: str
    measure: str
    value: float
    baseline_value: float
    unit: str
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Law:
    """A scaling law and the form of its formula; its constants are the `law_parameters` of this id."""

    id: str
    name: str
    about: str
    form: str
    source_id: str
    locator: str
    note: str


@dataclass(frozen=True, slots=True)
class LawParameter:
    """One constant of a law; `interval` says what `low` and `high` bound. Logarithms are natural."""

    law_id: str
    parameter: str
    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    interval: str
    unit: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Projection:
    """What a paper itself works out from its law: parameters, tokens, FLOPs, or a ratio of sizes."""

    id: str
    about: str
    n_params: int | None
    n_tokens: int | None
    flops: float | None
    ratio: float | None
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card: memory as sold (GB) and in bytes, bandwidth in 10^9 bytes/s, dense FP16 tensor TFLOP/s, watts.

    Makers sell memory by powers of two: an 80 GB card holds 80 GiB, a little of it kept by the driver.
    """

    name: str
    memory_gb: int
    memory_bytes: int
    bandwidth_gb_s: float
    dense_tflops: float
    tdp_w: int
    launch_date: str
    source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Speed:
    """One published measurement of a model at work, in `unit`, under the conditions given."""

    id: str
    model: str
    quantity: str
    value: float
    unit: str
    hardware: str
    precision: str
    batch: int | None
    context_tokens: int | None
    condition: str
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Recall:
    """How much a model finds in texts of one length: the mean score of RULER's tasks.

    `model` is the shape, `tested` the tuned model of that shape that was asked.
    """

    id: str
    model: str
    tested: str
    context_tokens: int
    score_pct: float
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class WeightFile:
    """The size of a model's published weights in one format, in bytes."""

    id: str
    model: str
    format: str
    precision: str
    size_bytes: int
    source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Calculator:
    """What a public program takes for a cached token in FP16: bytes for each layer and number of d_model."""

    id: str
    name: str
    mode: str
    bytes_per_width: int
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Price:
    """A quoted price of a million tokens read (`input`) and written (`output`), in `currency`."""

    id: str
    provider: str
    offer: str
    model: str
    input_per_million: float
    output_per_million: float | None
    currency: str
    date: str
    source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Rental:
    """The price of `n_gpus` rented cards together, from `price_low` to `price_high` `per` second or hour."""

    id: str
    provider: str
    hardware: str
    gpu: str
    n_gpus: int
    price_low: float
    price_high: float
    currency: str
    per: str
    date: str
    source_id: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Event:
    """One turn of the company's story: what holds, what the post says, how that stands and why.

    `public` is the date by which what holds was public, by the sources we have.
    """

    id: str
    topic: str
    date: str
    fact: str
    public: str
    post_says: str
    standing: str
    judgement: str
    source_ids: tuple[str, ...]
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of the post in our words, the chapter that takes it up, and how it can be checked."""

    id: str
    chapter: str
    kind: str
    claim: str
    check: str


@dataclass(frozen=True, slots=True)
class PostFactor:
    """A row of the post's second table: Llama 2 13B (baseline) and Mistral 7B, as printed and in `unit`."""

    id: str
    factor: str
    baseline_text: str
    challenger_text: str
    baseline_value: float | None
    challenger_value: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class PostInference:
    """A row of the post's third table: Llama 2 7B (baseline) and Mistral 7B, as printed and in `unit`."""

    id: str
    metric: str
    baseline_text: str
    challenger_text: str
    improvement_text: str
    baseline_value: float
    challenger_value: float
    improvement_pct: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class PostUseCase:
    """A row of the post's fourth table: Llama 2 13B (baseline), Mistral 7B, and whether that replaces it."""

    id: str
    use_case: str
    baseline_text: str
    challenger_text: str
    replaces_text: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class PostCost:
    """A row of the post's fifth table, as printed, with GB in FP16 and the price of a million tokens."""

    model: str
    memory_text: str
    rtx_4090_text: str
    price_text: str
    memory_gb: float
    price_per_million: float
    currency: str


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded experiment: the question, how it was asked, on what, and the rows that came out.

    `process_seconds` is processor time, `wall_seconds` what a clock on the wall says. `settings` are the
    arguments, seeds among them.
    """

    id: str
    question: str
    command: str
    date: str  # ISO
    device: str
    versions: dict[str, str]
    process_seconds: float
    settings: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    wall_seconds: float | None = None  # the first records have none


def data_folder() -> Path:
    """The folder of the CSV files: `smallmodels/data` in a wheel, `data` beside the package in a checkout."""
    package = Path(__file__).parent
    inside = package / "data"
    return inside if inside.is_dir() else package.parent / "data"


def load(table: str, record: type[Record], folder: Path | None = None) -> tuple[Record, ...]:
    """Every row of `<table>.csv` as a `record`; `ValueError` names file, line and column of a bad cell."""
    path = (folder or data_folder()) / f"{table}.csv"
    names = [f.name for f in fields(record)]  # type: ignore[arg-type]
    readers = [_READERS[f.type] for f in fields(record)]  # type: ignore[arg-type, index]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        if next(lines, []) != names:
            raise ValueError(f"{path.name}, line 1: the columns must be {', '.join(names)}.")
        numbered = ((line, f"{path.name}, line {lines.line_num}") for line in lines)
        return tuple(_record(record, names, readers, line, where) for line, where in numbered)


def _record(
    record: type[Record], names: list[str], readers: list[Any], line: list[str], where: str
) -> Record:
    if len(line) != len(names):
        raise ValueError(f"{where}: {len(line)} cells where {len(names)} are needed.")
    try:
        return record(*[read(text) for read, text in zip(readers, line, strict=True)])
    except ValueError:
        raise _bad_cell(names, readers, line, where) from None


def _bad_cell(names: list[str], readers: list[Any], line: list[str], where: str) -> ValueError:
    for name, read, text in zip(names, readers, line, strict=True):
        try:
            read(text)
        except ValueError:
            return ValueError(f"{where}, column {name}: {text!r} is not {_EXPECTED[read]}.")
    raise AssertionError("a record was refused although each of its cells can be read")


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # inf and nan: a table holds finite numbers only
        raise ValueError(text)
    return number


def _bool(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def _int_or_none(text: str) -> int | None:
    return int(text) if text else None


def _float_or_none(text: str) -> float | None:
    return _float(text) if text else None


_READERS = {
    str: str,
    int: int,
    float: _float,
    bool: _bool,
    tuple[str, ...]: _list,
    int | None: _int_or_none,
    float | None: _float_or_none,
}
_EXPECTED = {
    int: "a whole number",
    _float: "a number",
    _bool: "yes or no",
    _int_or_none: "a whole number or empty",
    _float_or_none: "a number or empty",
}


@cache
def sources() -> tuple[Source, ...]:
    """Every source a figure of the book comes from."""
    return load("sources", Source)


@cache
def benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks, in the order in which the book lists them."""
    return load("benchmarks", Benchmark)


@cache
def eval_sets() -> tuple[EvalSet, ...]:
    """The sets of items behind the benchmarks."""
    return load("eval_sets", EvalSet)


@cache
def metrics() -> tuple[Metric, ...]:
    """The ways in which answers are scored."""
    return load("metrics", Metric)


@cache
def pipelines() -> tuple[Pipeline, ...]:
    """The evaluations that produced the scores."""
    return load("pipelines", Pipeline)


@cache
def scores() -> tuple[Score, ...]:
    """Every published score, the post's 21 first."""
    return load("scores", Score)


@cache
def models() -> tuple[Model, ...]:
    """The models whose exact shape is known."""
    return load("models", Model)


@cache
def releases() -> tuple[Release, ...]:
    """Every model the book speaks of, with its release and training."""
    return load("releases", Release)


@cache
def chat_ratings() -> tuple[ChatRating, ...]:
    """Published comparisons of Mistral 7B's chat model."""
    return load("chat_ratings", ChatRating)


@cache
def laws() -> tuple[Law, ...]:
    """The scaling laws."""
    return load("laws", Law)


@cache
def law_parameters() -> tuple[LawParameter, ...]:
    """The constants of every law."""
    return load("law_parameters", LawParameter)


@cache
def projections() -> tuple[Projection, ...]:
    """What papers work out from their own laws."""
    return load("projections", Projection)


@cache
def gpus() -> tuple[Gpu, ...]:
    """The cards."""
    return load("gpus", Gpu)


@cache
def speeds() -> tuple[Speed, ...]:
    """Published measurements of models at work."""
    return load("speeds", Speed)


@cache
def recall() -> tuple[Recall, ...]:
    """What models find in long texts."""
    return load("recall", Recall)


@cache
def weight_files() -> tuple[WeightFile, ...]:
    """Sizes of published weights."""
    return load("weight_files", WeightFile)


@cache
def calculators() -> tuple[Calculator, ...]:
    """What public programs take for the cache."""
    return load("calculators", Calculator)


@cache
def prices() -> tuple[Price, ...]:
    """Quoted prices of tokens; the post's own are in `post_costs`."""
    return load("prices", Price)


@cache
def rentals() -> tuple[Rental, ...]:
    """Quoted prices of rented cards."""
    return load("rentals", Rental)


@cache
def story() -> tuple[Event, ...]:
    """The company's story, set against the post's."""
    return load("story", Event)


@cache
def claims() -> tuple[Claim, ...]:
    """The post's claims."""
    return load("claims", Claim)


@cache
def post_factors() -> tuple[PostFactor, ...]:
    """The post's second table: what explains the result."""
    return load("post_factors", PostFactor)


@cache
def post_inference() -> tuple[PostInference, ...]:
    """The post's third table: inference."""
    return load("post_inference", PostInference)


@cache
def post_use_cases() -> tuple[PostUseCase, ...]:
    """The post's fourth table: what a 7B can stand in for."""
    return load("post_use_cases", PostUseCase)


@cache
def post_costs() -> tuple[PostCost, ...]:
    """The post's fifth table: cost."""
    return load("post_costs", PostCost)


def source(id: str) -> Source:
    """The source with this id."""
    return _one(_by(sources, "id"), id, "source")


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name."""
    return _one(_by(benchmarks, "benchmark"), name, "benchmark")


def metric(name: str) -> Metric:
    """The metric of this name."""
    return _one(_by(metrics, "metric"), name, "metric")


def pipeline(id: str) -> Pipeline:
    """The pipeline with this id."""
    return _one(_by(pipelines, "id"), id, "pipeline")


def score(id: str) -> Score:
    """The score with this id."""
    return _one(_by(scores, "id"), id, "score")


def eval_set(benchmark: str, name: str) -> EvalSet:
    """The set of items of this name behind a benchmark."""
    sets = {e.eval_set: e for e in eval_sets() if e.benchmark == benchmark}
    if not sets:
        return _one({e.benchmark: e for e in eval_sets()}, benchmark, "benchmark")
    return _one(sets, name, f"evaluation set of {benchmark}")


def model(name: str) -> Model:
    """The shape of the model of this name."""
    return _one(_by(models, "name"), name, "shape of a model")


def release(model: str) -> Release:
    """The release of the model of this name."""
    return _one(_by(releases, "model"), model, "model")


def law(id: str) -> dict[str, float]:
    """The constants of the law with this id, by the names its `form` uses."""
    _one(_by(laws, "id"), id, "law")
    return {p.parameter: p.value for p in law_parameters() if p.law_id == id}


def gpu(name: str) -> Gpu:
    """The card of this name."""
    return _one(_by(gpus, "name"), name, "GPU")


@cache
def run(id: str) -> Run:
    """The recorded experiment of this name, from `runs/<id>.json`."""
    import json  # only here: a page without experiments need not wait for it

    known = {path.stem: path for path in (data_folder() / "runs").glob("*.json")}
    given = json.loads(_one(known, id, "recorded experiment").read_text(encoding="utf-8"))
    return Run(**{**given, "rows": tuple(given["rows"])})


def _by(table: Callable[[], tuple[Record, ...]], key: str) -> dict[str, Record]:
    return _index(table, key)  # typed here: a cache forgets what its function takes and gives


@cache
def _index(table: Callable[[], tuple[Any, ...]], key: str) -> dict[str, Any]:
    return {getattr(row, key): row for row in table()}


def _one(known: dict[str, Record], key: str, what: str) -> Record:
    if key not in known:
        some = ", ".join([*known][:40]) + (" and more" if len(known) > 40 else "")
        raise ValueError(f"There is no {what} {key!r}; there is {some}.")
    return known[key]


def family_of(model: str) -> str:
    """The family whose colour a model wears in every chart: Mistral, Llama or other.

    >>> family_of("LLaMA 1 13B"), family_of("Mixtral 8x7B"), family_of("Gemma 7B")
    ('Llama', 'Mistral', 'other')
    """
    name = model.lower()
    return "Mistral" if name.startswith(("mistral", "mixtral")) else "Llama" if "llama" in name else "other"


Rows = Sequence[dict[str, Any]]


def recorded(name: str, rows: Rows | None, device: str) -> tuple[Rows, tuple[str, ...], str]:
    """The rows to show, the notes that go with them, and what a figure names as its source.

    Records made off the CPU carry the device in their name.
    """
    if rows is not None:
        if not rows:
            raise ValueError("The run brought no rows; give it at least one case to try.")
        return rows, ("Run just now, on this machine.",), "a run just made"
    found = run(name if device == "cpu" else f"{name}-{device}")
    wall = "" if found.wall_seconds is None else f" ({found.wall_seconds:,.0f} s by the clock)"
    note = (
        f"Recorded by {found.command} on {found.date}, with PyTorch {found.versions['torch']} on "
        f"{found.device}, in {found.process_seconds:,.0f} s of processor time{wall}."
    )
    return found.rows, (note,), f"recorded experiment {found.id}, {found.date}"
