"""What a picture's words ask for: light, weather, ground, animals, pose and framing."""

import re
from dataclasses import dataclass

from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature, find_creatures
from videod.sandbox.render.props import find_prop
from videod.sandbox.render.shapes import Colour

#: Words of each time of day; what a prompt says first counts, so its atmosphere does.
LIGHTS = (
    ("night", r"night|moonlit|moonlight|stars|starlit|aurora|midnight"),
    ("storm", r"storm\w*|thunder\w*|blizzard|squall|gale"),
    ("golden", r"golden|sunset|amber|late afternoon|evening|last light|warm light"),
    ("dawn", r"dawn|sunrise|first light|early morning|daybreak|morning"),
    ("dusk", r"dusk|twilight|blue hour|gloaming"),
    ("overcast", r"overcast|grey sky|gray sky|cloudy|mist\w*|fog\w*|rain\w*|drizzle|flat light|snowfall"),
    ("noon", r"noon|midday|harsh sun|heat|scorching|blazing"),
)
GROUNDS = (
    ("underwater", r"underwater|beneath the surface|below the surface|reef|coral|kelp|seabed|ocean floor|deep water"),
    ("ice", r"pack ice|sea ice|ice floe\w*|iceberg\w*|glacier|ice shelf|ice edge"),
    ("jungle", r"jungle|rainforest|tropical forest|bamboo|mangrove\w*"),
    ("savanna", r"savanna\w*|acacia\w*|serengeti|waterhole"),
    ("desert", r"deserts?|dunes?|sand sea|arid"),
    ("wetland", r"wetlands?|marsh\w*|swamps?|reeds?|reedbeds?|lake\w*|pond\w*|lagoon"),
    ("river", r"rivers?|riverbank|streams?|creek|rapids|waterfall"),
    ("coast", r"coast\w*|beach\w*|shore\w*|cliffs?|tide\w*"),
    ("ocean", r"oceans?|open sea|sea surface|swells?|waves?|seas?"),
    ("den", r"den|burrow|cave|lair|hollow"),
    ("tundra", r"tundra|arctic plain|snowfields?|ice|frozen plain|polar"),
    ("mountain", r"mountains?|alpine|ridge\w*|peaks?|crags?|highlands?|scree"),
    ("forest", r"forests?|woods?|woodlands?|pines?|spruces?|taiga|birch\w*|trees?"),
    ("meadow", r"meadows?|grasslands?|prairie|steppe|plains?|fields?|flowers?|garden|hills?"),
)
HOMES = {
    "underwater": ("reef", "fish", "shark", "octopus", "turtle"),
    "ocean": ("whale", "orca", "dolphin", "seal", "gull", "puffin"),
    "ice": ("penguin",),
    "savanna": ("elephant", "lion"),
    "wetland": ("crane", "flamingo", "crocodile", "frog", "dragonfly", "otter"),
    "meadow": ("bee", "butterfly", "hummingbird", "song", "horse", "hare"),
    "forest": ("bear", "wolf", "fox", "deer", "lynx", "owl", "boar", "cat"),
    "mountain": ("eagle", "hawk", "vulture", "bison"),
}
POSES = (
    ("leaping", r"leap\w*|jump\w*|pounc\w*|spring(?:s|ing)|breach\w*|lung\w*"),
    ("running", r"run(?:s|ning)?|charg\w+|sprint\w*|chas\w+|gallop\w*|flee\w*|bolt(?:s|ing)?"),
    (
        "flying",
        r"fly(?:ing)?|flies|flight|soar\w*|glid\w*|hover\w*|on the wing|wings spread|spread wings|in the air|circl\w+",
    ),
    ("lying", r"lying|lies|rest(?:s|ing)|sleep\w*|curled|crouch\w*|half asleep"),
    ("sitting", r"sit(?:s|ting)|seated"),
    ("walking", r"walk\w*|strid\w*|stalk\w*|wad\w+|trot\w*|mid[- ]step|steps?|prowl\w*|pacing|one paw|crossing"),
)
HEADS = (
    ("raised", r"head (?:raised|lifted|high|up)|look(?:s|ing) up|howl\w*|roar\w*|calling|rearing|rising"),
    ("lowered", r"head (?:low(?:ered)?|down|bowed)|drink\w*|graz\w*|sniff\w*|feeding|eating|head bent|nose to"),
)
PLAIN = r"plain|isolated|cut[- ]?out|studio background|solid background|chroma|seamless background|no background"
PLAIN_COLOURS: dict[str, Colour] = {
    "green": (62, 214, 104),
    "blue": (84, 168, 246),
    "magenta": (244, 92, 220),
    "pink": (250, 150, 196),
    "yellow": (250, 226, 96),
    "white": (250, 250, 250),
    # a cool tint instead of a neutral grey: pale and grey coats keep a distance from it when they are keyed
    "gr[ae]y": (150, 192, 236),
}
COLD = r"snow\w*|winter|blizzard|frost\w*|frozen|ice|icy|arctic|polar|antarctic"


@dataclass(frozen=True)
class Scene:
    """One picture's contents. `plain` is the background colour of an isolated subject, else None."""

    light: str
    ground: str
    weather: frozenset[str]
    cold: bool
    creatures: tuple[Creature, ...]
    prop: str | None
    pose: str
    head: str
    framing: str
    plain: Colour | None
    silhouette: bool
    text: str = ""  # the last line of the prompt in small letters


def _first(table: tuple[tuple[str, str], ...], text: str, default: str) -> str:
    """The entry of `table` whose words occur; of several, the one standing first in the table."""
    for name, words in table:
        if re.search(rf"\b(?:{words})\b", text):
            return name
    return default


def _earliest(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    """The entry of `table` whose words occur earliest in the text."""
    places = []
    for name, words in table:
        match = re.search(rf"\b(?:{words})\b", text)
        if match:
            places.append((match.start(), name))
    return min(places)[1] if places else None


#: "a mountain river" is a river: the first of these words only says where it flows.
QUALIFIED = (
    r"\b(?:mountain|alpine|forest|jungle|desert|coastal|ocean|arctic|winter|meadow|savanna)[- ]"
    r"(?=(?:river|stream|creek|lake|pond|marsh|forest|meadow|den|cave|beach|coast|shore|waterhole|reef|floor|swell"
    r"|wetland|lagoon)s?\b)"
)


def _home(creatures: tuple[Creature, ...]) -> str:
    for ground, bodies in HOMES.items():
        if creatures and creatures[0].body in bodies:
            return ground
    return "meadow"


def _plain(text: str) -> Colour | None:
    if not re.search(rf"\b(?:{PLAIN})\b", text) or not re.search(
        r"background|backdrop|isolated|cut[- ]?out|chroma", text
    ):
        return None
    for word, colour in PLAIN_COLOURS.items():
        if re.search(rf"\b{word}\b[\w\s-]{{0,30}}(?:background|backdrop|screen)", text):
            return colour
    return PLAIN_COLOURS["gr[ae]y"]


def _framing(text: str) -> str:
    if re.search(r"\b(?:extreme close|close[- ]?up|closeup|portrait|macro|head shot|face fills|eyes? fills?)\b", text):
        return "close"
    if re.search(r"\b(?:wide|distant|far away|tiny|small in (?:the )?frame|aerial|vast|silhouette on)\b", text):
        return "wide"
    return "medium"


def _pose(text: str, creatures: tuple[Creature, ...], plain: bool) -> str:
    pose = _first(POSES, text, "standing")
    body = creatures[0].body if creatures else ""
    if body in ("bee", "butterfly", "dragonfly", "hummingbird"):
        return "flying"
    if pose == "flying" and body not in FLIERS and body not in SWIMMERS:
        return "standing"
    if body in FLIERS and pose in ("running", "leaping"):
        return "flying"
    if plain and body == "" and pose == "flying":
        return "standing"
    return pose


def read_scene(prompt: str) -> Scene:
    """The scene that a prompt describes. Its last line says what is seen, the lines before it the atmosphere."""
    text = prompt.lower()
    subject = text.strip().split("\n")[-1]
    place = re.sub(QUALIFIED, "", subject)
    creatures = tuple(find_creatures(subject)[:2]) or tuple(find_creatures(text)[:2])
    plain = _plain(text)
    prop = find_prop(subject)
    if (
        prop
        and re.search(r"\b(?:macro|prop|close[- ]?up|detail)\b", subject)
        and not re.search(r"\bface|eyes?\b", subject)
    ):
        creatures = ()
    elif creatures:
        prop = None
    if re.search(r"\b(?:environment|no animals?|landscape|establishing)\b", subject):
        creatures, prop = (), None
    weather = frozenset(
        name
        for name, words in (
            ("snow", r"snowfall|snowing|falling snow|blizzard|drifting snow|flurr\w+|snowflakes?|snowstorm"),
            ("rain", r"rain\w*|drizzle|downpour|monsoon|thunderstorm"),
            ("fog", r"fog\w*|mist\w*|steam"),
            ("thin", r"(?:thin|light|faint|low|warm) (?:mist|fog|haze)"),
            ("rays", r"rays|shafts|god rays|beams|backlit|sunbeams?"),
            ("dust", r"dust\w*|pollen|embers|sparks|motes|sand in the air"),
        )
        if re.search(rf"\b(?:{words})\b", text)
    )
    return Scene(
        light=_earliest(LIGHTS, text) or "day",
        ground=_earliest(GROUNDS, place) or _earliest(GROUNDS, text) or _home(creatures),
        weather=weather,
        cold=bool(re.search(rf"\b(?:{COLD})\b", text)),
        creatures=creatures,
        prop=prop if not creatures else None,
        pose=_pose(subject, creatures, plain is not None),
        head=_first(HEADS, subject, "standing"),
        framing=_framing(subject),
        plain=plain,
        silhouette=bool(re.search(r"\bsilhouett\w*", subject)),
        text=subject,
    )
