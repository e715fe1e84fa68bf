"""The times of a narration's characters, as ElevenLabs gives them with the sound."""

from scripts.lib import voice_marks
from scripts.lib.answers import Json, dig, number
from scripts.lib.film.spoken import LONGEST_S, Times


def of_alignment(alignment: Json, text: str) -> Times | None:
    """The times that ElevenLabs gave with a sound; None where it gave none, or those of another text."""
    letters, starts, ends = (
        dig(alignment, name) for name in ("characters", "character_start_times_seconds", "character_end_times_seconds")
    )
    if not isinstance(letters, list) or not isinstance(starts, list) or not isinstance(ends, list):
        return None
    if not len(letters) == len(starts) == len(ends):
        return None
    said, begins, stops = [], [], []
    before = 0.0
    for letter, start, end in zip(letters, starts, ends, strict=True):
        begin, stop = number(start, 0.0, LONGEST_S), number(end, 0.0, LONGEST_S)
        if not isinstance(letter, str) or begin is None or stop is None:
            return None
        before = max(before, begin)  # times never run back
        # what one reads as one character may be several, such as a letter and its accent
        said += list(letter)
        begins += [before] * len(letter)
        stops += [max(before, stop)] * len(letter)
    spoken, places = voice_marks.placed("".join(said))
    if not spoken or spoken != voice_marks.spoken(text) or not stops[places[-1]] > begins[places[0]]:
        return None
    return Times(spoken, tuple(begins[at] for at in places), tuple(stops[at] for at in places))
