"""The terminal as it is: any encoding, any width, closed or full, or none at all.

What a terminal cannot show is written with the nearest character that it can: marks and bars of videod's own as ASCII,
letters without their accents, the rest as "?". Each takes as many cells as before, so that columns stay straight.
"""

import codecs
import os
import sys
import unicodedata
from typing import TextIO

IO_ERROR = 74
#: what videod itself draws with
_LIKE = str.maketrans({
    "●": "*", "○": "o", "·": "-", "…": "~", "─": "-", "━": "-", "│": "|", "┃": "|", "█": "#", "▓": "=", "▒": "x",
    "░": ".", "≤": "<", "≥": ">", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "→": ">", "×": "x",
})  # fmt: skip
_ERRORS = "videod-nearest"
#: columns and lines that COLUMNS and LINES may claim; anything else is not believed
_NARROWEST, _WIDEST = 10, 2000


def prepare() -> None:
    """Make stdout and stderr take whatever is printed. Called once, before anything is."""
    codecs.register_error(_ERRORS, _nearest)
    for name in ("COLUMNS", "LINES"):
        value = os.environ.get(name)
        if value is not None and not (value.isdecimal() and _NARROWEST <= int(value[:9]) <= _WIDEST):
            del os.environ[name]
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)


def finish(code: int) -> int:
    """Write out what is left and return the exit code: as given, or that the output could not be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # the reader, such as head, has seen enough
            _discard(stream)
        except OSError as error:
            if stream is sys.stdout and code == 0:
                code = unwritable(error)
            else:
                _discard(stream)
    return code


def unwritable(error: OSError) -> int:
    """Say that stdout takes no more; the exit code."""
    _discard(sys.stdout)
    print(f"videod: the output cannot be written: {error.strerror}", file=sys.stderr)
    return IO_ERROR


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:  # started with it closed
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it lasts as long as the process
    if hasattr(stream, "reconfigure"):
        if _plain() and stream.isatty():
            stream.reconfigure(encoding="ascii", errors=_ERRORS)
        else:
            stream.reconfigure(errors=_ERRORS)
    return stream


def _plain() -> bool:
    """Whether the person says that this terminal knows ASCII alone; Python takes the C locale for UTF-8."""
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return False
    said = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    return said in ("C", "POSIX")


def _discard(stream: TextIO) -> None:
    """What is still to be written goes nowhere, so that the end of the process does not complain again."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(letter: str) -> str:
    like = letter.translate(_LIKE)
    if like.isascii():
        return like
    plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if one.isascii() and one.isprintable())
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return ""
    wide = unicodedata.east_asian_width(letter) in "WF"
    return plain[:1] if plain and not wide else "??" if wide else "?"
