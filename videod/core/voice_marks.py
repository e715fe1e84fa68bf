"""What of a text is spoken: without the marks that steer a voice, and with the pauses that they ask for.

`videod/core/voice_marks.py` and `scripts/lib/voice_marks.py` are the same file, because neither side imports the other;
`tests/core/test_voice_marks.py` compares them.
"""

import re

#: SSML, such as <phoneme>, <break>, <prosody>, and comments
_MARK = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)
#: directions of newer voices: [whispers], [laughs softly]
_DIRECTION = re.compile(r"\[[A-Za-z][A-Za-z ,'-]{0,60}\]")
_BREAK = re.compile(r"<break\b[^<>]*\btime\s*=\s*[\"']\s*(\d{1,5}(?:\.\d{1,3})?)\s*(m?s)\s*[\"'][^<>]*>", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
#: the longest pause that a mark can ask for, seconds
LONGEST_BREAK_S = 10.0


def spoken(text: str) -> str:
    """The words of a text, with single blanks between them."""
    return " ".join(_ENTITY.sub("&", _DIRECTION.sub(" ", _MARK.sub(" ", text))).split())


def placed(text: str) -> tuple[str, tuple[int, ...]]:
    """The words as `spoken` gives them, and where in `text` each of their characters stands."""
    letters = [(letter, at) for at, letter in enumerate(text)]
    for pattern, instead in ((_MARK, " "), (_DIRECTION, " "), (_ENTITY, "&")):
        told = "".join(letter for letter, _ in letters)
        for found in reversed(list(pattern.finditer(told))):
            letters[found.start() : found.end()] = [(instead, letters[found.start()][1])]
    kept: list[tuple[str, int]] = []
    for letter, at in letters:
        if not letter.isspace():
            kept.append((letter, at))
        elif kept and kept[-1][0] != " ":
            kept.append((" ", at))
    if kept and kept[-1][0] == " ":
        del kept[-1]
    return "".join(letter for letter, _ in kept), tuple(at for _, at in kept)


def breaks_s(text: str) -> float:
    """Seconds of silence that marks ask for."""
    asked = (float(value) / (1000 if unit.lower() == "ms" else 1) for value, unit in _BREAK.findall(text))
    return sum(min(seconds, LONGEST_BREAK_S) for seconds in asked)
