"""What the simulated service's planner lets the narrator say in other languages than English: a sentence a script, and
another.

A rehearsal of a channel in another language needs narrations that pass its rules; nobody listens to what they tell.
"""

from videod.core.languages import language
from videod.core.scripts import UNSPACED, Script
from videod.core.speech import characters

_PLAIN = "The old bear waits where the river narrows {n}."
_SENTENCES = {
    Script.CYRILLIC: "Старый медведь {n} молча ждёт у холодной и очень узкой реки.",
    Script.GREEK: "Η γέρικη αρκούδα {n} περιμένει σιωπηλή εκεί που το ποτάμι στενεύει.",
    Script.ARABIC: "ينتظر الدب العجوز {n} في صمت حيث يضيق النهر البارد هنا.",
    Script.HEBREW: "הדוב הזקן {n} ממתין בשקט במקום שבו הנהר הקר נעשה צר.",
    Script.DEVANAGARI: "बूढ़ा भालू {n} वहाँ प्रतीक्षा करता है जहाँ ठंडी नदी संकरी हो जाती है।",
    Script.BENGALI: "বুড়ো ভালুক {n} সেখানে অপেক্ষা করে যেখানে ঠান্ডা নদী সরু হয়ে যায়।",
    Script.TAMIL: "வயதான கரடி {n} குளிர்ந்த ஆறு குறுகும் இடத்தில் மிகவும் அமைதியாக காத்திருக்கிறது.",
    Script.HANGUL: "늙은 곰 {n} 은 차가운 강이 좁아지는 곳에서 오래 기다린다.",
    Script.HAN: "老熊在冰冷的河流变窄的地方静静等待第{n}次，鲑鱼终于必须跃起越过水花。",
    Script.KANA: "老いた熊{n}は冷たい川が細くなる場所で音も立てずに鮭が跳ぶのをじっと待っている。",
    Script.THAI: "หมีแก่ {n} รออยู่อย่างเงียบตรงที่แม่น้ำเย็นแคบลงและปลาแซลมอนต้องกระโดดข้ามน้ำเชี่ยว",
}


#: what is said after it until the line is as long as it is ordered
_MORE = {
    Script.LATIN: "It waits.",
    Script.CYRILLIC: "Он ждёт.",
    Script.GREEK: "Περιμένει.",
    Script.ARABIC: "إنه ينتظر.",
    Script.HEBREW: "הוא ממתין.",
    Script.DEVANAGARI: "वह रुकता है।",
    Script.BENGALI: "সে অপেক্ষা করে।",
    Script.TAMIL: "அது காத்திருக்கிறது.",
    Script.HANGUL: "곰은 기다린다.",
    Script.HAN: "它在等待。",
    Script.KANA: "熊は待つ。",
    Script.THAI: "มันรออยู่",
}


def script_of_code(code: str) -> Script:
    """The script that a language is written in; Latin for what is none."""
    try:
        return language(code).scripts[0]
    except ValueError:
        return Script.LATIN


def narration(code: str, number: int, average: int) -> str | None:
    """What is said over a clip in the language of `code`, of about `average` characters.

    None for English, and for what has no sentence here.
    """
    try:
        wanted = language(code)
    except ValueError:
        return None
    if wanted.base == "en":
        return None
    script = wanted.scripts[0]
    found = _SENTENCES.get(script) or (_PLAIN if script is Script.LATIN else None)
    if found is None:
        return None
    text, more = found.format(n=number), ("" if script in UNSPACED else " ") + _MORE[script]
    return text + more * max(0, round((average - characters(text)) / characters(more)))
