"""One message about all that waits for a person: reviews, unconfirmed purchases, stopped and paused episodes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from videod.core import bounds, links
from videod.core.moments import duration
from videod.core.sanitize import sanitize_line
from videod.core.statuses import AT_GATE, LABELS, Status

#: so many are named in one message, so much of a title and of a reason, and so long is the whole list at most
NAMED, TITLE_CHARACTERS, REASON_CHARACTERS, LIST_CHARACTERS = 20, 80, 80, 2_900


class What(StrEnum):
    """What of an episode waits for a person."""

    REVIEW = "review"
    PURCHASE = "unconfirmed purchase"
    STOPPED = "stopped episode"
    PAUSED = "paused episode"


@dataclass(frozen=True)
class Waiting:
    """An episode that waits since `since`, ms. `cost_micros`: what it costs when a person lets it continue: approving
    its review, buying once more what is unconfirmed, retrying. `reason`: of a pause."""

    task_id: str
    title: str
    channel_id: str
    status: Status
    since: int
    cost_micros: int = 0
    what: What = What.REVIEW
    page_id: str = ""
    reason: str = ""

    @property
    def mark(self) -> str:
        """One wait: the same episode at its next review is another."""
        return f"{self.task_id}@{self.since}"


@dataclass(frozen=True)
class Digest:
    """The last message: when, ms, and what it listed."""

    at: int | None = None
    listed: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, kept: object) -> "Digest":
        """What `plain` gave; nothing was sent where it is nonsense."""
        if not isinstance(kept, dict) or not isinstance(kept.get("listed"), list):
            return cls()
        return cls(bounds.whole(kept.get("at")), frozenset(map(str, kept["listed"])))

    def plain(self) -> dict[str, object]:
        return {"at": self.at, "listed": sorted(self.listed)}


def due(found: Sequence[Waiting], last: Digest, at: int, after_ms: int, every_ms: int) -> bool:
    """Whether something waits longer than `after_ms` (0: never said) that the last message did not list."""
    if not after_ms or (last.at is not None and 0 <= at - last.at < every_ms):
        return False
    return any(at - one.since > after_ms and one.mark not in last.listed for one in found)


def text(found: Sequence[Waiting], at: int, page: str = "") -> str:
    """One message about all of it, the longest wait first, however much that is.

    `page`: the address of videod's page as people reach it, to which each line leads; "" leads to the entry in Notion.
    """
    lines: list[str] = []
    for one in sorted(found, key=lambda one: (one.since, one.task_id))[:NAMED]:
        line = _line(one, at, page)
        if sum(map(len, lines)) + len(line) > LIST_CHARACTERS:
            break
        lines.append(line)
    more = len(found) - len(lines)
    return "\n".join([
        f"{_counted(found)} {'waits' if len(found) == 1 else 'wait'} for you:", *lines,
        *([f"- and {more} more. `videod status` lists them"] if more else []),
        "`videod show EPISODE` shows files and reasons. Decide on the board, or with `videod approve`, `videod retry`"
        " or `videod resume` and the episode.",
    ])  # fmt: skip


def _counted(found: Sequence[Waiting]) -> str:
    """Such as "2 reviews, 1 unconfirmed purchase and 3 stopped episodes"."""
    parts = []
    for what in What:
        if many := sum(one.what is what for one in found):
            parts.append(f"{many} {what.value}{'' if many == 1 else 's'}")
    return " and ".join([part for part in (", ".join(parts[:-1]), parts[-1]) if part])


def _line(one: Waiting, at: int, page: str) -> str:
    title = sanitize_line(one.title)
    title = title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…"
    cost = f"${one.cost_micros / 1e6:,.2f}" if one.cost_micros else "nothing"
    address = links.of_review(page, one.task_id) or (links.of_entry(one.page_id) if one.page_id else "")
    link = f" {address}".rstrip()
    about = f"{_about(one)} for {duration(at - one.since)}"
    return f"- {title} ({one.channel_id}, {one.task_id}): {about}, {_COSTS[one.what]} {cost}.{link}"


_COSTS = {
    What.REVIEW: "approving costs", What.PURCHASE: "buying it once more costs", What.STOPPED: "retrying costs",
    What.PAUSED: "what it would start next costs",
}  # fmt: skip


def _about(one: Waiting) -> str:
    if one.what is What.REVIEW:
        return f"{AT_GATE[one.status].value} review"
    if one.what is What.PURCHASE:
        return "unconfirmed purchase"
    if one.what is What.STOPPED:
        return LABELS[one.status]
    reason = sanitize_line(one.reason)[:REASON_CHARACTERS]
    return f"paused ({reason})" if reason else "paused"
