"""The OpenAPI document: valid by a validator of others, complete, and served as it is in docs."""

from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.cli.factory import StudioBox, a_full_studio
from tests.harness import contract
from tests.web.caller import Caller, redact
from videod.guard.errors import Code, ErrorCode, Obstacle
from videod.web import openapi
from videod.web.api import ROUTES, build_app


@pytest.fixture
def box(tmp_path: Path):
    made = a_full_studio(tmp_path, 20)
    yield made
    made.close()


async def test_the_document_is_valid_and_served(api: Caller) -> None:
    status, body = await api.get("/api/openapi.json")
    assert status == 200
    assert list(OpenAPIV31SpecValidator(body).iter_errors()) == []
    assert body == openapi.document(ROUTES)


def test_every_path_that_the_server_knows_is_described_and_no_other(box: StudioBox) -> None:
    app = build_app(box.ledger, box.store, box.clock, redact)
    known = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    paths = openapi.document(ROUTES)["paths"]
    assert isinstance(paths, dict)
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {one for one in known if one[0] != "HEAD"} == described


def test_names_of_operations_are_there_once_and_every_code_is_used() -> None:
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)
    document = openapi.document(ROUTES)
    used: set[ErrorCode] = set()
    for answer in document["components"]["responses"].values():  # type: ignore[index]
        codes = answer["content"]["application/json"]["schema"]["properties"]["code"]["enum"]
        used |= {Code(one) if one in Code._value2member_map_ else Obstacle(one) for one in codes}
    # where there is no path, and what the webhook alone says
    assert set(Code) - used == {Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED, Code.UNSIGNED, Code.TOO_OFTEN}


async def test_every_path_that_reads_answers_as_the_document_says(api: Caller) -> None:
    _, tasks = await api.get("/api/tasks")
    ids = [one["id"] for one in tasks["tasks"]]
    for route in ROUTES:
        if route.method == "GET" and route.name != "show_entry":  # of videod's own board alone: see test_drafts
            for name in ids if "{id}" in route.path else [""]:
                status, _ = await api.get(route.path.replace("{id}", name))
                assert status == 200, route.path


def test_an_answer_that_the_document_does_not_know_is_seen() -> None:
    good = {"status": "ok", "version": "1", "pid": 1, "uptime_s": 0}
    named = {"X-Request-ID": "x"}
    contract.check("GET", "/health", 200, named, good)
    for bad in (good | {"more": 1}, good | {"pid": "1"}, {"status": "ok"}, []):
        with pytest.raises(Exception, match=r"pid|more|required|object|version"):
            contract.check("GET", "/health", 200, named, bad)
    with pytest.raises(AssertionError):
        contract.check("GET", "/health", 200, {}, good)
    with pytest.raises(AssertionError):
        contract.check("GET", "/health", 204, named, good)
