"""Entries and priorities from programs: checked as the daemon would, written on the board, the one door for both."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.cli.factory import StudioBox
from tests.harness import control
from tests.web.caller import Caller, served
from videod.channels import load_channels
from videod.flow import signing
from videod.ports import BoardError, Page
from videod.store import reads
from videod.web import entries

ROOT = Path(__file__).resolve().parents[2]
CROSSING = {
    "title": "The crossing", "channel": "wild_planet", "topic": "brown bears",
    "direction": "A bear crosses a cold river.\nIt nearly drowns.",
}  # fmt: skip


class Paper:
    """A board of which only what is written on it is known."""

    def __init__(self) -> None:
        self.added: list[Mapping[str, object]] = []
        self.owned: list[Mapping[str, object]] = []
        self.written: list[tuple[str, Mapping[str, object]]] = []
        self.columns: Mapping[str, object] = {"Priority": "Normal"}
        self.error: BoardError | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def _asked(self) -> None:
        await self.answers.wait()
        if self.error is not None:
            raise self.error

    async def add(self, values: Mapping[str, object], *, own: Mapping[str, object], sources: str = "") -> str:
        await self._asked()
        self.added.append(values)
        self.owned.append(own)
        return "page-1"

    async def read(self, page_id: str) -> Page:
        await self._asked()
        return Page(page_id, 0, False, self.columns)

    async def write(self, page_id: str, values: Mapping[str, object]) -> None:
        self.written.append((page_id, values))


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path)
    yield made
    made.close()


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
async def api(box: StudioBox, paper: Paper) -> AsyncIterator[Caller]:
    known = load_channels(ROOT / "channels").channels
    listening = await served(box, channels=lambda: known, board=paper)
    async with control.session(box.state) as session:
        yield Caller(session)
    await listening.close()


async def test_an_entry_brings_its_story(api: Caller, paper: Paper) -> None:
    script = "The bear waits here for fish.\n\nIt rains all night long."
    status, _ = await api.post("/api/entries", CROSSING | {"script": script})
    assert (status, paper.owned) == (200, [{"script": script.split("\n\n")}])
    plan = json.loads((ROOT / "docs" / "examples" / "crossing-plan.json").read_text())
    status, _ = await api.post("/api/entries", CROSSING | {"plan": plan})
    assert (status, paper.owned[1:]) == (200, [{"plan": plan}])
    plan["clips"][1]["motion"] = "Runs."
    status, body = await api.post("/api/entries", CROSSING | {"plan": plan})
    assert status == 400 and "clip 2, motion (camera last)" in body["message"].lower() and len(paper.owned) == 2
    for wrong in ({"script": ""}, {"script": 5}, {"plan": []}, {"plan": "{}"}, {"script": "x" * 30_001}):
        status, body = await api.post("/api/entries", CROSSING | wrong)
        assert (status, body["code"]) == (400, "invalid") and len(paper.owned) == 2


async def test_an_entry_is_written_on_the_board_as_the_command_writes_it(
    box: StudioBox, api: Caller, paper: Paper
) -> None:
    status, body = await api.post("/api/entries", CROSSING | {"priority": "high", "privacy": "unlisted"})
    assert (status, body) == (
        200, {"page_id": "page-1", "status": "queued", "title": "The crossing", "channel": "wild_planet"}
    )  # fmt: skip
    assert paper.added == [{
        "Title": "The crossing", "Channel": "wild_planet", "Topic": "brown bears",
        "Story Direction": CROSSING["direction"], "Priority": "High", "Privacy": "unlisted", "Status": "Queued",
    }]  # fmt: skip
    await box.ledger.wakeups.wait("intake", None)  # the board is looked at now
    await api.post("/api/entries", CROSSING | {"draft": True, "privacy": None})
    assert paper.added[1]["Status"] == "Draft" and paper.added[1]["Priority"] == "Normal"
    assert "Privacy" not in paper.added[1]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"title": ""}, "invalid"), ({"title": "   "}, "invalid"), ({"title": "a <b>"}, "invalid"),
     ({"title": "x" * 101}, "invalid"), ({"title": None}, "invalid"), ({"topic": " \n "}, "invalid"),
     ({"topic": 7}, "invalid"), ({"direction": "x" * 20_001}, "invalid"), ({"priority": "urgent"}, "invalid"),
     ({"privacy": "secret"}, "invalid"), ({"draft": "yes"}, "invalid"), ({"chanel": "x"}, "invalid"),
     ({"channel": "nobody"}, "unknown_channel")],
)  # fmt: skip
async def test_an_entry_that_the_daemon_would_refuse_is_not_written(
    api: Caller, paper: Paper, wrong: dict[str, object], code: str
) -> None:
    status, body = await api.post("/api/entries", CROSSING | wrong)
    assert (status, body["code"]) == (404 if code == "unknown_channel" else 400, code)
    assert paper.added == []


async def test_what_an_entry_needs_is_named(api: Caller, paper: Paper) -> None:
    for name in CROSSING:
        _, body = await api.post("/api/entries", {key: value for key, value in CROSSING.items() if key != name})
        assert body["code"] == "invalid" and name in body["message"]
    assert paper.added == []


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("busy", 503, "board_unavailable"), ("down", 503, "board_unavailable"), ("gone", 409, "board_refused"),
     ("credentials", 409, "board_refused"), ("rejected", 409, "board_refused")],
)  # fmt: skip
async def test_a_board_that_refuses_is_said_in_its_own_words(
    box: StudioBox, api: Caller, paper: Paper, kind: str, status: int, code: str
) -> None:
    paper.error = BoardError(kind, "Notion said no")
    task = box.queue("Bears")
    for path, asked in (("/api/entries", CROSSING), (f"/api/tasks/{task}/priority", {"priority": "low"})):
        found, body = await api.post(path, asked)
        assert (found, body["code"], body["message"]) == (status, code, "Notion said no")


async def test_a_board_that_is_silent_is_not_waited_for_and_nothing_is_torn(
    api: Caller, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "BOARD_S", 0.01)
    paper.answers.clear()
    status, body = await api.post("/api/entries", CROSSING)
    assert (status, body["code"]) == (503, "board_unavailable")
    assert "look at the board" in body["hint"]
    (begun,) = entries._begun
    paper.answers.set()
    await begun
    assert len(paper.added) == 1


async def test_a_priority_is_written_on_the_board(box: StudioBox, api: Caller, paper: Paper) -> None:
    task = box.queue("Bears")
    status, body = await api.post(f"/api/tasks/{task}/priority", {"priority": "high"})
    assert (status, body) == (200, {"task": task, "title": "Bears", "priority": "high"})
    page = box.task(task).page_id
    assert paper.written == [(page, {"Priority": "High"})]
    seen = await box.store.read(lambda tx: reads.page_seen(tx, page))
    assert seen == {signing.ASKED: {"column": "Priority", "by": "cli"}}
    assert (await api.post(f"/api/tasks/{task}/priority", {}))[1]["code"] == "invalid"
    assert (await api.post("/api/tasks/nobody/priority", {"priority": "low"}))[1]["code"] == "unknown_task"
    paper.columns = {}
    assert (await api.post(f"/api/tasks/{task}/priority", {"priority": "low"}))[1]["code"] == "board_refused"
    assert len(paper.written) == 1
    assert await box.store.read(lambda tx: reads.page_seen(tx, page)) == {signing.ASKED: None}


async def test_without_a_board_nothing_is_written(box: StudioBox) -> None:
    listening = await served(box, channels=lambda: load_channels(ROOT / "channels").channels)
    async with control.session(box.state) as session:
        status, body = await Caller(session).post("/api/entries", CROSSING)
    await listening.close()
    assert (status, body["code"]) == (503, "board_unavailable")
