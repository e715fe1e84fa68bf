"""How the editor takes a narration apart: its language, words, stems and sentences. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from videod.core.editor.lists import STOP
from videod.core.languages import Language
from videod.core.scripts import Script, script_of

#: what stands between spaces; marks above and below letters part no word, and dashes and quotes are none
_BETWEEN = re.compile(r"[^\s—–…]+")
#: in scripts without spaces a run of ideographs or of katakana is a word; what joins runs carries no picture
_RUN = re.compile(r"[\u3400-\u9fff々]+|[\u30a1-\u30faー]+")
#: the topic of a Japanese sentence ends with one of these
_TOPIC = re.compile(r"^.{1,12}?[はがもをにでと、]")
_SENTENCE_END = re.compile(r"[.!?]+(?=[\s\"'”’»]|$)|[。！？।]+")
_CLAUSE = re.compile(r"[,;:、，；：،]")
#: letters of the scripts that part no words
_JOINED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
#: letters of a script without spaces that weigh like one word of another
LETTERS_A_WORD = 2.5
#: from this length on a word of a language without a list of small words may carry a meaning
_LONG = 5
_ENDINGS = {
    "en": ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly"),
    "de": ("innen", "ern", "em", "en", "er", "es", "et", "e", "n", "s", "t"),
}
#: words that the endings of the language would part from each other
_ODD = {
    "en": {
        "cubs": "cub", "wolves": "wolf", "lives": "life", "calves": "calf", "leaves": "leaf", "feet": "foot",
        "teeth": "tooth", "children": "child", "mice": "mouse", "geese": "goose", "fed": "feed", "ate": "eat",
        "eaten": "eat", "stood": "stand", "held": "hold", "lay": "lie", "lies": "lie", "lying": "lie",
        "swam": "swim", "ran": "run", "running": "run", "swimming": "swim", "sat": "sit", "sitting": "sit",
    }
}  # fmt: skip


def unspaced(text: str) -> bool:
    """Whether a text is mostly of a script that parts no words; `speech.unspaced` is exact and slower."""
    return not text.isascii() and 2 * len(_JOINED.findall(text)) > len(text.replace(" ", ""))


def _tokens(text: str) -> list[tuple[str, int]]:
    """Each word of a text with spaces, folded and without the marks around it, and where it ends."""
    found = []
    for match in _BETWEEN.finditer(text):
        word = match[0]
        while word and not _of_words(word[-1]):
            word = word[:-1]
        end = match.start() + len(word)
        while word and not _of_words(word[0]):
            word = word[1:]
        if word:
            found.append((word.casefold(), end))
    return found


def _of_words(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")


def guess(text: str) -> str:
    """The code of the language that a text seems to be in, of those that the lists know; "" for another."""
    letters = [script_of(letter) for letter in text if letter.isalpha()]
    if not letters:
        return ""
    if sum(script == Script.KANA for script in letters) * 5 > len(letters):
        return "ja"
    said = [word for word, _ in _tokens(text)]
    counts = {base: sum(word in small for word in said) for base, small in STOP.items()}
    best = max(counts, key=lambda base: counts[base])
    return best if counts[best] * 5 >= len(said) else ""


def base_of(text: str, language: Language | None) -> str:
    """The code by which the lists know the language of a narration."""
    return language.base if language is not None else guess(text)


def words(text: str) -> list[str]:
    """The words of a text, folded; runs of ideographs where nothing parts words."""
    return _RUN.findall(text) if unspaced(text) else [word for word, _ in _tokens(text)]


def stem(word: str, base: str) -> str:
    """What words of one root have in common, roughly: enough to find a word again, not to read."""
    word = word.replace("’", "'").removesuffix("'s")
    if word in _ODD.get(base, {}):
        return _ODD[base][word]
    for ending in _ENDINGS.get(base, ()):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    if base == "en":
        word = word[:-1] if len(word) > 3 and (word[-1] in "ey" or word[-1] == word[-2]) else word
    return word


@lru_cache(maxsize=4096)
def content(text: str, base: str) -> tuple[str, ...]:
    """The stems of the words that carry meaning, in order."""
    if unspaced(text):
        return tuple(_RUN.findall(text))
    small = STOP.get(base)
    return tuple(
        stem(word, base)
        for word, _ in _tokens(text)
        if (len(word) >= _LONG if small is None else word not in small and len(word) > 2) and not word.isdigit()
    )


def length(text: str) -> float:
    """How long a line is, in words; letters count where nothing parts words."""
    if unspaced(text):
        return sum(letter.isalpha() for letter in text) / LETTERS_A_WORD
    return float(len(_tokens(text)))


def opening(text: str) -> str:
    """How a line begins: its first word, or the topic of a Japanese sentence."""
    if unspaced(text):
        topic = _TOPIC.match(text)
        return topic[0] if topic else text[:3]
    found = _tokens(text)
    return found[0][0] if found else ""


@dataclass(frozen=True)
class Build:
    """How a line is made: sentences, clauses, whether it asks, and how long it is (short, middle, long)."""

    sentences: int
    clauses: int
    asks: bool
    size: int


def build(text: str) -> Build:
    ends = _SENTENCE_END.findall(text.strip())
    size = 0 if (count := length(text)) < 7 else 1 if count < 14 else 2
    return Build(max(1, len(ends)), len(_CLAUSE.findall(text)), any(mark[0] in "?？" for mark in ends), size)


def start(text: str, count: int) -> str:
    """The first `count` words of a text, as they stand; as many letters as weigh the same where nothing parts words."""
    if unspaced(text):
        return text[: round(count * LETTERS_A_WORD)]
    found = _tokens(text)
    return text if len(found) <= count else text[: found[count - 1][1]]
