"""An archive with which videod can be set up on another machine: a tar file and, inside it, a manifest.

    manifest.json            what lies in the archive, with the digest of each file
    videod.db                a checked copy of the database
    archive/                 finished episodes that are no longer in the database
    tokens/CHANNEL.token     the consents, sealed with VIDEOD_MASTER_KEY, which is never in here
    settings/                videod.toml and channels/*.yaml
    workspaces/CHANNEL/TASK  plans of open episodes; with `files` everything that was made for them
    workspaces/JOURNALS      their receipts, upload sessions and other notes

Whoever restores one treats it with suspicion: names, sizes and digests are checked before anything takes its place.
"""

import io
import json
import os
import sqlite3
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from videod import __version__, files, receipts
from videod.core import bounds
from videod.core.model import Task
from videod.store import archives, copies

MANIFEST, DATABASE = "manifest.json", "videod.db"
#: what may stand at the top of an archive
PLACES = (DATABASE, archives.FOLDER, "tokens", "settings", "workspaces")
#: receipts, plans and reports of steps are smaller than this, media are not wanted without `files`, bytes
PAPER_BYTES = 4 << 20
_PAPERS = (".json", ".md", ".txt", ".started", ".paid")
_MANIFEST_BYTES = 64 << 20


class ArchiveError(Exception):
    """The archive cannot be made or used; the text says why."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself. `files`: name -> (bytes, SHA-256)."""

    made_at: str
    version: str
    with_files: bool
    files: dict[str, tuple[int, str]]


def write(
    target: Path, state: Path, settings: Sequence[Path], episodes: Sequence[Task], made_at: str, media: bool
) -> Manifest:
    """Write the archive to `target`; nothing of that name is left where it fails. Raises ArchiveError."""
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="videod-backup-", dir=target.parent) as folder:
            copy = Path(folder) / DATABASE
            copies.copy(state / DATABASE, copy)
            found = {DATABASE: copy, **_settings(settings)}
            found |= {f"tokens/{one.name}": one for one in sorted((state / "tokens").glob("*.token"))}
            past = sorted((state / archives.FOLDER).glob("*.jsonl.gz"))  # after the copy: all that it points to
            found |= {f"{archives.FOLDER}/{one.name}": one for one in past}
            found |= dict(_workspaces(state, episodes, media))
            manifest = _pack(part, found, state, made_at, media)
        part.replace(target)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise ArchiveError(f"{target} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _settings(paths: Sequence[Path]) -> dict[str, Path]:
    """The settings file first, then the channel files."""
    names = ("videod.toml", *(f"channels/{path.name}" for path in paths[1:]))
    return {f"settings/{name}": path for name, path in zip(names, paths, strict=False)}


def _workspaces(state: Path, episodes: Sequence[Task], media: bool) -> Iterator[tuple[str, Path]]:
    for task in episodes:
        folder = state / "workspaces" / task.channel_id / task.id
        notes = receipts.journal_of(folder, "")
        for path in (*sorted(folder.rglob("*")), *sorted(notes.rglob("*"))):
            found = files.seen(path, state / "workspaces")
            if found is None or not stat.S_ISREG(found.st_mode):
                continue
            if media or (path.suffix in _PAPERS and found.st_size <= PAPER_BYTES):
                yield f"workspaces/{path.relative_to(state / 'workspaces')}", path


def _pack(part: Path, found: dict[str, Path], state: Path, made_at: str, media: bool) -> Manifest:
    digests: dict[str, tuple[int, str]] = {}
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for name, path in found.items():
            inside = path.is_relative_to(state / "workspaces")
            with files.open_made(path, state / "workspaces") if inside else files.open_plain(path) as source:
                size, digest = files.fingerprint(source)
                source.seek(0)
                row = tarfile.TarInfo(name)
                row.size, row.mode = size, 0o600
                tar.addfile(row, source)
            digests[name] = size, digest
        manifest = Manifest(made_at, __version__, media, digests)
        body = json.dumps({"made_at": made_at, "videod": __version__, "with_files": media,
                           "files": {name: list(row) for name, row in digests.items()}}).encode()  # fmt: skip
        row = tarfile.TarInfo(MANIFEST)
        row.size, row.mode = len(body), 0o600
        tar.addfile(row, io.BytesIO(body))
        out.flush()
    return manifest


def unpack(source: Path, folder: Path) -> Manifest:
    """Unpack a checked archive into the empty `folder`. Raises ArchiveError; what was unpacked until then stays."""
    try:
        with tarfile.open(source) as tar:
            for row in tar:
                _admit(row)
                tar.extract(row, folder, set_attrs=False, filter="data")
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise ArchiveError(f"{source} is not a complete archive of videod: {error}") from error
    manifest = _manifest(source, folder)
    for name, (size, digest) in manifest.files.items():
        try:
            with files.open_made(folder / name, folder) as copy:
                if files.fingerprint(copy) != (size, digest):
                    raise ArchiveError(f"{source} is damaged: {name} is not what the manifest says")
        except OSError:
            raise ArchiveError(f"{source} is incomplete: {name} is missing") from None
    extra = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - set(manifest.files)
    if extra != {MANIFEST} or DATABASE not in manifest.files:
        raise ArchiveError(f"{source} was not made by `videod backup --archive`")
    return manifest


def _admit(row: tarfile.TarInfo) -> None:
    parts = PurePosixPath(row.name).parts
    if not row.isfile() or not parts or parts[0] not in (*PLACES, MANIFEST) or ".." in parts:
        raise ArchiveError(f"the archive holds {row.name!r}, which `videod backup --archive` never writes")


def _manifest(source: Path, folder: Path) -> Manifest:
    try:
        body = bounds.loads(files.read_made(folder / MANIFEST, _MANIFEST_BYTES, folder))
        assert isinstance(body, dict) and isinstance(body["files"], dict)
        rows = {str(name): (int(size), str(digest)) for name, (size, digest) in body["files"].items()}
        return Manifest(str(body["made_at"]), str(body["videod"]), bool(body["with_files"]), rows)
    except (OSError, ValueError, TypeError, KeyError, AssertionError) as error:
        raise ArchiveError(f"{source} has no manifest that can be read: {type(error).__name__}") from error
