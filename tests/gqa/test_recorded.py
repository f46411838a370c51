"""Chapter 03's records as tables: made-up runs by hand, and what a card did against published sizes."""

from math import isclose, isfinite
from typing import Any

import pytest
from scipy.stats import t as student

from smallmodels import facts, gqa
from smallmodels.table import Table

ON_A_CARD = (gqa.gpu_decode, gqa.gpu_sharing)


# Made-up records, small enough to check by hand.


def test_a_step_that_only_reads_lies_on_its_line() -> None:
    """3 ms and 10 GB/s, by construction."""
    cases = [(8, 0, 1e9), (1, 0, 0.8e9), (8, 100, 4e9), (1, 100, 1e9)]
    rows = [
        {"n_kv_heads": h, "context": n, "bytes": b, "seconds": 0.003 + b / 1e10, "least": 0.0, "most": 1.0}
        for h, n, b in cases
    ]
    table = gqa.decode_time(rows)
    assert table.values("ms") == pytest.approx(table.values("fitted_ms"))
    assert table.values("fewer") == pytest.approx([1, 1.25, 1, 4])
    assert table.values("faster") == pytest.approx([1, 103 / 83, 1, 403 / 103])
    assert "3.9 times as fast as with 8, where the bytes say 4.0." in table.finding
    assert "t = 3 ms + bytes / 10 GB/s" in table.notes[0]
    assert [tag["text"] for tag in table.series["tags"]] == ["8", "1"]


def test_times_that_follow_something_else_get_no_line() -> None:
    cases = [(8, 0, 1e9, 5.0), (1, 0, 0.8e9, 5.1), (8, 100, 4e9, 4.9), (1, 100, 1e9, 5.0)]
    rows = [
        {"n_kv_heads": h, "context": n, "bytes": b, "seconds": ms / 1e3, "least": 0.0, "most": 1.0}
        for h, n, b, ms in cases
    ]
    found = gqa.decode_time(rows).notes[0]
    assert found.endswith("does not follow the bytes here: a step takes 4.9 to 5.1 ms, whatever it reads.")


def test_runs_are_compared_seed_by_seed() -> None:
    losses = {8: [1.0, 2.0, 3.0], 1: [1.5, 2.5, 2.9]}
    rows = [
        {"n_kv_heads": heads, "seed": seed, "loss": loss}
        for heads, found in losses.items()
        for seed, loss in enumerate(found)
    ]
    table = gqa.sharing_quality(rows)
    assert table.values("loss") == pytest.approx([2, 2.3])
    assert table.values("deviation") == pytest.approx([1, 0.7211], abs=1e-4)
    assert table.values("gap") == [None, pytest.approx(0.3)]
    assert table.values("worse") == [None, 2]
    margin = student.ppf(0.975, df=2) * 0.34641 / 3**0.5  # the deviation of .5, .5 and -.1
    assert table.values("margin") == [None, pytest.approx(margin, rel=1e-4)]
    assert "+0.300 ± 0.861 with 1 (2 of 3 worse)" in table.finding
    assert "Seeds alone make up to 2.000." in table.notes[0]


def test_the_best_way_to_merge_may_change_as_training_goes_on() -> None:
    losses = {("kept", 0.0): 1.0, ("mean", 0.0): 2.0, ("first", 0.0): 3.0}
    losses |= {("kept", 0.2): 0.75, ("mean", 0.2): 1.5, ("first", 0.2): 1.25}
    rows = [
        {"way": way, "seed": seed, "extra": extra, "loss": loss + 0.01 * seed}
        for (way, extra), loss in losses.items()
        for seed in (-1, 1)
    ]
    table = gqa.conversion(rows)
    assert table.values("loss_1") == pytest.approx([0.75, 1.5, 1.25])
    assert "Best is 'mean' at once, 'first' after 20% more; it is then 0.500 nats behind" in table.finding
    assert len(table.series["runs"]) == 12


@pytest.mark.parametrize(
    ("shown", "name", "keys"),
    [
        (gqa.sharing_quality, "sharing-quality", ("n_kv_heads", "seed")),
        (gqa.conversion, "conversion", ("way", "seed", "extra")),
    ],
)
def test_another_devices_record_says_how_far_it_is_from_the_first(
    shown: Any, name: str, keys: tuple[str, ...]
) -> None:
    first, other = (
        {tuple(row[key] for key in keys): row["loss"] for row in facts.run(id).rows}
        for id in (name, f"{name}-cuda")
    )
    assert first.keys() == other.keys()
    apart = max(abs(first[key] - other[key]) for key in first)
    assert any(f"by more than {apart:.3f} nats" in note for note in shown(device="cuda").notes)
    assert len(shown().notes) == len(shown(device="cuda").notes) - 1


@pytest.mark.parametrize(
    ("shown", "name", "keys"),
    [
        (gqa.sharing_quality, "sharing-quality", ("n_kv_heads", "seed", "loss")),
        (gqa.conversion, "conversion", ("way", "seed", "extra", "loss")),
        (gqa.decode_time, "decode-time", ()),
    ],
)
def test_a_run_just_made_stands_beside_the_record(shown: Any, name: str, keys: tuple[str, ...]) -> None:
    rows = [{key: row[key] for key in keys or row} for row in facts.run(name).rows]
    table = shown(rows)
    assert table.record == ("Run just now, on this machine.",)
    assert table.notes[-1] == f"Recorded before, on {facts.run(name).device}: {shown().finding}"
    assert not any("Recorded before" in note for note in shown().notes)


def column(table: Table, name: str) -> list[float]:
    return [float(str(value)) for value in table.values(name)]


@pytest.mark.parametrize("show", ON_A_CARD)
def test_every_figure_is_finite_and_says_where_it_was_measured(show: object) -> None:
    table = show()  # type: ignore[operator]
    drawn = [v for rows in table.series.values() for row in rows for v in row.values()]
    shown = [v for c in table.columns for v in table.values(c.name)]
    assert all(isfinite(v) for v in drawn + shown if isinstance(v, int | float))
    assert "H100" in table.record[0]
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


def test_a_run_just_made_on_a_card_stands_beside_the_cards_record() -> None:
    rows = [row for row in facts.run("sharing-quality-cuda").rows if row["n_kv_heads"] in (8, 1)]
    machine = facts.run("sharing-quality-cuda").device
    assert f"on {machine}" in gqa.sharing_quality(rows, "cuda").notes[-1]
