"""Words of others are only words on a terminal: they steer nothing, hide nothing and begin no line of their own."""

import logging
import re

import pytest
import typer

from videod.cli import notion, run
from videod.core.sanitize import sanitize_screen
from videod.daemon import logs
from videod.ports import BoardError

RAW = {
    "title of the window": "\x1b]0;owned\x07", "clear screen": "\x1b[2J\x1b[H", "C1 control": "\x9b2J",
    "C1 string": "\x9d0;x\x9c", "bidi override": "\u202egpj.exe", "bidi isolate": "\u2066a\u2069",
    "carriage return": "good\rbad", "bell": "\x07", "backspaces": "abc\x08\x08\x08xyz", "delete": "\x7f",
    "NUL": "a\x00b", "forged line": "x\n12:00:00 ERROR store_lost", "next line": "x\x85y", "form feed": "a\x0cb",
    "forged line, Unicode": 'x\u2028{"level": "error"}\u2029', "half a surrogate": "a\ud800b",
    "invisible marks": "a\u200bb\u2060c\ufeffd", "link": "\x1b]8;;http://evil\x07x\x1b]8;;\x07",
    "private use": "\ue000", "link by C1": "\x9d8;;http://evil\x9cx", "shift out": "\x0e\x0f", "tags": "\U000e0001",
}  # fmt: skip
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2060\u2066-\u2069\u200b\ufeff\ud800-\udfff\ue000]")


@pytest.mark.fault("12.16")
@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("formatter", [logs.Text, logs.JsonLines])
@pytest.mark.parametrize("place", ["extra", "inside", "message"])
def test_a_record_is_one_harmless_line_whatever_a_service_said(
    formatter: type[logging.Formatter], place: str, kind: str
) -> None:
    record = logging.LogRecord("videod", logging.WARNING, __file__, 1, "relay_entry_failed", (), None)
    if place == "message":
        record.msg = RAW[kind]
    else:
        record.error = RAW[kind] if place == "extra" else [RAW[kind], BoardError("down", RAW[kind])]
    line = formatter(str).format(record)  # type: ignore[call-arg,arg-type]
    assert not STEERS.search(line) and "\n" not in line
    line.encode()


@pytest.mark.fault("12.16")
@pytest.mark.parametrize("kind", RAW)
def test_a_traceback_keeps_its_lines_and_nothing_that_steers(kind: str) -> None:
    try:
        raise RuntimeError(RAW[kind])
    except RuntimeError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("videod", logging.ERROR, __file__, 1, "loop_failed", (), info)
    told = logs.Text(str).format(record)
    assert not STEERS.search(told) and "RuntimeError" in told
    assert all(line.startswith("  ") for line in told.splitlines()[1:])


@pytest.mark.fault("12.16")
@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("module", [run, notion])
def test_why_a_start_fails_is_reported_without_what_steers_the_terminal(
    module: object, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left:
        module._fail(78, f'the column "{RAW[kind]}" is missing')  # type: ignore[attr-defined]
    told = capsys.readouterr().err
    assert left.value.exit_code == 78 and told.startswith("the column ")
    assert not STEERS.search(told)


@pytest.mark.parametrize("kind", RAW)
def test_the_screens_own_sanitizer_leaves_nothing_that_steers(kind: str) -> None:
    assert not STEERS.search(sanitize_screen(RAW[kind])) and "\n" not in sanitize_screen(RAW[kind])
