"""Who asks: the bearer token, its channel, and whether its scopes allow the call."""

from aiohttp import web

from videod.sandbox import google
from videod.sandbox.kernel import Context
from videod.sandbox.youtube import errors

_FULL = frozenset(google.SCOPE_ROOT + name for name in ("youtube", "youtube.force-ssl"))
UPLOAD = _FULL | {google.SCOPE_ROOT + "youtube.upload"}
READ = _FULL | {google.SCOPE_ROOT + "youtube.readonly"}
WRITE = _FULL
CAPTIONS = frozenset({google.SCOPE_ROOT + "youtube.force-ssl"})


def channel_of(context: Context, request: web.Request, scopes: frozenset[str]) -> str:
    """The channel the request's token belongs to. Raises Denied (401 without a valid token, 403 without the scope)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    facts = google.token_facts(context, token) if scheme.lower() == "bearer" else None
    if facts is None:
        raise errors.unauthorized()
    if not facts.scopes & scopes:
        raise errors.insufficient()
    return facts.channel


def project_of(context: Context, request: web.Request) -> str:
    """The Google project whose quota the request uses; "" for the one without a name."""
    facts = google.token_facts(context, request.headers.get("Authorization", "").partition(" ")[2])
    return "" if facts is None else facts.project
