"""How far a prediction is from a measurement: numbers in, numbers out."""


def ratio(predicted: float, measured: float) -> float:
    """Measured over predicted: 1 where they agree, above 1 where the prediction is too low.

    >>> ratio(200.0, 100.0)
    0.5
    """
    return measured / predicted


def off_pct(predicted: float, measured: float) -> float:
    """How far the measured lies from the predicted, in percent of the predicted.

    >>> round(off_pct(200.0, 190.0), 9)
    5.0
    """
    return 100 * abs(measured / predicted - 1)
