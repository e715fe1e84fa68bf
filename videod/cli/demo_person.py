"""The person of the demo: types entries into the board, looks at it, approves what waits. Speaks Notion's own API."""

import sqlite3
import subprocess
import time
from pathlib import Path

import httpx
import typer

from videod.cli.demo_show import Screen, Work, tell
from videod.cli.demo_trouble import stuck, troubles
from videod.cli.rehearsal import last_words
from videod.core.sanitize import sanitize_screen_lines
from videod.core.statuses import AT_GATE, BY_LABEL, ERRORS, GATES, LABELS, JobState, Status
from videod.sandbox.notion import PERSON_TOKEN
from videod.store import reads, views
from videod.store.readonly import NoDatabase, look

VERSION = "2026-03-11"
LOOK_S = 1.0
#: how often the wait for the last files is mentioned, seconds
TELL_S = 15.0
OVER = (JobState.DONE, JobState.SKIPPED)


class Person:
    """`database` is only read: for the progress bar, for troubles, and for what the board has yet to get."""

    def __init__(self, env: dict[str, str], database: Path) -> None:
        self._client = httpx.Client(
            base_url=env["VIDEOD_URL_NOTION"],
            headers={"Authorization": f"Bearer {PERSON_TOKEN}", "Notion-Version": VERSION},
            timeout=30,
        )
        self._parent = env["VIDEOD_NOTION_PARENT_PAGE"]
        self._database = database
        self._source = self._find_source()
        self._entries: dict[str, str] = {}
        self._told_at = 0.0
        self._told: set[str] = set()

    def close(self) -> None:
        self._client.close()

    def _find_source(self) -> str:
        blocks = self._client.get(f"/v1/blocks/{self._parent}/children").raise_for_status().json()["results"]
        board = next(row for row in blocks if row.get("child_database", {}).get("title") == "videod")
        found = self._client.get(f"/v1/databases/{board['id']}").raise_for_status().json()
        return str(found["data_sources"][0]["id"])

    def write_entries(self, stories: list[tuple[str, tuple[str, str, str]]]) -> None:
        """Make the entries as drafts, then set them to Queued, as one does in Notion."""
        for channel, (title, topic, direction) in stories:
            text = {"Topic": topic, "Story Direction": direction}
            properties: dict[str, object] = {
                "Title": {"title": [{"text": {"content": title}}]},
                "Channel": {"select": {"name": channel}},
                "Status": {"select": {"name": LABELS[Status.DRAFT]}},
                "Priority": {"select": {"name": "Normal"}},
            } | {name: {"rich_text": [{"text": {"content": value}}]} for name, value in text.items()}
            body = {"parent": {"type": "data_source_id", "data_source_id": self._source}, "properties": properties}
            page = self._client.post("/v1/pages", json=body).raise_for_status().json()
            self._entries[str(page["id"])] = title
            self.set_status(str(page["id"]), Status.QUEUED)

    def set_status(self, page: str, status: Status) -> None:
        body = {"properties": {"Status": {"select": {"name": LABELS[status]}}}}
        self._client.patch(f"/v1/pages/{page}", json=body).raise_for_status()

    def _look(self) -> dict[str, dict[str, str]]:
        """Page id -> what its card shows."""
        answer = self._client.post(f"/v1/data_sources/{self._source}/query", json={"page_size": 100})
        rows = answer.raise_for_status().json()["results"]
        return {row["id"]: _card(row["properties"]) for row in rows if row["id"] in self._entries}

    def live_with_it(self, patience_s: float, daemon: "subprocess.Popen[bytes]", work: Work | None = None) -> bool:
        """Watch the board and approve until every film is published and the board knows all of it."""
        until = time.monotonic() + patience_s
        with Screen(self._entries) as screen:
            while time.monotonic() < until:
                cards = self._look()
                screen.show(cards, work.share(self._finished()) if work is not None else None)
                for page, card in cards.items():
                    self._answer(page, card)
                statuses = {BY_LABEL.get(card["Status"]) for card in cards.values()}
                if statuses == {Status.PUBLISHED} and not self._left_to_tell():
                    return True
                if statuses & ERRORS:
                    self._explain(cards)
                    return False
                if daemon.poll() is not None:
                    log = self._database.parents[1] / "daemon.log"
                    said = f"videod stopped unexpectedly (exit code {daemon.returncode})."
                    tell(f"{said} Its last output: {last_words(log)} Full log: {log}")
                    return False
                if self._hopeless():
                    return False
                time.sleep(LOOK_S)
        tell("This took too long. See daemon.log in the folder above.")
        return False

    def _finished(self) -> list[str]:
        """The steps of all finished jobs, one for each job."""
        try:
            connection = look(self._database)
        except NoDatabase:
            return []
        try:
            tasks = reads.recent_tasks(connection, 100)
            return [job.step for task in tasks for job in reads.jobs(connection, task.id) if job.state in OVER]
        except sqlite3.Error:
            return []  # it is just being made
        finally:
            connection.close()

    def _hopeless(self) -> bool:
        """Tell what went wrong since the last look; True, and told, where waiting makes no sense any more."""
        try:
            connection = look(self._database)
        except NoDatabase:
            return False
        try:
            seen = views.overview(connection, time.time_ns() // 1_000_000)
        except sqlite3.Error:
            return False  # it is just being made
        finally:
            connection.close()
        found = troubles(seen)
        for text in found:
            if text not in self._told:
                self._told.add(text)
                tell(text)
        if found and stuck(seen):
            log = self._database.parents[1] / "daemon.log"
            tell(f"Everything left waits for what failed, so the demo ends here. Full log: {log}")
            return True
        return False

    def _answer(self, page: str, card: dict[str, str]) -> None:
        status = BY_LABEL.get(card["Status"])
        gate = AT_GATE.get(status) if status else None
        if gate is not None:
            tell(f'{self._entries[page]}: looked at {gate.value}, setting "{LABELS[GATES[gate][1]]}" on the board')
            self.set_status(page, GATES[gate][1])

    def _left_to_tell(self) -> int:
        """How many entries and files the board has not got yet: at three requests a second it takes its time."""
        try:
            connection = look(self._database)
        except NoDatabase:
            return 0
        try:
            left = len(reads.pending_messages(connection))
        finally:
            connection.close()
        if left and time.monotonic() > self._told_at + TELL_S:
            self._told_at = time.monotonic()
            files = "1 file" if left == 1 else f"{left} files"
            tell(f"All films are published. The board still gets {files}, at Notion's three requests a second.")
        return left

    def _explain(self, cards: dict[str, dict[str, str]]) -> None:
        for page, card in cards.items():
            if BY_LABEL.get(card["Status"]) in ERRORS:
                told = f"{self._entries[page]}: {card['Status']}\n{card['Error Log']}"
                typer.echo("\n".join(sanitize_screen_lines(told)), err=True)


def _card(properties: dict[str, dict[str, object]]) -> dict[str, str]:
    def plain(name: str) -> str:
        value = properties[name]
        kind = value["type"]
        assert isinstance(kind, str)
        inner = value[kind]
        if isinstance(inner, list):
            return "".join(str(part.get("plain_text", "")) for part in inner)
        if isinstance(inner, dict):
            return str(inner.get("name", inner.get("start", "")))
        return "" if inner is None else str(inner)

    return {name: plain(name) for name in ("Status", "Progress", "Error Log", "YouTube URL", "Cost")}
