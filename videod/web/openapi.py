"""The OpenAPI 3.1 document, made from the routes themselves. `GET /api/openapi.json` and docs/openapi.json are this."""

import json
from collections.abc import Iterable, Mapping, Sequence

from videod import __version__
from videod.core.wishes import Obstacle
from videod.guard.errors import CODES, OBSTACLES, REQUEST_ID, Code, ErrorCode, status_of
from videod.web import metrics, shapes, token
from videod.web.routes import Route
from videod.web.schema import Schema, schema_of
from videod.web.values import body_schema, query_schema

PATH = "/api/openapi.json"
_ABOUT = (
    "What videod works on, what it costs and what waits for you, and every change that the command line can make."
    " The Unix socket in the state folder answers everything, to videod's user and root with the secret of"
    " `control.token`. The port on 127.0.0.1, if `[daemon] http_port` opens one, only reads and needs no secret."
    " videod cleans all text: it removes control, bidirectional formatting and private-use characters, and turns white"
    " space into single spaces (`topic` and `direction` keep their line breaks). If nothing is left, the request is"
    " refused with `invalid`."
)
#: what every path may answer, every path that reads a query or a body, every change
_EVERY: tuple[ErrorCode, ...] = (
    Code.MALFORMED, Code.WRONG_HOST, Code.WRONG_USER, Code.WRONG_TOKEN, Code.EXPECTATION_FAILED, Code.INTERNAL,
    Code.BUSY,
)  # fmt: skip
_CHANGE: tuple[ErrorCode, ...] = (Code.OTHER_PAGE, Code.READ_ONLY, Code.TOO_LARGE, Code.NOT_JSON)
_HEADERS = {REQUEST_ID: {"$ref": f"#/components/headers/{REQUEST_ID}"}}


def meaning(code: ErrorCode) -> str:
    return OBSTACLES[code] if isinstance(code, Obstacle) else CODES[code][1]


class _Refusals:
    """The answers to what is not taken, each said once: status and codes -> the name of the answer."""

    def __init__(self, error: Schema) -> None:
        self._error = error
        self._names: dict[tuple[int, tuple[ErrorCode, ...]], str] = {}
        self.described: dict[str, Schema] = {}

    def reference(self, status: int, codes: tuple[ErrorCode, ...]) -> Schema:
        name = self._names.get((status, codes))
        if name is None:
            others = sum(one == status for one, _ in self._names)
            name = f"Error{status}{chr(ord('a') + others) if others else ''}"
            self._names[status, codes] = name
            narrowed = self._error | {"properties": {"code": {"enum": [one.value for one in codes]}}}
            self.described[name] = {
                "description": "; ".join(f"`{one.value}`: {meaning(one)}" for one in codes), "headers": _HEADERS,
                "content": {"application/json": {"schema": narrowed}},
            }  # fmt: skip
        return {"$ref": f"#/components/responses/{name}"}


def document(routes: Iterable[Route]) -> Schema:
    """The document of these routes."""
    named: dict[str, Schema] = {}
    refusals = _Refusals(schema_of(shapes.ErrorBody, named))
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, named, refusals)
    properties = named["Error"]["properties"]
    assert isinstance(properties, dict)
    properties["code"] = {"type": "string", "enum": [one.value for one in (*Code, *Obstacle)]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "videod", "version": __version__, "description": _ABOUT,
                 "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [
            {"url": "http://videod", "description": "The Unix socket `videod.sock` in the state folder."},
            {"url": "http://127.0.0.1:{port}", "description": "For reading only, if `[daemon] http_port` is set.",
             "variables": {"port": {"default": "8080"}}},
        ],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": _components(named, refusals),
    }  # fmt: skip


def _components(named: Mapping[str, Schema], refusals: _Refusals) -> Schema:
    name = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"}
    return {
        "schemas": dict(sorted(named.items())),
        "responses": dict(sorted(refusals.described.items())),
        "headers": {
            REQUEST_ID: {"description": "The request's name, in its log records too.", "required": True, "schema": name}
        },
        "parameters": {REQUEST_ID: {
            "name": REQUEST_ID, "in": "header", "required": False, "schema": {"type": "string"},
            "description": "A name for the request: up to 128 letters, digits, `.`, `_` and `-`. Another one is made if"
            " it is missing or has a different form.",
        }},
        "securitySchemes": {"token": {
            "type": "apiKey", "in": "header", "name": token.HEADER,
            "description": "On the Unix socket: the content of `control.token`.",
        }},
    }  # fmt: skip


def _operation(route: Route, named: dict[str, Schema], refusals: _Refusals) -> Schema:
    found: Schema = {
        "operationId": route.name, "summary": route.about,
        "parameters": [*_path_parameters(route.path), *query_schema(route.query),
                       {"$ref": f"#/components/parameters/{REQUEST_ID}"}],
        "responses": _responses(route, named, refusals),
    }  # fmt: skip
    if route.method == "POST":
        needed = any(field.required for field in route.fields.values())
        content = {"application/json": {"schema": body_schema(route.fields)}}
        found["requestBody"] = {"required": needed, "content": content}
    return found


def _path_parameters(path: str) -> Sequence[Schema]:
    words = {
        "tasks": "An episode's ID, or the ID of its page in Notion.", "services": "A service, or `all`.",
        "channels": "A channel's ID.", "entries": "The ID of an entry on the board.",
    }  # fmt: skip
    return [
        {"name": "id", "in": "path", "required": True, "description": words[path.split("/")[2]],
         "schema": {"type": "string", "minLength": 1}}
        for part in path.split("/") if part == "{id}"
    ]  # fmt: skip


def _responses(route: Route, named: dict[str, Schema], refusals: _Refusals) -> Schema:
    found: Schema = {"200": {"description": "Done.", "headers": _HEADERS, "content": _content(route, named)}}
    if route.method == "GET" and route.answer is not None:
        found["304"] = {"description": "Unchanged since the answer with this ETag.", "headers": _HEADERS}
    by_status: dict[int, list[ErrorCode]] = {}
    more = _CHANGE if route.method == "POST" else ()
    checked = (Code.INVALID,) if route.path.startswith("/api/") else ()
    for code in dict.fromkeys((*_EVERY, *checked, *more, *route.codes)):
        by_status.setdefault(status_of(code), []).append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = refusals.reference(status, tuple(codes))
    return found


def _content(route: Route, named: dict[str, Schema]) -> Mapping[str, object]:
    if route.answer is None:
        return {metrics.CONTENT_TYPE.partition(";")[0]: {"schema": {"type": "string"}}}
    if route.path == PATH:
        return {"application/json": {"schema": {"type": "object"}}}
    return {"application/json": {"schema": schema_of(route.answer, named)}}


def text(routes: Iterable[Route]) -> str:
    """The document as a file holds it."""
    return json.dumps(document(routes), indent=1, sort_keys=False) + "\n"
