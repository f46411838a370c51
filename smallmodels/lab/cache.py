"""The key-value cache: a rolling buffer that never holds more than the window.
 Position p lives in slot p % slots. With W slots, writing the newest token drops exactly the one that just
left the window, so the buffer always holds what the next query may see. Without a window it is a plain
cache.
"""

import torch
from torch import Tensor

from smallmodels.lab.config import Config
from smallmodels.lab.measure import require_memory


class KVCache:
    """Keys and values of every layer, `k` and `v`: (n_layers, B, n_kv_heads, slots, head_dim).

    `capacity` is the longest sequence it must serve; a windowed model needs no more than `window` slots for
    any length, unless `rolling=False` asks for all of them (to compare). Bytes:
    `config.kv_cache_bytes(...)`. Raises ValueError when they are not free.

    >>> tiny = Config.tiny(n_layers=1, n_kv_heads=1, sliding_window=3)
    >>> ring = KVCache(tiny, batch=1, capacity=100)
    >>> for p in range(5):
    ...     here = torch.full((1, 1, 1, 8), float(p))
    ...     keys, _ = ring.extend(0, here, here)
    ...     ring.length += 1
    >>> keys[0, 0, :, 0].tolist()  # tokens 3 and 4 have overwritten 0 and 1
    [3.0, 4.0, 2.0]
    """

    def __init__(
        self,
        config: Config,
        batch: int,
        capacity: int,
        *,
        rolling: bool = True,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        if batch < 1 or capacity < 1:
            raise ValueError(
                f"A cache needs a batch and a capacity of 1 or more, not {batch} and {capacity}."
            )
        self.slots = config.cache_slots(capacity) if rolling else capacity
        self.rolls = rolling and self.slots == config.sliding_window
        self.length = 0  # positions seen so far; the model moves it once all layers have written
        require_memory(
            batch * self.slots * config.kv_bytes_per_token(dtype.itemsize), device, "The keys and values"
        )
        shape = (config.n_layers, batch, config.n_kv_heads, self.slots, config.head_dim)
        self.k = torch.zeros(shape, dtype=dtype, device=device)
        self.v = torch.zeros(shape, dtype=dtype, device=device)

    @property
    def nbytes(self) -> int:
        """Bytes held, keys and values together."""
        return self.k.nbytes + self.v.nbytes

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store the T newest keys and values of a layer; return all that they may attend to, themselves last.

        k and v are (B, n_kv_heads, T, head_dim). A single token gets the slots in any order (attention does
        not mind); several get them in order of position. Raises ValueError when a cache that does not roll
        is full.
        """
        end = self.length + k.shape[2]
        if end > self.slots and not self.rolls:
            raise ValueError(
                f"The cache holds {self.slots} tokens; {end} do not fit. Give it a larger capacity."
            )
        if k.shape[2] == 1 or end <= self.slots:
            self._write(layer, k, v)
            return self.k[layer, :, :, :end], self.v[layer, :, :, :end]
        past = torch.arange(max(0, self.length - self.slots + 1), self.length, device=k.device) % self.slots
        seen_k = torch.cat((self.k[layer][:, :, past], k), dim=2)  # (B, n_kv_heads, past+T, head_dim)
        seen_v = torch.cat((self.v[layer][:, :, past], v), dim=2)
        self._write(layer, k, v)
        return seen_k, seen_v

    def _write(self, layer: int, k: Tensor, v: Tensor) -> None:
        start = self.length % self.slots
        if k.shape[2] <= self.slots - start:  # the usual case: no wrap, no index
            self.k[layer, :, :, start : start + k.shape[2]] = k
            self.v[layer, :, :, start : start + k.shape[2]] = v
            return
        end = self.length + k.shape[2]
        kept = torch.arange(max(self.length, end - self.slots), end, device=k.device)
        self.k[layer, :, :, kept % self.slots] = k[:, :, -len(kept) :]
        self.v[layer, :, :, kept % self.slots] = v[:, :, -len(kept) :]
