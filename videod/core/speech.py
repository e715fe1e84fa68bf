"""How long a narration takes to speak, estimated before the voice is paid for. The only such estimate there is."""

import re
import unicodedata
from collections import Counter

from videod.core import voice_marks
from videod.core.scripts import INDIC, INDIC_WORDS_PER_S, LETTERS_PER_S, WORDS_PER_S, Script, script_of

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
#: a pause: marks before a space or at the end, and those that stand without a space after them
_PAUSE = re.compile(r"[.!?,;:]+(?=[\s\"'”’)]|$)|[。！？，、；：।॥؟،؛۔።፣၊။៖។]+")
#: pauses in seconds: of scripts with spaces (whose rates are half of natural speech) and without, and the start
PAUSE_S, SHORT_PAUSE_S, START_S = 2.0, 0.5, 1.0
#: words a second in languages whose words are shorter or longer than English ones
_WORDS_PER_S = {"fr": 2.4, "es": 2.2, "it": 2.2, "pt": 2.2, "ca": 2.2, "gl": 2.2, "ro": 2.2, "vi": 3.0, "fi": 1.7,
                "et": 1.7, "hu": 1.8, "tr": 1.7, "kk": 1.7,
                "ky": 1.7, "mn": 1.8, "ka": 1.7, "eu": 1.8, "sw": 1.8, "zu": 1.6}  # fmt: skip
#: where grammar puts commas, nobody pauses at each
_COMMA = re.compile(r"[,،、，]")


def words(text: str) -> int:
    """How many words are spoken; "don't", "well-fed" and "3.5" are one each. Marks on letters part no word."""
    return len(_WORD.findall(_bare(text)))


def narration_seconds(text: str, base: str = "") -> float:
    """words / 2 + 2 x (periods + commas) + 1, where words are parted by spaces; else letters at their script's pace.

    A question or exclamation mark pauses like a period, a colon or semicolon like a comma. `base`, the code of another
    language than English, changes the pace of words and makes commas short. Marks for the voice count for the pauses
    that they ask for.
    """
    said, silent_s = voice_marks.spoken(text), voice_marks.breaks_s(text)
    bare = _bare(said)
    letters = Counter(script for letter in bare if (script := script_of(letter)) in LETTERS_PER_S)
    found = _PAUSE.findall(said)
    if not letters:
        foreign = base not in ("", "en")
        pauses = [SHORT_PAUSE_S if foreign and _COMMA.fullmatch(mark) else PAUSE_S for mark in found]
        return _spaced(bare, base) + sum(pauses) + START_S + silent_s
    rest = "".join(letter if script_of(letter) not in LETTERS_PER_S else " " for letter in bare)
    spoken = sum(count / LETTERS_PER_S[script] for script, count in letters.items()) + _spaced(rest, base)
    return round(spoken + SHORT_PAUSE_S * len(found) + silent_s, 1)


def unspaced(text: str) -> bool:
    """Whether the text is mostly of a script that parts no words."""
    known = [script_of(letter) in LETTERS_PER_S for letter in _bare(text) if letter.isalpha()]
    return sum(known) * 2 > len(known)


def _spaced(bare: str, base: str) -> float:
    found = _WORD.findall(bare)
    indic = sum(script_of(word[0]) in INDIC for word in found)
    pace = _WORDS_PER_S.get(base)
    others = (len(found) - indic) / WORDS_PER_S if pace is None else round((len(found) - indic) / pace, 1)
    return others + round(indic / INDIC_WORDS_PER_S, 1)


def _bare(text: str) -> str:
    """Without what is written above, below and around letters, and what joins them without being seen."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Mc", "Me", "Cf"))


__all__ = ["Script", "narration_seconds", "unspaced", "words"]
