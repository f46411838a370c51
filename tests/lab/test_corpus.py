"""The entropy of the invented language, three ways, and its text against brute force."""

from collections import Counter
from itertools import pairwise
from math import exp, isclose, log

import numpy as np
import pytest

from smallmodels.lab import corpus


@pytest.fixture(scope="module")
def small() -> corpus.Language:
    return corpus.invent(n_words=7, seed=3)


@pytest.fixture(scope="module")
def large() -> corpus.Language:
    return corpus.invent()


def probability(language: corpus.Language, text: str) -> float:
    """Of a text's beginning, by adding up every sequence of words that begins so."""

    def continued(rest: str, last: int | None) -> float:
        total = 0.0
        for i, word in enumerate(language.words):
            chance = float(language.stationary[i] if last is None else language.transitions[last, i])
            closed = word + " "
            if closed.startswith(rest):
                total += chance
            elif rest.startswith(closed):
                total += chance * continued(rest[len(closed) :], i)
        return total

    return continued(text, None)


def entropy_by_states(language: corpus.Language) -> float:
    """Nats per character of the chain over (last word, letters so far), from its stationary distribution."""
    closed = [word + " " for word in language.words]
    states = {(last, word[:n]) for last in range(len(closed)) for word in closed for n in range(len(word))}
    index = {state: i for i, state in enumerate(sorted(states))}
    table = np.zeros((len(index), len(index)))
    for (last, prefix), row in index.items():
        possible = {i: language.transitions[last, i] for i, w in enumerate(closed) if w.startswith(prefix)}
        for i, chance in possible.items():
            grown = closed[i][: len(prefix) + 1]
            state = (i, "") if grown == closed[i] else (last, grown)
            table[row, index[state]] += chance / sum(possible.values())
    share = np.full(len(index), 1 / len(index))
    for _ in range(4000):  # the average with itself, so that no period keeps it from settling
        share = (share + share @ table) / 2
    logs = np.log(table, where=table > 0, out=np.zeros_like(table))
    return float(-(share[:, None] * table * logs).sum())


def test_entropy_rate_equals_that_of_the_characters_own_chain(small: corpus.Language) -> None:
    assert isclose(small.entropy_rate, entropy_by_states(small), rel_tol=1e-9)


def test_log_probabilities_add_up_as_by_brute_force(small: corpus.Language) -> None:
    text = small.text(60, seed=1)
    logs = small.log_probabilities(text)
    spelled = corpus.decode(text)
    for n in (1, 2, 5, 17, 33, 60):
        assert isclose(exp(logs[:n].sum()), probability(small, spelled[:n]), rel_tol=1e-9)


def test_probabilities_of_the_next_character_sum_to_one(small: corpus.Language) -> None:
    start = corpus.decode(small.text(11, seed=5))
    whole = probability(small, start)
    after = [probability(small, start + character) for character in corpus.ALPHABET]
    assert isclose(sum(after), whole, rel_tol=1e-12)


def test_sampled_surprise_is_the_entropy_rate(large: corpus.Language) -> None:
    surprise = -large.log_probabilities(large.text(1_000_000, seed=11))
    blocks = surprise.reshape(1000, 1000).mean(axis=1)  # far longer than the chain remembers
    assert abs(blocks.mean() - large.entropy_rate) < 4 * blocks.std() / 1000**0.5
    assert 0.5 < large.entropy_rate < log(27)


def test_pairs_of_words_occur_as_often_as_they_should(small: corpus.Language) -> None:
    words = corpus.decode(small.text(400_000, seed=2)).split(" ")[:-1]
    pairs = Counter(pairwise(words))
    for i, first in enumerate(small.words):
        total = sum(pairs[first, second] for second in small.words)
        for j, second in enumerate(small.words):
            wanted = small.transitions[i, j]
            assert abs(pairs[first, second] / total - wanted) < 5 * (wanted * (1 - wanted) / total) ** 0.5


def test_frequent_words_are_short_and_all_differ(large: corpus.Language) -> None:
    lengths = np.array([len(word) for word in large.words])
    ranked = lengths[np.argsort(-large.frequency)]
    assert ranked[:40].mean() < ranked[40:400].mean() < ranked[400:].mean()
    assert len(set(large.words)) == 2000


def test_seeds_decide_everything(large: corpus.Language) -> None:
    assert np.array_equal(large.text(1000, seed=1), large.text(1000, seed=1))
    assert not np.array_equal(large.text(1000, seed=1), large.text(1000, seed=2))
    assert corpus.invent(seed=1).words != large.words


def test_what_is_not_of_the_language_is_refused(small: corpus.Language) -> None:
    with pytest.raises(ValueError, match="'xx' is no word"):
        small.log_probabilities(corpus.encode("xx "))
    with pytest.raises(ValueError, match="'xx' is no word"):
        small.log_probabilities(corpus.encode("xx"))
    with pytest.raises(ValueError, match="'!' is not in this alphabet"):
        corpus.encode("a!")
    with pytest.raises(ValueError, match="empty text"):
        small.log_probabilities(corpus.encode(""))
    with pytest.raises(ValueError, match="4 to 20,000 words"):
        corpus.invent(n_words=3)
