"""The kinds of facts: one frozen, typed record for each table of `data/`, its fields named as the columns."""

from dataclasses import dataclass
from typing import Any


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
class Correlation:
    """How far the results of two models over the items of a test go together, -1 to 1.

    `low` and `high` are the same for one value. `n_items` is None where it is a range over several tests.
    """

    id: str
    models: str
    items: str
    n_items: int | None
    low: float
    high: float
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Leak:
    """How much better a model does on a benchmark than on `twin`, questions newly written to be like it.

    `excess_points` are percentage points; `n_twin` counts the new questions.
    """

    id: str
    model: str
    benchmark: str
    twin: str
    excess_points: float
    n_twin: int
    source_id: str
    locator: str
    verified: str
    note: str


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
class ChinchillaRun:
    """A run of the Chinchilla paper as read off its figure: all parameters, FLOPs, loss in nats a token."""

    n_params: float
    train_flops: float
    loss: float
    source_id: str


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An open model of Gadre and others: text, size, tokens, loss on C4, shares answered right."""

    data: str
    n_params: int
    train_tokens: int
    c4_loss: float
    arc_c: float
    hellaswag: float
    winogrande: float
    mmlu: float
    source_id: str


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
class ProgressClaim:
    """A published claim on how fast less does as well: of parameters, compute or price (`quantity`).

    Said in one of four ways: `months` to half (with an interval), two values with their dates, a fall in a
    year (`fold_low` to `fold_high` times), or a fall of the natural logarithm in a year.
    """

    id: str
    quantity: str
    claim: str
    from_value: float | None
    from_date: str
    to_value: float | None
    to_date: str
    unit: str
    months: float | None
    months_low: float | None
    months_high: float | None
    fold_low: float | None
    fold_high: float | None
    log_per_year: float | None
    date: str
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
class PastOffer:
    """An offer as seen on one day: a million `tokens` read (and written), or an hour of one rented `card`."""

    id: str
    kind: str
    provider: str
    offer: str
    date: str
    price: float
    output_price: float | None
    currency: str
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
