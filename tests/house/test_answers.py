"""One table says what every answer of every service proves: both judges know it, and it blames nobody without cause."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from scripts.lib import http, wires
from scripts.lib import verdicts as theirs
from scripts.lib.failures import AnswerLost, Failure
from videod.cli import docs
from videod.core import verdicts as ours
from videod.core.services import SERVICES
from videod.core.verdicts import Form, Money, Wire

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
OURS = {wire.name: wire for service in SERVICES.values() for wire in service.wires}
STATUSES = range(200, 600)
PAGE = b"<!DOCTYPE html><html><head><title>Oh no</title></head><body><h1>Bad luck</h1></body></html>"
S3 = "<?xml version='1.0'?><Error><Code>SomethingNew</Code><Message>It is new.</Message></Error>"
NOTHING, UNKNOWN = Money.NOTHING, Money.UNKNOWN

#: edges and gateways that say that they never reached the service
UNREACHED = {511, 521, 522, 523, 525, 526, 530}


def own(name: str, status: int) -> bytes:
    """An error as the service writes it, with a code that nobody has met yet."""
    word = "something_new"
    shapes: dict[str, object] = {
        "notion": {"object": "error", "status": status, "code": word, "message": "It is new."},
        "gemini": {"error": {"code": status, "status": word.upper(), "message": "It is new."}},
        "kie": {"code": status, "msg": "It is new."},
        "kie question": {"code": status, "msg": "It is new."},
        "elevenlabs": {"detail": {"code": word, "status": word, "message": "It is new."}},
        "youtube": {"error": {"code": status, "message": "It is new.", "errors": [{"reason": word}]}},
        "google token": {"error": word, "error_description": "It is new."},
    }
    if name in shapes:
        return json.dumps(shapes[name]).encode()
    return b"It is new." if name == "catbox" else S3.encode()


#: what a status alone means where the service itself says it, by its documentation; money is untouched
OWN = {
    "notion": {401: "credentials", 403: "configuration", 404: "configuration", 529: "busy"},
    "gemini": {401: "credentials", 402: "quota", 403: "credentials", 429: "quota", 500: "down"},
    "kie": {400: "input", 401: "credentials", 402: "quota", 403: "configuration", 404: "configuration", 422: "input",
            433: "quota", 505: "configuration"},
    "kie question": {401: "credentials", 402: "quota", 403: "configuration", 433: "quota", 505: "configuration"},
    "kie result": {},
    "elevenlabs": {401: "credentials", 402: "quota", 403: "configuration", 422: "input"},
    "youtube": {401: "credentials", 403: "configuration"},
    "google token": {},
    "catbox": {200: "down"},
    "r2": {401: "credentials", 403: "credentials", 404: "configuration"},
}  # fmt: skip
#: the same where nobody wrote a body
BARE = {"youtube": {401: "credentials"}, "r2": OWN["r2"]}
#: nothing that costs money
FREE = {"notion", "kie question", "kie result", "youtube", "google token", "catbox", "r2"}


def expected(name: str, status: int, form: Form) -> tuple[str, Money]:
    """Kind and money, said without looking at the table."""
    if status == 407:
        return "configuration", NOTHING
    told = OWN[name] if form is Form.OWN else BARE.get(name, {}) if form is Form.NONE else {}
    if status in told:
        return told[status], NOTHING
    if status == 200:
        return ("down", NOTHING) if name in ("catbox", "r2") else ("nonsense", UNKNOWN)
    if status == 429:
        return "busy", NOTHING
    if (name, status, form) == ("kie", 408, Form.OWN):
        return "down", UNKNOWN
    return "down", UNKNOWN if status >= 500 and status not in UNREACHED | {529} else NOTHING


def bodies(name: str, status: int) -> Iterator[tuple[Form, bytes]]:
    if (name, status) not in (("kie", 200), ("kie question", 200)):  # that is a good answer
        yield Form.OWN, own(name, status)
    yield from ((Form.PAGE, PAGE), (Form.NONE, b""))
    if name != "catbox":
        yield from ((Form.PAGE, b"upstream connect error"), (Form.PAGE, b'{"message": "no Route matched"}'))


@pytest.mark.fault("5.4", "5.15", "5.16", "13.11")
@pytest.mark.parametrize("name", OURS)
def test_every_status_with_every_form_of_body_means_what_it_proves(name: str) -> None:
    wrong, wire = [], OURS[name]
    for status in STATUSES:
        for form, body in bodies(name, status):
            said = ours.read(wire, status, body)
            row = ours.judge(wire, said)
            kind, money = expected(name, status, form)
            found = row.money if name not in FREE else money  # there is nothing to be unconfirmed about
            if (said.form, row.kind.value, found) != (form, kind, money):
                wrong.append((status, form.name, row.kind.value, row.money.name, "not", kind, money.name))
    assert wrong == []


@pytest.mark.fault("5.15")
@pytest.mark.parametrize("name", OURS)
def test_the_scripts_fail_as_the_table_says_and_in_words(name: str) -> None:
    for status in STATUSES:
        for form, body in bodies(name, status):
            kind, money = expected(name, status, form)
            failure = wires.failure(name, http.Reply("service", "POST /it", status, {}, body), free=name in FREE)
            assert failure.kind.value == kind, (status, form)
            assert isinstance(failure, AnswerLost) == (money is UNKNOWN and name not in FREE), (status, form)
            _in_words(failure, status, form)


def _in_words(failure: Failure, status: int, form: Form) -> None:
    said = failure.sentence()
    assert f"HTTP {status}" in said and said.endswith("."), said
    if status == 407:
        assert "proxy" in failure.message and "HTTPS_PROXY" in str(failure.next_step)
    elif not 300 <= status < 400:
        words = {Form.OWN: "It is new.", Form.PAGE: "not the service itself", Form.NONE: "no body"}[form]
        assert words in failure.message
    assert "<" not in failure.message.replace("<Code>", "")


@pytest.mark.fault("5.15")
def test_nobody_is_blamed_for_a_text_without_the_services_documented_words() -> None:
    documented = {("kie", 400), ("kie", 422), ("elevenlabs", 422)}
    blamed = set()
    for name, status in product(OURS, STATUSES):
        for form, body in bodies(name, status):
            row = ours.judge(OURS[name], ours.read(OURS[name], status, body))
            if row.kind.value in ("input", "refused"):
                blamed.add((name, status))
                assert form is Form.OWN
    assert blamed == documented


def test_a_row_blames_a_text_only_in_the_services_own_form_and_for_words_or_a_documented_status() -> None:
    rows = [(wire.name, row) for wire in OURS.values() for row in (*wire.rows, *ours.FIRST, *ours.LAST)]
    for name, row in rows:
        if row.kind.value == "input":
            assert row.forms == (Form.OWN,) and row.money is NOTHING, (name, row)
            assert row.words or (name, row.statuses) in {("kie", "400, 422"), ("elevenlabs", "422")}, (name, row)


# ------------------------------------------------------------------------------------------- words of the services

SAID: tuple[tuple[str, int, object, str, str], ...] = (
    ("gemini", 499, {"error": {"code": 499, "message": "The operation was cancelled.", "status": "CANCELLED"}},
     "down", "nothing"),
    ("gemini", 400, {"error": {"code": 400, "message": "Unknown name", "status": "INVALID_ARGUMENT"}},
     "input", "nothing"),
    ("gemini", 400, {"error": {"code": 400, "message": "API key expired.", "status": "INVALID_ARGUMENT"}},
     "credentials", "nothing"),
    ("gemini", 400, {"error": {"code": 400, "message": "User location", "status": "FAILED_PRECONDITION"}},
     "configuration", "nothing"),
    ("gemini", 400, {"error": {"code": 400, "status": "INVALID_ARGUMENT",
                               "message": "Model does not support the requested response modalities: image"}},
     "configuration", "nothing"),
    ("gemini", 404, {"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}},
     "configuration", "nothing"),
    ("gemini", 503, {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}},
     "down", "nothing"),
    ("gemini", 503, {"error": {"code": 503, "message": "Currently unavailable.", "status": "UNAVAILABLE"}},
     "down", "unknown"),
    ("gemini", 200, {"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, "refused", "nothing"),
    ("gemini", 200, {"promptFeedback": {"blockReason": "OTHER"}}, "refused", "nothing"),
    ("gemini", 200, {"candidates": [{"finishReason": "NO_IMAGE"}]}, "nonsense", "nothing"),
    ("gemini", 200, {"candidates": [{"finishReason": "IMAGE_OTHER"}]}, "nonsense", "unknown"),
    ("kie", 200, {"code": 500, "msg": "Server exception, please try again later"}, "down", "unknown"),
    ("kie", 200, {"code": 500, "msg": "Failed; credits were refunded"}, "down", "nothing"),
    ("kie", 200, {"code": 422, "msg": "the prompt violates our content policy"}, "refused", "nothing"),
    ("kie", 200, {"code": 422, "msg": "The model name you specified is not supported"}, "configuration", "nothing"),
    ("kie", 200, {"code": 400, "msg": "Image fetch failed. Check access settings"}, "down", "nothing"),
    ("kie", 200, {"code": 422, "msg": "prompt is required"}, "input", "nothing"),
    ("kie", 200, {"code": "402", "msg": "Insufficient credits"}, "quota", "nothing"),
    ("kie", 502, {"code": 429, "msg": "slow down"}, "busy", "nothing"),
    ("kie", 200, {"code": 999, "msg": "?"}, "nonsense", "unknown"),
    ("elevenlabs", 402, {"detail": {"code": "payment_issue", "message": "pay"}}, "quota", "nothing"),
    ("elevenlabs", 401, {"detail": {"status": "quota_exceeded", "message": "0 left"}}, "quota", "nothing"),
    ("elevenlabs", 400, {"detail": {"status": "voice_not_found", "message": "no"}}, "configuration", "nothing"),
    ("elevenlabs", 400, {"detail": {"code": "invalid_voice_id", "message": "no"}}, "configuration", "nothing"),
    ("elevenlabs", 400, {"detail": {"status": "invalid_uid", "message": "no"}}, "configuration", "nothing"),
    ("elevenlabs", 403, {"detail": {"status": "output_format_not_allowed", "message": "no"}}, "configuration",
     "nothing"),
    ("elevenlabs", 400, {"detail": {"code": "max_character_limit_exceeded", "message": "long"}}, "input", "nothing"),
    ("elevenlabs", 409, {"detail": {"code": "already_exists", "message": "?"}}, "down", "nothing"),
    ("elevenlabs", 503, {"detail": {"code": "system_busy", "message": "?"}}, "busy", "nothing"),
    ("youtube", 400, {"error": {"code": 400, "message": "bad", "errors": [{"reason": "invalidTags"}]}},
     "input", "nothing"),
    ("youtube", 400, {"error": {"code": 400, "message": "many", "errors": [{"reason": "uploadLimitExceeded"}]}},
     "quota", "nothing"),
    *(("youtube", status, {"error": {"code": status, "message": "no", "errors": [{"reason": reason}]}}, kind, "nothing")
      for status, reason, kind in (
          (403, "quotaExceeded", "quota"), (403, "dailyLimitExceeded", "quota"), (403, "userRateLimitExceeded", "busy"),
          (429, "rateLimitExceeded", "busy"), (409, "alreadyExists", "down"),
          (401, "youtubeSignupRequired", "configuration"),
          (403, "accountSuspended", "credentials"), (403, "channelClosed", "credentials"),
          (401, "authenticatedUserAccountSuspended", "credentials"), (403, "insufficientPermissions", "credentials"),
          (403, "accessNotConfigured", "configuration"), (403, "forbidden", "configuration"),
          (403, "forbiddenPrivacySetting", "input"), (400, "invalidPublishAt", "input"), (400, "invalidTitle", "input"),
          (401, "authError", "credentials"),
      )),
    ("youtube", 429, {"error": {"code": 429, "errors": [{"reason": "rateLimitExceeded"}], "message":
     "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day'"}}, "quota", "nothing"),
    ("google token", 400, {"error": "invalid_grant"}, "credentials", "nothing"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "status", "body", "kind", "money"), SAID)
def test_a_services_own_words_are_taken_at_their_word(
    name: str, status: int, body: object, kind: str, money: str
) -> None:
    row = ours.judge(OURS[name], ours.read(OURS[name], status, json.dumps(body).encode()))
    assert (row.kind.value, row.money.name.lower()) == (kind, money)


@pytest.mark.fault("5.2")
@pytest.mark.parametrize(
    "message",
    [
        "* Quota exceeded for metric: x_free_tier_requests, limit: 0, model: gemini-nano-banana-2.1\nPlease retry",
        "Quota exceeded, limit: 0", "limit:0", "x, limit: 0\ny, limit: 250",
    ],
)  # fmt: skip
def test_a_plan_without_any_quota_is_known_by_its_words(message: str) -> None:
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": message}}
    row = ours.judge(OURS["gemini"], ours.read(OURS["gemini"], 429, json.dumps(body).encode(), "30"))
    assert (row.kind.value, row.wait) == ("quota", ours.Wait.PERSON)
    for other in ("limit: 0.5", "limit: 05", "limit: 10"):
        body["error"]["message"] = other
        row = ours.judge(OURS["gemini"], ours.read(OURS["gemini"], 429, json.dumps(body).encode()))
        assert row.wait is not ours.Wait.PERSON, other


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"\xff\xfe\x00", b"nul", b'"text"', b"5", b"null", b"[]", b"{}", b'{"error": 5}',
             b'{"error": [], "detail": [1], "code": {}}', b'{"error": {"status": {"a": 1}, "details": 7}}',
             b'{"code": 1e999}', b'{"code": "402 "}', b'{"detail": ' + b'"x' * 3, b"<Code>" * 10_000, b"<" * 100_000],
)  # fmt: skip
def test_a_strange_body_is_judged_like_any_other(body: bytes) -> None:
    for name, status in product(OURS, (200, 204, 308, 400, 429, 500, 503)):
        mine = ours.judge(OURS[name], ours.read(OURS[name], status, body))
        assert mine.kind.value not in ("refused",), (name, status)
        assert _plain(wires.judged(name, http.Reply("s", "e", status, {}, body)).row) == _plain(mine)


# ------------------------------------------------------------------------------------------- both judges, one table


def _plain(value: object) -> object:
    return json.loads(json.dumps(value, default=vars))


def test_the_scripts_judge_by_the_same_rows() -> None:
    assert list(wires.table()) == list(OURS)
    assert _plain(list(wires.table().values())) == _plain(list(OURS.values()))


def test_the_scripts_judge_with_the_same_words() -> None:
    renew = "run: .venv/bin/videod docs update docs/answers.md scripts/lib/verdicts.json scripts/lib/verdicts.py"
    for name, make in docs.WHOLE.items():
        if name == "openapi.json":  # of another folder: see test_docs
            continue
        assert (ROOT / "scripts" / "lib" / name).read_text() == make(), renew
    assert theirs.__doc__ == ours.__doc__


def test_every_service_on_the_network_that_a_script_asks_has_its_wire() -> None:
    without = {service.name for service in SERVICES.values() if service.outside and not service.wires}
    assert without == {"wikipedia"}  # whatever it answers, the plan is made: scripts/lib/sources.py


def test_no_row_is_hidden_behind_an_earlier_one() -> None:
    for wire in OURS.values():
        whole = [row for row in wire.rows if not (row.words or row.says or row.waits)]
        spans = [(row.statuses, row.forms) for row in whole]
        assert len(spans) == len(set(spans)), wire.name


def test_a_wire_says_how_its_own_errors_look() -> None:
    for wire in OURS.values():
        assert isinstance(wire, Wire) and (wire.own or wire.plain or wire.xml), wire.name
