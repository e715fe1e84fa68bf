"""What a person puts under the heading Sources of an entry's page reaches the script that plans."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notion_board import notion_stage
from tests.core.book import Book
from videod.adapters.notion_pace import Line, Rank
from videod.adapters.notion_sources import MOST, OwnSources, blocks_of, own_sources
from videod.core.own_story import EMPTY, PLAN, SCRIPT, UNREAD
from videod.core.step import Command
from videod.flow.job_command import OWN_SOURCES, CommandBuilder
from videod.ports import BoardError

ROOT = Path(__file__).parents[2]
LINK = "https://example.org/bears"


def block(kind: str, text: str, href: str | None = None, **more: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"content": text} | ({"link": {"url": href}} if href else {})
    return {"type": kind, kind: {"rich_text": [{"type": "text", "text": content}], **more}}


async def test_only_what_stands_under_the_heading_is_read(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        page = await stage.add(ids)
        assert await own_sources(stage.calls, page) == ""
        await stage.person.blocks.children.append(page, children=[
            block("paragraph", "a thought"), block("heading_2", " sources: "),
            block("paragraph", "She was seen in June."),
            block("bulleted_list_item", "a paper", LINK), {"type": "bookmark", "bookmark": {"url": LINK + "/2"}},
            {"type": "divider", "divider": {}}, block("heading_3", "Notes"), block("paragraph", "another thought"),
        ])  # fmt: skip
        found = await own_sources(stage.calls, page)
        assert found == f"She was seen in June.\n\na paper\n\n{LINK}\n\n{LINK}/2"


@pytest.mark.parametrize("heading", ["Quellen", "FUENTES:", "Références", "出典：", "출처", "Источники"])
async def test_the_heading_may_be_in_the_language_of_the_channel(tmp_path: Path, heading: str) -> None:
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        page = await stage.add(ids)
        await stage.person.blocks.children.append(page, children=[
            block("heading_2", heading), block("paragraph", "She was seen in June."),
        ])  # fmt: skip
        assert await own_sources(stage.calls, page) == "She was seen in June."


async def test_a_heading_that_is_folded_holds_them_too(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        page = await stage.add(ids)
        folded = block("heading_1", "Sources", is_toggleable=True, children=[block("paragraph", "inside")])
        await stage.person.blocks.children.append(page, children=[folded])
        assert await own_sources(stage.calls, page) == "inside"


async def test_an_entry_is_made_with_its_sources(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as stage:
        board, _ = await stage.made()
        text = f"{LINK}\n\nA note of mine.\n\n" + "x" * 4500
        page = await board.add({"Title": "Bear"}, sources=text)
        own = OwnSources()
        assert await own.of(page) == ""
        own.calls = stage.calls
        assert (await own.of(page)).replace("\n", "") == text.replace("\n", "")


async def test_an_entry_is_made_with_a_story_that_is_read_as_it_was_given(tmp_path: Path) -> None:
    script = {SCRIPT: ["She waits here.", "Nobody comes before the ice does. 🐻" * 90]}
    plan = {PLAN: json.loads((ROOT / "docs/examples/crossing-plan.json").read_text()) | {"logline": "ä🐻" * 4000}}
    async with notion_stage(tmp_path) as stage:
        board, _ = await stage.made()
        own = OwnSources()
        own.calls = stage.calls
        page = await board.add({"Title": "Bear"}, own=script, sources="A note.")
        assert (await own.story(page))[SCRIPT].replace("\n", "") == "".join(script[SCRIPT])
        assert await own.of(page) == "A note."
        page = await board.add({"Title": "Wolf"}, own=plan)
        found = await own.story(page)
        assert list(found) == [PLAN] and json.loads(found[PLAN]) == plan[PLAN]


async def test_a_story_is_read_before_videod_tells_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is not taken before its story was read: a person waits. Its sources are read by the plan's job."""
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        own = OwnSources()
        own.calls = stage.calls
        ranks: list[Rank] = []
        turn = Line.turn

        async def noted(line: Line, rank: Rank, turns: int = 1) -> None:
            ranks.append(rank)
            await turn(line, rank, turns)

        page = await stage.add(ids)
        monkeypatch.setattr(Line, "turn", noted)
        await own.story(page)
        await own.of(page)
        assert ranks == [Rank.WISH, Rank.TELL]


async def test_a_page_that_is_gone_is_said(tmp_path: Path) -> None:
    async with notion_stage(tmp_path) as stage:
        await stage.made()
        with pytest.raises(BoardError) as told:
            await own_sources(stage.calls, "0" * 8 + "-0000-0000-0000-" + "0" * 12)
        assert told.value.kind == "gone"


def test_more_than_a_request_holds_is_refused() -> None:
    assert len(blocks_of("\n\n".join("a" * 10 for _ in range(98)))) == 99
    with pytest.raises(ValueError, match="more than 99 paragraphs"):
        blocks_of("a" * (MOST * 3))


async def test_the_planner_gets_them_in_a_file(tmp_path: Path) -> None:
    book = Book()
    book.queue()
    task = book.one
    asked: list[str] = []

    async def sources(page_id: str) -> str:
        asked.append(page_id)
        return "A note of mine."

    async def token(channel_id: str) -> str:
        return ""

    builder = CommandBuilder(
        state=tmp_path, scripts=tmp_path, overrides={}, urls={}, ffmpeg=lambda: "ffmpeg",
        context=lambda task, workspace, outputs: None, secret=lambda name: None, token=token, environ={},
        sources=sources,
    )  # fmt: skip
    (job,) = book.jobs.values()
    command = Command(("--title", "Bear"))
    builder.prepare(task, job, command)
    spawn = await builder.spawn(task, job, command)
    at = builder.workspace(task) / OWN_SOURCES
    assert asked == [task.page_id] and at.read_text() == "A note of mine."
    assert ("--sources", str(at)) in zip(spawn.argv, spawn.argv[1:], strict=False)


async def story(stage: Any, page: str, ours: tuple[str, ...] = ()) -> dict[str, str]:
    own = OwnSources()
    own.calls = stage.calls

    async def made(page_id: str) -> tuple[str, ...]:
        return ours

    own.ours = made
    return dict(await own.story(page))


async def test_what_became_of_the_heading_of_a_script_is_right_and_said(tmp_path: Path) -> None:
    said = block("paragraph", "She waits here.")
    nested = block("bulleted_list_item", "She waits.", children=[block("paragraph", "He too.")])
    cases: list[tuple[list[dict[str, Any]], dict[str, str]]] = [
        ([said], {}),  # removed: no script
        ([block("heading_2", "My notes"), said], {}),  # renamed
        ([block("heading_2", "Drehbuch:"), said], {SCRIPT: "She waits here."}),  # renamed to another language's
        ([block("heading_1", "Script"), said, block("heading_3", "script"), block("paragraph", "He comes.")],
         {SCRIPT: "She waits here.\n\nHe comes."}),  # doubled
        ([block("heading_2", "Script"), {"type": "divider", "divider": {}}], {SCRIPT: "", EMPTY: "Script"}),
        ([block("heading_2", "Guion"), nested], {SCRIPT: "She waits.", UNREAD: "Guion"}),
    ]  # fmt: skip
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        for blocks, wanted in cases:
            page = await stage.add(ids)
            await stage.person.blocks.children.append(page, children=blocks)
            assert await story(stage, page) == wanted


async def test_blocks_of_videods_own_are_never_read_as_a_persons(tmp_path: Path) -> None:
    """A heading was moved among them, or the one that they began with was removed."""
    async with notion_stage(tmp_path) as stage:
        _, ids = await stage.made()
        page = await stage.add(ids)
        made = await stage.person.blocks.children.append(page, children=[
            block("heading_2", "Script"), block("paragraph", "She waits here."),
            block("paragraph", "Narration: The calf is falling behind."), block("paragraph", "Look at the left wing!"),
            block("heading_2", "Sources"), block("paragraph", "A note."), block("paragraph", "Narration: It is late."),
        ])  # fmt: skip
        ours = tuple(made["results"][at]["id"] for at in (2, 6))
        assert await story(stage, page, ours) == {SCRIPT: "She waits here."}
        assert await own_sources(stage.calls, page, ours) == "A note."
