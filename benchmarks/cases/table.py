"""The table of cases, in the order of the page."""

from __future__ import annotations

from typing import Final

from benchmarks.cases.cold import COLD
from benchmarks.cases.collections import COLLECTIONS
from benchmarks.cases.formula_one import FORMULA_ONE
from benchmarks.cases.households import ENTITY_CASES
from benchmarks.cases.next_purchase import NextPurchase
from benchmarks.cases.nouns import Case

__all__ = ["CASES"]

CASES: Final[dict[str, Case]] = {
    case.name: case for case in (NextPurchase(), *ENTITY_CASES, *FORMULA_ONE, *COLLECTIONS, *COLD)
}
