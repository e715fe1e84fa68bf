"""From a view to lines of rich text that fit the terminal. Pure.

Every line is cut to the width and the sections share the height, what needs a person first, so that 60 columns and 20
episodes still make a readable screen. Foreign text comes cleaned and only ever through `Text`, never as markup.
"""

from rich.console import Group
from rich.text import Text

from videod.dashboard.view import Bar, EventLine, LaneLine, Line, View

STYLES = {
    "review": "bold yellow", "bad": "bold red", "work": "cyan", "wait": "blue", "good": "green", "dim": "dim",
    "plain": "",
}  # fmt: skip
#: from here an episode has one line, and from there longer bars and titles
NARROW, ROOMY = 110, 160
#: at most so many lines of warnings, so that they never push the work off the screen
WARNINGS = 4


def _fit(text: str | Text, width: int, style: str = "") -> Text:
    """Exactly `width` cells: cut with an ellipsis or filled with blanks."""
    cell = Text(text, style) if isinstance(text, str) else text.copy()
    cell.truncate(max(width, 0), overflow="ellipsis", pad=True)
    return cell


def _row(width: int, *cells: Text) -> Text:
    line = Text(" ").join(cells)
    line.truncate(width, overflow="ellipsis")
    line.rstrip()
    return line


def _heading(title: str, width: int, style: str = "bold") -> Text:
    line = Text(f"── {title} ", style)
    line.append("─" * max(0, width - line.cell_len), "dim")
    line.truncate(width)
    return line


def bar(one: Bar, cells: int = 8) -> Text:
    """Done, running, stopped and open parts of a stage in `cells` cells; a stage without a plan is dotted."""
    if not one.total:
        return Text("·" * cells, "dim")
    done = one.done * cells // one.total
    running = min(cells - done, -(-one.running * cells // one.total))
    stopped = min(cells - done - running, -(-one.stopped * cells // one.total))
    text = Text("█" * done, "green")
    text.append("▓" * running, "cyan")
    text.append("▒" * stopped, "red")
    return text.append("░" * (cells - done - running - stopped), "dim")


def header(view: View, width: int) -> list[Text]:
    state = Text("● " if view.alive else "○ ", "bold green" if view.alive else "bold red")
    state.append(view.daemon, "" if view.alive else "bold red")
    facts = f"{view.money} · {view.summary}"
    if state.cell_len + len(facts) + 10 <= width:
        state.append(" " * (width - state.cell_len - len(facts) - len(view.time) - 2) + facts + "  " + view.time)
        lines = [state]
    else:
        lines = [state, Text(f"{view.time} · {facts}", "dim")]
    shown = view.warnings if len(view.warnings) <= WARNINGS else view.warnings[: WARNINGS - 1]
    lines += [Text(f"! {warning}", "bold yellow") for warning in shown]
    if len(shown) < len(view.warnings):
        lines.append(Text(f"! … and {len(view.warnings) - len(shown)} more: videod status", "bold yellow"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def lane(one: LaneLine, width: int) -> Text:
    limit = "" if one.limit is None else f"/{one.limit}"
    busy = "cyan" if one.running else "dim"
    cells = [_fit(one.service, 10, "bold"), _fit(f"{one.running}{limit} run", 9, busy), _fit(f"{one.ready} ready", 9)]
    if one.suspended:
        cells.append(Text(one.suspended, "bold yellow"))
    elif one.later:
        cells.append(Text(f"{one.later} later", "dim"))
    return _row(width, *cells)


def lanes(view: View, width: int) -> list[Text]:
    """One line a lane where it is wide or something is suspended, else a line for all of them."""
    calm = [one for one in view.lanes if not one.suspended]
    lines = [lane(one, width) for one in view.lanes if one.suspended]
    per_line = max(1, width // 20)
    for begin in range(0, len(calm), per_line):
        parts = [_fit(_brief(one), 20 if per_line > 1 else width) for one in calm[begin : begin + per_line]]
        line = Text("").join(parts)
        line.truncate(width)
        lines.append(line)
    return lines


def _brief(one: LaneLine) -> Text:
    limit = "" if one.limit is None else f"/{one.limit}"
    text = Text(f"{one.service} ", "bold")
    text.append(f"{one.running}{limit}", "cyan" if one.running else "dim")
    return text.append(f" +{one.ready + one.later}" if one.ready + one.later else "", "dim")


def episode(one: Line, width: int) -> list[Text]:
    """One line where it is wide, else two: the title with its state, then bars and what is particular."""
    style = STYLES[one.tone]
    label = Text(one.label, style)
    note = Text(one.note or one.progress, style if one.note else "dim")
    bars = [bar(stage, 8 if width >= ROOMY else 4) for stage in one.bars]
    if width >= NARROW:
        title = _fit(one.title, 34 if width >= ROOMY else 22, "bold")
        return [_row(width, title, _fit(one.channel, 12, "dim"), _fit(label, 17), *bars, _fit(one.cost, 6), note)]
    room = min(label.cell_len, width // 2)
    first = _row(width, _fit(one.title, width - room - 1, "bold"), _fit(label, room))
    return [first, _row(width, Text(" "), *bars, _fit(one.cost, 6), note)]


def review(one: Line, width: int) -> Text:
    """What to look at or fix, how long it waits, what it costs; what to type where there is room."""
    verb = "approve" if one.tone == "review" else "retry"
    cost = f"costs {one.cost_of_approval}" if one.cost_of_approval else "free"
    what = Text(f"{one.label} for {one.since}, {cost}" if verb == "approve" else one.note, STYLES[one.tone])
    if width >= NARROW:
        command = Text(f"videod {verb} {one.id}", "dim")
        room = width - 32 - min(46, command.cell_len)
        return _row(width, _fit(one.title, 30, "bold"), _fit(what, room), command)
    if verb == "approve":
        what = Text(f"{one.label}, {one.since}, {one.cost_of_approval or 'free'}", STYLES[one.tone])
    return _row(width, _fit(one.title, width * 2 // 5, "bold"), what)


def event(one: EventLine, width: int) -> Text:
    title = 22 if width >= NARROW else 12
    time = _fit(one.time, 5 if len(one.time) <= 5 else len(one.time), "dim")
    return _row(width, time, _fit(one.title, title, "dim"), Text(one.text, STYLES[one.tone]))


def _shown(groups: list[list[Text]], room: int, noun: str) -> list[Text]:
    """As many groups of lines as fit into `room` lines, then a line that counts the others."""
    lines: list[Text] = []
    for at, group in enumerate(groups):
        last = at == len(groups) - 1
        if len(lines) + len(group) + (0 if last else 1) > room:
            if len(lines) < room:
                lines.append(Text(f"  … and {len(groups) - at} more {noun}", "dim"))
            return lines
        lines += group
    return lines


def screen(view: View, width: int, height: int) -> Group:
    """The dashboard as at most `height` lines of at most `width` cells."""
    lines = [*header(view, width), _heading("lanes", width), *lanes(view, width)]
    room = height - len(lines)
    urgent = [[review(one, width)] for one in view.reviews + view.errors]
    busy = [episode(one, width) for one in view.work + view.queue]
    if urgent and room > 2:
        want = sum(map(len, urgent))
        share = want if not busy else max(room // 2, room - sum(map(len, busy)) - 6)
        title = f"needs your attention: {len(view.reviews)} to review, {len(view.errors)} stopped"
        lines += [_heading(title, width, "bold yellow"), *_shown(urgent, min(share, room - 1), "wait for you")]
        room = height - len(lines)
    if room > 2:
        lines += _working(view, busy, width, room)
        room = height - len(lines)
    if view.events and room > 2:
        recent = [event(one, width) for one in view.events]
        lines += [_heading("recent", width), *recent[: room - 1]]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Group(*lines[:height])


def _working(view: View, busy: list[list[Text]], width: int, room: int) -> list[Text]:
    queued = f", {len(view.queue)} queued" if view.queue else ""
    legend = "   assets video audio film upload" if busy else ""
    heading = _heading(f"{len(view.work)} in work{queued}{legend}", width)
    if not view.lines:
        return [heading, Text("  nothing to do. Set an entry to Queued on the board", "dim")]
    if not busy:
        return [heading, Text("  nothing is in work just now", "dim")]
    reserve = 4 if view.events and room > 8 else 0
    return [heading, *_shown(busy, room - 1 - reserve, "under way")]
