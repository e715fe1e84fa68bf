"""A full-size plan that obeys every rule of the craft, as the planning model would hand it over."""

import copy
from typing import Any

CLIPS, IMAGES = 18, 22

ATMOSPHERE = (
    "Early morning, cold drizzle and low river fog, soft overcast light, 200 mm lens with shallow depth of field, wet "
    "fur and black stones, muted green and slate with one warm brown."
)

#: id, kind, subject, species, role, core, prompt
_IMAGES: list[tuple[str, str, str, str | None, str | None, bool, str]] = [
    ("sow_core", "character", "the sow", "grizzly bear (Ursus arctos horribilis)", "protagonist", True,
     "A grizzly sow with dark brown fur, a pale muzzle and a torn ear stands in profile, head low."),
    ("sow_wading", "character", "the sow", "grizzly bear (Ursus arctos horribilis)", "protagonist", False,
     "The bear stands chest deep in grey water, shoulders tense, looking upstream."),
    ("sow_alert", "character", "the sow", "grizzly bear (Ursus arctos horribilis)", "protagonist", False,
     "The bear upright on her hind legs, nose raised, forelegs hanging."),
    ("sow_lying", "character", "the sow", "grizzly bear (Ursus arctos horribilis)", "protagonist", False,
     "The bear lies on wet gravel, chin on her forelegs, eyes open."),
    ("sow_fishing", "character", "the sow", "grizzly bear (Ursus arctos horribilis)", "protagonist", False,
     "The bear stands over a shallow riffle, one paw lifted, eyes on the water."),
    ("boar_core", "character", "the boar", "Kodiak bear (Ursus arctos middendorffi)", "antagonist", True,
     "A huge boar with black fur and a scarred brow stands square to the lens, head level with his shoulders."),
    ("boar_threat", "character", "the boar", "Kodiak bear (Ursus arctos middendorffi)", "antagonist", False,
     "The bear with his jaws open and ears flat, neck stretched forward over the water."),
    ("boar_leaving", "character", "the boar", "Kodiak bear (Ursus arctos middendorffi)", "antagonist", False,
     "The bear seen from behind on a gravel bar, walking into fog."),
    ("salmon_core", "character", "the salmon", "sockeye salmon (Oncorhynchus nerka)", "background", True,
     "A red sockeye salmon with a green head and a hooked jaw holds still in clear shallow water."),
    ("raven_core", "character", "the raven", "common raven (Corvus corax)", "background", True,
     "A common raven sits hunched on a bleached root, feathers wet, beak closed."),
    ("river_bend", "environment", "the bend", None, None, False, "A wide river bend of grey water between spruces."),
    ("river_riffle", "environment", "the riffle", None, None, False, "A shallow riffle over black stones and foam."),
    ("gravel_bar", "environment", "the gravel bar", None, None, False, "A long empty gravel bar with drift logs."),
    ("falls", "environment", "the falls", None, None, False, "A low waterfall across the whole river, white water."),
    ("spruce_edge", "environment", "the forest edge", None, None, False, "A dark spruce edge above a cut bank."),
    ("valley", "environment", "the valley", None, None, False, "A glacial valley seen from above, the river silver."),
    ("pool", "environment", "the pool", None, None, False, "A still green pool under an undercut bank."),
    ("estuary", "environment", "the estuary", None, None, False, "A tidal flat at the mouth of the river, reeds."),
    ("paw_print", "prop", "paw print", None, None, False, "Macro of one deep paw print in mud, filled with water."),
    ("scales", "prop", "fish scales", None, None, False, "Macro of silver fish scales on a wet black stone."),
    ("claw_marks", "prop", "claw marks", None, None, False, "Macro of four fresh claw marks in spruce bark, resin."),
    ("feather", "prop", "feather", None, None, False, "Macro of a black feather caught in foam between stones."),
]  # fmt: skip

#: type, images, scale, motion (without the camera), narration
_CLIPS: list[tuple[str, tuple[str, ...], float, str, str]] = [
    ("full", ("valley",), 1.0, "Fog rolls down the valley and parts over the river.",
     "The river carries the last food before winter comes down."),
    ("cutout", ("sow_core", "spruce_edge"), 0.5, "The bear lowers her head and her nostrils open.",
     "A grizzly sow follows the smell of salmon upstream."),
    ("full", ("paw_print",), 1.0, "Water fills the print and its edge crumbles inward.",
     "Her tracks are shallow after a summer without enough meat."),
    ("full", ("river_bend",), 1.0, "Rain dots the water and rings spread toward the bank.",
     "She needs eighty pounds of fat before the first snow."),
    ("cutout", ("salmon_core", "pool"), 0.3, "The salmon beats its tail and holds its place in the current.",
     "The sockeye have stopped eating and swim on stored strength."),
    ("cutout", ("sow_wading", "falls"), 0.6, "The bear leans into the water and her fur streams sideways.",
     "The best place to fish is below the low falls."),
    ("full", ("claw_marks",), 1.0, "A drop of resin swells and runs down the bark.",
     "Fresh claw marks say that the place has an owner."),
    ("cutout", ("boar_core", "falls"), 0.8, "The boar turns his head and his breath rises white.",
     "A Kodiak boar twice her weight holds the falls."),
    ("split", ("sow_alert", "boar_threat"), 1.0, "Both bears hold still while water runs from their fur.",
     "Two bears measure each other across thirty feet of water."),
    ("cutout", ("raven_core", "gravel_bar"), 0.3, "The raven shakes its wings and water flies off the feathers.",
     "A raven waits for whatever the larger animals will leave."),
    ("full", ("boar_threat",), 1.0, "The boar snaps his jaws and spray jumps from the river.",
     "He answers her approach with his jaws wide open."),
    ("full", ("feather",), 1.0, "The feather turns in the foam and slips between the stones.",
     "A fight here would cost her more than hunger does."),
    ("full", ("sow_lying",), 1.0, "The bear breathes out slowly and the gravel darkens under her chin.",
     "She lies down and lets the falls go to him."),
    ("full", ("river_riffle",), 1.0, "Shallow water folds over the stones and foam slides away.",
     "Downstream the river spreads thin over a bed of stones."),
    ("cutout", ("sow_fishing", "river_riffle"), 0.6, "The bear strikes with one paw and water bursts upward.",
     "Tired fish drift back through water too shallow to hide."),
    ("full", ("scales",), 1.0, "Rain washes the scales toward the edge of the stone.",
     "She eats the skin and brain and leaves the rest."),
    ("full", ("boar_leaving",), 1.0, "The boar walks away and the fog closes behind his back.",
     "The boar leaves the falls when the run grows thin."),
    ("full", ("estuary",), 1.0, "Reeds bend in the rain and the tide creeps over the mud.",
     "Her patience has bought the weight that carries her through winter."),
]  # fmt: skip

_SOUND = (
    "Continuous river ambience with cold rain on water and stones, steady wind in tall spruces, low rumble of distant "
    "rapids, {detail} close by, soft drips from wet branches, subtle nature documentary sound effect"
)
_DETAILS = (
    "slow foam", "heavy paws", "trickling mud", "wide ripples", "one swimming fish", "wading steps", "creaking bark",
    "deep breathing", "two animals breathing", "wet feathers", "snapping jaws", "swirling foam", "calm breathing",
    "shallow water", "splashing paws", "dripping stone", "crunching gravel", "bending reeds",
)  # fmt: skip


def good_plan() -> dict[str, Any]:
    """The parsed JSON of a plan of CLIPS clips and IMAGES images; a new copy each time."""
    names = ("id", "kind", "subject", "species", "role", "core", "prompt")
    return copy.deepcopy({
        "version": 1, "title": "The Price of the Falls",
        "logline": "A hungry sow gives up the best fishing place to live.",
        "description": "A grizzly sow meets a larger boar at the falls, days before winter.",
        "tags": ["grizzly bear", "salmon", "wildlife"],
        "research": ["Grizzlies put on fat before denning.", "Larger males hold the best fishing places."],
        "arc": {
            "want": "The sow must eat before winter.", "obstacle": "A larger boar holds the falls.",
            "escalation": "He threatens her and the run grows thin.",
            "turn": "She gives way and loses the best water.", "resolution": "She fishes downstream and survives.",
        },
        "atmosphere": ATMOSPHERE,
        "images": [dict(zip(names, row, strict=True)) for row in _IMAGES],
        "clips": [
            {
                "number": number, "beat": f"moment {number}",
                "picture": {"type": kind, "images": list(images), "scale": scale},
                "motion": f"{motion} Slow push in.", "negative": "blur, distort, low quality",
                "narration": narration, "sound": _SOUND.format(detail=detail),
            }
            for number, ((kind, images, scale, motion, narration), detail) in enumerate(
                zip(_CLIPS, _DETAILS, strict=True), start=1
            )
        ],
    })  # fmt: skip
