"""What `videod watch` draws where it takes keys: the dashboard, one episode or help, and a line below. Pure."""

import textwrap
from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from videod.dashboard import render
from videod.dashboard.detail import Detail, JobLine
from videod.dashboard.render import STYLES, fit, row
from videod.dashboard.steer import HELP, Room, State, Typing, jobs_of
from videod.dashboard.view import View

_HINTS = {
    Room.LIST: "j/k  Enter jobs  a approve  r redo  p pause  o open  / filter  ? help  q quit",
    Room.JOBS: "j/k  r redo  a approve  p pause  o open  / filter  Esc back  ? help  q quit",
}
#: a sentence has so many lines at most
_LINES = 3


def screen(state: State, view: View, detail: Detail | None, width: int, height: int) -> Group:
    """Exactly `height` lines of at most `width` cells."""
    foot = _foot(state, width)
    room = max(1, height - len(foot))
    if state.help:
        lines = _help(width)
    elif state.room is Room.JOBS and detail is not None:
        lines = _detail(state, detail, width, room)
    else:
        lines = render.lines_of(view, width, room, state.task)
    lines = lines[:room] + [Text("")] * (room - len(lines))
    return Group(*lines, *foot)


def _foot(state: State, width: int) -> list[Text]:
    """What was asked or said, what is typed, or which keys there are."""
    if state.question:
        ask = "Note, may stay empty: " if state.typing is Typing.NOTE else "y: yes   n: no"
        typed = _typed(ask, state, width) if state.typing else Text(ask, "bold yellow")
        keys = [Text("Enter: yes   Esc: no", "dim")] if state.typing else []
        return [*_wrapped(state.question, width, "bold yellow"), typed, *keys]
    if state.typing is Typing.FILTER:
        return [_typed("/", state, width)]
    words = state.words if state.room is Room.LIST else state.job_words
    shown = f"/{words}  Esc clears  " if words else ""
    hint = Text(f"{shown}{_HINTS[state.room]}", "dim")
    hint.truncate(width, overflow="ellipsis")
    return [*(_wrapped(state.said, width, "bold red" if state.bad else "bold green") if state.said else []), hint]


def _typed(ask: str, state: State, width: int) -> Text:
    """What is typed, its end in sight."""
    room = max(1, width - len(ask) - 1)
    line = Text(ask, "bold yellow") + Text(state.text[-room:])
    line.append("_", "blink")
    line.truncate(width)
    return line


def _wrapped(text: str, width: int, style: str) -> list[Text]:
    """A sentence on a few lines."""
    lines = [Text(line, style) for line in textwrap.wrap(text, max(1, width))[:_LINES]]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _help(width: int) -> list[Text]:
    lines = [render.heading("keys", width)]
    lines += [row(width, fit(keys, 12, "bold"), Text(text)) for keys, text in HELP]
    return [*lines, Text(""), Text("Any key leads back.", "dim")]


def _detail(state: State, detail: Detail, width: int, height: int) -> list[Text]:
    style = STYLES[detail.tone]
    head = row(width, fit(detail.title, max(1, width - len(detail.label) - 1), "bold"), Text(detail.label, style))
    lines = [head, *_wrapped(detail.sentence, width, "")]
    jobs = jobs_of(detail, state.job_words)
    done = sum(one.state == "done" for one in detail.jobs)
    lines.append(render.heading(f"{done} of {len(detail.jobs)} jobs done", width))
    room = max(1, height - len(lines))
    if not jobs:
        return [*lines, Text("  no job matches", "dim")]
    return lines + _window([_job(one, one.name == state.job, width) for one in jobs], state.job_at, room)


def _window(rows: Sequence[Text], chosen: int, room: int) -> list[Text]:
    """As many rows as there is room for, the chosen one in their middle."""
    begin = min(max(0, chosen - room // 2), max(0, len(rows) - room))
    return list(rows[begin : begin + room])


def _job(one: JobLine, chosen: bool, width: int) -> Text:
    name = min(34, max(20, width // 3))
    style = STYLES[one.tone]
    sign = fit(">" if chosen else "", 1, "bold")
    line = row(width, sign, fit(one.name, name), fit(one.state, 8, style), fit(one.cost, 6), Text(one.note, style))
    if chosen:
        line = fit(line, width)
        line.stylize("reverse")
    return line
