"""The committed checkpoints: what lies there is what its record says, and the three are alike."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from smallmodels import facts
from smallmodels.lab import corpus, record, tiny_models, train
from smallmodels.lab.config import Config
from smallmodels.lab.model import load

RUNS = facts.data_folder() / "runs"
KV_HEADS = (8, 2, 1)
THREE = [f"tiny-{heads}" for heads in KV_HEADS]


def test_the_tiny_checkpoint_speaks_its_language() -> None:
    known = {row["figure"]: row["value"] for row in facts.run("tiny").rows}
    folder = RUNS / "tiny"
    assert (folder / "model.safetensors").stat().st_size < 4_000_000
    model, language = load(folder), corpus.invent()
    loss = train.text_loss(model, language.text(20_000, seed=7), 128)
    assert abs(loss - known["loss on unseen text"]) < 0.05
    assert known["parameters"] == model.config.n_parameters()
    start = torch.from_numpy(language.text(40, seed=9)).long()[None]
    spoken = corpus.decode(model.generate(start, 400, temperature=0.7, quiet=True)[0].numpy())
    words = spoken.split(" ")[1:-1]
    assert sum(word in language.words for word in words) > 0.8 * len(words)


@pytest.mark.parametrize("heads", KV_HEADS)
def test_one_of_the_three_is_what_its_record_says(heads: int) -> None:
    run, folder = facts.run(f"tiny-{heads}"), RUNS / f"tiny-{heads}"
    assert (folder / "model.safetensors").stat().st_size < 1_500_000
    assert run.settings["n_kv_heads"] == heads
    model, language = load(folder), corpus.invent()
    assert model.config == tiny_models.sharing_shape(heads)
    unseen = language.text(129 * run.settings["pieces"], seed=2)
    loss = train.text_loss(model, unseen, 128, tiny_models.SKIPPED)
    assert abs(loss - losses(heads)[tiny_models.WINDOW]) < 1e-3


def test_the_three_are_alike_but_for_their_heads() -> None:
    shapes = [tiny_models.sharing_shape(heads) for heads in KV_HEADS]
    sizes = [shape.n_parameters() for shape in shapes]
    assert max(sizes) / min(sizes) < 1.01
    assert len({shape.but(n_kv_heads=1, ffn_dim=1) for shape in shapes}) == 1
    settings = [{**facts.run(name).settings, "n_kv_heads": None} for name in THREE]
    assert settings[0] == settings[1] == settings[2]
    with_own = [record.EXPERIMENTS[name].settings for name in THREE]
    assert [facts.run(name).settings["characters"] for name in THREE] == [s["characters"] for s in with_own]


@pytest.mark.parametrize("name", THREE)
def test_their_weights_are_stored_in_fp16_under_the_usual_names(name: str) -> None:
    with safe_open(RUNS / name / "model.safetensors", "pt") as file:
        assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F16"}  # noqa: SIM118
        assert "model.layers.3.self_attn.k_proj.weight" in file.keys()  # noqa: SIM118


def test_what_their_windows_cost_is_on_record() -> None:
    for heads in KV_HEADS:
        loss = losses(heads)
        trained = loss[tiny_models.WINDOW]
        assert loss[16] - trained < 0.02  # the language is local
        assert loss[4] - trained > 0.05  # and not as local as that
        assert loss[None] - trained > 0.2  # wider than trained it breaks


def test_a_small_one_is_trained_and_written(tmp_path: Path) -> None:
    rows = tiny_models.tiny_sharing(2, 4096, 64, 8, windows=(8, None), folder=tmp_path / "one")
    assert [row["window"] for row in rows] == [None, None, None, 8, None]
    assert load(tmp_path / "one").config.n_kv_heads == 2
    assert "../one.json" in (tmp_path / "one" / "README.md").read_text()


def test_another_window_leaves_the_weights_alone() -> None:
    model = train.initialise(tiny_models.Decoder(Config.tiny(16, sliding_window=4)), 0)
    tokens = torch.arange(12)[None]
    narrow, wide = tiny_models.windowed(model, 4), tiny_models.windowed(model, None)
    assert torch.equal(narrow(tokens), model(tokens))
    apart = (wide(tokens) - model(tokens)).detach().abs().amax(dim=-1)[0]
    assert apart[:4].max() < 1e-5 < apart[5:].min()


def losses(heads: int) -> dict[int | None, float]:
    rows = facts.run(f"tiny-{heads}").rows
    return {row["window"]: row["value"] for row in rows if row["figure"] == "loss on unseen text"}
