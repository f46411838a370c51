"""The small model at play, by PyTorch: what the engine of the published page does, in a kernel.

`Player` answers the questions that a page's `Play` asks, and `losses_by_setting` records what its sliders
show. Weights are rounded here as `live/front/decoder.js` rounds them, and chances drawn as it draws them, so
that the same seed writes the same text in both.
"""

import json
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smallmodels.facts import data_folder
from smallmodels.lab import corpus
from smallmodels.lab.attention import visible
from smallmodels.lab.experiments import Row
from smallmodels.lab.model import Decoder, load
from smallmodels.lab.rotary import rotate, rotations
from smallmodels.play import GROUP, TRAINED, checkpoint_of

TEXTS, LENGTH = 8, 250  # held out for a reader, in characters
FIRST_SEED, LEAD_SEED = 100, 99  # of those texts, and of the one that is read before writing begins
LEAD = 2000  # characters


def rounded(weights: Tensor, bits: int) -> Tensor:
    """A matrix rounded to nearest in so many bits, with a scale of half precision for each `GROUP` of a row.

    16 bits leave it as it is. Raises ValueError for other than 2 to 8.
    """
    if bits == 16:
        return weights
    if not 2 <= bits <= 8:
        raise ValueError(f"Weights have 16 bits, or 2 to 8, not {bits}.")
    most = 2 ** (bits - 1) - 1
    parts = []
    for group in torch.split(weights.float(), GROUP, dim=1):
        scale = (group.abs().amax(dim=1, keepdim=True) / most).half().float()
        numbers = torch.where(scale > 0, group / scale, torch.zeros(())).round().clamp(-most, most)
        parts.append(numbers * scale)
    return torch.cat(parts, dim=1)


@cache
def decoder(n_kv_heads: int, bits: int = 16) -> Decoder:
    """The checkpoint with so many KV heads, its matrices rounded; the embedding and the norms stay."""
    model = load(data_folder() / "runs" / checkpoint_of(n_kv_heads))
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, nn.Linear):
                part.weight.copy_(rounded(part.weight, bits))
    return model.eval()


@cache
def windowed(n_kv_heads: int, bits: int, window: int | None) -> Decoder:
    """The same weights, which look back another distance."""
    model = decoder(n_kv_heads, bits)
    with torch.device("meta"):
        other = Decoder(model.config.but(sliding_window=window))
    other.load_state_dict(model.state_dict(), assign=True)
    return other.eval()


def held_out(count: int = TEXTS) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Texts that no model has seen; those a page measures are the first of those recorded."""
    return [corpus.invent().text(LENGTH, FIRST_SEED + i) for i in range(count)]


@torch.inference_mode()
def surprises(model: Decoder, texts: Tensor) -> Tensor:
    """Nats of every character but the first of each text, (B, T - 1)."""
    logs = model(texts[:, :-1]).log_softmax(-1)
    found: Tensor = -logs.gather(2, texts[:, 1:, None])[..., 0].double()
    return found


def losses_by_setting(
    kv_heads: Sequence[int],
    bits: Sequence[int],
    windows: Sequence[int | None],
    texts: int,
    *,
    device: torch.device | None = None,
) -> list[dict[str, Any]]:
    """Loss by KV heads, bits and window, and the standard error of its difference from the first setting.

    A row holds a list over the windows: characters are paired with those of `TRAINED`, so that the text's own
    ups and downs cancel.
    """
    text = torch.tensor(np.stack(held_out(texts))).long()
    exact = np.concatenate([-corpus.invent().log_probabilities(one)[1:] for one in held_out(texts)])
    usual = surprises(windowed(*TRAINED), text)
    rows: list[dict[str, Any]] = [{"figure": "exact", "value": float(exact.mean()), "characters": len(exact)}]
    for heads in kv_heads:
        for width in bits:
            given = [surprises(windowed(heads, width, window), text) for window in windows]
            errors = [float((one - usual).std() / math.sqrt(one.numel())) for one in given]
            rows.append(
                {
                    "n_kv_heads": heads,
                    "bits": width,
                    "loss": [round(float(one.mean()), 5) for one in given],
                    "error": [round(error, 5) for error in errors],
                }
            )
    return rows


def sample(
    characters: int, seed: int, temperature: float, context: int, *, device: torch.device | None = None
) -> list[Row]:
    """What the model writes in its first setting, with the surprise of each character and the language's."""
    player = Player()
    lead = lead_text(context)
    heads, bits, window = TRAINED
    player.begin("sample", heads, bits, window, lead, seed)
    written = player.write("sample", characters, temperature)["written"]
    return [{"character": c, "surprise": model, "exact": exact} for c, model, exact in written]


def lead_text(context: int) -> str:
    """What is read before writing begins: whole words, `context` characters or a few less."""
    text = corpus.decode(corpus.invent().text(LEAD, LEAD_SEED))[:context]
    return text[: text.rfind(" ") + 1]


def language_file() -> str:
    """All that a page needs to know every probability of the language, and the texts held out, as JSON."""
    language = corpus.invent()
    ranks = np.argsort(np.argsort(-language.frequency))
    known = {
        "words": " ".join(language.words),
        "ranks": ranks.tolist(),
        "partners": language.partners.ravel().tolist(),
        "weights": corpus.PARTNER_WEIGHTS,
        "loyalty": language.loyalty,
        "shift": corpus.SHIFT,
        "lead": corpus.decode(language.text(LEAD, LEAD_SEED)),
        "texts": [corpus.decode(text) for text in held_out()],
    }
    return json.dumps(known, separators=(",", ":")) + "\n"


def chances(seed: int) -> Iterator[float]:
    """Numbers from 0 to below 1 that a page draws from the same seed: mulberry32, by Tommy Ettinger, 2017."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        mixed ^= (mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)) & 0xFFFFFFFF
        yield (mixed ^ (mixed >> 14)) / 2**32


def drawn(logits: Sequence[float], temperature: float, chance: float) -> int:
    """The likeliest at a temperature of 0, else the one on which the chance falls."""
    if temperature == 0:
        return max(range(len(logits)), key=logits.__getitem__)
    most = max(logits)
    shares = [math.exp((logit - most) / temperature) for logit in logits]
    left = chance * math.fsum(shares)
    for character, share in enumerate(shares):
        left -= share
        if left < 0:
            return character
    return len(shares) - 1


class Player:
    """Answers a page: `begin` a text, `write` on, `measure` a loss; each writer by its own id."""

    def __init__(self) -> None:
        self.writers: dict[str, Writer] = {}

    def answer(self, question: str, given: dict[str, Any]) -> dict[str, Any]:
        """By name; raises ValueError for what is no question."""
        asked = {"begin": self.begin, "write": self.write, "measure": self.measure}
        if question not in asked:
            raise ValueError(f"{question!r} is no question; there is {', '.join(asked)}.")
        return asked[question](**given)  # type: ignore[operator,no-any-return]

    def begin(
        self, id: str, n_kv_heads: int, bits: int, window: int | None, text: str, seed: int | None = None
    ) -> dict[str, Any]:
        """Read a text anew; without a seed the chances go on where they were."""
        before = self.writers.get(id)
        luck = before.luck if seed is None and before is not None else chances(seed or 0)
        self.writers[id] = Writer(windowed(n_kv_heads, bits, window), text, luck)
        return self.writers[id].seen()

    def write(self, id: str, count: int, temperature: float) -> dict[str, Any]:
        """So many characters more, each with the model's surprise and the language's, and what comes next."""
        writer, start = self.writers[id], perf_counter()
        written = [writer.step(temperature) for _ in range(count)]
        return {"written": written, "seconds": perf_counter() - start, **writer.seen()}

    def measure(self, n_kv_heads: int, bits: int, window: int | None, at: int) -> dict[str, Any]:
        """The surprises of one of the texts held out, the model's and the language's."""
        text = held_out()[at]
        given = surprises(windowed(n_kv_heads, bits, window), torch.from_numpy(text)[None].long())
        exact = -corpus.invent().log_probabilities(text)[1:]
        return {"surprises": given[0].tolist(), "exact": exact.tolist(), "last": at == TEXTS - 1}


class Writer:
    """One text as it grows, with its cache; the latest step can be looked into."""

    def __init__(self, model: Decoder, text: str, luck: Iterator[float]) -> None:
        self.model, self.text, self.luck = model, text, luck
        self.state = model.cache(1, 2 * LEAD + 4000)
        tokens = corpus.encode(text)
        if len(tokens) > 1:
            self.read(tokens[:-1].tolist())
        self.logits = self.read([int(tokens[-1])])

    @torch.inference_mode()
    def read(self, tokens: list[int]) -> list[float]:
        """The logits after these tokens."""
        self.tokens = tokens
        return self.model(torch.tensor([tokens]), self.state)[0, -1].double().tolist()  # type: ignore[no-any-return]

    def step(self, temperature: float) -> list[Any]:
        """One character: itself, its surprise to the model, its surprise in the language or None."""
        likely = _shares(self.logits)
        known = following(self.text)
        token = drawn(self.logits, temperature, next(self.luck))
        exact = None if known is None or known[token] == 0 else -math.log(known[token])
        self.text += corpus.ALPHABET[token]
        self.logits = self.read([token])
        return [corpus.ALPHABET[token], -math.log(likely[token]), exact]

    def seen(self) -> dict[str, Any]:
        """What comes next by the model and by the language, and how many characters are in the cache."""
        known = following(self.text)
        return {"model": _shares(self.logits), "language": known, "attention": attention(self)}


def _shares(logits: Sequence[float]) -> list[float]:
    most = max(logits)
    shares = [math.exp(logit - most) for logit in logits]
    return [share / math.fsum(shares) for share in shares]


def following(text: str) -> list[float] | None:
    """The language's probability of each character next, or None where no word of it begins so.

    A word before that is none of the language's is taken for the start of the text.
    """
    language = corpus.invent()
    before, _, begun = text.rpartition(" ")
    last = before.rpartition(" ")[2]
    place = language.words.index(last) if last in language.words else None
    row = language.stationary if place is None else language.transitions[place]
    fits = [(word, share) for word, share in zip(language.words, row, strict=True) if word.startswith(begun)]
    if not fits:
        return None
    shares = [0.0] * len(corpus.ALPHABET)
    for word, share in fits:
        shares[corpus.ALPHABET.index((word + " ")[len(begun)])] += float(share)
    return [share / math.fsum(shares) for share in shares]


@torch.inference_mode()
def attention(writer: Writer) -> list[list[list[float]]]:
    """What each head of the last character looks at, by layer and head, the oldest character first."""
    return [[row.tolist() for row in layer] for layer in _looked(writer)]


def _looked(writer: Writer) -> list[Tensor]:
    """The shares (heads, seen) of each layer, from the cache's keys and the last queries, taken again."""
    model, window = writer.model, writer.model.config.sliding_window
    seen = min(writer.state.length, window or writer.state.length)
    text = corpus.encode(writer.text)
    reach = model.config.n_layers * (seen - 1) + 1  # older characters do not reach the last
    start = max(0, len(text) - reach)
    return heads_of(model, torch.from_numpy(text[start:])[None].long(), start, seen)


def heads_of(model: Decoder, tokens: Tensor, start: int, seen: int) -> list[Tensor]:
    """The shares of the last token's heads in every layer, (n_heads, seen), by plain sums."""
    config, n = model.config, tokens.shape[1]
    x, found = model.embed(tokens), []
    turn = rotations(config, start, n, x.dtype, x.device)
    layers: list[Any] = [*model.layers]
    for layer in layers:
        heads = layer.qkv(layer.attention_norm(x)).unflatten(-1, (-1, config.head_dim)).transpose(1, 2)
        turned = rotate(heads[:, : -config.n_kv_heads], *turn)
        q, k = turned[:, : config.n_heads], turned[:, config.n_heads :]
        k = k.repeat_interleave(config.n_heads // config.n_kv_heads, dim=1)
        scores = (q @ k.transpose(2, 3)) / math.sqrt(config.head_dim)
        hidden = ~visible(n, n, config.sliding_window)
        shares = scores.masked_fill(hidden, -math.inf).softmax(-1)
        found.append(shares[0, :, -1, -seen:])
        x = layer(x, turn, None)
    return found


def write_language(folder: Path) -> None:
    """Write `language.json` for the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "language.json").write_text(language_file(), encoding="utf-8")
