"""Cost against the post's tables, quoted prices typed in by hand, and its own arithmetic."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import cost, facts
from smallmodels.cost import LABELS, api, rentals, self_hosted, use_cases
from smallmodels.memory import WEIGHT_BITS

# The post's fifth table as printed: memory, RTX 4090, price.
COSTS = [
    ("Llama 2 7B", "~14 GB FP16", "yes", "~$0.0004 / 1K tokens"),
    ("Mistral 7B", "~14.5 GB FP16", "yes", "~$0.0004 / 1K tokens"),
    ("Llama 2 13B", "~26 GB FP16", "barely (quantized)", "~$0.0006 / 1K tokens"),
]
# The post's fourth table as printed: Llama 2 13B, Mistral 7B, whether that replaces it.
USES = [
    ("chatbot", "Good", "Good+", "yes"),
    ("code generation", "Weak", "Moderate", "yes (and better)"),
    ("summarization", "Good", "Good", "yes"),
    ("math / reasoning", "Weak", "Moderate", "yes (and better)"),
    ("translation", "Good", "Good", "yes"),
]
snapshots = st.sampled_from([id for _, id in cost.snapshots()])
providers = st.sampled_from([id for _, id in cost.providers()])
shares = st.floats(0, 1)
scores = st.floats(0, 100)


def rows_of(table):
    """The rows as plain values by the columns' names."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(table.values, names), strict=True)]


def saved(snapshot, provider):
    """What Mistral 7B saves at a provider, rounded; one figure for each way it is sold."""
    return [
        round(r["saving"], 1) for r in rows_of(api(snapshot, provider)) if r["offer"].startswith("Mistral 7B")
    ]


def test_the_posts_cost_table_to_the_digit():
    rows = rows_of(api())
    assert [(r["offer"], r["memory_post"], r["card_post"], r["price_post"]) for r in rows] == COSTS
    assert [list(line)[9:] for line in api().shown()][1:] == [
        ["40.00", "33.3"],
        ["40.00", "33.3"],
        ["60.00", "—"],
    ]


def test_the_posts_saving_follows_from_its_prices():
    """$0.0004 and $0.0006 for a thousand tokens, as exact fractions: a third."""
    small, large = (Fraction(re.search(r"\$([\d.]+)", row[3])[1]) for row in (COSTS[1], COSTS[2]))
    assert cost.saving_pct(float(small), float(large)) == pytest.approx(float(100 * (1 - small / large)))
    assert "saves 33.3% at the post's prices" in api().finding
    assert [1000 * float(small) == r.price_per_million for r in facts.post_costs()] == [True, True, False]


def test_what_runs_on_a_4090():
    assert [(r["card_fp16"], r["card_int4"]) for r in rows_of(api())] == [
        (True, True),
        (True, True),
        (False, True),
    ]


@pytest.mark.parametrize(
    ("snapshot", "provider", "savings"),
    [
        ("2023-11", "DeepInfra", [42.9]),  # 0.20 against 0.35
        ("2023-11", "OpenRouter", [100.0]),  # free against 0.20
        ("2023-11", "Together", [50.0, 0.0]),  # 0.20 or 0.40 against 0.40
        ("2023-12", "Anyscale", [40.0]),  # 0.15 against 0.25
        ("2023-12", "Together", [50.0, 0.0]),
    ],
)
def test_savings_at_quoted_prices(snapshot, provider, savings):
    assert saved(snapshot, provider) == savings


def test_bills_worked_out_by_hand():
    """AWS's 13B at 0.75 read and 1.00 written: a billion tokens, a quarter of them read, are 937.50 USD."""
    (row,) = rows_of(api("2023-11", "AWS Bedrock", 1e9, 0.25))
    assert row["bill"] == pytest.approx(937.5)
    (tiny,) = rows_of(api("2024-01", "Mistral", 1e6, 0.5))
    assert (tiny["offer"], tiny["bill"]) == ("Mistral 7B, Mistral", pytest.approx(0.28))
    assert "EUR" in api("2024-01").columns[9].heading


def test_recalled_prices_are_marked_and_halves_left_out():
    assert "Fireworks" not in [name for name, _ in cost.providers()]  # no price for written tokens
    quoted = [s for s in api("2023-12").sources() if "2023-12" in s]
    assert quoted
    assert all("Verified: partly." in s for s in quoted)
    assert {p.verified for p in facts.prices() if p.date == "2023-11"} == {"partly"}


@pytest.mark.parametrize("provider", [id for _, id in cost.providers() if id != cost.ALL])
def test_the_posts_prices_are_nobodys(provider):
    assert [r["offer"] for r in rows_of(api("post", provider))] == [line[0] for line in COSTS]
    assert api("post", provider).notes[0].startswith("The post names no provider")


@settings(deadline=None)
@given(snapshots, providers, st.floats(1, 1e12), shares)
def test_every_reachable_bill_is_finite_and_consistent(snapshot, provider, tokens, share):
    table = api(snapshot, provider, tokens, share)
    rows = rows_of(table)
    for row in rows:
        low, high = sorted([row["input"], row["output"]])
        assert low * tokens / 1e6 * (1 - 1e-9) <= row["bill"] <= high * tokens / 1e6 * (1 + 1e-9)
        assert row["saving"] is None or row["saving"] <= 100
        if row["price_post"]:
            assert (
                row["offer"].split(",")[0],
                row["memory_post"],
                row["card_post"],
                row["price_post"],
            ) in COSTS
    for row in (r for r in rows if r["saving"] is not None and "Mistral" in r["offer"]):
        assert f"{row['saving']:.1f}%" in table.finding
    assert rows or f"{provider} has no price" in table.finding
    assert rows or snapshot != "post"
    assert len(table.series["bills"]) == len(rows)
    assert math.isfinite(len(table.to_html()))


@settings(deadline=None)
@given(
    st.sampled_from([gpu.name for gpu in facts.gpus()]),
    st.floats(0.1, 20),
    st.floats(0.05, 1),
    st.floats(0.1, 1),
    st.sampled_from(list(WEIGHT_BITS)),
    st.integers(1, 256),
    st.integers(0, 32_768),
    st.sampled_from([id for _, id in cost.price_sources()]),
)
def test_every_reachable_rent_is_finite_and_consistent(
    gpu, price, used, reached, precision, batch, context, source
):
    table = self_hosted(gpu, price, used, reached, precision, batch, context, source)
    for row in rows_of(table):
        if row["fits"] == "no":
            assert (row["rented"], row["even"], row["verdict"]) == (None, None, "does not fit the card")
            continue
        # An hour's rent over an hour's tokens, by another way round.
        hour = row["ceiling"] * reached * used * 3600
        assert row["rented"] * hour / 1e6 == pytest.approx(price)
        decimals = max(2, 1 - math.floor(math.log10(min(r["rented"] for r in rows_of(table) if r["rented"]))))
        assert f"{row['rented']:,.{decimals}f}" in table.finding
        if row["even"] is not None:
            # At the break-even volume the month's rent and the API's bill are the same.
            assert row["even"] * row["api"] == pytest.approx(price * 730.5)
            at_work = row["even"] / row["most"]
            expected = "the API is cheaper at any volume" if at_work > 1 else None
            assert (row["verdict"] == expected) or (expected is None and row["verdict"].startswith("renting"))
            if expected is None and not math.isclose(at_work, used):
                assert (row["verdict"] == "renting is cheaper as used here") == (at_work < used)
    assert "API: 0)" not in table.finding
    assert ("is priced in EUR" in " ".join(table.notes)) == source.startswith("Mistral")
    assert math.isfinite(len(table.to_html()))


def test_what_a_7b_saves_depends_on_its_heads_and_the_load():
    """Mistral 7B, with shared heads, saves more with a larger batch; Llama 2 7B, without, saves less."""
    saved_by_batch = {"Mistral 7B": [], "Llama 2 7B": []}
    for batch in (1, 8, 32, 64):
        rented = dict(zip(*map(self_hosted(batch=batch).values, ("model", "rented")), strict=True))
        for model, figures in saved_by_batch.items():
            figures.append(round(100 * (1 - rented[model] / rented["Llama 2 13B"]), 1))
    assert saved_by_batch == {
        "Mistral 7B": [45.9, 52.8, 64.8, 71.3],
        "Llama 2 7B": [48.2, 46.0, 42.2, 40.1],
    }


def test_free_and_foreign_prices_say_so():
    free = self_hosted(api="OpenRouter/2023-11")
    assert "Mistral 7B 0.45 (API: free)" in free.finding
    assert "taken in EUR too" in self_hosted(api="Mistral/2024-01").notes[0]
    assert self_hosted().notes == ()


def test_a_rolling_cache_is_said_to_be_one():
    notes = " ".join(self_hosted("RTX 3090", batch=4, context=32_768).notes)
    assert "needs 17.2 GB for Mistral 7B; then Mistral 7B would not fit." in notes
    assert "rolling" not in " ".join(self_hosted(context=4096).notes)


def test_no_rent_is_rounded_to_nothing():
    table = self_hosted("B200 SXM", 0.1, 1, 0.7, "FP16", 32, 4096)
    assert "Mistral 7B 0.0049 (API: " in table.finding
    assert "0.0049" in table.to_text()
    assert "0.00 " not in table.to_text()


def test_rent_worked_out_by_hand():
    """Mistral 7B on an A100 80GB: 32 sequences of 1,024 tokens read 18.516 GB a step."""
    row = rows_of(self_hosted())[1]
    n_bytes = 2 * 7_110_660_096 + 32 * 1024 * 131_072
    rate = 32 * 2039e9 / n_bytes
    assert row["ceiling"] == pytest.approx(rate)
    assert row["rented"] == pytest.approx(2 / (rate * 0.7 * 0.5 * 3600) * 1e6)


def test_rents_by_the_hour_and_card():
    rows = {(r["provider"], r["gpu"]): (round(r["low"], 2), round(r["high"], 2)) for r in rows_of(rentals())}
    assert rows["Replicate", "A100 80GB SXM"] == (5.04, 5.04)
    assert rows["Amazon Web Services", "A100 40GB SXM"] == (4.10, 4.10)
    assert rows["RunPod, vast.ai and others", "RTX 4090"] == (0.34, 0.69)
    assert "1.39 (2026) to 5.04 USD (2023)" in rentals().finding
    assert {r["verified"] for r in rows_of(rentals())} == {"yes", "partly", "no"}


def test_the_posts_use_cases_to_the_digit():
    rows = rows_of(use_cases())
    names = ("use_case", "baseline_post", "challenger_post", "replaces_post")
    assert [tuple(r[name] for name in names) for r in rows] == USES
    for row in rows:
        if row["baseline"] is None:
            assert row["benchmark"] == row["replaces"] == "no benchmark behind this"
        else:
            computed = (row["baseline_label"], row["challenger_label"], row["replaces"])
            assert computed == (row["baseline_post"], row["challenger_post"], row["replaces_post"])
    assert [r["use_case"] for r in rows if r["baseline"] is None] == ["summarization", "translation"]
    assert "in 3 of 3 use cases; summarization and translation have no benchmark" in use_cases().finding


def test_a_threshold_one_point_lower_turns_a_use_case():
    """GSM8K's 24.3 for Llama 2 13B is Moderate from 24 on, and nothing is better about replacing it."""
    row = rows_of(use_cases(moderate=24))[3]
    assert (row["baseline_label"], row["challenger_label"], row["replaces"]) == (
        "Moderate",
        "Moderate",
        "yes",
    )


@settings(deadline=None)
@given(
    st.sampled_from([id for _, id in cost.score_reports()]),
    st.sampled_from([id for _, id in cost.chat_choices()]),
    scores,
    scores,
    scores,
)
def test_every_reachable_use_case_is_labelled_consistently(source, chat, moderate, good, plus):
    table = use_cases(source, chat, moderate, good, plus)
    agreeing = scored = 0
    for row in rows_of(table):
        if row["baseline"] is None:
            assert row["replaces"] in ("no benchmark behind this", "not in this report")
            continue
        scored += 1
        ours, theirs = (LABELS.index(row[f"{role}_label"]) for role in ("challenger", "baseline"))
        for role in ("challenger", "baseline"):
            passed = [row[role] >= moderate, row[role] >= good, row[role] >= good and row[role] >= plus]
            assert LABELS.index(row[f"{role}_label"]) == max(
                [i + 1 for i in range(3) if passed[i]], default=0
            )
        assert (row["replaces"] == "no") == (ours < theirs)
        agreeing += (row["baseline_label"], row["challenger_label"], row["replaces"]) == (
            row["baseline_post"], row["challenger_post"], row["replaces_post"]
        )  # fmt: skip
    assert f"in {agreeing} of {scored} use cases" in table.finding or not scored
    assert math.isfinite(len(table.to_html()))


@pytest.mark.parametrize(
    ("call", "wrong", "words"),
    [
        (api, {"snapshot": "1999-01"}, "There is no snapshot '1999-01' here"),
        (api, {"provider": "a friend"}, "There is no provider 'a friend' here"),
        (api, {"tokens_per_month": 0}, "0 tokens a month cannot be billed"),
        (api, {"tokens_per_month": math.inf}, "`tokens_per_month` is inf; choose a finite number."),
        (api, {"input_share": 1.1}, "The share of tokens read is 1.1"),
        (api, {"input_share": math.nan}, "`input_share` is nan; choose a finite number."),
        (api, {"tokens_per_month": 1e300}, "1e+300 tokens a month cannot be billed"),
        (self_hosted, {"hourly_price": 1e300}, "choose a price from 0.01 to 1,000"),
        (use_cases, {"good": -1}, "A threshold of -1 is no score"),
        (self_hosted, {"hourly_price": 0}, "choose a price from 0.01 to 1,000"),
        (self_hosted, {"utilisation": 0}, "The utilisation is 0"),
        (self_hosted, {"efficiency": 1.2}, "The efficiency is 1.2"),
        (self_hosted, {"api": "nobody"}, "There is no price 'nobody' here"),
        (self_hosted, {"gpu": "Abacus"}, "There is no GPU 'Abacus'"),
        (use_cases, {"source": "a friend"}, "There is no report 'a friend' here"),
        (use_cases, {"chat": "chess"}, "There is no benchmark of chat 'chess' here"),
        (use_cases, {"good": 101}, "A threshold of 101 is no score"),
    ],
)
def test_bad_input_gets_one_sentence(call, wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call(**wrong)
