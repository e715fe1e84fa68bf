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


def fit(text: str | Text, width: int, style: str = "") -> Text:
    """Exactly `width` cells: cut with an ellipsis or filled with blanks."""
    cell = Text(text, style) if isinstance(text, str) else text.copy()
    cell.truncate(max(width, 0), overflow="ellipsis", pad=True)
    return cell


def row(width: int, *cells: Text) -> Text:
    line = Text(" ").join(cells)
    line.truncate(width, overflow="ellipsis")
    line.rstrip()
    return line


def heading(title: str, width: int, style: str = "bold") -> Text:
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
    cells = [fit(one.service, 10, "bold"), fit(f"{one.running}{limit} run", 9, busy), fit(f"{one.ready} ready", 9)]
    if one.suspended:
        cells.append(Text(one.suspended, "bold yellow"))
    elif one.later:
        cells.append(Text(f"{one.later} later", "dim"))
    return row(width, *cells)


def lanes(view: View, width: int) -> list[Text]:
    """One line a lane where it is wide or something is suspended, else a line for all of them."""
    calm = [one for one in view.lanes if not one.suspended]
    lines = [lane(one, width) for one in view.lanes if one.suspended]
    per_line = max(1, width // 20)
    for begin in range(0, len(calm), per_line):
        parts = [fit(_brief(one), 20 if per_line > 1 else width) for one in calm[begin : begin + per_line]]
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
        title = fit(one.title, 34 if width >= ROOMY else 22, "bold")
        return [row(width, title, fit(one.channel, 12, "dim"), fit(label, 17), *bars, fit(one.cost, 6), note)]
    room = min(label.cell_len, width // 2)
    first = row(width, fit(one.title, width - room - 1, "bold"), fit(label, room))
    return [first, row(width, Text(" "), *bars, fit(one.cost, 6), note)]


def review(one: Line, width: int) -> Text:
    """What to look at or fix, how long it waits, what it costs; what to type where there is room."""
    verb = "approve" if one.tone == "review" else "retry"
    cost = f"costs {one.cost_of_approval}" if one.cost_of_approval else "free"
    what = Text(f"{one.label} for {one.since}, {cost}" if verb == "approve" else one.note, STYLES[one.tone])
    if width >= NARROW:
        command = Text(f"videod {verb} {one.id}", "dim")
        room = width - 32 - min(46, command.cell_len)
        return row(width, fit(one.title, 30, "bold"), fit(what, room), command)
    if verb == "approve":
        what = Text(f"{one.label}, {one.since}, {one.cost_of_approval or 'free'}", STYLES[one.tone])
    return row(width, fit(one.title, width * 2 // 5, "bold"), what)


def event(one: EventLine, width: int) -> Text:
    title = 22 if width >= NARROW else 12
    time = fit(one.time, 5 if len(one.time) <= 5 else len(one.time), "dim")
    return row(width, time, fit(one.title, title, "dim"), Text(one.text, STYLES[one.tone]))


def _shown(groups: list[list[Text]], room: int, noun: str, chosen: int | None = None) -> list[Text]:
    """As many groups of lines as fit into `room` lines, then a line that counts the others; `chosen` is among them."""
    above = 0
    while chosen is not None and above < chosen and not _fits(groups, above, chosen, room):
        above += 1
    if above:
        more = Text(f"  … {above} above", "dim")
        return [more, *_from_top(groups[above:], room - 1, noun)]
    return _from_top(groups, room, noun)


def _fits(groups: list[list[Text]], above: int, chosen: int, room: int) -> bool:
    """Whether the chosen group is seen where `above` groups are left out at the top."""
    need = sum(map(len, groups[above : chosen + 1])) + (above > 0) + (chosen < len(groups) - 1)
    return need <= room


def _from_top(groups: list[list[Text]], room: int, noun: str) -> list[Text]:
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
    return Group(*lines_of(view, width, height))


def lines_of(view: View, width: int, height: int, chosen: str | None = None) -> list[Text]:
    """The same as lines; with `chosen`, the ID of an episode or "", each episode has a margin for the sign."""
    lines = [*header(view, width), heading("lanes", width), *lanes(view, width)]
    room = height - len(lines)
    needy, others = view.reviews + view.errors, view.work + view.queue
    urgent, busy = _groups(needy, others, width, chosen)
    if urgent and room > 2:
        want = sum(map(len, urgent))
        share = want if not busy else max(room // 2, room - sum(map(len, busy)) - 6)
        title = f"needs your attention: {len(view.reviews)} to review, {len(view.errors)} stopped"
        lines += [
            heading(title, width, "bold yellow"),
            *_shown(urgent, min(share, room - 1), "wait for you", _place(needy, chosen)),
        ]
        room = height - len(lines)
    if room > 2:
        lines += _working(view, busy, width, room, _place(others, chosen))
        room = height - len(lines)
    if view.events and room > 2:
        recent = [event(one, width) for one in view.events]
        lines += [heading("recent", width), *recent[: room - 1]]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def _groups(
    needy: tuple[Line, ...], others: tuple[Line, ...], width: int, chosen: str | None
) -> tuple[list[list[Text]], list[list[Text]]]:
    """The lines of each episode: those that need a person, and the others."""
    if chosen is None:
        return [[review(one, width)] for one in needy], [episode(one, width) for one in others]
    urgent = [_marked([review(one, width - 2)], one.id == chosen) for one in needy]
    return urgent, [_marked(episode(one, width - 2), one.id == chosen) for one in others]


def _place(lines: tuple[Line, ...], chosen: str | None) -> int | None:
    return next((at for at, one in enumerate(lines) if one.id == chosen), None)


def _marked(lines: list[Text], chosen: bool) -> list[Text]:
    """The lines of an episode behind a margin: of the chosen one with a sign, in reversed colors."""
    margin = ("> " if chosen else "  ", "  ")
    shown = [Text(margin[min(at, 1)]) + line for at, line in enumerate(lines)]
    for line in shown if chosen else ():
        line.stylize("reverse")
    return shown


def _working(
    view: View, busy: list[list[Text]], width: int, room: int, chosen: int | None = None
) -> list[Text]:  # fmt: skip
    queued = f", {len(view.queue)} queued" if view.queue else ""
    legend = "   assets video audio film upload" if busy else ""
    head = heading(f"{len(view.work)} in work{queued}{legend}", width)
    if not view.lines:
        return [head, Text("  nothing to do. `videod new` queues an episode", "dim")]
    if not busy:
        return [head, Text("  nothing is in work now", "dim")]
    reserve = 4 if view.events and room > 8 else 0
    return [head, *_shown(busy, room - 1 - reserve, "under way", chosen)]
