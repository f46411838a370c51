"""The formulas of chapter 02: what a law expects of a size and an amount of data, and what compute costs.

Losses are in nats a token; N counts parameters, D training tokens, S served tokens, C FLOPs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

from smallmodels.arguments import above_zero, checked


@dataclass(frozen=True, slots=True)
class Law:
    """L(N, D) = E + (A/N^alpha + B/D^beta)^gamma, the form that every law here can be written in.

    Hoffmann et al. 2022 and Besiroglu et al. 2024 have gamma = 1. Kaplan et al. 2020 have E = 0, beta = 1,
    gamma = alpha_D and alpha = alpha_N/alpha_D, and their N leaves the embeddings out: `inner` then gives
    what of a model's parameters is left, and is None where all of them count.

    Its methods take one number at a time and raise `ValueError` for what is not finite and above 0.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    gamma: float = 1
    inner: Callable[[float], float] | None = None

    @property
    def has_best(self) -> bool:
        """Whether the law speaks of a budget of compute; Kaplan's joint law does not."""
        return self.inner is None

    @checked
    def counted(self, n_params: float) -> float:
        """What of a model's parameters this law counts."""
        above_zero(n_params=n_params)
        return self.inner(n_params) if self.inner else n_params

    @checked
    def charges(self, n_params: float, n_tokens: float) -> tuple[float, float]:
        """What limited size and what limited data add to the loss, before the outer exponent."""
        above_zero(n_params=n_params, n_tokens=n_tokens)
        return float(self.A / self.counted(n_params) ** self.alpha), float(self.B / n_tokens**self.beta)

    def excess(self, n_params: float, n_tokens: float) -> float:
        """Both charges together."""
        size, data = self.charges(n_params, n_tokens)
        return size + data

    def loss(self, n_params: float, n_tokens: float) -> float:
        """Predicted loss in nats a token, from parameters and tokens as counts: 7e9 and 2e12, not 7 and 2.

        >>> round(Law(1.69, 406.4, 410.7, 0.34, 0.28).loss(70e9, 1.4e12), 4)  # Chinchilla itself
        1.9366
        """
        return float(self.E + self.excess(n_params, n_tokens) ** self.gamma)

    @checked
    def tokens_to_match(self, n_params: float, other_params: float, other_tokens: float) -> float | None:
        """Training tokens at which a model reaches another's loss; None if no amount is enough.

        >>> chinchilla = Law(1.69, 406.4, 410.7, 0.34, 0.28)
        >>> round(chinchilla.tokens_to_match(7241732096, 13015864320, 2e12) / 1e12, 2)
        4.88
        >>> chinchilla.tokens_to_match(1e9, 13015864320, 2e12) is None
        True
        """
        above_zero(n_params=n_params, other_params=other_params, other_tokens=other_tokens)
        size, _ = self.charges(n_params, other_tokens)
        other, data = self.charges(other_params, other_tokens)
        left_for_data = data + (other - size)  # the sizes first: equal ones must need equal tokens
        return float((self.B / left_for_data) ** (1 / self.beta)) if left_for_data > 0 else None

    @checked
    def tokens_for(self, n_params: float, loss: float) -> float | None:
        """Training tokens at which a model of this size reaches a loss; None if no amount is enough.

        >>> chinchilla = Law(1.69, 406.4, 410.7, 0.34, 0.28)
        >>> round(chinchilla.tokens_for(70e9, chinchilla.loss(70e9, 1.4e12)) / 1e12, 3)
        1.4
        """
        above_zero(n_params=n_params)
        if loss <= self.E:
            return None
        size, _ = self.charges(n_params, 1)
        left_for_data = (loss - self.E) ** (1 / self.gamma) - size
        return float((self.B / left_for_data) ** (1 / self.beta)) if left_for_data > 0 else None

    @checked
    def best_tokens(self, n_params: float) -> float | None:
        """Tokens at which a model of this size is the best use of its compute 6ND (Hoffmann et al. 2022).

        There a little more size and a little more data help alike: alpha A/N^alpha = beta B/D^beta. None for
        Kaplan's law, which takes a model trained to its best on D tokens, whatever the compute.

        >>> round(Law(1.69, 406.4, 410.7, 0.34, 0.28).best_tokens(7241732096) / 1e9)
        487
        """
        above_zero(n_params=n_params)
        if not self.has_best:
            return None
        size = self.alpha * self.A / n_params**self.alpha
        return float((self.beta * self.B / size) ** (1 / self.beta))

    def exponents(self) -> tuple[float, float]:
        """How the best size and the best number of tokens grow with compute: N ~ C^a, D ~ C^b.

        >>> tuple(round(x, 2) for x in Law(1.69, 406.4, 410.7, 0.34, 0.28).exponents())
        (0.45, 0.55)
        """
        return self.beta / (self.alpha + self.beta), self.alpha / (self.alpha + self.beta)


def training_flops(n_params: float, n_tokens: float) -> float:
    """FLOPs of training, C = 6ND: 2 for each parameter and token forward, 4 backward (Kaplan et al. 2020).

    >>> f"{training_flops(400e6, 8e9):.3g}"  # the first row of Chinchilla's table 3
    '1.92e+19'
    """
    return 6 * n_params * n_tokens


def serving_flops(n_params: float, n_tokens: float) -> float:
    """FLOPs of reading and writing tokens with a trained model, 2ND (Kaplan et al. 2020).

    >>> serving_flops(7e9, 1e12)
    1.4e+22
    """
    return 2 * n_params * n_tokens


def cheapest(law: Law, loss: float, n_served: float) -> tuple[float, float]:
    """Parameters and training tokens that reach a loss and serve tokens at the least compute.

    The least 6ND + 2NS for S served tokens, among models of this loss (Sardana et al. 2023). Let t be data's
    share of the loss above the floor: N and D follow from it, and along them compute is least where
    3D (alpha (1 - t) / (beta t) - 1) = S. The left side only falls as t grows, so its root is found by
    halving. `ValueError` for a loss at or below the floor, and for a law without one.

    With nothing to serve it is Chinchilla's own optimum:

    >>> chosen = Law(1.69, 406.4, 410.7, 0.34, 0.28)
    >>> n, d = cheapest(chosen, chosen.loss(70e9, chosen.best_tokens(70e9)), 0)
    >>> round(n / 1e9, 6), round(d / chosen.best_tokens(n), 6)
    (70.0, 1.0)
    """
    if not law.has_best or loss <= law.E:
        raise ValueError(f"No size reaches a loss of {loss:.4g} at a least compute under this law.")
    above = loss - law.E

    def tokens(t: float) -> float:
        return float((law.B / (above * t)) ** (1 / law.beta))

    def too_small(t: float) -> bool:  # a share so small that serving this model would be too cheap
        return 3 * tokens(t) * (law.alpha * (1 - t) / (law.beta * t) - 1) > n_served

    low, high = log(1e-12), log(law.alpha / (law.alpha + law.beta))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if too_small(exp(middle)) else (low, middle)
    t = exp(high)
    return float((law.A / (above * (1 - t))) ** (1 / law.alpha)), tokens(t)


def served_for(law: Law, n_params: float, loss: float) -> float | None:
    """Served tokens for which this size is the cheapest way to a loss; None if it is for none.

    The condition of `cheapest`, read from the other end. Below zero a size is too large even to train for.

    >>> chosen = Law(1.81686, 482.00572, 2085.4342, 0.34781, 0.36585)
    >>> n, _ = cheapest(chosen, 2.1, 5e12)
    >>> round(served_for(chosen, n, 2.1) / 1e12, 6)
    5.0
    """
    tokens = law.tokens_for(n_params, loss)
    if tokens is None:
        return None
    size, data = law.charges(n_params, tokens)
    return 3 * tokens * (law.alpha * size / (law.beta * data) - 1)


def served_to_repay(small: tuple[float, float], large: tuple[float, float]) -> float:
    """Served tokens from which a smaller model (parameters, training tokens) costs less than a larger one.

    Where 6ND + 2NS is equal for both; below zero the smaller one costs less whatever is served.

    >>> served_to_repay((1e9, 4e12), (2e9, 1e12)) / 1e12  # 12e21 more to train, 2e9 less a token
    6.0
    """
    extra = training_flops(*small) - training_flops(*large)
    return extra / serving_flops(large[0] - small[0], 1)


def without_embedding(n_params: float, omega: float) -> float:
    """The parameters M outside the embedding of a model of N in all: N = M + omega M^(1/3).

    An embedding grows as the width, all else as its cube (Pearce and Song 2024, omega 47,491 for Chinchilla's
    models). `ValueError` for figures that are not above 0.

    >>> round(without_embedding(73.8e6, 47491) / 1e6)  # width 640, vocabulary 32,000: 53
    56
    """
    above_zero(n_params=n_params, omega=omega)
    root = n_params ** (1 / 3)
    for _ in range(100):  # Newton's method from above, where it only falls
        lower = (2 * root**3 + n_params) / (3 * root**2 + omega)
        if lower >= root:
            break
        root = lower
    return float(root**3)


def equivalent_size(score: float, smaller: tuple[float, float], larger: tuple[float, float]) -> float:
    """Parameters at which a family would score `score`, from two of its members (parameters, score).

    A straight line in the logarithm of size, as in figure 5 of Jiang et al. 2023. `ValueError` if the two
    members score alike.

    >>> round(equivalent_size(60, (1e9, 50), (100e9, 70)) / 1e9, 3)
    10.0
    """
    (n1, score1), (n2, score2) = smaller, larger
    if score1 == score2:
        raise ValueError(f"Both models score {score1}, so their scores say nothing of size.")
    return float(n1 * (n2 / n1) ** ((score - score1) / (score2 - score1)))
