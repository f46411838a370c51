"""Days between dates that are known to the day, the month or the year."""

from datetime import date, timedelta

DAYS_PER_MONTH = 365.25 / 12


def bounds(day: str) -> tuple[date, date]:
    """First and last day an ISO date can mean: any day of its month, or of its year, if it names no more.

    `ValueError` for what is no date.

    >>> bounds("2023-04")
    (datetime.date(2023, 4, 1), datetime.date(2023, 4, 30))
    """
    if len(day) == len("2023"):
        return date.fromisoformat(f"{day}-01-01"), date.fromisoformat(f"{day}-12-31")
    if len(day) == len("2023-04"):
        first = date.fromisoformat(f"{day}-01")
        next_month = (first + timedelta(31)).replace(day=1)
        return first, next_month - timedelta(1)
    exact = date.fromisoformat(day)
    return exact, exact


def days_between(start: str, end: str) -> tuple[int, int]:
    """Fewest and most days from one ISO date to another; negative where the second comes first.

    >>> days_between("2023-06-13", "2023-09-27"), days_between("2023-04", "2023-09-27")
    ((106, 106), (150, 179))
    """
    (first, last), (early, late) = bounds(start), bounds(end)
    return (early - last).days, (late - first).days


def months(days: int) -> float:
    """Days as months of 365.25 / 12 days.

    >>> round(months(106), 2)
    3.48
    """
    return days / DAYS_PER_MONTH


def spoken(day: str) -> str:
    """An ISO date in words, as precise as it is.

    >>> spoken("2023-04"), spoken("2023-09-27"), spoken("2024")
    ('April 2023', '27 September 2023', '2024')
    """
    first, last = bounds(day)
    if first == last:
        return f"{first.day} {first:%B %Y}"
    return f"{first:%B %Y}" if first.month == last.month else f"{first:%Y}"
