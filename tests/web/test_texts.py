"""Texts that people and programs send: cleaned, or refused where nothing is left, as the document says."""

import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.cli.factory import StudioBox
from tests.web.caller import Caller
from videod.core.sanitize import sanitize_line
from videod.guard import errors
from videod.guard.errors import Code
from videod.web import entries, values
from videod.web.requests import ROOMS
from videod.web.values import Many, Text

#: what is no text on its own: control and direction characters, private ones, spaces of many kinds
EMPTY = ("\x00", "\x1b", "\x7f", "\x85", "\u202e", "\u2066\u2069", "\ue000", "\ufdd0", "\U0010ffff", " ", "\n\t",
         "\u3000\u00a0", "\u2028")  # fmt: skip


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path)
    made.task = made.queue("Bears")
    yield made
    made.close()


def test_the_document_names_exactly_the_characters_that_the_sanitizer_takes_away() -> None:
    something = re.compile(values.SOMETHING)
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        if unicodedata.category(letter) != "Cs":
            assert bool(something.search(letter)) == bool(sanitize_line(letter)), hex(code)


@pytest.mark.parametrize("text", EMPTY, ids=ascii)
def test_a_text_of_which_nothing_is_left_is_none_and_the_document_says_so(text: str) -> None:
    for kind in (Text(100), Text(100, lines=True)):
        assert not re.search(str(kind.schema["pattern"]), text)
        with pytest.raises(ValueError, match="do not show"):
            kind.read(text)
        assert kind.read(f"{text}Owls{text}").strip() == "Owls"
    assert Text(100, least=0).read(text).strip() == ""


def test_every_text_of_the_api_is_cleaned() -> None:
    """Those of paths that are added later too: they are made of `Text`, which cleans."""
    for wishes in ROOMS.values():
        for wish in wishes.values():
            for field in wish.fields.values():
                kind = field.kind.of if isinstance(field.kind, Many) else field.kind
                if isinstance(kind, Text):
                    assert kind.read("a\u202eb\x1b[31m") == "ab[31m"
    for name in ("title", "channel", "topic", "direction"):
        assert entries.ENTRY[name].kind.read("a\u202eb\x07") == "ab"


@pytest.mark.parametrize("text", EMPTY, ids=ascii)
async def test_a_filter_of_nothing_is_refused_and_not_left_out(api: Caller, text: str) -> None:
    for name in ("text", "channel"):
        status, body = await api.ask("GET", "/api/tasks", params={name: text})
        assert (status, body["code"]) == (400, "invalid"), name
        assert name in body["message"] and body["hint"]


async def test_a_channel_of_nothing_is_not_every_channel(box: StudioBox, api: Caller) -> None:
    status, body = await api.post("/api/services/kie/pause", {"channel": "\u202e"})
    assert (status, body["code"]) == (400, "invalid")
    assert (await api.get("/api/status"))[1]["suspensions"] == []


async def test_a_reason_is_shown_without_what_turns_or_steers(box: StudioBox, api: Caller) -> None:
    await api.post(f"/api/tasks/{box.task}/pause", {"reason": "wait\u202e for\x1b[2J\n the \u2066lawyer"})
    _, body = await api.get(f"/api/tasks/{box.task}")
    assert body["paused"] == "wait for[2J the lawyer"


@pytest.mark.parametrize("name", ["%E2%80%AEsraeb", "a%1B%5B2J", "a%0Ab", "%00"])
async def test_an_error_repeats_what_was_asked_cleaned(api: Caller, name: str) -> None:
    for method, path in (("GET", f"/api/tasks/{name}"), ("POST", f"/api/tasks/{name}/retry"),
                         ("POST", f"/api/services/{name}/pause"), ("GET", f"/api/{name}")):  # fmt: skip
        status, body = await api.ask(method, path)
        assert status == 404, path
        assert all(one == sanitize_line(one) for one in (body["message"], body["hint"])), body


def test_no_error_can_hold_what_turns_or_steers() -> None:
    told = errors.body(Code.INVALID, "a\u202eb\nc\x1b", "d\ud800\u2069", 0, "x")
    assert (told["message"], told["hint"]) == ("ab c", "d?")
    json.dumps(told).encode()
