"""What every command shares: its common options, tables, JSON, and errors that say what to type next.

Exit codes are sysexits. Foreign text reaches the terminal through `sanitize_screen` only. Nothing here is
slow to import.
"""

import json
import os
import shutil
import sqlite3
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from videod.core.sanitize import sanitize_screen

OK, USAGE, REFUSED, MISSING, DOWN, BUG, TEMPORARY, FORBIDDEN, CONFIGURATION = 0, 64, 65, 66, 69, 70, 75, 77, 78
INTERRUPTED = 130

_CODES = {
    "bold": "1", "dim": "2", "review": "1;33", "bad": "1;31", "work": "36", "wait": "34", "good": "32", "plain": "",
}  # fmt: skip


class CommandError(Exception):
    """The command cannot do it: what happened and where, what to type next, the exit code."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def print_json(body: object) -> None:
    """Indented JSON; everything beyond ASCII is escaped, so that no byte of it can steer a terminal."""
    print(json.dumps(body, indent=2))


def coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str) -> str:
    code = _CODES[style]
    return f"\x1b[{code}m{text}\x1b[0m" if code and coloured() else text


def heading(text: str) -> None:
    print(paint(sanitize_screen(text), "bold"))


def say(text: str, style: str = "plain") -> None:
    """One line, cleaned; on a terminal that is too narrow for it, in several, broken between words."""
    for line in _broken(sanitize_screen(text), width()):
        print(paint(line, style))


def _broken(text: str, room: int) -> list[str]:
    """`text` in lines of at most `room` cells, the further ones two cells further in; a long word stays whole."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    lines = [""]
    for word in text[len(indent) :].split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else f"{lines[-1] or indent}{word}"
        if cell_len(longer) > room and lines[-1].strip():
            lines.append(f"{indent}  {word}")
        else:
            lines[-1] = longer
    return lines


def folded(text: str, room: int) -> list[str]:
    """The text, cleaned, in lines of at most `room` characters (20 at least); a long word stays whole."""
    clean = sanitize_screen(text)
    return textwrap.wrap(clean, max(room, 20), break_long_words=False, break_on_hyphens=False) or [""]


class Cell(NamedTuple):
    text: str
    style: str = "plain"


def width() -> int:
    """Columns of the terminal; a pipe or a file gets all the room there is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 1000


def facts(rows: Sequence[Sequence[str | Cell]], indent: str = "  ") -> None:
    """Names with what they stand for; where the terminal is too narrow, it takes several lines and loses nothing."""
    wide = max(len(str(name)) for name, _ in rows)
    for name, value in rows:
        cell = value if isinstance(value, Cell) else Cell(str(value))
        first, *more = folded(cell.text, width() - len(indent) - wide - 2)
        print(f"{indent}{name!s:<{wide}}  {paint(first, cell.style)}".rstrip())
        for line in more:
            print(f"{indent}{'':<{wide}}  {paint(line, cell.style)}")


class Column(NamedTuple):
    """A column of a table. Where the terminal is too narrow, those of the highest `rank` are left out first; 0 stays.

    `least`: the cells down to which its texts may be shortened; None keeps them whole, as an id or a status must be.
    """

    title: str
    rank: int = 0
    least: int | None = None


def table(
    head: Sequence[str | Column], rows: Sequence[Sequence[str | Cell]], indent: str = "", room: int | None = None
) -> None:
    """Columns as wide as they need to be, fitted to the terminal by shortening some and leaving others out.

    A head that is only a text may be shortened down to 8 cells.
    """
    columns = [one if isinstance(one, Column) else Column(one, least=8) for one in head]
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    texts = [[Cell(sanitize_screen(cell.text), cell.style) for cell in row] for row in cells]
    first = [Cell(one.title.upper(), "dim") for one in columns]
    every = [first, *texts] if any(one.title for one in columns) else texts
    if not every:
        return
    wide = [max(cell_len(row[at].text) for row in every) for at in range(len(columns))]
    for at in range(len(columns)):
        if texts and columns[at].rank and not any(row[at].text for row in texts):
            wide[at] = 0  # a head without a cell below it takes the room of a column that says something
    widths, hidden = _fitted(columns, wide, (width() if room is None else room) - len(indent))
    for row in every:
        parts = [_sized(row[at], size) for at, size in widths.items()]
        print((indent + "  ".join(parts)).rstrip())
    if hidden:
        say(f"{indent}Too narrow for: {', '.join(hidden)}. A wider terminal or --json shows them.", "dim")


def _fitted(columns: Sequence[Column], wide: Sequence[int], spare: int) -> tuple[dict[int, int], list[str]]:
    """The columns that are shown with their widths, and the titles of those that are left out."""
    shown = {at: size for at, size in enumerate(wide) if size or columns[at].title == ""}
    hidden: list[str] = []
    while True:
        widths = dict(shown)
        while sum(widths.values()) + 2 * (len(widths) - 1) > spare:
            able = [at for at, size in widths.items() if size > (columns[at].least or size)]
            if not able:
                break
            widths[max(able, key=widths.__getitem__)] -= 1
        droppable = [at for at in widths if columns[at].rank]
        if sum(widths.values()) + 2 * (len(widths) - 1) <= spare or not droppable:
            return widths, hidden
        last = max(droppable, key=lambda at: columns[at].rank)
        del shown[last]
        hidden.append(columns[last].title)


def _sized(cell: Cell, size: int) -> str:
    text = cell.text
    if cell_len(text) > size:
        text = set_cell_size(text, size - 1) + "…"
    return paint(text, cell.style) + " " * (size - cell_len(text))


def guard(command: Callable[[], int], argv: Sequence[str]) -> int:
    """Run a command; every foreseeable error becomes one sentence with the next thing to type, and its exit code."""
    try:
        return command()
    except CommandError as error:
        return _fail(error.code, str(error), error.hint, argv)
    except PermissionError as error:
        hint = "run this as the user that videod runs as"
        return _fail(FORBIDDEN, f"not allowed to open {error.filename}", hint, argv)
    except BrokenPipeError:
        # the reader (such as head) has seen enough; a further flush at exit must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _of_database(error, argv)


def _of_database(error: Exception, argv: Sequence[str]) -> int:
    """What the database says. Raises `error` where it is another's; imported here since help needs none of it."""
    from videod.store.readonly import NoDatabase
    from videod.store.soundness import busy

    if isinstance(error, NoDatabase):
        what, _, hint = str(error).partition(". ")
        return _fail(MISSING, what, hint, argv)
    if not isinstance(error, sqlite3.Error):
        raise error
    if not isinstance(error, sqlite3.OperationalError) or not busy(error):
        return _unreadable(error, argv)
    hint = "close its transaction (`fuser -v` on videod.db in the state folder names it), then try again"
    return _fail(TEMPORARY, "another program holds the database. Nothing was changed", hint, argv)


def _unreadable(error: sqlite3.Error, argv: Sequence[str]) -> int:
    hint = "`videod run` checks it at startup and says how to restore it"
    return _fail(DOWN, f"the database cannot be read: {error}", hint, argv)


def sentences(*parts: str) -> str:
    """The parts as sentences of one line; those that are empty are left out. The first begins as it does."""
    told = [part for part in parts if part]
    begun = [told[0], *(one if one.startswith("videod") else one[:1].upper() + one[1:] for one in told[1:])]
    return " ".join(one if one.endswith((".", "?", "!", ":")) else f"{one}." for one in begun)


def _fail(code: int, message: str, hint: str, argv: Sequence[str]) -> int:
    if "--json" in argv:
        print(json.dumps({"error": message, "hint": hint}), file=sys.stderr)
    else:
        print(sanitize_screen(f"videod: {sentences(message, hint)}"), file=sys.stderr)
    return code
