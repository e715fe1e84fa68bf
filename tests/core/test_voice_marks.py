"""Marks that steer a voice are not spoken: they count for no letter, and for the pause that they ask for."""

from pathlib import Path

import pytest

from scripts.lib import voice_marks as theirs
from videod.core import voice_marks as ours
from videod.core.expect import expectation
from videod.core.model import Job
from videod.core.speech import narration_seconds
from videod.core.statuses import JobState

PLAIN = "The old bear waits where the river narrows."


@pytest.mark.fault("6.7")
def test_scripts_and_daemon_read_texts_with_the_same_file() -> None:
    assert Path(theirs.__file__).read_bytes() == Path(ours.__file__).read_bytes()


@pytest.mark.fault("6.7")
@pytest.mark.parametrize(
    ("text", "words", "breaks"),
    [
        (PLAIN, PLAIN, 0.0),
        ('The <phoneme alphabet="ipa" ph="ˈdʒaɡjuˌɑr">jaguar</phoneme> waits.', "The jaguar waits.", 0.0),
        ('It waits. <break time="1.5s" /> Then it runs.', "It waits. Then it runs.", 1.5),
        ("<speak>It <prosody rate='slow'>waits</prosody>.<break time='500ms'/></speak>", "It waits .", 0.5),
        ("[whispers] It waits. [laughs softly]", "It waits.", 0.0),
        ("<!-- a note -->It waits.", "It waits.", 0.0),
        ("Salt &amp; ice &#8211; 3 < 5 and 7 > 6", "Salt & ice & 3 < 5 and 7 > 6", 0.0),
        ('<break time="99999s"/><break time="3s"/>', "", 13.0),
        ("<break/><break strength='x'/>", "", 0.0),
        ("Sizes [1] and [2-3] stay.", "Sizes [1] and [2-3] stay.", 0.0),
    ],
)
def test_marks_are_reported_from_words(text: str, words: str, breaks: float) -> None:
    assert (ours.spoken(text), ours.breaks_s(text)) == (words, breaks)
    said, places = ours.placed(text)
    assert said == words and len(places) == len(said)
    assert all(text[at] == letter or letter in " &" for letter, at in zip(said, places, strict=True))


@pytest.mark.fault("6.7")
def test_a_narration_with_marks_may_be_as_short_as_its_words_and_as_long_as_its_pauses() -> None:
    def bounds(text: str) -> tuple[float, float]:
        made = expectation(Job("t", "c", "narration", "clip_01", "elevenlabs", JobState.READY, args={"text": text}))
        return made.min_s, made.max_s

    plain = bounds(PLAIN)
    marked = bounds(PLAIN.replace("bear", f'<phoneme alphabet="ipa" ph="{"bɛər" * 20}">bear</phoneme>'))
    assert marked == plain
    low, high = bounds(PLAIN + '<break time="3s"/>' * 5)
    assert low == plain[0] and high == plain[1] + 15


@pytest.mark.fault("6.7")
def test_the_estimate_counts_words_and_the_pauses_that_marks_ask_for() -> None:
    marked = PLAIN.replace("bear", '<phoneme alphabet="ipa" ph="bɛər, bɛər. bɛər">bear</phoneme>')
    assert narration_seconds(marked) == narration_seconds(PLAIN)
    assert narration_seconds(PLAIN + '<break time="1.5s"/>') == narration_seconds(PLAIN) + 1.5
