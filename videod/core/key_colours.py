"""The color that a figure is drawn before, so that it can be cut out: one that the figure does not have.

By the planner where it says one (`PlannedImage.key`), else by the words of its order: an animal is taken to have the
colors that its name and its prompts name, and those that its kind is known for.
"""

import re

#: hue -> what the picture is ordered before; green first: cameras and painters know green screens best
GROUNDS = {
    "green": "plain even bright green background (#00B140)",
    "blue": "plain even bright blue background (#005AFF)",
    "magenta": "plain even bright magenta background (#E600DC)",
}
#: words of a figure that has the color, or one too close to it
_HAS = {
    "green": (
        r"green\w*|emerald|olive|lime|jade|moss\w*|leaf\w*|leaves|chartreuse|turquoise|teal|mantis\w*|iguana\w*"
        r"|chameleon\w*|frogs?|treefrogs?|toads?|parrots?|parakeets?|budgerigars?|macaws?|lorikeets?|kakapos?|keas?"
        r"|quetzals?|peacocks?|peafowls?|mallards?|hummingbirds?|bee-eaters?|turacos?|crocodiles?|alligators?|turtles?"
        r"|geckos?|anoles?|grasshoppers?|katydids?|beetles?|caterpillars?|pythons?|mambas?|boas?|vipers?|algae"
        r"|seaweed|kelp|grass\w*|fern\w*|cactus|cacti|plants?"
    ),
    "blue": (
        r"blue\w*|azure|indigo|cobalt|cyan|turquoise|teal|navy|sapphire|violet|purple|iridescent|kingfishers?|jays?"
        r"|peacocks?|peafowls?|macaws?|morphos?|hummingbirds?|rollers?|tangs?|whales?|orcas?|dolphins?|sharks?|marlins?"
        r"|sailfish|tunas?|boob(?:y|ies)|penguins?|water\w*|ice|icy|snow\w*|cassowar(?:y|ies)|mandrills?"
    ),
    "magenta": (
        r"magenta|pink\w*|purple|violet|fuchsia|crimson|rose\w*|red|scarlet|orchid\w*|flamingos?|spoonbills?|axolotls?"
        r"|galahs?|octopus\w*|squids?|starfish|corals?|blood\w*|fox(?:es)?|tongue|orange|ginger|rufous|salmon"
    ),
}
#: several animals that may stand apart in one picture
_GROUP = (
    r"packs?|herds?|flocks?|groups?|pairs?|families|family|pods?|prides?|colony|colonies|swarms?|schools?|shoals?"
    r"|broods?|litters?|couple|mates|cubs|pups|chicks|calves|ducklings|cygnets|kits|two|three|four|five|six|several"
    r"|both|together|siblings?|brothers|sisters|and (?:its|her|his) \w+"
)


def chosen(wished: str | None, *texts: str) -> str:
    """The hue for a figure with these words; of those that none of them speaks against the first, else the least."""
    if wished in GROUNDS:
        return wished
    words = " ".join(texts).casefold()
    told = {hue: len(re.findall(rf"\b(?:{has})\b", words)) for hue, has in _HAS.items()}
    return min(GROUNDS, key=lambda hue: told[hue])


def group(*texts: str) -> bool:
    """Whether the words may mean several animals."""
    return re.search(rf"\b(?:{_GROUP})\b", " ".join(texts).casefold()) is not None
