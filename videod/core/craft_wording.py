"""The words by which craft rules recognize a camera move, a sequence, the weather and so on.

A rule with false alarms costs a whole episode (a plan has three rounds), so every list holds only
what is hardly ever said innocently; "the bear tilts its head" is no camera move, "in the morning" no sequence.
"""

import re

from videod.core.sanitize import is_text, turns_writing

#: -ing words that follow "before" and "after" without being an action
_NO_ACTION = "morning|evening|spring|opening|crossing|clearing|king|wing|ring|string|thing|something|anything|being"

SEQUENCE = re.compile(
    rf"\b(?:(?:and|,) then|then (?:he|she|it|they)|(?:before|after) (?!(?:{_NO_ACTION})\b)\w+ing|(?:begin|start)s? to"
    r"|suddenly|(?:moments?|seconds?) later|afterwards?|and finally|until (?:he|she|it|they))\b",
    re.IGNORECASE,
)

_PACE = (
    r"(?:(?:very|slow|slowly|gentle|gently|smooth|subtle|steady|static|quick|fast|wide|low|high|close|aerial)[ ,-]+)*"
)
CAMERA_FIRST = re.compile(
    rf"(?:the |a |an )?{_PACE}(?:camera|lens|shot|zoom\w*|dolly\w*|panning|pan (?:left|right|up|down|across|over|to)"
    r"|tracking shot|handheld|steadicam|(?:drone|aerial) shot|orbit(?:s|ing)? (?:shot|around)|close-?up"
    r"|tilt(?:s|ing)? (?:up|down)|crane (?:up|down|shot)|push(?:es|ing)?[ -]in|pull(?:s|ing)?[ -](?:back|out)"
    r"|locked[ -]off|rack focus|(?<=slow )(?:push|pull|pan|tilt|drift)|(?<=gentle )(?:push|pull|pan|tilt|drift))\b",
    re.IGNORECASE,
)
#: never said of an animal, so allowed in the last sentence only
CAMERA = re.compile(
    r"\b(?:camera|zoom(?:s|ing)? (?:in|out)|dolly\w*|panning (?:left|right|shot)|tracking shot|crane shot|rack focus"
    r"|(?:slow|gentle) (?:push|pull|pan|tilt|zoom)|locked[ -]off|push-in|pull-back|handheld|steadicam)\b",
    re.IGNORECASE,
)
CAMERA_LAST = re.compile(
    r"\b(?:camera|lens|frame|framing|shot|zoom\w*|doll(?:y|ies)\w*|pans?|panning|tilts?|tilting|tracks?|tracking|crane\w*"
    r"|push(?:es|ing)?|pull(?:s|ing)?|orbits?|arc|drifts?|drifting|handheld|steadicam|locked|static|focus|hold|holds"
    r"|close-?up)\b",
    re.IGNORECASE,
)
CAMERA_WORDS_MAX = 10
#: a second shot or a second event in one clip
SECOND_ACTION = re.compile(r"\b(?:meanwhile|suddenly|cuts? to|next shot|new shot|switch(?:es)? to)\b", re.IGNORECASE)
THEN = re.compile(r"\bthen\b", re.IGNORECASE)

#: features that only a core image may bring in; a variant of it describes pose and place
FEATURES = re.compile(
    r"\b(?:scar(?:s|red)?|wounds|wounded|(?:a|open|fresh) wound|gash(?:es)?|injur(?:y|ies|ed)|bandage\w*|collar|ear tag"
    r"|(?:broken|torn|missing) (?:ear|eye|antler|tusk|horn|wing|fin|claw|tail|tooth|leg|limb)|one-eyed|albino|pregnant"
    r"|juvenile|elderly|older|younger|emaciated)\b",
    re.IGNORECASE,
)
NEW_FEATURE = re.compile(
    r"\b(?:with|has|having|showing|wearing|gains?) (?:a |an |its |his |her |their )?"
    r"(?:new|different|additional|extra)\b",
    re.IGNORECASE,
)

WEATHER = re.compile(
    r"\b(?:weather|rain\w*|drizzl\w*|storm\w*|thunder\w*|lightning|snow\w*|blizzard|sleet|hail|fog\w*|mist\w*|haz[ey]\w*"
    r"|cloud\w*|overcast|clear (?:\w+ )?(?:sky|skies|air|water)|sunny|wind\w*|breez\w*|gusts?|gale|calm|spray|monsoon"
    r"|frost\w*|humid\w*|heat|hot|dry|drought|dust\w*|cold|icy|freezing|swell|current\w*|surf|turbid"
    r"|still (?:air|water))\b",
    re.IGNORECASE,
)
LIGHT = re.compile(
    r"\b(?:\w*light|lit|lighting|backlit|shadow\w*|glow\w*|dim|gloom\w*|dark\w*|beams?|shafts?|rays?|silhouett\w*"
    r"|sunbeams?|luminous|bioluminescen\w*|golden hour|blue hour|glare|dappled|low sun|sun|overcast|diffuse\w*)\b",
    re.IGNORECASE,
)
TIME_OF_DAY = re.compile(
    r"\b(?:dawn|daybreak|sunrise|first light|morning|noon|midday|afternoon|evening|dusk|sunset|sundown|twilight"
    r"|nightfall|night|midnight|golden hour|blue hour|last light|late day|daytime|daylight|day|moonrise|moonlight"
    r"|moonlit)\b",
    re.IGNORECASE,
)

_UNLESS_REFUSED = r"\b(?<!no )(?<!without )"
MUSIC = re.compile(
    rf"{_UNLESS_REFUSED}(?:music\w*|melod\w+|soundtrack|orchestr\w+|piano|violins?|guitar|synth\w*|choir|film score)\b",
    re.IGNORECASE,
)
SILENCE = re.compile(
    rf"{_UNLESS_REFUSED}(?:silence|then|followed by|pauses?|suddenly|fades? (?:out|to silence))\b", re.IGNORECASE
)
#: families of audible weather that must be the same in every clip of one place
AUDIBLE_WEATHER = {
    "rain or thunder": re.compile(r"\b(?:rain\w*|drizzl\w*|downpour|thunder\w*|storm(?! petrel)s?)\b", re.IGNORECASE),
    "hail": re.compile(r"\b(?:hail|sleet)\b", re.IGNORECASE),
    "snowstorm": re.compile(r"\b(?:blizzard|snowstorm|snowfall)\b", re.IGNORECASE),
}

#: groups of animals; a species has a name of its own
GROUPS = frozenset({
    "animal", "creature", "beast", "predator", "prey", "mammal", "bird", "fish", "reptile", "insect", "amphibian",
    "whale", "shark", "bear", "snake", "wolf", "cat", "dog", "deer", "fox", "owl", "eagle", "crab", "turtle", "spider",
    "frog", "monkey", "ape", "seal", "dolphin", "various",
})  # fmt: skip
#: what stands where nothing was filled in
PLACEHOLDER = re.compile(r"(?:tbd|tba|todo|n/?a|none|null|unknown|placeholder|xxx+|[.…\s-]*)", re.IGNORECASE)


def odd_characters(text: str) -> str:
    """The first character that no prompt or title may hold (control, half surrogate, ...) as U+XXXX, or ""."""
    for letter in text:
        if letter != "\n" and (not is_text(letter) or turns_writing(letter)):
            return f"U+{ord(letter):04X}"
    return ""


def sentences(text: str) -> list[str]:
    """The sentences of a prompt, split after . ! ? that end a word."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]
