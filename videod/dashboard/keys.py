"""What a terminal sends becomes names of keys and letters. Pure.

A name is longer than one letter ("up", "enter", "esc"); a letter is itself. A sequence that came in two parts is kept
until its end arrives, and an Escape that nothing follows is the key of that name.
"""

import codecs
import re

#: what terminals send in their two modes; modifiers (";5") are read over
_SEQUENCE = re.compile(r"\x1b(?:\[|O)([0-9;]*)([A-Za-z~])")
_BEGUN = re.compile(r"\x1b(?:(?:\[|O)[0-9;]*)?\Z")
_FINAL = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_NUMBER = {"1": "home", "7": "home", "4": "end", "8": "end", "5": "pageup", "6": "pagedown"}
_PLAIN = {"\r": "enter", "\n": "enter", "\x1b": "esc", "\x7f": "backspace", "\x08": "backspace", "\x15": "clear"}
#: so many characters of a sequence without an end are waited for
_LONGEST = 16


class Keys:
    """Bytes in, keys out."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._left = ""

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete now; none is lost and none comes twice."""
        text, found = self._left + self._decode.decode(data), []
        self._left = ""
        while text:
            sequence = _SEQUENCE.match(text)
            if sequence is not None:
                found += _named(sequence)
                text = text[sequence.end() :]
            elif _BEGUN.match(text) and len(text) < _LONGEST:
                self._left, text = text, ""
            else:
                found += _letter(text[0])
                text = text[1:]
        return found

    def quiet(self) -> list[str]:
        """Nothing more came for a moment: an Escape that waited for more was the key."""
        left, self._left = self._left, ""
        return ["esc"] if left else []


def _named(sequence: "re.Match[str]") -> list[str]:
    number, final = sequence[1].partition(";")[0], sequence[2]
    name = _NUMBER.get(number) if final == "~" else _FINAL.get(final)
    return [] if name is None else [name]


def _letter(letter: str) -> list[str]:
    if letter in _PLAIN:
        return [_PLAIN[letter]]
    return [letter] if letter.isprintable() else []
