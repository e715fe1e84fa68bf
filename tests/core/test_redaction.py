"""Secrets leave a text whole, in part and in disguise; ordinary words stay."""

import base64
import json
import random
import string
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.echoes import FORMS, KEYS, seen_in
from videod.core.redaction import REDACTED, RUN, Redactor

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KEYS)
def test_an_echoed_key_is_taken_out_in_every_form(form: str, name: str) -> None:
    key = KEYS[name]
    told = FORMS[form](key)
    assert seen_in(told, key), "the form shows nothing: it proves nothing"
    clean = Redactor({REDACTED: key})(f"HTTP 400: no luck with {told}, try later")
    assert not seen_in(clean, key), clean
    assert REDACTED in clean and clean.startswith("HTTP 400: no luck with ") and clean.endswith(", try later")


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("form", ["plain", "upper", "base64", "hex", "percent all", "json escapes all"])
def test_any_long_part_of_a_disguise_is_taken_out_as_well(form: str) -> None:
    key = KEYS["google"]
    told, redact = FORMS[form](key), Redactor({REDACTED: key})
    for at in range(len(told) // 2):
        for piece in (told[at:], told[: len(told) - at]):
            assert redact.holds(piece), piece
            assert not seen_in(redact(piece), key)


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KEYS)
def test_a_page_loses_the_same_as_any_text_however_often_it_is_made(form: str, name: str) -> None:
    key = KEYS[name]
    told, redact = FORMS[form](key), Redactor({REDACTED: key})
    around = [f"<p>line {number} · nothing of it</p>" for number in range(20)]
    page = "\n".join(around)
    assert redact.page(page) == redact.page(page) == page
    middle = len(told) // 2
    for dirty in (told, f"{told[:middle]}\n{told[middle:]}", f"{told[:middle]}\n</p>\n  {told[middle:]}"):
        whole = "\n".join([*around[:9], dirty, *around[9:]])
        for _ in range(2):
            assert redact.page(whole) == redact(whole)
    assert not seen_in(redact.page(f"{page}\n{told}\n{page}"), key)
    assert redact.page(page) == page


def test_a_key_over_many_short_lines_is_found_and_a_new_key_forgets_what_was_clean() -> None:
    redact, key = Redactor({REDACTED: "kie-4f9a7c55e1d0b2f7719c"}), "ntn-88a1b2c3d4e5f60718"
    apart = "\n-\n".join("4f9a7c55e1d0b2f7719c")
    assert REDACTED in redact.page(f"a\n{apart}\nb")
    assert redact.page(f"one\n{key}") == f"one\n{key}"
    redact.add(key)
    assert key not in redact.page(f"one\n{key}")


def test_what_was_looked_at_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    redact, looked = Redactor({REDACTED: KEYS["google"]}), list[str]()
    monkeypatch.setattr(redact, "_known", looked.append)
    page = "\n".join(f"<p>a line of the page, the {number}th of many that stay as they are</p>" for number in range(50))
    redact.page(page)
    first = len(looked)
    redact.page(page.replace("the 30th", "the last"))
    assert (first, len(looked) - first) == (50, 2)  # it, and the next one, which may end what began in it


@given(
    st.text(string.ascii_letters + string.digits + "-_", min_size=20, max_size=60).filter(
        lambda key: sum(letter.isalnum() for letter in key) >= RUN + 4 and sum(map(str.isdigit, key)) >= 3
    ),
    st.data(),
)
def test_a_run_of_twelve_of_a_key_is_the_key(key: str, data: st.DataObject) -> None:
    bare = "".join(letter for letter in key if letter.isalnum())
    begin = data.draw(st.integers(0, len(bare) - RUN))
    piece = bare[begin : begin + RUN]
    assert piece.lower() not in Redactor({REDACTED: key})(f"<{piece}> {piece.upper()}").lower()


@given(st.text(max_size=300), st.binary(min_size=12, max_size=40))
def test_what_has_nothing_of_a_key_stays_as_it_is(text: str, raw: bytes) -> None:
    key = "kx7" + base64.b64encode(raw).decode()
    if not seen_in(text, key, least=6):
        assert Redactor({REDACTED: key})(text) == text


def test_a_secret_is_found_between_any_neighbors() -> None:
    key = KEYS["eleven"]
    redact = Redactor({"(KEY)": key})
    for before in ("", "x", "Bearer ", '{"a":"', "https://h/?key=", "é", "\ud800"):
        for after in ("", "y", '"}', "&b=1", "é", "\x00"):
            assert redact(f"{before}{key}{after}") == f"{before}(KEY){after}"


def test_the_longest_secret_wins_and_each_has_its_own_name() -> None:
    short = KEYS["eleven"]
    redact = Redactor({"(A)": short, "(B)": "zq9" + short + "7vb2kd0hfw"})
    assert redact(f"{short} and zq9{short}7vb2kd0hfw") == "(A) and (B)"


def test_words_of_a_text_are_no_key() -> None:
    redact = Redactor({"1": "sandbox-elevenlabs-key", "2": "sandbox-kie-key", "3": "kie-very-secret"})
    told = "state/sandbox/elevenlabs/voices: the sandbox of KIE is a very secret key"
    assert redact(told) == told
    webhook = Redactor({"1": "/services/T/B/X", "2": "/services/T0AB12/B0CD34/k7Xz9QpL2mN4"})
    assert (
        webhook("no services to be had, /services/ and services.t")
        == "no services to be had, /services/ and services.t"
    )
    assert webhook("POST /services/T/B/X, 0AB12/B0CD34/k7X") == "POST 1, 2"
    assert redact("sandbox-elevenlabs-ke") == "1" and redact("KIE_VERY_SECRE") == "3"


def test_no_sentence_of_this_project_holds_a_part_of_a_random_key() -> None:
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits + "-_"
    keys = {str(at): "".join(chance.choices(letters, k=40)) for at in range(40)}
    redact = Redactor(keys)
    texts = [
        path.read_text() for folder in ("docs", "videod", "scripts") for path in (ROOT / folder).rglob("*.[mp][dy]")
    ]
    assert sum(map(len, texts)) > 2_000_000
    assert [text for text in texts if redact.holds(text)] == []


@pytest.mark.parametrize("key", ["!!!!!!!!", "a!b!c!d!e!", "/services/T0/B0/xyzzy1234", "ab==cd==ef==", "пароль-ключ"])
def test_a_key_of_punctuation_is_taken_out_as_it_stands(key: str) -> None:
    redact = Redactor({REDACTED: key})
    for form in (key, quote(key), quote(key, safe=""), json.dumps(key)[1:-1] if key.isascii() else key, escape(key)):
        assert redact(f"<{form}>") == f"<{REDACTED}>"


def test_both_copies_are_the_same() -> None:
    ours, theirs = (ROOT / folder / "redaction.py" for folder in ("videod/core", "scripts/lib"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_it_shows_no_secret_of_its_own() -> None:
    assert repr(Redactor({REDACTED: KEYS["eleven"]})) == "Redactor()"


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("secret", ["00\\R0000", "ab\\ncd12EF34", "kie-4f\\x1b9a7c55e1d0b2\\t77", "\\n\\r\\tab12cd"])
def test_a_key_in_which_something_reads_like_an_escape_is_found(secret: str) -> None:
    text = Redactor({REDACTED: secret})(f"the key {secret}, refused")
    assert secret not in text and text.startswith("the key ") and text.endswith(", refused")


def test_the_host_of_a_webhook_is_no_secret_and_what_stands_behind_it_is() -> None:
    """A rehearsal's webhook is at the same host to which its consent page leads."""
    take_out = Redactor({"SLACK_WEBHOOK_URL": "http://127.0.0.1:41234/services/T0AB1CD2E/B0FG3HI4J/k5LmN6oPqR7sTuV8"})
    consent = "http://127.0.0.1:41235/auth?redirect_uri=http%3A%2F%2F127.0.0.1%3A41236&scope=https%3A%2F%2Fwww"
    assert take_out(consent) == consent
    for echoed in (
        "k5LmN6oPqR7sTuV8",
        "B0FG3HI4J/k5LmN6oPqR",
        "http%3A%2F%2F127.0.0.1%3A41234%2Fservices%2FT0AB1CD2E%2FB0FG3",
    ):
        assert take_out.holds(echoed), echoed
