"""Prices of tokens and of hours, and the post's words for scores: numbers in, numbers out."""

HOURS = 365.25 * 24 / 12  # of a month
MILLION = 1e6
LABELS = ("Weak", "Moderate", "Good", "Good+")


def bill(tokens: float, input_share: float, input_price: float, output_price: float) -> float:
    """The price of so many tokens, of which `input_share` are read and the rest written; prices a million.

    >>> bill(1e9, 0.25, 0.75, 1.0)
    937.5
    """
    return tokens * (input_share * input_price + (1 - input_share) * output_price) / MILLION


def saving_pct(price: float, baseline: float) -> float | None:
    """What paying `price` instead of `baseline` saves, in percent of the baseline; None if that is free.

    >>> round(saving_pct(0.4, 0.6), 1)
    33.3
    """
    return 100 * (1 - price / baseline) if baseline else None


def rented_per_million(hourly_price: float, tokens_per_second: float, utilisation: float) -> float:
    """The rent of a million tokens on a card that writes so many a second, in a share of the paid hours.

    >>> rented_per_million(3.6, 1000.0, 0.5)
    2.0
    """
    return MILLION * hourly_price / (3600 * tokens_per_second * utilisation)


def size_class(offer: str) -> tuple[float, float]:
    """The billions of parameters an offer is for ("models 3.1B-7B ..."); an empty range if it names a model.

    >>> size_class("models 3.1B-7B (Llama 2 7B)"), size_class("Llama 2 13B chat")
    ((3.1, 7.0), (1.0, 0.0))
    """
    words = offer.split()
    bounds = words[1].split("-") if words[0] == "models" else []
    if len(bounds) != 2:
        return 1.0, 0.0
    return float(bounds[0].rstrip("B")), float(bounds[1].rstrip("B"))


def label(score: float, moderate: float, good: float, plus: float) -> str:
    """The post's word for a score in percent, given where Moderate, Good and Good+ begin.

    >>> label(30.5, 25, 50, 60), label(60.1, 25, 50, 60)
    ('Moderate', 'Good+')
    """
    if score >= max(good, plus):
        return "Good+"
    return "Good" if score >= good else "Moderate" if score >= moderate else "Weak"


def replaces(challenger: str, baseline: str) -> str:
    """Whether one label can stand in for another, in the post's words; Good+ is a shade of Good.

    >>> replaces("Good+", "Good"), replaces("Moderate", "Weak"), replaces("Good", "Good+")
    ('yes', 'yes (and better)', 'no')
    """
    ours, theirs = LABELS.index(challenger), LABELS.index(baseline)
    if ours < theirs:
        return "no"
    return "yes (and better)" if min(ours, 2) > min(theirs, 2) else "yes"
