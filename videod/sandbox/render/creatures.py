"""Which body, colours and surface a named animal has, and the drawing of it on a sketch."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from videod.sandbox.render import smallfry
from videod.sandbox.render.birds import PLUMAGES, Bird
from videod.sandbox.render.builds import BUILDS, Palette
from videod.sandbox.render.paint import Coat, Sketch
from videod.sandbox.render.quadrupeds import Quadruped
from videod.sandbox.render.swimmers import FINS, Swimmer

Drawing = Callable[[Sketch, Palette, str, str], None]

SMALL: dict[str, Drawing] = {
    "turtle": smallfry.turtle,
    "octopus": smallfry.octopus,
    "crocodile": smallfry.crocodile,
    "frog": smallfry.frog,
    "bee": smallfry.bee,
    "butterfly": smallfry.butterfly,
    "dragonfly": smallfry.dragonfly,
}


@dataclass(frozen=True)
class Creature:
    """One kind of animal. `reach` is its width in body units, `middle` where its middle is, `face` its head's place."""

    name: str
    words: str
    body: str
    palette: Palette
    coat: str | None = None
    size: float = 1.0  # against a wolf, gently: how large it stands in a frame

    def matches(self, text: str) -> re.Match[str] | None:
        return re.search(rf"\b(?:{self.words})\b", text)


def _kind(
    name: str,
    words: str,
    body: str,
    base: int,
    dark: int,
    light: int,
    coat: str | None = None,
    size: float = 1.0,
    eye: int = 0xC48E34,
) -> Creature:
    def rgb(value: int) -> tuple[int, int, int]:
        return (value >> 16, value >> 8 & 255, value & 255)

    return Creature(name, words, body, Palette(rgb(base), rgb(dark), rgb(light), eye=rgb(eye)), coat, size)


#: The longer and more particular names stand first; the first that matches nearest to a prompt's beginning is drawn.
CREATURES = (
    _kind("polar bear", r"polar bears?", "bear", 0xE6E0D2, 0xB8AE9A, 0xF6F2EA, size=1.12, eye=0x3A2A20),
    _kind("giant panda", r"(?:giant )?pandas?", "bear", 0xECE8E0, 0x2A2624, 0xF6F4F0, "panda", 1.02, 0x2E221C),
    _kind("black bear", r"black bears?", "bear", 0x3A322E, 0x221C1A, 0x7A6250, size=1.02, eye=0x5A3A22),
    _kind("brown bear", r"(?:brown |grizzly |kodiak )?bears?|grizzl(?:y|ies)", "bear", 0x80583A, 0x4C3222, 0xAE8258,
          size=1.12, eye=0x5A3A22),
    _kind("arctic wolf", r"arctic wol(?:f|ves)|white wol(?:f|ves)", "wolf", 0xDEDAD0, 0xA8A294, 0xF4F2EC),
    _kind("grey wolf", r"(?:gr[ae]y )?wol(?:f|ves)|wolf pack", "wolf", 0x8A847C, 0x4A4442, 0xD0C8BC),
    _kind("coyote", r"coyotes?|jackals?|dingo(?:es)?", "wolf", 0xA8845C, 0x5E4A38, 0xD8C2A0, size=0.85),
    _kind("spotted hyena", r"(?:spotted )?hy(?:a)?enas?|wild dogs?", "wolf", 0xA08460, 0x4A3A2C, 0xCEBA98, "spots",
        0.9),
    _kind("arctic fox", r"arctic fox(?:es)?", "fox", 0xE4E2DC, 0xB0ACA4, 0xF8F8F6, size=0.78, eye=0x8A5A22),
    _kind("red fox", r"(?:red )?fox(?:es)?|vixen", "fox", 0xCC6A2C, 0x342622, 0xF6EADC, size=0.78),
    _kind("snow leopard", r"snow leopards?", "cat", 0xBCB4A6, 0x46403C, 0xEAE4DA, "rosettes", 0.95, 0x9AB08A),
    _kind("African leopard", r"leopards?|jaguars?|ocelots?", "cat", 0xCE9A50, 0x3A281C, 0xF0DEBC, "rosettes", 0.95),
    _kind("cheetah", r"cheetahs?", "cat", 0xD6A863, 0x2E221A, 0xF2E2C2, "spots", 0.95),
    _kind("Bengal tiger", r"tig(?:er|ress)s?", "cat", 0xD07C2E, 0x261A14, 0xF6E6CC, "stripes", 1.08),
    _kind("mountain lion", r"lioness(?:es)?|pumas?|cougars?|mountain lions?", "cat", 0xC49A60, 0x7A5836, 0xE8D2A8,
        None, 1.02),
    _kind("African lion", r"lions?", "lion", 0xC69A5E, 0x6E4224, 0xE8CC9C, None, 1.05),
    _kind("Eurasian lynx", r"lynx(?:es)?|bobcats?|wildcats?", "lynx", 0xBA9C7A, 0x5A4636, 0xECE2D2, "spots", 0.85),
    _kind("African elephant", r"elephants?", "elephant", 0x857C76, 0x544E4C, 0xA0968E, None, 1.25, 0x6A4A2A),
    _kind("reindeer", r"reindeer|caribou|moose|elks?", "deer", 0x7E6650, 0x4A3A30, 0xC8B8A4, None, 1.12, 0x2A1E18),
    _kind("springbok", r"antelopes?|gazelles?|impalas?|springboks?|does?", "doe", 0xB88450, 0x6A4830, 0xEEDCC0, None,
        0.95,
          0x2A1E18),
    _kind("red deer", r"(?:red |white-tailed )?deer|stags?", "deer", 0x94663F, 0x543826, 0xD6BC9C, None, 1.05,
        0x2A1E18),
    _kind("plains zebra", r"zebras?", "horse", 0xEAE6DE, 0x221E1C, 0xF4F2EE, "stripes", 1.05, 0x2A1E18),
    _kind("wild horse", r"(?:wild )?horses?|mustangs?|stallions?", "horse", 0x7A4A2E, 0x281C18, 0x9A6A48, None, 1.08,
        0x2A1E18),
    _kind("American bison", r"bisons?|buffalo(?:es)?|musk ox(?:en)?|yaks?|wildebeests?", "bison", 0x6C4A32, 0x34241C,
        0x866042, None,
          1.12, 0x2A1E18),
    _kind("wild boar", r"(?:wild )?boars?|warthogs?", "boar", 0x5C4C42, 0x302824, 0x8A766A, None, 0.82, 0x2A1E18),
    _kind("snowshoe hare", r"(?:snowshoe |mountain |arctic )?hares?|rabbits?", "hare", 0xA88C6C, 0x624E3C, 0xE4D6C2,
        None, 0.62,
          0x5A3A1E),
    _kind("field vole", r"mouse|mice|voles?|lemmings?|marmots?|squirrels?|meerkats?", "hare", 0x94785A, 0x564434,
        0xD8C8B0,
          "mouse", 0.5, 0x201814),
    _kind("sea otter", r"(?:sea |river )?otters?|beavers?|minks?|martens?|weasels?|badgers?", "otter", 0x6A4E3A,
        0x3C2C22,
          0xB89C80, None, 0.75, 0x2A1E18),
    _kind("bald eagle", r"bald eagles?", "eagle", 0x4E382A, 0x2A1E18, 0x6A4E3A, None, 0.9, 0xE4C24A),
    _kind("golden eagle", r"(?:golden |sea |fish )?eagles?|hawks?|falcons?|kites?|ospreys?|buzzards?", "hawk",
        0x7A5636, 0x3E2A1E,
          0xC09A6A, None, 0.88, 0xD89A34),
    _kind("common raven", r"(?:common )?ravens?|crows?|magpies?", "raven", 0x2A2A30, 0x18181C, 0x44444E, None, 0.66,
        0x2A2018),
    _kind("griffon vulture", r"(?:griffon )?vultures?|condors?", "vulture", 0x3E3632, 0x201C1A, 0x6A5E56, None, 0.88,
        0x8A5A34),
    _kind("snowy owl", r"snowy owls?", "owl", 0xECE8E0, 0x8A8278, 0xF8F6F2, None, 0.75, 0xECB22C),
    _kind("tawny owl", r"(?:great (?:gr[ae]y|horned) |barn |tawny )?owls?", "owl", 0x94785C, 0x4A3A2E, 0xDCCAB0,
        None, 0.75, 0xECB22C),
    _kind("greater flamingo", r"flamingo(?:e?s)?", "flamingo", 0xEE9AA4, 0xD2606E, 0xF8C4C8, None, 1.0, 0xE8C23E),
    _kind("common crane", r"cranes?|herons?|egrets?|storks?", "crane", 0xB2B4B4, 0x4E5458, 0xE4E4E0, None, 1.0,
        0xD23C2E),
    _kind("emperor penguin", r"(?:emperor |king |adelie )?penguins?", "penguin", 0x3A4048, 0x262A32, 0xF4F2EC, None,
        0.85, 0x4A2E20),
    _kind("Atlantic puffin", r"puffins?", "puffin", 0x2E2C30, 0x1E1C20, 0xF2F0EC, None, 0.62, 0x4A3A34),
    _kind("herring gull", r"(?:herring )?gulls?|seagulls?|albatross(?:es)?|terns?|gannets?", "gull", 0xDCDEDE,
        0x7A828A, 0xFAFAF8,
        None, 0.8,
          0xE4C24A),
    _kind("ruby hummingbird", r"(?:ruby )?hummingbirds?", "hummingbird", 0x2E8A62, 0x1C4A46, 0xD6E4DA, None, 0.66,
        0x201814),
    _kind("European robin", r"songbirds?|robins?|finch(?:es)?|sparrows?|swallows?|kingfishers?|birds?", "song",
        0x7A6A5C, 0x3E342E,
          0xD68A56, None, 0.6, 0x201814),
    _kind("humpback whale", r"(?:humpback |blue |gr[ae]y |sperm )?whales?", "whale", 0x3E4C5C, 0x222C38, 0xC2CCD0,
        None, 1.3),
    _kind("orca", r"orcas?|killer whales?", "orca", 0x1C2026, 0x101216, 0xF2F2F0, None, 1.2),
    _kind("bottlenose dolphin", r"dolphins?|porpoises?|narwhals?|belugas?", "dolphin", 0x6E8090, 0x3E4C5A, 0xD0D8DA,
        None, 1.0),
    _kind("white shark", r"(?:great white |tiger |hammerhead |reef )?sharks?", "shark", 0x66727C, 0x3A444C, 0xDEE2E2,
        None, 1.12),
    _kind("leopard seal", r"(?:leopard |harp )?seals?|sea lions?|walrus(?:es)?", "seal", 0x77706A, 0x423C3A,
        0xB8AEA2, None, 0.95),
    _kind("clownfish", r"clownfish|reef fish|angelfish|tropical fish", "reef", 0xE6742A, 0x7A2E16, 0xF29A4A, None,
        0.66),
    _kind("sockeye salmon", r"salmon|trouts?|herrings?|tunas?|sardines?|cod|fish(?:es)?|krill", "fish", 0xB06E62,
        0x5A4A4E, 0xE0D6CC,
          None, 0.72, 0xE0C060),
    _kind("green turtle", r"(?:sea |green |leatherback )?turtles?|tortoises?|hatchlings?", "turtle", 0x6E6A3E,
        0x3A3A24, 0xB4AE7C,
          None, 0.9, 0x2A2418),
    _kind("common octopus", r"octopus(?:es)?|squids?|cuttlefish", "octopus", 0xB4553E, 0x6A2C26, 0xE4A88A, None, 0.9,
        0xE0B24A),
    _kind("Nile crocodile", r"crocodiles?|alligators?|caimans?|lizards?|iguanas?|komodo dragons?", "crocodile",
        0x66704A, 0x3A4230,
          0xB6B488, None, 1.05, 0xD8B23C),
    _kind("tree frog", r"frogs?|toads?", "frog", 0x5E8A3A, 0x2E4A22, 0xD2D89A, None, 0.62, 0xDCA034),
    _kind("honeybee", r"(?:honey ?|bumble ?)?bees?|wasps?|hornets?|flies|beetles?|ants?", "bee", 0xD69A2E, 0x2E241C,
        0xF0CE7A,
          None, 0.7),
    _kind("monarch butterfly", r"(?:monarch )?butterfl(?:y|ies)|monarchs?|moths?", "butterfly", 0xE07A1E, 0x241A16,
        0xF6C27A,
          None, 0.72),
    _kind("emperor dragonfly", r"dragonfl(?:y|ies)|damselfl(?:y|ies)", "dragonfly", 0x2E8AA0, 0x16384A, 0x8ED0D0,
        None, 0.75),
)  # fmt: skip

SWIMMERS = frozenset(FINS) | {"octopus"}
FLIERS = frozenset(PLUMAGES) | {"bee", "butterfly", "dragonfly"}


def find_creatures(text: str) -> list[Creature]:
    """The animals that `text` (small letters) names, in the order of their first mention; of two names that overlap
    the longer one counts, so that a leopard seal is no leopard."""
    matches = [(creature, match.span()) for creature in CREATURES if (match := creature.matches(text))]
    matches.sort(key=lambda found: (found[1][0], found[1][0] - found[1][1]))
    kept: list[tuple[Creature, tuple[int, int]]] = []
    for creature, span in matches:
        if not any(span[0] < end and start < span[1] for _, (start, end) in kept):
            kept.append((creature, span))
    return [creature for creature, _ in kept]


def face_height(creature: Creature) -> float:
    """How high the middle of a standing animal's head is, in body units."""
    if creature.body in BUILDS:
        build = BUILDS[creature.body]
        return build.shoulder + build.neck * 0.8 + 0.1
    if creature.body in PLUMAGES:
        plumage = PLUMAGES[creature.body]
        return 1.0 if plumage.upright or plumage.face == "owl" else plumage.legs + 0.78 + plumage.neck
    return 0.65 if creature.body in FINS else 0.5


@functools.lru_cache(maxsize=512)
def extent(creature: Creature, pose: str, head: str) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the animal in that pose, in body units, found by drawing it very small."""
    probe = Sketch((2, 2), 1.0, (0.0, 0.0))
    draw_creature(probe, creature, creature.palette, pose, head)
    return probe.bounds()


def draw_creature(sketch: Sketch, creature: Creature, palette: Palette, pose: str, head: str) -> Coat:
    """Puts the animal on the sketch; returns what its surface is like."""
    if creature.body in BUILDS:
        build = BUILDS[creature.body]
        if creature.coat:
            build = replace(build, coat=creature.coat)
        if creature.coat == "mouse":
            build = replace(build, ear="round", ear_size=0.2, tail="long", coat="plain")
        Quadruped(sketch, build, palette, pose, head).draw()
        return Coat(fur=build.fur)
    if creature.body in PLUMAGES:
        Bird(sketch, PLUMAGES[creature.body], palette, pose, head).draw()
        return Coat(fur=0.32)
    if creature.body in FINS:
        Swimmer(sketch, FINS[creature.body], palette, pose, head).draw()
        return Coat(fur=0.0, gloss=0.5)
    SMALL[creature.body](sketch, palette, pose, head)
    return Coat(fur=0.1, gloss=0.25)
