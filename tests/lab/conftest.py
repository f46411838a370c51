"""One thread, and small random peers that transformers made, written to disk as it writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, PreTrainedModel

torch.set_num_threads(1)  # the machine is shared, and the shapes are small

# Every way the true models differ: window shorter and longer than the text, GQA, MQA, MHA, a head size that
# is not d_model / n_heads, another theta, another epsilon, tied embeddings.
PEERS: dict[str, dict[str, object]] = {
    "mistral": {"sliding_window": 16, "num_key_value_heads": 2},
    "mistral, window of 2": {"sliding_window": 2, "num_key_value_heads": 4},
    "mistral, long window": {"sliding_window": 4096, "num_key_value_heads": 2, "num_hidden_layers": 1},
    "mistral, one KV head": {"sliding_window": 7, "num_key_value_heads": 1, "head_dim": 24},
    "mistral, no window": {
        "sliding_window": None,
        "num_key_value_heads": 4,
        "rope_theta": 1e6,
        "rms_norm_eps": 1e-6,
    },
    "llama, MHA": {"num_key_value_heads": 8},
    "llama, GQA, tied": {"num_key_value_heads": 2, "tie_word_embeddings": True, "rope_theta": 500_000.0},
}


def make_peer(name: str) -> PreTrainedModel:
    """A random model of transformers, its weights large enough that any slip shows in the logits."""
    shape = {
        "vocab_size": 97,
        "hidden_size": 64,
        "intermediate_size": 112,
        "num_hidden_layers": 3,
        "num_attention_heads": 8,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "initializer_range": 0.25,
        "eos_token_id": None,
        "bos_token_id": None,
        **PEERS[name],
    }
    theta = shape.pop("rope_theta", 10_000.0)
    shape["rope_parameters"] = {"rope_type": "default", "rope_theta": theta}
    torch.manual_seed(0)
    if name.startswith("mistral"):
        return MistralForCausalLM(MistralConfig(**shape)).eval()
    return LlamaForCausalLM(LlamaConfig(**shape)).eval()


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[PreTrainedModel, Path]]:
    """`peers(name)`: the model and the folder it was saved to, in shards of 100 kB."""
    made: dict[str, tuple[PreTrainedModel, Path]] = {}

    def make(name: str) -> tuple[PreTrainedModel, Path]:
        if name not in made:
            model, folder = make_peer(name), tmp_path_factory.mktemp("peer")
            model.save_pretrained(folder, max_shard_size="100kB")
            made[name] = (model, folder)
        return made[name]

    return make


@pytest.fixture(params=PEERS)
def peer(
    request: pytest.FixtureRequest, peers: Callable[[str], tuple[PreTrainedModel, Path]]
) -> tuple[PreTrainedModel, Path]:
    """Each peer in turn."""
    return peers(request.param)
