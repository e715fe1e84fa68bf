"""What keys do on the dashboard: pure, from bytes to wishes."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.cli.factory import NOON, StudioBox
from tests.dashboard.test_render import AROUND, compare, snapshot
from videod.core.failures import Kind
from videod.core.statuses import Status
from videod.dashboard import screens, steer
from videod.dashboard.detail import Detail, detail
from videod.dashboard.keys import Keys
from videod.dashboard.reason import Case
from videod.dashboard.steer import Answer, Leave, Open, Room, State, Typing, Wish
from videod.dashboard.view import View
from videod.store import in_full, reads, views


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ([b"jk"], ["j", "k"]), ([b"\x1b[A\x1b[B\x1bOA"], ["up", "down", "up"]),
        ([b"\x1b[5~\x1b[6~"], ["pageup", "pagedown"]),
        ([b"\x1b", b"[", b"A"], ["up"]), ([b"\x1b[1;5C"], ["right"]), ([b"\r"], ["enter"]), ([b"\x7f"], ["backspace"]),
        (["ä🐻".encode()], ["ä", "🐻"]), ([b"\xc3", b"\xa4"], ["ä"]), ([b"\x1b[99~"], []), ([b"\x00\x01"], []),
        ([b"\x1bj"], ["esc", "j"]), ([b"\xff"], ["\ufffd"]),
    ],
)  # fmt: skip
def test_bytes_become_keys(parts: list[bytes], keys: list[str]) -> None:
    read = Keys()
    assert [key for part in parts for key in read.feed(part)] == keys
    assert read.quiet() == []


def test_an_escape_that_nothing_follows_is_the_key() -> None:
    read = Keys()
    assert read.feed(b"\x1b") == [] and read.quiet() == ["esc"] and read.quiet() == []
    assert read.feed(b"\x1b[" + b"1" * 40)[-1:] == ["1"], "a sequence without an end is not waited for forever"


class Sitting:
    """A person at the dashboard of a studio with a review, a stopped episode and one in work."""

    def __init__(self, folder: Path) -> None:
        self.box = StudioBox(folder, at=NOON)
        self.review = self.box.bring_to(self.box.queue("A review"), Status.ASSETS_READY)
        self.work = self.box.bring_to(self.box.queue("Some bears", "deep_sea"), Status.ASSETS_APPROVED)
        self.state = State()
        self.acts: list[steer.Act] = []

    @property
    def view(self) -> View:
        return steer.filtered(snapshot(self.box), self.state.words if self.state.room is Room.LIST else "")

    @property
    def detail(self) -> Detail | None:
        connection = self.box.store._connection
        task = reads.task(connection, self.state.task) if self.state.room is Room.JOBS else None
        if task is None:
            return None
        return detail(Case(
            task, reads.jobs(connection, task.id), views.since(connection, task), (), in_full.ahead(connection, task),
            True, 4, NOON,
        ))  # fmt: skip

    def settle(self) -> None:
        self.state = steer.settled(self.state, self.view, self.detail)

    def press(self, *keys: str) -> steer.Act | None:
        act = None
        for key in keys:
            self.settle()
            self.state, act = steer.press(self.state, key, self.view, self.detail)
            self.acts += [act] if act is not None else []
        self.settle()
        return act


@pytest.fixture
def sitting(tmp_path: Path):
    made = Sitting(tmp_path)
    yield made
    made.box.close()


def test_an_approval_is_asked_with_its_price_and_only_a_yes_is_one(sitting: Sitting) -> None:
    assert sitting.press("a") is None
    assert "A review" in sitting.state.question and "$" in sitting.state.question
    assert sitting.press("enter", "x", "j", " ") is None and sitting.state.asked is not None
    assert sitting.press("n") is None and sitting.state.asked is None
    wish = sitting.press("a", "y")
    assert wish == Wish("approve", sitting.review, "A review", {"gate": "assets"})
    assert sitting.state.busy and sitting.press("a") is None, "one wish at a time"
    sitting.state = steer.answered(sitting.state, wish, Answer("approved"))
    assert sitting.state.said == "A review: approved" and not sitting.state.bad


def test_a_file_is_sent_back_with_a_note_after_its_price_was_said(sitting: Sitting) -> None:
    sitting.press("enter", "/", *"image", "enter")
    assert {line.name.split("/")[0] for line in steer.jobs_of(sitting.detail, sitting.state.job_words)} == {"image"}
    wish = sitting.press("r")
    assert isinstance(wish, Wish) and wish.foresee and wish.verb == "redo"
    name = wish.body["jobs"]
    sitting.state = steer.answered(sitting.state, wish, Answer("1 job would be regenerated", "$0.04"))
    assert "about $0.04" in sitting.state.question and sitting.state.typing is Typing.NOTE
    meant = sitting.press(*"in tha", "backspace", *"e fog?", "enter")
    assert meant == replace(wish, foresee=False, body={"jobs": name, "note": "in the fog?"})
    assert len(sitting.acts) == 2


def test_leaving_a_question_changes_nothing(sitting: Sitting) -> None:
    sitting.press("enter")
    sitting.state = steer.answered(
        sitting.state, Wish("redo", sitting.review, "A review", {"jobs": ["image/x"]}, foresee=True, noted=True),
        Answer("1 job would be regenerated"),
    )  # fmt: skip
    assert sitting.press(*"note", "esc") is None
    assert sitting.state.asked is None and sitting.state.question == "" and sitting.acts == []


def test_a_refusal_is_said_and_nothing_is_asked(sitting: Sitting) -> None:
    wish = Wish("redo", sitting.review, "A review", foresee=True)
    sitting.state = steer.answered(sitting.state, wish, Answer("videod does not answer", refused=True))
    assert sitting.state.bad and sitting.state.asked is None


def test_what_cannot_be_done_says_why(sitting: Sitting) -> None:
    sitting.press("j")
    assert sitting.state.task == sitting.work
    assert sitting.press("a") is None and "no open review" in sitting.state.said
    sitting.press("enter", "/", *"narration", "enter")
    assert sitting.press("r") is None and "cannot be regenerated now" in sitting.state.said


def test_a_pause_is_a_resume_where_it_is_paused(sitting: Sitting) -> None:
    sitting.press("G")
    assert sitting.press("p") == Wish("pause", sitting.work, "Some bears", {"reason": None})
    sitting.state = replace(sitting.state, busy=False)
    line = replace(sitting.view.work[0], paused=True)
    view = replace(sitting.view, work=(line,))
    assert steer.press(sitting.state, "p", view, None)[1] == Wish("resume", sitting.work, "Some bears")


def test_a_filter_counts_while_it_is_typed_and_esc_clears_it(sitting: Sitting) -> None:
    sitting.press("/", *"deep")
    assert [line.title for line in sitting.view.lines] == ["Some bears"] and sitting.state.task == sitting.work
    sitting.press("enter", "j", "k")
    assert len(sitting.view.lines) == 1
    sitting.press("esc")
    assert len(sitting.view.lines) == 2 and sitting.state.task == sitting.work
    sitting.press("/", *"no such thing", "enter")
    assert sitting.view.lines == () and sitting.press("enter", "a", "o", "r") is None


def test_open_help_and_leave(sitting: Sitting) -> None:
    assert sitting.press("o") == Open(sitting.review)
    sitting.press("?")
    assert sitting.state.help and sitting.press("a") is None and not sitting.state.help
    assert sitting.press("q") == Leave()
    assert sitting.press("enter", "q") == Leave()
    assert sitting.press("?", "q") == Leave()


def test_an_episode_that_is_gone_leaves_its_room(sitting: Sitting) -> None:
    sitting.press("enter")
    assert sitting.state.room is Room.JOBS and sitting.state.job
    sitting.state = steer.settled(replace(sitting.state, task="gone"), replace(sitting.view, reviews=(), work=()), None)
    assert sitting.state.room is Room.LIST and sitting.state.task == ""


def test_a_job_that_failed_is_the_first_that_is_looked_at(sitting: Sitting) -> None:
    sitting.box.fail(sitting.work, "clip/clip_01", Kind.IN_DOUBT, "the answer was [red]lost\x1b[2J")
    sitting.press("G", "enter")
    assert sitting.state.job == "clip/clip_01"
    line = next(one for one in sitting.detail.jobs if one.name == "clip/clip_01")
    assert line.state == "in_doubt" and "the answer was [red]lost" in line.note and "\x1b" not in line.note
    assert AROUND.daemon is not None


# ------------------------------------------------------------------------------------------- the screen


SIZES = ((80, 24), (140, 45))


def drawn(sitting: Sitting, width: int, height: int) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None, legacy_windows=False)
    sitting.settle()
    with console.capture() as capture:
        console.print(screens.screen(sitting.state, sitting.view, sitting.detail, width, height))
    return capture.get()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_screens_are_the_golden_ones(sitting: Sitting, size: tuple[int, int]) -> None:
    kept = f"{size[0]}x{size[1]}"
    compare(f"keys_list_{kept}", drawn(sitting, *size))
    sitting.press("a")
    compare(f"keys_question_{kept}", drawn(sitting, *size))
    sitting.press("n", "enter")
    compare(f"keys_jobs_{kept}", drawn(sitting, *size))
    sitting.press("?")
    compare(f"keys_help_{kept}", drawn(sitting, *size))


@pytest.mark.parametrize("size", [(20, 5), (40, 8), (60, 12), (80, 24), (220, 60)])
@pytest.mark.parametrize("keys", [(), ("a",), ("enter",), ("?",), ("/", *"bear"), ("enter", "G")])
def test_no_screen_is_larger_than_the_terminal(sitting: Sitting, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    sitting.press(*keys)
    lines = drawn(sitting, *size).splitlines()
    assert len(lines) <= size[1] and max(cell_len(line) for line in lines) <= size[0]


@pytest.mark.parametrize("height", [18, 24])
def test_whatever_is_chosen_is_in_sight(tmp_path: Path, height: int) -> None:
    sitting = Sitting(tmp_path)
    for number in range(12):
        status = Status.ASSETS_READY if number % 2 else Status.ASSETS_APPROVED
        sitting.box.bring_to(sitting.box.queue(f"Film {number:02d}"), status)
    for _ in sitting.view.lines:
        assert sum(line.startswith(">") for line in drawn(sitting, 80, height).splitlines()) == 1, sitting.state.task
        sitting.press("j")
    sitting.box.close()
