"""Which script a letter is of, and how fast each is spoken. Pure."""

from bisect import bisect_right
from enum import StrEnum


class Script(StrEnum):
    LATIN = "Latin"
    GREEK = "Greek"
    CYRILLIC = "Cyrillic"
    ARMENIAN = "Armenian"
    HEBREW = "Hebrew"
    ARABIC = "Arabic"
    DEVANAGARI = "Devanagari"
    BENGALI = "Bengali"
    GURMUKHI = "Gurmukhi"
    GUJARATI = "Gujarati"
    ORIYA = "Oriya"
    TAMIL = "Tamil"
    TELUGU = "Telugu"
    KANNADA = "Kannada"
    MALAYALAM = "Malayalam"
    SINHALA = "Sinhala"
    THAI = "Thai"
    LAO = "Lao"
    MYANMAR = "Myanmar"
    GEORGIAN = "Georgian"
    ETHIOPIC = "Ethiopic"
    KHMER = "Khmer"
    HANGUL = "Hangul"
    KANA = "Kana"
    HAN = "Han"
    OTHER = "another script"


#: first letter of a run of one script; each run goes to the next row
_RUNS: tuple[tuple[int, Script], ...] = (
    (0x0041, Script.LATIN), (0x0370, Script.GREEK), (0x0400, Script.CYRILLIC), (0x0530, Script.ARMENIAN),
    (0x0590, Script.HEBREW), (0x0600, Script.ARABIC), (0x0700, Script.OTHER), (0x0750, Script.ARABIC),
    (0x0780, Script.OTHER), (0x0870, Script.ARABIC), (0x0900, Script.DEVANAGARI), (0x0980, Script.BENGALI),
    (0x0A00, Script.GURMUKHI), (0x0A80, Script.GUJARATI), (0x0B00, Script.ORIYA), (0x0B80, Script.TAMIL),
    (0x0C00, Script.TELUGU), (0x0C80, Script.KANNADA), (0x0D00, Script.MALAYALAM), (0x0D80, Script.SINHALA),
    (0x0E00, Script.THAI), (0x0E80, Script.LAO), (0x0F00, Script.OTHER), (0x1000, Script.MYANMAR),
    (0x10A0, Script.GEORGIAN), (0x1100, Script.HANGUL), (0x1200, Script.ETHIOPIC), (0x13A0, Script.OTHER),
    (0x1780, Script.KHMER), (0x1800, Script.OTHER), (0x1C80, Script.CYRILLIC), (0x1C90, Script.GEORGIAN),
    (0x1CC0, Script.OTHER), (0x1D00, Script.LATIN), (0x1F00, Script.GREEK), (0x2000, Script.OTHER),
    (0x2C60, Script.LATIN), (0x2C80, Script.OTHER), (0x2DE0, Script.CYRILLIC), (0x2E00, Script.OTHER),
    (0x3005, Script.HAN), (0x3008, Script.OTHER), (0x3040, Script.KANA), (0x3100, Script.OTHER),
    (0x3130, Script.HANGUL), (0x3190, Script.OTHER), (0x31F0, Script.KANA), (0x3200, Script.OTHER),
    (0x3400, Script.HAN), (0x4DC0, Script.OTHER), (0x4E00, Script.HAN), (0xA000, Script.OTHER),
    (0xA640, Script.CYRILLIC), (0xA6A0, Script.OTHER), (0xA720, Script.LATIN), (0xA800, Script.OTHER),
    (0xA8E0, Script.DEVANAGARI), (0xA900, Script.OTHER), (0xA960, Script.HANGUL), (0xA980, Script.OTHER),
    (0xAB30, Script.LATIN), (0xAB70, Script.OTHER), (0xAC00, Script.HANGUL), (0xD800, Script.OTHER),
    (0xF900, Script.HAN), (0xFB00, Script.LATIN), (0xFB13, Script.ARMENIAN), (0xFB1D, Script.HEBREW),
    (0xFB50, Script.ARABIC), (0xFE00, Script.OTHER), (0xFE70, Script.ARABIC), (0xFF00, Script.OTHER),
    (0xFF21, Script.LATIN), (0xFF5B, Script.OTHER), (0xFF66, Script.KANA), (0xFFA0, Script.HANGUL),
    (0xFFE0, Script.OTHER), (0x20000, Script.HAN), (0x323B0, Script.OTHER),
)  # fmt: skip
_STARTS = tuple(start for start, _ in _RUNS)

#: characters a second of a calm narrator, blanks included; marks above and below letters are not counted. Latin as
#: measured on natural voices; the others by how many syllables their letters make
CHARACTERS_PER_S = {
    Script.LATIN: 15.0, Script.GREEK: 15.0, Script.CYRILLIC: 14.5, Script.ARMENIAN: 14.0, Script.GEORGIAN: 14.0,
    Script.HEBREW: 12.0, Script.ARABIC: 12.0, Script.DEVANAGARI: 10.5, Script.BENGALI: 10.5, Script.GURMUKHI: 10.5,
    Script.GUJARATI: 10.5, Script.ORIYA: 10.5, Script.SINHALA: 10.5, Script.TAMIL: 10.5, Script.TELUGU: 10.5,
    Script.KANNADA: 10.5, Script.MALAYALAM: 10.5, Script.ETHIOPIC: 7.5, Script.HANGUL: 6.5, Script.HAN: 4.5,
    Script.KANA: 7.5, Script.THAI: 11.0, Script.LAO: 11.0, Script.KHMER: 9.0, Script.MYANMAR: 9.0,
}  # fmt: skip


#: scripts that part no words
UNSPACED = frozenset({Script.HAN, Script.KANA, Script.THAI, Script.LAO, Script.KHMER, Script.MYANMAR})


def script_of(letter: str) -> Script:
    at = bisect_right(_STARTS, ord(letter)) - 1
    return _RUNS[at][1] if at >= 0 else Script.OTHER
