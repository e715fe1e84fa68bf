"""Languages: their codes, how long they take to speak, what the craft rules make of plans in them."""

import json
import unicodedata
from pathlib import Path

import pytest

from videod.core import craft
from videod.core.languages import language, speaks
from videod.core.scripts import Script, script_of
from videod.core.speech import Pace, narration_seconds, words

CASES = Path(__file__).parents[1] / "cases"
#: a sentence such as a plan has for one clip, by language; each takes a narrator some four to eight seconds
SENTENCES = {
    "en": "The old bear waits in silence where the cold river narrows.",
    "de": "Der alte Bär wartet still, wo der kalte Fluss schmal wird.",
    "fr": "Le vieil ours attend en silence là où la rivière froide se resserre.",
    "es": "El viejo oso espera en silencio donde el río frío se estrecha.",
    "pt": "O velho urso espera em silêncio onde o rio frio se estreita.",
    "ru": "Старый медведь молча ждёт там, где холодная река становится узкой.",
    "uk": "Старий ведмідь мовчки чекає там, де холодна річка стає вузькою.",
    "el": "Η γέρικη αρκούδα περιμένει σιωπηλή εκεί που το κρύο ποτάμι στενεύει.",
    "tr": "Yaşlı ayı soğuk nehrin daraldığı yerde sessizce ve sabırla bekliyor.",
    "ar": "ينتظر الدب العجوز في صمت حيث يضيق النهر البارد بين الصخور.",
    "he": "הדוב הזקן ממתין בשקט במקום שבו הנהר הקר נעשה צר מאוד.",
    "hi": "बूढ़ा भालू वहाँ चुपचाप प्रतीक्षा करता है जहाँ ठंडी नदी संकरी हो जाती है।",
    "bn": "বুড়ো ভালুক সেখানে চুপচাপ অপেক্ষা করে যেখানে ঠান্ডা নদী সরু হয়ে যায়।",
    "ta": "குளிர்ந்த ஆறு குறுகும் இடத்தில் வயதான கரடி மிகவும் அமைதியாக நீண்ட நேரம் காத்திருக்கிறது.",
    "ko": "늙은 곰은 차가운 강이 좁아지는 곳에서 아무 소리 없이 오래 기다린다.",
    "zh": "老熊在冰冷的河流变窄的地方静静等待，鲑鱼终于必须跃起越过白色的水花。",
    "ja": "老いた熊は冷たい川が細くなる場所で音も立てずに鮭が跳ぶのをじっと待っている。",
    "th": "หมีแก่รออยู่อย่างเงียบๆตรงที่แม่น้ำเย็นแคบลงและปลาแซลมอนต้องกระโดดข้ามน้ำที่ไหลเชี่ยวกราก",
    "vi": "Con gấu già lặng lẽ chờ ở nơi dòng sông lạnh hẹp lại.",
}


@pytest.mark.fault("3.7")
@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_let_through_in_every_script(code: str) -> None:
    text = SENTENCES[code]
    assert 3.4 <= narration_seconds(text) <= 8, narration_seconds(text)
    assert language(code).written(text)
    found = [one for one in craft.complaints(_with(text), 18, 22, told(code)) if one.where.endswith("narration")]
    assert {one.rule for one in found} <= {"repeated"}, found


@pytest.mark.fault("3.7")
@pytest.mark.parametrize("code", SENTENCES)
def test_a_sixth_of_a_sentence_is_too_short_and_three_are_too_long(code: str) -> None:
    text = SENTENCES[code]
    for other, change in (
        (text[: len(text) // 6] + text[-1], "say a little more"),
        (f"{text} {text} {text}", "shorten it"),
    ):
        found = craft.complaints(_with(other), 18, 22, told(code))
        assert any(one.rule == "duration" and change in one.message for one in found), (narration_seconds(other), other)


def told(code: str) -> craft.Telling:
    return craft.Telling(language(code), Pace())


def _with(narration: str) -> dict[str, object]:
    plan = json.loads((CASES / "plan_hi.json").read_text())
    for clip in plan["clips"]:
        clip["narration"] = narration
    return dict(plan)


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(("file", "code"), [("plan_cmn.json", "zh"), ("plan_cmn.json", "cmn-Hans-CN"),
                                            ("plan_hi.json", "hi"), ("plan_hi.json", "hi-IN")])  # fmt: skip
def test_chinese_and_hindi_plans_pass(file: str, code: str) -> None:
    plan = json.loads((CASES / file).read_text())
    assert craft.complaints(plan, 18, 22, craft.Telling(language(code))) == ()
    assert craft.complaints(plan, 18, 22) == ()


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    ("file", "code", "name"),
    [("plan_cmn.json", "en", "English"), ("plan_hi.json", "zh", "Chinese"), ("plan_cmn.json", "ru", "Russian")],
)
def test_a_plan_in_another_language_is_sent_back(file: str, code: str, name: str) -> None:
    found = craft.complaints(json.loads((CASES / file).read_text()), 18, 22, craft.Telling(language(code)))
    assert {one.rule for one in found} >= {"language"} and f"is not written in {name}" in found[0].message


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    ("code", "base", "published"),
    [
        ("en", "en", "en"), ("en-GB", "en", "en-GB"), ("de", "de", "de"), ("pt-BR", "pt", "pt-BR"),
        ("zh-Hans", "zh", "zh-Hans"), ("zh-Hant-TW", "zh", "zh-Hant-TW"), ("cmn", "zh", "zh"), ("nb", "no", "no"),
        ("nn-NO", "no", "no-NO"), ("es-419", "es", "es-419"), ("sr-Latn", "sr", "sr-Latn"), ("tl", "fil", "fil"),
        ("de-1996", "de", "de-1996"), ("yue", "yue", "yue"),
    ],
)  # fmt: skip
def test_codes_of_languages_that_can_be_judged(code: str, base: str, published: str) -> None:
    found = language(code)
    assert (found.code, found.base, found.published) == (code, base, published)


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("tlh", "cannot judge narrations in 'tlh'"), ("xx", "It knows af, am, ar"), ("la", "cannot judge"),
        ("german", "a language code"), ("de_DE", "a language code"), ("EN", "a language code"), ("", "not a language"),
        ("de-germany-xx", "a language code"), ("en-UK", "Write en-GB"), ("de-Cyrl", "cannot judge German written in"),
        ("en-x-private", "a language code"), ("zh-Egyp", "cannot judge Chinese"),
    ],
)  # fmt: skip
def test_other_codes_are_refused_with_a_sentence(code: str, told: str) -> None:
    with pytest.raises(ValueError) as refused:
        language(code)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("The old bear waits where the river narrows.", 2.9),
        ("", 0.0),
        ("老熊在河流变窄的地方静静等待第一次，鲑鱼终于必须跃起越过白色的水花。", 7.6),
        ("Cafe\u0301 waits.", 0.7),
    ],
)
def test_there_is_one_estimate_of_how_long_a_text_takes(text: str, seconds: float) -> None:
    assert narration_seconds(text) == seconds


def test_marks_part_no_word_and_scripts_are_distinguished() -> None:
    assert words("बूढ़ा भालू") == 2 and words("don't stop") == 2
    letters = "Aзσא" + "عकআਕકகతకകසกກကაአកハ漢字한ー々"
    assert Script.OTHER not in {script_of(letter) for letter in letters}
    named = {"LATIN": Script.LATIN, "CYRILLIC": Script.CYRILLIC, "ARABIC": Script.ARABIC, "CJK UNIFIED": Script.HAN,
             "HANGUL SYLLABLE": Script.HANGUL, "THAI CHARACTER": Script.THAI, "HIRAGANA LETTER": Script.KANA,
             "DEVANAGARI LETTER": Script.DEVANAGARI, "GREEK SMALL": Script.GREEK}  # fmt: skip
    for point in (*range(0x41, 0x10000, 7), *range(0x20000, 0x2FFFF, 97)):
        letter = chr(point)
        name = unicodedata.name(letter, "")
        for begin, script in named.items():
            if name.startswith(begin) and unicodedata.category(letter) in ("Lu", "Ll", "Lo"):
                assert script_of(letter) is script, (hex(point), name)


@pytest.mark.fault("3.7")
def test_a_voice_model_that_does_not_speak_the_language_is_known() -> None:
    assert speaks("eleven_multilingual_v2", "cmn-Hans") and speaks("eleven_multilingual_v2", "pt-BR")
    assert not speaks("eleven_multilingual_v2", "th") and not speaks("eleven_multilingual_v2", "nb")
    assert speaks("eleven_flash_v2_5", "nb") and speaks("eleven_v3", "th") and speaks("a_new_model", "th")
