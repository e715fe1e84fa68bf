"""A service repeats the key that it was sent, in every form of `harness.echoes`; no way out of the daemon shows it."""

import asyncio
import io
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.cli.factory import HOUR, NOON, StudioBox, at_once
from tests.harness.echoes import FORMS, KEYS, seen_in
from tests.harness.listening import Said
from videod.adapters.notifiers import Notifiers, Way
from videod.adapters.notifiers.email import Email, MailServer
from videod.adapters.notion_calls import Calls
from videod.cli import client
from videod.cli.main import run
from videod.core.alerts import Note
from videod.core.events import JobFailed
from videod.core.step import Command
from videod.credentials import Secrets, load_secrets
from videod.daemon import logs, refusals, supervise
from videod.daemon.lives import Lives
from videod.flow.assignment import Assignment
from videod.flow.listener import Listener, Report
from videod.ports import BoardError
from videod.store import views
from videod.web import serializers

NAMES = dict(zip(KEYS, ("GEMINI_API_KEY", "ELEVENLABS_API_KEY", "NOTION_TOKEN", "R2_SECRET_ACCESS_KEY",
                        "CATBOX_USERHASH"), strict=True))  # fmt: skip
#: where a limit of a message would fall into the key
FAR = "a service that talks on and on; " * 46

Seen = dict[str, list[str]]


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return load_secrets({NAMES[name]: key for name, key in KEYS.items()})


def told() -> list[tuple[str, str, str]]:
    """(form, key, what a service said)."""
    return [(form, key, f"no luck with {make(key)}") for form, make in FORMS.items() for key in KEYS.values()]


def seen(way: Callable[[str], str]) -> list[str]:
    """The forms that come through."""
    return [form for form, key, said in told() if any(seen_in(way(text), key) for text in (said, FAR + said))]


@pytest.mark.fault("12.15")
def test_thirty_forms_and_more_are_tried_and_all_of_them_would_be_seen() -> None:
    assert len(FORMS) >= 30
    assert [form for form, key, said in told() if not seen_in(said, key)] == []


@pytest.mark.fault("12.15")
@pytest.mark.parametrize("formatter", [logs.JsonLines, logs.Text])
@pytest.mark.parametrize("place", ["extra", "inside", "message", "trace", "object"])
def test_no_log_shows_a_key(secrets: Secrets, formatter: type[logging.Formatter], place: str) -> None:
    made = formatter(secrets.redact)  # type: ignore[arg-type]

    def way(text: str) -> str:
        record = logging.LogRecord("videod", logging.WARNING, __file__, 1, "relay_entry_failed", (), None)
        if place == "message":
            record.msg = text
        elif place == "trace":
            try:
                raise RuntimeError(text)
            except RuntimeError as error:
                record.exc_info = (type(error), error, error.__traceback__)
        else:
            record.error = {"extra": text, "inside": {"a": [text], text: 1}, "object": BoardError("down", text)}[place]
        shown = made.format(record)
        assert formatter is logs.Text or json.loads(shown)["event"]
        return shown

    assert seen(way) == []


@pytest.mark.fault("12.15")
def test_no_word_of_a_script_shows_a_key(secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Through listener, ledger and database to the board, alerts, the command line and the API."""
    monkeypatch.setattr(client, "now_ms", lambda: NOON)
    box = StudioBox(tmp_path, at=NOON - 2 * HOUR, redact=secrets.redact)
    listener = Listener(box.ledger, box.clock, secrets.redact)  # type: ignore[arg-type]
    forms = {}
    for number, form in enumerate(FORMS):  # of each one of the keys
        key = list(KEYS.values())[number % len(KEYS)]
        said = f"no luck with {FORMS[form](key)}"
        task_id = box.queue(f"Film {len(forms)}")
        forms[task_id] = (form, key)
        _let_fail(box, listener, task_id, FAR + said if len(forms) % 2 else said)
    at_once(box.ledger.alert("x", "\n".join(said for *_, said in told()), NOON))
    overview = at_once(box.store.read(lambda tx: views.overview(tx, NOON)))
    answer = json.dumps(serializers.redacted(serializers.status(overview, {}), secrets.redact))
    box.close()
    texts = {"database": _dump(box.path), "api": answer}
    for words in (["status"], ["status", "--json"], ["list"], ["why", next(iter(forms))], ["costs"]):
        run([*words, "--state", str(tmp_path)])
        texts[" ".join(words)] = capsys.readouterr().out
    for task_id in list(forms)[::7]:
        run(["show", task_id, "--state", str(tmp_path)])
        texts[f"show {task_id}"] = capsys.readouterr().out
    assert "no luck with" in texts["database"] and "no luck with" in texts["status --json"]
    raw = box.path.read_bytes().decode("latin-1")
    assert [key for key in KEYS.values() if key[:12] in raw or key[-12:] in raw] == []
    assert {way: key for way, text in texts.items() for key in KEYS.values() if seen_in(text, key)} == {}


def _let_fail(box: StudioBox, listener: Listener, task_id: str, said: str) -> None:
    attempt = box.start(task_id, "plan/plan")
    job = box.jobs(task_id)["plan/plan"]
    work, report = Assignment(box.task(task_id), job, attempt, Command(())), Report()
    lines = [
        json.dumps({"type": "submitted", "remote_id": said}),
        json.dumps({"type": "charged", "usd": 0.01, "kind": said, "service": said, "unit": said, "remote_id": said}),
        json.dumps({"type": "progress", "done": 0.1, "message": said}),
        json.dumps({"type": "result", "facts": said, said[:95]: 1}), said,
        json.dumps({"type": "failure", "kind": "input", "message": said, "code": said, "request_id": said,
                    "endpoint": said, "service": said}),
    ]  # fmt: skip
    child = Said(lines, f"{said}\n" * 3)
    at_once(listener.listen(work, child, report))  # type: ignore[arg-type]
    assert report.result is not None
    failure = listener.why(_step(), child, 1, report)  # type: ignore[arg-type]
    box.apply(JobFailed(box.clock.at, task_id, job.name, attempt, failure, 0.5, listener.words(child, report), 1))  # type: ignore[arg-type]


def _step():
    from videod.core.tables import STEPS

    return STEPS["plan"]


def _dump(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
    return "\n".join(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))


@pytest.mark.fault("12.15")
def test_no_alert_shows_a_key(secrets: Secrets) -> None:
    class Slip:
        text = ""

        async def send(self, note: Note) -> str:
            self.text = note.text
            return "ok"

        async def check(self) -> str:
            return "ok"

    slip = Slip()
    ways = Notifiers([Way("slip", slip)], secrets.redact)

    def way(text: str) -> str:
        asyncio.run(ways.send(Note(text)))
        mail = Email(MailServer("localhost", 25, "a@example.org", ("b@example.org",)))._message(Note(slip.text))
        return f"{slip.text}\n{mail['Subject']}\n{mail.get_content()}"

    assert seen(way) == []


@pytest.mark.fault("12.15")
def test_no_error_of_the_board_shows_its_token() -> None:
    key = KEYS["notion"]
    shown = []
    for form, make in FORMS.items():
        told = f"no luck with {make(key)}"
        body = json.dumps({"object": "error", "code": told, "message": FAR[:480] + told, "request_id": told}).encode()

        async def refused(body: bytes = body) -> str:
            async def answer(_: web.Request) -> web.Response:
                return web.Response(status=400, body=body, content_type="application/json")

            app = web.Application()
            app.router.add_route("*", "/{path:.*}", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            calls = Calls(key, _Now(), f"http://127.0.0.1:{runner.addresses[0][1]}")  # type: ignore[arg-type]
            try:
                await calls.call("read the entry", lambda api: api.users.me())
            except BoardError as error:
                return str(error)
            finally:
                await calls.aclose()
                await runner.cleanup()
            return ""

        text = asyncio.run(refused())
        assert "Notion, read the entry" in text
        shown += [form] if seen_in(text, key) else []
    assert shown == []


class _Now:
    def now_ms(self) -> int:
        return NOON

    def steady_ms(self) -> int:
        return 0

    async def sleep(self, seconds: float) -> None: ...


@pytest.mark.fault("12.15")
def test_no_last_word_of_the_daemon_shows_a_key(secrets: Secrets, tmp_path: Path) -> None:
    book = Lives((tmp_path,), lambda: NOON, secrets.redact)

    def way(text: str) -> str:
        book.say(text)
        error = RuntimeError(text)
        kept = (tmp_path / "life.json").read_text() if (tmp_path / "life.json").exists() else book.read().words
        return "\n".join((kept, supervise.reason(error, secrets.redact), str(refusals.of(error, secrets.redact))))

    logging.disable(logging.CRITICAL)
    try:
        assert seen(way) == []
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.fault("12.15")
def test_no_answer_of_the_api_shows_a_key(secrets: Secrets) -> None:
    def way(text: str) -> str:
        return json.dumps(serializers.redacted({"a": [{"b": text}], text: 1}, secrets.redact))

    assert seen(way) == []


@pytest.mark.fault("12.15")
def test_the_log_of_a_terminal_shows_no_key(secrets: Secrets, tmp_path: Path) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.set_up(secrets.redact, tmp_path / "log" / "videod.log")
        stream = io.StringIO()
        assert isinstance(root.handlers[0], logging.StreamHandler)
        root.handlers[0].setStream(stream)
        for _, _, said in told():
            logging.getLogger("videod.x").warning("way_out_failed", extra={"error": said, "kind": ["x", said]})
        kept = (tmp_path / "log" / "videod.log").read_text()
    finally:
        for handler in root.handlers[:]:
            handler.close()
        root.handlers[:], root.level = handlers, level
    assert kept.count("\n") == stream.getvalue().count("\n") == len(told())
    assert [key for key in KEYS.values() if seen_in(kept, key) or seen_in(stream.getvalue(), key)] == []
