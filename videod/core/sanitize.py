"""The one sanitizer of foreign text: what people, models, services and scripts wrote, before anything else sees it.

    for commands, files, rows, the board     sanitize (keeps lines), sanitize_line
    for terminals and log lines              sanitize_screen, sanitize_screen_lines
    for a value quoted in a message          sanitize_quoted
    for whatever encodes it next             encodable

What the user sees stays: letters of every script, this year's emoji, the joiners that both need. What cannot be text
or steers whatever shows it goes. Secrets are `credentials.redact`'s; escapes of one format are its own writer's.
"""

import unicodedata

#: control characters, halves of surrogate pairs and private code points
_NO_TEXT = frozenset({"Cc", "Cs", "Co"})
#: they turn what stands around them; marks of right-to-left writing (U+200E, U+200F) and emoji joiners stay
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset("\n\r\t\v\f\x85\u2028\u2029")


def is_text(letter: str) -> bool:
    """Whether a character may stand in a text; line breaks and marks that turn the writing are judged elsewhere.

    Code points that this Python's tables do not know are text: every year's new emoji are among them. Those that
    Unicode will never assign are not.
    """
    return unicodedata.category(letter) not in _NO_TEXT and not _never_assigned(ord(letter))


def _never_assigned(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def turns_writing(letter: str) -> bool:
    return letter in _OVERRIDES


def shows(letter: str) -> bool:
    """As `str.isprintable`, and for what emoji are made of: joiners, tags of flags, code points younger than Python."""
    return letter.isprintable() or joins(letter) or (unicodedata.category(letter) == "Cn" and is_text(letter))


def joins(letter: str) -> bool:
    """Whether it is an invisible part of an emoji or of a word: the two joiners, the tags of flags."""
    return letter in "\u200c\u200d" or "\U000e0020" <= letter <= "\U000e007f"


def sanitize(text: str) -> str:
    """`text` without what could end a word, steer a terminal or break a file; line breaks of any kind become "\\n"."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\n" if letter in _BREAKS else letter for letter in text if _stays(letter))


def _stays(letter: str) -> bool:
    return letter in _BREAKS or (not turns_writing(letter) and is_text(letter))


def sanitize_line(text: str) -> str:
    """The same on one line, with single spaces."""
    return " ".join(sanitize(text).split())


def sanitize_screen(text: str) -> str:
    """One line for a terminal: as `sanitize`, and without any invisible mark; breaks and tabs become a space each."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for letter in text:
        if letter in "\n\r\t\v\f\u2028\u2029":
            kept.append(" ")
        elif joins(letter) or (unicodedata.category(letter) != "Cf" and is_text(letter)):
            kept.append(letter)
    return "".join(kept)


def sanitize_screen_lines(text: str) -> list[str]:
    """The same for text of many lines, line by line."""
    return [sanitize_screen(line.replace("\t", "    ")) for line in text.splitlines()]


def sanitize_quoted(text: str) -> str:
    """`text` as a message may quote it, each letter in its place: what does not show becomes a space."""
    return "".join(letter if shows(letter) else " " for letter in text)


def encodable(text: str) -> str:
    """`text` as UTF-8 can write it: half a surrogate pair becomes "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
