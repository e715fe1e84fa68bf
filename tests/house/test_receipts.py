"""The receipts that scripts write and those that videod reads are the same: place, states, fields, meaning."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from scripts.lib import receipt as written
from videod import receipts as read
from videod.flow.quarantine import put_aside

CLIP = "clip.mp4"


def _intent(order: written.Order) -> None:
    """As a script leaves it that is killed while its request is on the way."""
    order._keep(written.Receipt(written.VERSION, order.digest, order.service, "intent", None, "", None))


def _submitted(order: written.Order) -> None:
    order.submitted("order-7")


def _priced(order: written.Order) -> None:
    order.submitted("order-7")
    order.priced(0.42)


def _received(order: written.Order) -> None:
    _priced(order)
    order.received()


def _settled(order: written.Order) -> None:
    order.settled(0.05)


@pytest.mark.parametrize(
    ("step", "state", "remote_id", "micros"),
    [
        (_intent, read.State.INTENT, None, None),
        (_submitted, read.State.SUBMITTED, "order-7", None),
        (_priced, read.State.SUBMITTED, "order-7", 420_000),
        (_received, read.State.RECEIVED, "order-7", 420_000),
        (_settled, read.State.RECEIVED, None, 50_000),
    ],
)
def test_what_a_script_writes_on_a_receipt_is_what_videod_reads(
    tmp_path: Path, step: Callable[[written.Order], None], state: read.State, remote_id: str | None, micros: int | None
) -> None:
    order = written.Order(tmp_path / CLIP, "kie", "d" * 64)
    step(order)
    found = read.read(tmp_path / CLIP)
    assert found is not None and found.at is not None and found.at > 1_600_000_000_000
    assert found == read.Receipt(state, "d" * 64, "kie", remote_id, found.at, micros)


def test_both_know_the_same_states() -> None:
    assert get_args(written.State) == tuple(read.State)


def test_both_know_the_same_fields() -> None:
    renamed = {"usd": "micros"}
    # `after` is for the script alone: videod asks it again
    assert {renamed.get(one.name, one.name) for one in fields(written.Receipt)} - {"version", "after"} == {
        one.name for one in fields(read.Receipt)
    }


@pytest.mark.parametrize("name", ["clip.mp4", "plan.json", "a.b.c", "no_suffix", ".hidden", "Füchse 1.png"])
def test_both_look_for_a_receipt_in_the_same_place(tmp_path: Path, name: str) -> None:
    assert written.path_for(tmp_path / name) == read.path_for(tmp_path / name)


def test_a_script_finds_the_refused_file_where_videod_put_it(tmp_path: Path) -> None:
    output = tmp_path / CLIP
    output.write_bytes(b"useless")
    assert put_aside(output) is not None
    assert written.refused_digest(output) is not None


def test_a_withdrawn_receipt_is_gone_for_the_script_too(tmp_path: Path) -> None:
    _intent(written.Order(tmp_path / CLIP, "kie", "d" * 64))
    read.withdraw(tmp_path / CLIP)
    read.withdraw(tmp_path / CLIP)
    assert written.read(tmp_path / CLIP) is None and read.read(tmp_path / CLIP) is None
