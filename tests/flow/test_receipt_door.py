"""A receipt lies in a folder that scripts write: whatever stands there is read at once, within bounds, or is none."""

import json
import os
import socket
from pathlib import Path

import pytest

from videod import files, receipts
from videod.receipts import Receipt, State


def _at(folder: Path) -> Path:
    return folder / "clip.mp4.job.json"


def test_a_receipt_gives_what_it_says(tmp_path: Path) -> None:
    told = {"version": 1, "state": "submitted", "remote_id": "t1", "usd": 0.42, "more": [1], "none": None}
    _at(tmp_path).write_text(json.dumps(told))
    assert receipts.read(tmp_path / "clip.mp4") == Receipt(State.SUBMITTED, remote_id="t1", micros=420_000)


@pytest.mark.parametrize(
    "told",
    ['{"state": "lost"}', '{"state": 5}', '{"state": []}', '{"remote_id": [1], "at": "soon", "service": {}}', "{}",
     '{"remote_id": "%s"}' % ("x" * 2_001)],
)  # fmt: skip
def test_nonsense_in_a_receipt_is_said_by_nobody(tmp_path: Path, told: str) -> None:
    _at(tmp_path).write_text(told)
    assert receipts.read(tmp_path / "clip.mp4") == Receipt(None)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("usd", ["Infinity", "NaN", "1e999", "9" * 400, '"' + "x" * 60_000 + '"', '"\\ud800"'])
def test_a_nonsense_sum_in_a_receipt_is_none(tmp_path: Path, usd: str) -> None:
    _at(tmp_path).write_text(f'{{"state": "received", "usd": {usd}}}')
    assert receipts.read(tmp_path / "clip.mp4") == Receipt(State.RECEIVED)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 60_000, '{"a": ' * 9_000, '"text"', "{} " * 30_000])
def test_what_is_no_receipt_is_none(tmp_path: Path, text: str) -> None:
    _at(tmp_path).write_text(text)
    assert receipts.read(tmp_path / "clip.mp4") is None


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "loop", "device", "sparse", "socket"])
def test_a_trap_in_the_place_of_a_receipt_is_no_receipt(tmp_path: Path, kind: str) -> None:
    at = _at(tmp_path)
    good = tmp_path / "good.json"
    good.write_text('{"state": "intent"}')
    match kind:
        case "fifo":
            os.mkfifo(at)  # to open it in the ordinary way would wait forever
        case "folder":
            at.mkdir()
        case "link":
            at.symlink_to(good)
        case "loop":
            at.symlink_to(at)
        case "device":
            at.symlink_to("/dev/zero")
        case "sparse":
            at.touch()
            os.truncate(at, 300 << 30)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(at))
    assert receipts.read(tmp_path / "clip.mp4") is None


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300, "nothing/there"])
def test_a_name_that_no_file_can_have_is_an_ordinary_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError) as error:
        files.read_bytes(tmp_path / name, 10)
    assert files.reason(error.value)


def test_a_file_of_exactly_the_bound_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    assert files.read_bytes(path, 10) == b"0123456789"
    with pytest.raises(files.Unfit):
        files.read_bytes(path, 9)
