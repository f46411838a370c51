"""An invented language whose entropy is known exactly: the floor that no model of it can fall below.

Words are made of syllables and drawn as a Markov chain: with probability `loyalty` the next word is one of
the few partners of the last one, else it is drawn by frequency (Zipf and Mandelbrot's law). A text is the
words, each closed by a space, so that the chain of words can be read off the characters and both have the
same entropy.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHABET = " abcdefghijklmnopqrstuvwxyz"  # a character's number is its place here
CONSONANTS, VOWELS = "bcdfghjklmnprstvz", "aeiou"
SHIFT = 3.7  # Mandelbrot's, of the law of frequencies
PARTNER_WEIGHTS = (0.5, 0.25, 0.15, 0.1)  # of a loyal word's partners, first to last

Characters = NDArray[np.uint8]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Language:
    """Words in alphabetical order with their transition probabilities; made by `invent`.

    `transitions` is (n_words, n_words): a row is the distribution of the word after that word.
    """

    words: tuple[str, ...]
    frequency: Numbers  # (n_words,), of a word that follows nobody
    partners: NDArray[np.int64]  # (n_words, 4)
    loyalty: float

    @cached_property
    def transitions(self) -> Numbers:
        """Probability of every word after every word, (n_words, n_words)."""
        table = np.tile((1 - self.loyalty) * self.frequency, (len(self.words), 1))
        for place, weight in enumerate(PARTNER_WEIGHTS):
            np.add.at(table, (np.arange(len(table)), self.partners[:, place]), self.loyalty * weight)
        return table

    @cached_property
    def stationary(self) -> Numbers:
        """How often each word occurs in a long text, (n_words,)."""
        share = self.frequency
        for _ in range(100):  # what is left of the start shrinks by `loyalty` each time
            share = share @ self.transitions
        return np.asarray(share / share.sum())

    @cached_property
    def characters_per_word(self) -> float:
        """Mean length of a word in a text, its space included."""
        return float(self.stationary @ [len(word) + 1 for word in self.words])

    @cached_property
    def entropy_rate(self) -> float:
        """Nats per character: the entropy of the next word given the last, shared among its characters."""
        surprise = -(self.transitions * np.log(self.transitions)).sum(axis=1)
        return float(self.stationary @ surprise) / self.characters_per_word

    def text(self, n: int, seed: int) -> Characters:
        """The first n characters of a text, as numbers into `ALPHABET`; n and seed decide them."""
        chance = np.random.default_rng(seed)
        count = n // (1 + min(map(len, self.words))) + 1  # enough even if every word were the shortest
        start = self._draw(self.stationary, chance.random(1))
        words = self._draw(self.frequency, chance.random(count))
        words[:1] = start
        loyal = chance.random(count) < self.loyalty
        loyal[:1] = False
        place = np.searchsorted(np.cumsum(PARTNER_WEIGHTS)[:-1], chance.random(count), side="right")
        self._follow(words, loyal, place)
        return np.concatenate([self._spellings[word] for word in words])[:n] if n else np.zeros(0, np.uint8)

    def _draw(self, distribution: Numbers, uniform: Numbers) -> NDArray[np.int64]:
        return np.searchsorted(np.cumsum(distribution)[:-1], uniform, side="right")

    def _follow(self, words: NDArray[np.int64], loyal: NDArray[np.bool_], place: NDArray[np.int64]) -> None:
        """Replace loyal words by a partner of the word before; all words equally deep in a run at once."""
        index = np.arange(len(words))
        depth = index - np.maximum.accumulate(np.where(loyal, 0, index))
        for d in range(1, int(depth.max(initial=0)) + 1):
            at = np.flatnonzero(depth == d)
            words[at] = self.partners[words[at - 1], place[at]]

    @cached_property
    def _spellings(self) -> list[Characters]:
        return [encode(word + " ") for word in self.words]

    def log_probabilities(self, text: Characters) -> Numbers:
        """Exact log-probability of each character given all before it, in nats; the text starts with a word.

        Raises ValueError for a text that is not in this language.
        """
        found, places = self._parse(text)
        nothing = len(self.words)  # the row of sums for a word that follows none
        before = np.concatenate(([nothing], found[:-1]))
        word, last, place = found[places[0]], before[places[0]], places[1]
        chances = [self._share(last, self._ranges[word, place + step]) for step in (0, 1)]
        result: Numbers = np.log(chances[1]) - np.log(chances[0])
        return result

    def _parse(
        self, text: Characters
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """The words of a text, and for every character which word it is in, and where."""
        if not len(text):
            raise ValueError("An empty text has no probability to speak of; give at least one character.")
        spelled = decode(text).split(" ")
        if spelled[-1] == "":
            spelled.pop()
        try:
            found = np.array(
                [self._first_with[word] for word in spelled[:-1]] + [self._begin(spelled[-1], text)]
            )
        except KeyError as error:
            raise ValueError(f"{error.args[0]!r} is no word of this language.") from None
        lengths = np.array([len(word) + 1 for word in spelled])
        which = np.repeat(np.arange(len(found)), lengths)[: len(text)]
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        return found, (which, np.arange(len(text)) - starts[which])

    def _begin(self, spelled: str, text: Characters) -> int:
        """The last word of a text, or any word that begins like it when it was cut short."""
        if text[-1] == 0:
            return self._first_with[spelled]
        word = next((i for i, word in enumerate(self.words) if word.startswith(spelled)), None)
        if word is None:
            raise KeyError(spelled)
        return word

    @cached_property
    def _first_with(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def _share(self, last: NDArray[np.int64], between: NDArray[np.int64]) -> Numbers:
        result: Numbers = self._sums[last, between[:, 1]] - self._sums[last, between[:, 0]]
        return result

    @cached_property
    def _sums(self) -> Numbers:
        """Running sums of every row of `transitions`, and of `stationary` as a last row; (n + 1, n + 1)."""
        rows = np.vstack((self.transitions, self.stationary))
        return np.concatenate((np.zeros((len(rows), 1)), rows.cumsum(axis=1)), axis=1)

    @cached_property
    def _ranges(self) -> NDArray[np.int64]:
        """For each word and length, the range of words that begin with as many of its characters."""
        closed = np.array([word + " " for word in self.words])
        longest = max(map(len, closed))
        prefixes = [list(accumulate(word.ljust(longest, "~"), initial="")) for word in closed]
        low = [np.searchsorted(closed, row) for row in np.array(prefixes).T]
        high = [np.searchsorted(closed, [prefix + "~" for prefix in row]) for row in np.array(prefixes).T]
        return np.stack((np.array(low).T, np.array(high).T), axis=-1)


@cache
def invent(n_words: int = 2000, seed: int = 0, loyalty: float = 0.6) -> Language:
    """A language of its own for every seed; the frequent words are the short ones.

    Raises ValueError when there are too few words for partners, or more than such words can be.
    """
    if not 4 <= n_words <= 20_000 or not 0 <= loyalty < 1:
        raise ValueError(
            f"A language has 4 to 20,000 words and a loyalty from 0 to below 1, not {n_words}, {loyalty}."
        )
    chance = np.random.default_rng(seed)
    ranked = _invent_words(n_words, chance)
    frequency = 1 / (np.arange(n_words) + SHIFT)  # Zipf's law with Mandelbrot's shift
    frequency /= frequency.sum()
    order = np.argsort(ranked)
    drawn = np.searchsorted(
        np.cumsum(frequency)[:-1], chance.random((n_words, len(PARTNER_WEIGHTS))), side="right"
    )
    place = np.argsort(order)  # where the word of a rank stands in the alphabet
    return Language(tuple(sorted(ranked)), frequency[order], place[drawn][order], loyalty)


def _invent_words(n_words: int, chance: np.random.Generator) -> list[str]:
    """Different words, the shortest first: a twentieth of one syllable, some of two, the rest of three."""
    consonants, vowels = chance.dirichlet([3.0] * len(CONSONANTS)), chance.dirichlet([5.0] * len(VOWELS))

    def syllable() -> Any:
        return chance.choice(list(CONSONANTS), p=consonants) + chance.choice(list(VOWELS), p=vowels)

    words: dict[str, None] = {}
    while len(words) < n_words:
        count = 1 if len(words) < min(40, n_words / 20) else 2 if len(words) < n_words / 4 else 3
        word = "".join(syllable() for _ in range(count))
        if chance.random() < 0.3:
            word += chance.choice(list(CONSONANTS), p=consonants)
        words[word] = None
    return list(words)


def noisy(text: Characters, share: float, seed: int) -> Characters:
    """A text in which each character was replaced, with this probability, by one drawn from all 27.

    The new one may be the old. The characters replaced at a smaller share are some of those replaced at a
    larger one, by the same characters. Raises ValueError for a share that is none.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share of characters replaced is {share}; it must be from 0 to 1.")
    chance = np.random.default_rng(seed)
    drawn = chance.random(len(text))
    others = chance.integers(len(ALPHABET), size=len(text), dtype=np.uint8)
    return np.asarray(np.where(drawn < share, others, text), dtype=np.uint8)


def encode(text: str) -> Characters:
    """Characters as numbers; ValueError for one that is not in `ALPHABET`."""
    numbers = [ALPHABET.find(character) for character in text]
    if -1 in numbers:
        raise ValueError(f"{text[numbers.index(-1)]!r} is not in this alphabet of a to z and the space.")
    return np.array(numbers, dtype=np.uint8)


def decode(text: Characters) -> str:
    """Numbers as characters."""
    return "".join(map(ALPHABET.__getitem__, text.tolist()))
