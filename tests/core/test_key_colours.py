"""The color that a figure is drawn before is one that it does not have."""

import pytest

from scripts.lib import figure_check
from videod.core.key_colours import GROUNDS, chosen, group


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (("Polar bear", "a white bear"), ""),
        (("Tree frog", "a frog on a leaf"), "green"),
        (("Emerald", "Emerald tree boa", "coiled, bright green"), "green"),
        (("Flamingo", "pink flamingo"), "magenta"),
        (("Morpho", "blue morpho butterfly"), "blue"),
        (("Kingfisher", "common kingfisher, blue back, orange breast"), "blue"),
    ],
)
def test_an_animal_is_not_drawn_before_its_own_color(words: tuple[str, ...], never: str) -> None:
    hue = chosen(None, *words)
    assert hue in GROUNDS and hue != never


def test_pictures_are_checked_for_the_color_that_was_ordered() -> None:
    assert {hue: f"(#{red:02X}{green:02X}{blue:02X})" for hue, (red, green, blue) in figure_check.GROUNDS.items()} == {
        hue: words.split()[-1] for hue, words in GROUNDS.items()
    }


def test_a_white_animal_is_drawn_before_green_and_the_planner_is_followed() -> None:
    assert chosen(None, "Arctic hare", "a white hare in profile") == "green"
    assert chosen("magenta", "Arctic hare") == "magenta"


def test_several_animals_are_known_by_their_words() -> None:
    assert group("The pack", "a pack of wolves") and group("Lioness", "with her cubs")
    assert not group("Grey wolf", "standing in profile")
