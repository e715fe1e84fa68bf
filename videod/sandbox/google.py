"""Google's OAuth: the token endpoint, revocation and a consent page that agrees at once.

The refresh token of channel C is "sandbox-refresh-C", with every scope; the consent page hands out others. An
access token carries its own facts under a seal, so that the simulated YouTube checks it without asking here
(`token_facts`). Besides the client "sandbox-client" there is one for each Google project that somebody names:
"sandbox-client-NAME" with the secret "sandbox-client-secret-NAME"; a consent works with its own client only. The
refresh token of channel C in such a project is "sandbox-refresh-C@NAME". While a project is in Testing (`set`),
consents that are given to it end after seven days. Faults of its own: invalid_grant (the token endpoint says that
the refresh token is dead), other_channel (at the consent page the person chooses the channel named in `body`),
fewer_scopes (and leaves all boxes but the one named in `body`, such as "youtube.upload", unticked).
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from videod.sandbox.kernel import Context, traffic

FAULT_KINDS = ("invalid_grant", "other_channel", "fewer_scopes")
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-client-secret"
REFRESH_PREFIX = "sandbox-refresh-"
DEFAULT_CHANNEL = "sandbox"
SCOPE_ROOT = "https://www.googleapis.com/auth/"
_EVERY = ("youtube.upload", "youtube.readonly", "youtube", "youtube.force-ssl", "yt-analytics.readonly")
EVERY_SCOPE = " ".join(f"{SCOPE_ROOT}{name}" for name in _EVERY)
LIFE_S = 3599
#: how long a consent works while its project is in Testing, seconds
TESTING_S = 604_799
#: how the project without a name is named where its state is set
UNNAMED = "default"
CODE_LIFE_MS = 600_000
_SEAL = b"videod sandbox access token"


@dataclass(frozen=True)
class TokenFacts:
    """Whose token it is (`channel`), what it may do (`scopes`, full addresses), which refresh token it came from, and
    whose quota it uses (`project`, "" for the one without a name)."""

    channel: str
    scopes: frozenset[str]
    grant: str
    project: str = ""


def _sealed(payload: str) -> str:
    return hmac.new(_SEAL, payload.encode(), hashlib.sha256).hexdigest()[:24]


def _grant_mark(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:16]


def token_facts(context: Context, access_token: str) -> TokenFacts | None:
    """The facts of a valid access token, or None: not ours, expired, or its grant revoked."""
    head, _, seal = access_token.removeprefix("ya29.").rpartition(".")
    if not access_token.startswith("ya29.") or not hmac.compare_digest(seal, _sealed(head)):
        return None
    facts = json.loads(base64.urlsafe_b64decode(head))
    if facts["until_ms"] <= context.now_ms() or facts["grant"] in context.load("google").get("revoked", []):
        return None
    return TokenFacts(facts["channel"], frozenset(facts["scope"].split()), facts["grant"], facts.get("project", ""))


def access_token(context: Context, channel: str, scope: str, refresh_token: str, project: str = "") -> str:
    facts = {
        "channel": channel, "scope": scope, "grant": _grant_mark(refresh_token),
        "until_ms": context.now_ms() + LIFE_S * 1000, "salt": secrets.token_hex(4),
        "project": project,
    }  # fmt: skip
    head = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()
    return f"ya29.{head}.{_sealed(head)}"


def project_of(client_id: str, secret: str | None = None) -> str | None:
    """The project of an OAuth client; None where there is no such client, or `secret` is given and not its own."""
    found = re.fullmatch(re.escape(CLIENT_ID) + r"(?:-([a-z0-9][a-z0-9_]{0,31}))?", client_id)
    if found is None:
        return None
    project = found[1] or ""
    own = f"{CLIENT_SECRET}-{project}" if project else CLIENT_SECRET
    return project if secret in (None, own) else None


def _error(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


class Google:
    def __init__(self, context: Context) -> None:
        self._context = context
        state = context.load("google")
        self._grants: dict[str, dict[str, str]] = state.get("grants", {})
        self._codes: dict[str, dict[str, Any]] = state.get("codes", {})
        self._revoked: list[str] = state.get("revoked", [])
        self._testing: list[str] = state.get("testing", [])
        context.switches["google"] = self.set

    def _save(self) -> None:
        kept = {"grants": self._grants, "codes": self._codes, "revoked": self._revoked, "testing": self._testing}
        self._context.save("google", kept)

    def set(self, what: str, body: dict[str, Any]) -> object:
        """What the admin address sets: projects/NAME {"testing": true}. Raises ValueError with a sentence."""
        kind, _, name = what.partition("/")
        if kind != "projects" or not name or not isinstance(body.get("testing"), bool):
            raise ValueError(f'there is no {what!r}. There is projects/NAME with {{"testing": true}} or false')
        project = "" if name == UNNAMED else name
        self._testing = [one for one in self._testing if one != project] + ([project] if body["testing"] else [])
        self._save()
        return {"project": name, "testing": body["testing"]}

    async def consent(self, request: web.Request) -> web.Response:
        """The page where a person would agree; agrees for the channel named by login_hint (its part before an @)."""
        asked = request.query
        target = asked.get("redirect_uri", "")
        if (project := project_of(asked.get("client_id", ""))) is None:
            return web.Response(status=401, text="Error 401: invalid_client. The OAuth client was not found.")
        host = urlsplit(target).hostname
        if urlsplit(target).scheme != "http" or host not in ("127.0.0.1", "localhost", "::1"):
            return web.Response(
                status=400, text="Error 400: redirect_uri_mismatch. A desktop app uses http://127.0.0.1"
            )
        if asked.get("response_type") != "code" or not asked.get("scope"):
            return web.Response(status=400, text="Error 400: invalid_request. response_type=code and scope are needed")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            return web.Response(status=400, text="Error 400: invalid_request. code_challenge_method must be S256")
        hint = re.sub(r"[^\w-]", "", asked.get("login_hint", "").split("@")[0])
        chosen = self._context.faults.take("google", "GET /o/oauth2/v2/auth", ("other_channel",))
        ticked = self._context.faults.take("google", "GET /o/oauth2/v2/auth", ("fewer_scopes",))
        scope = asked["scope"] if ticked is None else f"{SCOPE_ROOT}{ticked.body or 'youtube.upload'}"
        code = "4/" + secrets.token_urlsafe(24)
        self._codes[code] = {
            "channel": (chosen.body if chosen else "") or hint or DEFAULT_CHANNEL, "scope": scope,
            "redirect_uri": target, "project": project,
            "challenge": asked.get("code_challenge", ""), "offline": asked.get("access_type") == "offline",
            "until_ms": self._context.now_ms() + CODE_LIFE_MS,
        }  # fmt: skip
        self._save()
        answer = {"code": code, "scope": scope} | ({"state": asked["state"]} if "state" in asked else {})
        raise web.HTTPFound(f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}")

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        client = self._client(request, form)
        if (project := project_of(*client)) is None:
            return _error(401, "invalid_client", "The OAuth client was not found.")
        if self._context.faults.take("google", "POST /token", ("invalid_grant",)) is not None:
            return _error(400, "invalid_grant", "Token has been expired or revoked.")
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form.get("refresh_token", ""), project)
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form, project)
        return _error(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")

    @staticmethod
    def _client(request: web.Request, form: dict[str, str]) -> tuple[str, str]:
        """Id and secret from the form, or from basic authentication, which Google takes as well."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and "client_id" not in form:
            name, _, secret = base64.b64decode(value + "===").decode(errors="replace").partition(":")
            return name, secret
        return form.get("client_id", ""), form.get("client_secret", "")

    def _refresh(self, refresh_token: str, project: str) -> web.Response:
        grant = self._grants.get(refresh_token)
        if grant is None and re.fullmatch(REFRESH_PREFIX + r"[\w-]{1,80}(@[a-z0-9_]{1,32})?", refresh_token):
            channel, _, own = refresh_token.removeprefix(REFRESH_PREFIX).partition("@")
            grant = {"channel": channel, "scope": EVERY_SCOPE, "project": own}
        if grant is None or _grant_mark(refresh_token) in self._revoked:
            return _error(400, "invalid_grant", "Token has been expired or revoked.")
        if grant.get("project", "") != project:
            return _error(401, "unauthorized_client", "Unauthorized")
        if "until_ms" in grant and int(grant["until_ms"]) <= self._context.now_ms():
            return _error(400, "invalid_grant", "Token has been expired or revoked.")
        return self._granted(grant, refresh_token, {})

    def _exchange(self, form: dict[str, str], project: str) -> web.Response:
        kept = self._codes.pop(form.get("code", ""), None)
        self._save()
        if kept is None or kept["until_ms"] <= self._context.now_ms():
            return _error(400, "invalid_grant", "Malformed auth code.")
        if kept.get("project", "") != project:
            return _error(401, "unauthorized_client", "Unauthorized")
        if form.get("redirect_uri") != kept["redirect_uri"]:
            return _error(400, "redirect_uri_mismatch", "Bad Request")
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if kept["challenge"] and not hmac.compare_digest(challenge, kept["challenge"]):
            return _error(400, "invalid_grant", "Invalid code verifier.")
        grant = {"channel": kept["channel"], "scope": kept["scope"], "project": project}
        refresh_token = "1//" + secrets.token_urlsafe(32)
        more: dict[str, object] = {"refresh_token": refresh_token} if kept["offline"] else {}
        if project in self._testing:
            grant["until_ms"] = str(self._context.now_ms() + TESTING_S * 1000)
            more |= {"refresh_token_expires_in": TESTING_S}
        if kept["offline"]:
            self._grants[refresh_token] = grant
            self._save()
        return self._granted(grant, refresh_token, more)

    def _granted(self, grant: dict[str, str], refresh_token: str, more: dict[str, object]) -> web.Response:
        project = grant.get("project", "")
        token = access_token(self._context, grant["channel"], grant["scope"], refresh_token, project)
        facts = {"access_token": token, "expires_in": LIFE_S, "scope": grant["scope"], "token_type": "Bearer"}
        return web.json_response(facts | more, headers={"Cache-Control": "no-cache, no-store"})

    async def tokeninfo(self, request: web.Request) -> web.Response:
        """What an access token may do, and for how long."""
        facts = token_facts(self._context, request.query.get("access_token", ""))
        if facts is None:
            return _error(400, "invalid_token", "Invalid Value")
        shown = {"azp": CLIENT_ID, "aud": CLIENT_ID, "scope": " ".join(sorted(facts.scopes)), "access_type": "offline"}
        return web.json_response(shown | {"expires_in": str(LIFE_S)})

    async def userinfo(self, request: web.Request) -> web.Response:
        """Who consented. Tokens without one of the scopes openid, profile and email are refused, as ours are."""
        facts = token_facts(self._context, request.headers.get("Authorization", "").removeprefix("Bearer "))
        if facts is None:
            return _error(401, "invalid_request", "Invalid Credentials")
        about = {"openid", "profile", "email", f"{SCOPE_ROOT}userinfo.profile", f"{SCOPE_ROOT}userinfo.email"}
        if not facts.scopes & about:
            return _error(403, "access_denied", "Request had insufficient authentication scopes.")
        return web.json_response(
            {"sub": hashlib.sha256(facts.channel.encode()).hexdigest()[:21], "name": facts.channel}
        )

    async def revoke(self, request: web.Request) -> web.Response:
        token = str((await request.post()).get("token") or request.query.get("token", ""))
        facts = token_facts(self._context, token)
        known = token in self._grants or token.startswith(REFRESH_PREFIX)
        mark = facts.grant if facts is not None else _grant_mark(token) if known else None
        if mark is None or mark in self._revoked:
            return _error(400, "invalid_token", "Token expired or revoked")
        self._revoked.append(mark)
        self._save()
        return web.json_response({})


def build(context: Context) -> web.Application:
    """One app for oauth2.googleapis.com (/token, /revoke, /tokeninfo), accounts.google.com (/o/oauth2/v2/auth) and the
    addresses of userinfo."""
    google = Google(context)
    app = web.Application(middlewares=[traffic(context, "google")])
    app.add_routes(
        [
            web.get("/o/oauth2/v2/auth", google.consent),
            web.post("/token", google.token),
            web.post("/revoke", google.revoke),
            web.get("/tokeninfo", google.tokeninfo),
            web.get("/oauth2/v3/userinfo", google.userinfo),
            web.get("/v1/userinfo", google.userinfo),
        ]
    )
    return app
