"""Do this book's own figures hold against the outside?"""

from smallmodels.outside.formulas import off_pct, ratio
from smallmodels.outside.records import KINDS, UTILISATION, Check, checks, every, kinds
from smallmodels.outside.tables import predictions

__all__ = [
    "KINDS",
    "UTILISATION",
    "Check",
    "checks",
    "every",
    "kinds",
    "off_pct",
    "predictions",
    "ratio",
]
