"""The order of durable calls of a few scripts; `python -m tests.campaigns fsync` traces all of them."""

from pathlib import Path

import pytest

from tests.campaigns.fsync import CAMPAIGN, violations
from tests.campaigns.tracing import Call
from tests.faults.campaign import short

pytestmark = [pytest.mark.live, pytest.mark.long]


def test_scripts_tokens_and_migrations_rename_and_tell_only_what_is_durable(tmp_path: Path) -> None:
    assert short(CAMPAIGN, tmp_path, kinds="image,composite,upload")["violations"] == 0


def _call(name: str, text: str) -> Call:
    return Call(1, name, text)


WRITE = _call("write", '3</d/.a.part.png>, "x", 1) = 1')
FORCE = _call("fsync", "4</d/.a.part.png>) = 0")
RENAME = _call("rename", '"/d/.a.part.png", "/d/a.png") = 0')
FOLDER = _call("fsync", "5</d>) = 0")
RESULT = _call("write", '1<pipe:[7]>, "{\\"type\\": \\"result\\"}", 19) = 19')


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ((WRITE, RENAME, FOLDER, RESULT), "before its fsync"),
        ((WRITE, FORCE, RENAME, RESULT, FOLDER), "told before"),
        ((WRITE, FORCE, RENAME), "never forced"),
        ((_call("write", '3</d/a.png>, "x", 1) = 1'),), "in place"),
        ((_call("unlink", '"/d/a.png.job.json") = 0'),), "never forced"),
    ],
)
def test_every_wrong_order_would_be_seen(calls: tuple[Call, ...], words: str) -> None:
    assert any(words in one for one in violations(calls, Path("/d")))


def test_the_right_order_is_right() -> None:
    assert violations((WRITE, FORCE, RENAME, FOLDER, RESULT), Path("/d")) == []
