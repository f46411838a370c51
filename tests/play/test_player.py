"""The page's player and the kernel's give the same answers; so do the language's two forms."""

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
from engine import answers

from smallmodels import facts, play
from smallmodels.facts import data_folder
from smallmodels.lab import corpus
from smallmodels.lab import play as lab
from smallmodels.live.playing import Play

RUNS = data_folder() / "runs"
LANGUAGE = RUNS / "play" / "language.json"
BEGUN = ["", " ", "f", "fa", "cu nepumu ", "cu nepumu r", "no such words ", "cu xyz", "hello"]


def test_chances_are_the_same_in_both() -> None:
    for seed in (0, 1, 123_456, 2**32 - 1):
        (there,) = answers([{"kind": "chances", "seed": seed, "count": 1000}])
        assert there == list(islice(lab.chances(seed), 1000))
        assert 0.45 < sum(there) / 1000 < 0.55


def test_the_language_is_the_same_in_both() -> None:
    language = corpus.invent()
    text = corpus.decode(language.text(400, 5))
    texts = [*BEGUN, *(text[:n] for n in range(1, 60)), text]
    ((there, surprises),) = answers([{"kind": "language", "path": str(LANGUAGE), "texts": texts}])
    for begun, found in zip(texts, there, strict=True):
        here = lab.following(begun)
        assert (found is None) == (here is None), begun
        if here is not None:
            assert np.abs(np.array(found) - here).max() < 1e-12, begun
            assert math.fsum(found) == pytest.approx(1)
    exact = -language.log_probabilities(language.text(400, 5))
    assert np.abs(np.array(surprises) - exact[1:]).max() < 1e-9


def test_the_language_file_is_pythons() -> None:
    assert LANGUAGE.read_text("utf-8") == lab.language_file()


SETTINGS = [(2, 16, 32), (8, 4, 4), (1, 3, None)]


def asked(heads: int, bits: int, window: int | None) -> list[tuple[str, dict[str, Any]]]:
    setting = {"n_kv_heads": heads, "bits": bits, "window": window}
    return [
        ("begin", {"id": "a", **setting, "text": lab.lead_text(100), "seed": 3}),
        ("write", {"id": "a", "count": 120, "temperature": 1}),
        ("begin", {"id": "a", **setting, "text": "hello ", "seed": None}),
        ("write", {"id": "a", "count": 20, "temperature": 0}),
        ("measure", {**setting, "at": 0}),
    ]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_page_and_kernel_give_the_same_answers(setting: tuple[int, int, int | None]) -> None:
    questions = asked(*setting)
    player = lab.Player()
    here = [player.answer(name, given) for name, given in questions]
    (there,) = answers([{"kind": "player", "path": str(LANGUAGE), "runs": str(RUNS), "questions": questions}])
    for ours, theirs in zip(here, there, strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours.keys() & {"model", "language", "surprises", "exact"}:
            if ours[name] is not None:
                assert np.abs(np.array(ours[name]) - np.array(theirs[name])).max() < 1e-4, name
        if "written" in ours:
            assert [c for c, *_ in ours["written"]] == [c for c, *_ in theirs["written"]]
        if "attention" in ours:
            for layer, other in zip(ours["attention"], theirs["attention"], strict=True):
                rows = [list(row.values()) if isinstance(row, dict) else row for row in other]
                assert np.abs(np.array(layer) - np.array(rows)).max() < 1e-4
    assert abs(np.mean(here[-1]["surprises"]) - np.mean(there[-1]["surprises"])) < 1e-4


def test_the_recorded_losses_are_what_the_models_give() -> None:
    for heads, bits, window in [(2, 16, 32), (2, 16, 4), (1, 3, 40), (8, 2, None)]:
        texts = lab.held_out(facts.run("play").settings["texts"])
        model = lab.windowed(heads, bits, window)
        stacked = lab.torch.tensor(np.stack(texts)).long()
        found = float(lab.surprises(model, stacked).mean())
        setting = play.Setting(heads, bits, window, 250)
        assert play.loss(setting).nats == pytest.approx(found, abs=1e-4)


def test_the_recorded_sample_is_what_the_model_writes() -> None:
    rows = facts.run("play-sample").rows
    player = lab.Player()
    player.begin("again", *play.TRAINED, lab.lead_text(250), 1)
    again = player.write("again", len(rows), 1.0)["written"]
    assert "".join(row["character"] for row in rows) == "".join(c for c, _, _ in again)


def test_a_kernel_answers_a_page_or_says_why_not() -> None:
    live = Play(play.writer)
    setting = {"n_kv_heads": 2, "bits": 16, "window": 8}
    begun = live._played(
        {"id": 1, "question": "begin", "given": {"id": "a", **setting, "text": "a", "seed": 1}}
    )
    assert begun["id"] == 1
    assert math.fsum(begun["answer"]["model"]) == pytest.approx(1)
    assert live._played({"id": 2, "question": "open"})["answer"]["lead"] == lab.lead_text(lab.LEAD)
    refused = live._played({"id": 3, "question": "sing"})
    assert refused == {"id": 3, "failed": "'sing' is no question; there is begin, write, measure."}
    unknown = live._played({"id": 4, "question": "measure", "given": {**setting, "n_kv_heads": 3, "at": 0}})
    assert unknown["failed"].startswith("No small model was trained with 3 KV heads")
    with pytest.raises(ValueError, match="A Play is write or race, not 'sing'"):
        Play(play.writer, kind="sing")
