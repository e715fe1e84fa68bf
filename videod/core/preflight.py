"""What was found wrong with settings before anything is paid for them, and what waits for it. Pure.

A finding is one cause: a key, a voice, a model, a consent. It stops the jobs that need it and lets no new episode
begin, which would only get stuck there after money was spent. A look that got no answer changes nothing: an outage is
no wrong setting, and what was wrong stays so until somebody says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from videod.core.failures import Kind
from videod.core.suspension import NEW_EPISODES, Cause, Suspension

#: so much is spent of a finding's sentence
TEXT_CHARACTERS = 500
#: texts of several findings at one place
_AND = " "


@dataclass(frozen=True)
class Finding:
    """A wrong setting. `cause` names it, once and for all of its occurrences; `text`: what is wrong and what to do.

    `services`: whose jobs wait (none: only new episodes do). `channel_id` "": of all channels. `stops` False: nothing
    waits, since a custom script does what needs it; it is only said.
    """

    cause: str
    text: str
    services: tuple[str, ...] = ()
    channel_id: str = ""
    stops: bool = True

    @property
    def alert_key(self) -> str:
        """The key under which people hear of it; a refused key is the one under which a failed job tells of it."""
        service, _, about = self.cause.partition(":")
        if about == "key":
            return f"{service}:{Kind.CREDENTIALS.value}"
        if about == f"consent {self.channel_id}":
            return f"{service}:{Kind.CREDENTIALS.value}:{self.channel_id}"
        if about == f"ends {self.channel_id}":
            return f"{service}:consent-ends:{self.channel_id}"
        return f"setting:{self.cause}"

    @property
    def sentence(self) -> str:
        text = " ".join(self.text.split())[:TEXT_CHARACTERS]
        return text if text.endswith((".", "!", "?")) else f"{text}."

    @property
    def alert(self) -> str:
        """The alert that people get once."""
        if not self.stops:
            return self.sentence
        whose = f" of {self.channel_id}" if self.channel_id else ""
        work = f", and so do jobs of {' and '.join(self.services)}{whose}" if self.services else ""
        return f"{self.sentence} New entries{whose} wait{work}. videod checks again and resumes automatically."


@dataclass(frozen=True)
class Look:
    """One look: what is wrong, and the causes and the channels of which nobody could say anything."""

    found: tuple[Finding, ...] = ()
    unknown: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


def together(looks: Iterable[Look]) -> Look:
    """What all of them say."""
    parts = tuple(looks)
    return Look(
        tuple(one for part in parts for one in part.found),
        frozenset(cause for part in parts for cause in part.unknown),
        frozenset(channel for part in parts for channel in part.channels),
    )


def standing(before: Iterable[Finding], look: Look) -> tuple[Finding, ...]:
    """What is wrong after a look; of what it could not find out, what was wrong before."""
    found = {one.cause: one for one in look.found}
    unsure = [one for one in before if one.cause in look.unknown or one.channel_id in look.channels]
    kept = [one for one in unsure if one.cause not in found]
    return (*found.values(), *kept)


def suspensions(findings: Iterable[Finding], at: int) -> dict[tuple[str, str], Suspension]:
    """(service, channel) -> what suspends it, with the sentences of all that is wrong there."""
    texts: dict[tuple[str, str], list[str]] = {}
    for one in sorted(findings, key=lambda one: one.cause):
        for service in (*one.services, NEW_EPISODES) if one.stops else ():
            texts.setdefault((service, one.channel_id), []).append(one.sentence)
    return {
        place: Suspension(Cause.SETTINGS, place[0], place[1], since=at, detail=_AND.join(dict.fromkeys(told)))
        for place, told in texts.items()
    }


def changes(
    wanted: Mapping[tuple[str, str], Suspension], known: Iterable[Suspension]
) -> tuple[list[Suspension], list[Suspension]]:  # fmt: skip
    """(what to suspend, what to release) for what suspends now to become what is wanted."""
    now = {(one.service, one.channel_id): one for one in known if one.cause is Cause.SETTINGS}
    new = [one for place, one in wanted.items() if place not in now or now[place].detail != one.detail]
    return new, [one for place, one in now.items() if place not in wanted]


def plain(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """As it is kept over a restart."""
    return [asdict(one) for one in findings]


def of(kept: object) -> tuple[Finding, ...]:
    """What `plain` gave; nothing where it is nonsense."""
    found = []
    for row in kept if isinstance(kept, list) else ():
        try:
            one = Finding(**row)
        except TypeError:
            continue
        found.append(replace(one, services=tuple(one.services)))
    return tuple(found)
