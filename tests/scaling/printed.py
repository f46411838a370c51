"""The laws as their papers print them, typed apart from the book's."""

import math

MISTRAL_7B, LLAMA_2_13B = 7_241_732_096, 13_015_864_320
# Counted by hand: 32 (or 40) layers of Q, K, V, O, three matrices and two norms, and the last norm.
WITHOUT_EMBEDDINGS = {
    MISTRAL_7B: 32 * (2 * 4096**2 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096) + 4096,
    LLAMA_2_13B: 40 * (4 * 5120**2 + 3 * 5120 * 13824 + 2 * 5120) + 5120,
}
# Constants as the papers and the notebook print them; every formula below is typed apart from the book's.
PRINTED = {
    "chinchilla": (1.69, 406.4, 410.7, 0.34, 0.28),
    "chinchilla-unrounded": (*map(math.exp, (0.5267228, 6.0073404, 6.0179186)), 0.33917084, 0.2849083),
    "besiroglu": (1.81686, 482.00572, 2085.4342, 0.34781, 0.36585),
}  # fmt: skip


def independent_loss(law, n, d):
    """The laws as their papers write them, for one of the post's two models."""
    if law == "kaplan-joint":
        n = WITHOUT_EMBEDDINGS[n]
        return ((6.4e13 / n) ** (0.076 / 0.103) + 1.8e13 / d) ** 0.103
    e, a, b, alpha, beta = PRINTED[law]
    return e + a / n**alpha + b / d**beta


def bisected(function, low, high):
    """Where a falling function crosses zero, between the logarithms of two positive numbers."""
    low, high = math.log(low), math.log(high)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(math.exp(middle)) > 0 else (low, middle)
    return math.exp(low)


def by_name(table):
    """The rows of a table as plain values, in order."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(table.values, names), strict=True)]


def independent_compute(law, loss, n, served):
    """6ND + 2NS of a model of n parameters that is trained to a loss, with the printed constants."""
    e, a, b, alpha, beta = PRINTED[law]
    left = loss - e - a / n**alpha
    return 6 * n * (b / left) ** (1 / beta) + 2 * n * served if left > 0 else math.inf


def independent_loss_of(law, n, d):
    e, a, b, alpha, beta = PRINTED[law]
    return e + a / n**alpha + b / d**beta
