"""What chapter 04 shows of measurements: the records, and made-up ones, small enough to check by hand."""

import json
from math import isclose, isfinite
from typing import Any

import pytest

from smallmodels import facts, swa
from smallmodels.table import Table

SHOWN: dict[str, Any] = {
    "relay": swa.relay,
    "phone book": swa.phone_book,
    "past": swa.past_the_trained_length,
    "gradient": swa.gradient_reach,
    "cache": swa.cache_memory,
    "prefill": swa.prefill_time,
    "card": lambda device: swa.gpu_prefill(),
}


def finite(table: Table) -> bool:
    """Every number of every row and series is finite."""
    numbers = [v for c in table.columns for v in table.values(c.name) if isinstance(v, int | float)]
    numbers += [v for s in table.series.values() for r in s for v in r.values() if isinstance(v, int | float)]
    return all(map(isfinite, numbers)) and bool(table.finding) and len(table.to_html()) > 0


RECORDED = [
    (name, device) for name in SHOWN for device in ("cpu", "cuda") if (name, device) != ("past", "cuda")
]


@pytest.mark.parametrize(("name", "device"), RECORDED)
def test_every_figure_is_finite_and_says_where_it_was_measured(name: str, device: str) -> None:
    table = SHOWN[name](device=device)
    assert finite(table)
    assert ("H100" in table.record[0]) == (device == "cuda" or name == "card")
    assert table.sources()


def calls(layers: int | None, n_facts: int, shares: dict[int, list[float]]) -> list[dict[str, Any]]:
    """Rows of the phone book: accuracies at distance 1, 2, ... of each seed."""
    return [
        {"layers": layers, "facts": n_facts, "seed": seed, "distance": d, "accuracy": share}
        for seed, found in shares.items()
        for d, share in enumerate(found, 1)
    ]


def test_the_phone_book_is_counted_as_by_hand() -> None:
    """Two seeds, window 3, two layers: a reach of 4, and a name lies one position behind its value.

    So at distance 1 a name is near, at 2 and 3 far, at 4 out of reach with its value within, at 5 both are.
    """
    rows = calls(2, 4, {0: [0.9, 0.8, 0.6, 0.4, 0.0], 1: [1.0, 1.0, 0.2, 0.0, 0.2]})
    rows += calls(3, 4, {0: [0.3] * 7}) + calls(None, 8, {0: [1.0] * 7})
    table = swa.phone_book(rows, n_facts=4, sliding_window=3)
    names = ("near", "far", "end", "nameless", "beyond")
    found = [float(str(table.values(f"{name}_pct")[0])) for name in names]
    assert found == pytest.approx([95, 65, 40, 20, 10])
    assert [row["reach"] for row in table.series["reaches"]] == [3, 5]
    assert table.values("facts") == [4, 4]
    assert table.finding == (
        "Reach is not capacity: of 4 facts, 2 layers name 95% inside one window and 40% at the end of their "
        "reach; 3 layers did not learn 4, not even inside one window."
    )
    assert finite(table)
    assert swa.phone_book(rows, n_facts=8, sliding_window=3).finding.startswith("No model with a window")
    flat = swa.phone_book(calls(2, 4, {0: [1.0] * 5}), sliding_window=3)
    assert flat.finding.startswith("Of 4 facts, 2 layers name 100%")
    with pytest.raises(ValueError, match="No run carried 5 facts; take one of 4, 8"):
        swa.phone_book(rows, n_facts=5)


def stretch(way: str, length: int, seed: int, loss: float, recall: float) -> dict[str, Any]:
    return {"way": way, "length": length, "seed": seed, "loss": loss, "recall": recall, "exact": 0.75}


def test_models_past_their_trained_length_are_averaged_as_by_hand() -> None:
    rows = [
        stretch("window", 64, 0, 1.0, 1.0),
        stretch("window", 64, 1, 1.5, 0.5),
        stretch("window", 128, 0, 1.25, 1.0),
        *(stretch(way, n, 0, n / 64, 64 / n) for way in ("no window", "window lent") for n in (64, 128)),
    ]
    table = swa.past_the_trained_length(rows)
    assert table.values("length") == [64, 128]
    assert table.values("window") == [1.25, 1.25]
    assert table.values("no window") == [1, 2]
    assert table.finding == (
        "From 64 to 128 characters, the loss goes from 1.25 to 1.25 with a window, from 1.00 to 2.00 without."
    )
    assert len(table.columns) == 1 + 3 + 3  # what the record has stands beside
    recalled = swa.past_the_trained_length(rows, show="facts recalled")
    assert recalled.values("window") == [75, 100]
    assert recalled.values("no window") == [100, 50]
    assert "from 100% to 50% without" in recalled.finding
    with pytest.raises(ValueError, match="nothing called 'pace' to show; choose loss or facts recalled"):
        swa.past_the_trained_length(rows, show="pace")


def test_what_the_record_says_past_the_trained_length_read_without_the_book() -> None:
    path = facts.data_folder() / "runs" / "past-the-trained-length.json"
    rows = json.loads(path.read_text("utf-8"))["rows"]
    for show, field, factor in (("loss", "loss", 1), ("facts recalled", "recall", 100)):
        table = swa.past_the_trained_length(show=show)
        for way in ("window", "no window", "window lent"):
            for length, shown in zip(table.values("length"), table.values(way), strict=True):
                each = [row[field] for row in rows if (row["way"], row["length"]) == (way, length)]
                assert len(each) == 3
                assert isclose(float(str(shown)), factor * sum(each) / 3, abs_tol=1e-4)


def test_without_a_window_every_seed_breaks_and_with_one_none_does() -> None:
    """What chapter 04 says of single runs, not of their mean."""
    by: dict[tuple[str, int], list[float]] = {}
    for row in facts.run("past-the-trained-length").rows:
        by.setdefault((row["way"], row["length"]), []).append(row["loss"])
    for length in (128, 256, 512, 1024):
        assert min(by["no window", length]) > max(by["no window", 64]) + 0.5
        assert all(
            isclose(a, b, abs_tol=1e-4) for a, b in zip(by["window", length], by["window", 64], strict=True)
        )
        assert max(by["window lent", length]) < max(by["window lent", 64]) + 0.02


def test_what_flops_predict_goes_through_the_longest_full_run() -> None:
    rows = [
        {"way": way, "length": n, "flops": flops, "seconds": seconds}
        for way, n, flops, seconds in (
            ("windowed", 8, 10, 0.5),
            ("full", 8, 10, 0.4),
            ("windowed", 16, 20, 1.5),
            ("full", 16, 40, 2.0),
        )
    ]
    table = swa.prefill_time(rows)
    assert [row["ms"] for row in table.series["predicted"]] == [500, 500, 1000, 2000]
    assert table.values("gain") == [0.4 / 0.5, 2.0 / 1.5]
    assert table.values("flops_gain") == [1, 2]
    assert table.finding.endswith("what is saved lies behind the window.")
    slower = [{**row, "seconds": 3 - row["seconds"]} for row in rows]
    assert swa.prefill_time(slower).finding.endswith("nothing is saved here.")


def test_a_window_pays_on_a_card_once_most_lies_behind_it() -> None:
    table = swa.gpu_prefill()
    gains, predicted = ([float(str(v)) for v in table.values(name)] for name in ("gain", "flops_gain"))
    length, window = 65_536, 4096
    hidden = (length - window) * (length - window + 1)
    assert isclose(predicted[-1], length * (length + 1) / (length * (length + 1) - hidden))
    assert gains[-1] > 3
    assert all(gain < 1.1 * most for gain, most in zip(gains, predicted, strict=True))


def test_what_makes_no_difference_on_the_card_is_said_so() -> None:
    assert swa.gpu_prefill().finding.endswith("at 4,096 neither sees a difference.")
    later = [row for row in facts.run("window-paths-cuda").rows if row["length"] > 4096]
    assert swa.gpu_prefill(later).finding.endswith("at 8,192 it is 0.7 times, where they say 1.3.")


@pytest.mark.parametrize(
    ("show", "name", "column", "kept"),
    [
        (swa.relay, "relay", "within_pct", "kept_pct"),
        (swa.gradient_reach, "gradient-reach", "size_1", "kept_1"),
        (swa.prefill_time, "prefill-time", "gain", "kept_gain"),
    ],
)
def test_a_run_just_made_stands_beside_the_record(show: Any, name: str, column: str, kept: str) -> None:
    """The record played back as a run of today agrees with itself; the record alone has no second column."""
    table = show(facts.run(name).rows)
    assert table.record == ("Run just now, on this machine.",)
    assert table.values(kept) == table.values(column) == show().values(column)
    with pytest.raises(KeyError):
        show().values(kept)


def test_what_the_record_lacks_is_left_empty() -> None:
    rows = [
        {"way": way, "length": 3, "flops": flops, "seconds": 1.0}
        for way, flops in (("windowed", 1), ("full", 2))
    ]
    assert swa.prefill_time(rows).values("kept_gain") == [None]


def test_an_exchanged_token_is_heard_up_to_the_reach() -> None:
    """Two layers of window 3 reach 4 back: what lies further does not change."""
    table = swa.echoes([1.0, 0.5, 0.4, 0.3, 0.2, 0.0, 0.0], n_layers=2, sliding_window=3)
    assert table.values("distance") == [1, 2, 3, 6]
    assert table.values("hops") == [1, 1, 2, 3]
    assert table.values("change") == [0.5, 0.4, 0.3, 0.0]
    assert table.finding.startswith("Beyond 4 positions nothing changes, not by a bit")
    assert "beyond the reach" in swa.echoes([1.0] * 7, 2, 3).finding
    assert "as far as was looked" in swa.echoes([1.0] * 5, 2, 3).finding
    with pytest.raises(ValueError, match="3 states do not leave a window of 3"):
        swa.echoes([1.0] * 3, 2, 3)


@pytest.mark.parametrize("n_layers", [0, 7, 10**30])
def test_a_gradient_that_nobody_looked_for_is_refused(n_layers: int) -> None:
    with pytest.raises(ValueError, match=r"the run looked up to 47 back|must be 1 or more|18 digits"):
        swa.gradient_reach(n_layers=n_layers)
