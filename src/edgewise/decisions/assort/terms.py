"""What an assortment must keep to, as bounds on sums over one store's candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64
from scipy import sparse

from edgewise.decisions.assort.entry import AssortEntry, SupplierTerms
from edgewise.decisions.assort.facts import Facts, Labels
from edgewise.errors import DecisionError, proposal

__all__ = ["IfAny", "Rule", "Terms", "chain_terms", "store_rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """In each row, `low <= sum of weight over what is carried <= high`. `labels` say what the rows are about."""

    name: str
    row: Int64[np.ndarray, " entries"]
    item: Int64[np.ndarray, " entries"]
    weight: Float64[np.ndarray, " entries"]
    low: Float64[np.ndarray, " rows"]
    high: Float64[np.ndarray, " rows"]
    unit: str
    labels: tuple[str, ...]

    def matrix(self, n: int) -> sparse.csr_array:
        """The rows over `n` candidates."""
        return sparse.csr_array((self.weight, (self.row, self.item)), shape=(len(self.low), n))


@dataclass(frozen=True, slots=True)
class IfAny:
    """A supplier of whose articles a store carries none or at least so many."""

    name: str
    items: Int64[np.ndarray, " items"]
    least: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The entry's words as row ids: the same for all stores of a chain."""

    entry: AssortEntry
    must: Int64[np.ndarray, " must"]
    never: Bool[np.ndarray, " articles"]
    category: Labels | None
    supplier: Labels | None
    least: dict[int, int]
    most: dict[int, int]
    suppliers: dict[int, SupplierTerms]
    size: Float64[np.ndarray, " articles"]


def chain_terms(entry: AssortEntry, facts: Facts) -> Terms:
    """Look up every key and label that the entry names.

    Raises:
        DecisionError: one that is not there, or a size that is no positive number.
    """
    articles = facts.articles
    category = None if entry.category is None else articles.labels[entry.category]
    supplier = None if entry.supplier is None else articles.labels[entry.supplier]
    never = np.zeros(len(articles), dtype=bool)
    never[articles.rows(list(entry.must_not), "must_not")] = True
    most = entry.category_most
    by_category = most if isinstance(most, dict) else {}
    everywhere = (
        {} if category is None or not isinstance(most, int) else dict.fromkeys(range(len(category.names)), most)
    )
    if isinstance(most, int) and category is None:
        raise DecisionError(
            "assort: category_most needs a category", hint="name the articles' column under category"
        )
    return Terms(
        entry,
        np.unique(articles.rows(list(entry.must_have), "must_have")),
        never,
        category,
        supplier,
        _coded(category, entry.category_least, "category_least", "category"),
        everywhere | _coded(category, by_category, "category_most", "category"),
        _coded(supplier, entry.suppliers, "suppliers", "supplier"),
        _sizes(entry, facts),
    )


def _coded(labels: Labels | None, said: dict, place: str, column: str) -> dict:
    if said and labels is None:
        raise DecisionError(f"assort: {place} needs a {column}", hint=f"name the articles' column under {column}")
    for name in said:
        if labels is not None and name not in labels.names:
            hint = proposal(name, labels.names, f"such as: {', '.join(labels.names[:5])}")
            raise DecisionError(f"assort: {place}: there is no {column} '{name}'", hint=hint)
    return {} if labels is None else {labels.code(name): value for name, value in said.items()}


def _sizes(entry: AssortEntry, facts: Facts) -> Float64[np.ndarray, " articles"]:
    if entry.size is None:
        return np.ones(len(facts.articles))
    sizes = facts.articles.numbers[entry.size]
    known = np.isfinite(sizes) & (sizes > 0)
    if not known.any():
        raise DecisionError(f"assort: size: '{entry.size}' has no positive numbers", hint="leave it out")
    return np.where(known, sizes, np.median(sizes[known]))  # what says no size is as large as most


def store_rules(
    terms: Terms, candidates: Int32[np.ndarray, " n"], space: float, now: Bool[np.ndarray, " n"]
) -> tuple[list[Rule], list[IfAny]]:
    """The bounds of one store; the first is space. `now` says which candidates it carries now."""
    entry, n = terms.entry, len(candidates)
    size = terms.size[candidates]
    unit = entry.size or "articles"
    rules = [_rule("space", np.zeros(n), np.arange(n), size, -np.inf, [space], unit, ("",))]
    must = np.flatnonzero(np.isin(candidates, terms.must))
    if len(must):
        rules.append(
            _rule("must_have", np.zeros(len(must)), must, 1.0, [float(len(must))], np.inf, "articles", ("",))
        )
    never = np.flatnonzero(terms.never[candidates])
    if len(never):
        rules.append(_rule("must_not", np.zeros(len(never)), never, 1.0, -np.inf, [0.0], "articles", ("",)))
    if terms.category is not None:
        codes = terms.category.codes[candidates]
        rules += _by_label("category_least", terms.category, codes, terms.least, {})
        rules += _by_label("category_most", terms.category, codes, {}, terms.most)
    ifs: list[IfAny] = []
    if terms.supplier is not None and terms.suppliers:
        codes = terms.supplier.codes[candidates]
        least = {code: term.least for code, term in terms.suppliers.items() if term.least}
        most = {code: term.most for code, term in terms.suppliers.items() if term.most is not None}
        rules += _by_label("suppliers: least", terms.supplier, codes, least, {})
        rules += _by_label("suppliers: most", terms.supplier, codes, {}, most)
        ifs = [
            IfAny(terms.supplier.names[code], np.flatnonzero(codes == code), term.if_any)
            for code, term in terms.suppliers.items()
            if term.if_any > 1 and (codes == code).any()
        ]
    if entry.changes is not None and now.any():
        new = np.flatnonzero(~now)
        allowed = entry.changes if entry.changes >= 1 or entry.changes == 0 else np.floor(entry.changes * space)
        empty = max(space - float(size[now].sum()), 0.0)
        rules.append(
            _rule(
                "changes",
                np.zeros(len(new)),
                new,
                1.0,
                -np.inf,
                [float(allowed) + np.floor(empty)],
                "articles",
                ("",),
            )
        )
    return rules, ifs


def _by_label(
    name: str, labels: Labels, codes: Int32[np.ndarray, " n"], least: dict[int, int], most: dict[int, int]
) -> list[Rule]:
    """One row for each label with a bound that can matter."""
    sums = np.bincount(codes[codes >= 0], minlength=len(labels.names))
    bound = [code for code in least if least[code] > 0] or [code for code in most if sums[code] > most[code]]
    if not bound:
        return []
    row_of = np.full(len(labels.names), -1)
    row_of[bound] = np.arange(len(bound))
    items = np.flatnonzero((codes >= 0) & (row_of[codes] >= 0))
    low = [float(least.get(code, 0)) for code in bound]
    high = [float(most.get(code, np.inf)) for code in bound]
    named = tuple(labels.names[code] for code in bound)
    return [_rule(name, row_of[codes[items]], items, 1.0, low, high, "articles", named)]


def _rule(
    name: str, row: np.ndarray, item: np.ndarray, weight: object, low: object, high: object, unit: str,
    labels: tuple[str, ...],
) -> Rule:  # fmt: skip
    rows = len(labels)
    entries = np.asarray(item, dtype=np.int64)
    return Rule(
        name, np.asarray(row, dtype=np.int64), entries,
        np.broadcast_to(np.asarray(weight, dtype=np.float64), entries.shape).copy(),
        np.broadcast_to(np.asarray(low, dtype=np.float64), (rows,)).copy(),
        np.broadcast_to(np.asarray(high, dtype=np.float64), (rows,)).copy(), unit, labels,
    )  # fmt: skip
