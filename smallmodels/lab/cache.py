"""The key-value cache: a rolling buffer that never holds more than the window.

Position p lives in slot p % slots. With W slots, writing the newest token drops exactly the one that just
left the window, so the buffer always holds what the next query may see. Without a window it is a plain cache.

    window 3    slot 0  1  2              slots 5, no window    slot 0  1  2  3  4
    after 3          0  1  2              after 3                    0  1  2  .  .
    after 5          3  4  2              after 5                    0  1  2  3  4      and then it is full
"""

import torch
from torch import Tensor

from smallmodels.lab.attention import attend
from smallmodels.lab.config import Config
from smallmodels.lab.measure import require_memory
from smallmodels.lab.rotary import rotations


class KVCache:
    """Keys and values of every layer: lists `k` and `v` of tensors (B, n_kv_heads, slots, head_dim).

    `capacity` is the longest sequence it must serve; a layer with a window needs no more than `window` slots
    for any length, unless `rolling=False` asks for all of them (to compare). Keys and values are kept, and
    attention is computed, in `dtype`, whatever the model's. Bytes: `config.kv_cache_bytes(...)`.

    Raises ValueError for a batch or a capacity below 1, and when the bytes are not free.

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
        self.config, self.batch, self.capacity, self.dtype = config, batch, capacity, dtype
        self.length = 0  # positions seen so far; the model moves it once all layers have written
        self.slots = [capacity if w is None or not rolling else min(w, capacity) for w in config.windows]
        row = batch * config.kv_bytes_per_token(dtype.itemsize) // config.n_layers  # of one layer
        require_memory(row * sum(self.slots), device, "The keys and values")
        shapes = [(batch, config.n_kv_heads, slots, config.head_dim) for slots in self.slots]
        self.k = [torch.zeros(shape, dtype=dtype, device=device) for shape in shapes]
        self.v = [torch.zeros(shape, dtype=dtype, device=device) for shape in shapes]

    @property
    def nbytes(self) -> int:
        """Bytes held, keys and values together."""
        return sum(x.nbytes for x in (*self.k, *self.v))

    def begin(self, n: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
        """What `rotary.rotations` gives for the next n positions.

        Raises ValueError, before any layer is written, when a layer that does not roll has no room for them.
        """
        end = self.length + n
        for layer, slots in enumerate(self.slots):
            if end > slots and slots != self.config.windows[layer]:
                raise ValueError(
                    f"The cache holds {slots} tokens; {end} do not fit. Give it a larger capacity."
                )
        return rotations(self.config, self.length, n, dtype, device)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Store a layer's newest keys and values; give what its queries read, as `attention.attend` does."""
        k, v = self.extend(layer, k.to(self.dtype), v.to(self.dtype))
        return attend(q.to(self.dtype), k, v, self.config.windows[layer]).to(q.dtype)

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store the T newest keys and values of a layer; return all that they may attend to, themselves last.

        k and v are (B, n_kv_heads, T, head_dim). A single token gets the slots in any order (attention does
        not mind); several get them in order of position. Raises ValueError for keys and values of another
        batch, number of heads or head size.
        """
        slots, n = self.slots[layer], k.shape[2]
        if k.shape != v.shape or k.shape != (self.batch, *self.k[layer].shape[1:2], n, self.config.head_dim):
            raise ValueError(
                f"Keys and values of shape {tuple(k.shape)} and {tuple(v.shape)} do not fit a cache of "
                f"{tuple(self.k[layer].shape)}."
            )
        end = self.length + n
        if n == 1 or end <= slots:
            self._write(layer, k, v)
            return self.k[layer][:, :, :end], self.v[layer][:, :, :end]
        past = torch.arange(max(0, self.length - slots + 1), self.length, device=k.device) % slots
        seen_k = torch.cat((self.k[layer][:, :, past], k), dim=2)  # (B, n_kv_heads, past+T, head_dim)
        seen_v = torch.cat((self.v[layer][:, :, past], v), dim=2)
        self._write(layer, k, v)
        return seen_k, seen_v

    def advance(self, n: int) -> None:
        """All layers have written n positions."""
        self.length += n

    def rewind(self, n: int) -> None:
        """Forget the last n positions, to time them again; what a rolled buffer lost stays lost."""
        self.length -= n

    def _write(self, layer: int, k: Tensor, v: Tensor) -> None:
        slots, end = self.slots[layer], self.length + k.shape[2]
        start = self.length % slots
        if k.shape[2] <= slots - start:  # the usual case: no wrap, no index
            self.k[layer][:, :, start : start + k.shape[2]] = k
            self.v[layer][:, :, start : start + k.shape[2]] = v
            return
        kept = torch.arange(max(self.length, end - slots), end, device=k.device)
        self.k[layer][:, :, kept % slots] = k[:, :, -len(kept) :]
        self.v[layer][:, :, kept % slots] = v[:, :, -len(kept) :]
