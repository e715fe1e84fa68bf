"""What is text stays, this year's emoji too; what could steer a screen, end a word or is never text goes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.plans import CLIPS, IMAGES, good_plan
from videod.core.craft import complaints
from videod.core.craft_wording import odd_characters
from videod.core.plain_text import harmless, is_text, one_line, shows
from videod.dashboard.text import clean
from videod.documents import shown
from videod.flow import edits

#: of Unicode 15 to 17 and of no version yet, a letter of a young script, a flag of tags, a family with joiners
YOUNG = ("\U0001fae8", "\U0001fa75", "\U0001fae9", "\U0001faea", "\U0001faef", "\U0001faff", "\U00011f00", "\u2fff",
         "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f468\u200d\U0001f467", "\u2764\ufe0f")  # fmt: skip
NEVER = ("\ufffe", "\uffff", "\U0001fffe", "\U0010ffff", "\ufdd0", "\ufdef", "\ud800", "\udfff", "\0", "\x1b", "\x9b",
         "\ue000", "\U000f0000", "\U00100000")  # fmt: skip


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("emoji", YOUNG, ids=ascii)
def test_an_emoji_younger_than_python_stays_in_titles_plans_and_on_screens(emoji: str) -> None:
    title = f"Bears {emoji} at night"
    assert harmless(title) == one_line(title) == clean(title) == title
    assert edits.text({"Title": title}, "Title") == title
    assert odd_characters(title) == ""
    assert all(map(shows, emoji))
    assert shown(title) == f'"{title}"'


@pytest.mark.fault("2.10")
@pytest.mark.parametrize("letter", NEVER, ids=ascii)
def test_what_is_never_text_goes_and_is_refused(letter: str) -> None:
    assert harmless(f"a{letter}b") == clean(f"a{letter}b") == "ab"
    assert odd_characters(f"a{letter}b") == f"U+{ord(letter):04X}"
    assert not shows(letter)


@pytest.mark.fault("2.10")
def test_a_plan_may_hold_a_young_emoji_and_no_noncharacter() -> None:
    assert complaints(good_plan() | {"title": "Bears \U0001faef"}, CLIPS, IMAGES) == ()
    assert [one.where for one in complaints(good_plan() | {"title": "Bears \ufdd0"}, CLIPS, IMAGES)] == ["title"]


@given(st.characters())
def test_every_character_that_python_knows_is_judged_by_its_category(letter: str) -> None:
    if unicodedata.category(letter) != "Cn":
        assert is_text(letter) == (unicodedata.category(letter) not in ("Cc", "Cs", "Co"))
