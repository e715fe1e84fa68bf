"""What is sent to YouTube fits its limits, whatever the channel, the entry and the plan hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videod.core import metadata
from videod.core.craft import DESCRIPTION_BYTES_MAX, TAG_CHARACTERS_MAX, tag_characters
from videod.sandbox.youtube.metadata import CATEGORIES, DESCRIPTION_BYTES, TAGS_CHARS, tags_length

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=1000)
WORDS = "A bear crosses a river in the cold. "


@pytest.mark.fault("4.1")
def test_the_stand_in_has_the_same_limits_and_categories() -> None:
    assert set(metadata.CATEGORIES) == CATEGORIES
    assert (DESCRIPTION_BYTES_MAX, TAG_CHARACTERS_MAX) == (DESCRIPTION_BYTES, TAGS_CHARS)


@pytest.mark.fault("4.1")
@given(st.lists(st.text(max_size=60), max_size=40), st.lists(st.text(max_size=60), max_size=40))
def test_the_tags_of_channel_and_plan_together_fit(own: list[str], planned: list[str]) -> None:
    own = [tag for tag in own if tag.strip() and not set(tag) & set(",<>\n")][:5]
    fitted = metadata.tags(own, planned)
    assert tags_length(list(fitted)) <= TAGS_CHARS
    assert all(tag.strip() and not set(tag) & set(",<>") for tag in fitted)
    assert len({tag.casefold() for tag in fitted}) == len(fitted)


@pytest.mark.fault("4.1")
def test_the_channels_own_tags_come_first_and_as_many_of_the_plans_as_fit() -> None:
    own = (*(f"{number:02}{'x' * 97}" for number in range(4)), "y" * 95)
    assert tag_characters(own) == 495
    assert metadata.tags(own, ("bear", "otter lake", "fox")) == (*own, "bear")
    assert (metadata.tags_left(own), metadata.tags_left(())) == (4, 500)


@pytest.mark.fault("4.1")
@given(TEXT, TEXT, TEXT, st.text(max_size=12_000))
def test_a_description_fits_whatever_is_put_in(title: str, topic: str, channel: str, described: str) -> None:
    template = "{description}\n\n{title} - {topic}\n{channel}"
    title, topic, channel = title[:100], topic[:1000], channel[:100].replace("<", "").replace(">", "")
    told = metadata.render(template, title, topic, channel, described)
    if metadata.bytes_left(template, channel) >= 0:
        assert len(f"{told}\n\nvideod:{'x' * 31}".encode()) <= DESCRIPTION_BYTES
    assert not set(told) & {"<", ">"}


@pytest.mark.fault("4.1")
def test_the_plans_words_end_with_a_whole_sentence() -> None:
    told = metadata.render("{description}" + "t" * 4000, "T", "", "C", WORDS * 100)
    assert told.startswith(WORDS * 20) and told.partition("ttt")[0].endswith("in the cold.")
    assert (
        metadata.cut("一只熊过河。" * 10, 40) == "一只熊过河。" * 2
        or len(metadata.cut("一只熊过河。" * 10, 40).encode()) <= 40
    )
    assert metadata.render("{description}", "T", "", "C", WORDS.strip()) == WORDS.strip()


@pytest.mark.fault("4.1")
@pytest.mark.parametrize(
    ("template", "left"),
    [
        ("{description}", 5000 - metadata.MARKER_BYTES),
        ("{title}{description}", 5000 - metadata.MARKER_BYTES - 400),
        ("{topic}{description}", 5000 - metadata.MARKER_BYTES - 4000),
        ("{description}{description}", (5000 - metadata.MARKER_BYTES) // 2),
        ("é" * 100, 5000 - metadata.MARKER_BYTES - 200),
    ],
)
def test_what_is_left_counts_the_longest_title_and_topic(template: str, left: int) -> None:
    assert metadata.bytes_left(template, "Wild") == left
