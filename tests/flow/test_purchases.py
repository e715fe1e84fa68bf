"""What stands beside an output's name in its journal as `.paid`, whoever wrote it there."""

import json
import os
from pathlib import Path

import pytest

from videod.core.paid import Paid
from videod.flow import purchases


def noted(folder: Path, text: str | bytes) -> Path:
    place = folder / "clip_01.mp4.paid"
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "clip_01.mp4"


@pytest.mark.fault("13.6")
def test_what_was_written_is_read(tmp_path: Path) -> None:
    note = purchases.Note(5, (Paid(6, 7, 420_000, sure=False), Paid(8, 9, 10, sure=True)), "a" * 64, "order-7")
    purchases._write(tmp_path / "clip_01.mp4", note)
    assert purchases.read(tmp_path / "clip_01.mp4") == note


@pytest.mark.fault("12.11")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "[]",
        "{}",
        '{"since": -1, "paid": []}',
        '{"since": NaN}',
        "[" * 5_000,
        b"\xff\xfe",
        '{"since": "1e400"}',
    ],
)
def test_nonsense_says_nothing(tmp_path: Path, text: str | bytes) -> None:
    assert purchases.read(noted(tmp_path, text)) is None


@pytest.mark.fault("12.11")
def test_rows_that_cannot_be_are_left_out_and_endless_ones_cut(tmp_path: Path) -> None:
    rows: list[object] = [
        [1, 2, 10**15, True],
        [1, 2, -3, True],
        [1, 2],
        "x",
        None,
        [1, 2, 0, True],
        [True, 2, 3, True],
    ]
    name = noted(tmp_path, json.dumps({"since": 0, "paid": [*rows, *([[1, 2, 3, False]] * 500)], "made": 5}))
    found = purchases.read(name)
    assert found is not None and set(found.paid) == {Paid(1, 2, 3, sure=False)}
    assert len(found.paid) == purchases.MOST_NOTED - len(rows)


@pytest.mark.fault("12.11")
def test_what_is_no_file_says_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip_01.mp4.paid")
    assert purchases.read(tmp_path / "clip_01.mp4") is None
    secret = tmp_path / "secret"
    secret.write_text('{"since": 0, "paid": [[1, 2, 3, true]]}')
    (tmp_path / "clip_02.mp4.paid").symlink_to(secret)
    assert purchases.read(tmp_path / "clip_02.mp4") is None
