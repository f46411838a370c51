"""The decoder: RMSNorm, rotary positions, shared heads with a window, SwiGLU. `logits = model(tokens)`.

The architecture is Mistral 7B's (Jiang et al. 2023); without a window and with n_kv_heads = n_heads it is
Llama 2's; with a bias or normalised heads it is Qwen2's or Qwen3's. `load` reads transformers' checkpoints of
all of them, so the very same code runs the true models where they fit.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import silu
from tqdm.auto import tqdm

from smallmodels.lab import checkpoint, steps
from smallmodels.lab.attention import attend
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config
from smallmodels.lab.measure import require_memory
from smallmodels.lab.rotary import rotate, rotations
from smallmodels.lab.steps import FixedCache

Cache = KVCache | FixedCache


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
        """Logits of the token after each of `tokens`, which continue what `cache` has seen.

        Raises ValueError for what are no tokens of this vocabulary, (B, T) whole numbers, or fill the cache.
        """
        return self.head(self.hidden(tokens, cache))  # type: ignore[no-any-return]  # (B, T, vocab_size)

    def hidden(self, tokens: Tensor, cache: KVCache | None = None) -> Tensor:
        """The normalised state before the output matrix, (B, T, d_model)."""
        _check(tokens, self.config.vocab_size, cache)
        return self.through(self.embed(tokens), cache)

    def through(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        """The layers and the last norm over embedded tokens, (B, T, d_model) in and out."""
        n = x.shape[1]
        if cache is None:
            turn = rotations(self.config, 0, n, x.dtype, x.device)
        else:
            turn = cache.begin(n, x.dtype, x.device)
        for layer in self.layers:
            x = layer(x, turn, cache)
        if cache is not None:
            cache.advance(n)
        return self.norm(x)  # type: ignore[no-any-return]

    def cache(
        self, batch: int, capacity: int, *, rolling: bool = True, dtype: torch.dtype | None = None
    ) -> KVCache:
        """An empty cache on this model's device, of its type if no other is given."""
        w = self.embed.weight
        return KVCache(self.config, batch, capacity, rolling=rolling, dtype=dtype or w.dtype, device=w.device)

    def prefill(self, tokens: Tensor, cache: KVCache, chunk: int | None = None) -> Tensor:
        """Logits after the last of `tokens` (B, T), read in pieces so that memory does not grow with T.

        A piece is 512 tokens on a CPU and 4,096 on a GPU, where larger ones keep it busy, or `chunk`. Raises
        ValueError as `forward` does, and for a chunk below 1.
        """
        if chunk is None:
            chunk = 512 if tokens.device.type == "cpu" else 4096
        if chunk < 1:
            raise ValueError(f"A chunk of {chunk} tokens reads nothing; it must be 1 or more.")
        _check(tokens, self.config.vocab_size, cache)
        for piece in torch.split(tokens, chunk, dim=1):
            state = self.through(self.embed(piece), cache)[:, -1]  # (B, d_model)
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
        way: str = "eager",
        cache_dtype: torch.dtype | None = None,
        quiet: bool = False,
    ) -> Tensor:
        """`tokens` (B, T) continued by `n_new`, the likeliest each time, or drawn when `temperature` > 0.

        `way` is how a step is taken, see `steps`: `graph` is the one for CUDA. A `cache_dtype` of BF16
        reads a text of many thousand tokens faster on a CPU that has its instructions, when heads are shared,
        and rounds. Raises ValueError as `prefill` does, and for a temperature or a number below 0.
        """
        if not 0 <= temperature < math.inf or n_new < 0:
            raise ValueError(
                f"Generation takes a temperature and a number of tokens of 0 or more, not {temperature} and "
                f"{n_new}."
            )
        _check(tokens, self.config.vocab_size)
        cache = self.cache(tokens.shape[0], tokens.shape[1] + n_new, dtype=cache_dtype)
        chance = torch.Generator(tokens.device).manual_seed(seed)
        out, logits = [tokens], self.prefill(tokens, cache, chunk)
        read = steps.reader(self, cache, way)
        for left in tqdm(range(n_new, 0, -1), "generate", unit="token", disable=quiet or None):
            out.append(_pick(logits, temperature, chance))
            if left > 1:
                logits = read(out[-1])
        return torch.cat(out, dim=1)  # (B, T + n_new)


class Layer(nn.Module):
    """One block: attention and SwiGLU, each behind its norm and added to the stream."""

    def __init__(self, config: Config, index: int) -> None:
        super().__init__()
        self.index, self.window = index, config.windows[index]
        self.n_heads, self.n_kv_heads, self.head_dim = config.n_heads, config.n_kv_heads, config.head_dim
        heads = self.n_heads + 2 * self.n_kv_heads  # of q, k and v, side by side in one matrix
        self.attention_norm = nn.RMSNorm(config.d_model, config.norm_eps)
        self.qkv = nn.Linear(config.d_model, heads * self.head_dim, bias=config.qkv_bias)
        self.q_norm, self.k_norm = (
            nn.RMSNorm(self.head_dim, config.norm_eps) if config.qk_norm else None for _ in "qk"
        )
        self.out = nn.Linear(self.n_heads * self.head_dim, config.d_model, bias=False)
        self.ffn_norm = nn.RMSNorm(config.d_model, config.norm_eps)
        self.gate_up = nn.Linear(config.d_model, 2 * config.ffn_dim, bias=False)
        self.down = nn.Linear(config.ffn_dim, config.d_model, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        """(B, T, d_model) in and out; `turn` is what `rotations` gives."""
        x = x + self.out(self.attention(self.attention_norm(x), turn, cache))
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, dim=-1)  # each (B, T, ffn_dim)
        return x + self.down(silu(gate) * up)  # type: ignore[no-any-return]

    def attention(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None) -> Tensor:
        """What the heads read, side by side: (B, T, n_heads * head_dim)."""
        heads = self.qkv(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)  # (B, all heads, T, head_dim)
        turned, v = heads[:, : -self.n_kv_heads], heads[:, -self.n_kv_heads :]
        if self.q_norm is not None and self.k_norm is not None:
            q, k = turned[:, : self.n_heads], turned[:, self.n_heads :]
            turned = torch.cat((self.q_norm(q), self.k_norm(k)), dim=1)
        turned = rotate(turned, *turn)
        q, k = turned[:, : self.n_heads], turned[:, self.n_heads :]  # k, v (B, n_kv_heads, T, head_dim)
        read = cache.attend(self.index, q, k, v) if cache else attend(q, k, v, self.window)
        return read.transpose(1, 2).flatten(2)


def _check(tokens: Tensor, vocab_size: int, cache: KVCache | None = None) -> None:
    if tokens.dim() != 2 or tokens.dtype not in (torch.long, torch.int) or not tokens.numel():
        raise ValueError(
            f"Tokens are whole numbers (B, T), one or more, not {tokens.dtype} of {tuple(tokens.shape)}."
        )
    if cache is not None and len(tokens) != cache.batch:
        raise ValueError(f"A cache for {cache.batch} sequences cannot take tokens of {len(tokens)}.")
    if tokens.is_cuda and torch.cuda.is_current_stream_capturing():
        return  # a captured step may not look at values
    least, most = tokens.aminmax()
    if least < 0 or most >= vocab_size:
        raise ValueError(
            f"Tokens of this vocabulary go from 0 to {vocab_size - 1}, not from {int(least)} to {int(most)}."
        )


def _pick(logits: Tensor, temperature: float, chance: torch.Generator) -> Tensor:
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)  # (B, 1)
    return torch.multinomial((logits / temperature).softmax(dim=-1), 1, generator=chance)


def load(
    folder: str | Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Decoder:
    """The model in a folder of transformers' `config.json` and safetensors: Mistral, Llama, Qwen2 and Qwen3.

    Files and memory are looked at before anything is allocated. Raises ValueError, in one sentence, when the
    architecture is another, when a weight is missing, unknown, of another shape or quantised, when a file is
    damaged or disagrees with the index, and when the weights do not fit.
    """
    config = checkpoint.read_config(folder)
    with torch.device("meta"):
        model = Decoder(config).to(dtype)
    checkpoint.check(model, folder)
    require_memory(config.n_parameters() * dtype.itemsize, device, "The weights")
    model.to_empty(device=device)
    if config.tied:
        model.head.weight = model.embed.weight
    checkpoint.fill(model, folder)
    return model.eval()
