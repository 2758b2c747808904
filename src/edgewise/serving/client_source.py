"""The Python client, written from the OpenAPI description: a frozen dataclass a body, a method a route.

A generator of our own, because what it writes is small and has two dependencies that the package has anyway
(pydantic reads the answers, httpx2 carries them). A test asserts that `client.py` and `client_bodies.py` are what
it writes.
"""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["client_sources"]

_HEAD: Final = '''"""A typed client of the service, written by `client_source.py` from the OpenAPI description.

    with Client("http://127.0.0.1:8000", key="ew_…") as client:
        page = client.home("user-1")
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2

'''

_BODIES: Final = '''"""What the client sends and gets, by `client_source.py` from the OpenAPI description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

'''

_ERROR: Final = '''

class ServiceError(Exception):
    """What the service refuses: the HTTP status and the words of its error envelope."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status}: {error.get('message')}")
        self.status = status
        self.message = error.get("message")
        self.hint = error.get("hint")
        self.place = error.get("place")
        self.request = error.get("request")
'''

_BASE: Final = '''

class Body(BaseModel):
    """A body of a request or an answer. Fields of a later version of the service are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
'''

_CLIENT: Final = '''

class Client:
    """A connection to a service, kept open: use it as a context, or call `close`."""

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, transport: Any = None) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _call(self, method: str, path: str, query: dict[str, Any], body: Body | None = None) -> httpx2.Response:
        asked = {name: value for name, value in query.items() if value is not None}
        content = None if body is None else body.model_dump_json(exclude_unset=True)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        answer = self._http.request(method, path, params=asked, content=content, headers=headers)
        if answer.status_code >= 400:
            try:
                error = answer.json()["error"]
            except (ValueError, KeyError, TypeError):
                error = {"message": answer.text[:200]}
            raise ServiceError(answer.status_code, error)
        return answer
'''
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_ERRORS: Final = frozenset({"ErrorBody", "ErrorEnvelope", "HTTPValidationError", "ValidationError"})


def client_sources(description: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the client's two modules by file name, from an OpenAPI 3.1 description."""
    schemas = {n: s for n, s in description["components"]["schemas"].items() if n not in _ERRORS}
    names = sorted([*schemas, "Body"])
    bodies = "".join(_body(name, schemas[name]) for name in sorted(schemas))
    methods = "".join(
        _method(path, verb, operation)
        for path, item in description["paths"].items()
        for verb, operation in item.items()
    )
    imported = "".join(f"    {name},\n" for name in names)
    taken = f"from edgewise.serving.client_bodies import (\n{imported})\n\n"
    everything = _exported(sorted([*names, "Client", "ServiceError"]))
    return {
        "client.py": f"{_HEAD}{taken}{everything}{_ERROR}{_CLIENT}{methods}",
        "client_bodies.py": f"{_BODIES}{_exported(names)}{_BASE}{bodies}",
    }


def _exported(names: list[str]) -> str:
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in names) + "]\n\n"


def _body(name: str, schema: Mapping[str, Any]) -> str:
    fields = "".join(_field(field, what, schema) for field, what in schema["properties"].items())
    about = (schema.get("description") or name).strip().split("\n\n")[0]
    return f'\n\nclass {name}(Body):\n    """{" ".join(about.split())}"""\n\n{fields}'


def _field(name: str, what: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    default = "" if name in schema.get("required", ()) else f" = {what.get('default')!r}"
    if default == " = None" and "None" not in _type(what):
        default = " = []" if what.get("type") == "array" else default
    return f"    {name}: {_type(what)}{default}\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(one) for one in schema[several]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(repr(v) for v in values)}]".replace("'", '"')
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema['items'])}]"
    return _PLAIN.get(str(kind), "Any" if kind is None else "dict[str, Any]")


def _method(path: str, verb: str, operation: Mapping[str, Any]) -> str:
    found = list(_parameters(operation))
    body = operation.get("requestBody")
    takes = [f"{name}: {kind}" for name, kind, place, _ in found if place == "path"]
    if body is not None:
        takes.append(f"body: {_type(body['content']['application/json']['schema'])}")
    asked = [(name, kind, default) for name, kind, place, default in found if place == "query"]
    takes += [f"{name}: {kind}" for name, kind, default in asked if default is None]
    takes += [f"{name}: {kind} = {default}" for name, kind, default in asked if default is not None]
    place = re.sub(r"\{(\w+)\}", r'{quote(\1, safe="")}', path)
    place = f'f"{place}"'.replace('quote(key, safe="")', "quote(key, safe='')") if "{" in place else f'"{place}"'
    query = "{" + ", ".join(f'"{name}": {name}' for name, _, _ in asked) + "}"
    given = ", body" if body is not None else ""
    answer = operation["responses"]["200"].get("content", {})
    kind = _type(answer["application/json"]["schema"]) if "application/json" in answer else "str"
    call = f'self._call("{verb.upper()}", {place}, {query}{given})'
    result = f"{call}.text" if kind == "str" else f"{kind}.model_validate_json({call}.content)"
    about = textwrap.fill(" ".join(operation["description"].split()), 100, subsequent_indent=" " * 8)
    signature = ", ".join(["self", *takes])
    head = f"def {operation['operationId']}({signature}) -> {kind}:"
    return f'\n    {head}\n        """{about}"""\n        return {result}\n'


def _parameters(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """Name, type, place and default (as text) of each parameter."""
    for parameter in operation.get("parameters", ()):
        name = parameter["name"] + ("_" if keyword.iskeyword(parameter["name"]) else "")
        schema = parameter["schema"]
        default = None if parameter.get("required") else repr(schema.get("default")).replace("'", '"')
        yield name, _type(schema), parameter["in"], default
