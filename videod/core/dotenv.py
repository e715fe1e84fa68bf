"""The text of a `.env` file: the part of python-dotenv's syntax that keys need. Pure.

A line is empty, a comment, or `NAME=value`, with `export ` before it if you like. A value is plain (it ends at a space
and `#`), in 'single quotes' (as it stands) or in "double quotes" (with \\n, \\t, \\", \\\\). Nothing is expanded and no
value runs over several lines. Of two lines with one name the last one counts.
"""

import re

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?')
_SINGLE = re.compile(r"'([^']*)'[ \t]*(?:#.*)?")
_PLAIN_END = re.compile(r"(?:^|[ \t]+)#.*")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
#: a name in braces, which other readers put a value in place of
_EXPANDED = re.compile(r"\$\{[A-Za-z_]")


class DotenvError(ValueError):
    """A line cannot be read; the text has its number and never its value."""


def parse(text: str) -> dict[str, str]:
    """Name -> value. Raises DotenvError."""
    found = {}
    for number, whole in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = whole.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise DotenvError(f"line {number} is not NAME=value")
        found[match[1]] = _value(match[2], number)
    return found


def _value(text: str, number: int) -> str:
    if text.startswith("'"):
        single = _SINGLE.fullmatch(text)
        if single is None:
            raise DotenvError(f"line {number} has a quotation mark that is not closed on it")
        return single[1]
    if text.startswith('"'):
        double = _DOUBLE.fullmatch(text)
        if double is None:
            raise DotenvError(f"line {number} has a quotation mark that is not closed on it")
        value = re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), double[1])
    else:
        value = _PLAIN_END.sub("", text, count=1).strip()
    if _EXPANDED.search(value):
        raise DotenvError(f"line {number} names another variable in ${{...}}, which is not expanded. Write its value")
    return value
