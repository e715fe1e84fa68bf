"""Lines of their own for the animals of the demo's first films, by beat: a short sentence and the one after it.

The other beats keep the lines that any animal can have. Every number here is in the animal's facts.
"""

from collections.abc import Mapping

BEAR: Mapping[str, tuple[str, str]] = {
    "the clock": ("A mother bear eats now for a whole winter.", "What this river gives her has to last until spring."),
    "setting out": ("So she goes down to the water.", "{f1}"),
    "reading the signs": ("She reads the bank first.", "Others have fished here in the night, and they were larger."),
    "the rival arrives": ("And she is not alone.", "A grey wolf stands on the far bank, and it can wait."),
    "two hungers": ("Somebody else is counting fish.", "Across the water a grey wolf wants them too, and it feeds no"
                    " cubs."),
    "measuring": ("Neither of them moves first.", "Whoever runs now shows how weak it is."),
    "the rush": ("She puts everything into one rush.", "She misses. The river takes the fish and the bank as well."),
    "the waiting": ("She waits for a single mistake.", "{f3}"),
    "the stumble": ("The current has her by the legs.", "Each try has cost more than the one before."),
    "the light goes": ("By evening the river has risen.", "The stones that carried her yesterday are somewhere below."),
    "the choice": ("She could wait for it to fall.", "But the salmon will not wait, and neither will the snow. She"
                   " steps in."),
    "holding on": ("She goes on, and she pays for it.", "What is spent in this water is taken from the winter."),
    "the price": ("The river takes its share first.", "Her track ends at a bank that is no longer there."),
    "the reward": ("On the far side she eats until dark.", "Each mouthful is one more day of the coming winter."),
    "rest": ("She rests on the side she chose.", "By morning she must cross again, a little heavier than today."),
}  # fmt: skip

WHALE: Mapping[str, tuple[str, str]] = {
    "the clock": ("The calf is falling behind.", "Eight thousand kilometers of sea lie between its mother and food."),
    "setting out": ("So the mother slows, and calls.", "{f1}"),
    "reading the signs": ("She listens for what is ahead.", "Somewhere in the dark the krill is rising, or it is not."),
    "the rival arrives": ("And they are not alone.", "An orca hangs where the light ends, and it can wait."),
    "two hungers": ("Something else has heard it.", "Orcas follow this road too, and they listen for what is slow."),
    "measuring": ("She puts herself between them.", "A body this large is a wall, as long as it does not move on."),
    "the rush": ("She turns on them with all she has.", "They scatter and come back. What that cost will be missing."),
    "the waiting": ("They wait for a single mistake.", "{f3}"),
    "the stumble": ("The calf is running out of breath.", "Each dive is shorter than the one before."),
    "the light goes": ("Below them the shelf falls away.", "From here on there is no place where a calf could rest."),
    "the choice": ("She could keep her pace and arrive.", "Instead she stops, and lets the season wait for one calf."),
    "holding on": ("She stays, and she pays for it.", "Every hour is taken from the fat that must bring her north."),
    "the price": ("Waiting has left its mark.", "What she burned tonight was meant for the end of the journey."),
    "the reward": ("In the morning there are two breaths.", "They turn north late, and thinner, and still together."),
    "rest": ("The calf sleeps against her side.", "When it wakes there are as many kilometers as before."),
}  # fmt: skip

LINES: Mapping[str, Mapping[str, tuple[str, str]]] = {"brown bear": BEAR, "humpback whale": WHALE}

#: animal -> what `story` has by the same names
STORIES: Mapping[str, Mapping[str, str]] = {
    "brown bear": {
        "logline": "A mother bear must cross a river in flood before the snow comes, or go into the winter empty.",
        "want": "She must eat enough salmon for a whole winter.",
        "obstacle": "The fish are on the other side, and a grey wolf wants them too.",
        "escalation": "The river rises over the stones that carried her yesterday.",
        "turn": "She could wait for the water to fall; she steps in while the salmon are still there.",
        "resolution": "She comes out on the far side and eats until dark.",
        "stakes": "What she does not eat before the snow is missing in the den.",
        "price": "The river takes strength that was meant for the winter, and the way back.",
    },
    "humpback whale": {
        "logline": "A mother whale on her way to the krill must choose between the season and a calf that tires.",
        "want": "She must reach the krill of the north before her strength is gone.",
        "obstacle": "Her calf is slow, and orcas listen for what is slow.",
        "escalation": "They leave the shelf behind: from here on there is nowhere to rest.",
        "turn": "She could keep her pace and arrive in time; she stops for the calf.",
        "resolution": "In the morning both breathe, and turn north late and thinner.",
        "stakes": "A calf that is left behind does not live through the night.",
        "price": "The hours that she waits are taken from the fat that must bring her north.",
    },
}
