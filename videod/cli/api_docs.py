"""The parts of docs/api.md that come from the code, and docs/openapi.json: the paths of the API and its errors."""

from videod.cli.markdown import table


def paths() -> str:
    """Every path, those that read first."""
    from videod.web.api import ROUTES

    found = sorted(ROUTES, key=lambda route: route.method != "GET")
    rows = ((route.method, f"`{route.path}`", route.about) for route in found)
    return table(("method", "path", "what it does"), rows)


def codes() -> str:
    """Every code of an error: the general ones, then what may stand in the way of a change."""
    from videod.core.wishes import Obstacle
    from videod.guard.errors import Code, status_of
    from videod.web.openapi import meaning

    rows = ((f"`{code.value}`", str(status_of(code)), meaning(code)) for code in (*Code, *Obstacle))
    return table(("code", "HTTP status", "meaning"), rows)


def document() -> str:
    """The OpenAPI document."""
    from videod.web import openapi
    from videod.web.api import ROUTES

    return openapi.text(ROUTES)
