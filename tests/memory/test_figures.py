"""What chapter 05's sentences say of memory, by hand."""

import pytest

from smallmodels import figures

TOLD = {name.removeprefix("memory."): figure.text for name, figure in figures.of_room("memory").items()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("llama-gb", f"{2 * 6_738_415_616 / 1e9:.2f}"),
        ("mistral-gb", f"{2 * 7_241_732_096 / 1e9:.2f}"),
        ("mistral-gib", f"{2 * 7_241_732_096 / 1024**3:.2f}"),
        ("cached-difference", f"{round((14.2e9 - 2 * 6_738_415_616) / 524_288, -2):,.0f}"),
        ("held-gb", f"{80 * 1024**3 / 1e9:.1f}"),
        ("llama-int4", f"{6_738_415_616 * 18 / 32 / 1e9:.2f}"),
        ("mistral-int4", f"{7_241_732_096 * 18 / 32 / 1e9:.2f}"),
        ("post-llama-int4", "~4.2 GB"),
        ("post-large-gb", "26"),
    ],
)
def test_figures_by_hand(name, text):
    assert TOLD[name] == text
