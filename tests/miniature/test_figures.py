"""The figures of the sentences on our own sweep against pandas, and the widgets' states that show them."""

import json
import re
from urllib.parse import parse_qsl

import pandas as pd
import pytest

from smallmodels import miniature
from smallmodels.figures import of_room
from smallmodels.live.answer import answer
from smallmodels.words import SMALL

FIGURES = {name.partition(".")[2]: figure for name, figure in of_room("miniature").items()}
TEXT = {name: figure.text for name, figure in FIGURES.items()}
CHOICES = {  # what the page's controls offer, by argument
    "larger": {f"{width}" for _, width in miniature.pair_choices()},
    "text": {text for _, text in miniature.text_choices()},
    "record": {name for _, name in miniature.record_choices()},
    "read": {f"{budget}" for _, budget in miniature.budget_choices()},
    "show": {*miniature.SHOWN},
    "how": {"Huber"},
    "amount": {amount for _, amount in miniature.noise_amounts()},
    "whose": {*miniature.WHOSE},
}


@pytest.mark.parametrize("state", sorted({figure.shows for figure in FIGURES.values()} - {""}))
def test_a_widget_can_show_the_state(state: str) -> None:
    name, _, arguments = state.partition("?")
    pairs = parse_qsl(arguments)
    assert [(key, text) for key, text in pairs if text not in CHOICES[key]] == []
    given = {key: text if text.isdigit() else json.dumps(text) for key, text in pairs}
    assert "error" not in answer(f"miniature.{name.replace('-', '_')}", given)


def test_races_on_four_times_the_text_are_counted_alike_in_prose_and_in_the_table() -> None:
    predicted, left_open, run = (SMALL.index(TEXT[name]) for name in ("n-predicted", "n-open", "n-four"))
    assert predicted + left_open == run
    outcomes = {one.prediction: one.outcome for one in miniature.judged()}
    told = next(outcome for prediction, outcome in outcomes.items() if prediction.startswith("four times"))
    assert told.startswith(f"{predicted} of {predicted},")


def test_what_the_last_doubling_saved_is_that_of_the_rows(record: pd.DataFrame) -> None:
    means = record.groupby(["width", "characters"]).loss.mean().unstack()
    saved = means[4_194_304] - means[8_388_608]
    assert (TEXT["saved-smallest"], TEXT["saved-largest"]) == (f"{saved[24]:.3f}", f"{saved[96]:.3f}")


def test_seeds_scatter_as_pandas_has_it(record: pd.DataFrame) -> None:
    spread = record.groupby(["width", "characters"]).loss.std()
    assert (TEXT["least-spread"], TEXT["most-spread"]) == (f"{spread.min():.3f}", f"{spread.max():.3f}")
    fitted = record[record.characters <= 4_194_304]
    cells = fitted.groupby(["width", "characters"]).loss
    squares = ((fitted.loss / cells.transform("mean") - 1) ** 2).sum()
    assert TEXT["luck"] == f"{100 * (squares / (len(fitted) - cells.ngroups)) ** 0.5:.1f}%"


def test_no_figure_has_an_exponent() -> None:
    assert [text for text in TEXT.values() if re.search(r"\de[+-]?\d", text)] == []
