"""The beats of an episode: want, obstacle, escalation, turn, resolution; each with what the voice says.

`{A}`/`{a}` is the protagonist, `{R}`/`{r}` the antagonist, `{X}` the background species. Every narration has one
period, no comma and 8 to 12 words once filled.
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
    narration: str


BEATS = (
    Beat("the place", "want", "place", "view", 96, "{light} settles over {place} and nothing dares to move."),
    Beat("the empty stomach", "want", "hero", "still", 99, "Here {a} begins the day with an empty stomach."),
    Beat("reading the signs", "want", "hero", "alert", 60, "{A} tests the {medium} and reads what passed before."),
    Beat("a promise", "want", "prop", "prop", 98, "Small signs in {ground} promise {food} within reach."),
    Beat("setting out", "want", "hero", "walking", 90, "{A} sets out {over} {ground} without wasting strength."),
    Beat("the witness", "obstacle", "other", "still", 72, "{X} watches from safety and gives no warning."),
    Beat("the weather turns", "obstacle", "place", "view", 64, "{Beyond} the {mover} slowly begins to turn."),
    Beat("the rival arrives", "obstacle", "rival", "still", 98, "{R} has come for the same narrow chance."),
    Beat("measuring", "obstacle", "hero", "alert", 70, "{A} freezes and measures the distance between them."),
    Beat("two hungers", "obstacle", "both", "split", 98, "Two hungers share one place and only one allowance."),
    Beat("the rival closes in", "escalation", "rival", "walking", 80, "{R} moves closer and does not look away."),
    Beat("the waiting", "escalation", "hero", "low", 62, "Every muscle in {a} waits for a single mistake."),
    Beat("the hush", "escalation", "place", "view", 54, "Time narrows and {place} falls completely silent."),
    Beat("the rush", "escalation", "hero", "rush", 94, "At last {a} throws everything into one rush."),
    Beat("what may be lost", "escalation", "prop", "prop", 56, "What matters most can vanish in a single breath."),
    Beat("cut off", "escalation", "rival", "rush", 78, "{R} answers at once and cuts off the way."),
    Beat("between them", "escalation", "both", "split", 66, "Between them lies {food} and a season of waiting."),
    Beat("the stumble", "turn", "hero", "low", 68, "{A} falters and feels its strength running out."),
    Beat("the light thins", "turn", "place", "view", 46, "The light thins and {hardship} creeps closer."),
    Beat("the choice", "turn", "hero", "still", 97, "Then comes the choice to turn back or endure."),
    Beat("holding on", "turn", "hero", "raised", 86, "{A} holds its place and pays for it."),
    Beat("the rival yields", "turn", "rival", "low", 84, "{R} hesitates and slowly gives up the claim."),
    Beat("enough", "resolution", "prop", "prop", 74, "The prize is small but it is enough."),
    Beat("the reward", "resolution", "hero", "feeding", 95, "Now {a} takes what the long day allowed."),
    Beat("the witness leaves", "resolution", "other", "moving", 44, "{X} departs as if nothing here had happened."),
    Beat("rest", "resolution", "hero", "resting", 76, "{A} rests and the hunger finally loosens its grip."),
    Beat("the place remains", "resolution", "place", "view", 92, "Silence closes over {place} and keeps its secret."),
)

#: Words of a story direction or topic that choose the light: (words, how a narration says it, the atmosphere).
MOODS = (
    (r"night|moon|stars|aurora", "Night", "Clear moonlit night with cold still air and faint starlight"),
    (r"storm|thunder|blizzard|gale", "Grey light", "Dark storm light at dusk with driving wind and a low heavy sky"),
    (r"rain|monsoon|mist|fog", "Grey light", "Overcast morning light with thin mist and damp windless air"),
    (r"sunset|evening|golden|dusk", "Evening", "Golden evening light with warm haze and a gentle breeze"),
    (r"noon|drought|heat|desert|savanna", "White heat", "Hard midday light with dry shimmering air and no wind"),
    (r"", "Dawn", "Cold dawn light with thin mist and a light breeze"),
)
