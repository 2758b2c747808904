"""YAML with the line of every value, so that complaints can point."""

from __future__ import annotations

from typing import Any

import yaml

from edgewise.errors import ProjectError

__all__ = ["Marked", "Place", "load"]

#: Where a value is: the keys and positions that lead to it.
Place = tuple[str | int, ...]


class Marked:
    """Plain values out of YAML, and the line (from 1) of each."""

    def __init__(self, value: Any, lines: dict[Place, int], where: str) -> None:
        self.value = value
        self.where = where
        self._lines = lines

    def error(self, place: Place, message: str, hint: str | None = None) -> ProjectError:
        """A complaint that names the file, the line and the key."""
        known = next((place[:n] for n in range(len(place), -1, -1) if place[:n] in self._lines), None)
        line = f", line {self._lines[known]}" if known is not None else ""
        path = ".".join(str(part) for part in place)
        return ProjectError(f"{self.where}{line}: {path + ': ' if path else ''}{message}", hint=hint)


def load(text: str, where: str) -> Marked:
    """Read YAML.

    Raises:
        ProjectError: it is no YAML, or a key is written twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        value = _read(loader, node, (), lines, where) if node is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        cause = getattr(error, "problem", None) or str(error)
        raise ProjectError(f"{where}{line}: {cause}", hint="it is read as YAML") from error
    finally:
        loader.dispose()
    return Marked(value, lines, where)


def _read(loader: yaml.SafeLoader, node: yaml.Node, place: Place, lines: dict[Place, int], where: str) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                raise ProjectError(f"{where}, line {line}: {key}: is written twice", hint="delete one")
            lines[(*place, key)] = line
            found[key] = _read(loader, value_node, (*place, key), lines, where)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_read(loader, child, (*place, i), lines, where) for i, child in enumerate(node.value)]
    return loader.construct_object(node, deep=True)
