"""Was the post right?"""

from smallmodels.claims import laws, machine, money, scores  # each registers its judges
from smallmodels.claims.formulas import about, of_lead, of_leads, of_parts
from smallmodels.claims.records import (
    NAMES,
    PAPER,
    Assumptions,
    Board,
    Judgement,
    Ruling,
    Turn,
    choices,
    ruled,
)
from smallmodels.claims.tables import SUBJECTS, board, of_chapter, subjects

__all__ = [
    "NAMES",
    "PAPER",
    "SUBJECTS",
    "Assumptions",
    "Board",
    "Judgement",
    "Ruling",
    "Turn",
    "about",
    "board",
    "choices",
    "laws",
    "machine",
    "money",
    "of_chapter",
    "of_lead",
    "of_leads",
    "of_parts",
    "ruled",
    "scores",
    "subjects",
]
