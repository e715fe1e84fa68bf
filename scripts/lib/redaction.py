"""Secrets are taken out of texts here, whole, in part and in the usual disguises; only then a text may be cut.

    redactor = Redactor({"KIE_API_KEY": value})
    redactor("... 6b65792e2e2e ...")      ->  "... (redacted) ..."

A run of RUN characters of a secret counts as the secret (of a short one SHARE of it), wherever it begins and whatever
the case. Everything but ASCII letters and digits is passed over, so a secret with spaces, line breaks,
invisible marks or escapes between its characters is found as well. Its disguises are `_forms`: Base64 at any
alignment, hexadecimal, the escapes of addresses, JSON, HTML and programs, and some more.

`videod/core/redaction.py` and `scripts/lib/redaction.py` are the same; `tests/core/test_redaction.py` compares them.
"""

import binascii
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

REDACTED = "(redacted)"
#: so many letters and digits of a secret in a row are the secret
RUN, SHARE = 12, 0.6
#: shorter values would blank out ordinary words; no service hands out shorter secrets
LEAST = 6
#: a secret with fewer digits and capitals reads like words of a text: nearly all of it must stand there
LEAST_ODD = 3
#: what is longer is a token that lives an hour: its rare disguises are not worth their memory
LONG = 120
#: so many lines of pages are remembered as clean, of so many characters at most
LINES, LINE = 4096, 2000
#: for what is so many times longer than the secret: as much of it is the secret
_SIZES = ((4.0, 48), (2.0, 24), (1.33, 16))
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_JSON = {'"': '\\"', "\\": "\\\\", "/": "\\/"}
#: each writes one character as an escape does; what is no letter or digit of it is passed over all the same
_ESCAPES = (
    "%{:02x}", "%25{:02x}", "\\u{:04x}", "\\x{:02x}", "\\u{{{:x}}}", "&#{};", "&#{:04d};", "&#x{:04x};", "\\{:03o}",
    "\\U{:08x}", "{:08b}", "{:02x}00",
)  # fmt: skip
_ORIGIN = re.compile(r"^https?://[^/]*(?=/)")
_WORDS = re.compile(r"^(/[a-z]+)*/(?=[^/])")
#: colors of a terminal, and what does not show as programs write it: `\n`, `\x1b[31m`, `\u200b`
_STEERING = re.compile(
    r"(?:\x1b|\\x1b|\\u001b)\[[0-9;?]*[ -/]*[@-~]|\\(?:[nrt]|x[01][0-9a-f]|x7f|u00[01][0-9a-f]|u20[026][0-9a-f]|ufeff)"
)
_OTHER = re.compile(r"[^a-z0-9]+")


class Redactor:
    """Removes the secrets it knows from texts. It never shows one."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        """`secrets`: what stands in a secret's place -> the secret."""
        #: (characters of a piece, distance of the places that are looked at) -> piece -> what replaces it
        self._pieces: dict[tuple[int, int], dict[str, str]] = {}
        self._whole: dict[str, str] = {}
        self._literal: re.Pattern[str] | None = None
        #: (the end of what stands before a line, the line) -> the end of both; only what has no secret
        self._clean: dict[tuple[str, str], str] = {}
        #: so many letters and digits of a secret in a row are found
        self._reach = 0
        #: how the pieces begin, each with the characters that the shortest has; 0: not looked at since a secret came
        self._begins: set[str] = set()
        self._least = 0
        self._in_lines = True
        for mark, secret in (secrets or {}).items():
            self.add(secret, mark)

    def __repr__(self) -> str:
        return "Redactor()"

    def add(self, secret: str, mark: str = REDACTED) -> None:
        """Take out this one too, and put `mark` in its place.

        Of a webhook's address, what stands behind its host and the ordinary words of its path is the secret.
        """
        self._clean.clear()
        self._least = 0
        self._in_lines = self._in_lines and "\n" not in secret
        path = _ORIGIN.sub("", secret)
        own = _WORDS.sub("", path) if path.startswith("/") else secret
        bare = _bare(own)
        if len(secret) >= LEAST and (
            own != secret or len(bare) < LEAST or "\\" in secret or not (secret[0].isalnum() and secret[-1].isalnum())
        ):
            # punctuation alone, at its ends or like an escape's: as it is, and as addresses and JSON write it
            escaped = "".join(_JSON.get(letter, letter) for letter in secret)
            for form in (secret, _percent(secret, "/"), _percent(secret, ""), escaped):
                self._whole.setdefault(form, mark)
            ordered = sorted(self._whole, key=len, reverse=True)  # a secret inside another one leaves no remains
            self._literal = re.compile("|".join(map(re.escape, ordered)))
        if len(bare) < LEAST:
            return
        run = _run(own, len(bare))
        odd = run < RUN and sum(map(str.isdigit, bare)) >= LEAST_ODD
        forms = {_bare(form) for form in _forms(own)}
        if "\\" in own:  # a text is looked at without what reads like an escape, such as a `\n` in this secret
            forms.add(_bare(_STEERING.sub("", own.lower())))
        for form in forms:
            size, apart = _size(run, len(form) / len(bare))
            pieces = self._pieces.setdefault((size, apart), {})
            self._reach = max(self._reach, size + apart)
            for at in range(len(form) - size + 1):
                piece = form[at : at + size]
                if not (odd and piece.isalpha()):  # a word in a password is a word
                    pieces.setdefault(piece, mark)

    def __call__(self, text: str) -> str:
        """`text` without any of the secrets."""
        if self._literal is not None:
            text = self._literal.sub(lambda found: self._whole[found[0]], text)
        if not self._pieces:
            return text
        flat = (text if text.isascii() else "".join(map(_flat, text))).lower()
        if "\x1b" in flat or "\\" in flat:
            flat = _STEERING.sub(lambda found: "\0" * len(found[0]), flat)
        bare = _OTHER.sub("", flat)
        spans = [span for group, pieces in self._pieces.items() for span in _found(bare, *group, pieces)]
        return _without(text, flat, sorted(spans)) if spans else text

    def page(self, text: str) -> str:
        """The same of a text whose lines were mostly looked at before: a page that is made again and again."""
        before = ""
        for line in text.split("\n") if self._in_lines else ():
            after = self._clean.get((before, line))
            if after is None:
                flat = line if line.isascii() else "".join(map(_flat, line))
                if "\x1b" in flat or "\\" in flat:
                    return self(text)
                bare = before + _OTHER.sub("", flat.lower())
                if (self._literal is not None and self._literal.search(line)) or self._known(bare):
                    return self(text)
                if len(self._clean) >= LINES:
                    self._clean.clear()
                after = bare[-self._reach :]
                if len(line) <= LINE:
                    self._clean[before, line] = after
            before = after
        return text if self._in_lines else self(text)

    def _known(self, bare: str) -> bool:
        """Whether there is a piece of a secret in a bare text."""
        if not self._pieces:
            return False
        if not self._least:
            self._least = min(size for size, _ in self._pieces)
            self._begins = {piece[: self._least] for pieces in self._pieces.values() for piece in pieces}
        least = self._least
        begins = {bare[at : at + least] for at in range(len(bare) - least + 1)}
        if begins.isdisjoint(self._begins):  # one look for all sizes: nearly every line ends here
            return False
        return any(True for group, pieces in self._pieces.items() for _ in _found(bare, *group, pieces))

    def holds(self, text: str) -> bool:
        """Whether there is a secret in `text`."""
        return self(text) != text


_Span = tuple[int, int, str]


def _run(secret: str, length: int) -> int:
    """How many of a secret's `length` letters and digits in a row count as the whole of it."""
    odd = sum(letter.isdigit() or letter.isupper() for letter in secret)
    if odd < LEAST_ODD:
        return max(LEAST, length - max(1, length // 10))
    return min(RUN, max(LEAST, math.ceil(SHARE * length)))


def _size(run: int, grown: float) -> tuple[int, int]:
    """How long the pieces of a form are that is `grown` times the secret, and how far apart a text is looked at.

    They are such that `run` characters of the secret always hold one. Few sizes: a text is read once for each.
    """
    if run != RUN:
        return int(run * max(1.0, grown)), 1
    most = next((most for least, most in _SIZES if grown >= least), RUN)
    apart = most // 4
    return most - apart + 1, apart


@lru_cache(4096)
def _flat(letter: str) -> str:
    """The ASCII letter or digit that a character stands for, such as one of full width; NUL for none."""
    found = letter if letter < "\x80" else unicodedata.normalize("NFKC", letter)
    return found if len(found) == 1 and found < "\x80" else "\0"


def _bare(text: str) -> str:
    return _OTHER.sub("", "".join(map(_flat, text)).lower())


def _found(bare: str, size: int, apart: int, pieces: Mapping[str, str]) -> Iterator[_Span]:
    """Where runs of known pieces begin and end in the bare text."""
    at, last = 0, len(bare) - size
    while at <= last:
        mark = pieces.get(bare[at : at + size])
        if mark is None:
            at += apart
            continue
        begin = end = at
        while begin > 0 and bare[begin - 1 : begin - 1 + size] in pieces:
            begin -= 1
        while end < last and bare[end + 1 : end + 1 + size] in pieces:
            end += 1
        yield begin, end + size, mark
        at = end + size


def _without(text: str, flat: str, spans: list[_Span]) -> str:
    places = [found.start() for found in re.finditer("[a-z0-9]", flat)]
    kept, at = [], 0
    for begin, end, mark in spans:
        start, stop = places[begin], places[end - 1] + 1
        if start >= at:
            kept += [text[at:start], mark]
        at = max(at, stop)
    return "".join((*kept, text[at:]))


# ---------------------------------------------------------------------------------------------------- disguises


def _forms(secret: str) -> Iterator[str]:
    """The ways in which a secret may stand in a text; case and punctuation do not matter."""
    raw = secret.encode("utf-8", "replace")
    yield secret
    yield repr(secret)
    yield _percent(secret, "/")
    yield _percent(secret, "")
    yield _percent(_percent(secret, ""), "")
    yield "".join(_MARKUP.get(letter, letter) for letter in secret)
    yield raw.hex()
    yield from _base64(raw)
    if len(secret) > LONG:
        return
    yield secret[::-1]
    yield "".join(map(_rot13, secret))
    for escape in _ESCAPES:
        yield "".join(escape.format(ord(letter)) for letter in secret)
        yield "".join(letter if letter.isalnum() else escape.format(ord(letter)) for letter in secret)
    yield from _base32(raw)
    for other in (secret.upper(), secret.lower(), secret[::-1]):
        yield other.encode("utf-8", "replace").hex()
        yield from _base64(other.encode("utf-8", "replace"))
    yield from _base64(binascii.b2a_base64(raw, newline=False))
    yield from _base64(secret.encode("utf-16-le", "replace"))


def _percent(text: str, safe: str) -> str:
    """As addresses write it: all but letters, digits, `-._~` and `safe` as the bytes that they are."""
    plain = f"-._~{safe}"
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in plain)
        else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
        for letter in text
    )  # fmt: skip


def _base64(raw: bytes) -> Iterator[str]:
    """At each of the three places where it may begin, without the characters that its neighbors share."""
    for shift in range(3):
        coded = binascii.b2a_base64(bytes(shift) + raw, newline=False).decode()
        yield coded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]


def _base32(raw: bytes) -> Iterator[str]:
    for shift in range(5):
        bits = "".join(f"{byte:08b}" for byte in bytes(shift) + raw)
        coded = "".join(_BASE32[int(bits[at : at + 5], 2)] for at in range(0, len(bits) - 4, 5))
        yield coded[-(-8 * shift // 5) :]


def _rot13(letter: str) -> str:
    low = letter.lower()
    return chr((ord(low) - 84) % 26 + 97) if "a" <= low <= "z" else letter
