"""The languages that a channel may speak: how their codes are written, and in which script their narrations are.

A language is known when videod can judge a narration of it: how long it takes to speak, and whether it is written in
the language's script at all. Codes are those of BCP 47: a language, perhaps a script, perhaps a region ("pt-BR").
"""

import re
import unicodedata
from dataclasses import dataclass

from videod.core.scripts import Script, script_of

_L, _C, _A, _D = Script.LATIN, Script.CYRILLIC, Script.ARABIC, Script.DEVANAGARI
_NAMES: dict[str, tuple[str, tuple[Script, ...]]] = {
    "af": ("Afrikaans", (_L,)), "am": ("Amharic", (Script.ETHIOPIC,)), "ar": ("Arabic", (_A,)),
    "as": ("Assamese", (Script.BENGALI,)), "az": ("Azerbaijani", (_L,)), "be": ("Belarusian", (_C,)),
    "bg": ("Bulgarian", (_C,)), "bn": ("Bengali", (Script.BENGALI,)), "bs": ("Bosnian", (_L, _C)),
    "ca": ("Catalan", (_L,)), "cs": ("Czech", (_L,)), "cy": ("Welsh", (_L,)), "da": ("Danish", (_L,)),
    "de": ("German", (_L,)), "el": ("Greek", (Script.GREEK,)), "en": ("English", (_L,)), "es": ("Spanish", (_L,)),
    "et": ("Estonian", (_L,)), "eu": ("Basque", (_L,)), "fa": ("Persian", (_A,)), "fi": ("Finnish", (_L,)),
    "fil": ("Filipino", (_L,)), "fr": ("French", (_L,)), "ga": ("Irish", (_L,)), "gl": ("Galician", (_L,)),
    "gu": ("Gujarati", (Script.GUJARATI,)), "he": ("Hebrew", (Script.HEBREW,)), "hi": ("Hindi", (_D,)),
    "hr": ("Croatian", (_L,)), "hu": ("Hungarian", (_L,)), "hy": ("Armenian", (Script.ARMENIAN,)),
    "id": ("Indonesian", (_L,)), "is": ("Icelandic", (_L,)), "it": ("Italian", (_L,)),
    "ja": ("Japanese", (Script.KANA, Script.HAN)), "ka": ("Georgian", (Script.GEORGIAN,)), "kk": ("Kazakh", (_C,)),
    "km": ("Khmer", (Script.KHMER,)), "kn": ("Kannada", (Script.KANNADA,)), "ko": ("Korean", (Script.HANGUL,)),
    "ky": ("Kyrgyz", (_C,)), "lb": ("Luxembourgish", (_L,)), "lo": ("Lao", (Script.LAO,)), "lt": ("Lithuanian", (_L,)),
    "lv": ("Latvian", (_L,)), "mk": ("Macedonian", (_C,)), "ml": ("Malayalam", (Script.MALAYALAM,)),
    "mn": ("Mongolian", (_C,)), "mr": ("Marathi", (_D,)), "ms": ("Malay", (_L,)), "mt": ("Maltese", (_L,)),
    "my": ("Burmese", (Script.MYANMAR,)), "ne": ("Nepali", (_D,)), "nl": ("Dutch", (_L,)), "no": ("Norwegian", (_L,)),
    "or": ("Odia", (Script.ORIYA,)), "pa": ("Punjabi", (Script.GURMUKHI,)), "pl": ("Polish", (_L,)),
    "ps": ("Pashto", (_A,)), "pt": ("Portuguese", (_L,)), "ro": ("Romanian", (_L,)), "ru": ("Russian", (_C,)),
    "si": ("Sinhala", (Script.SINHALA,)), "sk": ("Slovak", (_L,)), "sl": ("Slovenian", (_L,)), "so": ("Somali", (_L,)),
    "sq": ("Albanian", (_L,)), "sr": ("Serbian", (_C, _L)), "sv": ("Swedish", (_L,)), "sw": ("Swahili", (_L,)),
    "ta": ("Tamil", (Script.TAMIL,)), "te": ("Telugu", (Script.TELUGU,)), "th": ("Thai", (Script.THAI,)),
    "tr": ("Turkish", (_L,)), "uk": ("Ukrainian", (_C,)), "ur": ("Urdu", (_A,)), "uz": ("Uzbek", (_L, _C)),
    "vi": ("Vietnamese", (_L,)), "yue": ("Cantonese", (Script.HAN,)), "zh": ("Chinese", (Script.HAN,)),
    "zu": ("Zulu", (_L,)),
}  # fmt: skip
#: other codes of the same languages, which services know by the ones on the right
_SAME = {"cmn": "zh", "nb": "no", "nn": "no", "tl": "fil", "iw": "he", "in": "id", "zho": "zh", "deu": "de",
         "eng": "en", "fra": "fr", "spa": "es", "hin": "hi", "jpn": "ja", "kor": "ko"}  # fmt: skip
_SCRIPTS = {"latn": _L, "cyrl": _C, "arab": _A, "deva": _D, "hans": Script.HAN, "hant": Script.HAN, "hani": Script.HAN,
            "jpan": Script.HAN, "kore": Script.HANGUL, "grek": Script.GREEK, "hebr": Script.HEBREW}  # fmt: skip
_CODE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[A-Za-z]{4}))?(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
)
#: so much of the letters must be of the language's script: names and units may be of another one
SHARE = 0.6


@dataclass(frozen=True)
class Language:
    """`code` as it was given; `base` the code by which services know the language."""

    code: str
    base: str
    name: str
    scripts: tuple[Script, ...]

    @property
    def published(self) -> str:
        """The code for a video's page: YouTube refuses the codes that it does not list."""
        rest = self.code.partition("-")[2]
        return f"{self.base}-{rest}" if rest else self.base

    def written(self, text: str) -> bool:
        """Whether most letters of `text` are of this language's script; a text without letters is of any."""
        letters = [script_of(letter) for letter in text if unicodedata.category(letter).startswith("L")]
        return sum(found in self.scripts for found in letters) >= SHARE * len(letters)


def language(code: str) -> Language:
    """Raises ValueError with a sentence for an invalid code, and for a language that videod cannot judge."""
    found = _CODE.fullmatch(code)
    if found is None:
        raise ValueError(f"{code[:40]!r} is not a language code. Write one such as en, de or pt-BR (BCP 47)")
    given = found["language"]
    base = _SAME.get(given, given)
    if base not in _NAMES:
        known = ", ".join(sorted(_NAMES))
        raise ValueError(f"videod cannot judge narrations in {given!r}. It knows {known}")
    if (found["region"] or "").upper() == "UK":
        raise ValueError(f"{code!r} names no region: the United Kingdom is GB. Write {given}-GB")
    name, scripts = _NAMES[base]
    if found["script"]:
        script = _SCRIPTS.get(found["script"].lower())
        if script is None or (script not in scripts and (base, script) not in _ALSO):
            raise ValueError(f"videod cannot judge {name} written in {found['script']!r}. Leave the script out")
        scripts = (script, *((Script.KANA,) if base == "ja" else ()))
    return Language(code, base, name, scripts)


#: languages that are written in another script than their usual one where their code says so
_ALSO = {("az", _C), ("kk", _L), ("pa", _A), ("ms", _A)}

_V2 = frozenset((
    "en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr", "fil", "pl", "sv", "bg", "ro", "ar",
    "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "ru",
))  # fmt: skip
#: what ElevenLabs' models speak, by their page of November 2026; of models that are missing here nobody knows
SPOKEN = {
    "eleven_multilingual_v2": _V2, "eleven_flash_v2_5": _V2 | {"hu", "no", "vi"},
    "eleven_turbo_v2_5": _V2 | {"hu", "no", "vi"}, "eleven_flash_v2": frozenset({"en"}),
}  # fmt: skip


def speaks(model: str, code: str) -> bool:
    """Whether a voice model speaks a language, as far as that is known."""
    return model not in SPOKEN or language(code).base in SPOKEN[model]
