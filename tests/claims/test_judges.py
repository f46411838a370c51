"""Every verdict against an independent calculation of its figures by hand, with the arithmetic written out.

Numbers here are typed: the post's, the papers' scores and item counts, shapes of the models, data sheets.
Nothing is asked of the package but the board itself.
"""

import json
import re
from math import isclose, sqrt
from pathlib import Path

import pytest

from smallmodels import claims, facts
from smallmodels.claims import Assumptions

ROOT = Path(__file__).parents[2]
Z95 = 1.959964
# Layers, width, feed-forward width, KV width (KV heads x 128); vocabulary 32,000; two norms a layer and one.
SHAPES = {
    "Mistral 7B": (32, 4096, 14336, 8 * 128),
    "Llama 2 7B": (32, 4096, 11008, 32 * 128),
    "Llama 2 13B": (40, 5120, 13824, 40 * 128),
}


def parameters(model: str) -> int:
    layers, width, ffn, kv = SHAPES[model]
    layer = 2 * width * width + 2 * width * kv + 3 * width * ffn + 2 * width
    return layers * layer + width + 2 * 32000 * width


def read(model: str) -> int:
    """Parameters that a step reads: all but the input embedding."""
    return parameters(model) - 32000 * SHAPES[model][1]


def token_bytes(model: str) -> int:
    """FP16 bytes of keys and values of a token."""
    layers, _, _, kv = SHAPES[model]
    return 2 * layers * kv * 2


def margin(p: float, q: float, n: int, r: float = 0.0) -> float:
    """Half of the 95% interval of a gap between two percentages over n items."""
    s, t = (sqrt(x / 100 * (1 - x / 100) / n) * 100 for x in (p, q))
    return Z95 * sqrt(s * s + t * t - 2 * r * s * t)


def judged(claim: str, **moved: object) -> claims.Ruling:
    given = Assumptions()
    for name, value in moved.items():
        given = given.with_(name, value)
    return claims.ruled(given).of(claim)


def check(claim: str, verdict: str, *told: str, **moved: object) -> None:
    """The verdict, and that its sentence says these figures."""
    found = judged(claim, **moved)
    assert found.verdict == verdict, found.judgement.figures
    for text in told:
        assert text in found.judgement.figures


# Mistral's paper, table 2: both models in one run. (Mistral 7B, Llama 2 13B, items)
PAPER = {
    "MMLU": (60.1, 55.6, 14042),
    "HellaSwag": (81.3, 80.7, 10042),
    "WinoGrande": (75.3, 72.9, 1267),
    "PIQA": (83.0, 80.8, 1838),
    "ARC-e": (80.0, 75.2, 2376),
    "ARC-c": (55.5, 48.8, 1172),
    "NQ": (28.8, 29.0, 3610),
    "TriviaQA": (69.9, 69.6, 11313),
    "HumanEval": (30.5, 18.9, 164),
    "MBPP": (47.5, 35.4, 257),
    "MATH": (13.1, 6.0, 5000),
    "GSM8K": (52.2, 34.3, 1319),
}


def counted(r: float = 0.0) -> tuple[int, int]:
    """Leads, and leads beyond noise, in Mistral's paper."""
    beyond = [p - q > margin(p, q, n, r) for p, q, n in PAPER.values()]
    return sum(p > q for p, q, _ in PAPER.values()), sum(beyond)


def test_c01_counts_leads_and_those_beyond_noise():
    assert counted() == (11, 7)
    assert counted(0.54) == (11, 9)  # WinoGrande and PIQA turn
    check("C01", "right with a caveat", "11 of 12 are leads", "7 beyond noise")
    check("C01", "right with a caveat", "9 beyond noise", correlation=0.54)
    check("C01", "not comparable", "6 of 7 are leads in the post", "6 of the 7 pairs mix", source="post")


def test_c02_c03_leads_of_the_paper_beside_the_posts():
    p, q, n = PAPER["MMLU"]
    assert round(p - q, 1) == 4.5
    check("C02", "right with a caveat", f"+4.5 ± {margin(p, q, n):.1f}", f"{60.1 - 54.8:+.1f}")
    p, q, n = PAPER["HumanEval"]
    assert round(p - q, 1) == 11.6
    check("C03", "right with a caveat", f"+11.6 ± {margin(p, q, n):.1f}", f"{30.5 - 18.3:+.1f}")
    check("C03", "within noise", confidence=0.99)  # 11.6 is 2.46 standard errors, fewer than 2.58
    assert isclose(11.6 / (margin(p, q, n) / Z95), 2.46, abs_tol=0.01)
    check("C03", "cannot be told", source="open-llm-leaderboard-v1")  # it has no HumanEval
    for claim in ("C02", "C03"):
        check(claim, "not comparable", source="post")


def test_c04_turns_into_a_lead_where_both_are_asked_alike():
    p, q, n = PAPER["ARC-c"]
    check("C04", "wrong", f"+{p - q:.1f} ± {margin(p, q, n):.1f}")
    check(
        "C04",
        "within noise",
        f"+{59.98 - 59.39:.1f} ± {margin(59.98, 59.39, 1172):.1f}",
        source="open-llm-leaderboard-v1",
    )
    check("C04", "not comparable", f"{55.5 - 59.4:.1f}".replace("-", "−"), source="post")


def test_c05_the_small_leads_are_noise():
    p, q, n = PAPER["HellaSwag"]
    assert 0 < p - q < margin(p, q, n)
    check("C05", "within noise", f"+0.6 ± {margin(p, q, n):.1f}")
    check("C05", "within noise", "+0.3", source="post")
    assert p - q > margin(p, q, n, 0.8)
    check("C05", "right with a caveat", correlation=0.8)  # the paper has no TruthfulQA
    # On the leaderboard both are beyond, though neither is the post's lead: 1.18 and 4.77.
    assert margin(83.31, 82.13, 10042) < 83.31 - 82.13
    assert margin(42.15, 37.38, 817) < 42.15 - 37.38
    check("C05", "right with a caveat", "+1.2", "+4.8", source="open-llm-leaderboard-v1")


def test_c06_six_of_seven_pairs_mix():
    check("C06", "wrong", "6 of the post's 7")


# E, A, B, alpha, beta of Chinchilla's form; the refit of Besiroglu et al. and the paper's rounded law.
REFIT = (1.81686, 482.00572, 2085.4342, 0.34781, 0.36585)
CHINCHILLA = (1.69, 406.4, 410.7, 0.34, 0.28)


def loss(law: tuple[float, ...], n: float, d: float) -> float:
    e, a, b, alpha, beta = law
    return e + a / n**alpha + b / d**beta


def needed(law: tuple[float, ...], n: float, m: float, d: float) -> float:
    """Tokens with which n parameters reach the loss of m on d tokens."""
    e, a, b, alpha, beta = law
    return float((b / (loss(law, m, d) - e - a / n**alpha)) ** (1 / beta))


def reachable(row: dict[str, float]) -> bool:
    """Whether some amount of data lets the smaller one match: what is left for data is above 0."""
    left = (
        row["B"] / 2e12 ** row["beta"] + row["A"] / LARGE ** row["alpha"] - row["A"] / SMALL ** row["alpha"]
    )
    return left > 0


def best_ratio(law: tuple[float, ...], n: float) -> float:
    """Tokens a parameter where alpha A/N^alpha = beta B/D^beta."""
    _, a, b, alpha, beta = law
    return float((beta * b / (alpha * a / n**alpha)) ** (1 / beta) / n)


SMALL, LARGE = parameters("Mistral 7B"), parameters("Llama 2 13B")


def test_the_shapes_give_the_published_counts():
    assert (SMALL, LARGE, parameters("Llama 2 7B")) == (7241732096, 13015864320, 6738415616)


def test_c07_kaplan_prefers_the_larger_for_ever():
    # L = ((Nc/N)^(aN/aD) + Dc/D)^aD with the parameters outside the embeddings.
    n_c, d_c, a_n, a_d = 6.4e13, 1.8e13, 0.076, 0.103
    small, large = SMALL - 2 * 32000 * 4096, LARGE - 2 * 32000 * 5120

    def kaplan(n: float, d: float) -> float:
        return float(((n_c / n) ** (a_n / a_d) + d_c / d) ** a_d)

    gap = kaplan(small, 2e12) - kaplan(large, 2e12)
    assert kaplan(small, 1e30) > kaplan(large, 2e12)  # no amount of data is enough
    check("C07", "right", f"{gap:.3f} nats ahead", "no amount of data")


def test_c08_gpt3_was_undertrained_and_llama_2_was_not():
    early = 300e9 / 175e9 / best_ratio(REFIT, 175e9)
    late = 2e12 / LARGE / best_ratio(REFIT, LARGE)
    check("C08", "right with a caveat", f"{early:.2f} times", f"{late:.1f} times")
    late = 2e12 / LARGE / best_ratio(CHINCHILLA, LARGE)
    check("C08", "right with a caveat", f"{late:.1f} times", law="chinchilla")
    check("C08", "cannot be told", law="kaplan-joint")


def test_c09_is_a_division_over_an_assumption():
    check("C09", "right with a caveat", f"{2e12 / LARGE:.0f} for Llama", f"{2e12 / SMALL:.0f} for Mistral")
    assert (round(2e12 / LARGE), round(2e12 / SMALL), round(2e12 / 7.2e9)) == (154, 276, 278)
    check("C09", "wrong", f"{1e12 / SMALL:.0f} for Mistral", tokens=1.0)


def test_c10_two_trillion_do_not_explain_it():
    assert round(needed(REFIT, SMALL, LARGE, 2e12) / 1e12, 1) == 13.5
    check("C10", "wrong", "13.5 trillion")
    # The recorded draws, sorted: 25 of 1,000 lie below the low end and 25 above the high one.
    rows = json.loads((ROOT / "data" / "runs" / "chinchilla-bootstrap.json").read_text("utf-8"))["rows"]
    draws = sorted(
        needed(tuple(row[name] for name in ("E", "A", "B", "alpha", "beta")), SMALL, LARGE, 2e12) / 1e12
        for row in rows
        if reachable(row)
    )
    assert len(rows) >= 1000
    low, high = draws[round(0.025 * len(rows))], draws[round(0.975 * len(rows)) - 1]
    (found,) = re.findall(r"\((.*?) to (.*?)\)", judged("C10").judgement.figures)
    assert isclose(float(found[0]), low, rel_tol=0.02)
    assert isclose(float(found[1]), high, rel_tol=0.05)
    assert low < 15 < high < 100
    check("C10", "cannot be told", tokens=15.0)
    check("C10", "right with a caveat", tokens=99.0)
    assert round(needed(CHINCHILLA, SMALL, LARGE, 2e12) / 1e12, 2) == 4.88
    check("C10", "wrong", "4.88 trillion", law="chinchilla")
    check("C10", "right with a caveat", law="chinchilla", tokens=5.0)
    check("C10", "wrong", "no amount of data", law="kaplan-joint", tokens=50.0)


def test_c11_at_equal_tokens_the_larger_wins():
    gap = loss(REFIT, SMALL, 2e12) - loss(REFIT, LARGE, 2e12)
    check("C11", "right with a caveat", f"{LARGE / SMALL:.1f} times", f"{gap:.3f} nats ahead")


BANDWIDTH, A100 = 2039e9, 85899345920


def step_bytes(model: str, cached: int, batch: int) -> int:
    seen = min(cached, 4096) if model == "Mistral 7B" else cached
    return 2 * read(model) + batch * seen * token_bytes(model)


def held(model: str, cached: int, batch: int, bits: float = 16) -> float:
    """GB of weights and FP16 cache."""
    seen = min(cached, 4096) if model == "Mistral 7B" else cached
    return (parameters(model) * bits / 8 + batch * seen * token_bytes(model)) / 1e9


def test_c12_a_quarter_of_the_cache():
    check("C12", "right", f"{2 * 32 * 8 * 128 * 2 // 1024} KiB", f"against {2 * 32 * 32 * 128 * 2 // 1024}")


def test_c13_takes_twenty_thousand_tokens_in_flight():
    ratio = step_bytes("Llama 2 7B", 0, 1) / step_bytes("Mistral 7B", 0, 1)
    # (w' + 524,288 t) = 1.4 (w + 131,072 t)
    tokens = (1.4 * 2 * read("Mistral 7B") - 2 * read("Llama 2 7B")) / (524288 - 1.4 * 131072)
    check("C13", "wrong", f"{ratio:.2f} times", f"{tokens:,.0f} tokens")
    busy = step_bytes("Llama 2 7B", 4096, 8) / step_bytes("Mistral 7B", 4096, 8)
    check("C13", "right with a caveat", f"{busy:.2f} times", cached=4096, batch=8)
    assert (round(ratio, 2), round(busy, 2), round(tokens)) == (0.93, 1.64, 19646)


def test_c14_c15_c16_read_the_shape():
    check("C14", "right", "4,096", "32 layers")
    check("C15", "right with a caveat", f"{32 * 4095:,} positions")
    check("C16", "right with a caveat", "8,192 against 4,096", f"{8192 // 4096} times")


def test_c17_is_above_the_ceiling():
    ours, theirs = (BANDWIDTH / step_bytes(model, 0, 1) for model in ("Mistral 7B", "Llama 2 7B"))
    assert ours < 150 < theirs
    lead = 100 * (ours / theirs - 1)
    check("C17", "wrong", f"At most {ours:.0f} and {theirs:.0f}", f"−{-lead:.1f}%", "Mistral 7B is above")
    tokens = (1.25 * 2 * read("Mistral 7B") - 2 * read("Llama 2 7B")) / (524288 - 1.25 * 131072)
    check("C17", "right with a caveat", f"{tokens:,.0f} tokens", cached=4096, batch=8)
    assert held("Llama 2 7B", 32768, 8) * 1e9 > A100
    check("C17", "cannot be told", "Llama 2 7B does not fit", cached=32768, batch=8)


def test_c18_one_of_two_sizes_is_right():
    theirs, ours = (2 * parameters(model) / 1e9 for model in ("Llama 2 7B", "Mistral 7B"))
    assert round(theirs, 1) == 13.5 != 14.2
    assert round(ours, 1) == 14.5
    check("C18", "right with a caveat", f"{theirs:.2f} and {ours:.2f} GB")
    check("C18", "wrong", f"{held('Llama 2 7B', 4096, 1):.2f}", cached=4096)  # 15.63 and 15.02


def test_c19_about_four_and_a_quarter():
    assert abs(4.081004224 / 4.2 - 1) < 0.03
    assert abs(4.368438912 / 4.3 - 1) < 0.03
    check("C19", "right", "4.08 and 4.37 GB")


def test_c20_better_everywhere_only_with_a_cache():
    assert held("Mistral 7B", 0, 1) > held("Llama 2 7B", 0, 1)
    check("C20", "wrong", "1 of 4 measures")
    assert held("Mistral 7B", 4096, 1) < held("Llama 2 7B", 4096, 1)
    assert held("Mistral 7B", 4096, 1, 4.5) < held("Llama 2 7B", 4096, 1, 4.5)
    check("C20", "right with a caveat", "4 of 4", cached=4096)
    check("C20", "wrong", "memory in FP16", cached=1024)  # 15.0 and 14.6, where 4 bits and speed turn
    assert held("Mistral 7B", 1024, 1) > held("Llama 2 7B", 1024, 1)


def test_c21_three_of_five_uses_have_a_score():
    def label(score: float) -> int:
        return sum(score >= cut for cut in (25, 50, 60))

    for test in ("MMLU", "HumanEval", "GSM8K"):
        p, q, _ = PAPER[test]
        assert label(p) >= label(q)
    check("C21", "right with a caveat", "3 of 3", "2 have none")
    check("C21", "not comparable", source="post")
    check("C21", "right with a caveat", "2 of 2", "3 have none", source="open-llm-leaderboard-v1")


def test_c22_does_not_fit_and_does_in_four_bits():
    card = 24 * 2**30
    assert 2 * LARGE > card > LARGE * 4.5 / 8
    check("C22", "right", f"{2 * LARGE / 1e9:.1f} GB", f"{LARGE * 4.5 / 8 / 1e9:.1f} GB", f"{card / 1e9:.1f}")
    assert LARGE * 4.5 / 8 + 32768 * token_bytes("Llama 2 13B") > card
    check("C22", "right with a caveat", cached=32768)


def test_c23_a_third_at_the_posts_prices_only():
    assert round(100 * (0.6 - 0.4) / 0.6, 1) == 33.3
    check("C23", "right", "33.3%")
    # November 2023: DeepInfra 0.20 for 0.35, OpenRouter 0 for 0.20, Together 0.20 or 0.40 for 0.40.
    quoted = [f"{100 * (1 - p / q):.0f}%" for p, q in ((0.4, 0.4), (0.2, 0.35), (0.2, 0.4), (0.0, 0.2))]
    check("C23", "right with a caveat", *quoted, snapshot="2023-11")
    check("C23", "cannot be told", snapshot="2024-01")


def test_c24_two_of_five_events_as_told():
    stands = {"founding": "defensible", "seed-round": "right", "pace": "defensible", "release": "right"}
    known = {event.id: event.standing for event in facts.story()}
    assert all(known[id].startswith(stand) for id, stand in stands.items())
    check("C24", "right with a caveat", "Two of five", "blog and code contradicted")


def test_c26_the_law_and_the_scores_disagree():
    gap = loss(REFIT, SMALL, 2e12) - loss(REFIT, LARGE, 2e12)
    check("C26", "right with a caveat", f"{gap:.3f} nats ahead", "11 of 12 tests", "+0.1 points")
    check("C26", "cannot be told", source="post")
    check("C26", "within noise", confidence=0.99)


def flops(model: str, cached: int) -> int:
    seen = min(cached, 4096) if model == "Mistral 7B" else cached
    return 2 * read(model) + 32 * seen * 4 * 32 * 128


def test_c27_it_computes_more_until_the_window_is_full():
    more = 100 * (flops("Mistral 7B", 0) / flops("Llama 2 7B", 0) - 1)
    assert round(more, 1) == 7.6
    check("C27", "wrong", "7.6% more")
    less = 100 * (1 - flops("Mistral 7B", 8192) / flops("Llama 2 7B", 8192))
    check("C27", "right with a caveat", f"{less:.1f}% less", cached=8192)


def test_c28_two_uses_have_no_score():
    check("C28", "cannot be told", "five uses", "summarization and translation")


def test_c29_similar_until_a_cache_is_counted():
    assert 14.48 / 13.48 < 1.1 < held("Llama 2 7B", 8192, 1) / held("Mistral 7B", 8192, 1)
    check("C29", "right with a caveat", "13.5 and 14.5 GB")
    check(
        "C29",
        "wrong",
        f"{held('Llama 2 7B', 8192, 1):.1f} and {held('Mistral 7B', 8192, 1):.1f}",
        cached=8192,
    )


# Open LLM Leaderboard v1: Llama 2 70B, the best score of a model of at most 15B (Qwen2 7B, Phi-2, Mistral
# Nemo, InternLM2 7B), and the number of items.
CROSSED = {
    "MMLU": (69.83, 71.95, 14042),
    "GSM8K": (54.06, 74.45, 1319),
    "HumanEval": (29.88, 49.39, 164),
    "ARC-c": (67.32, 63.91, 1172),
    "HellaSwag": (87.33, 85.26, 10042),
    "WinoGrande": (83.74, 83.82, 1267),
    "TruthfulQA": (44.92, 54.35, 817),
}
# GPT-3 175B and the best of at most 75B, as the LLaMA and Llama 2 papers quote and measure them.
OLDER = [
    (43.9, 68.9),
    (51.4, 57.8),
    (68.8, 80.2),
    (78.9, 85.3),
    (70.2, 80.2),
    (81.0, 82.8),
    (57.6, 60.2),
    (60.5, 85.3),
]


def test_c25_counts_crossings_of_one_leaderboard_and_of_quoted_figures():
    above = [test for test, (big, small, _) in CROSSED.items() if small > big]
    beyond = [test for test in above if CROSSED[test][1] - CROSSED[test][0] > margin(*CROSSED[test])]
    assert (len(above), len(beyond), len(CROSSED)) == (5, 4, 7)
    assert all(small > big for big, small in OLDER)
    check("C25", "right with a caveat", "5 of 7 tests", "4 beyond noise", f"{len(OLDER)} of {len(OLDER)}")


def test_every_claim_is_judged_here():
    source = Path(__file__).read_text("utf-8")
    assert [c.id for c in facts.claims() if f'check("{c.id}"' not in source] == []


@pytest.mark.parametrize("model", SHAPES)
def test_a_typed_shape_is_the_one_of_the_data(model):
    one = facts.model(model)
    assert SHAPES[model] == (one.n_layers, one.d_model, one.ffn_dim, one.n_kv_heads * one.head_dim)
