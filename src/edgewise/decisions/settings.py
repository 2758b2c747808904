"""What a decision is made with: what the project declares or the tables propose, and what is set over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from edgewise.decisions.project.complaint import complaint
from edgewise.decisions.project.marks import Marked
from edgewise.decisions.registry import Kind
from edgewise.errors import ArgumentError, UserError
from edgewise.schema.model import Schema

__all__ = ["entry_for"]


def entry_for(
    kind: Kind, schema: Schema, declared: BaseModel | None, settings: Mapping[str, Any], said_in: str = "settings"
) -> BaseModel:
    """The entry to decide with: the declared one, or else what the schema proposes, under the settings.

    A setting's name may have dots, for a value inside another: `costs.late`. `said_in` names the settings in
    complaints.

    Raises:
        UserError: nothing is declared, and the tables do not have what the decision needs.
        ArgumentError: a setting that does not exist, or a wrong value.
    """
    if declared is not None:
        return _with(kind.entry, declared.model_dump(mode="json"), settings, said_in)
    try:
        base = kind.propose(schema).model_dump(mode="json")
    except UserError:
        # the settings may say all that the tables do not
        if settings and _complete(kind.entry, settings):
            return _with(kind.entry, {}, settings, said_in)
        raise
    return _with(kind.entry, base, settings, said_in)


def _with(model: type[BaseModel], base: dict[str, Any], settings: Mapping[str, Any], said_in: str) -> BaseModel:
    values = _set(model, base, settings)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        told = complaint(error, Marked(values, {}, said_in), model)
        raise ArgumentError(told.message, hint=told.hint) from error


def _complete(model: type[BaseModel], settings: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(_set(model, {}, settings))
    except ValidationError:
        return False
    return True


def _set(model: type[BaseModel], base: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(base)
    for name, value in settings.items():
        path = [name] if name in model.model_fields else name.split(".")
        inside = values
        for part in path[:-1]:
            found = inside.get(part)
            inside[part] = dict(found) if isinstance(found, dict) else {}
            inside = inside[part]
        inside[path[-1]] = value
    return values
