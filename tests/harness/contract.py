"""Whether an answer of the API is what the OpenAPI document says of it: checked by jsonschema, not by our own code."""

import copy
import functools
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from videod.guard.errors import REQUEST_ID
from videod.web import openapi
from videod.web.api import ROUTES

_URI = "urn:videod:openapi"


@functools.cache
def closed() -> dict[str, Any]:
    """The document, in which no object may have a name that is not described."""
    document = copy.deepcopy(openapi.document(ROUTES))
    for schema in document["components"]["schemas"].values():  # type: ignore[index]
        schema["additionalProperties"] = False
    return document


@functools.cache
def _registry() -> Registry:
    return Registry().with_resource(_URI, Resource(contents=closed(), specification=DRAFT202012))


def _absolute(schema: object) -> object:
    """The schema with its references from outside of the document."""
    if isinstance(schema, dict):
        return {name: f"{_URI}{one}" if name == "$ref" else _absolute(one) for name, one in schema.items()}
    return [_absolute(one) for one in schema] if isinstance(schema, list) else schema


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The operation that answers there, None where the document has none."""
    paths: Mapping[str, Any] = closed()["paths"]
    for template in sorted(paths, key=lambda one: "{" in one):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]):
            found = paths[template].get("get" if method == "HEAD" else method.lower())
            return None if found is None else dict(found)
    return None


def _answer(found: dict[str, Any]) -> dict[str, Any]:
    name = found.get("$ref", "").removeprefix("#/components/responses/")
    return dict(closed()["components"]["responses"][name]) if name else found


def check(method: str, path: str, status: int, headers: Mapping[str, str], body: object) -> None:
    """Raises AssertionError or jsonschema's ValidationError. `body`: the JSON, None if there is none."""
    assert headers.get(REQUEST_ID), f"{method} {path}: {status} without a name"
    found = operation(method, path)
    if found is None:
        assert status in (400, 403, 404, 405), f"{method} {path} is not described and answers {status}"
        schema: object = {"$ref": "#/components/schemas/Error"}
    else:
        assert str(status) in found["responses"], f"{method} {path} may not answer {status}: {body}"
        content = _answer(found["responses"][str(status)]).get("content", {})
        if body is None:
            assert "application/json" not in content, f"{method} {path}: {status} without JSON"
            return
        schema = content["application/json"]["schema"]
    if status >= 400:
        assert isinstance(body, dict) and body["request_id"] == headers[REQUEST_ID]
    checker = Draft202012Validator(_absolute(schema), registry=_registry(), format_checker=FormatChecker())
    checker.validate(body)
