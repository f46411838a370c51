"""Parameter counts against the published ones, to the unit."""

import pytest

from smallmodels import facts, memory

PUBLISHED = [model for model in facts.models() if model.params_published is not None]


@pytest.mark.parametrize("model", PUBLISHED, ids=lambda model: model.name)
def test_counts_equal_the_published_ones(model: facts.Model) -> None:
    assert memory.model_parameters(model) == model.params_published


def test_enough_models_were_compared() -> None:
    assert len(PUBLISHED) >= 19


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="none, head or full"):
        memory.layer_parameters(d_model=8, n_heads=1, n_kv_heads=1, head_dim=8, ffn_dim=8, qk_norm="both")
