"""Who is in: one-time links that become sessions, and sessions until they are ended.

A link and a session are 32 random bytes each; the database keeps their SHA-256, so that nobody who reads it can enter.
There are few of them, so all are kept as one value, and looked up in memory.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from videod.core import bounds, people
from videod.core.sanitize import sanitize_line
from videod.guard.errors import Code, Refused
from videod.ledger import Ledger
from videod.ports import Clock
from videod.store import reads
from videod.store.database import Store

#: where they are kept among the values of the database
KEPT = "web_sessions"
#: a link is good so long, ms
LINK_MS = 600_000
#: a session that nobody used for so long has ended, ms
IDLE_MS = 90 * 86_400_000
#: when a session was last used is written down so exactly, ms
SEEN_MS = 3_600_000
#: links that wait to be opened, and sessions: the oldest make room
LINKS, SESSIONS = 20, 100
NAME_CHARACTERS, DEVICE_CHARACTERS = 40, 80
#: who opened the first page on the host itself
OWNER_NAME = "owner"
#: characters of a session's public name, of its digest
ID_CHARACTERS = 8


class Role(StrEnum):
    """What a person may do on the page."""

    OWNER = "owner"
    #: reviews, corrects, writes entries
    EDITOR = "editor"
    #: looks
    VIEWER = "viewer"


@dataclass(frozen=True)
class Link:
    """A link that lets one device in, once."""

    digest: str
    name: str
    role: Role
    ends_at: int


@dataclass(frozen=True)
class Session:
    """One device of a person. `device`: what its browser says it is; times in ms."""

    digest: str
    name: str
    role: Role
    device: str
    created_at: int
    seen_at: int

    @property
    def id(self) -> str:
        return self.digest[:ID_CHARACTERS]


class Sessions:
    """See the module's text. `load` before anything else is asked."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._links: dict[str, Link] = {}
        self._sessions: dict[str, Session] = {}
        self._notion: dict[str, people.Person] = {}
        #: where the page answers, None while it does not
        self.address: str | None = None
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        found = await self._store.read(lambda tx: kept(reads.value_json(tx, KEPT)))
        self._sessions = {one.digest: one for one in found}
        self._notion = people.kept(await self._store.read(lambda tx: reads.value_json(tx, people.KEPT)))

    def link(self, name: str, role: Role) -> str:
        """The secret of a new one-time link. Links do not outlive the daemon."""
        now, secret = self._clock.now_ms(), secrets.token_urlsafe(32)
        self._links = {key: one for key, one in self._links.items() if one.ends_at > now}
        while len(self._links) >= LINKS:
            self._links.pop(next(iter(self._links)))
        said = sanitize_line(name).strip()[:NAME_CHARACTERS] or OWNER_NAME
        made = Link(digest(secret), said, role, now + LINK_MS)
        self._links[made.digest] = made
        return secret

    async def enter(self, secret: str, device: str) -> str | None:
        """The secret of a new session for the one who has the link's; None where it is not good (any more)."""
        now = self._clock.now_ms()
        link = self._links.pop(digest(secret), None)
        if link is None or link.ends_at <= now:
            return None
        made = secrets.token_urlsafe(32)
        said = sanitize_line(device).strip()[:DEVICE_CHARACTERS]
        while len(self._sessions) >= SESSIONS:
            oldest = min(self._sessions.values(), key=lambda one: one.seen_at)
            del self._sessions[oldest.digest]
        self._sessions[digest(made)] = Session(digest(made), link.name, link.role, said, now, now)
        await self._keep()
        return made

    async def of(self, secret: str) -> Session | None:
        """The session whose secret a browser sent."""
        found, now = self._sessions.get(digest(secret)), self._clock.now_ms()
        if found is None or now - found.seen_at > IDLE_MS:
            return None
        if now - found.seen_at > SEEN_MS:
            found = replace(found, seen_at=now)
            self._sessions[found.digest] = found
            await self._keep()
        return found

    def listed(self) -> tuple[Session, ...]:
        """The sessions, last used first."""
        return tuple(sorted(self._sessions.values(), key=lambda one: -one.seen_at))

    async def end(self, which: str) -> int:
        """End the session with this ID, those of the person with this name, or `all`; how many. A person who is named
        is no longer known on the board either. Raises Refused."""
        gone = [one for one in self._sessions.values() if which in ("all", one.id, one.name)]
        users = [user for user, one in self._notion.items() if one.name == which]
        for user in users:
            del self._notion[user]
        if users:
            await self._keep_notion()
        elif not gone:
            raise Refused(Code.CONFLICT, f"there is no session {which}", "see `videod web sessions`")
        for one in gone:
            del self._sessions[one.digest]
        await self._keep()
        return len(gone)

    async def know(self, user: str, name: str, role: Role) -> None:
        """A user of Notion is this person: what they do on the board counts as theirs. Raises Refused."""
        plain = people.user_id(user)
        if plain is None:
            hint = "a user's ID has 32 hexadecimal digits: Notion shows it in the link of a profile"
            raise Refused(Code.INVALID, f"{user[:40]} is not the ID of a user of Notion", hint)
        self._notion[plain] = people.Person(sanitize_line(name).strip()[:NAME_CHARACTERS] or OWNER_NAME, role.value)
        while len(self._notion) > people.MOST:
            del self._notion[next(iter(self._notion))]
        await self._keep_notion()

    async def _keep_notion(self) -> None:
        async with self._writing:
            kept = {user: [one.name, one.role] for user, one in self._notion.items()}
            await self._ledger.set_value(people.KEPT, json.dumps(kept))

    async def _keep(self) -> None:
        async with self._writing:
            await self._ledger.set_value(KEPT, json.dumps([asdict(one) for one in self._sessions.values()]))


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def csrf(secret: str) -> str:
    """What every form of a session carries: only who has the session's secret can know it."""
    return hashlib.sha256(b"videod form " + secret.encode("utf-8", "replace")).hexdigest()[:32]


def kept(value: object) -> tuple[Session, ...]:
    """The sessions from what the database keeps under KEPT."""
    rows = value if isinstance(value, list) else []
    return tuple(one for one in map(_session, rows) if one is not None)


def _session(row: object) -> Session | None:
    """A session as it was kept; None for what cannot be one."""
    if not isinstance(row, Mapping):
        return None
    words = [bounds.text(row.get(key), 200) for key in ("digest", "name", "role", "device")]
    created, seen = bounds.whole(row.get("created_at")), bounds.whole(row.get("seen_at"))
    if any(one is None for one in words[:3]) or created is None or seen is None or words[2] not in set(Role):
        return None
    return Session(str(words[0]), str(words[1]), Role(str(words[2])), words[3] or "", created, seen)
