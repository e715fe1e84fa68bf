"""What is text stays, this year's emoji too; what could steer a screen, end a word or is never text goes."""

import json
import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.lib import failures as script_failures
from scripts.lib import sanitize as script_sanitize
from scripts.lib import script_runtime as script_events
from tests.core.plans import CLIPS, IMAGES, good_plan
from videod.core.craft import complaints
from videod.core.craft_wording import odd_characters
from videod.core.fields import text
from videod.core.sanitize import (
    encodable,
    is_text,
    joins,
    sanitize,
    sanitize_line,
    sanitize_quoted,
    sanitize_screen,
    sanitize_screen_lines,
    shows,
    turns_writing,
)
from videod.daemon import logs
from videod.documents import shown

#: of Unicode 15 to 17 and of no version yet, a letter of a young script, a flag of tags, a family with joiners
YOUNG = ("\U0001fae8", "\U0001fa75", "\U0001fae9", "\U0001faea", "\U0001faef", "\U0001faff", "\U00011f00", "\u2fff",
         "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f468\u200d\U0001f467", "\u2764\ufe0f")  # fmt: skip
NEVER = ("\ufffe", "\uffff", "\U0001fffe", "\U0010ffff", "\ufdd0", "\ufdef", "\ud800", "\udfff", "\0", "\x1b", "\x9b",
         "\ue000", "\U000f0000", "\U00100000")  # fmt: skip


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("emoji", YOUNG, ids=ascii)
def test_an_emoji_younger_than_python_stays_in_titles_plans_and_on_screens(emoji: str) -> None:
    title = f"Bears {emoji} at night"
    assert sanitize(title) == sanitize_line(title) == sanitize_screen(title) == title
    assert text({"Title": title}, "Title") == title
    assert odd_characters(title) == ""
    assert all(map(shows, emoji))
    assert shown(title) == f'"{title}"'


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("letter", NEVER, ids=ascii)
def test_what_is_never_text_goes_and_is_refused(letter: str) -> None:
    assert sanitize(f"a{letter}b") == sanitize_screen(f"a{letter}b") == "ab"
    assert odd_characters(f"a{letter}b") == f"U+{ord(letter):04X}"
    assert not shows(letter)


@pytest.mark.fault("2.10")
def test_a_plan_may_hold_a_young_emoji_and_no_noncharacter() -> None:
    assert complaints(good_plan() | {"title": "Bears \U0001faef"}, CLIPS, IMAGES) == ()
    assert [one.where for one in complaints(good_plan() | {"title": "Bears \ufdd0"}, CLIPS, IMAGES)] == ["title"]


@given(st.characters())
def test_every_character_that_python_knows_is_judged_by_its_category(letter: str) -> None:
    if unicodedata.category(letter) != "Cn":
        assert is_text(letter) == (unicodedata.category(letter) not in ("Cc", "Cs", "Co"))


# ------------------------------------------------------------------------------------------- what each place gets

#: foreign text -> in files and rows, on one line, on a screen
PLACES = [
    ("two\nlines\tand", "two\nlines\nand", "two lines and", "two lines and"),
    ("a\r\nb", "a\n\nb", "a b", "a  b"),
    ("  two  spaces ", "  two  spaces ", "two spaces", "  two  spaces "),
    ("\x1b[31mred\x9b0m", "[31mred0m", "[31mred0m", "[31mred0m"),
    ("\x1b]0;title\x07", "]0;title", "]0;title", "]0;title"),
    ("a\u202eb", "ab", "ab", "ab"),
    ("a\u200fb", "a\u200fb", "a\u200fb", "ab"),
    ("a\u00adb\ufeffc", "a\u00adb\ufeffc", "a\u00adb\ufeffc", "abc"),
    ("x\ud800y", "xy", "xy", "xy"),
    ("a\0b\x7fc", "abc", "abc", "abc"),
    ("line\u2028break\x85here", "line\nbreak\nhere", "line break here", "line breakhere"),
    ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
    ("[/nope]", "[/nope]", "[/nope]", "[/nope]"),
    ("夜の梟", "夜の梟", "夜の梟", "夜の梟"),
    ("", "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "kept", "line", "screen"), PLACES, ids=[ascii(row[0]) for row in PLACES])
def test_each_place_gets_what_it_can_hold(raw: str, kept: str, line: str, screen: str) -> None:
    assert (sanitize(raw), sanitize_line(raw), sanitize_screen(raw)) == (kept, line, screen)


@given(st.text())
def test_what_was_sanitized_stays_as_it_is(raw: str) -> None:
    for clean in (sanitize, sanitize_line, sanitize_screen, sanitize_quoted, encodable):
        assert clean(clean(raw)) == clean(raw)
        if clean is not sanitize_quoted:
            clean(raw).encode()


@given(st.text())
def test_no_screen_gets_anything_that_steers_it(raw: str) -> None:
    for seen in (sanitize_screen(raw), *sanitize_screen_lines(raw)):
        left = {unicodedata.category(letter) for letter in seen if not joins(letter)}
        assert not left & {"Cc", "Cf", "Cs", "Co"}
        assert not any(ord(letter) & 0xFFFE == 0xFFFE for letter in seen)


@given(st.text())
def test_no_row_file_or_command_gets_what_is_no_text(raw: str) -> None:
    for kept in (sanitize(raw), sanitize_line(raw)):
        assert all(letter == "\n" or (is_text(letter) and not turns_writing(letter)) for letter in kept)
    assert "\n" not in sanitize_line(raw)


def test_lines_for_a_screen_stay_lines() -> None:
    assert sanitize_screen_lines("a\tb\n\x1b[2Jc\n") == ["a    b", "[2Jc"]


def test_a_quoted_value_keeps_the_place_of_each_letter() -> None:
    assert sanitize_quoted("a\x1bb\nc\u202ed") == "a b c d"


def test_half_a_surrogate_pair_becomes_a_question_mark_where_the_rest_must_stay() -> None:
    assert encodable("a\ud800b 🦉") == "a?b 🦉"


@pytest.mark.parametrize("formatter", [logs.JsonLines, logs.Text], ids=["json", "text"])
def test_a_log_line_holds_nothing_that_steers_a_terminal(formatter: type[logs.JsonLines | logs.Text]) -> None:
    record = logging.makeLogRecord({"msg": "relay_entry_failed", "levelno": 30, "levelname": "WARNING"})
    record.error = "no \x1b[2J \x9b31m \u202egnp.exe \ud800 \u2028 end 🦉"
    line = formatter(str).format(record)
    assert all(map(shows, line))
    assert "\n" not in line and "🦉" in line and line.encode()
    if formatter is logs.JsonLines:
        assert json.loads(line)["event"] == "relay_entry_failed"


# ------------------------------------------------------------------------------------------- scripts


@given(st.text())
def test_scripts_sanitize_as_the_daemon_does(raw: str) -> None:
    assert script_sanitize.sanitize_line(raw) == sanitize_line(raw)
    assert script_sanitize.encodable(raw) == encodable(raw)


@pytest.mark.parametrize("raw", [row[0] for row in PLACES] + list(NEVER) + list(YOUNG), ids=ascii)
def test_scripts_sanitize_the_odd_cases_as_the_daemon_does(raw: str) -> None:
    assert script_sanitize.sanitize_line(f"a{raw}b") == sanitize_line(f"a{raw}b")


def test_what_a_service_says_does_not_steer_the_terminal_of_who_runs_a_script(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failure = script_failures.Failure(script_failures.Kind.REFUSED, "no \x1b[2J\x9b31m \u202eoops", service="kie")
    assert "\x1b" not in failure.sentence() and "\x9b" not in failure.sentence() and "\u202e" not in failure.sentence()
    script_events.Reporter(False, sys.stdout).progress(0.5, "title \x1b]0;x\x07 done")
    script_events.warn("odd \x1b[31m")
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err and "[ 50%] title ]0;x done" in said.out
