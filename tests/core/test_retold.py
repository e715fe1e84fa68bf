"""A story that the channel told before is noticed by the words that carry it, and by its species."""

import pytest

from tests.core.plans import good_plan
from videod.core.plan import parse
from videod.core.retold import likest, share, story_of

BEFORE = (
    {"title": "The Flood", "species": "brown bear (Ursus arctos)",
     "story": "A mother bear must cross a river in flood before the snow comes, or go into the winter empty.",
     "turn": "She could wait for the water to fall; she steps in while the salmon are still there."},
    {"title": "Night Watch", "species": "tawny owl (Strix aluco)",
     "story": "An owl that has gone deaf in one ear hunts by what its mate hears.",
     "turn": "It leaves the branch on a call that may be a warning."},
)  # fmt: skip


@pytest.mark.parametrize(
    ("species", "story", "turn", "title"),
    [
        ("brown bear", "A bear with cubs has to cross a flooded river before winter snow, or starve in her den.",
         "She steps into the water while there are salmon.", "The Flood"),
        ("grizzly", "A mother bear must cross a river in flood before the snow comes.",
         "She could wait for the water to fall; she steps in.", "The Flood"),
        ("brown bear", "A young male learns which of the berries on the ridge are worth a day's climb.",
         "He leaves the ridge to the older one.", ""),
        ("tawny owl", "A chick jumps from the nest a week too early.", "It climbs the trunk instead of waiting.", ""),
        ("humpback whale", "A whale must choose between the season and a calf that tires.", "She stops.", ""),
    ],
)  # fmt: skip
def test_a_story_told_again_is_reported_by_its_title(species: str, story: str, turn: str, title: str) -> None:
    found = likest({"species": species, "story": story, "turn": turn}, BEFORE)
    assert (found.title if found else "") == title


def test_the_share_counts_words_that_carry_and_no_others() -> None:
    assert share("The bear hunts salmon.", "A bear that is hunting salmon") == 1.0
    assert share("with them from that", "with them from that") == 0.0
    assert share("", "") == 0.0


def test_of_a_plan_its_species_its_story_and_its_turn_are_kept() -> None:
    document = good_plan()
    document["logline"] = "A sow\nwaits. " + "x" * 900
    kept = story_of(parse(document))
    assert kept["species"] and kept["turn"] == document["arc"]["turn"]
    assert kept["story"].startswith("A sow waits.") and len(kept["story"]) == 300
