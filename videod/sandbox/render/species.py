"""What the simulated service's planner knows of animals and places, so that a plan names real species, food and
rivals."""

from dataclasses import dataclass

from videod.sandbox.render.creatures import CREATURES, FLIERS, SWIMMERS, Creature, find_creatures


@dataclass(frozen=True)
class Terrain:
    """A kind of place. `views` are pictures without animals; `bed` is its sound; `stirs` what moves there
    automatically."""

    place: str
    ground: str
    hardship: str
    mover: str
    beyond: str
    views: tuple[str, ...]
    bed: str
    stirs: str
    props: tuple[str, ...]
    other: str


@dataclass(frozen=True)
class Animal:
    """One species as a story needs it. `way` is walker, swimmer or flier; `food` at most two words."""

    name: str
    terrain: str
    way: str
    food: str
    rival: str
    facts: tuple[str, ...]
    place: str = ""


TERRAINS = {
    "river": Terrain(
        "the salmon river", "the shallows", "the cold", "current", "Beyond the bend",
        ("A wide mountain river winding between spruce banks", "A shallow riffle over pale river stones",
         "A still river pool under the far bank", "A gravel bar in the middle of the river",
         "The river bend below a dark line of spruce", "White river rapids between wet boulders",
         "The riverbank with bent grass and driftwood", "A narrow side stream entering the river"),
        "cold river ambience with rushing water over stones and light wind in the spruces",
        "The river slides on behind and thin mist drifts over it.",
        ("wet river stones in the shallows", "a fallen leaf with droplets beside the river",
            "paw prints in the river mud",
         "red berries on a bank by the river"), "common raven"),
    "forest": Terrain(
        "the old forest", "the moss", "the cold", "wind", "Beyond the clearing",
        ("A quiet forest clearing between tall spruces", "A narrow game trail through dense forest",
         "A fallen trunk across the forest floor", "The forest edge facing open ground",
         "Rows of straight spruce trunks in the forest", "A forest hollow filled with ferns",
         "Forest covering a low ridge", "A forest glade with deep shade"),
        "forest ambience with steady wind in the pines and soft distant birdsong",
        "Branches sway slightly behind and needles drift down.",
        ("paw prints in soft forest earth", "a feather on the forest moss", "a nest in the forest branches",
         "ripe berries in the forest"), "tawny owl"),
    "tundra": Terrain(
        "the white tundra", "the snow", "the cold", "wind", "Beyond the drifts",
        ("A wide frozen tundra under a low sky", "Long snow drifts across the tundra",
            "A line of dark stones on the tundra",
         "A shallow valley of the snowbound tundra", "A wind carved snowfield on the tundra",
         "The tundra with far white hills", "A bare tundra ridge above the plain",
             "A snow bank sheltering from the wind on the tundra"),
        "tundra ambience with low wind over frozen snow and faint drifting ice grains",
        "Loose snow slides along the ground behind.",
        ("paw prints in fresh snow", "a white feather on the snow", "icicles under a snow ledge",
            "old bones in the snow"),
        "snowy owl"),
    "ice": Terrain(
        "the sea ice", "the ice", "the cold", "wind", "Beyond the floes",
        ("Broken sea ice reaching to the horizon", "An ice edge above dark water",
            "Blue blocks of sea ice leaning together",
         "A lead of open water between ice floes", "A flat ice floe under a pale sky",
         "Icebergs standing behind the pack ice", "Wind polished pack ice in low light",
             "Many small ice floes close together"),
        "polar ambience with low wind over sea ice and slow water lapping below",
        "Thin spindrift crosses the ice behind.",
        ("icicles along an ice edge", "tracks across the pack ice", "a feather frozen to the ice",
            "a broken shell on the ice"),
        "herring gull"),
    "mountain": Terrain(
        "the high ridge", "the scree", "the cold", "wind", "Beyond the pass",
        ("Sharp mountain peaks above a barren slope", "A steep mountain ledge over a deep valley",
         "A scree field below the mountain ridge", "A saddle between two mountain summits",
         "A sheltered mountain hollow among boulders", "A mountain slope streaked with old snow",
         "A narrow mountain pass in low light", "The last grass below the mountain crags"),
        "high mountain ambience with strong steady wind over rock and faint falling pebbles",
        "Cloud shadow slides over the slope behind.",
        ("tracks in mountain snow", "a feather caught on a mountain rock", "loose stones on a mountain ledge",
         "bleached bones on the mountain"), "griffon vulture"),
    "savanna": Terrain(
        "the dry savanna", "the grass", "the heat", "wind", "Beyond the acacias",
        ("A wide savanna with lone acacia trees", "Tall golden savanna grass in low light",
         "A cracked savanna waterhole with little water left", "A dusty savanna trail between thorn bushes",
         "The savanna plain under a heavy sky", "A savanna termite mound beside bent grass",
         "A dry savanna riverbed with pale sand", "A rocky rise above the savanna"),
        "savanna ambience with warm wind in dry grass and a steady chorus of insects",
        "The grass bends in waves behind.",
        ("tracks in savanna dust", "a feather in the savanna grass", "bleached bones on the savanna",
            "stones at the savanna waterhole"),
        "griffon vulture"),
    "jungle": Terrain(
        "the deep jungle", "the leaves", "the heat", "rain", "Beyond the vines",
        ("A dim jungle path between broad leaves", "A jungle clearing with shafts of light",
         "A jungle floor under hanging roots", "Giant jungle trunks wrapped in vines",
         "The jungle canopy seen from the floor", "A jungle thicket of wet ferns",
         "A fallen jungle tree covered by moss", "A muddy jungle bank beside water"),
        "jungle ambience with dense insects and soft rain dripping through broad leaves",
        "Wet leaves nod slowly behind.",
        ("a broad jungle leaf with rain droplets", "paw prints in jungle mud", "a jungle flower in shade",
            "ripe jungle fruit"),
        "European robin"),
    "meadow": Terrain(
        "the summer meadow", "the flowers", "the dark", "wind", "Beyond the hedge",
        ("A rolling meadow full of wild flowers", "The meadow edge below round trees",
            "A grassy meadow hollow in low light",
         "A meadow slope with bending stems", "An open meadow under tall clouds", "A meadow path between thistles",
         "A shaded corner of the meadow", "The far end of the meadow by the hills"),
        "meadow ambience with humming insects and gentle wind through tall grass",
        "Stems and petals tremble behind.",
        ("a purple flower in the meadow", "a meadow leaf with dew", "a feather in the meadow grass",
            "a nest hidden in the meadow"),
        "European robin"),
    "wetland": Terrain(
        "the wide marsh", "the reeds", "the cold", "wind", "Beyond the reeds",
        ("A calm marsh with standing reeds", "An open wetland channel between reeds",
            "A muddy wetland bank in low light",
         "A wetland pool mirroring the sky", "The far side of the wetland", "Bent reeds along a wetland path",
         "A shallow wetland lagoon", "A wetland island of old grass"),
        "wetland ambience with lapping water and soft wind moving through tall reeds",
        "Rings spread over the water behind.",
        ("a feather on wetland water", "a nest among wetland reeds", "tracks in wetland mud",
            "a lily flower in the wetland"),
        "emperor dragonfly"),
    "coast": Terrain(
        "the kelp coast", "the swell", "the cold", "tide", "Beyond the rocks",
        ("A rocky coast with slow surf", "Weed covered rocks along the shore", "A sheltered cove on the coast",
         "A shingle beach below the cliffs", "Tide pools along the coast", "The coast under a low sky",
         "A tall rock off the shore", "Foam lines on the open coast"),
        "coastal ambience with slow ocean surf on rocks and steady sea wind",
        "Surf rises and falls behind.",
        ("an open shell on the shore", "wet stones on the beach", "a feather at the tide line",
            "tracks on the beach"), "herring gull"),
    "ocean": Terrain(
        "the open sea", "the swell", "the cold", "tide", "Beyond the shelf",
        ("The open sea under a wide sky", "Long swells rolling over the ocean", "A calm patch on the open sea",
         "Wind lines across the ocean surface", "The ocean horizon in low light",
             "A steep wave lifting on the open sea",
         "Light breaking on the ocean", "The sea below heavy clouds"),
        "open ocean ambience with long rolling swell and steady wind over the surface",
        "The swell lifts and sinks behind.",
        ("a feather on the sea", "a drifting shell in the waves", "a leaf with droplets drifting on the sea",
         "a stone shore seen from the sea"), "herring gull"),
    "underwater": Terrain(
        "the blue reef", "the water", "the dark", "current", "Beyond the reef",
        ("An underwater reef with shafts of light", "An underwater kelp garden in blue light",
         "A sandy underwater slope below the reef", "An underwater canyon of dark rock",
         "The underwater edge where the reef falls away", "A shaded underwater cave mouth",
         "Open underwater blue above the seabed", "An underwater meadow of swaying weed"),
        "underwater ambience with deep slow ocean current and faint bubbling movement",
        "Kelp sways and light ripples behind.",
        ("an empty shell on the underwater seabed", "stones on the underwater sand", "a kelp frond underwater",
         "a sea flower on the underwater reef"), "clownfish"),
}  # fmt: skip

KNOWN = {
    animal.name: animal
    for animal in (
        Animal("brown bear", "river", "walker", "salmon", "grey wolf", (
            "Brown bears gather at salmon rivers in late summer.",
                "A bear may eat thirty kilograms of fish in one day.",
            "Fat stored in autumn must last through the winter den.")),
        Animal("polar bear", "ice", "walker", "ringed seals", "arctic wolf", (
            "Polar bears hunt seals from the edge of the sea ice.",
                "They can smell a breathing hole from a kilometre away.",
            "Thin ice forces them to swim further every year.")),
        Animal("grey wolf", "forest", "walker", "red deer", "brown bear", (
            "A grey wolf can travel fifty kilometres in one night.", "Most hunts of a wolf end without a kill.",
            "Bears often claim what wolves have brought down.")),
        Animal("arctic wolf", "tundra", "walker", "arctic hares", "polar bear", (
            "Arctic wolves hunt through months without daylight.", "Most of their hunts end without a kill.",
            "They follow herds for days to find the weakest.")),
        Animal("arctic fox", "tundra", "walker", "lemmings", "snowy owl", (
            "Arctic foxes hear lemmings moving under deep snow.", "Their winter coat is the warmest of any mammal.",
            "Snowy owls hunt the same lemmings.")),
        Animal("red fox", "meadow", "walker", "field voles", "golden eagle", (
            "Red foxes listen for voles before they pounce.", "A vixen feeds her cubs alone for the first weeks.",
            "Golden eagles take young foxes.")),
        Animal("snow leopard", "mountain", "walker", "blue sheep", "grey wolf", (
            "Snow leopards live above three thousand metres.", "A long tail balances them on broken rock.",
            "Wolves compete with them for wild sheep.")),
        Animal("Bengal tiger", "jungle", "walker", "wild boar", "African leopard", (
            "Tigers hunt alone and mostly at dusk.", "Only one hunt in ten succeeds.",
                "Tigers tolerate no leopard near a kill.")),
        Animal("African lion", "savanna", "walker", "zebra herds", "spotted hyena", (
            "Lions rest for most of the day.", "A male must defend his range without pause.",
            "Hyenas gather wherever lions feed.")),
        Animal("cheetah", "savanna", "walker", "gazelles", "African lion", (
            "A cheetah reaches a hundred kilometres an hour.", "It must rest after every sprint.",
                "Lions steal many of its kills.")),
        Animal("African elephant", "savanna", "walker", "fresh water", "African lion", (
            "Elephants remember waterholes for decades.", "An adult drinks a hundred litres a day.",
            "Lions follow herds in years of drought.")),
        Animal("red deer", "forest", "walker", "autumn grass", "grey wolf", (
            "Red deer stags lose a fifth of their weight in the rut.", "A roar carries several kilometres.",
            "Wolves watch for the weakest stag.")),
        Animal("American bison", "meadow", "walker", "buried grass", "grey wolf", (
            "Bison clear snow with their heads to reach grass.", "A herd faces wolves instead of fleeing.",
            "Winter coats let snow lie on their backs unmelted.")),
        Animal("snowshoe hare", "forest", "walker", "young bark", "Eurasian lynx", (
            "Snowshoe hares change colour with the season.", "Lynx numbers rise and fall with the hares.",
            "Broad hind feet carry them over soft snow.")),
        Animal("sea otter", "coast", "swimmer", "sea urchins", "orca", (
            "Sea otters wrap themselves in kelp to sleep.", "They eat a quarter of their weight every day.",
            "Their fur is the densest of any animal.")),
        Animal("bald eagle", "river", "flier", "salmon", "brown bear", (
            "Bald eagles gather where salmon run.", "An eagle sees a fish from more than a kilometre.",
            "Bears leave scraps that eagles fight for.")),
        Animal("golden eagle", "mountain", "flier", "marmots", "griffon vulture", (
            "Golden eagles hold territories of a hundred square kilometres.", "They use rising air to save strength.",
            "Vultures gather at every carcass.")),
        Animal("snowy owl", "tundra", "flier", "lemmings", "arctic fox", (
            "Snowy owls hunt by day in the Arctic summer.", "Their broods follow the lemming years.",
            "Foxes raid nests on open ground.")),
        Animal("greater flamingo", "wetland", "flier", "brine shrimp", "golden eagle", (
            "Flamingos filter food with their heads upside down.", "Their colour comes from what they eat.",
            "Eagles test the edge of every colony.")),
        Animal("common crane", "wetland", "flier", "small frogs", "red fox", (
            "Cranes sleep standing in shallow water.", "Pairs stay together for many years.",
                "Foxes hunt along the reeds at night.")),
        Animal("emperor penguin", "ice", "walker", "silver fish", "leopard seal", (
            "Emperor penguins breed in the polar winter.", "They dive deeper than five hundred metres.",
            "Leopard seals wait below the ice edge.")),
        Animal("humpback whale", "underwater", "swimmer", "small krill", "orca", (
            "Humpback whales migrate eight thousand kilometers.", "They herd prey with curtains of bubbles.",
            "Orcas test calves on their way north.")),
        Animal("orca", "ocean", "swimmer", "harbour seals", "humpback whale", (
            "Orcas hunt in families led by the oldest female.", "Every family has calls of its own.",
            "Humpback whales sometimes drive orcas away.")),
        Animal("white shark", "underwater", "swimmer", "reef fish", "bottlenose dolphin", (
            "White sharks sense a heartbeat through the water.", "They must keep moving to breathe.",
            "Dolphins mob a shark that comes too close.")),
        Animal("sockeye salmon", "river", "swimmer", "quiet gravel", "brown bear", (
            "Salmon return to the stream of their birth.", "They stop eating when they enter the river.",
            "Bears and eagles wait at every fall.")),
        Animal("green turtle", "underwater", "swimmer", "sea grass", "white shark", (
            "Green turtles return to the beach where they hatched.", "They hold their breath for hours at rest.",
            "Tiger sharks patrol the same shallows.")),
        Animal("common octopus", "underwater", "swimmer", "shore crabs", "white shark", (
            "An octopus changes colour in less than a second.", "Each arm tastes what it touches.",
                "Reef sharks hunt over the same rocks.")),
        Animal("honeybee", "meadow", "flier", "warm nectar", "European robin", (
            "A honeybee visits a thousand flowers in a day.", "A dance tells the hive where to fly.",
            "Birds wait near the busiest flowers.")),
        Animal("monarch butterfly", "meadow", "flier", "milkweed nectar", "European robin", (
            "Monarch butterflies cross a continent.", "They carry a poison from the milkweed.",
                "Cold nights keep them from flying.")),
    )
}  # fmt: skip

#: Where a body plan lives when the species has no entry of its own, and who might stand against it there.
_LANDS = {"crocodile": "wetland", "frog": "wetland", "dragonfly": "wetland", "otter": "river", "seal": "ice",
    "reef": "underwater"}  # fmt: skip
_RIVALS = {
    "river": "brown bear", "forest": "grey wolf", "tundra": "grey wolf", "ice": "polar bear",
        "mountain": "golden eagle",
    "savanna": "African lion", "jungle": "Bengal tiger", "meadow": "red fox", "wetland": "Nile crocodile",
    "coast": "leopard seal", "ocean": "orca", "underwater": "white shark",
}  # fmt: skip


def _made_up(creature: Creature) -> Animal:
    """An entry for a species that the table does not hold, from its body plan alone."""
    way = "swimmer" if creature.body in SWIMMERS else "flier" if creature.body in FLIERS else "walker"
    default = {"swimmer": "underwater", "flier": "mountain", "walker": "forest"}[way]
    small = creature.body in ("bee", "butterfly", "song", "hummingbird", "hare")
    land = _LANDS.get(creature.body, "meadow" if small else default)
    rival = _RIVALS[land] if _RIVALS[land] != creature.name else ("golden eagle" if way != "swimmer" else "orca")
    name = creature.name
    facts = (f"The {name} is shaped by the place where it lives.",
        f"Food for the {name} comes and goes with the season.",
             f"The {rival} shares the range of the {name}.")  # fmt: skip
    return Animal(name, land, way, "scarce food", rival, facts)


def animal_of(creature: Creature) -> Animal:
    return KNOWN.get(creature.name) or _made_up(creature)


def cast(text: str, chance: int) -> tuple[Animal, Creature, Creature, Creature]:
    """Protagonist, and its kind, the antagonist's and the background species' kinds for an episode about `text`.

    A text that names no animal gets a stable choice by `chance`.
    """
    named = find_creatures(text.lower())
    by_name = {creature.name: creature for creature in CREATURES}
    if named:
        animal, hero = animal_of(named[0]), named[0]
    else:
        animal = list(KNOWN.values())[chance % len(KNOWN)]
        hero = by_name[animal.name]
    # what it eats is named in many topics, and is no rival
    rivals = [c for c in named[1:] if c.name != hero.name and not c.matches(animal.food.lower())]
    rival = rivals[0] if rivals else by_name[animal.rival]
    witnesses = (TERRAINS[animal.terrain].other, "common raven", "herring gull", "European robin")
    other = next(by_name[name] for name in witnesses if name not in (hero.name, rival.name))
    return animal, hero, rival, other
