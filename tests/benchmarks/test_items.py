"""Pasted item results against brute-force resampling, and every kind of text that is none."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels.benchmarks import EXAMPLE, paired, read_items

DRAWS = 20_000


def resampled(differences: np.ndarray, clusters: np.ndarray) -> float:
    """Standard deviation of the mean difference, in points, over draws of whole clusters with replacement."""
    rng = np.random.default_rng(3)
    names = np.unique(clusters)
    sums = np.array([differences[clusters == name].sum() for name in names])
    sizes = np.array([(clusters == name).sum() for name in names])
    drawn = rng.integers(0, len(names), size=(DRAWS, len(names)))
    return float(100 * (sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)).std())


def drawn(n_clusters: int, size: int) -> str:
    """Results of two models on texts, of which some suit one and some the other."""
    rng = np.random.default_rng(8)
    lines = ["question,cluster,Ours,Theirs"]
    for cluster in range(n_clusters):
        ease, lean = rng.normal(), rng.normal(0.2, 0.8)
        for i in range(size):
            hard = rng.normal()
            a, b = (int(ease + hard + rng.normal(0, 0.6) + sign * lean / 2 > 0) for sign in (1, -1))
            lines.append(f"{cluster}-{i},c{cluster},{a},{b}")
    return "\n".join(lines)


@pytest.mark.parametrize("text", [EXAMPLE, drawn(60, 6), drawn(40, 3)], ids=["example", "60 x 6", "40 x 3"])
def test_errors_are_those_of_resampled_items_and_clusters(text):
    found = read_items(text)
    differences, clusters = np.array(found.differences), np.array(found.clusters)
    assert found.paired == pytest.approx(resampled(differences, np.arange(len(differences))), rel=0.03)
    assert found.clustered == pytest.approx(resampled(differences, clusters), rel=0.03)
    rng = np.random.default_rng(4)
    sides = [
        np.array(side)[rng.integers(0, len(side), size=(DRAWS, len(side)))] for side in (found.a, found.b)
    ]
    apart = 100 * (sides[0].mean(axis=1) - sides[1].mean(axis=1)).std()
    assert found.apart == pytest.approx(float(apart), rel=0.03)
    assert found.correlation == pytest.approx(np.corrcoef(found.a, found.b)[0, 1])


def test_the_example_turns_twice():
    table = paired()
    assert table.values("verdict") == ["within noise", "beyond noise", "within noise"]
    assert table.values("error") == pytest.approx([9.0421, 5.5109, 8.6066], abs=1e-4)  # by numpy
    assert "A leads B by 13.3 points" in table.finding
    assert "On 10 items A alone is right, on 2 B alone" in table.notes[1]
    assert "p = 0.039" in table.notes[1]


def test_columns_come_in_any_order_and_by_several_signs():
    plain = read_items("q1,1,0\nq2,1,1\nq3,0,0")
    assert plain.gap == pytest.approx(100 / 3)
    named = read_items(
        "Subject\tMistral\tItem\tLlama\nlaw\ttrue\tq1\tfalse\n\nlaw\t1\tq2\t1\nart\t0\tq3\t0\n"
    )
    assert (named.a, named.b, named.names) == (plain.a, plain.b, ("Mistral", "Llama"))
    assert named.clusters == ("law", "law", "art")
    assert read_items("1;0\r\n1;1\r\n0;0\r\n").differences == plain.differences
    assert read_items("1,0.25\n0.5,0").plain is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste the results of 2 to 50,000 items, one a line; here are 0."),
        ("1,0", "one a line; here are 1."),
        ("1,0\n1", "Line 2 has one column; the first has two."),
        ("1,0,1,0,1", "Line 1 has five columns; paste two (a, b), three (item, a, b) or four (and cluster)."),
        ("1,0\n\nx,1", "Line 3: 'x' is no result; write 1 for right, 0 for wrong, or a share between."),
        ("1,0\n2,1", "Line 2: '2' is no result"),
        ("nan,1\n0,1", "Line 1: 'nan' is no result"),
        ("item,a,b,c\n1,1,0,1\n2,0,0,1", "Line 1 names item, a, b, c; it must name two models"),
        ("q1,1,0\nq2,0,0\nq1,0,1", "Line 3 has the item 'q1' of line 1 again; keep one of them."),
        ("q1,1,0,x\nq2,0,0,", "Line 2 names no cluster; name one on every line"),
        ("q1,1,0,x\nq2,0,0,x", "Every line names the cluster 'x'; at least two are needed"),
        ("1,0\n" * 50_001, "here are 50,001."),
    ],
)
def test_a_text_that_is_none_is_refused_in_one_sentence_with_its_line(text, words):
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        paired(text)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


@given(st.text(max_size=200))
def test_whatever_is_pasted_gives_a_table_or_one_sentence(text):
    refused = ""
    try:
        table = paired(text)
    except ValueError as refusal:
        refused = str(refusal)
    assert refused.endswith(".") if refused else len(table) in (2, 3)


def test_a_model_that_never_changes_has_no_correlation():
    table = paired("1,0\n1,1\n1,0")
    assert "has no meaning here" in table.notes[0]
