"""Which track lies under a film, and how its credit gets into the description."""

from videod.core import metadata
from videod.core.metadata import DESCRIPTION_BYTES_MAX, MARKER_BYTES
from videod.core.music import Track, chosen

CALM, STORM = Track("/m/calm.mp3", ("calm", "slow river"), "Calm by A"), Track("/m/storm.mp3", ("storm", "danger"))


def test_the_track_whose_mood_words_the_plan_has_is_taken() -> None:
    assert chosen((CALM, STORM), "A storm over the ridge. Danger.", 120, "bear-1") == STORM
    assert chosen((CALM, STORM), "A slow bend of the RIVER, calm", 120, "bear-1") == CALM
    assert chosen((STORM, CALM), "Stormy? No: brainstorming", 120, "x") in (CALM, STORM)


def test_of_two_that_fit_one_as_long_as_the_film_is_taken() -> None:
    short, long = Track("/m/a.mp3", ("calm",), seconds=60), Track("/m/b.mp3", ("calm",), seconds=180)
    assert all(chosen((short, long), "calm", 120, f"e{number}") == long for number in range(8))
    assert {chosen((short, long), "calm", 50, f"e{number}") for number in range(16)} == {short, long}


def test_an_episode_keeps_its_track_and_episodes_share_them() -> None:
    tracks = tuple(Track(f"/m/{number}.mp3") for number in range(4))
    assert chosen(tracks, "", None, "bear-1") == chosen(tuple(reversed(tracks)), "", None, "bear-1")
    assert len({chosen(tracks, "", None, f"e{number}") for number in range(40)}) == 4
    assert chosen((), "calm", None, "bear-1") is None


def test_a_credit_is_the_last_paragraph_and_is_never_shortened() -> None:
    told = metadata.render("{description}", "T", "A", "C", "A bear. It waits.", "Music: <Dawn> by A, CC BY 4.0")
    assert told == "A bear. It waits.\n\nMusic: Dawn by A, CC BY 4.0"
    long = metadata.render("{description}", "T", "A", "C", "A bear waits. " * 2000, "Music: Dawn by A")
    assert long.endswith("waits.\n\nMusic: Dawn by A")
    assert len(long.encode()) <= DESCRIPTION_BYTES_MAX - MARKER_BYTES
