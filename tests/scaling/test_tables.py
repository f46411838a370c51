"""The tables against the post's own table, the papers' printed constants, and roots found by halving."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printed import LLAMA_2_13B, MISTRAL_7B, bisected, by_name, independent_compute, independent_loss

from smallmodels import facts, scaling
from smallmodels.scaling import BUDGETS, LAWS, SIZES, factors, laws, ratios, serving

size = st.floats(*SIZES)
budget = st.floats(*BUDGETS)


def test_the_posts_rows_are_its_table_to_the_digit():
    rows = {(row[0], row[1]): [*row[2:5], row[-1]] for row in factors().shown()}
    assert rows["Llama 2 13B", "the post"] == ["13.0B", "2.0T", "154", "standard transformer"]
    assert rows["Mistral 7B", "the post"] == [
        "7.2B", "likely 2T or more", "about 278 or more", "grouped-query attention, sliding-window attention",
    ]  # fmt: skip


def test_beside_the_post_stand_exact_figures():
    rows = {(row[0], row[1]): row[2:5] for row in factors().shown()}
    assert rows["Llama 2 13B", "computed"] == ["13.016", "2.000", "153.7"]
    assert rows["Mistral 7B", "computed"] == ["7.242", "2.000", "276.2"]
    rounded = by_name(factors(n_challenger=7.2, n_baseline=13.0))
    assert [round(rounded[i]["ratio"]) for i in (1, 3)] == [154, 278]  # the post's own division


@pytest.mark.parametrize("law", LAWS)
def test_losses_are_those_of_the_printed_formulas(law):
    table = {row["model"]: row["loss"] for row in by_name(factors(law)) if row["from"] == "computed"}
    assert table["Mistral 7B"] == pytest.approx(independent_loss(law, MISTRAL_7B, 2e12), rel=1e-12)
    assert table["Llama 2 13B"] == pytest.approx(independent_loss(law, LLAMA_2_13B, 2e12), rel=1e-12)


@pytest.mark.parametrize(("law", "trillion"), [(LAWS[1], 4.88), (LAWS[2], 5.71), (LAWS[3], 13.45)])
def test_tokens_needed_agree_with_a_root_finder(law, trillion):
    goal = independent_loss(law, LLAMA_2_13B, 2e12)
    found = bisected(lambda d: independent_loss(law, MISTRAL_7B, d) - goal, 1e9, 1e18)
    needed = scaling.law(law).tokens_to_match(MISTRAL_7B, LLAMA_2_13B, 2e12)
    assert needed == pytest.approx(found, rel=1e-9)
    assert round(needed / 1e12, 2) == trillion
    assert f"would need {needed / 1e12:,.4g} trillion tokens" in factors(law).finding


def test_under_kaplans_law_no_amount_of_data_is_enough():
    goal = independent_loss("kaplan-joint", LLAMA_2_13B, 2e12)
    assert independent_loss("kaplan-joint", MISTRAL_7B, 1e30) > goal
    assert factors("kaplan-joint").finding.endswith("no amount of data would let Mistral 7B match it.")


def test_every_law_expects_the_13b_to_win_at_equal_tokens():
    rows = by_name(laws())
    assert [row["winner"] for row in rows] == ["Llama 2 13B"] * len(LAWS)
    assert [round(row["gap"], 3) for row in rows[1:]] == [0.033] * 3


def test_a_hairs_breadth_is_not_printed_as_nothing():
    for size, winner in ((13.02, "a 13.02B challenger"), (13.0158, "Llama 2 13B")):
        assert f"{winner} should win, by less than 0.001 nats a token" in factors(n_challenger=size).finding
    assert "should win, by 0.033 nats" in factors().finding


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({}, "under none of the four versions; to match Llama 2 13B it needs 4.88 to 13.45 trillion tokens"),
        ({"d_challenger": 20}, "Mistral 7B should win under three of the four versions"),
        ({"n_challenger": 20}, "A 20B challenger should win under all four versions"),
        ({"n_challenger": 0.1}, "under each of them no amount of data would let it match Llama 2 13B."),
    ],
)  # fmt: skip
def test_wins_under_the_four_versions_are_counted_in_words(setting, words):
    assert words in laws(**setting).finding


def test_only_the_refit_finds_chinchilla_near_its_best():
    times = {
        law: dict(zip(ratios(law).values("model"), ratios(law).values("times"), strict=True))
        for law in LAWS[1:]
    }
    # Best for 70 billion parameters: 109, 65 and 18 tokens each, and Chinchilla read 20.
    assert [round(20 / times[law]["Chinchilla 70B"]) for law in LAWS[1:]] == [109, 65, 18]
    refit = facts.law("besiroglu")
    assert (round(refit["chi2"]), f"{refit['p_value']:.1e}") == (238, "1.7e-49")
    # The refit's exponents are those of the paper's first two methods, within their printed rounding.
    a, _ = scaling.law("besiroglu").exponents()
    assert round(a, 2) == 0.51
    assert [facts.law(f"chinchilla-{method}")["a"] for method in (1, 2, 3)] == [0.50, 0.49, 0.46]


@given(st.sampled_from(LAWS), size, budget, size, budget)
def test_every_reachable_setting_is_finite_and_consistent(law, n_c, d_c, n_b, d_b):
    table = factors(law, n_c, d_c, n_b, d_b)
    rows = [row for row in by_name(table) if row["from"] == "computed"]
    theirs, ours = rows
    for row, n, d in ((ours, n_c, d_c), (theirs, n_b, d_b)):
        assert row["ratio"] == pytest.approx(1000 * d / n)
        assert (row["params"], row["tokens"]) == pytest.approx((n, d))
        assert 0 < row["loss"] < 20
    if not math.isclose(ours["loss"], theirs["loss"], rel_tol=1e-12):
        winner = ours if ours["loss"] < theirs["loss"] else theirs
        assert f"{winner['model']} should win" in table.finding
    check_match(
        scaling.law(law), *((run.n_params, run.n_tokens) for run in scaling.contenders(n_c, d_c, n_b, d_b))
    )
    assert math.isfinite(len(table.to_html()))
    assert all(0.1 <= mark["to"] <= 100 for mark in table.series["crossing"])


def check_match(law, ours, theirs):
    """Tokens needed do reach the other's loss; where there are none, endless data does not."""
    needed, goal = law.tokens_to_match(ours[0], *theirs), law.loss(*theirs)
    if needed is None:
        assert law.loss(ours[0], 1e300) >= goal * (1 - 1e-12)
    elif needed < 1e250:
        assert law.loss(ours[0], needed) == pytest.approx(goal, rel=1e-9)


@given(st.sampled_from(LAWS), size, budget)
def test_a_model_needs_its_own_tokens_to_match_itself(law, n, d):
    assert scaling.law(law).tokens_to_match(n * 1e9, n * 1e9, d * 1e12) == pytest.approx(d * 1e12, rel=1e-9)
    assert "should come out level" in factors(law, n, d, n, d).finding


@given(size, budget, size, budget)
def test_the_four_laws_agree_with_one_law_at_a_time(n_c, d_c, n_b, d_b):
    table = laws(n_c, d_c, n_b, d_b)
    rows = by_name(table)
    assert len(rows) == len(LAWS)
    for id, row in zip(LAWS, rows, strict=True):
        single = [one for one in by_name(factors(id, n_c, d_c, n_b, d_b)) if one["from"] == "computed"]
        assert (row["baseline"], row["challenger"]) == (single[0]["loss"], single[1]["loss"])
        assert row["gap"] == pytest.approx(row["challenger"] - row["baseline"], abs=1e-8)
        assert row["match"] == single[1]["match"]
    series = table.series
    assert len(series["needed"]) + len(series["never"]) == len(series["laws"]) == len(LAWS)


@given(st.sampled_from(LAWS[1:]), st.integers(2021, 2025))
def test_every_reachable_ratio_is_the_division_it_claims(law, until):
    table = ratios(law, until)
    rows = by_name(table)
    known = [row for row in rows if row["tokens"] is not None]
    for row in known:
        assert row["ratio"] == pytest.approx(1000 * row["tokens"] / row["params"])
        assert row["times"] == pytest.approx(row["ratio"] / row["best"])
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert all(row["date"] <= str(until + 1) for row in rows)
    assert [row["model"] for row in rows if row["tokens"] is None] == ["Mistral 7B"] * (until >= 2023)
    below = sum(row["times"] < 1 for row in known)
    assert f"{below} of {len(known)} model" in table.finding
    assert len(table.series["trained"]) == len(known)


def test_figures_from_memory_are_marked():
    table = ratios(until=2025)
    marks = dict(zip(table.values("model"), table.values("verified"), strict=True))
    assert marks == {r.model: r.verified for r in facts.releases() if r.model in marks}
    for release in facts.releases():
        recalled = release.source_id == "recalled" and release.model in marks
        assert (release.model in table.notes[-1]) == recalled
        assert not (release.train_tokens and "was not published" in release.note)
    for row in table.rows:
        mark = table.cell(row, table.columns[-1])
        assert bool(mark.note) == (mark.value != "yes")
    assert len(ratios(until=2023).notes) == 1


def test_of_each_series_the_size_nearest_to_the_13b_is_shown():
    every, one = by_name(ratios(until=2025)), by_name(ratios(until=2025, show="one of each series"))
    assert [row for row in every if row in one] == one  # the same rows, in the same order
    models = [row["model"] for row in one]
    assert {"Llama 2 13B", "LLaMA 1 13B", "Falcon 40B", "Mistral 7B", "GPT-3 175B"} <= {*models}
    assert not {"Llama 2 7B", "Llama 2 70B", "Falcon 180B", "Llama 3.2 1B"} & {*models}
    assert len({model.rsplit(" ", 1)[0] for model in models}) == len(models)
    with pytest.raises(ValueError, match="There is nothing called 'some' to show"):
        ratios(show="some")


def test_gpt_3_was_undertrained_and_chinchilla_was_not():
    times = {row["model"]: row["times"] for row in by_name(ratios("besiroglu"))}
    assert times["GPT-3 175B"] < 0.2
    assert times["Chinchilla 70B"] == pytest.approx(1, abs=0.1)


@given(st.sampled_from(LAWS[1:]), st.floats(0, scaling.MOST_SERVED), size, budget)
def test_every_reachable_setting_of_serving_is_finite_and_ordered(law, served, n_b, d_b):
    table = serving(law, served, n_b, d_b)
    rows = by_name(table)
    assert [row["served"] for row in rows] == sorted({*map(float, scaling.SERVED), served})
    assert sum(row["chosen"] == "your choice" for row in rows) == 1
    sizes, tokens = [row["size"] for row in rows], [row["tokens"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)  # the more is served, the smaller the model
    assert tokens == sorted(tokens)
    for row in rows:
        assert row["total"] == pytest.approx(row["training"] + row["serving"])
        assert row["training"] == pytest.approx(6e21 * row["size"] * row["tokens"] / 1e21)
        assert row["serving"] == pytest.approx(2e21 * row["size"] * row["served"] / 1e21)
        theirs = 6 * n_b * d_b + 2 * n_b * row["served"]
        assert row["total"] <= theirs * (1 + 1e-6)
        saved = 100 * (1 - row["total"] / theirs)
        assert row["saving_pct"] == ("over 99" if saved >= 99.5 else pytest.approx(max(0, saved), abs=1e-6))
    numbers = [v for record in table.series["costs"] for v in record.values() if not isinstance(v, str)]
    assert all(map(math.isfinite, numbers))
    assert numbers
    assert len(table.to_html())


def test_where_mistrals_size_is_the_cheapest_and_where_it_is_cheaper():
    table = serving("besiroglu")
    best, cheaper = (float(x.replace(",", "")) for x in re.findall(r"([\d.,]+) trillion", table.notes[0]))
    loss = independent_loss("besiroglu", LLAMA_2_13B, 2e12)
    n, _ = scaling.cheapest(scaling.law("besiroglu"), loss, best * 1e12)
    assert n == pytest.approx(MISTRAL_7B, rel=5e-3)
    for factor, wins in ((0.99, False), (1.01, True)):
        served = cheaper * factor * 1e12
        small = independent_compute("besiroglu", loss, MISTRAL_7B, served)
        assert (small < 6 * LLAMA_2_13B * 2e12 + 2 * LLAMA_2_13B * served) is wins
    assert "No amount of data brings 7.242B" in serving("besiroglu", 1, 1000, 100).notes[0]
    assert "more than is cheapest" in serving("besiroglu", 1, 0.1, 0.1).notes[0]


@pytest.mark.parametrize(
    ("function", "wrong", "words"),
    [
        (serving, {"law": "kaplan-joint"}, "says nothing of a budget of compute"),
        (serving, {"served": -1}, "-1 trillion tokens are served; choose from 0 to 10,000 trillion"),
        (serving, {"n_baseline": 1e13}, "The baseline has 1e+13 billion parameters"),
        (factors, {"law": "moore"}, "There is no law 'moore'"),
        (factors, {"n_challenger": 7.2e9}, "The challenger has 7.2e+09 billion parameters"),
        (factors, {"n_baseline": math.nan}, "`n_baseline` is nan; choose a finite number."),
        (laws, {"d_challenger": 101}, "The challenger has 101 trillion tokens"),
        (laws, {"d_baseline": 0}, "The baseline has 0 trillion tokens"),
        (ratios, {"law": "kaplan-joint"}, "says nothing of a budget of compute"),
        (ratios, {"until": 1999}, "choose one from 2021 to 2025"),
    ],
)
def test_bad_input_gets_one_sentence(function, wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        function(**wrong)


@given(st.sampled_from(LAWS[1:]), st.floats(0, scaling.MOST_SERVED), size, budget)
def test_no_figure_of_serving_has_an_exponent_and_nothing_costs_nothing(law, served, n_b, d_b):
    table = serving(law, served, n_b, d_b)
    shown = [table.finding, *table.notes, *(text for line in table.shown() for text in line)]
    assert [text for text in shown if re.search(r"\de[+-]?\d|100% less", text)] == []
    assert [row for row in table.shown() if row[-1] == "100"] == []


def test_thousands_of_trillions_are_written_out():
    assert "at 173,000 trillion tokens served" in serving("chinchilla", 0, None, 100).notes[0]
    assert "over 99% less compute than a 1,000B baseline" in serving("chinchilla", 100, 1000, 0.1).finding


def test_a_gap_that_rounds_to_nothing_has_no_sign():
    tiny = [line[3] for line in laws(7.3, 20, None, 5).shown() if line[0] == "Chinchilla, unrounded"]
    assert tiny == ["0.000"]


def test_a_source_without_a_place_in_it_ends_with_its_title():
    sources = laws().sources()
    assert "Chinchilla Scaling: A replication attempt." in sources
    assert not any(", ." in source for source in sources)


def test_what_was_never_released_is_not_called_released():
    """Llama 2 34B, Chinchilla and Gopher were published and never released."""
    table = ratios(until=2025)
    assert {"Llama 2 34B", "Chinchilla 70B"} <= {*table.values("model")}
    for text in (ratios.__doc__, table.to_text(), *(column.meaning for column in table.columns)):
        assert "released" not in text.lower()


def test_kaplans_losses_are_marked_where_they_stand_beside_the_others():
    first, *others = laws().rows
    for cell in ("challenger", "baseline"):
        assert "not to be set beside the other laws'" in first[cell].note
        assert [row[cell].note for row in others] == ["", "", ""]
