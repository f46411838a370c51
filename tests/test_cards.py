"""What was measured on a card, against figures worked out by hand from published sizes and bandwidths."""

from math import isclose, isfinite

import pytest

from smallmodels import facts, gqa
from smallmodels.table import Table

TABLES = (gqa.gpu_decode, gqa.gpu_sharing)


def column(table: Table, name: str) -> list[float]:
    return [float(str(value)) for value in table.values(name)]


@pytest.mark.parametrize("show", TABLES)
def test_every_figure_is_finite_and_says_where_it_was_measured(show: object) -> None:
    table = show()  # type: ignore[operator]
    drawn = [v for rows in table.series.values() for row in rows for v in row.values()]
    shown = [v for c in table.columns for v in table.values(c.name)]
    assert all(isfinite(v) for v in drawn + shown if isinstance(v, int | float))
    assert "H100" in table.notes[0]
    assert table.sources()


def test_bytes_of_a_step_from_the_published_sizes() -> None:
    table = gqa.gpu_decode()
    found = dict(
        zip(
            zip(table.values("model"), table.values("context"), strict=True),
            column(table, "read_gb"),
            strict=True,
        )
    )
    # Parameters less the embedding, two bytes each, and 2 x layers x KV heads x 128 x 2 bytes a token, the
    # new one among them; Mistral's window holds 4,096 of them.
    wanted = {
        ("Mistral 7B", 0): 2 * (7_241_732_096 - 32_000 * 4096) + 131_072,
        ("Mistral 7B", 32_768): 2 * (7_241_732_096 - 32_000 * 4096) + 4096 * 131_072,
        ("Llama 2 7B", 4096): 2 * (6_738_415_616 - 32_000 * 4096) + 4097 * 524_288,
        ("Llama 2 13B", 32_768): 2 * (13_015_864_320 - 32_000 * 5120) + 32_769 * 819_200,
    }
    for case, size in wanted.items():
        assert isclose(found[case], size / 1e9)


def test_no_step_is_faster_than_the_bandwidth_allows_and_a_copy_is_below_it_too() -> None:
    table = gqa.gpu_decode()
    for read, least, taken, share, of_copy in zip(
        *(column(table, name) for name in ("read_gb", "least_ms", "ms", "share_pct", "copy_pct")), strict=True
    ):
        assert isclose(least, read / 3.35)  # an H100 with HBM3: 3,350 GB/s
        assert isclose(share, 100 * least / taken)
        assert share < of_copy < 100


def test_a_step_is_shown_replayed_where_it_was_and_as_python_started_it_elsewhere() -> None:
    steps = [("copy", 2.0), ("step", 0.004), ("step, graph", 0.002)]
    rows = [
        {"model": "Mistral 7B", "context": 0, "way": way, "bytes": 10**9, "seconds": s} for way, s in steps
    ]
    assert gqa.gpu_decode(rows).values("ms") == pytest.approx([2])
    assert gqa.gpu_decode(rows[:2]).values("ms") == pytest.approx([4])


def test_another_card_is_another_share() -> None:
    slower = gqa.gpu_decode(card="A100 80GB SXM")
    ratio = 3350 / facts.gpu("A100 80GB SXM").bandwidth_gb_s
    for ours, theirs in zip(column(gqa.gpu_decode(), "share_pct"), column(slower, "share_pct"), strict=True):
        assert isclose(theirs, ours * ratio)
    with pytest.raises(ValueError, match="'Abacus'"):
        gqa.gpu_decode(card="Abacus")


def test_sharing_pays_on_a_card_but_less_than_the_bytes_say() -> None:
    table = gqa.gpu_sharing()
    assert table.values("n_kv_heads") == [32, 8, 4, 1]
    assert column(table, "bytes_gain") == [1, 4, 8, 32]
    gains = column(table, "gain")
    assert gains == sorted(gains)
    assert all(gain <= bound for gain, bound in zip(gains, (1, 4, 8, 32), strict=True))
