"""What pydantic finds wrong, in the voice of this project: the line, the key, the nearest thing that works."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from edgewise.decisions.project.marks import Marked, Place
from edgewise.errors import ProjectError, proposal

__all__ = ["complaint", "fields_of"]

_MISSING: Final = ("missing", "union_tag_not_found")


def complaint(error: ValidationError, marked: Marked, model: type[BaseModel], under: Place = ()) -> ProjectError:
    """The first complaint about the values at `under`, which were read as a `model`."""
    # A misspelt field is both missing and one too many: the latter says more.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    kind, context = first["type"], first.get("ctx", {})
    value = marked.value
    for part in under:
        value = value[part]
    inside = _written(first["loc"], value, kind in _MISSING or kind == "extra_forbidden")
    place, owner = (*under, *inside), _model_at(model, inside[:-1], value)
    if kind == "extra_forbidden":
        hint = proposal(str(place[-1]), owner.model_fields, fields_of(owner)) if owner else None
        return marked.error(place, "there is no such field", hint)
    if kind == "missing":
        about = owner.model_fields[str(place[-1])].description if owner else None
        return marked.error(place, "is missing", about)
    if kind in ("union_tag_invalid", "literal_error"):
        expected = str(context.get("expected_tags", context.get("expected", "")))
        known = [n.strip() for n in expected.replace("'", "").replace(" or ", ", ").split(",")]
        found = str(context.get("tag", first["input"]))
        place = (*place, "rule") if kind == "union_tag_invalid" else place
        hint = proposal(found, known, f"one of: {', '.join(known)}")
        return marked.error(place, f"there is no '{found}' here", hint)
    if kind == "union_tag_not_found":
        return marked.error((*place, "rule"), "is missing", "it says what kind of rule it is: filter, quota, …")
    return marked.error(place, _lowered(first["msg"].removeprefix("Value error, ")), f"found {first['input']!r}")


def fields_of(model: type[BaseModel]) -> str:
    """A hint with the fields of a model."""
    return f"fields: {', '.join(model.model_fields)}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _written(loc: tuple[int | str, ...], value: Any, absent: bool) -> Place:
    """The place as the file has it: without the tags that pydantic puts in for rules and alternatives.

    `absent` says that the last part is a field that is not there, or that should not be.
    """
    place: list[str | int] = []
    for i, part in enumerate(loc):
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        if inside:
            value = value[part]
            place.append(part)
        elif absent and i == len(loc) - 1 and not (isinstance(value, dict) and value.get("rule") == part):
            place.append(part)
    return tuple(place)


def _model_at(model: type[BaseModel], place: Place, value: Any) -> type[BaseModel] | None:
    """The model that a place belongs to, as far as the types of the fields say."""
    kinds: list[Any] = [model]
    for part in place:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
        value = _value(value, part)
        models = [kind for kind in kinds if _is_model(kind)]
        kinds = [kind for kind in models if _tagged(kind, value)] if len(models) > 1 else kinds
    return next((kind for kind in kinds if _is_model(kind)), None)


def _value(value: Any, part: str | int) -> Any:
    if isinstance(value, list) and isinstance(part, int):
        return value[part]
    return value.get(part) if isinstance(value, dict) else None


def _inside(kind: Any, part: str | int) -> Iterator[Any]:
    """The types of what stands at a field, key or position of a type."""
    if _is_model(kind):
        field: FieldInfo | None = kind.model_fields.get(str(part))
        if field is not None:
            yield from _alternatives(field.annotation)
    elif (origin := get_origin(kind)) is not None:
        arguments = [a for a in get_args(kind) if a is not Ellipsis]
        if isinstance(origin, type) and issubclass(origin, Mapping):
            yield from _alternatives(arguments[1])
        elif origin in (list, tuple, set, frozenset):
            yield from _alternatives(arguments[0])


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows, without what only annotates."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _tagged(model: type[BaseModel], value: Any) -> bool:
    """Whether the words that a model allows for its tags are those of the value."""
    fields = {name: field.annotation for name, field in model.model_fields.items()}
    tags = {name: get_args(kind) for name, kind in fields.items() if get_origin(kind) is Literal}
    return isinstance(value, dict) and all(value[name] in tags[name] for name in tags if name in value)
