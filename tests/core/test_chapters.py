"""Chapters are lines that YouTube takes for chapters, and none where it would not."""

import re

from hypothesis import given
from hypothesis import strategies as st

from videod.core import chapters, metadata

BEATS = tuple(f"moment {number} of the film, and more than that. A second sentence." for number in range(1, 19))


def times(told: str) -> list[int]:
    found = [re.match(r"(?:(\d+):)?(\d+):(\d\d) \S", line) for line in told.split("\n")]
    assert all(found), told
    return [int(one[1] or 0) * 3600 + int(one[2]) * 60 + int(one[3]) for one in found if one is not None]


def test_a_film_of_two_minutes_has_six_named_chapters_from_its_start() -> None:
    told = chapters.lines(BEATS, [6.5] * 18, 4.0, 124.0)
    assert told.split("\n")[0] == "0:00 Moment 1 of the film, and more than that"
    found = times(told)
    assert len(found) == 6 and set(found[1:]) <= {int(4 + 6.5 * place) for place in range(18)}


@given(
    st.lists(st.floats(0.5, 60), min_size=1, max_size=40), st.floats(0, 90), st.text(min_size=1, max_size=200),
    st.floats(0, 200),
)  # fmt: skip
def test_whatever_the_cuts_are_the_lines_are_chapters_or_none(
    lengths: list[float], opening_s: float, beat: str, more_s: float
) -> None:
    end = opening_s + sum(lengths)
    told = chapters.lines([f"x{beat}"] * len(lengths), lengths, opening_s, end + more_s)
    if not told:
        return
    found = times(told)
    assert found[0] == 0 and len(found) >= 3 and "<" not in told and ">" not in told
    assert all(other - one >= 10 for one, other in zip(found, [*found[1:], int(end)], strict=True))


def test_there_are_none_where_nobody_knows_what_is_shown_when() -> None:
    assert chapters.lines(BEATS, [6.5] * 18, 0.0, 40.0) == ""
    assert chapters.lines(BEATS, [None, *[6.5] * 17], 0.0, None) == ""
    assert chapters.lines(("", *BEATS[1:]), [6.5] * 18, 0.0, None) == ""
    assert chapters.lines(BEATS[:4], [6.5] * 4, 0.0, 26.0) == ""


def test_chapters_of_a_persons_own_are_left_alone() -> None:
    assert chapters.has_own("A bear.\n0:00 It waits\n0:20 It rains") and chapters.has_own("00:00 Start")
    assert not chapters.has_own("It starts at 10:00 in the morning.")


def test_they_stand_before_the_credit_and_give_way_where_the_description_has_no_room() -> None:
    told = chapters.lines(BEATS, [6.5] * 18, 0.0, None)
    made = metadata.render("{description}", "T", "t", "c", "A bear waits.", "Music: somebody", told)
    assert made == f"A bear waits.\n\n{told}\n\nMusic: somebody"
    full = "A sentence of words. " * 240
    fitted = metadata.render("{description}", "T", "t", "c", full, "", told)
    assert fitted.endswith(told) and len(fitted.encode()) <= 5000 - metadata.MARKER_BYTES
    tight = "x" * 4600 + "{description}"
    assert told not in metadata.render(tight, "T", "t", "c", full, "", told)
