"""A daemon that dies again and again tells people, in few messages that say how often and why."""

import json
from pathlib import Path

import pytest

from videod.daemon import lives
from videod.daemon.lives import Lives, Record, died, due, sentence, told

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BEGIN_MS = 1_800_000_000_000


class Wall:
    def __init__(self) -> None:
        self.at = BEGIN_MS

    def __call__(self) -> int:
        return self.at


def book(folder: Path, wall: Wall | None = None, *more: Path) -> Lives:
    return Lives((folder, *more), wall or Wall(), lambda text: text.replace("key-123", "(redacted)"))


def play(gaps_ms: list[int]) -> list[int]:
    """Which deaths of a series are reported, by their number, where each comes `gaps_ms` after the one before."""
    record, at, heard = Record(), BEGIN_MS, []
    for gap in gaps_ms:
        at += gap
        record = died(record, at, "why")
        if due(record, at):
            heard.append(record.count)
            record = told(record, at)
    return heard


@pytest.mark.fault("1.9")
def test_a_series_is_reported_at_the_first_the_third_and_the_tenth_death_and_then_once_an_hour() -> None:
    heard = play([5_000] * 2000)
    assert heard[:3] == [1, 3, 10]
    assert heard[3:] == [730, 1450]  # an hour is 720 deaths of 5 s


def test_deaths_far_apart_are_reported_each() -> None:
    assert play([0, 2 * HOUR_MS, 2 * HOUR_MS]) == [1, 1, 1]


def test_what_could_not_be_told_is_reported_at_the_next_death() -> None:
    record = died(died(Record(), BEGIN_MS, "a"), BEGIN_MS + 5000, "b")
    assert due(record, BEGIN_MS + 5000)
    assert not due(told(record, BEGIN_MS + 5000), BEGIN_MS + 6000)


def test_a_clock_that_goes_back_does_not_silence_a_series() -> None:
    record = told(died(Record(), BEGIN_MS, "a"), BEGIN_MS)
    again = died(record, BEGIN_MS - 24 * HOUR_MS, "b")
    assert due(again, BEGIN_MS - 24 * HOUR_MS)


def test_the_sentence_says_how_often_in_what_time_and_why() -> None:
    record = Record()
    for minute in range(5):
        record = died(record, BEGIN_MS + minute * MINUTE_MS, f"reason {minute}")
    assert sentence(record) == "videod died 5 times in 4 minutes. The last reason: reason 4"
    assert sentence(died(Record(), BEGIN_MS, "no disk")) == "videod died: no disk"


@pytest.mark.fault("1.9")
def test_a_life_without_a_clean_end_was_a_death_with_its_last_words(tmp_path: Path) -> None:
    first = book(tmp_path)
    assert first.begin().count == 0
    first.say("its loop \"relay\" failed: KeyError: 'key-123'\nand more")
    record = book(tmp_path).begin()
    assert (record.count, record.alive) == (1, True)
    assert record.why == "its loop \"relay\" failed: KeyError: '(redacted)' and more"
    assert "left no reason" in book(tmp_path).begin().why  # words count for the life that said them


def test_a_clean_end_is_no_death(tmp_path: Path) -> None:
    for _ in range(3):
        one = book(tmp_path)
        assert one.begin().count == 0
        one.say("something")
        one.end()


def test_a_life_that_the_end_of_the_host_cut_off_is_no_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book(tmp_path).begin()
    boot = tmp_path / "boot_id"
    boot.write_text("another\n")
    monkeypatch.setattr(lives, "BOOT", boot)
    assert book(tmp_path).begin().count == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "[" * 5000, '{"written": 1}', '{"written": "x", "count": []}', "\x00" * 40]
)
def test_a_damaged_record_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / lives.NAME).write_text(content)
    assert book(tmp_path).begin().count == 0
    assert book(tmp_path).begin().count == 1


def test_a_record_with_values_of_another_kind_counts_as_none(tmp_path: Path) -> None:
    book(tmp_path).begin()
    kept = json.loads((tmp_path / lives.NAME).read_text())
    (tmp_path / lives.NAME).write_text(json.dumps(kept | {"count": "many"}))
    assert book(tmp_path).read() == Record()


def test_where_the_state_cannot_be_written_the_runtime_folder_keeps_the_record(tmp_path: Path) -> None:
    state, runtime, wall = tmp_path / "gone", tmp_path / "run", Wall()
    runtime.mkdir()
    one = book(state, wall, runtime)
    one.begin()
    one.say("the disk is read-only")
    assert book(state, wall, runtime).begin().why == "the disk is read-only"
    state.mkdir()  # it is back: what is newer counts
    wall.at += 1000
    assert book(state, wall, runtime).begin().count == 2
    assert book(state, wall).read().count == 2


def test_no_folder_that_can_be_written_is_no_error(tmp_path: Path) -> None:
    one = book(tmp_path / "gone")
    one.begin()
    one.say("x")
    one.end()


def test_the_runtime_folder_is_the_first_that_systemd_names() -> None:
    assert lives.runtime({"RUNTIME_DIRECTORY": "/run/videod:/run/more"}) == (Path("/run/videod"),)
    assert lives.runtime({}) == ()
