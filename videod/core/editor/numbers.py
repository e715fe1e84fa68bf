"""The numbers that a text says, in digits and in words, by language. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_EN = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_EN_SCALE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_DE_ONES = {
    "ein": 1, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16,
    "siebzehn": 17, "achtzehn": 18, "neunzehn": 19,
}  # fmt: skip
_DE_TENS = {
    "zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70,
    "achtzig": 80, "neunzig": 90,
}  # fmt: skip
_JA = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_JA_SMALL, _JA_BIG = {"十": 10, "百": 100, "千": 1000}, {"万": 10**4, "億": 10**8}
#: what a number in ideographs must stand before to be one: they are parts of many words
_JA_COUNTER = (
    r"(?:年|か月|ヶ月|カ月|週間|日間|日(?!月)|時間|分間|分|秒|メートル|キロ|センチ|ミリ|トン|グラム|度"
    r"|パーセント|割|倍|頭|匹|羽|本|回|歳|個|人|種|つ)"
)
_DIGITS = re.compile(r"(?<![\w.,])\d{1,3}(?:[ ,.'’ ]\d{3})+(?![\d])|\d+(?:[.,]\d+)?")
_WORDS = re.compile(r"[^\W\d_]+")
_JA_SIGNS = "一二三四五六七八九十百千万億"
_JA_NUMBER = re.compile(rf"(?<![{_JA_SIGNS}])([{_JA_SIGNS}]++)(?={_JA_COUNTER})")
#: what makes a small number a measure and no count of what is seen
_UNIT = {
    "en": re.compile(
        r"^[ -]*(?:and a half )?(?:(?:more|full|long|whole|square|cubic|nautical) )?(?:percent|per cent|%|°"
        r"|degrees?|seconds?"
        r"|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur\w+|millimet\w+|centimet\w+"
        r"|met(?:er|re)s?|kilomet\w+|km|cm|mm|miles?|feet"
        r"|inch\w*|yards?|grams?|kilos?|kilograms?|kg|tons?|tonnes?|pounds?|lit(?:er|re)s?|times"
        r"|heartbeats?|beats|volts?|knots|in (?:\w+)|out of)\b",
        re.IGNORECASE,
    ),
    "de": re.compile(
        r"^[ -]*(?:volle |ganze |lange |weitere |quadrat|kubik)?(?:prozent|%|°|grad|sekunden?|minuten?"
        r"|stunden?|tagen?|tage|nächten?|nächte|wochen?"
        r"|monaten?|monate|jahren?|jahre|jahrzehnte\w*|millimeter\w*|zentimeter\w*|metern?|kilometern?|km|m"
        r"|cm|mm|gramm|kilo\w*|kg|tonnen?|litern?|mal"
        r"|volt|schläge\w*|von)\b",
        re.IGNORECASE,
    ),
}  # fmt: skip
#: numbers that stand in other words
_SHARES = tuple(
    (re.compile(words, re.IGNORECASE), value)
    for words, value in (
        (r"\bhalf (?:of|the|its|her|his|their)\b(?! (?:life|lives|way|night|time))|\bdie hälfte\b|半分|半数", 50.0),
        (r"\b(?:a|one) third of\b|\bein drittel\b|三分の一", 33.0),
        (r"\btwo thirds of\b|\bzwei drittel\b|三分の二", 67.0),
        (r"\b(?:a|one) quarter of\b|\bein viertel\b|四分の一", 25.0),
        (r"\bthree quarters of\b|\bdrei viertel\b", 75.0),
        (r"\btwice (?:as|the|its|her|his|their)\b|\bdoppelt so\b|\bdoubles?\b|\bverdoppel\w*", 2.0),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Number:
    """`said` as the text has it. `measured`: it has a unit, is a share or is written in digits."""

    value: float
    said: str
    measured: bool


def numbers(text: str, base: str) -> list[Number]:
    """Every number that a text says; small words such as "one" only with a unit."""
    found = [Number(value, match[0], True) for pattern, value in _SHARES if (match := pattern.search(text))]
    bare = text
    for pattern, _ in _SHARES:
        bare = pattern.sub(" ", bare)
    for match in _DIGITS.finditer(bare):
        found.extend(Number(value, match[0], True) for value in _digits(match[0], base))
    if base == "ja":
        found.extend(_japanese(bare))
    elif base in ("en", "de"):
        found.extend(_spelled(bare, base))
    return found


def _digits(said: str, base: str) -> Iterator[float]:
    """ "1,500" and "1.500" are thousands where three digits follow; else the mark is that of a fraction."""
    plain = re.sub(r"[ '’\u00a0\u202f]", "", said)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
        yield float(re.sub(r"[.,]", "", plain))
        return
    yield float(plain.replace(",", "."))


def _spelled(text: str, base: str) -> Iterator[Number]:
    tokens = list(_WORDS.finditer(text))
    at = 0
    while at < len(tokens):
        end, value = _run(tokens, at, text, base)
        if value is None:
            at += 1
            continue
        said = text[tokens[at].start() : tokens[end - 1].end()]
        unit = _UNIT[base].match(text[tokens[end - 1].end() :]) is not None
        if value > (1 if unit else 2):  # "one night" counts nothing
            yield Number(value, said, unit)
        at = end


def _run(tokens: list[re.Match[str]], at: int, text: str, base: str) -> tuple[int, float | None]:
    """Where a number in words that begins at token `at` ends, and its value; None where none begins."""
    if base == "de":
        value = german(tokens[at][0].casefold())
        return (at + 1, value) if value is not None else (at, None)
    total, part, end = 0.0, 0.0, at
    any_found = False
    while end < len(tokens):
        word = tokens[end][0].casefold()
        joined = end == at or not text[tokens[end - 1].end() : tokens[end].start()].strip(" -")
        if not joined:
            break
        if word in _EN and not (any_found and part % 10 > 0 and _EN[word] < 100 and part < 100):
            part += _EN[word]
        elif word in _EN_SCALE and any_found:
            if word == "hundred":
                part = max(1.0, part) * 100
            else:
                total, part = total + max(1.0, part) * _EN_SCALE[word], 0.0
        elif (
            word == "and"
            and any_found
            and end + 1 < len(tokens)
            and part % 100 == 0
            and part
            and tokens[end + 1][0].casefold() in _EN
        ):
            pass
        else:
            break
        any_found, end = True, end + 1
    return (end, total + part) if any_found else (at, None)


def _next(tokens: list[re.Match[str]], at: int) -> str:
    return tokens[at + 1][0].casefold() if at + 1 < len(tokens) else ""


def german(word: str) -> float | None:
    """The value of a German number written as one word; "ein" alone is an article."""
    if word in ("ein", "acht") or not word:
        return 8 if word == "acht" else None
    for name, factor in (("tausend", 1000), ("hundert", 100)):
        left, mark, right = word.partition(name)
        if mark:
            before = 1.0 if not left else _small_german(left) if "hundert" not in left else german(left)
            after = 0.0 if not right else german(right) if right != "ein" else 1.0
            return None if before is None or after is None else before * factor + after
    return _small_german(word) if word != "eins" else 1


def _small_german(word: str) -> float | None:
    if word in _DE_ONES:
        return _DE_ONES[word]
    if word in _DE_TENS:
        return _DE_TENS[word]
    ones, mark, tens = word.partition("und")
    if mark and ones in _DE_ONES and tens in _DE_TENS:
        return _DE_TENS[tens] + _DE_ONES[ones]
    return None


def _japanese(text: str) -> Iterator[Number]:
    for match in _JA_NUMBER.finditer(text):
        total = part = digit = 0
        for sign in match[1]:
            if sign in _JA:
                digit = _JA[sign]
            elif sign in _JA_SMALL:
                part, digit = part + max(1, digit) * _JA_SMALL[sign], 0
            else:
                total, part, digit = total + max(1, part + digit) * _JA_BIG[sign], 0, 0
        value = total + part + digit
        counted = re.match(r"(?:頭|匹|羽|人|つ|個|本|日|回|種)", text[match.end() :]) is not None
        if value > (2 if counted else 0):
            yield Number(value, match[1], not counted)
