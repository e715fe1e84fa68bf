"""What suspends an episode or a service, in words: the one place that makes them, for the board, screens and alerts.

Times come in through `when`, since a board shows moments and a screen what is left. Pure.
"""

from collections.abc import Callable

from videod.core.breaker import PROBE_WAITS_MS
from videod.core.moments import clock
from videod.core.sanitize import sanitize_line
from videod.core.services import title
from videod.core.suspension import EVERY_SERVICE, NEW_EPISODES, OF_CHANNEL, Cause, Suspension

#: so much of what a service or a person said is shown on the board
DETAIL_CHARACTERS = 200
#: and so much of what was found wrong with settings, which may be several things
SETTINGS_CHARACTERS = 700
#: how commands name every service
ALL = "all"


def service_name(service: str) -> str:
    """As commands and JSON have it."""
    return ALL if service == EVERY_SERVICE else service


def reason(one: Suspension) -> str:
    """Why, as a clause: "quota of kie is used up"."""
    match one.cause:
        case Cause.CREDIT:
            return f"out of {title(one.service)} credit"
        case Cause.QUOTA:
            return f"quota of {one.service} is used up"
        case Cause.CREDENTIALS:
            return f"{one.service} refused the key {one.key}" if one.key else f"{one.service} is not authorized"
        case Cause.BUDGET:
            return f"the day's budget of ${one.amount / 1e6:.2f} for channel {one.channel_id} is spent"
        case Cause.LIMIT:
            return f"the daily quota of {one.amount} (daily_quota in [services.{one.service}]) is used up"
        case Cause.SPACING:
            return f"{one.channel_id} publishes at most one film every {_hours(one.amount)} (upload_spacing_h)"
        case Cause.UPLOADS:
            many = "1 film was" if one.amount == 1 else f"{one.amount} films were"
            return f"{many} uploaded to {one.channel_id} today, as many as uploads_per_day allows"
        case Cause.DOWN:
            return "it does not answer"
        case Cause.CHANNEL_FILE:
            return f"channels/{one.channel_id}.yaml is missing"
        case Cause.SLOT:
            return f"{one.service} has no free slot"
        case Cause.PERSON:
            return one.detail or "paused by you"
        case Cause.DISK | Cause.OTHER | Cause.SETTINGS:
            return one.detail


def _hours(ms: int) -> str:
    """Such as "6 h" and "90 min"."""
    hours = ms / 3_600_000
    return f"{hours:g} h" if hours >= 1 and ms % 360_000 == 0 else f"{round(ms / 60_000)} min"


def top_up(one: Suspension) -> str:
    """What is said of used-up credit: "Out of KIE credit. Top up, then run `videod resume kie`."."""
    otherwise = "" if one.until_ms is None else f" Otherwise it resumes at {clock(one.until_ms)}."
    return f"Out of {title(one.service)} credit. Top up, then run `{resume_command(one)}`.{otherwise}"


def explained(one: Suspension) -> str:
    """The reason with what was said of it: "quota of kie is used up: 402 insufficient credits"."""
    why = reason(one)
    return f"{why}: {one.detail}" if one.detail and one.detail != why else why


def short(one: Suspension) -> str:
    """`explained` on one line, without a full stop and bounded."""
    if one.cause is Cause.SETTINGS:
        return sanitize_line(one.detail).rstrip(".")[:SETTINGS_CHARACTERS]
    return sanitize_line(explained(one)).rstrip(".")[:DETAIL_CHARACTERS]


def note(one: Suspension) -> str:
    """What an episode says that a service refused: "quota of kie is used up, resumes at 2026-11-21 14:15 UTC"."""
    if one.cause is Cause.CREDIT:
        return top_up(one)
    if one.until_ms is not None:
        return f"{reason(one)}, resumes at {clock(one.until_ms)}"
    if one.cause is Cause.QUOTA and one.detail:
        return sanitize_line(one.detail).rstrip(".")[:DETAIL_CHARACTERS]
    return reason(one)


def waiting(one: Suspension) -> str:
    """What the board says an episode waits for. It changes only when the cause does: it names moments, never spans."""
    service = "" if one.service == EVERY_SERVICE else one.service
    match one.cause:
        case Cause.PERSON:
            return f"{service or 'all work'} is paused by you: {short(one)}"
        case Cause.DISK:
            return "waiting for disk space. videod resumes automatically when there is enough"
        case Cause.DOWN:
            since = f" since {clock(one.since)}" if one.since else ""
            every = PROBE_WAITS_MS[-1] // 60_000
            return (
                f"waiting for {service}: it has not answered{since}. videod asks again at least every {every} minutes"
            )
        case Cause.CHANNEL_FILE:
            return (
                f"waiting for channels/{one.channel_id}.yaml: the file is missing. Restore it, or set Cancelled. If it"
                f" has another name now, stop videod and run `videod channels rename {one.channel_id} NEW`"
            )
        case Cause.SLOT:
            return f"waiting for a free slot at {service}"
        case Cause.OTHER:
            return one.detail
        case Cause.CREDIT:
            return f"waiting: {top_up(one)}"
        case Cause.SETTINGS:
            return f"waiting: {short(one)}. It resumes once that is fixed"
        case _:
            end = "" if one.until_ms is None else f", resumes at {clock(one.until_ms)}"
            return f"waiting for {service or 'videod'}: {short(one)}{end}"


def standing(one: Suspension, when: Callable[[int], str]) -> str:
    """What a screen says of it: "waiting until 14:15 UTC: quota of kie is used up"."""
    return f"{_ending(one, when)}: {explained(one)}"


def _ending(one: Suspension, when: Callable[[int], str]) -> str:
    if one.cause is Cause.DISK:
        return "paused until there is space"
    if one.cause is Cause.DOWN:
        return "waiting, next try soon" if one.until_ms is None else f"waiting, next try {when(one.until_ms)}"
    if one.cause is Cause.SETTINGS:
        return "new episodes wait until you fix this" if one.service == NEW_EPISODES else "waiting until you fix this"
    if one.cause is Cause.CREDIT:
        return "waiting until you top up"
    state = "paused" if one.cause is Cause.PERSON else "waiting"
    return f"{state} until you resume it" if one.until_ms is None else f"{state} until {when(one.until_ms)}"


def resume_command(one: Suspension) -> str | None:
    """The command that ends it, or None where none does."""
    if one.cause in (Cause.DISK, Cause.CHANNEL_FILE, Cause.SLOT, *OF_CHANNEL):
        return None
    channel = f" --channel {one.channel_id}" if one.channel_id else ""
    return f"videod resume {service_name(one.service)}{channel}"


def reminder(one: Suspension) -> str:
    """The reminder about a suspension that only a person ends."""
    why, since = sanitize_line(explained(one)).rstrip("."), f" since {clock(one.since)}" if one.since else ""
    if one.cause == Cause.DISK or one.service == EVERY_SERVICE:
        return f"videod is still paused{since}: {why}. It resumes automatically."
    command = f"`{resume_command(one)}`"
    where = f"{one.service} for {one.channel_id}" if one.channel_id else one.service
    fix = f"put a valid key in and restart videod, or run {command} where the key is right by now"
    if one.cause in (Cause.QUOTA, Cause.CREDIT):
        fix = f"add credit or quota at {one.service}, then run {command}"
    if one.channel_id:
        fix = f"run `videod channels authorize {one.channel_id}`, then {command}"
    return f"{where} is still paused{since}: {why}. Its jobs wait. What to do: {fix}."
