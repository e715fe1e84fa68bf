"""`videod new` and `videod entries` without Notion and without a daemon: the command takes its place."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from videod.cli import main, own_entries
from videod.cli.client import Place
from videod.store.schema import migrate

Out = pytest.CaptureFixture[str]
WORDS = ("--channel", "wild_earth", "--topic", "bears", "--direction", "A bear crosses.")


@pytest.fixture
def alone(house: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose board is videod's own."""
    (house.parent / "videod.toml").write_text('[board]\nkind = "none"\n')
    house.chmod(0o700)
    return house


def said(out: Out, *words: str, code: int = 0) -> str:
    assert main.run([*words]) == code, out.readouterr()
    shown = out.readouterr()
    return shown.out + shown.err


def test_an_entry_is_written_listed_changed_queued_and_removed(alone: Path, capsys: Out) -> None:
    assert "added to the board as Draft" in said(capsys, "new", "A crossing", *WORDS, "--draft")
    assert "A crossing" in said(capsys, "entries", "list")
    assert "is a draft" in said(capsys, "why", "crossing", code=66)
    assert "It is a draft" in said(capsys, "entries", "edit", "crossing", "--topic", "wolves", "--priority", "low")
    assert "queued" in said(capsys, "entries", "queue", "crossing")
    assert "waits for videod to take it" in said(capsys, "approve", "crossing", code=66)
    (alone.parent / "told.txt").write_text("The bear waits here for fish.\n\nIt rains all night long.\n")
    said(capsys, "entries", "edit", "crossing", "--draft", "--script", str(alone.parent / "told.txt"))
    shown = json.loads(said(capsys, "entries", "show", "crossing", "--json"))
    assert (shown["topic"], shown["priority"], shown["status"]) == ("wolves", "low", "draft")
    assert shown["script"] == "The bear waits here for fish.\n\nIt rains all night long."
    assert "removed" in said(capsys, "entries", "remove", "crossing")
    assert json.loads(said(capsys, "entries", "list", "--json")) == {"entries": []}


def test_the_first_command_of_all_needs_no_daemon_before_it(alone: Path, capsys: Out) -> None:
    assert not (alone / "videod.db").exists()
    page = json.loads(said(capsys, "new", "First", *WORDS, "--json"))["page_id"]
    with sqlite3.connect(alone / "videod.db") as known:
        ((label,),) = known.execute("SELECT json_extract(shown, '$.Status') FROM entries WHERE page_id = ?", (page,))
    assert label == "Queued"


def test_commands_at_once_wait_for_each_other(alone: Path) -> None:
    where = Place(alone, alone.parent / "videod.toml")
    body = {"channel": "wild_earth", "topic": "bears", "direction": "A bear crosses.", "draft": True}

    def add(number: int) -> object:
        return own_entries.asked(where, "add_entry", "", body | {"title": f"Film {number}"})["page_id"]

    with ThreadPoolExecutor(4) as people:
        pages = list(people.map(add, range(8)))
    with sqlite3.connect(alone / "videod.db") as known:
        kept = {page for (page,) in known.execute("SELECT page_id FROM entries")}
    assert len(kept) == 8 and kept == set(pages)


def test_what_makes_no_sense_is_refused_with_what_to_do(alone: Path, capsys: Out) -> None:
    said(capsys, "new", "One bear", *WORDS, "--draft")
    said(capsys, "new", "Two bears", *WORDS, "--draft")
    assert "may mean" in said(capsys, "entries", "queue", "bear", code=65)
    assert "see `videod entries list`" in said(capsys, "entries", "queue", "nothing", code=66).lower()
    assert "edit what" in said(capsys, "entries", "edit", "One bear", code=64).lower()
    assert (
        "queue it or take it back" in said(capsys, "entries", "edit", "One bear", "--queue", "--draft", code=64).lower()
    )
    assert "there is no channel" in said(capsys, "entries", "edit", "One bear", "--channel", "x", code=66).lower()
    assert "<" in said(capsys, "entries", "edit", "One bear", "--title", "a <b>", code=65)


@pytest.mark.parametrize("words", [("check",), ("init", "--parent", "x"), ("views",), ("webhook",)])
def test_what_only_notion_has_says_so_in_one_sentence(alone: Path, capsys: Out, words: tuple[str, ...]) -> None:
    told = said(capsys, "notion", *words, code=78)
    assert "Notion is not used" in told and len(told.strip().splitlines()) == 1


def test_on_a_board_in_notion_entries_are_changed_there(house: Path, capsys: Out) -> None:
    migrate(house / "videod.db")
    assert "on the board in notion" in said(capsys, "entries", "list", code=78).lower()


def test_doctor_and_open_do_without_notion(alone: Path, capsys: Out) -> None:
    said(capsys, "new", "First", *WORDS)
    main.run(["doctor", "--offline"])
    told = capsys.readouterr().out
    assert "Notion is not needed" in told and "NOTION_TOKEN" not in told
