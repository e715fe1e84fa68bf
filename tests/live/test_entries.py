"""`videod new`, `priority` and `balance` against the board and the services of a sandbox."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.creator import TOPICS
from tests.live.stage import Stage, stage

pytestmark = pytest.mark.live
STORY = ("--channel", "wild_planet", "--topic", TOPICS[0], "--direction", "A whale sings.")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("entries") / "stage") as made:
        yield made


def videod(made: Stage, *words: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "videod", *words, "--config", str(made.config)]
    return subprocess.run(argv, env=made.env, text=True, capture_output=True, check=False)


def test_an_entry_is_on_the_board_as_typed(studio: Stage) -> None:
    done = videod(studio, "new", "The song", *STORY, "--priority", "high", "--privacy", "unlisted", "--draft", "--json")
    assert done.returncode == 0, done.stderr
    with Board(studio.env) as board:
        entry = board.entry("The song")
    shown = {name: entry[name] for name in ("Status", "Channel", "Topic", "Story Direction", "Priority", "Privacy")}
    assert shown == {
        "Status": "Draft", "Channel": "wild_planet", "Topic": TOPICS[0], "Story Direction": "A whale sings.",
        "Priority": "High", "Privacy": "unlisted",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("A <title>", *STORY), "YouTube does not allow < or >"),
        (("", *STORY), "the title is empty"),
        (("T" * 101, *STORY), "101 characters"),
        (("A title", *STORY, "--sources", "/nowhere/own.txt"), "/nowhere/own.txt cannot be read"),
        (("A title", *STORY[2:], "--channel", "wild_plant"), "there is no channel wild_plant"),
    ],
)
def test_what_videod_would_refuse_never_reaches_the_board(studio: Stage, words: tuple[str, ...], told: str) -> None:
    before = len(studio.asked("notion", "/pages", "POST"))
    done = videod(studio, "new", *words)
    assert done.returncode in (64, 66) and told in done.stderr, done.stderr
    assert len(studio.asked("notion", "/pages", "POST")) == before


def test_the_balance_says_for_how_many_films_it_lasts(studio: Stage) -> None:
    done = videod(studio, "balance", "--json")
    assert done.returncode == 0, done.stderr
    credit = {one["service"]: one for one in json.loads(done.stdout)["credit"]}
    assert set(credit) == {"kie", "elevenlabs"}
    assert all(one["films"] > 0 for one in credit.values())


def test_a_priority_typed_at_the_terminal_is_on_the_board_and_in_the_ledger(studio: Stage) -> None:
    studio.start()
    done = videod(studio, "new", "The dive", *STORY)
    assert done.returncode == 0, done.stderr
    until(lambda: studio.rows("SELECT 1 FROM tasks WHERE title = 'The dive'"), studio.log_tail)
    done = videod(studio, "priority", "The dive", "high")
    assert done.returncode == 0, done.stderr
    until(lambda: studio.rows("SELECT 1 FROM tasks WHERE title = 'The dive' AND priority = 0"), studio.log_tail)
    studio.stop()
