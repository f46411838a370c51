"""Speeds against the post, arithmetic by hand, published measurements and brute force."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import facts, speed
from smallmodels.memory import WEIGHT_BITS
from smallmodels.speed import POST_GPU, Step, break_even, inference, lead, measured

# The post's third table as printed: Llama 2 7B, Mistral 7B, improvement.
POST = {
    "inference speed, at most (tokens/s)": ("~120", "~150", "+25%"),
    "memory, FP16 (GB)": ("14.2 GB", "14.5 GB", "similar"),
    "memory, 4-bit (GB)": ("~4.2 GB", "~4.3 GB", "similar"),
    "effective context (K tokens)": ("4K", "8K+ (sliding window)", "2x+"),
}
MISTRAL, LLAMA = "Mistral 7B", "Llama 2 7B"
# By hand: parameters read in a step and bytes of a cached token, in FP16.
READ = {MISTRAL: 7_110_660_096, LLAMA: 6_607_343_616, "Llama 2 13B": 12_852_024_320}
TOKEN = {MISTRAL: 131_072, LLAMA: 524_288}
gpus = st.sampled_from([gpu.name for gpu in facts.gpus()])
precisions = st.sampled_from(list(WEIGHT_BITS))
batches, contexts = st.integers(1, 256), st.integers(0, 32_768)


def rows_of(table):
    """The rows as plain values, by the first column."""
    names = [column.name for column in table.columns]
    values = zip(*(table.values(name) for name in names), strict=True)
    return {row[0]: dict(zip(names, row, strict=True)) for row in values}


def speeds(table):
    """The two ceilings, which are the table's first row."""
    return table.values("baseline")[0], table.values("challenger")[0]


def pair(table, metric):
    """Llama 2 7B's and Mistral 7B's computed figure of one metric."""
    row = rows_of(table)[metric]
    return row["baseline"], row["challenger"]


def test_the_posts_table_to_the_digit():
    rows = rows_of(inference())
    for metric, printed in POST.items():
        row = rows[metric]
        assert (row["baseline_post"], row["challenger_post"], row["improvement_post"]) == printed
    assert all(rows[m]["baseline_post"] is None for m in rows.keys() - POST.keys())


def test_the_posts_improvements_follow_from_its_rows():
    post = {row.id: row for row in facts.post_inference()}
    assert speed.difference_pct(post["speed"].challenger_value, post["speed"].baseline_value) == 25
    for id in ("speed", "context"):
        row = post[id]
        assert speed.difference_pct(row.challenger_value, row.baseline_value) == row.improvement_pct


def test_ceilings_worked_out_by_hand():
    """Bandwidth over bytes of weights, as printed in the data sheet and the models' published counts."""
    for card, bandwidth in ((POST_GPU, 2039e9), ("A100 40GB SXM", 1555e9)):
        theirs, ours = speeds(inference(card))
        assert theirs == pytest.approx(bandwidth / (2 * READ[LLAMA]), rel=1e-12)
        assert ours == pytest.approx(bandwidth / (2 * READ[MISTRAL]), rel=1e-12)
    assert [round(x, 1) for x in speeds(inference())] == [154.3, 143.4]
    large = Step(facts.model("Llama 2 13B"), "FP16", 1, 0).tokens_per_second(facts.gpu(POST_GPU))
    assert round(large, 1) == 79.3


@pytest.mark.parametrize(
    ("batch", "context", "ratio"),
    [(1, 0, 0.929), (1, 512, 0.944), (1, 4096, 1.04), (8, 4096, 1.64), (32, 4096, 2.6), (64, 2048, 2.6)],
)
def test_ratios_worked_out_by_hand(batch, context, ratio):
    theirs, ours = speeds(inference(batch=batch, context=context))
    assert ours / theirs == pytest.approx(ratio, abs=0.01)


def test_claims_above_the_ceiling_are_flagged():
    rows = rows_of(inference())["the post's speed, of that (%)"]
    assert (round(rows["baseline"], 1), round(rows["challenger"], 1)) == (77.8, 104.6)
    assert rows["remark"] == "Mistral 7B's cannot be had here"
    small = rows_of(inference("A100 40GB SXM"))["the post's speed, of that (%)"]
    assert small["baseline"] > 100 < small["challenger"]
    assert small["remark"] == "neither can be had here"
    assert "The post's speeds stay below the ceilings." in inference(precision="INT4").notes


@pytest.mark.parametrize("load", [{"batch": 2}, {"gpu": "T4", "context": 30_000}])
def test_claims_are_not_judged_for_batches_nor_where_the_models_do_not_fit(load):
    table = inference(**load)
    assert pair(table, "the post's speed, of that (%)") == (None, None)
    assert not any("the post's speed" in note.lower() for note in table.notes)


@pytest.mark.parametrize(("batch", "context"), [(1, 2560), (10, 256), (2, 1280)])
def test_at_the_break_even_neither_is_called_faster(batch, context):
    finding = inference(batch=batch, context=context).finding
    assert "the two are equally fast" in finding
    assert "%" not in finding


def test_what_does_not_fit_is_conditional():
    """256 sequences of 32,768 tokens are beyond any card; one of 30,000 parts the two on 24 GiB."""
    assert inference(batch=256, context=32_768).finding.startswith("If both fitted, Mistral 7B would get")
    assert inference("RTX 4090", context=30_000).finding.startswith("If Llama 2 7B fitted, Mistral 7B would")
    full = inference(batch=32, context=4096)
    assert pair(full, "fits on the card") == ("just", "yes")
    assert any("would not fit if the card's 80 GB were billions of bytes" in note for note in full.notes)


@pytest.mark.parametrize("table", [inference("B200 SXM"), lead(gpu="H200 SXM 141GB"), inference("M2 Ultra")])
def test_recalled_cards_are_marked(table):
    assert any("recalled" in note for note in table.notes)


def test_the_leads_the_post_claims():
    assert "12,656 cached tokens" in lead().finding
    assert lead().finding.endswith("can show it at batches of 4 to 128.")
    assert lead(1.25, "INT4", "RTX 4090").finding.endswith("can show it at batches of 1 to 32.")
    assert "19,646 cached tokens" in lead(1.4).finding
    assert speed.tokens_for_lead(facts.model(LLAMA), facts.model(MISTRAL), "FP16", 1) == 0
    assert speed.tokens_for_lead(facts.model(MISTRAL), facts.model(LLAMA), "FP16", 4) is None


def test_window_and_reach_of_the_paper():
    assert pair(inference(), "window (K tokens)") == (None, 4)
    assert pair(inference(), "reach, all layers (K tokens)") == (None, 131_040 / 1024)


def test_effective_context_is_that_of_training():
    assert pair(inference(), "effective context (K tokens)") == (4, 8)


def test_operations_of_a_step_matrix_by_matrix():
    """Every product of a layer spelled out: 2 x rows x columns, then scores and sums over cached tokens."""
    n, batch = 3000, 5
    for role, kv, ffn in ((0, 4096, 11_008), (1, 1024, 14_336)):
        matrices = 2 * 4096 * 4096 + 2 * 4096 * kv + 3 * 4096 * ffn
        norms = 2 * 4096
        by_hand = 2 * (32 * (matrices + norms) + 4096 + 32_000 * 4096) + 32 * 2 * 2 * n * 4096
        computed = pair(inference(batch=batch, context=n), "computed in a step (GFLOP)")[role]
        assert computed == pytest.approx(batch * by_hand / 1e9, rel=1e-12)


def test_memory_rows_are_those_of_the_weights():
    assert pair(inference(), "memory, FP16 (GB)") == (
        pytest.approx(13.476831232),
        pytest.approx(14.483464192),
    )
    assert rows_of(inference())["memory, 4-bit (GB)"]["remark"] == "Q4_K_M files: 4.08 and 4.37 GB"


@settings(deadline=None)
@given(gpus, precisions, batches, contexts)
def test_every_reachable_inference_is_finite_and_consistent(gpu, precision, batch, context):
    table = inference(gpu, precision, batch, context)
    card, rows = facts.gpu(gpu), rows_of(table)
    for row in rows.values():
        if row["improvement"] is not None:
            assert row["improvement"] == pytest.approx(
                100 * (row["challenger"] - row["baseline"]) / row["baseline"]
            )
    shares = rows["the post's speed, of that (%)"]
    fitting = all(row != "no" for row in pair(table, "fits on the card"))
    assert (shares["baseline"] is not None) == (batch == 1 and fitting)
    for role, claim in (("baseline", 120), ("challenger", 150)):
        rate = table.values(role)[0]
        assert rows["each sequence gets, at most (tokens/s)"][role] == pytest.approx(rate / batch)
        steps = rate / batch
        assert steps * rows["read in a step (GB)"][role] <= card.bandwidth_gb_s * (1 + 1e-9)
        assert steps * rows["computed in a step (GFLOP)"][role] <= card.dense_tflops * 1e3 * (1 + 1e-9)
        assert shares[role] is None or shares[role] == pytest.approx(100 * claim / rate)
        assert (rows["fits on the card"][role] != "no") == (
            rows["with the weights (GB)"][role] * 1e9 <= card.memory_bytes
        )
    flagged = sum((shares[role] or 0) > 100 for role in ("baseline", "challenger"))
    assert (any("Both of the post's speeds are above" in note for note in table.notes)) == (flagged == 2)
    theirs, ours = speeds(table)
    assert ("slower" in table.finding) == (ours < 0.9995 * theirs)
    assert ("equally" in table.finding) == (abs(ours / theirs - 1) < 0.0005)
    assert ("fitted" in table.finding) != fitting
    assert (f"{context:,} tokens are more than" in " ".join(table.notes)) == (context > 4096)
    for name in ("lines", "here", "even"):
        assert all(math.isfinite(p["speed"]) and p["tokens"] > 0 for p in table.series[name])
    for dot in table.series["here"]:
        if batch * context >= 128:
            assert {k: dot[k] for k in ("model", "family", "tokens", "speed")} in table.series["lines"]
    assert math.isfinite(len(table.to_html()))


@settings(deadline=None)
@given(gpus, precisions, batches)
def test_the_crossing_drawn_is_on_both_lines(gpu, precision, batch):
    for point in inference(gpu, precision, batch).series["even"]:
        card = facts.gpu(gpu)
        for name in (MISTRAL, LLAMA):
            n_bytes = READ[name] * WEIGHT_BITS[precision] / 8 + TOKEN[name] * point["tokens"]
            assert point["speed"] == pytest.approx(batch * card.bandwidth_gb_s * 1e9 / n_bytes, rel=1e-4)


@settings(deadline=None)
@given(st.floats(1, 5), precisions, gpus)
def test_every_reachable_lead_is_just_enough(ratio, precision, gpu):
    table = lead(ratio, precision, gpu)
    ours, theirs = facts.model(MISTRAL), facts.model(LLAMA)
    for row in rows_of(table).values():
        batch, each = row["batch"], row["each"]

        def reads(shape, n, batch=batch):
            return Step(shape, precision, batch, n).n_bytes

        assert reads(theirs, each) >= ratio * reads(ours, each) * (1 - 1e-9)
        assert each == 0 or reads(theirs, each - 1) <= ratio * reads(ours, each - 1) * (1 + 1e-9)
        assert row["together"] == batch * each
        assert row["trained"] == (each <= 4096)
    shown = [r["trained"] and r["fits"] != "no" and r["reads"] for r in rows_of(table).values()]
    possible = [n for n, yes in zip(speed.BATCHES, shown, strict=True) if yes]
    first, last = (possible[0], possible[-1]) if possible else (0, 0)
    named = re.search(r"at (?:a batch|batches) of (\d+)(?: to (\d+))?\.", table.finding)
    assert (first, last) == ((int(named[1]), int(named[2] or named[1])) if named else (0, 0))
    assert sum(shown) == sum(first <= n <= last for n in speed.BATCHES)  # no gap between the two
    assert math.isfinite(len(table.to_html()))


@pytest.mark.parametrize("card", [gpu.name for gpu in facts.gpus()])
def test_every_measurement_is_below_its_ceiling(card):
    rows = list(
        zip(*(measured(card).values(n) for n in ("run", "speed", "ceiling", "share_pct")), strict=True)
    )
    assert len(rows) == 6
    for run, rate, most, share in rows:
        assert share == pytest.approx(100 * rate / most)
        assert share < 100 or run == "the post"


# gpt-fast's README: tokens/s, GB/s.
README = {"BF16": (104.9, 1397.31), "INT8": (155.58, 1069.20), "INT4": (196.80, 862.69)}


def test_shares_are_those_of_the_published_bandwidth():
    for row in [r for r in measured_rows() if r["basis"] == "published"]:
        rate, bandwidth = README[row["weights"]]
        assert (row["speed"], row["bandwidth"]) == (rate, pytest.approx(bandwidth))
        assert row["share_pct"] == pytest.approx(100 * bandwidth / 2039)
        assert row["rest_ms"] == pytest.approx(1000 / rate - 1000 * bandwidth / rate / 2039)
    assert [round(row["share_pct"], 1) for row in measured_rows()] == [77.8, 104.6, 68.5, 52.4, 42.3, 69.1]
    assert "42% to 69%" in measured().finding


def test_shared_heads_with_mistrals_width_read_what_mistral_reads():
    table = break_even()
    row = rows_of(table)[8]
    assert row["weights_gb"] == 2 * READ[MISTRAL] / 1e9
    assert row["token_bytes"] == TOKEN[MISTRAL]
    assert row["even"] == 2 * (READ[MISTRAL] - READ[LLAMA]) / (TOKEN[LLAMA] - TOKEN[MISTRAL]) == 2560
    assert f"{100 * (READ[MISTRAL] / READ[LLAMA] - 1):.1f}% more" in table.finding
    assert "2,560" in table.finding
    (even,) = table.series["even"]
    low, high = (end for end in table.series["lines"] if end["family"] == "Mistral")
    slope = (high["gb"] - low["gb"]) / high["tokens"]
    assert even["gb"] == pytest.approx(low["gb"] + slope * even["tokens"])


def test_the_width_of_equal_size_reads_as_much_when_the_cache_is_empty():
    for heads, row in rows_of(break_even()).items():
        equal = rows_of(break_even(heads, row["equal_ffn"]))[heads]
        assert abs(equal["empty_pct"]) < 0.01  # widths are whole numbers
    assert rows_of(break_even())[8]["equal_ffn"] == 11008 + 2 * 24 * 128 // 3


@given(heads=st.integers(1, 40), width=st.integers(1024, 65_536), precision=precisions)
@settings(deadline=None)
def test_every_break_even_is_where_the_bytes_are_equal(heads, width, precision):
    table = break_even(heads, width, precision)
    assert table.finding
    for n, row in rows_of(table).items():
        assert all(math.isfinite(v) for v in row.values() if isinstance(v, int | float))
        theirs = 2 * READ[LLAMA] * WEIGHT_BITS[precision] / 16
        if row["even"]:
            ours = row["weights_gb"] * 1e9 + row["token_bytes"] * row["even"]
            assert ours == pytest.approx(theirs + TOKEN[LLAMA] * row["even"])
        elif row["even"] is None:
            assert (n, row["empty_pct"] > 0) == (32, True)
        else:
            assert row["weights_gb"] * 1e9 <= theirs


def measured_rows():
    """The rows of `measured` as plain values; its first column does not name a row."""
    names = [column.name for column in measured().columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(measured().values, names), strict=True)]


def test_measurements_without_a_card_are_named():
    used = set(measured().values("speed"))
    for s in facts.speeds():
        if s.quantity == "tokens a second" and s.value not in used:
            assert any(f"{s.value:g} tokens/s" in note for note in measured().notes)


@pytest.mark.parametrize(
    ("call", "wrong", "words"),
    [
        (inference, {"gpu": "Abacus"}, "There is no GPU 'Abacus'"),
        (inference, {"precision": "FP7"}, "There is no precision 'FP7' here"),
        (inference, {"batch": 0}, "The batch is 0"),
        (inference, {"context": -5}, "The context is -5"),
        (lead, {"ratio": 0.5}, "choose one from 1 to 5"),
        (lead, {"ratio": math.nan}, "`ratio` is nan; choose a finite number."),
        (lead, {"ratio": 1e300}, "choose one from 1 to 5"),
        (break_even, {"ffn_dim": 10**9}, "choose one from 1,024 to 65,536"),
        (break_even, {"ffn_dim": 1024.5}, "`ffn_dim` is 1024.5; choose a whole number."),
        (measured, {"gpu": "TPU"}, "There is no GPU 'TPU'"),
        (break_even, {"ffn_dim": 100}, "choose one from 1,024 to 65,536"),
        (break_even, {"n_kv_heads": 0}, "0 key-value heads"),
    ],
)
def test_bad_input_gets_one_sentence(call, wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call(**wrong)


def test_a_rolling_cache_is_said_to_be_one():
    """Past Mistral's window of 4,096 a program may keep every token: 131,072 bytes each."""
    notes = " ".join(inference(batch=2, context=30_000).notes)
    assert f"needs {2 * 30_000 * TOKEN[MISTRAL] / 1e9:.1f} GB for Mistral 7B." in notes
    assert "rolling" not in " ".join(inference(batch=2, context=4096).notes)
