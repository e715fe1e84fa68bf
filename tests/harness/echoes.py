"""Forms in which a service may echo a key, and a judge that sees the key in any of them."""

import base64
import codecs
import json
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from html import escape
from urllib.parse import quote

#: keys such as the services hand out, in two parts so that no scanner takes them for real ones
KEYS = {
    "google": "AIza" + "SyD3-x9Kq_7fVb2LmN8tRw4YcZ1uHgJ6oPe",
    "eleven": "sk_" + "4f9c27d1a8b3e6075f2d9c1b7a4e8d6035f1c2b9",
    "notion": "ntn_" + "50812394671AbCdEfGhIjKlMnOpQrStUvWxYz0123",
    "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "hash": "91c3d7e04b5f6a28c9d0e1f2a37d5b6e",
}

Form = Callable[[str], str]


def _each(pattern: str) -> Form:
    return lambda key: "".join(pattern.format(ord(letter), letter) for letter in key)


def _shifted(before: bytes, code: Callable[[bytes], bytes]) -> Form:
    """Encoded with something before and after it, so that it begins at another place of the code."""
    return lambda key: code(before + key.encode() + b"&x").decode()


FORMS: dict[str, Form] = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "swapped case": str.swapcase,
    "cut by one": lambda key: key[:-1],
    "first two thirds": lambda key: key[: len(key) * 2 // 3],
    "first sixteen": lambda key: key[:16],
    "last two thirds": lambda key: key[len(key) // 3 :],
    "without the middle": lambda key: f"{key[: len(key) // 2 - 1]}...{key[len(key) // 2 + 1 :]}",
    "percent": lambda key: quote(key, safe=""),
    "percent all": _each("%{0:02X}"),
    "percent twice": lambda key: quote(quote(key, safe=""), safe="").replace("_", "%255F").replace("-", "%252D"),
    "base64": _shifted(b"", base64.b64encode),
    "base64 at one": _shifted(b"k", base64.b64encode),
    "base64 at two": _shifted(b"k=", base64.b64encode),
    "base64 for addresses": _shifted(b"key:", base64.urlsafe_b64encode),
    "base64 in lines": lambda key: base64.encodebytes(b"user: somebody, key: " + key.encode() * 2).decode(),
    "base64 twice": lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
    "base32": _shifted(b"abc", base64.b32encode),
    "hex": lambda key: key.encode().hex(),
    "hex capitals": lambda key: key.encode().hex().upper(),
    "hex in pairs": lambda key: key.encode().hex(":"),
    "json": lambda key: json.dumps(f"{key}\n").replace("/", "\\/"),
    "json escapes all": _each("\\u{0:04x}"),
    "python bytes": lambda key: repr(key.encode()),
    "program escapes": _each("\\x{0:02x}"),
    "html": lambda key: escape(key, quote=True).replace("/", "&#x2F;").replace("-", "&#45;"),
    "html numbers": _each("&#{0};"),
    "html numbers, base 16": _each("&#x{0:X};"),
    "octal": _each("\\{0:03o}"),
    "quoted-printable": _each("={0:02X}"),
    "hex of capitals": lambda key: key.upper().encode().hex(),
    "base64 of small letters": lambda key: base64.b64encode(b"ab" + key.lower().encode()).decode(),
    "base64, reversed": lambda key: base64.b64encode(key[::-1].encode()).decode(),
    "sixteen bits, hex": lambda key: key.encode("utf-16-be").hex(),
    "html numbers, padded": _each("&#{0:04d};"),
    "script escapes": _each("\\u{{{0:x}}}"),
    "reversed": lambda key: key[::-1],
    "rot13": lambda key: codecs.encode(key, "rot13"),
    "spaced": " ".join,
    "in lines": lambda key: "\n".join(key[at : at + 7] for at in range(0, len(key), 7)),
    "invisible marks": "\u200b".join,
    "control characters": "\x00".join,
    "control characters, escaped": lambda key: repr("\x00\u200b".join(key)),
    "lines, escaped": lambda key: json.dumps("\n\t".join(key)),
    "coloured, escaped": lambda key: repr(FORMS["coloured"](key)),
    "as a list": lambda key: repr(list(key)),
    "full width": lambda key: "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in key),
    "coloured": lambda key: "".join(f"\x1b[3{at % 8}m{key[at : at + 5]}\x1b[0m" for at in range(0, len(key), 5)),
    "sixteen bits, base64": lambda key: base64.b64encode(key.encode("utf-16-le")).decode(),
}


def seen_in(text: str, key: str, least: int = 12) -> bool:
    """Whether `least` letters and digits of the key in a row stand in the text, as they are or in one of the codes.

    Written without a look at how they are taken out: every code is undone, piece by piece, and searched.
    """
    runs = _runs(key, least) | _runs(key[::-1], least) | _runs(codecs.encode(key, "rot13"), least)
    bare = _bare_of(text)
    return any(run in bare for run in runs)


@lru_cache(8)
def _bare_of(text: str) -> str:
    return "\n".join(map(_bare, _undone(text)))


def _runs(key: str, least: int) -> set[str]:
    bare = _bare(key)
    return {bare[at : at + least] for at in range(max(1, len(bare) - least + 1))}


def _bare(text: str) -> str:
    # colors of a terminal have letters of their own
    text = re.sub(r"(\x1b|\\x1b)?\[[0-9;]*m", "", text)
    text = re.sub(r"\\(n|r|t|x00|u200b)", "", text)
    return re.sub("[^a-z0-9]", "", unicodedata.normalize("NFKC", text).lower())


def _undone(text: str) -> list[str]:
    found = [text]
    for pattern, base in ((r"%(?:25)?|=|\\x|\\u00|\\u{|:", 16), (r"&#x?", 0), (r"\\", 8)):
        found.append(_numbers(text, pattern, base))
    tight = re.sub(r"[\s:]", "", text)
    for one in re.findall(r"[0-9A-Fa-f]{24,}", tight):
        found += [bytes.fromhex(one[at : at + (len(one) - at) // 2 * 2]).decode("latin-1") for at in (0, 1)]
    for one in re.findall(r"[A-Za-z0-9+/_-]{16,}", tight):
        found += _base64(one)
    for one in re.findall(r"[A-Z2-7]{20,}", tight):
        for at in range(8):
            piece = one[at:]
            found.append(base64.b32decode(piece[: len(piece) // 8 * 8]).decode("latin-1"))
    return found


def _base64(coded: str, deep: bool = True) -> list[str]:
    coded, found = coded.replace("-", "+").replace("_", "/"), []
    for at in range(4):
        piece = coded[at:]
        plain = base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1")
        found.append(plain)
        if deep:
            for one in re.findall(r"[A-Za-z0-9+/]{16,}", plain):
                found += _base64(one, False)
    return found


def _numbers(text: str, before: str, base: int) -> str:
    def letter(found: re.Match[str]) -> str:
        try:
            real = base or (16 if "x" in found[0] else 10)
            return chr(int(found[1], real))
        except (ValueError, OverflowError):
            return found[0]

    digits = {16: "[0-9A-Fa-f]{2}", 0: "0*[0-9A-Fa-f]{2,3}", 8: "[0-7]{3}"}[base]
    return re.sub(f"(?:{before})({digits})[;}}]?", letter, text)
