"""Put a SELECT in the place of a table, wherever a query names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import expressions as exp

__all__ = ["inline", "tables_named"]


def inline(tree: exp.Expression, selects: Mapping[str, exp.Query]) -> Any:
    """A copy of the tree in which each mention of a table of `selects` (by folded name) is that SELECT.

    The SELECTs themselves are left as they are: a table's own name inside its SELECT means the table.
    """
    tree = tree.copy()
    for table in tables_named(tree):
        select = selects.get(table.name.casefold())
        if select is not None:
            alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name, quoted=True))
            table.replace(exp.Subquery(this=select.copy(), alias=alias, joins=table.args.get("joins")))
    return tree


def tables_named(tree: exp.Expression) -> list[exp.Table]:
    """The tables of a tree that are neither qualified, nor functions, nor its own WITH names."""
    own = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not table.db and table.name.casefold() not in own
    ]
