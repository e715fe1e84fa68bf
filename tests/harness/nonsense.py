"""Nonsense by the seed: values, JSON texts and lines as no honest service, script or person would send them."""

import json
import random

#: texts that stand where a number, a time, a name or a path should
TEXTS = (
    "",
    " ",
    "inf",
    "-inf",
    "nan",
    "NaN",
    "Infinity",
    "1e400",
    "-1e400",
    "1e999",
    "99999999999999999999",
    "-1",
    "0",
    "1_000",
    "٣",
    "0x10",
    "soon",
    "true",
    "null",
    "1798600000000",
    "1795963260",
    "Sun, 29 Nov 2026 14:41:00 GMT",
    "2026-11-29T14:41:00Z",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "\ud800",
    "a\udfffb",
    "\0",
    "a\0b",
    "\x1b[2J",
    "\u202etxt",
    "\u2028",
    "~nouser/x",
    "../../etc/passwd",
    "/dev/zero",
    "🦭" * 50,
    "é" * 300,
    "x" * 300,
    "x" * 100_000,
    "9" * 400,
    "[" * 2_000,
    "%s%n{}",
    "'; DROP TABLE jobs; --",
    "http://[bad",
    "\ud83d",
)
#: numbers as they may stand in JSON, also those that JSON does not have
NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e300",
    "1e15",
    "-1",
    "-0.0",
    "0",
    "1",
    "0.5",
    "84",
    "10000.01",
    "1e-320",
    "9" * 41,
    "9" * 400,
    "9" * 5_000,
    "-" + "9" * 400,
    "9223372036854775808",
    "9007199254740993",
    "1798600000000",
    "86401",
)


def value(chance: random.Random, depth: int = 3) -> str:
    """The text of one JSON value."""
    kind = chance.random()
    if kind < 0.35:
        return chance.choice(NUMBERS)
    if kind < 0.65 or depth == 0:
        return json.dumps(chance.choice(TEXTS))
    if kind < 0.75:
        return chance.choice(("null", "true", "false", "[]", "{}", '""'))
    if kind < 0.78:
        return "[" * (deep := chance.choice((40, 900, 5_000))) + "]" * deep
    if kind < 0.9:
        return f"[{', '.join(value(chance, depth - 1) for _ in range(chance.randrange(4)))}]"
    return record(chance, ("a", "b", "id", "type"), depth - 1)


def record(chance: random.Random, names: tuple[str, ...], depth: int = 2, known: dict[str, str] | None = None) -> str:
    """A JSON object with some of `names`; `known` are good values, of which some are kept."""
    fields = []
    for name in names:
        if chance.random() < 0.2:
            continue  # a missing key
        good = (known or {}).get(name)
        kept = good is not None and chance.random() < 0.5
        fields.append(f"{json.dumps(name)}: {good if kept else value(chance, depth)}")
    if chance.random() < 0.1:
        fields.append(f"{json.dumps(chance.choice(TEXTS)[:200])}: {value(chance, 0)}")
    return f"{{{', '.join(fields)}}}"


def document(chance: random.Random, names: tuple[str, ...], known: dict[str, str] | None = None) -> bytes:
    """A body: mostly a record, sometimes cut short, of another type, of another encoding or no JSON at all."""
    kind = chance.random()
    if kind < 0.05:
        return chance.choice((b"", b"\xff\xfe\x00", b"<html>no</html>", b"{", b"[" * 100_000, b"nul", b"\x00" * 10))
    text = record(chance, names, known=known) if kind < 0.9 else value(chance)
    raw = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.05:
        return raw[: chance.randrange(len(raw) + 1)]
    if chance.random() < 0.03:
        return text.encode("utf-16", "surrogatepass")
    return raw
