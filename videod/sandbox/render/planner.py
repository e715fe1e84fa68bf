"""The simulated service's language model: a complete plan of an episode, by the rules of the craft, for any usual size.

It reads the lines `Title:`, `Topic:`, `Story direction:`, `Clips:`, `Images:`, `Channel:` and `Brand:` of the prompt.
The same prompt always gives the same plan.
"""

import hashlib
import re
import string
from dataclasses import dataclass
from typing import Any

from videod.core.speech import Pace
from videod.sandbox.render import casting, movements, story, told, tongues
from videod.sandbox.render.creatures import FLIERS, SWIMMERS, Creature
from videod.sandbox.render.species import TERRAINS, Terrain, cast
from videod.sandbox.render.story import Beat

CLIPS_DEFAULT, IMAGES_DEFAULT = 18, 22
NEGATIVE = "blur, distort, low quality, extra limbs, text, watermark"
LENS = "Long lens with shallow focus, fine film grain, natural muted colour and soft contrast."
#: of a title that is offered, at most
TITLE_CHARACTERS = 59
#: lines are ordered by their average, and are near enough between these shares of it
NEAR, FAR = 0.93, 1.07
#: what is said besides where clips are so short that no longer sentence of the story fits
FILLING = ("Time is short.", "There is no way back.", "It is colder now.", "Nobody will help.", "It is not over yet.",
           "The light is going.")  # fmt: skip
SOUND_END = "subtle nature documentary sound effect"


@dataclass(frozen=True)
class Wish:
    """What a planning prompt asks for."""

    title: str
    topic: str
    direction: str
    channel: str
    brand: str
    clips: int
    images: int
    language: str = ""
    #: characters of a line on the average, and at most
    average: int = 90
    most: int = 120
    #: how many shots are still ones
    stills: int = 0
    wordless: int = 0


def _line(prompt: str, name: str) -> str:
    match = re.search(rf"^[ \t>*-]*{name}[ \t]*:[ \t]*(.*)$", prompt, re.MULTILINE | re.IGNORECASE)
    return match[1].strip() if match else ""


def _number(prompt: str, name: str, default: int) -> int:
    match = re.search(r"\d+", _line(prompt, name))
    return int(match[0]) if match else default


def _ordered(prompt: str) -> dict[str, int]:
    """How long the lines are ordered; where the prompt does not say so, as a calm narrator speaks the language."""
    found = re.search(r"has (\d+) characters on average.*?the longest (\d+)\b", prompt, re.DOTALL)
    if found:
        return {"average": int(found[1]), "most": int(found[2])}
    pace, script = Pace(), tongues.script_of_code(_line(prompt, "Language"))
    return {"average": pace.characters(pace.average_s, script), "most": pace.characters(pace.longest_s, script)}


def _stills(prompt: str) -> int:
    found = re.search(r"^(?:At most |\d+ to )?(\d+) of the clips are still shots", prompt, re.MULTILINE)
    return int(found[1]) if found else 0


def _wordless(prompt: str) -> int:
    found = re.search(r"at most (\d+) of the lines may be empty", prompt)
    return int(found[1]) if found else 0


def read_wish(prompt: str) -> Wish:
    clips = max(1, min(len(story.BEATS), _number(prompt, "Clips", CLIPS_DEFAULT)))
    return Wish(
        title=_line(prompt, "Title") or "Untitled", topic=_line(prompt, "Topic"),
        direction=_line(prompt, "Story direction"), channel=_line(prompt, "Channel(?: name)?"), brand=_line(prompt,
            "Brand"),
        clips=clips, language=_line(prompt, "Language"), images=_number(prompt, "Images",
            IMAGES_DEFAULT if clips == CLIPS_DEFAULT else round(clips * 1.2)), **_ordered(prompt),
        stills=_stills(prompt), wordless=_wordless(prompt),
    )  # fmt: skip


def way_of(creature: Creature) -> str:
    if creature.body in SWIMMERS:
        return "swimmer"
    return "flier" if creature.body in FLIERS and creature.body != "penguin" else "walker"  # fmt: skip


def _identity(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())[:28].strip("_")


def _article(name: str) -> str:
    return "an" if name[0].lower() in "aeiou" else "a"


def _titled(text: str) -> str:
    return " ".join(word if word == "the" else word.capitalize() for word in text.split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


#: where cut-out characters stand, in turn
PLACES = ("left", "center", "right")


class Draft:
    """One plan in the making: images are added as clips ask for them."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        words = f"{wish.title}. {wish.topic}. {wish.direction}"
        self.number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")
        self.animal, self.hero, self.rival, self.other = cast(words, self.number)
        self.terrain: Terrain = TERRAINS[self.animal.terrain]
        _, self.light, self.sky = next(mood for mood in story.MOODS if re.search(rf"\b(?:{mood[0]})", words.lower()))
        self.casting = casting.share(wish.clips, wish.images)
        self.beats = self.casting.beats
        self.shares = {"hero": self.casting.hero, "rival": self.casting.rival}
        self.images: list[dict[str, Any]] = []
        self.scenes: dict[str, list[str]] = {"hero": [], "rival": []}
        self.plains: dict[str, list[tuple[str, str]]] = {"hero": [], "rival": []}
        self.views: list[str] = []
        self.used: set[tuple[str, tuple[str, ...], float]] = set()

    def words(self, text: str) -> str:
        """`text` with the episode's names in it."""
        a, r, x = (f"the {creature.name}" for creature in (self.hero, self.rival, self.other))
        article = _article(self.other.name)
        medium = "water" if way_of(self.hero) == "swimmer" else "air"
        over = {"swimmer": "through", "flier": "over", "walker": "across"}[way_of(self.hero)]
        terrain = self.terrain
        facts = {f"f{at}": fact for at, fact in enumerate(self.animal.facts, start=1)}
        return text.format(
            A=_upper(a), a=a, R=_upper(r), r=r, X=_upper(f"{article} {self.other.name}"), x=x, light=self.light,
            place=self.animal.place or terrain.place, ground=terrain.ground, food=self.animal.food, medium=medium,
                over=over,
            Beyond=terrain.beyond, mover=terrain.mover, hardship=terrain.hardship, Hardship=_upper(terrain.hardship),
            Food=_upper(self.animal.food), Place=_upper(self.animal.place or terrain.place), **facts,
        )  # fmt: skip

    def creature(self, focus: str) -> Creature:
        return {"hero": self.hero, "rival": self.rival, "other": self.other}[focus]

    def character(self, focus: str, pose: str, scene: bool) -> str:
        """Adds a picture of a character; the first of a subject is its core."""
        creature = self.creature(focus)
        core = not any(image["subject"] == creature.name for image in self.images)
        way = way_of(creature)
        said = movements.POSES[way][pose]
        if pose == "still" and core and not scene:
            said = "in full profile with the whole body visible"
        elif pose == "still" and scene and focus == "hero" and not core:
            said = "in a close portrait with eyes fixed ahead"  # fmt: skip
        earlier = sum(1 for image in self.images if image["subject"] == creature.name)
        where = f", {self.terrain.views[(earlier + 1) % len(self.terrain.views)].lower()} around it" if scene else ""
        article = _upper(_article(creature.name)) if core else "The same"
        ends = "_core" if core else f"_{pose}_{earlier}"
        image = _identity(creature.name) + ends
        role = {"hero": "protagonist", "rival": "antagonist", "other": "background"}[focus]
        self.images.append({
            "id": image, "kind": "character", "subject": creature.name, "species": creature.name, "role": role,
                "core": core,
            "prompt": f"{article} {creature.name} {said}{where}.",
        })  # fmt: skip
        return image

    def thing(self, kind: str, number: int) -> str:
        """Adds a view of the place or a prop."""
        pool = self.terrain.views if kind == "environment" else self.terrain.props
        said = pool[number % len(pool)]
        again = number // len(pool)
        suffix = ("", " seen from further away", " seen from lower down", " seen from the side")[min(again, 3)]
        image = f"{'view' if kind == 'environment' else 'prop'}_{number + 1}"
        shown = "Empty landscape with no animals: " + said.lower() if kind == "environment" else "Macro prop: " + said
        prompt = f"{shown}{suffix}."
        subject = self.terrain.place if kind == "environment" else said
        self.images.append({
            "id": image, "kind": kind, "subject": subject, "species": None, "role": None, "core": False,
                "prompt": prompt,
        })  # fmt: skip
        return image

    def prepare(self) -> None:
        """Makes the characters' pictures and the views that the shares allow, before clips take them."""
        for focus, share in self.shares.items():
            poses = [beat.pose for beat in self.beats if beat.focus == focus] + ["walking", "alert", "low", "rush"]
            full, cut = self.split_clips(focus)
            wanted = list(dict.fromkeys(["still", *(beat.pose for beat in cut), *poses]))
            for n in range(share.plain):
                pose = wanted[n % len(wanted)]
                self.plains[focus].append((pose, self.character(focus, pose, scene=False)))
            for n in range(share.scenes):
                pose = full[n].pose if n < len(full) else ("alert", "low", "walking", "still")[n % 4]
                self.scenes[focus].append(self.character(focus, pose, scene=True))
        places = sum(1 for beat in self.beats if beat.focus == "place")
        self.views = [self.thing("environment", n) for n in range(places + self.casting.views)]

    def split_clips(self, focus: str) -> tuple[list[Beat], list[Beat]]:
        """Which of a character's beats are full frames and which cut-outs, alternating as the shares allow."""
        beats = [beat for beat in self.beats if beat.focus == focus]
        scenes = self.shares[focus].full
        full = {round((n + 0.5) * len(beats) / scenes - 0.5) for n in range(scenes)} if scenes else set()
        for at in range(len(beats)):  # rounding may have met one place twice
            if len(full) < scenes:
                full.add(at)
        return [b for n, b in enumerate(beats) if n in full], [b for n, b in enumerate(beats) if n not in full]

    def cutout(self, focus: str, pose: str, turn: int) -> dict[str, Any]:
        """A character over a view, in a combination no clip has yet; unused pictures first."""
        taken = {name for _, names, _ in self.used for name in names}
        # with more pictures than clips the core is left over: it serves as the others' reference
        spare = len(self.plains[focus]) > len(self.split_clips(focus)[1])
        matching = sorted(self.plains[focus][1:] if spare else self.plains[focus], key=lambda i: (i[1] in taken,
            i[0] != pose))  # fmt: skip
        place = len(self.views)
        free = [view for view in self.views[::-1] if view not in taken]
        order = free + [self.views[(turn + n) % place] for n in range(place)]
        size = {"low": 0.46, "resting": 0.42, "rush": 0.55}.get(pose, 0.58) * (0.8 + 0.25 * self.creature(focus).size)
        for scale in (size, size * 0.8, size * 1.15, size * 0.65, size * 1.25, size * 0.5):
            for view in order:
                for _, image in matching:
                    picture = ("cutout", (image, view), round(min(0.9, max(0.2, scale)), 2))
                    if picture not in self.used:
                        return self.keep(picture) | {"position": PLACES[len(self.used) % len(PLACES)]}
        raise ValueError("no free combination of character, place and size")

    def keep(self, picture: tuple[str, tuple[str, ...], float]) -> dict[str, Any]:
        self.used.add(picture)
        return {"type": picture[0], "images": list(picture[1]), "scale": picture[2]}

    def pictures(self) -> list[dict[str, Any]]:
        """The picture of every clip, in the clips' order."""
        self.prepare()
        queue = {focus: list(self.scenes[focus]) for focus in ("hero", "rival")}
        full = {beat.name: queue[focus].pop(0) for focus in ("hero", "rival") for beat in self.split_clips(focus)[0]}
        places, props, out = list(self.views), 0, []
        for turn, beat in enumerate(self.beats):
            if beat.focus == "place":
                out.append(self.keep(("full", (places.pop(0),), 1.0)))
            elif beat.focus == "prop":
                out.append(self.keep(("full", (self.thing("prop", props),), 1.0)))
                props += 1
            elif beat.focus == "other":
                out.append(self.keep(("full", (self.character("other", beat.pose, scene=True),), 1.0)))
            elif beat.focus == "both":
                out.append(self.split(queue))
            elif beat.name in full:
                out.append(self.keep(("full", (full[beat.name],), 1.0)))
            else:
                out.append(self.cutout(beat.focus, beat.pose, turn))
        return out

    def split(self, queue: dict[str, list[str]]) -> dict[str, Any]:
        """Protagonist and antagonist in their two places, side by side; a scene made for splits only comes first."""
        left = queue["hero"][:1] + self.scenes["hero"]
        right = queue["rival"][:1] + self.scenes["rival"]
        for one in left:
            for two in right:
                if ("split", (one, two), 1.0) not in self.used:
                    queue["hero"] = [image for image in queue["hero"] if image != one]
                    queue["rival"] = [image for image in queue["rival"] if image != two]
                    return self.keep(("split", (one, two), 1.0))
        return self.keep(("split", (right[0], left[0]), 1.0))

    def motion(self, beat: Beat, turn: int) -> str:
        camera = movements.CAMERAS[(turn + self.number) % len(movements.CAMERAS)]
        if beat.focus in ("place", "prop"):
            subject = "Fine drops slide down and fall" if beat.focus == "prop" else "Light moves slowly over the scene"
            return f"{subject}. Edges brighten and the shadows shift. {self.terrain.stirs} {camera}"
        focus = "hero" if beat.focus == "both" else beat.focus
        pose = "alert" if beat.focus == "both" else beat.pose
        name = f"The {self.creature(focus).name}"
        action = movements.MOTIONS[way_of(self.creature(focus))][pose].format(A=name)
        return f"{action} {self.terrain.stirs} {camera}"

    def still(self) -> list[int]:
        """The shots without motion: places and things first, then what is spread evenly over the film."""
        quiet = [at for at, beat in enumerate(self.beats) if beat.focus in ("place", "prop")]
        count = len(self.beats)
        spread = sorted(range(count), key=lambda at: (at * 7) % count)
        return list(dict.fromkeys([*quiet, *spread]))[: self.wish.stills]

    def sound(self, beat: Beat) -> str:
        focus = "hero" if beat.focus in ("both", "place", "prop") else beat.focus
        action = movements.ACTIONS[way_of(self.creature(focus))] if beat.focus not in ("place",
            "prop") else "faint close details of the scene"  # fmt: skip
        return (
            f"Continuous {self.terrain.bed} under {self.sky.split(' with ')[1]}, with {action},"
            f" steady for the whole clip without gaps, {beat.name}, {SOUND_END}"
        )

    def narrations(self) -> list[str]:
        """What is said over each beat: the longer sentence as well until the lines are as long as they are ordered.

        The last one is long as soon as any is; those that are better short stay so as long as they can.
        """
        wish = self.wish
        pairs = [self.line(beat) for beat in self.beats]
        longer = sorted(range(len(pairs)), key=lambda at: (self.beats[at].name in story.CURT, at != len(pairs) - 1))
        lines = [short for short, _ in pairs]
        for at in longer:
            fitting = [text for text in (" ".join(pairs[at]), pairs[at][1]) if len(text) <= wish.most]
            if fitting and self.lack(lines):
                lines[at] = fitting[0]
        for at, beat in enumerate(self.beats):
            longest = f"{lines[at]} {story.THIRD[beat.stage]}"
            if self.lack(lines) and len(longest) <= wish.most:
                lines[at] = longest
        self.shorten(lines, pairs)
        self.fill(lines)
        said = [tongues.narration(wish.language, at + 1, wish.average) or line for at, line in enumerate(lines)]
        usual = sorted(range(1, len(said) - 1), key=lambda at: abs(len(said[at]) - wish.average))
        return ["" if at in usual[: wish.wordless] else line for at, line in enumerate(said)]

    def shorten(self, lines: list[str], pairs: list[tuple[str, str]]) -> None:
        """Put shorter sentences in the place of some while the lines together are longer than they are ordered."""
        wanted = self.wish.average * len(lines)
        while (total := sum(map(len, lines))) > FAR * wanted:
            ways = [
                (abs(total - len(line) + len(other) - wanted), at, other)
                for at, line in enumerate(lines)
                for other in (*pairs[at], FILLING[at % len(FILLING)])
                if len(other) < len(line)
            ]
            if not ways:
                return
            _, at, other = min(ways)
            lines[at] = other

    def fill(self, lines: list[str]) -> None:
        """Say a little more in some while the lines together are shorter than they are ordered."""
        wanted = self.wish.average * len(lines)
        for more in FILLING:
            room = [at for at, line in enumerate(lines) if len(line) + 1 + len(more) <= self.wish.most]
            fits = sum(map(len, lines)) + 1 + len(more) <= FAR * wanted
            if room and fits and self.lack(lines) and not any(more in line for line in lines):
                at = min(room, key=lambda at: len(lines[at]))
                lines[at] = f"{lines[at]} {more}"

    def lack(self, lines: list[str]) -> bool:
        """Whether the lines together are shorter than they are ordered."""
        return sum(map(len, lines)) < NEAR * self.wish.average * len(lines)

    def line(self, beat: Beat) -> tuple[str, str]:
        short, more = told.LINES.get(self.hero.name, {}).get(beat.name, (beat.short, beat.more))
        return self.words(short), self.words(more)

    def tells(self, name: str, usual: str) -> str:
        """A part of the story: as it is reported this animal, else as of any."""
        return self.words(told.STORIES.get(self.hero.name, {}).get(name, usual))

    def plan(self) -> dict[str, Any]:
        wish, name = self.wish, self.hero.name
        pictures, lines = self.pictures(), self.narrations()
        clips = [
            {
                "number": turn + 1, "beat": f"{beat.stage}: {beat.name}", "picture": picture,
                    "motion": self.motion(beat, turn),
                "negative": NEGATIVE, "narration": lines[turn], "sound": self.sound(beat),
            }
            for turn, (beat, picture) in enumerate(zip(self.beats, pictures, strict=True))
        ]  # fmt: skip
        for at in self.still():
            clips[at] |= {"still": True, "motion": movements.CAMERAS[(at + self.number) % len(movements.CAMERAS)]}
        subject = wish.topic or f"the {name}"
        return {
            "version": 1, "title": wish.title,
            "logline": self.tells("logline", story.LOGLINE),
            "description": f"{wish.title}: a short documentary about {subject}. "
            + self.words("In {place} {a} meets {r} and has to choose between retreat and endurance."),
            "tags": list(dict.fromkeys(["nature documentary", "wildlife", name, self.rival.name, self.animal.terrain,
                "survival"])),
            "research": list(self.animal.facts),
            "arc": {name: self.tells(name, usual) for name, usual in story.ARC.items()},
            "atmosphere": f"{self.sky}. {LENS}",
            "images": self.images, "clips": clips, "written": self.written(),
        }  # fmt: skip

    def written(self) -> dict[str, Any]:
        """What the stages of a plan have and the plan itself has not."""
        name, title = string.capwords(self.hero.name), self.wish.title
        titles = (
            (title[:TITLE_CHARACTERS], "It is the one that was asked for."),
            (f"One More Night for the {name}", "It says what is at stake."),
            (f"What the {name} Pays", "It asks a question that the film answers."),
            (f"Before {_titled(self.terrain.hardship)} Comes", "It names the clock that runs."),
            (f"The {name}'s Choice", "It points to the turn."),
        )  # fmt: skip
        return {
            "story": {"stakes": self.tells("stakes", story.STAKES), "price": self.tells("price", story.PRICE),
                      "why": story.WHY},
            "others": [tuple(self.words(part) for part in other) for other in story.OTHERS],
            "titles": [(one[:TITLE_CHARACTERS].rstrip(), reason) for one, reason in titles],
        }  # fmt: skip


def make_plan(prompt: str) -> dict[str, Any]:
    """The plan that a planning prompt asks for, in the shape of plan.json."""
    return {name: part for name, part in make_written(prompt).items() if name != "written"}


def make_written(prompt: str) -> dict[str, Any]:
    """The same, with what its stages have besides under `written`."""
    return Draft(read_wish(prompt)).plan()


def spoil_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """The same plan with faults a careless model makes: every kind of rule of the craft is broken somewhere."""
    clips = [dict(clip) for clip in plan["clips"]]
    clips[0]["narration"] = (
        "In the long, cold, silent morning, the old animal, hungry, tired, and alone, walks slowly, very slowly, down"
        " to the water, the dark, endless water, which, as ever, waits, and waits, and waits, as in the year before,"
        " and in all the years before that one."
    )  # fmt: skip
    clips[-1]["motion"] = "Camera pushes in slowly and circles the scene. " + clips[-1]["motion"]
    unused = {
        "id": "nobody_needs_this", "kind": "prop", "subject": "a stone", "species": None, "role": None, "core": False,
        "prompt": "A stone rolls down and then it breaks apart.",
    }  # fmt: skip
    return {**plan, "clips": clips, "images": [*plan["images"], unused]}
