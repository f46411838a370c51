"""Every table of `data/` by its name, and every record by its own."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from smallmodels.facts.kinds import (
    Benchmark,
    Calculator,
    ChatRating,
    ChinchillaRun,
    Claim,
    Correlation,
    EvalSet,
    Event,
    Gpu,
    Law,
    LawParameter,
    Leak,
    Metric,
    Model,
    OpenRun,
    PastOffer,
    Pipeline,
    PostCost,
    PostFactor,
    PostInference,
    PostUseCase,
    Price,
    ProgressClaim,
    Projection,
    Recall,
    Release,
    Rental,
    Score,
    Source,
    Speed,
    WeightFile,
)
from smallmodels.facts.reader import load

Record = TypeVar("Record")


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
def correlations() -> tuple[Correlation, ...]:
    """How far two models' results over a test's items go together."""
    return load("correlations", Correlation)


@cache
def leaks() -> tuple[Leak, ...]:
    """How much better models do on a benchmark than on newly written questions like it."""
    return load("leaks", Leak)


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
def chinchilla_runs() -> tuple[ChinchillaRun, ...]:
    """The runs behind Chinchilla's law that could be read off its paper."""
    return load("chinchilla_runs", ChinchillaRun)


@cache
def open_scaling_runs() -> tuple[OpenRun, ...]:
    """Open models of which both loss and scores were published."""
    return load("open_scaling_runs", OpenRun)


@cache
def projections() -> tuple[Projection, ...]:
    """What papers work out from their own laws."""
    return load("projections", Projection)


@cache
def progress_claims() -> tuple[ProgressClaim, ...]:
    """What has been published on the speed of progress."""
    return load("progress_claims", ProgressClaim)


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
def price_history() -> tuple[PastOffer, ...]:
    """Offers of tokens and of cards through time."""
    return load("price_history", PastOffer)


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
    return one(_by(sources, "id"), id, "source")


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name."""
    return one(_by(benchmarks, "benchmark"), name, "benchmark")


def metric(name: str) -> Metric:
    """The metric of this name."""
    return one(_by(metrics, "metric"), name, "metric")


def pipeline(id: str) -> Pipeline:
    """The pipeline with this id."""
    return one(_by(pipelines, "id"), id, "pipeline")


def score(id: str) -> Score:
    """The score with this id."""
    return one(_by(scores, "id"), id, "score")


def eval_set(benchmark: str, name: str) -> EvalSet:
    """The set of items of this name behind a benchmark."""
    sets = {e.eval_set: e for e in eval_sets() if e.benchmark == benchmark}
    if not sets:
        return one({e.benchmark: e for e in eval_sets()}, benchmark, "benchmark")
    return one(sets, name, f"evaluation set of {benchmark}")


def model(name: str) -> Model:
    """The shape of the model of this name."""
    return one(_by(models, "name"), name, "shape of a model")


def release(model: str) -> Release:
    """The release of the model of this name."""
    return one(_by(releases, "model"), model, "model")


def law(id: str) -> dict[str, float]:
    """The constants of the law with this id, by the names its `form` uses."""
    one(_by(laws, "id"), id, "law")
    return {p.parameter: p.value for p in law_parameters() if p.law_id == id}


def gpu(name: str) -> Gpu:
    """The card of this name."""
    return one(_by(gpus, "name"), name, "GPU")


def family_of(model: str) -> str:
    """The family whose colour a model wears in every chart: Mistral, Llama or other.

    >>> family_of("LLaMA 1 13B"), family_of("Mixtral 8x7B"), family_of("Gemma 7B")
    ('Llama', 'Mistral', 'other')
    """
    name = model.lower()
    return "Mistral" if name.startswith(("mistral", "mixtral")) else "Llama" if "llama" in name else "other"


def _by(table: Callable[[], tuple[Record, ...]], key: str) -> dict[str, Record]:
    return _index(table, key)  # typed here: a cache forgets what its function takes and gives


@cache
def _index(table: Callable[[], tuple[Any, ...]], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in table():
        if found.setdefault(getattr(row, key), row) is not row:
            raise ValueError(
                f"Two rows of {table.__name__}.csv have the {key} {getattr(row, key)!r}; keep one."
            )
    return found


def one(known: dict[str, Record], key: str, what: str) -> Record:
    """The record under this key; a `ValueError` that names those there are where it is unknown."""
    if key not in known:
        some = ", ".join([*known][:40]) + (" and more" if len(known) > 40 else "")
        raise ValueError(f"There is no {what} {key!r}; there is {some}.")
    return known[key]
