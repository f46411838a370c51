"""What a setting costs, against the files and the lab's own counts."""

import pytest

from smallmodels import facts, play
from smallmodels.facts import data_folder
from smallmodels.lab.checkpoint import read_config
from smallmodels.lab.play import decoder
from smallmodels.play import BITS, KV_HEADS, Setting, exact, loss


@pytest.mark.parametrize("heads", KV_HEADS)
def test_bytes_are_those_of_the_checkpoint_and_of_the_labs_formulas(heads: int) -> None:
    folder = data_folder() / "runs" / f"tiny-{heads}"
    config = read_config(folder)
    setting = Setting(heads, 16, 32, 250)
    assert setting.weight_bytes == 2 * config.n_parameters()
    assert 0 < (folder / "model.safetensors").stat().st_size - setting.weight_bytes < 6000  # names
    assert setting.kept_bytes() == config.kv_cache_bytes(250, value_bytes=2)
    assert setting.step_bytes == config.step_bytes(250, value_bytes=2)
    assert setting.step_bytes_here == config.step_bytes(250, value_bytes=4)
    assert (folder / "model.safetensors").stat().st_size < 1.5e6


def test_the_three_are_of_one_size() -> None:
    sizes = {Setting(heads, 16, 32, 250).weight_bytes for heads in KV_HEADS}
    assert max(sizes) / min(sizes) < 1.005


def test_a_cache_is_what_the_lab_holds() -> None:
    for window, context in [(32, 250), (32, 20), (None, 100)]:
        model = decoder(2)
        state = type(model)(model.config.but(sliding_window=window)).cache(1, context)
        assert Setting(2, 16, window, context).kept_bytes(4) == state.nbytes


def test_every_state_of_the_sliders_gives_a_table() -> None:
    for heads in KV_HEADS:
        for bits in BITS:
            for window in (1, 4, 32, 64):
                table = play.writer(window, False, heads, bits, 2000)
                assert len(table) == 2
                assert len(table.finding) < 110
    assert play.writer(full=True)["cache_kb"][1] == 96


def test_what_is_not_there_is_refused() -> None:
    for given, said in [
        ({"window": 0}, "`window` is 0; choose 1 to 64"),
        ({"n_kv_heads": 4}, "No small model was trained with 4 KV heads; take one of 8, 2, 1."),
        ({"bits": 12}, "Weights have 16, 8, 7, 6, 5, 4, 3, 2 bits here, not 12."),
        ({"context": 0}, "`context` is 0; choose 1 to 10,000"),
    ]:
        with pytest.raises(ValueError, match=said):
            play.writer(**given)
    with pytest.raises(ValueError, match="The controls are window, bits, KV heads, not 'heat'"):
        play.sliders("heat")


def test_no_setting_beats_the_language() -> None:
    windows = [*range(1, 65), None]
    all_ = [loss(Setting(h, b, w, 250)).nats for h in KV_HEADS for b in BITS for w in windows]
    assert min(all_) > exact() + 0.1
    assert facts.run("play").settings["windows"] == windows


def test_the_race_is_even_between_equals_and_counts_attention() -> None:
    even = play.race(right_full=False)
    assert even["bytes_times"] == even["flops_times"] == [1, 1]
    left, right = play.race(context=1000)["step_mflop"]
    # 4 layers, 8 heads of 12: a multiplication and an addition for each product with a key, and with a value.
    assert right - left == pytest.approx(4 * (1000 - 32) * 8 * 12 * 4 / 1e6)


def test_a_finding_names_a_price_only_where_there_is_one() -> None:
    for control in play.SLIDERS:
        table = play.sliders(control)
        dear = [row for row in table if row["change"] > 0 and row["errors"] >= 2]
        assert (" nats." in table.finding) == bool(dear)
        assert "costs -" not in table.finding
