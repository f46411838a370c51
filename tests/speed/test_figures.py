"""What chapter 05 says of speed, by hand: bytes over bandwidth, the record's seconds, the post's rows."""

import json

import pytest

from smallmodels import facts, figures
from smallmodels.facts import data_folder

TOLD = {name.removeprefix("speed."): figure.text for name, figure in figures.of_room("speed").items()}


def test_the_chapter_has_its_own_measurement():
    """Tokens a second of one sequence on an H100, from the record as it lies on disk."""
    run = json.loads((data_folder() / "runs" / "published-decode-cuda.json").read_text("utf-8"))
    assert "H100" in run["device"]
    speeds = {
        (row["model"], row["context"]): f"{1 / row['seconds']:.0f}"
        for row in run["rows"]
        if row["way"] == "step, graph"
    }
    assert (TOLD["h100-mistral"], TOLD["h100-llama"]) == ("153", "158")
    assert (TOLD["h100-mistral-long"], TOLD["h100-llama-long"]) == ("146", "140")
    for context, end in ((0, ""), (4096, "-long")):
        assert speeds["Mistral 7B", context] == TOLD[f"h100-mistral{end}"]
        assert speeds["Llama 2 7B", context] == TOLD[f"h100-llama{end}"]


def test_operations_in_the_time_of_a_fetch_are_not_rounded_to_tens():
    """312 TFLOP/s over 2,039 GB/s, two bytes of a weight: 306, not about 310."""
    assert TOLD["idle"] == f"{2 * 312e12 / 2039e9:.0f}" == "306"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("slower", f"{100 * (1 - 6_607_343_616 / 7_110_660_096):.1f}%"),
        ("even", f"{2 * (7_110_660_096 - 6_607_343_616) / (524_288 - 131_072):,.0f}"),
        ("heavier", f"{100 * (7_110_660_096 / 6_607_343_616 - 1):.1f}%"),
        ("saved", f"{2 * 4096 * (4096 - 1024) / 1e6:.1f}"),
        ("spent", f"{3 * 4096 * (14336 - 11008) / 1e6:.1f}"),
        ("over", f"{150 / (2039e9 / (2 * 7_110_660_096)):.0%}"),
        ("needed", f"{150 * 2 * 7_110_660_096 / 1e9:,.0f}"),
        ("t5-gain", f"{1.51 / 0.28:.1f}"),
        ("tuned-when", "November 2023"),
        ("tuned-later", "two months"),
        ("held-watts", "330"),
        ("post-gain", "+25%"),
        ("post-sharing", "1.4x"),
        ("group", "four"),
        ("token-share", "a quarter"),
    ],
)
def test_figures_by_hand(name, text):
    assert TOLD[name] == text


def test_the_slowest_card_is_the_first_that_reads_fast_enough():
    by_bandwidth = sorted(facts.gpus(), key=lambda card: card.bandwidth_gb_s)
    enough = [
        card.name for card in by_bandwidth if card.bandwidth_gb_s >= float(TOLD["needed"].replace(",", ""))
    ]
    assert TOLD["slowest"] == enough[0]
