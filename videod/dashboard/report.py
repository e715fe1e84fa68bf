"""The measures of a period in words: lines that `videod report` and the weekly message share. Pure."""

from videod.core.measures import TARGET_ALONE, TARGET_RECOVERED, TARGET_UP, Outcome, Report, Share, Stay, a_film
from videod.core.moments import clock
from videod.core.sanitize import sanitize_line
from videod.core.statuses import AT_GATE, LABELS
from videod.dashboard.text import count, money, span, spent

#: so many episodes that needed a person are named in the weekly message
NAMED, TITLE_CHARACTERS = 5, 60


def period(report: Report) -> str:
    """Such as "2026-11-23 00:00 UTC to 2026-11-30 00:00 UTC, all channels"."""
    return f"{clock(report.begin)} to {clock(report.end)}, {report.channel or 'all channels'}"


def percent(share: Share) -> str:
    """Such as "92 % (11 of 12)"; never 100 % while one is missing."""
    if share.value is None:
        return "none"
    rounded = round(share.value * 100)
    shown = 99 if rounded == 100 and share.part < share.whole else rounded
    return f"{shown} % ({share.part} of {share.whole})"


def _target(share: Share, target: float) -> str:
    missed = "" if share.value is None or share.value >= target else ", missed"
    return f"target {target:.0%}{missed}".replace("%", " %")


def episodes(report: Report) -> tuple[str, ...]:
    """What became of the episodes, two lines."""
    clean, recovered, helped, stopped, cancelled = (len(report.of(one)) for one in Outcome)
    return (
        f"{count(len(report.published), 'episode')} published: {clean} without trouble, {recovered} recovered"
        f" automatically, {helped} with your help. {stopped} stopped, {cancelled} cancelled.",
        f"Finished without a person: {percent(report.alone())}, {_target(report.alone(), TARGET_ALONE)}.",
    )


def failures(report: Report) -> str:
    share = report.transient
    trying = f", {count(report.retrying, 'job')} being retried now" if report.retrying else ""
    told = f"{percent(share)}, {_target(share, TARGET_RECOVERED)}{trying}"
    return f"Transient failures that recovered automatically: {told}."


def presence(report: Report) -> str:
    """Which share of the time videod worked, and when it did not; a period of which nothing is known says so."""
    one = report.presence
    if one.up.value is None:
        return "videod at work: not known for this period."
    # never 100 % while something is missing
    share = "100" if not one.absences else f"{min(one.up.value * 100, 99.99):.2f}"
    told = f"videod at work: {share} % of the time, {_target(one.up, TARGET_UP)}"
    told += "" if one.since == report.begin else f", known since {clock(one.since)}"
    if not one.absences:
        return f"{told}."
    longest = max(one.absences, key=lambda gap: gap.ms)
    many = f" in {len(one.absences)} gaps, the longest {span(longest.ms)}" if len(one.absences) > 1 else ""
    return f"{told}. Away {span(one.away_ms)}{many} from {clock(longest.began_at)}."


def costs(report: Report) -> str:
    """What was spent, by service, and what a film of this period cost."""
    parts = ", ".join(f"{one.key} {spent(one.micros, one.possible)}" for one in report.by_service)
    mean = a_film(report.published)
    each = "" if mean is None else f". A published film cost {money(mean)} on average"
    return f"Spent: {spent(report.micros, report.possible)}{f' ({parts})' if parts else ''}{each}."


def reviews(report: Report) -> tuple[Stay, ...]:
    """The times at reviews, in which the work waits for people."""
    return tuple(one for one in report.stays if one.status in AT_GATE)


def _review_line(report: Report) -> str:
    parts = [
        f"{AT_GATE[one.status].value} {span(one.median_ms)} (longest {span(one.longest_ms)})" for one in reviews(report)
    ]
    return f"Time at reviews, median: {', '.join(parts)}." if parts else "No review ended."


def bottleneck(report: Report) -> str:
    one = report.bottleneck
    if one is None:
        return "Bottleneck: none. No job waited for a service."
    return (
        f"Bottleneck: {one.service}. {count(one.starts, 'job')} waited {span(one.waited_ms)} for it in all,"
        f" {span(one.waited_ms // one.starts)} each."
    )


def queue(report: Report, at: int) -> str:
    """How deep each channel's queue is now."""
    parts = [f"{one.channel_id} {one.entries} (oldest {span(at - one.oldest)})" for one in report.queue]
    return f"Queued now: {', '.join(parts)}." if parts else "Queued now: nothing."


def summary(report: Report) -> tuple[str, ...]:
    """What the command, the weekly message and the page say alike."""
    return (*episodes(report), failures(report), costs(report), bottleneck(report), presence(report))


def weekly_text(report: Report, at: int) -> str:
    """The weekly message; its first line is the subject of the mail."""
    published, alone = len(report.published), report.alone()
    head = f"videod's week up to {clock(report.end)}: {count(published, 'episode')} published"
    head += "" if alone.value is None else f", {percent(alone)} without a person"
    lines = [head, *summary(report), _review_line(report), queue(report, at), *_needed(report)]
    return "\n".join([*lines, "`videod report --week` shows more."])


def _needed(report: Report) -> list[str]:
    """The episodes that needed a person, the newest first."""
    found = [one for one in reversed(report.endings) if one.person]
    if not found:
        return []
    lines = ["Needed a person:"]
    for one in found[:NAMED]:
        title = sanitize_line(one.title)
        title = title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…"
        lines.append(f"- {title} ({one.channel_id}, {one.task_id}): {_ENDED[one.outcome]}")
    return lines + ([f"- and {len(found) - NAMED} more"] if len(found) > NAMED else [])


_ENDED = {
    Outcome.HELPED: "published with your help", Outcome.STOPPED: "stopped, waits for you",
    Outcome.CANCELLED: "cancelled after an error", Outcome.CLEAN: "", Outcome.RECOVERED: "",
}  # fmt: skip


def stage(one: Stay) -> str:
    """The status as the board shows it."""
    return LABELS[one.status]
