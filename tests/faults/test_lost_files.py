"""A few cases of the campaign on lost files; `python -m tests.campaigns lost-files` runs all of them."""

from pathlib import Path

import pytest

from tests.campaigns.lost_files import Case, one


@pytest.mark.fault("10.1", "10.2")
@pytest.mark.parametrize(
    ("step", "how", "moment", "asked"),
    [
        ("image", "replaced", "made", 1),
        ("composite", "truncated", "review", 0),
        ("clip", "replaced", "approved", 0),
        ("sound_effect", "truncated", "review", 0),
        ("image", "deleted", "approved", 0),
        ("cut", "deleted", "made", 0),
        ("assemble", "replaced", "approved", 0),
    ],
)
def test_a_lost_file_is_made_fetched_or_asked_for_once(
    tmp_path: Path, step: str, how: str, moment: str, asked: int
) -> None:
    assert one(tmp_path, Case(step, how, moment), seed=3) == asked
