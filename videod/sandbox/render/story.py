"""The beats of an episode: want, obstacle, escalation, turn, resolution; each with what the voice says.

The story is one that any animal can live: something runs out, another wants it too, holding on has a price, and the end
answers the beginning. `{A}`/`{a}` is the protagonist, `{R}`/`{r}` the antagonist, `{X}` the background species, `{f1}`
to `{f3}` what is known of the protagonist. A line is a short sentence and, where the voice has time, a longer one after
it; `told` has other lines for some animals.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Beat:
    """One micro-moment. `focus`: hero, rival, both, place, prop, other. `weight` says how much the story needs it."""

    name: str
    stage: str
    focus: str
    pose: str
    weight: int
    short: str
    more: str


BEATS = (
    Beat("the clock", "want", "hero", "still", 99, "{A} is running out of time.",
         "Without {food} before dark it will not see the next season."),
    Beat("the place", "want", "place", "view", 90, "{light} settles over {place}.",
         "Whatever can be eaten here has already chosen where to hide."),
    Beat("reading the signs", "want", "hero", "alert", 60, "It reads what passed in the night.", "{f2}"),
    Beat("a promise", "want", "prop", "prop", 82, "{Food} cannot be far.",
         "The signs in {ground} are fresh, and they lead one way only."),
    Beat("setting out", "want", "hero", "walking", 88, "So it goes, and wastes nothing.", "{f1}"),
    Beat("the witness", "obstacle", "other", "still", 72, "{X} has seen this before.",
         "It keeps its distance and waits for what will be left over."),
    Beat("the weather turns", "obstacle", "place", "view", 66, "{Beyond} the {mover} begins to turn.",
         "By evening {hardship} will be stronger than anything that hunts."),
    Beat("the rival arrives", "obstacle", "rival", "still", 96, "And it is not alone.",
         "{R} has come for the same thing, and it is not tired."),
    Beat("measuring", "obstacle", "hero", "alert", 70, "Neither of them moves first.",
         "Whoever runs now shows how weak it is."),
    Beat("two hungers", "obstacle", "both", "split", 98, "Two hungers share one place.",
         "What {r} takes today {a} will not find tomorrow."),
    Beat("the rival closes in", "escalation", "rival", "walking", 80, "{R} comes closer.",
         "It has no need to fight. It only has to stay longer."),
    Beat("the waiting", "escalation", "hero", "low", 62, "It waits for a single mistake.", "{f3}"),
    Beat("the hush", "escalation", "place", "view", 50, "For a moment the {mover} drops.",
         "In the quiet every sound carries further than it should."),
    Beat("the rush", "escalation", "hero", "rush", 94, "It puts everything into one rush.",
         "It misses. What that cost will not come back today."),
    Beat("what may be lost", "escalation", "prop", "prop", 56, "So little is left to fight over.",
         "By morning {hardship} will have taken that as well."),
    Beat("cut off", "escalation", "rival", "rush", 78, "{R} cuts off the way.",
         "Whatever happens now happens in the open."),
    Beat("between them", "escalation", "both", "split", 66, "One of them has to give way.",
         "Neither can see how much strength the other has left."),
    Beat("the stumble", "escalation", "hero", "low", 68, "Its strength is running out.",
         "Each try has cost more than the one before."),
    Beat("the light goes", "escalation", "place", "view", 98, "The light is almost gone.",
         "{Hardship} rises from {ground}, and the way back grows longer."),
    Beat("the choice", "turn", "hero", "still", 98, "It can turn back and live hungry.",
         "Or it can stay, and stake what is left of it on one more hour."),
    Beat("holding on", "turn", "hero", "raised", 86, "It stays, and it pays for it.",
         "What is spent here is taken from the days to come."),
    Beat("the rival yields", "turn", "rival", "low", 84, "{R} looks away first.",
         "It has somewhere else to go. That was the whole difference."),
    Beat("the price", "resolution", "prop", "prop", 98, "What it cost can be read here.",
         "Not much is left of the strength that came this morning."),
    Beat("the reward", "resolution", "hero", "feeding", 97, "At last it has found {food}.",
         "It is not much. It is one more night, and that was the question."),
    Beat("the witness leaves", "resolution", "other", "moving", 44, "{X} goes without a share.",
         "Tomorrow somebody else will have to be slower."),
    Beat("rest", "resolution", "hero", "resting", 76, "It rests where it held on.",
         "By morning it must begin again, a little stronger than today."),
    Beat("the place remains", "resolution", "place", "view", 88, "{Place} keeps no record of it.",
         "Tomorrow something else will be running out of time here."),
)  # fmt: skip

#: beats whose line is better short
CURT = ("the stumble", "cut off", "measuring", "the rush")
#: a third sentence for a voice that is quicker than most, by step
THIRD = {
    "want": "There is no second day like this one.",
    "obstacle": "Nobody here gives anything away.",
    "escalation": "And it is not over yet, not by far.",
    "turn": "Nothing here tells which of them is right.",
    "resolution": "Nothing of it was free.",
}
#: the story in one sentence, its steps, and what it costs
LOGLINE = "{A} must reach {food} before dark, with {r} in the same place and {hardship} on its way."
ARC = {
    "want": "{A} needs {food} before the day ends.",
    "obstacle": "{R} wants the same thing and is not tired.",
    "escalation": "A rush fails and costs strength while the light goes and {hardship} rises.",
    "turn": "{A} could turn back hungry; it stays and stakes its last strength on one more hour.",
    "resolution": "{R} leaves first, and {a} eats enough for one more night.",
}
STAKES = "Without {food} today {a} does not live through the season."
PRICE = "The strength that it spends here is missing in the days to come."
WHY = "One question is asked in the first shot, and only the last one answers it."
#: the stories that are not told: in one sentence, what is at stake, the turn, what it costs
OTHERS = (
    ("{A} follows {r} and lives on what it leaves.", "A day's food that another has caught.",
     "It comes too close and has to choose between the meal and its safety.", "It eats last and least."),
    ("One day in {place}, told by what {hardship} takes from everything that lives there.",
     "The last hours in which {food} can be had.", "{A} leaves its shelter while all others stay.",
     "The warmth or the water that it had saved."),
    ("{A} gives up {food} to spare its strength, and nobody can say whether that was right.",
     "Strength for a season that may come late.", "It turns away from what it could have had.",
     "The only certain meal of the day."),
    ("{X} watches how {a} and {r} spoil each other's only chance.", "Food enough for one of three.",
     "The two that fight forget the third.", "Both go hungry into the night."),
)  # fmt: skip

#: Words of a story direction or topic that choose the light: (words, how a narration says it, the atmosphere).
MOODS = (
    (r"night|moon|stars|aurora", "Night", "Clear moonlit night with cold still air and faint starlight"),
    (r"storm|thunder|blizzard|gale", "Grey light", "Dark storm light at dusk with driving wind and a low heavy sky"),
    (r"rain|monsoon|mist|fog", "Grey light", "Overcast morning light with thin mist and damp windless air"),
    (r"sunset|evening|golden|dusk", "Evening", "Golden evening light with warm haze and a gentle breeze"),
    (r"noon|drought|heat|desert|savanna", "White heat", "Hard midday light with dry shimmering air and no wind"),
    (r"", "Dawn", "Cold dawn light with thin mist and a light breeze"),
)
