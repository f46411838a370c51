"""What scaling laws expect of two models, and how much data size can be traded for.

`factors` sets two models side by side under one law, `laws` under every law, `ratios` shows what models
were trained on against what a law calls best, and `serving` asks which size is cheapest when it must be
served too. Losses are in nats a token; N counts parameters, D tokens. Our own runs are in `miniature`.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log, log10

from smallmodels import facts, memory
from smallmodels.facts import Release, family_of
from smallmodels.table import Cell, Column, Table, Value

CHALLENGER, BASELINE = "Mistral 7B", "Llama 2 13B"
# The laws that give a loss for any size and any amount of data.
LAWS = ("kaplan-joint", "chinchilla", "chinchilla-unrounded", "besiroglu")
SIZES = (0.1, 1000)  # parameters a reader can choose, in billions
BUDGETS = (0.1, 100)  # training tokens a reader can choose, in trillions, and the charts' width
CURVE = tuple(10 ** (11 + step / 10) for step in range(31))  # tokens at which a curve is drawn
SERVED = (0, 0.1, 1, 10, 100, 1000)  # served tokens that every table of `serving` has, in trillions
MOST_SERVED = 10_000  # the most a reader can choose, in trillions
NEVER = "no amount"
Record = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Law:
    """L(N, D) = E + (A/N^alpha + B/D^beta)^gamma, the form that every law here can be written in.

    Hoffmann et al. 2022 and Besiroglu et al. 2024 have gamma = 1. Kaplan et al. 2020 have E = 0, beta = 1,
    gamma = alpha_D and alpha = alpha_N/alpha_D, and their N leaves the embeddings out (`embeddings` False).
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    gamma: float = 1
    embeddings: bool = True

    def counted(self, n_params: float) -> float:
        """What of a model's parameters this law counts."""
        return n_params if self.embeddings else non_embedding(n_params)

    def charges(self, n_params: float, n_tokens: float) -> tuple[float, float]:
        """What limited size and what limited data add to the loss, before the outer exponent."""
        return float(self.A / self.counted(n_params) ** self.alpha), float(self.B / n_tokens**self.beta)

    def excess(self, n_params: float, n_tokens: float) -> float:
        """Both charges together."""
        size, data = self.charges(n_params, n_tokens)
        return size + data

    def loss(self, n_params: float, n_tokens: float) -> float:
        """Predicted loss in nats a token.

        >>> round(law("chinchilla").loss(70e9, 1.4e12), 4)  # Chinchilla itself
        1.9366
        """
        return float(self.E + self.excess(n_params, n_tokens) ** self.gamma)

    def tokens_to_match(self, n_params: float, other_params: float, other_tokens: float) -> float | None:
        """Training tokens at which a model reaches another's loss; None if no amount is enough.

        >>> tokens = law("chinchilla").tokens_to_match(7241732096, 13015864320, 2e12)
        >>> round(tokens / 1e12, 2)
        4.88
        >>> law("kaplan-joint").tokens_to_match(7241732096, 13015864320, 2e12) is None
        True
        """
        size, _ = self.charges(n_params, other_tokens)
        other, data = self.charges(other_params, other_tokens)
        left_for_data = data + (other - size)  # the sizes first: equal ones must need equal tokens
        return float((self.B / left_for_data) ** (1 / self.beta)) if left_for_data > 0 else None

    def tokens_for(self, n_params: float, loss: float) -> float | None:
        """Training tokens at which a model of this size reaches a loss; None if no amount is enough.

        >>> chinchilla = law("chinchilla")
        >>> round(chinchilla.tokens_for(70e9, chinchilla.loss(70e9, 1.4e12)) / 1e12, 3)
        1.4
        """
        if loss <= self.E:
            return None
        size, _ = self.charges(n_params, 1)
        left_for_data = (loss - self.E) ** (1 / self.gamma) - size
        return float((self.B / left_for_data) ** (1 / self.beta)) if left_for_data > 0 else None

    def best_tokens(self, n_params: float) -> float | None:
        """Tokens at which a model of this size is the best use of its compute 6ND (Hoffmann et al. 2022).

        There a little more size and a little more data help alike: alpha A/N^alpha = beta B/D^beta. None for
        Kaplan's law, which takes a model trained to its best on D tokens, whatever the compute.

        >>> round(law("chinchilla").best_tokens(7241732096) / 1e9)
        487
        """
        if not self.embeddings:
            return None
        size = self.alpha * self.A / n_params**self.alpha
        return float((self.beta * self.B / size) ** (1 / self.beta))

    def exponents(self) -> tuple[float, float]:
        """How the best size and the best number of tokens grow with compute: N ~ C^a, D ~ C^b.

        >>> tuple(round(x, 2) for x in law("chinchilla-unrounded").exponents())
        (0.46, 0.54)
        """
        return self.beta / (self.alpha + self.beta), self.alpha / (self.alpha + self.beta)


@cache
def law(id: str) -> Law:
    """One of `LAWS`, its constants from `data/`; `ValueError` if there is none of this id."""
    if id not in LAWS:
        raise ValueError(f"There is no law {id!r} here; choose one of {', '.join(LAWS)}.")
    p = facts.law(id)
    if id == "kaplan-joint":
        alpha = p["alpha_N"] / p["alpha_D"]
        return Law(0.0, p["N_c"] ** alpha, p["D_c"], alpha, 1.0, p["alpha_D"], embeddings=False)
    E, A, B = (p[name] if name in p else exp(p[f"log_{name}"]) for name in "EAB")
    return Law(E, A, B, p["alpha"], p["beta"])


def law_choices() -> list[tuple[str, str]]:
    """The laws a reader can choose from, as (name, id)."""
    return [(one.name, one.id) for one in facts.laws() if one.id in LAWS]


def training_flops(n_params: float, n_tokens: float) -> float:
    """FLOPs of training, C = 6ND: 2 for each parameter and token forward, 4 backward (Kaplan et al. 2020).

    >>> f"{training_flops(400e6, 8e9):.3g}"  # the first row of Chinchilla's table 3
    '1.92e+19'
    """
    return 6 * n_params * n_tokens


def serving_flops(n_params: float, n_tokens: float) -> float:
    """FLOPs of reading and writing tokens with a trained model, 2ND (Kaplan et al. 2020).

    >>> serving_flops(7e9, 1e12)
    1.4e+22
    """
    return 2 * n_params * n_tokens


def cheapest(law: Law, loss: float, n_served: float) -> tuple[float, float]:
    """Parameters and training tokens that reach a loss and serve tokens at the least compute.

    The least 6ND + 2NS for S served tokens, among models of this loss (Sardana et al. 2023). Let t be data's
    share of the loss above the floor: N and D follow from it, and along them compute is least where
    3D (alpha (1 - t) / (beta t) - 1) = S. The left side only falls as t grows, so its root is found by
    halving. `ValueError` for a loss at or below the floor, and for a law without one.

    With nothing to serve it is Chinchilla's own optimum:

    >>> chosen = law("chinchilla")
    >>> n, d = cheapest(chosen, chosen.loss(70e9, chosen.best_tokens(70e9)), 0)
    >>> round(n / 1e9, 6), round(d / chosen.best_tokens(n), 6)
    (70.0, 1.0)
    """
    if not law.embeddings or loss <= law.E:
        raise ValueError(f"No size reaches a loss of {loss:.4g} at a least compute under this law.")
    above = loss - law.E

    def tokens(t: float) -> float:
        return float((law.B / (above * t)) ** (1 / law.beta))

    def too_small(t: float) -> bool:  # a share so small that serving this model would be too cheap
        return 3 * tokens(t) * (law.alpha * (1 - t) / (law.beta * t) - 1) > n_served

    low, high = log(1e-12), log(law.alpha / (law.alpha + law.beta))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if too_small(exp(middle)) else (low, middle)
    t = exp(high)
    return float((law.A / (above * (1 - t))) ** (1 / law.alpha)), tokens(t)


def non_embedding(n_params: float) -> float:
    """Parameters without the embedding and output matrices of a Llama-like model of `n_params` in all.

    Exact for the models of `data/` with Llama's vocabulary of 32,000; in between, the matrices grow along a
    straight line in logarithms, and outside with the cube root of the size, as a model's width does.

    >>> non_embedding(7241732096)  # Mistral 7B
    6979588096.0
    """
    sizes, matrices = _embeddings()
    last = bisect_right(sizes, n_params) - 1
    if last in (-1, len(sizes) - 1):
        last = max(last, 0)
        return float(n_params - matrices[last] * (n_params / sizes[last]) ** (1 / 3))
    step = log10(n_params / sizes[last]) / log10(sizes[last + 1] / sizes[last])
    return float(n_params - matrices[last] * (matrices[last + 1] / matrices[last]) ** step)


@cache
def _embeddings() -> tuple[list[int], list[int]]:
    """Sizes of the models with Llama's vocabulary, smallest first, and those of their two matrices."""
    shapes = [facts.model(name) for name in ("Llama 2 7B", CHALLENGER, BASELINE, "Llama 2 70B")]
    sizes = [memory.model_parameters(shape) for shape in shapes]
    inner = [memory.model_parameters(replace(shape, vocab_size=0)) for shape in shapes]
    return sizes, [n - m for n, m in zip(sizes, inner, strict=True)]


def equivalent_size(score: float, smaller: tuple[float, float], larger: tuple[float, float]) -> float:
    """Parameters at which a family would score `score`, from two of its members (parameters, score).

    A straight line in the logarithm of size, as in figure 5 of Jiang et al. 2023. `ValueError` if the two
    members score alike.

    >>> round(equivalent_size(60, (1e9, 50), (100e9, 70)) / 1e9, 3)
    10.0
    """
    (n1, score1), (n2, score2) = smaller, larger
    if score1 == score2:
        raise ValueError(f"Both models score {score1}, so their scores say nothing of size.")
    return float(n1 * (n2 / n1) ** ((score - score1) / (score2 - score1)))


@dataclass(frozen=True, slots=True)
class Run:
    """A model of `n_params` parameters trained on `n_tokens`; `family` is whose colour it wears."""

    name: str
    family: str
    n_params: float
    n_tokens: float

    @property
    def ratio(self) -> float:
        """Training tokens per parameter."""
        return self.n_tokens / self.n_params


def default_run(model: str) -> Run:
    """One of the post's two models, of exact size, on the tokens it had or is thought to have had.

    For Mistral 7B that is the post's own assumption: nobody else gives a number.

    >>> round(default_run("Llama 2 13B").ratio, 1), round(default_run("Mistral 7B").ratio, 1)
    (153.7, 276.2)
    """
    tokens = _post("tokens").challenger_value if model == CHALLENGER else facts.release(model).train_tokens
    if tokens is None:
        raise ValueError(f"Nobody published on how many tokens {model} was trained.")
    return Run(model, family_of(model), memory.model_parameters(facts.model(model)), tokens)


def runs(
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> tuple[Run, Run]:
    """Challenger and baseline, from billions of parameters `n` and trillions of training tokens `d`.

    What is left out is Mistral 7B's and Llama 2 13B's. `ValueError` for parameters outside `SIZES` or tokens
    outside `BUDGETS`.

    >>> runs(n_challenger=3)[0].n_params
    3000000000
    """
    return (
        _run(default_run(CHALLENGER), "challenger", n_challenger, d_challenger),
        _run(default_run(BASELINE), "baseline", n_baseline, d_baseline),
    )


def _run(default: Run, role: str, billions: float | None, trillions: float | None) -> Run:
    # Rounded to whole counts, so that a size read off a slider is the size it was set to.
    n, d = default.n_params, default.n_tokens
    if billions is not None:
        if not SIZES[0] <= billions <= SIZES[1]:
            raise ValueError(
                f"The {role} has {billions:g} billion parameters; choose from 0.1 to 1,000 billion."
            )
        n = round(billions * 1e9)
    if trillions is not None:
        if not BUDGETS[0] <= trillions <= BUDGETS[1]:
            raise ValueError(
                f"The {role} has {trillions:g} trillion tokens; choose from 0.1 to 100 trillion."
            )
        d = round(trillions * 1e12)
    name = default.name if n == default.n_params else f"a {_billions(n)} {role}"
    return Run(name, default.family, n, d)


def factors(
    law: str = "chinchilla",
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """Two models under one law: size, data, the loss the law expects, and the tokens that would even it out.

    Parameters `n` are in billions, tokens `d` in trillions; what is left out is that of Mistral 7B and of
    Llama 2 13B, exactly. The post's own figures stand beside ours. `ValueError` as from `runs` and `law`.
    """
    chosen, name = _law(law)
    challenger, baseline = runs(n_challenger, d_challenger, n_baseline, d_baseline)
    return Table(
        caption=f"The post's factors, and what a law makes of them: {name}",
        columns=_FACTOR_COLUMNS,
        rows=(
            _post_row(BASELINE),
            _factor_row(chosen, baseline, challenger),
            _post_row(CHALLENGER),
            _factor_row(chosen, challenger, baseline),
        ),
        finding=f"{name}: {_expectation(chosen, challenger, baseline)}",
        series=_curve_series(chosen, challenger, baseline),
        notes=_factor_notes(chosen, challenger, baseline),
    )


_FACTOR_COLUMNS = (
    Column("model", "model"),
    Column("from", "figures from"),
    Column("params", "parameters", "billion", ",.3f"),
    Column("tokens", "training tokens", "trillion", ",.3f"),
    Column("ratio", "tokens per parameter", "", ",.1f", "Training tokens divided by parameters."),
    Column("loss", "predicted loss", "nats a token", ".3f", "What the law expects; lower is better."),
    Column(
        "match",
        "to match the other",
        "trillion tokens",
        ",.4g",
        "Training tokens at which this model would reach the other's predicted loss.",
    ),
    Column("architecture", "architecture"),
)


def _law(id: str) -> tuple[Law, str]:
    # `law` is also the name of an argument of the functions that need this.
    return law(id), next(one.name for one in facts.laws() if one.id == id)


def _post(id: str) -> facts.PostFactor:
    return next(row for row in facts.post_factors() if row.id == id)


def _post_row(model: str) -> dict[str, Value | Cell]:
    source = "The post's second table."
    names = {"params": "parameters", "tokens": "tokens", "ratio": "ratio", "architecture": "architecture"}
    texts = {name: _post(id) for name, id in names.items()}
    printed = {
        name: Cell(row.challenger_text if model == CHALLENGER else row.baseline_text, source)
        for name, row in texts.items()
    }
    return {"model": model, "from": "the post", **printed}


def _factor_row(chosen: Law, run: Run, other: Run) -> dict[str, Value | Cell]:
    needed = chosen.tokens_to_match(run.n_params, other.n_params, other.n_tokens)
    return {
        "model": run.name,
        "from": "computed",
        "params": Cell(run.n_params / 1e9, *_origin_of_size(run)),
        "tokens": Cell(run.n_tokens / 1e12, *_origin_of_tokens(run)),
        "ratio": run.ratio,
        "loss": chosen.loss(run.n_params, run.n_tokens),
        "match": _trillions(needed),
        "architecture": _architecture(run),
    }


def _architecture(run: Run) -> str | None:
    if run.name not in (CHALLENGER, BASELINE):
        return None
    shape = facts.model(run.name)
    sharing = f"{shape.n_kv_heads} KV heads for {shape.n_heads}"
    return f"{sharing}, window {shape.sliding_window:,}" if shape.sliding_window else sharing


def _origin_of_size(run: Run) -> tuple[str, str]:
    if run.name not in (CHALLENGER, BASELINE):
        return "", "Your own setting."
    shape = facts.model(run.name)
    return f"{facts.source(shape.source_id).title}.", "Counted from the model's shape."


def _origin_of_tokens(run: Run) -> tuple[str, str]:
    if run.name not in (CHALLENGER, BASELINE) or run.n_tokens != default_run(run.name).n_tokens:
        return "", "Your own setting."
    release = facts.release(run.name)
    source = f"{facts.source(release.source_id).title}"
    if release.train_tokens is None:
        return "", f"The post's assumption: {release.note} ({source})."
    return f"{source}.", ""


def _trillions(tokens: float | None) -> float | str:
    """Tokens in trillions, or in words where a figure would be absurd."""
    if tokens is None:
        return NEVER
    if tokens >= 9.999e15:
        return "over 9,999"
    # Nine digits: where two curves nearly meet, the last ones are the dust of a subtraction.
    return float(f"{tokens / 1e12:.9g}") if tokens >= 1e9 else "under 0.001"


def _expectation(chosen: Law, challenger: Run, baseline: Run) -> str:
    """Who should win, by how much, and what data could do about it, as one sentence."""
    ours, theirs = (chosen.excess(run.n_params, run.n_tokens) for run in (challenger, baseline))
    if ours == theirs:
        return f"{challenger.name} and {baseline.name} should come out level."
    winner, loser = (challenger, baseline) if ours < theirs else (baseline, challenger)
    low, high = (chosen.loss(run.n_params, run.n_tokens) for run in (winner, loser))
    gap = f"{high - low:.3f}" if high - low >= 0.001 else "less than 0.001"
    lead = f"{winner.name} should win, by {gap} nats a token"
    needed = chosen.tokens_to_match(loser.n_params, winner.n_params, winner.n_tokens)
    if needed is None:
        return f"{lead}, and no amount of data would let {loser.name} match it."
    amount = Column("", "", "", ",.4g").show(_trillions(needed))
    return f"{lead}; {loser.name} would need {amount} trillion tokens to match it."


def _factor_notes(chosen: Law, challenger: Run, baseline: Run) -> tuple[str, ...]:
    if chosen.embeddings:
        return ()
    counts = [_billions(chosen.counted(run.n_params)) for run in (baseline, challenger)]
    return (f"This law counts parameters without embeddings: {counts[0]} and {counts[1]}.",)


def _billions(n_params: float) -> str:
    return f"{n_params / 1e9:,.4g}B"


def _curve_series(chosen: Law, challenger: Run, baseline: Run) -> dict[str, list[Record]]:
    """Both curves over `BUDGETS`, where the two models stand on them, and where the challenger catches up."""
    # In the order of their losses at the right edge, where the names stand: the higher one above its curve.
    pair = sorted((challenger, baseline), key=lambda run: -chosen.loss(run.n_params, CURVE[-1]))
    return {
        "curves": [_point(chosen, run, tokens) for run in (challenger, baseline) for tokens in CURVE],
        "ends": [
            {**_point(chosen, run, CURVE[-1]), "side": side, "text": run.name}
            for run, side in zip(pair, ("above", "below"), strict=True)
        ],
        "models": [_point(chosen, run, run.n_tokens) for run in (challenger, baseline)],
        "crossing": _crossing(chosen, challenger, baseline),
    }


def _point(chosen: Law, run: Run, n_tokens: float) -> Record:
    # Five digits are more than a screen can show, and keep a page's stored answers small.
    loss = round(chosen.loss(run.n_params, n_tokens), 5)
    return {"tokens": float(f"{n_tokens / 1e12:.5g}"), "loss": loss, "family": run.family}


def _crossing(chosen: Law, challenger: Run, baseline: Run) -> list[Record]:
    """The level line from the baseline to the challenger's curve; to the edge if they do not meet here."""
    needed = chosen.tokens_to_match(challenger.n_params, baseline.n_params, baseline.n_tokens)
    if needed is not None and needed / 1e12 < BUDGETS[0]:
        return []
    start = _point(chosen, baseline, baseline.n_tokens)
    if needed is None or needed / 1e12 > BUDGETS[1]:
        return [{**start, "to": BUDGETS[1], "text": _far(needed), "meets": False, "place": "over"}]
    return [{**start, **_amount(needed), "meets": True}]


def _amount(tokens: float) -> Record:
    """Where an amount of data stands on a chart's axis, its label, and the side with room for the label."""
    to = float(f"{tokens / 1e12:.5g}")
    return {"to": to, "text": f"{to:.3g} trillion", "place": "left" if to > 10 else "right"}


def laws(
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """Two models under every law: both losses, who should win, what a match takes, what data would be best.

    Arguments and `ValueError` as in `factors`. Kaplan's losses cannot be compared with
    the others': that law was fitted to other text and other tokens.
    """
    challenger, baseline = runs(n_challenger, d_challenger, n_baseline, d_baseline)
    rows = tuple(_law_row(id, challenger, baseline) for id in LAWS)
    return Table(
        caption=f"{challenger.name} and {baseline.name}, law by law",
        columns=_law_columns(challenger, baseline),
        rows=rows,
        finding=_laws_finding(challenger, baseline),
        series=_law_series(challenger, baseline),
        notes=("Kaplan's losses cannot be compared with the others': other text, other tokens.",),
    )


def _law_columns(challenger: Run, baseline: Run) -> tuple[Column, ...]:
    best = "Tokens at which this size is the best use of its training compute, C = 6ND."
    return (
        Column("law", "law"),
        Column("challenger", f"loss of {challenger.name}", "nats a token", ".3f"),
        Column("baseline", f"loss of {baseline.name}", "nats a token", ".3f"),
        Column("gap", "gap", "nats a token", "+.3f", "Challenger minus baseline: below zero it wins."),
        Column("winner", "should win"),
        Column("match", "challenger needs", "trillion tokens", ",.4g", "To reach the baseline's loss."),
        Column("best_challenger", f"best for {challenger.name}", "billion tokens", ",.0f", best),
        Column("best_baseline", f"best for {baseline.name}", "billion tokens", ",.0f", best),
    )


def _law_row(id: str, challenger: Run, baseline: Run) -> dict[str, Value | Cell]:
    chosen, name = _law(id)
    ours, theirs = (chosen.loss(run.n_params, run.n_tokens) for run in (challenger, baseline))
    best = [_best(chosen, run) for run in (challenger, baseline)]
    return {
        "law": Cell(name, _source_of_law(id)),
        "challenger": ours,
        "baseline": theirs,
        "gap": round(ours - theirs, 9),
        "winner": _winner(chosen, challenger, baseline),
        "match": _trillions(
            chosen.tokens_to_match(challenger.n_params, baseline.n_params, baseline.n_tokens)
        ),
        "best_challenger": best[0],
        "best_baseline": best[1],
    }


def _best(chosen: Law, run: Run) -> Cell:
    tokens = chosen.best_tokens(run.n_params)
    if tokens is None:
        return Cell(None, note="Kaplan's joint law does not speak of a budget of compute.")
    return Cell(tokens / 1e9, note=f"{tokens / run.n_params:,.1f} tokens per parameter.")


def _source_of_law(id: str) -> str:
    found = next(one for one in facts.laws() if one.id == id)
    return f"{facts.source(found.source_id).title}, {found.locator}."


def _winner(chosen: Law, challenger: Run, baseline: Run) -> str:
    ours, theirs = (chosen.excess(run.n_params, run.n_tokens) for run in (challenger, baseline))
    return "a tie" if ours == theirs else challenger.name if ours < theirs else baseline.name


_OF_FOUR = ("none of the four", "one of the four", "two of the four", "three of the four", "all four")


def _laws_finding(challenger: Run, baseline: Run) -> str:
    count = [_winner(law(id), challenger, baseline) for id in LAWS].count(challenger.name)
    needed = [
        law(id).tokens_to_match(challenger.n_params, baseline.n_params, baseline.n_tokens) for id in LAWS
    ]
    amounts = sorted(tokens for tokens in needed if tokens is not None)
    won = f"{challenger.name} should win under {_OF_FOUR[count]} versions"
    won = won[:1].upper() + won[1:]
    if not amounts:
        return f"{won}; under each of them no amount of data would let it match {baseline.name}."
    ends = [Column("", "", "", ",.4g").show(_trillions(tokens)) for tokens in (amounts[0], amounts[-1])]
    amount = f"{ends[0]} to {ends[1]}" if ends[0] != ends[1] else ends[0]
    never = needed.count(None)
    but = f", and under {_OF_FOUR[never]} no amount is enough" if never else ""
    return f"{won}; to match {baseline.name} it needs {amount} trillion tokens{but}."


def _law_series(challenger: Run, baseline: Run) -> dict[str, list[Record]]:
    """What the challenger had and what it needs, law by law; needs that the chart cannot hold as words."""
    series: dict[str, list[Record]] = {"laws": [], "needed": [], "never": []}
    for id in LAWS:
        chosen, row = _law(id)
        needed = chosen.tokens_to_match(challenger.n_params, baseline.n_params, baseline.n_tokens)
        series["laws"].append({"row": row, "had": challenger.n_tokens / 1e12})
        if needed is None or needed / 1e12 > BUDGETS[1]:
            series["never"].append({"row": row, "text": _far(needed), "side": "right"})
        elif needed / 1e12 < BUDGETS[0]:
            series["never"].append({"row": row, "text": "◂ less than this chart shows", "side": "left"})
        else:
            series["needed"].append({"row": row, **_amount(needed), "family": challenger.family})
    return series


def _far(tokens: float | None) -> str:
    return "no amount of data" if tokens is None else "more than this chart shows"


def ratios(law: str = "besiroglu", until: int = 2023) -> Table:
    """Tokens per parameter of released models, against what a law calls best for their size, oldest first.

    Base models up to the year `until` (2021 to 2025) whose training tokens their makers published; Mistral 7B
    is listed without a figure. Figures we know from memory only are marked. `law` is one of Chinchilla's
    form. Raises `ValueError` for any other.
    """
    chosen, name = _law(law)
    if not chosen.embeddings:
        raise ValueError(f"{name} says nothing of a budget of compute; choose a law of Chinchilla's form.")
    if not 2021 <= until <= 2025:
        raise ValueError(f"The last year is {until}; choose one from 2021 to 2025.")
    shown = [r for r in _trained() if int(r.release_date[:4]) <= until]
    rows = tuple(_ratio_row(chosen, release) for release in shown)
    return Table(
        caption=f"Tokens per parameter, and what is best by {name}",
        columns=_RATIO_COLUMNS,
        rows=rows,
        finding=_ratio_finding(chosen, name, shown),
        series=_ratio_series(chosen, shown),
        notes=_ratio_notes(shown),
    )


_RATIO_COLUMNS = (
    Column("model", "model"),
    Column("date", "released"),
    Column("params", "parameters", "billion", ",.2f"),
    Column("tokens", "training tokens", "trillion", ",.3g"),
    Column("ratio", "tokens per parameter", "", ",.1f"),
    Column("best", "best by the law", "", ",.1f", "The best use of training compute, for this size."),
    Column("times", "times the best", "", ",.2f", "Below one: undertrained. Above: trained past the best."),
    Column("verified", "verified", "", "", "Whether we read the row's figures in a source of theirs."),
)


@cache
def _trained() -> tuple[Release, ...]:
    """Base models with a known size and number of tokens, and Mistral 7B, by date of release."""
    known = [
        r
        for r in facts.releases()
        if r.kind == "base" and (r.train_tokens or r.model == CHALLENGER) and _size(r) is not None
    ]
    return tuple(sorted(known, key=lambda release: (release.release_date, release.model)))


def _size(release: Release) -> int | None:
    shape = next((m for m in facts.models() if m.name == release.model), None)
    if shape and shape.params_published:
        return shape.params_published
    return release.params_rounded or (memory.model_parameters(shape) if shape else None)


def _times_best(chosen: Law, release: Release) -> tuple[float, float | None, float | None]:
    """Best tokens per parameter for a released model, its own, and its own as a multiple of the best."""
    size = _size(release) or 0
    best = (chosen.best_tokens(size) or 0) / size
    ratio = release.train_tokens / size if release.train_tokens else None
    return best, ratio, ratio / best if ratio else None


def _ratio_row(chosen: Law, release: Release) -> dict[str, Value | Cell]:
    best, ratio, times = _times_best(chosen, release)
    source = f"{facts.source(release.source_id).title}."
    return {
        "model": release.model,
        "date": release.release_date,
        "params": (_size(release) or 0) / 1e9,
        "tokens": Cell(
            release.train_tokens / 1e12 if release.train_tokens else None, source, _doubt(release)
        ),
        "ratio": ratio,
        "best": best,
        "times": times,
        "verified": Cell(release.verified, note=_doubt(release) if release.verified != "yes" else ""),
    }


def _doubt(release: Release) -> str:
    bound = f"{release.train_tokens_bound.capitalize()} so many." if release.train_tokens_bound else ""
    note = f"{release.note[:1].upper()}{release.note[1:]}." if release.note else ""
    return f"{bound} {note}".strip()


def _ratio_finding(chosen: Law, name: str, shown: list[Release]) -> str:
    times = {release.model: _times_best(chosen, release)[2] for release in shown}
    known = {model: value for model, value in times.items() if value is not None}
    below = sum(value < 1 for value in known.values())
    counted = (
        f"{name}: {below} of {len(known)} models were trained on fewer tokens than is best for their size"
    )
    if BASELINE not in known:
        return f"{counted}."
    return f"{counted}; {BASELINE} got {known[BASELINE]:.1f} times what is best for its own."


def _ratio_notes(shown: list[Release]) -> tuple[str, ...]:
    partly = sum(release.verified == "partly" for release in shown)
    recalled = [release.model for release in shown if release.verified == "no"]
    in_part = f"Rows verified only in part: {partly}; their last column says on hover and focus what is not."
    alone = f"Given from memory alone, so not to be relied on: {', '.join(recalled)}."
    return (in_part, alone) if recalled else (in_part,)


def _ratio_series(chosen: Law, shown: list[Release]) -> dict[str, list[Record]]:
    series: dict[str, list[Record]] = {"best": [], "trained": [], "untold": []}
    for release in shown:
        best, ratio, _ = _times_best(chosen, release)
        row: Record = {"row": f"{release.model}  {release.release_date[:4]}"}
        series["best"].append({**row, "best": float(f"{best:.4g}")})
        if ratio is None:
            series["untold"].append({**row, "best": float(f"{best:.4g}"), "text": "never published"})
        else:
            family = family_of(release.model)
            series["trained"].append({**row, "ratio": float(f"{ratio:.4g}"), "family": family})
    return series


def serving(
    law: str = "besiroglu",
    served: float = 100,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """The cheapest way to a baseline's loss when tokens must be served too, over served tokens in trillions.

    The baseline is as in `factors`; what compute means is in `cheapest`. `ValueError` as from `runs` and
    `law`, for a law that knows no budget of compute, and for served tokens outside 0 to `MOST_SERVED`.
    """
    chosen, name = _law(law)
    if not chosen.embeddings:
        raise ValueError(f"{name} says nothing of a budget of compute; choose a law of Chinchilla's form.")
    if not 0 <= served <= MOST_SERVED:
        raise ValueError(f"{served:g} trillion tokens are served; choose from 0 to {MOST_SERVED:,} trillion.")
    challenger, baseline = runs(n_baseline=n_baseline, d_baseline=d_baseline)
    amounts = sorted({float(amount) for amount in (*SERVED, served)})
    return Table(
        caption=f"The cheapest way to the loss of {_described(baseline)}, by {name}",
        columns=_SERVING_COLUMNS,
        rows=tuple(_serving_row(chosen, baseline, amount, served) for amount in amounts),
        finding=_serving_finding(chosen, baseline, served),
        series=_serving_series(chosen, challenger, baseline, served * 1e12),
        notes=(_size_note(chosen, challenger, baseline),),
    )


_ZETTA = 1e21
_SERVING_COLUMNS = (
    Column("served", "tokens served", "trillion", ",.6g"),
    Column("chosen", "which row"),
    Column("size", "cheapest size", "billion", ",.3g"),
    Column("tokens", "trained on", "trillion", ",.3g"),
    Column("ratio", "tokens per parameter", "", ",.0f"),
    Column("training", "training", "10²¹ FLOP", ",.0f", "6 × parameters × training tokens."),
    Column("serving", "serving", "10²¹ FLOP", ",.0f", "2 × parameters × served tokens."),
    Column("total", "both", "10²¹ FLOP", ",.0f"),
    Column("saving_pct", "less than the baseline", "%", ".0f", "What training and serving it would take."),
)


def _described(run: Run) -> str:
    return f"{run.name} on {run.n_tokens / 1e12:.3g} trillion tokens"


def _compute(n_params: float, n_tokens: float, n_served: float) -> float:
    return training_flops(n_params, n_tokens) + serving_flops(n_params, n_served)


def _saved(total: float, theirs: float) -> float:
    # In percent. The baseline may itself be the cheapest: no dust of a subtraction, no minus zero.
    return max(0.0, 100 * (1 - total / theirs))


def _serving_row(chosen: Law, baseline: Run, amount: float, served: float) -> dict[str, Value | Cell]:
    n, d = cheapest(chosen, chosen.loss(baseline.n_params, baseline.n_tokens), amount * 1e12)
    total, theirs = (
        _compute(*one, amount * 1e12) for one in ((n, d), (baseline.n_params, baseline.n_tokens))
    )
    return {
        "served": amount,
        "chosen": "your choice" if amount == served else "",
        "size": n / 1e9,
        "tokens": d / 1e12,
        "ratio": d / n,
        "training": training_flops(n, d) / _ZETTA,
        "serving": serving_flops(n, amount * 1e12) / _ZETTA,
        "total": Cell(total / _ZETTA, f"{facts.source('sardana-paper').title}."),
        "saving_pct": _saved(total, theirs),
    }


def _serving_finding(chosen: Law, baseline: Run, served: float) -> str:
    n, d = cheapest(chosen, chosen.loss(baseline.n_params, baseline.n_tokens), served * 1e12)
    total, theirs = (
        _compute(*one, served * 1e12) for one in ((n, d), (baseline.n_params, baseline.n_tokens))
    )
    what = f"to serve {served:,.6g} trillion tokens" if served else "to train alone"
    return (
        f"Cheapest {what} is a model of {n / 1e9:,.3g} billion parameters trained on {d / 1e12:,.3g} "
        f"trillion tokens: {_saved(total, theirs):.0f}% less compute than {_described(baseline)}."
    )


def served_for(law: Law, n_params: float, loss: float) -> float | None:
    """Served tokens for which this size is the cheapest way to a loss; None if it is for none.

    The condition of `cheapest`, read from the other end. Below zero a size is too large even to train for.

    >>> chosen = law("besiroglu")
    >>> n, _ = cheapest(chosen, 2.1, 5e12)
    >>> round(served_for(chosen, n, 2.1) / 1e12, 6)
    5.0
    """
    tokens = law.tokens_for(n_params, loss)
    if tokens is None:
        return None
    size, data = law.charges(n_params, tokens)
    return 3 * tokens * (law.alpha * size / (law.beta * data) - 1)


def _size_note(chosen: Law, challenger: Run, baseline: Run) -> str:
    """From how many served tokens on Mistral's size is cheaper than the baseline, and when the cheapest."""
    n, loss = challenger.n_params, chosen.loss(baseline.n_params, baseline.n_tokens)
    tokens, most = chosen.tokens_for(n, loss), served_for(chosen, n, loss)
    if tokens is None or most is None:
        return f"No amount of data brings {_billions(n)} parameters to this loss."
    if most <= 0:
        return (
            f"{_billions(n)} parameters are more than is cheapest for this loss even with nothing to serve."
        )
    best = f"{_billions(n)} parameters are the cheapest size at {_in_trillions(most)} served"
    if baseline.n_params <= n:
        return f"{best}."
    extra = training_flops(n, tokens) - training_flops(baseline.n_params, baseline.n_tokens)
    even = extra / serving_flops(baseline.n_params - n, 1)
    when = f"from {_in_trillions(even)} on" if even > 0 else "whatever is served"
    return f"{best}, and cheaper than {baseline.name} {when}."


def _in_trillions(tokens: float) -> str:
    return f"{tokens / 1e12:,.3g} trillion tokens"


# Sizes at which the chart is drawn, in 48ths of a decade from the best: finer where the curve is steep.
_SERVING_STEPS = sorted({*range(-48, 73, 4), *range(-16, 0)})


def _serving_series(chosen: Law, challenger: Run, baseline: Run, n_served: float) -> dict[str, list[Record]]:
    """Compute against size at the baseline's loss, the least of it, and the two models where they stand."""
    loss = chosen.loss(baseline.n_params, baseline.n_tokens)
    best, tokens = cheapest(chosen, loss, n_served)
    least = _compute(best, tokens, n_served)
    costs: list[Record] = []
    for step in _SERVING_STEPS:
        n = best * 10 ** (step / 48)
        d = chosen.tokens_for(n, loss)
        if d is not None and _compute(n, d, n_served) < 10 * least:
            parts = {"training": training_flops(n, d), "serving": serving_flops(n, n_served)}
            parts["both"] = sum(parts.values())
            costs += [
                {"size": float(f"{n / 1e9:.5g}"), "flops": float(f"{flops / _ZETTA:.5g}"), "part": part}
                for part, flops in parts.items()
                if flops > least / 30
            ]
    shown = {run.n_params: run for run in (challenger, baseline)}
    return {
        "costs": costs,
        "least": [
            {"size": best / 1e9, "flops": least / _ZETTA, "text": f"cheapest: {best / 1e9:,.3g} billion"}
        ],
        "models": [
            {
                "size": n / 1e9,
                "flops": _compute(n, d, n_served) / _ZETTA,
                "family": run.family,
                "name": run.name,
            }
            for n, run in shown.items()
            if (d := chosen.tokens_for(n, loss)) is not None and _compute(n, d, n_served) < 10 * least
        ],
    }
