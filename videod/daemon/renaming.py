"""Renames a channel, or takes one out, on disk and in the ledger, while no daemon runs: the caller holds the lock.

A rename is noted in the state folder before it begins. A process that is killed in the midst leaves that note: then no
daemon starts, since it would miss files that have moved and buy them again, and the same command finishes the rename.
Each step may be done twice.
"""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.fernet import MultiFernet

from videod import files, receipts
from videod.adapters.oauth import KIND, Grant, seal, unseal
from videod.core import bounds
from videod.core.events import ChannelRemoved, ChannelRenamed
from videod.daemon.refusals import CONFIGURATION, StartError
from videod.ledger import Ledger, Wakeups
from videod.store import reads
from videod.store.database import InlineDatabase

#: in the state folder, while a rename is under way
NOTE = "renaming.json"
#: below the folder of channels: files of channels that were taken out
REMOVED = "removed"
_NOTE_BYTES = 4096


@dataclass(frozen=True)
class Places:
    """The state folder, and the folder of the channels' files."""

    state: Path
    channels: Path

    def file(self, channel_id: str) -> Path:
        return self.channels / f"{channel_id}.yaml"

    def token(self, channel_id: str) -> Path:
        return self.state / "tokens" / f"{channel_id}.token"

    def folders(self, channel_id: str) -> tuple[Path, Path]:
        """What was made for the channel's episodes, and what scripts noted about it."""
        workspaces = self.state / "workspaces"
        return workspaces / channel_id, workspaces / receipts.JOURNALS / channel_id


def under_way(state: Path) -> tuple[str, str] | None:
    """(old, new) of a rename that was begun and not finished."""
    try:
        noted = bounds.loads(files.read_bytes(state / NOTE, _NOTE_BYTES))
    except (OSError, ValueError):
        return ("", "") if os.path.lexists(state / NOTE) else None
    return (str(noted.get("old")), str(noted.get("new"))) if isinstance(noted, dict) else ("", "")


def require_none(state: Path) -> None:
    """Raises StartError where a rename is half done."""
    found = under_way(state)
    if found is not None:
        raise StartError(
            f"the rename of the channel {found[0]} to {found[1]} was interrupted, so videod would miss its files. Run"
            f" `videod channels rename {found[0]} {found[1]}` to finish it, then start videod",
            CONFIGURATION,
        )


def rename(places: Places, old: str, new: str, vault: MultiFernet | None, at: int) -> None:
    """`vault` None: its consent is not taken along. Raises OSError, ValueError for a consent that cannot be opened."""
    sealed = _sealed_for(places, old, new, vault) if vault is not None else None
    (places.state / f"{NOTE}.part").write_text(json.dumps({"old": old, "new": new}))
    (places.state / f"{NOTE}.part").rename(places.state / NOTE)
    os.sync()
    for before, after in zip(places.folders(old), places.folders(new), strict=True):
        if before.is_dir() and not before.is_symlink():
            if after.is_dir():
                after.rmdir()  # an empty one; raises where it is not
            before.rename(after)
    os.sync()
    with_ledger(places.state, lambda ledger: _write(ledger, old, new, sealed, at))
    places.token(old).unlink(missing_ok=True)
    _rename_file(places.file(old), places.file(new))
    os.sync()
    (places.state / NOTE).unlink()
    os.sync()


def remove(places: Places, channel_id: str, at: int) -> Path | None:
    """Forget the consent and put the channel's file aside; returns where it lies now. Raises OSError."""

    async def forget(ledger: Ledger) -> None:
        await ledger.apply(ChannelRemoved(at, channel_id))

    with_ledger(places.state, forget)
    places.token(channel_id).unlink(missing_ok=True)
    source = places.file(channel_id)
    if not source.is_file():
        return None
    folder = places.channels / REMOVED
    folder.mkdir(exist_ok=True)
    taken = (folder / f"{channel_id}{end}.yaml" for end in ("", *(f".{number}" for number in range(2, 10_000))))
    target = next(path for path in taken if not os.path.lexists(path))
    source.rename(target)
    os.sync()
    return target


async def _write(ledger: Ledger, old: str, new: str, sealed: str | None, at: int) -> None:
    if sealed is not None:
        await ledger.seal_token(new, KIND, sealed, at)
    await ledger.apply(ChannelRenamed(at, old, new))


def with_ledger(state: Path, work: Callable[[Ledger], Awaitable[None]]) -> None:
    """Let a ledger of our own do something; the database has the present schema."""
    store = InlineDatabase(state / "videod.db")

    async def done() -> None:
        try:
            await work(Ledger(store, lambda _: None, Wakeups()))
        finally:
            await store.close()

    asyncio.run(done())


# ------------------------------------------------------------------------------------------- consent


def _sealed_for(places: Places, old: str, new: str, vault: MultiFernet) -> str | None:
    """The channel's newest consent, sealed for its new name; None: it has none, or a rename that was interrupted has
    taken it along. Raises ValueError."""
    if _stored(places, new) is not None:
        return None
    grants = [unseal(text, old, vault) for text in sealed(places, old)]
    newest: Grant | None = max(grants, key=lambda one: one.obtained_ms, default=None)
    return None if newest is None else seal(replace(newest, channel=new), vault)


def _stored(places: Places, channel_id: str) -> str | None:
    store = InlineDatabase(places.state / "videod.db")
    try:
        return asyncio.run(store.read(lambda tx: reads.sealed_token(tx, channel_id, KIND)))
    finally:
        asyncio.run(store.close())


def sealed(places: Places, channel_id: str) -> list[str]:
    """Consents of the channel as they are kept: in the database, and as the authorization left it. Raises OSError."""
    kept = _stored(places, channel_id)
    found = [kept] if kept is not None else []
    if os.path.lexists(places.token(channel_id)):
        found.append(files.read_bytes(places.token(channel_id), 64_000).decode("ascii", "replace"))
    return found


# ------------------------------------------------------------------------------------------- the channel's file


def _rename_file(before: Path, after: Path) -> None:
    """The file under its new name; an `id:` in it follows. One that a person renamed is only given its id."""
    source = before if before.is_file() else after
    text = source.read_text("utf-8")
    changed = re.sub(r"(?m)^id:.*$", f"id: {after.stem}", text)
    if changed != text:
        part = source.with_name(f".{after.name}.part")
        part.write_text(changed, "utf-8")
        kept = source.stat()
        part.chmod(kept.st_mode & 0o777)
        if os.geteuid() == 0:
            os.chown(part, kept.st_uid, kept.st_gid)
        part.rename(after)
        if source != after:
            source.unlink()
    elif source != after:
        source.rename(after)
