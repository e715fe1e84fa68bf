"""Text of people and of models as it goes into commands, files and rows: what is no text is taken out at the door."""

import unicodedata

#: control characters, halves of surrogate pairs, private and unassigned code points
_NO_TEXT = frozenset({"Cc", "Cs", "Co", "Cn"})
#: they turn what stands around them; marks of right-to-left writing (U+200E, U+200F) and emoji joiners stay
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset("\n\r\t\v\f\x85\u2028\u2029")


def harmless(text: str) -> str:
    """`text` without what could end a word, steer a terminal or break a file; line breaks of any kind become "\\n"."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\n" if letter in _BREAKS else letter for letter in text if _stays(letter))


def _stays(letter: str) -> bool:
    return letter in _BREAKS or (letter not in _OVERRIDES and unicodedata.category(letter) not in _NO_TEXT)


def one_line(text: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(harmless(text).split())
