"""The figures of chapter 02c's sentences, in reading order."""

from smallmodels import facts, scaling
from smallmodels.facts import Score
from smallmodels.figures import Texts, computed
from smallmodels.memory import GB
from smallmodels.scaling import BASELINE, CHALLENGER
from smallmodels.sizes.records import (
    Course,
    Equivalent,
    Kept,
    Training,
    bought,
    course,
    days_there_were,
    equivalent,
    kept,
    measured,
    tests,
    told,
)
from smallmodels.sizes.tables import billions
from smallmodels.words import about, number

REFIT = scaling.law("besiroglu")
ASSUMED = 2e12  # tokens: the post's own assumption for Mistral 7B
FIRST, *_, LAST = tests()
OPEN_BELOW, TWENTIETH = 3.2, 0.05  # what the widget of open models begins with


def there(one: Equivalent | None) -> Equivalent:
    """A size that a sentence names, and that must have been measured."""
    assert one is not None, "A sentence names a model that did not take the test."
    return one


def given(value: float | None) -> float:
    """A value that a sentence names, and that must lie among the Llamas."""
    assert value is not None, "A sentence names a size that lies beyond the Llamas."
    return value


def points(one: Score | None) -> float:
    """A score that a sentence names."""
    assert one is not None, "A sentence names a score that was not measured."
    return one.score_pct


def sized(test: str) -> float:
    """The Llama 2 that Mistral 7B is on a test, in parameters."""
    return given(there(equivalent(CHALLENGER, test)).size)


# How big a Llama is it?


@computed(shows="equivalents")
def sizes() -> Texts:
    """The size of the Llama 2 that would score like Mistral 7B, test by test, on the first Open LLM
    Leaderboard.
    """
    found = {test: sized(test) for test in tests()}
    assert (FIRST, LAST) == ("ARC-c", "MMLU"), "The smallest Llama is that of ARC, the largest that of MMLU."
    assert all(size > 2 * scaling.contender(CHALLENGER).n_params for size in found.values()), (
        "On every test Mistral 7B is a Llama of more than twice its size."
    )
    return {f"size-{test.lower()}": billions(size).rstrip("B") for test, size in found.items()}


@computed(shows="equivalents")
def spans() -> Texts:
    """Where that size can lie, with 95% confidence, on the tests where it is largest and smallest."""
    texts: Texts = {}
    for name, test in (("arc", FIRST), ("mmlu", LAST)):
        one = there(equivalent(CHALLENGER, test))
        texts |= {
            f"{name}-{end}": about(given(size) / 1e9, 2)
            for end, size in (("low", one.low), ("high", one.high))
        }
    return texts


def above(test: str) -> tuple[Course, list[tuple[str, float]]]:
    """A test against the refit's loss, and by how much each later model lies above the Llamas' line."""
    found = course(test, REFIT, ASSUMED)
    return found, [(one.model, found.above(one)) for one in found.others if one.model != CHALLENGER]


@computed(shows="course")
def on_completion() -> Texts:
    """How much of the differences on HellaSwag between the Llamas the refit's loss explains, and how far from
    their line the later models and Mistral 7B lie, in points.
    """
    found, others = above("HellaSwag")
    near = [off for _, off in others if abs(off) <= 1.15]
    assert len(near) > len(others) / 2, "Most of the later models are within about a point of the line."
    mistral = found.above(found.others[0])
    assert all(off < mistral - 2 for _, off in others), "Mistral 7B alone is far above the line here too."
    return {
        "n-llamas": number(len(found.llamas)),
        "explained": f"{found.line.explained:.3f}",
        "n-later": number(len(others)),
        "n-near": number(len(near)),
        "mistral-completion": f"{mistral:.1f}",
        "mistral-completion-tokens": about((found.tokens_for(found.others[0]) or 0) / 1e12, 2),
    }


@computed(shows="course?test=MMLU")
def on_exams() -> Texts:
    """By how many points the later models, and Mistral 7B, lie above the Llamas' line on MMLU."""
    found, others = above("MMLU")
    ahead = [value for _, value in others]
    assert min(ahead) > 5, "On exams every later model is far above the line."
    assert found.tokens_for(found.others[0]) is None, "No amount of data brings Mistral 7B onto the line."
    return {
        "exam-least": f"{min(ahead):.0f}",
        "exam-most": f"{max(ahead):.0f}",
        "mistral-exam": f"{found.above(found.others[0]):.0f}",
    }


# From loss to score.


@computed(shows="bought")
def worth() -> Texts:
    """Points that a twentieth of a nat buys on each test, by the open models with a C4 loss below 3.2: the
    slope of a line, with two standard errors; and what share of HellaSwag's differences the line explains.
    """
    texts: Texts = {"n-open": f"{len(facts.open_scaling_runs())}", "open-below": f"{OPEN_BELOW:g}"}
    for test, digits in (("HellaSwag", 1), ("ARC-c", 1), ("MMLU", 2)):
        one, name = bought(test, TWENTIETH, OPEN_BELOW), test.lower()
        texts |= {
            f"worth-{name}": f"{one.worth:.{digits}f}",
            f"worth-{name}-low": f"{one.worth - 2 * one.error:.{digits}f}",
            f"worth-{name}-high": f"{one.worth + 2 * one.error:.{digits}f}",
        }
    texts["worth-explained"] = f"{bought('HellaSwag', TWENTIETH, OPEN_BELOW).line.explained:.0%}"
    texts["n-open-used"] = f"{len(bought('MMLU', TWENTIETH, OPEN_BELOW).runs)}"
    return texts


@computed(shows="bought?nats=0.033")
def worth_of_the_gap() -> Texts:
    """What Llama 2 13B's lead in loss, by the refit at equal data, would be worth on HellaSwag, in points;
    and its lead over a 7B of its own family.
    """
    one = bought("HellaSwag", scaling.refit().match.gap, OPEN_BELOW)
    lead = points(measured(BASELINE, "HellaSwag")) - points(measured("Llama 2 7B", "HellaSwag"))
    return {"gap-worth": f"{one.worth:.1f}", "family-lead": f"{lead:.1f}"}


# Could they have read it?


@computed(shows="readable")
def card_hours() -> Texts:
    """Card-hours and days in which a 7B reads what the refit asks, at 40% of the peak of each card."""
    level = scaling.match_interval().middle or 0
    size = scaling.contender(CHALLENGER).n_params
    new, old = (Training(size, facts.gpu(name), 500, 1, 0.4) for name in ("H100 SXM5 80GB", "A100 80GB SXM"))
    return {
        "level": f"{level / 1e12:.1f}",
        "hours-h100": about(new.days_for(level) * 500 * 24, 2),
        "days-h100": f"{new.days_for(level):.0f}",
        "hours-a100": f"{old.days_for(level) * 500 * 24 / 1e6:.1f}",
        "days-a100": f"{old.days_for(level):.0f}",
        "cards": f"{new.cards:.0f}",
        "share": f"{new.utilisation:.0%}",
    }


@computed(shows="readable")
def check_of_the_method() -> Texts:
    """The share of its cards' peak that 6ND makes of each training of which Meta published the card-hours."""
    found = {one.release.model: 100 * one.utilisation for one in told()}
    second = [value for model, value in found.items() if model.startswith("Llama 2")]
    third = [value for model, value in found.items() if model.startswith("Llama 3")]
    assert max(third) < min(second) / 2, "Llama 3's hours are more than twice what the sum would take."
    return {
        "meta-least": f"{min(second):.0f}",
        "meta-most": f"{max(second):.0f}",
        "meta-third": " and ".join(f"{value:.0f}" for value in sorted(third)),
    }


@computed(shows="readable")
def time_there_was() -> Texts:
    """Days between the announcement of the round and the release of the model."""
    return {"days-there-were": f"{days_there_were()}"}


# Fewer parameters, or fewer bits?


@computed(shows="four-bits")
def bits() -> Texts:
    """Bytes of weights and scores of Llama 2 13B in 4 bits against 7Bs in 16, on the tests run both ways."""
    by = {(one.model, one.precision): one for one in kept()}
    thirteen, seven = by[BASELINE, "INT4"], by["Llama 2 7B", "FP16"]
    ours = by[CHALLENGER, "FP16"]
    both = [test for test in tests() if thirteen.score(test)]

    def lead(test: str, one: Kept, other: Kept) -> float:
        return points(one.score(test)) - points(other.score(test))

    lost = [lead(test, by[BASELINE, "FP16"], thirteen) for test in both]
    led = [lead(test, thirteen, seven) for test in both]
    behind = [lead(test, ours, thirteen) for test in both]
    assert min(led) > 0 < min(behind), "In 4 bits the 13B leads the 7B of its family, and trails Mistral 7B."
    return {
        "thirteen-gb": f"{thirteen.n_bytes / GB:.1f}",
        "seven-gb": f"{seven.n_bytes / GB:.1f}",
        "lost-least": f"{min(lost):.1f}",
        "lost-most": f"{max(lost):.1f}",
        "led-least": f"{min(led):.1f}",
        "led-most": f"{max(led):.1f}",
        "behind-least": f"{min(behind):.1f}",
        "behind-most": f"{max(behind):.1f}",
    }


# Exercises.


@computed(shows="readable")
def exercise_hours() -> Texts:
    """Card-hours of Llama 2 7B as Meta published them, and the share of its cards' peak that follows."""
    one = next(one for one in told() if one.release.model == "Llama 2 7B")
    return {"exercise-hours": f"{one.card_hours:,.0f}", "exercise-share": f"{one.utilisation:.0%}"}
