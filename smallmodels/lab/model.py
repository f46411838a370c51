"""The decoder: RMSNorm, rotary positions, shared heads with a window, SwiGLU. `logits = model(tokens)`.
 The architecture is Mistral 7B's (Jiang et al. 2023); without a window and with n_kv_heads = n_heads it is
Llama 2's. `load` reads transformers' checkpoints of both, so the very same code runs the true models where
they fit.
"""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import silu
from tqdm.auto import tqdm

from smallmodels.lab import checkpoint
from smallmodels.lab.attention import attend
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config
from smallmodels.lab.measure import require_memory


class Decoder(nn.Module):
    """Tokens (B, T) in, logits (B, T, vocab_size) out.

    Weights start as PyTorch leaves them; `train.initialise` or `load` fills them.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.n_layers))
        self.norm = nn.RMSNorm(config.d_model, config.norm_eps)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor, cache: KVCache | None = None) -> Tensor:
        """Logits of the token after each of `tokens`, which continue what `cache` has seen."""
        return self.head(self.hidden(tokens, cache))  # type: ignore[no-any-return]  # (B, T, vocab_size)

    def hidden(self, tokens: Tensor, cache: KVCache | None = None) -> Tensor:
        """The normalised state before the output matrix, (B, T, d_model)."""
        return self.through(self.embed(tokens), cache)

    def through(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """The layers and the last norm over embedded tokens, (B, T, d_model) in and out."""
        n, start = x.shape[1], cache.length if cache else 0
        turn = rotations(self.config, start, n, x.dtype, x.device)
        for layer in self.layers:
            x = layer(x, turn, cache)
        if cache:
            cache.length += n
        return self.norm(x)  # type: ignore[no-any-return]

    def cache(self, batch: int, capacity: int, *, rolling: bool = True) -> KVCache:
        """An empty cache of this model's type, on its device."""
        w = self.embed.weight
        return KVCache(self.config, batch, capacity, rolling=rolling, dtype=w.dtype, device=w.device)

    def prefill(self, tokens: Tensor, cache: KVCache, chunk: int | None = None) -> Tensor:
        """Logits after the last of `tokens` (B, T), read in pieces so that memory does not grow with T.

        A piece is 512 tokens on a CPU and 4,096 on a GPU, where larger ones keep it busy, or `chunk`.
        """
        if chunk is None:
            chunk = 512 if tokens.device.type == "cpu" else 4096
        if chunk < 1:
            raise ValueError(f"A chunk of {chunk} tokens reads nothing; it must be 1 or more.")
        for piece in torch.split(tokens, chunk, dim=1):
            state = self.hidden(piece, cache)[:, -1]  # (B, d_model)
        return self.head(state)  # type: ignore[no-any-return]  # (B, vocab_size)

    @torch.inference_mode()
    def generate(
        self,
        tokens: Tensor,
        n_new: int,
        *,
        temperature: float = 0.0,
        seed: int = 0,
        chunk: int | None = None,
        quiet: bool = False,
    ) -> Tensor:
        """`tokens` (B, T) continued by `n_new`, the likeliest each time, or drawn when `temperature` > 0."""
        if tokens.numel() == 0 or temperature < 0:
            raise ValueError("Generation needs a token to start from, and a temperature of 0 or more.")
        cache = self.cache(tokens.shape[0], tokens.shape[1] + n_new)
        chance = torch.Generator(tokens.device).manual_seed(seed)
        out = [tokens]
        for step in tqdm(range(n_new), "generate", unit="token", disable=quiet):
            logits = self.prefill(tokens, cache, chunk) if step == 0 else self(out[-1], cache)[:, -1]
            out.append(_pick(logits, temperature, chance))
        return torch.cat(out, dim=1)  # (B, T + n_new)


class Layer(nn.Module):
    """One block: attention and SwiGLU, each behind its norm and added to the stream."""

    def __init__(self, config: Config, index: int) -> None:
        super().__init__()
        self.index, self.window = index, config.sliding_window
        self.n_heads, self.n_kv_heads, self.head_dim = config.n_heads, config.n_kv_heads, config.head_dim
        heads = self.n_heads + 2 * self.n_kv_heads  # of q, k and v, side by side in one matrix
        self.attention_norm = nn.RMSNorm(config.d_model, config.norm_eps)
        self.qkv = nn.Linear(config.d_model, heads * self.head_dim, bias=False)
        self.out = nn.Linear(self.n_heads * self.head_dim, config.d_model, bias=False)
        self.ffn_norm = nn.RMSNorm(config.d_model, config.norm_eps)
        self.gate_up = nn.Linear(config.d_model, 2 * config.ffn_dim, bias=False)
        self.down = nn.Linear(config.ffn_dim, config.d_model, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: KVCache | None) -> Tensor:
        """(B, T, d_model) in and out; `turn` is what `rotations` gives."""
        x = x + self.out(self.attention(self.attention_norm(x), turn, cache))
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, dim=-1)  # each (B, T, ffn_dim)
        return x + self.down(silu(gate) * up)  # type: ignore[no-any-return]

    def attention(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: KVCache | None) -> Tensor:
        """What the heads read, side by side: (B, T, n_heads * head_dim)."""
        heads = self.qkv(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)  # (B, all heads, T, head_dim)
        turned = rotate(heads[:, : -self.n_kv_heads], *turn)
        q, k = turned[:, : self.n_heads], turned[:, self.n_heads :]  # k, v (B, n_kv_heads, T, head_dim)
        v = heads[:, -self.n_kv_heads :]
        if cache:
            k, v = cache.extend(self.index, k, v)  # (B, n_kv_heads, S, head_dim)
        return attend(q, k, v, self.window).transpose(1, 2).flatten(2)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021), the halves of a head paired as in transformers' weights.

    x is (B, heads, T, head_dim), cos and sin (T, head_dim/2).
    """
    a, b = x.chunk(2, dim=-1)  # each (B, heads, T, head_dim/2)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


def rotations(
    config: Config, start: int, n: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of positions start to start + n - 1, each (n, head_dim/2)."""
    size = 1 << (start + n - 1).bit_length()  # a table for the next power of two serves many steps
    cos, sin = _rotation_table(config.head_dim, config.rope_theta, max(size, 64), dtype, device)
    return cos[start : start + n], sin[start : start + n]


@lru_cache(maxsize=8)
def _rotation_table(
    head_dim: int, theta: float, size: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # the table outlives the call that made it, and may be trained through
        pair = torch.arange(0, head_dim, 2, dtype=torch.float32, device=device)
        angle = torch.arange(size, dtype=torch.float32, device=device)[:, None] / theta ** (pair / head_dim)
        return angle.cos().to(dtype), angle.sin().to(dtype)  # (size, head_dim/2)


def _pick(logits: Tensor, temperature: float, chance: torch.Generator) -> Tensor:
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)  # (B, 1)
    return torch.multinomial((logits / temperature).softmax(dim=-1), 1, generator=chance)


def load(
    folder: str | Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Decoder:
    """The model in a folder of transformers' `config.json` and (sharded) `*.safetensors`; Mistral and Llama.

    Memory is compared with what is free before anything is allocated. Raises ValueError when it does not
    fit, when a weight is missing, unknown or of another shape, or when the architecture is another.
    """
    config = checkpoint.read_config(folder)
    require_memory(config.n_parameters() * dtype.itemsize, device, "The weights")
    with torch.device("meta"):
        model = Decoder(config).to(dtype)
    model.to_empty(device=device)
    if config.tied:
        model.head.weight = model.embed.weight
    checkpoint.fill(model, folder)
    return model.eval()
