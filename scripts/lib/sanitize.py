"""What services, files and FFmpeg said, before it goes to a terminal, a log or an event.

`videod/core/sanitize.py` is the same for the daemon; `tests/core/test_sanitize.py` compares the two.
"""

import unicodedata

#: control characters, halves of surrogate pairs and private code points
_NO_TEXT = frozenset({"Cc", "Cs", "Co"})
#: they turn what stands around them
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset("\n\r\t\v\f\x85\u2028\u2029")


def sanitize_line(text: str) -> str:
    """`text` on one line, with single spaces, without what could steer a terminal or cannot be written."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if letter in _BREAKS else letter for letter in text if letter in _BREAKS or _is_text(letter))
    return " ".join(text.split())


def _is_text(letter: str) -> bool:
    code = ord(letter)
    never_assigned = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return not never_assigned and letter not in _OVERRIDES and unicodedata.category(letter) not in _NO_TEXT


def encodable(text: str) -> str:
    """`text` as UTF-8 can write it: half a surrogate pair becomes "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
