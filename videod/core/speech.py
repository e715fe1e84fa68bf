"""How long a narration takes to speak, estimated before the voice is paid for. The only such estimate there is.

A narration lasts its characters at the rate of the voice, in characters a second. The rate is measured on the channel's
own narrations (`store/habits.py`); before there are any it is that of a calm narrator in the text's script. The owner's
old rule, words / 2 + 2 x (periods + commas) + 1, was 2.1 times too slow for a natural voice and made every line alike.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from videod.core import voice_marks
from videod.core.scripts import CHARACTERS_PER_S, Script, script_of

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
#: seconds of one line, and of all lines on average; a cut adds a lead-in and a tail to a line
LINE_S_MIN, LINE_S_MAX, LINE_S_AVERAGE = 1.5, 8.0, 6.0
#: what a clip must be longer than its line, seconds
AROUND_S = 1.8
#: how far the average may be off, as shares of what is ordered
AVERAGE_LOW, AVERAGE_HIGH = 0.85, 1.1
#: of a voice that nobody has heard yet: how much faster or slower than usual it may be
UNKNOWN_FAST, UNKNOWN_SLOW = 0.6, 1.9
#: characters a second of any voice; what is measured beyond them was no speech
RATE_MIN, RATE_MAX = 2.0, 40.0


@dataclass(frozen=True)
class Pace:
    """How long the lines of an episode may be.

    `rate`: characters a second of the channel's voice, None: as calm narrators speak. `clip_s`: what a clip lasts.
    `unknown`: the voice may be any, so only a line that is too long or too short for every voice is refused.
    """

    rate: float | None = None
    clip_s: float = 10.0
    unknown: bool = False

    @property
    def longest_s(self) -> float:
        return min(LINE_S_MAX, self.clip_s - AROUND_S)

    @property
    def average_s(self) -> float:
        return min(LINE_S_AVERAGE, 0.75 * self.longest_s)

    def too_long(self, seconds: float) -> bool:
        return seconds * (UNKNOWN_FAST if self.unknown else 1) > self.longest_s

    def too_short(self, seconds: float) -> bool:
        return seconds * (UNKNOWN_SLOW if self.unknown else 1) < LINE_S_MIN

    def characters(self, seconds: float, script: Script = Script.LATIN) -> int:
        """How many characters are spoken in so many seconds."""
        return round(seconds * (self.rate or CHARACTERS_PER_S.get(script, CHARACTERS_PER_S[Script.LATIN])))


def words(text: str) -> int:
    """How many words are spoken; "don't", "well-fed" and "3.5" are one each. Marks on letters part no word."""
    return len(_WORD.findall(_bare(text)))


def characters(text: str) -> int:
    """How many characters are spoken: without marks for the voice, and without marks on letters."""
    return len(_bare(voice_marks.spoken(text)))


def narration_seconds(text: str, rate: float | None = None) -> float:
    """How long the text is spoken, with the pauses that its marks for the voice ask for. `rate` see `Pace`."""
    said, silent_s = _bare(voice_marks.spoken(text)), voice_marks.breaks_s(text)
    if rate is not None:
        return round(len(said) / rate + silent_s, 1)
    letters = Counter(script_of(letter) for letter in said if letter.isalpha())
    mostly = letters.most_common(1)[0][0] if letters else Script.LATIN
    others = len(said) - letters.total()  # blanks, digits and marks go with the letters around them
    spoken = sum(count / _rate(script) for script, count in letters.items()) + others / _rate(mostly)
    return round(spoken + silent_s, 1)


def _rate(script: Script) -> float:
    return CHARACTERS_PER_S.get(script, CHARACTERS_PER_S[Script.LATIN])


def _bare(text: str) -> str:
    """Without what is written above, below and around letters, and what joins them without being seen."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Mc", "Me", "Cf"))
