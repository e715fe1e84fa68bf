"""Does a line claim something about the world: how somebody behaves, a number, a place, a time, a cause, a comparison?

By words, sentence by sentence; a question claims nothing. Tuned on the lines of tests/cases/stories that two editors
doubted, which tests/core/test_says.py measures. Pure.
"""

import re
from functools import lru_cache

from videod.core.editor.numbers import numbers

_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONATE = "januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember"
#: capitalized words that end in s and are no plural, and small words that make what stands before them one
_NO_PLURAL = (
    r"(?!(?:Its|This|His|Hers|Yes|Across|Always|Years|Hours|Months|Days|Weeks|Was|Is|Has|Does|As|Less|Perhaps|Thus"
    r"|Unless|Sometimes|Towards)\b)"
)
_NO_VERB = (
    r"(?!(?:of|on|ago|later|and|or|is|by|in|for|to|at|from|with|the|it|its|her|his|like|as|a|up|out|hungry|into|back"
    r"|again|over|off|down|no|not|nothing)\b)"
)
_NOT_AFTER = "".join(rf"(?<!{word} )" for word in ("He", "She", "It", "This", "That", "What", "Who", "Nobody", "Now"))

#: by language, and kind of claim
SAYS: dict[str, dict[str, str]] = {
    "en": {
        "cause": (
            r"\b(?:because|so that|caus(?:es?|ed)|slow(?:s|ed)? (?:\w+ ){0,3}down|ma(?:kes?|de) (?:\w+ ){1,3}\w+"
            r"|depends?|ha(?:s|ve) grown for|without \w+ \w+ the|mean(?:s|t) that|(?:has|have) cost"
            r"|will not (?:hatch|grow|heal|survive)|pa(?:y|id) for|puts? \w+ \w+ \w+ into|(?:that|this|which) is why"
            r"|kills?|drives?)\b"
        ),
        "ability": (
            r"\b(?:can|cannot|can't|could not|able to|unable|useless|must|(?:has|have) to"
            r"|too (?:little|much|young|weak|small|late) (?:to|oxygen|food|water|heat|light))\b"
        ),
        "comparison": (
            r"\b(?:more than|less than|fewer|at least|at most|than \w+"
            r"|(?!\w*(?:for|inter|har|ar|re|ne|we|che|gue|te|ea|pa|be|mo|co|du|lo|fi|li|mi|ga|gho|bre|ju|la|fa|va|ca)st\b)"
            r"\w{3,}est|as \w+ as (?!if\b|though\b|she\b|he\b|it\b)|the only|never|always|rarely|often|usually"
            r"|most easily)\b"
        ),
        "time": (
            rf"\b(?:in|by|until|every|of) (?:summer|winter|spring|autumn|{_MONTHS})\b|\bwinter (?:slows|takes)"
            r"|\bwithin (?:\w+ )?(?:minutes|hours|days|weeks|months)\b"
            r"|\b(?:takes|lasts?|lasted) (?:time|days|months|\w+ (?:days|months))"
            r"|\b(?:months?|weeks?|years?) (?:old|long|in the|ago)\b"
        ),
        "kind": (
            r"\b(?:an|a) (?:\w+ ){1,3}(?:that|who|does not|does|eats?|hunts?|lives?|keeps?|lays?|feeds?|breeds?|needs?"
            r"|carries|grows?|weighs?|sleeps?|dies|hatch\w*|comes for|steals?)\b"
            r"|\b(?:species|kinds?|diet|parents?|comes for|(?:does|do) not (?:come|eat|slow|hunt|sleep))\b"
        ),
        "senses": r"\b(?:tastes?|smells?|hears?|senses?|by scent)\b",
    },
    "de": {
        "cause": r"\b(?:weil|damit|denn|sodass|deshalb|darum|verursach\w*|getötet|kosten?)\b",
        "ability": r"\b(?:kann|können|muss|müssen|braucht|brauchen|vermag)\b",
        "comparison": (
            r"\b(?:mehr als|weniger als|nur|nie|niemals|immer(?! noch)|selten|meist\w*|am \w+sten|so \w+ wie"
            r"|kein\w* \w+er)\b"
        ),
        "time": (
            rf"\bim (?:sommer|winter|herbst|frühling|frühjahr|{_MONATE})\b|\b(?:tage|wochen|monate)lang\b"
            r"|\binnerhalb\b"
        ),
        "kind": (
            r"\beine? \w+ (?:ist|hat|frisst|jagt|lebt|misst|deckt|braucht|kann|legt|wiegt)\b|\bdeckt eine? "
            r"|\b(?:die meisten|viele|manche|wenige|jeder \w+te|auch \w+ finden|gehört (?:nun|jetzt))\b"
        ),
        "senses": r"\b(?:riecht|geruch|hört|hören|wittert|witterung|schmeckt)\b",
    },
    "ja": {
        "cause": r"ので|ため(?:に|、)|わけ(?:は|です)|おかげ|せいで",
        "comparison": r"より(?:も)?|だけ|いちばん|最も",
        "time": r"季節|(?:春|夏|秋|冬)の(?!朝|夜|あいだ)|までに|のうち",
        "place": r"大陸|半島|[一-龥]{1,3}(?:道|県|島|国|湾|海|川)(?:の|へ|で|に)",
        "kind": r"人もいます|ことです|ものです|(?:仲間|種|群れ)は|餌|糧|食べ|食う|エサ",
        "senses": r"聞こえ|届きます|匂い|におい",
    },
}
#: what tells by its capitals: "Herons eat eels", "Most mothers die"; and names within a sentence
_GENERAL = (
    r"^(?:(?:Most|Many|Some|Few|Half|Hundreds|Thousands|Tens of thousands|One parent|Everybody|Everyone|No) \w+"
    rf"|(?:[A-Z][a-z]+ )?{_NOT_AFTER}{_NO_PLURAL}[A-Za-z][a-z]{{2,}}(?<!s)s {_NO_VERB}[a-z]+(?<!s)(?<!ly)\b)"
)
_NAME = r"(?<=[a-z,] )(?!I\b)[A-Z][a-z]{2,}"


@lru_cache(maxsize=16)
def _patterns(base: str) -> tuple[re.Pattern[str], ...]:
    found = tuple(re.compile(words, re.IGNORECASE) for words in SAYS.get(base, {}).values())
    return (*found, re.compile(_GENERAL), re.compile(_NAME)) if base == "en" else found


def claims_something(line: str, base: str) -> bool:
    """Whether a line says something of the world that a fact should hold; False in languages without a list."""
    for sentence in _SENTENCES.split(line):
        if not sentence or sentence.rstrip("\"'”’»」』").endswith(("?", "？")):
            continue
        if any(number.measured for number in numbers(sentence, base)):
            return True
        if any(pattern.search(sentence) for pattern in _patterns(base)):
            return True
    return False
