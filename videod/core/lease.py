"""Who works on a board: a line that the board carries, and what it means for a daemon that reads it. Pure.

Notion has no compare-and-swap. So whoever wants the board writes its claim, waits, and reads it back; whoever has it
looks at the line again and again, and takes no entry without having seen its own claim there a short while ago.
All times are the board's own: hosts need not agree on theirs.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from videod.core import bounds
from videod.core.moments import clock, iso

#: how often the holder looks at its claim, and how often it renews it, ms
LOOK_MS, RENEW_MS = 30_000, 120_000
#: no entry is taken when the claim was not seen for longer than this, ms
FRESH_MS = 45_000
#: a claim without a sign for so long may be replaced, ms: longer than outages of Notion are as a rule
LAPSE_MS = 600_000
#: after writing a claim on a free board, and on one whose holder may still work, ms
SETTLE_MS, OUSTED_MS = 2_000, FRESH_MS + 5_000

_HOST = re.compile(r"[^A-Za-z0-9._-]+")
_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
_LINE = re.compile(
    rf"videod (works|worked) on this board: host ([A-Za-z0-9._-]{{1,64}}) since {_TIME}, last sign {_TIME}"
    r" \(lease ([0-9a-f]{8,32})\.([0-9a-f]{8,32})\.([0-9a-f]{4,32})\)"
)


@dataclass(frozen=True)
class Holder:
    """A state folder on a machine. A copy of the folder on another machine is another holder."""

    installation: str
    machine: str
    host: str

    def same(self, other: "Holder") -> bool:
        """Whatever the host is called now."""
        return (self.installation, self.machine) == (other.installation, other.machine)


def holder(installation: str, machine: str, host: str) -> Holder:
    """Raises nothing: a host name that is no word is brought to one."""
    return Holder(installation, machine, _HOST.sub("-", host)[:64].strip("-") or "unknown")


@dataclass(frozen=True)
class Claim:
    """`since_ms`: when this holder got the board; `sign_ms`: its last sign of life; `released`: it has ended well."""

    holder: Holder
    since_ms: int
    sign_ms: int
    nonce: str
    released: bool = False

    def line(self) -> str:
        verb = "worked" if self.released else "works"
        who = self.holder
        return (
            f"videod {verb} on this board: host {who.host} since {iso(self.since_ms)}, last sign {iso(self.sign_ms)}"
            f" (lease {who.installation}.{who.machine}.{self.nonce})"
        )


def read(text: str) -> Claim | None:
    """The claim in a line; None if there is no readable one."""
    found = _LINE.search(text)
    if found is None:
        return None
    since, sign = bounds.moment_ms(found[3]), bounds.moment_ms(found[4])
    if since is None or sign is None:
        return None
    who = Holder(found[5], found[6], found[2])
    return Claim(who, since, sign, found[7], found[1] == "worked")


def without(text: str) -> str:
    """`text` without any claim in it: Notion joins pieces of a text that look alike."""
    return re.sub(r"\n?videod work(?:s|ed) on this board:[^\n]*", "", text)


class Standing(StrEnum):
    """What a claim means for a daemon."""

    FREE = "free"
    OURS = "ours"
    LAPSED = "another's, long without a heartbeat"
    HELD = "another's"


def standing(claim: Claim | None, me: Holder, now_ms: int) -> Standing:
    """What `claim` means for `me`. A sign from the future is a sign."""
    if claim is None or claim.released:
        return Standing.FREE
    lapsed = now_ms - claim.sign_ms > LAPSE_MS
    if claim.holder.same(me):
        return Standing.FREE if lapsed else Standing.OURS
    return Standing.LAPSED if lapsed else Standing.HELD


def refused(claim: Claim, me: Holder) -> str:
    """Why a daemon does not start, for the person at hand."""
    minutes = LAPSE_MS // 60_000
    return (
        f"another videod works on this board: {_who(claim, me)}, since {clock(claim.since_ms)}, last sign"
        f" {clock(claim.sign_ms)}. Stop it there, or move the board here with `videod run --take-over`. After"
        f" {minutes} minutes without a heartbeat from it, the next start takes over.{_copied(claim, me)}"
    )


def lost(claim: Claim | None, me: Holder) -> str:
    """The alert when the board went to another daemon."""
    now = f"{_who(claim, me)}, since {clock(claim.since_ms)}" if claim is not None else "its line was removed"
    return (
        f"videod on {me.host} stops: another videod has the board now ({now}). This one takes no more entries. What it"
        " had begun stays in its state folder. To bring the board back, run `videod run --take-over` here."
    )


def _who(claim: Claim, me: Holder) -> str:
    same = claim.holder.machine == me.machine
    return f"host {claim.holder.host}" + (", with another state folder" if same else "")


def _copied(claim: Claim, me: Holder) -> str:
    if claim.holder.installation != me.installation:
        return ""
    return (
        " This state folder is a copy of that one's, and does not know what was bought there since it was copied: take"
        " over only with a fresh copy."
    )
