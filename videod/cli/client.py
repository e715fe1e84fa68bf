"""Where the state lies, what is known without the settings' full check, and how to ask the daemon for a change.

Reading commands need no more than this: the configuration is read as plain TOML, the database read-only. Changes go
to the daemon's socket; its answers are JSON, its errors carry a hint.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videod.cli.output import BUG, DOWN, FORBIDDEN, MISSING, REFUSED, TEMPORARY, CommandError
from videod.core import bounds
from videod.core.model import Task
from videod.core.moments import show_in
from videod.core.sanitize import sanitize_screen
from videod.core.services import LANES, TIDYING
from videod.core.statuses import LABELS, Status
from videod.dashboard.rows import Surroundings
from videod.dashboard.running import daemon_of
from videod.documents import DocumentError, read_toml, state_folder, time_zone
from videod.store import archives, entries, readonly, soundness, views
from videod.store.soundness import busy
from videod.web import token

if TYPE_CHECKING:
    import http.client
    import socket

#: lane limits where the settings say nothing
CONCURRENCY = {one.name: one.limits.concurrency for one in LANES if one.limits and one.name not in TIDYING}
#: retry waits where the settings say nothing
WAITS = 4
#: a database that a daemon is making is waited for so long, and looked for this often, seconds
MADE_S, AGAIN_S = 20.0, 0.05
#: how long the daemon may take to answer, seconds
ANSWER_S = 15
#: the HTTP status for what is not there
NOT_FOUND = 404
#: how long to wait before another knock at a crowded socket, seconds
CROWDED_S = 0.05


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Place:
    """Where this command looks: the state folder and the settings file (which need not exist)."""

    state: Path
    settings: Path

    @property
    def rehearsal(self) -> bool:
        return self.state.parts[-2:] == REHEARSAL.parts

    @property
    def database(self) -> Path:
        return self.state / "videod.db"

    @property
    def socket(self) -> Path:
        return self.state / "videod.sock"

    def workspace(self, task: Task) -> Path:
        return (self.state / "workspaces" / task.channel_id / task.id).absolute()

    def around(self) -> Surroundings:
        """The daemon, the lane limits and the number of retries, as the screens show them."""
        values = _values(self.settings)
        services, retry = _table(values, "services"), _table(values, "retry")
        limits = {}
        for name, default in CONCURRENCY.items():
            given = os.environ.get(f"VIDEOD_SERVICES_{name.upper()}_CONCURRENCY")
            limit = int(given) if given and given.isdecimal() else _table(services, name).get("concurrency")
            limits[name] = limit if isinstance(limit, int) else default
        waits = retry.get("waits_min")
        return Surroundings(daemon_of(self.state), limits, len(waits) if isinstance(waits, list) else WAITS)


def _values(settings: Path) -> Mapping[str, object]:
    """The settings as they stand in the file; screens do without a file that cannot be read (`run` names why)."""
    try:
        return read_toml(settings).values
    except DocumentError:
        return {}


def _table(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


#: where `videod run --sandbox` keeps its state, inside the state folder
REHEARSAL = Path("sandbox") / "daemon"


def own_script(where: Place, step: str) -> bool:
    """Whether the settings name a program of the owner's for this step."""
    given = os.environ.get(f"VIDEOD_SCRIPTS_{step.upper()}")
    return bool(given or _table(_values(where.settings), "scripts").get(step))


def place(state: Path | None = None, config: Path | None = None) -> Place:
    """--state, else VIDEOD_STATE, else what the settings say, else ./state; a rehearsal's if it is all there is."""
    settings = config or Path(os.environ.get("VIDEOD_CONFIG") or "videod.toml")
    if config is not None and not settings.is_file():
        raise CommandError(MISSING, f"there is no settings file {settings}", "name another one with --config")
    show_in(time_zone(settings, os.environ))
    given = state or os.environ.get("VIDEOD_STATE")
    if given:
        return Place(Path(given), settings)
    usual = state_folder(settings, os.environ)
    rehearsed = not (usual / "videod.db").exists() and (usual / REHEARSAL / "videod.db").exists()
    return Place(usual / REHEARSAL if rehearsed else usual, settings)


@contextmanager
def looking(where: Place) -> Iterator[sqlite3.Connection]:
    """A read-only connection to the database. Raises NoDatabase, or CommandError where the file is damaged."""
    connection = look(where.database)
    try:
        yield connection
    except archives.ArchiveError as error:
        raise CommandError(DOWN, str(error).partition(". ")[0], str(error).partition(". ")[2]) from error
    except (sqlite3.DatabaseError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        if busy(error):
            raise
        # a damaged row may read as nonsense that only the code that uses it stumbles over
        problem = _damage(where.database)
        if problem is None:
            raise
        told = f"the database {where.database} cannot be read, it is damaged: {problem}"
        hint = "`videod run` checks it at startup and says which copy to put in its place"
        raise CommandError(DOWN, told, hint) from error
    finally:
        connection.close()


def look(database: Path) -> sqlite3.Connection:
    """See `readonly.look`; a daemon that makes or converts the database just now is waited for."""
    until = time.monotonic() + MADE_S
    while True:
        try:
            return readonly.look(database)
        except readonly.NoDatabase as early:
            coming = type(early) in (readonly.NoDatabase, readonly.Older)
            if not coming or time.monotonic() > until or daemon_of(database.parent) is None:
                raise
        time.sleep(AGAIN_S)


def _damage(database: Path) -> str | None:
    """The first complaint about the file, None when it is whole or this is no matter of its content."""
    try:
        problems = soundness.complaints(database, limit=1)
    except sqlite3.DatabaseError as error:
        return None if soundness.outside(error) else str(error)
    return problems[0] if problems else None


def one_task(connection: sqlite3.Connection, text: str) -> Task:
    """The task a person means by an id, the start of one, a page id or a piece of the title."""
    found = views.find(connection, text)
    if len(found) == 1:
        return found[0]
    if not found:
        _say_of_entry(connection, text)
        raise CommandError(MISSING, f"no episode is called {sanitize_screen(text)!r}", "see `videod list` for the ids")
    names = ", ".join(f"{task.id} ({sanitize_screen(task.title)})" for task in found[:5])
    more = " and more" if len(found) > 5 else ""
    raise CommandError(REFUSED, f"{sanitize_screen(text)!r} may mean {names}{more}", "type more of the id")


def _say_of_entry(connection: sqlite3.Connection, text: str) -> None:
    """Raises CommandError where the text means an entry of videod's own board that is no episode."""
    try:
        found = entries.named(connection, text)
    except sqlite3.OperationalError:  # a database of an older videod, which nobody has started since
        return
    if len(found) != 1:
        return
    (one,) = found
    title, problem = (
        sanitize_screen(str(one.shown.get("Title"))),
        sanitize_screen(str(one.shown.get("Error Log") or "")),
    )
    if problem:
        hint = f"`videod entries edit {one.page_id} --queue` queues it again once that is changed"
        raise CommandError(MISSING, f"{title} was sent back and is not an episode: {problem.rstrip('.')}", hint)
    if one.shown.get("Status") == LABELS[Status.QUEUED]:
        hint = "start videod if it does not run"
        raise CommandError(MISSING, f"{title} is queued and waits for videod to take it", hint)
    raise CommandError(
        MISSING, f"{title} is a draft and not an episode yet", f"`videod entries queue {one.page_id}` starts it"
    )


# ------------------------------------------------------------------------------------------- the daemon's socket


def _connection(path: Path) -> "http.client.HTTPConnection":
    """An HTTP connection over the Unix socket. Imported here: reading commands do not pay for http.client."""
    import http.client
    import socket

    class Local(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                # by way of the folder's descriptor, since a socket's address holds 107 bytes and paths may be longer
                _connect(self.sock, f"/proc/self/fd/{folder}/{path.name}")
            except OSError:
                self.sock.close()
                raise
            finally:
                os.close(folder)

    return Local("videod", timeout=ANSWER_S)


def _connect(made: "socket.socket", address: str) -> None:
    """Where so many wait that the kernel takes no more, wait as well, as one would for an answer."""
    until = time.monotonic() + ANSWER_S
    while True:
        try:
            made.connect(address)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(CROWDED_S)


def post(where: Place, path: str, body: Mapping[str, object]) -> dict[str, object]:
    """Ask the daemon for a change and return its answer. Raises CommandError with the daemon's own words and hint."""
    import http.client

    headers = {"Content-Type": "application/json", token.HEADER: _secret(where)}
    connection = _connection(where.socket)
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read(4_000_000)
    except PermissionError as error:
        raise _other_user(where) from error
    except (OSError, http.client.HTTPException) as error:
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        daemon = daemon_of(where.state)
        if isinstance(error, TimeoutError) and daemon is not None and daemon.problems:
            raise CommandError(
                TEMPORARY, f"videod did not answer within {ANSWER_S} s: {sanitize_screen(daemon.problems[0])}",
                "it will still do what you asked. `videod status` shows whether it has",
            ) from error  # fmt: skip
        raise CommandError(
            DOWN, f"videod does not answer at {where.socket}: {told}", "it may be starting or stopping. Try again"
        ) from error
    finally:
        connection.close()
    return _answer(status, text)


def _secret(where: Place) -> str:
    """What shows the daemon that this command may read its state folder. Raises CommandError for another user."""
    try:
        return token.read(where.state)
    except PermissionError as error:
        raise _other_user(where) from error
    except OSError:
        return ""  # it is starting or stopping, as the socket will show


def _other_user(where: Place) -> CommandError:
    try:
        ours = token.user_name(where.state.stat().st_uid)
    except OSError:
        ours = "USER"
    told = f"videod runs as {ours} and accepts commands only from that user and root"
    return CommandError(FORBIDDEN, told, f"run the command as that user: sudo -u {ours} videod ...")


def _answer(status: int, text: bytes) -> dict[str, object]:
    try:
        body = bounds.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise CommandError(BUG, f"videod answered HTTP {status} without JSON", "see its log for what went wrong")
    if status < 300:
        return body
    code = {NOT_FOUND: MISSING, 400: REFUSED, 409: REFUSED, 403: FORBIDDEN, 503: TEMPORARY}.get(status, BUG)
    raise CommandError(code, str(body.get("message", f"HTTP {status}")), _hint(code, body))


def _hint(code: int, body: Mapping[str, object]) -> str:
    """The daemon's hint; of a bug also under which name its log has the request."""
    hint, name = str(body.get("hint", "")), body.get("request_id")
    return f"{hint} (request {sanitize_screen(str(name))})" if code == BUG and name else hint
