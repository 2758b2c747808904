"""The table of cases."""

from __future__ import annotations

from typing import Final

from benchmarks.cases.next_purchase import NextPurchase
from benchmarks.cases.nouns import Case

__all__ = ["CASES"]

CASES: Final[dict[str, Case]] = {case.name: case for case in (NextPurchase(),)}
