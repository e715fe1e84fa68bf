"""The plan of an episode: the model of plan.json and its reading.

`parse` refuses what later work could not even carry out (a missing field, an image id that is no file name, a clip
whose picture does not exist, a picture used twice). Whether the plan is *good* is decided in `craft`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from videod.core import bounds
from videod.core.story import SHOT_SIZES, Fact, Shot, Source, Story

VERSION = 1
KINDS = ("character", "environment", "prop")
ROLES = ("protagonist", "antagonist", "background")
PICTURE_TYPES = ("full", "cutout", "split")
#: where a cut-out character stands
POSITIONS = ("center", "left", "right")
#: the hues that a figure may be drawn before (`key_colours`)
KEYS = ("green", "blue", "magenta")
IMAGE_ID = re.compile(r"[a-z0-9_]{1,40}")
SCALE_MIN, SCALE_MAX = 0.1, 1.0
#: so many seconds a shot may stay behind its words, beyond what every shot does
HOLD_S_MAX = 4.0
#: far above any real plan; keeps a broken one from filling the disk
ITEMS_MAX = 200
#: characters of one text, also far above any real plan: a command line cannot carry endless text
TEXT_MAX = 10_000
_SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a plan. `where` is a path such as "clips[3].narration" (counted from 0), `rule` a short
    stable name, `message` says what to change; the planning model is given all of them."""

    where: str
    rule: str
    message: str


class PlanError(ValueError):
    """The plan cannot be carried out. `faults` holds all reasons; `path` is where the first one is."""

    def __init__(self, faults: Sequence[Complaint]) -> None:
        self.faults = tuple(faults)
        self.path = self.faults[0].where
        lines = [f"{fault.where}: {fault.message}" for fault in self.faults[:_SHOWN_FAULTS]]
        if len(self.faults) > _SHOWN_FAULTS:
            lines.append(f"and {len(self.faults) - _SHOWN_FAULTS} more")
        super().__init__("; ".join(lines))


@dataclass(frozen=True)
class Arc:
    want: str
    obstacle: str
    escalation: str
    turn: str
    resolution: str


@dataclass(frozen=True)
class PlannedImage:
    """One image to generate; a non-core image of a character takes the core of the same `subject` as reference.

    `time`: which of the film's atmospheres it is in, from 1. `others`: subjects of other characters in it, whose cores
    are references as well. `key`: the hue that it is drawn before where it is cut out; None: by its words.
    """

    id: str
    kind: str
    subject: str
    species: str | None
    role: str | None
    core: bool
    prompt: str
    time: int = 1
    others: tuple[str, ...] = ()
    key: str | None = None


@dataclass(frozen=True)
class Picture:
    """What one clip starts from: `full` one image, `cutout` (character, environment), `split` (left, right).

    `scale` is the height of a cut-out character as a share of the frame, 1.0 for the other types; `position` where it
    stands.
    """

    type: str
    images: tuple[str, ...]
    scale: float = 1.0
    position: str = "center"

    @property
    def identity(self) -> tuple[object, ...]:
        """Two pictures with the same are one."""
        return self.type, self.images, self.scale, self.position


@dataclass(frozen=True)
class PlannedClip:
    """`hold`: seconds that the shot stays behind its words beyond its usual tail, as far as its clip lasts."""

    number: int
    beat: str
    picture: Picture
    motion: str
    negative: str
    narration: str
    sound: str
    hold: float = 0.0
    #: nothing moves in its picture: the camera moves over it, which costs nothing
    still: bool = False

    @property
    def wordless(self) -> bool:
        """Whether nobody speaks over it."""
        return not self.narration.strip()


@dataclass(frozen=True)
class Plan:
    title: str
    logline: str
    description: str
    tags: tuple[str, ...]
    research: tuple[str, ...]
    arc: Arc
    atmosphere: str
    images: tuple[PlannedImage, ...]
    clips: tuple[PlannedClip, ...]
    version: int = VERSION
    story: Story | None = None
    #: of the times after the first one, in order
    later_atmospheres: tuple[str, ...] = ()

    @property
    def atmospheres(self) -> tuple[str, ...]:
        return (self.atmosphere, *self.later_atmospheres)


def parse(data: object) -> Plan:
    """The plan in `data`, the parsed JSON of plan.json. Raises PlanError with every fault, each with its path."""
    plan, faults = read(data)
    if plan is not None:
        faults = integrity(plan)
    if plan is None or faults:
        raise PlanError(faults)
    return plan


def read(data: object) -> tuple[Plan | None, tuple[Complaint, ...]]:
    """The plan, or None and what is wrong with the types of its fields. References are not looked at."""
    reader = _Reader()
    plan = reader.plan(data)
    return (None, tuple(reader.faults)) if reader.faults else (plan, ())


class _Reader:
    """Reads field by field and replaces a faulty value with a harmless one, to find all faults at once."""

    def __init__(self) -> None:
        self.faults: list[Complaint] = []

    def fault(self, where: str, message: str) -> None:
        self.faults.append(Complaint(where or "(plan)", "shape", message))

    def fields(
        self, value: object, where: str, names: Sequence[str], optional: Sequence[str] = ()
    ) -> Mapping[str, object]:  # fmt: skip
        if not isinstance(value, dict):
            self.fault(where, f"must be an object with {', '.join(names)}")
            return {}
        for name in names:
            if name not in value:
                self.fault(_join(where, name), "is missing")
        for name in value:
            if name not in names and name not in optional:
                self.fault(_join(where, str(name)[:40]), f"is unknown. The fields here are {', '.join(names)}")
        return value

    def items(self, fields: Mapping[str, object], name: str, where: str = "") -> list[object]:
        value = fields.get(name, [])
        if not isinstance(value, list):
            self.fault(_join(where, name), "must be a list")
            return []
        if len(value) > ITEMS_MAX:
            self.fault(_join(where, name), f"has {len(value)} items. The limit is {ITEMS_MAX}")
        return value[:ITEMS_MAX]

    def text(self, fields: Mapping[str, object], name: str, where: str = "") -> str:
        value = fields.get(name, "")
        if not isinstance(value, str):
            self.fault(_join(where, name), "must be text")
            return ""
        self.carried(value, _join(where, name))
        return value

    def carried(self, text: str, where: str) -> None:
        """Neither a command line nor a file can carry NUL or half of a surrogate pair, nor endless text."""
        if len(text) > TEXT_MAX:
            self.fault(where, f"has {len(text):,} characters. The limit is {TEXT_MAX:,}")
            return
        if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
            self.fault(where, "holds a character that is not text (NUL or half a surrogate pair). Leave it out")

    def choice(self, fields: Mapping[str, object], name: str, where: str, allowed: Sequence[str]) -> str:
        value = fields.get(name, allowed[0])
        if value not in allowed or not isinstance(value, str):
            self.fault(_join(where, name), f"must be one of {', '.join(allowed)}")
            return allowed[0]
        return value

    def texts(self, fields: Mapping[str, object], name: str, where: str = "") -> tuple[str, ...]:
        values = self.items(fields, name, where)
        for at, value in enumerate(values):
            if isinstance(value, str):
                self.carried(value, f"{_join(where, name)}[{at}]")
            else:
                self.fault(f"{_join(where, name)}[{at}]", "must be text")
        return tuple(value for value in values if isinstance(value, str))

    def plan(self, data: object) -> Plan:
        names = (
            "version",
            "title",
            "logline",
            "description",
            "tags",
            "research",
            "arc",
            "atmosphere",
            "images",
            "clips",
        )
        top = self.fields(data, "", names, ("story", "later_atmospheres"))
        if "version" in top and (top["version"] != VERSION or isinstance(top["version"], bool)):
            self.fault("version", f"must be {VERSION}")
        beats = ("want", "obstacle", "escalation", "turn", "resolution")
        arc = self.fields(top.get("arc"), "arc", beats) if "arc" in top else {}
        return Plan(
            title=self.text(top, "title"),
            logline=self.text(top, "logline"),
            description=self.text(top, "description"),
            tags=self.texts(top, "tags"),
            research=self.texts(top, "research"),
            arc=Arc(*(self.text(arc, beat, "arc") for beat in beats)),
            atmosphere=self.text(top, "atmosphere"),
            images=tuple(self.image(value, f"images[{at}]") for at, value in enumerate(self.items(top, "images"))),
            clips=tuple(self.clip(value, f"clips[{at}]") for at, value in enumerate(self.items(top, "clips"))),
            story=None if top.get("story") is None else self.story(top["story"]),
            later_atmospheres=self.texts(top, "later_atmospheres"),
        )

    def story(self, value: object) -> Story:
        fields = self.fields(value, "story", ("sources", "facts", "shots", "turn"), ("chosen", "stories"))
        turn = fields.get("turn", 1)
        if not isinstance(turn, int) or isinstance(turn, bool) or not 1 <= turn <= ITEMS_MAX:
            self.fault("story.turn", "must be the number of a clip")
            turn = 1
        chosen = fields.get("chosen", 0)
        if not isinstance(chosen, int) or isinstance(chosen, bool) or not 0 <= chosen <= ITEMS_MAX:
            self.fault("story.chosen", "must be the number of a story")
            chosen = 0
        listed = {
            name: [(one, f"story.{name}[{at}]") for at, one in enumerate(self.items(fields, name, "story"))]
            for name in ("sources", "facts", "shots")
        }
        return Story(
            sources=tuple(self.source(one, where) for one, where in listed["sources"]),
            facts=tuple(self.fact(one, where) for one, where in listed["facts"]),
            shots=tuple(self.shot(one, where) for one, where in listed["shots"]), turn=turn,
            chosen=chosen, stories=self.texts(fields, "stories", "story") if "stories" in fields else (),
        )  # fmt: skip

    def source(self, value: object, where: str) -> Source:
        names = ("id", "title", "url", "revision")
        fields = self.fields(value, where, names)
        return Source(*(self.text(fields, name, where) for name in names))

    def fact(self, value: object, where: str) -> Fact:
        fields = self.fields(value, where, ("id", "says", "source"))
        source = fields.get("source")
        held = None if source is None else self.text(fields, "source", where)
        return Fact(self.text(fields, "id", where), self.text(fields, "says", where), held)

    def shot(self, value: object, where: str) -> Shot:
        fields = self.fields(value, where, ("size", "who", "place", "light", "facts"), ("beyond",))
        return Shot(
            self.choice(fields, "size", where, SHOT_SIZES), self.texts(fields, "who", where),
            self.text(fields, "place", where), self.text(fields, "light", where), self.texts(fields, "facts", where),
            self.text(fields, "beyond", where) if "beyond" in fields else "",
        )  # fmt: skip

    def image(self, value: object, where: str) -> PlannedImage:
        names = ("id", "kind", "subject", "species", "role", "core", "prompt")
        fields = self.fields(value, where, names, ("time", "with", "key"))
        identity = self.text(fields, "id", where)
        if "id" in fields and not IMAGE_ID.fullmatch(identity):
            self.fault(f"{where}.id", "must be 1 to 40 of a-z, 0-9 and _ (it becomes a file name)")
        species = fields.get("species") or None
        role = fields.get("role") or None
        core = fields.get("core", False)
        if not isinstance(core, bool):
            self.fault(f"{where}.core", "must be true or false")
        hue = fields.get("key") or None
        time = fields.get("time", 1)
        if not isinstance(time, int) or isinstance(time, bool):
            self.fault(f"{where}.time", "must be the number of an atmosphere")
            time = 1
        return PlannedImage(
            id=identity, kind=self.choice(fields, "kind", where, KINDS), subject=self.text(fields, "subject", where),
            species=None if species is None else self.text(fields, "species", where),
            role=None if role is None else self.choice(fields, "role", where, ROLES),
            core=core is True, prompt=self.text(fields, "prompt", where), time=time,
            others=self.texts(fields, "with", where),
            key=None if hue is None else self.choice(fields, "key", where, KEYS),
        )  # fmt: skip

    def clip(self, value: object, where: str) -> PlannedClip:
        names = ("number", "beat", "picture", "motion", "negative", "narration", "sound")
        fields = self.fields(value, where, names, ("hold", "still"))
        hold = bounds.number(fields.get("hold", 0.0), 0.0, HOLD_S_MAX)
        if hold is None:
            self.fault(f"{where}.hold", f"must be 0 to {HOLD_S_MAX:g} seconds")
        still = fields.get("still", False)
        if not isinstance(still, bool):
            self.fault(f"{where}.still", "must be true or false")
        number = fields.get("number", 0)
        if not isinstance(number, int) or isinstance(number, bool):
            self.fault(f"{where}.number", "must be a whole number")
            number = 0
        picture = Picture("full", ())
        if "picture" in fields:
            picture = self.picture(fields["picture"], f"{where}.picture")
        return PlannedClip(
            number=number, beat=self.text(fields, "beat", where), picture=picture,
            motion=self.text(fields, "motion", where), negative=self.text(fields, "negative", where),
            narration=self.text(fields, "narration", where), sound=self.text(fields, "sound", where),
            hold=hold or 0.0, still=still is True,
        )  # fmt: skip

    def picture(self, value: object, where: str) -> Picture:
        fields = self.fields(value, where, ("type", "images", "scale"), ("position",))
        scale = fields.get("scale", 1.0)
        if not isinstance(scale, int | float) or isinstance(scale, bool) or not SCALE_MIN <= scale <= SCALE_MAX:
            self.fault(f"{where}.scale", f"must be a number from {SCALE_MIN} to {SCALE_MAX}")
            scale = 1.0
        kind = self.choice(fields, "type", where, PICTURE_TYPES)
        position = self.choice(fields, "position", where, POSITIONS) if kind == "cutout" else POSITIONS[0]
        return Picture(kind, self.texts(fields, "images", where), float(scale), position)


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def integrity(plan: Plan) -> tuple[Complaint, ...]:
    """What could not be carried out: ids used twice, wrong numbers, pictures without images or used twice."""
    found: list[Complaint] = []
    by_id: dict[str, PlannedImage] = {}
    for at, image in enumerate(plan.images):
        if image.id in by_id:
            found.append(
                Complaint(f"images[{at}].id", "unique", f"{image.id!r} is used twice. Give every image its id")
            )
        by_id.setdefault(image.id, image)
    if not plan.clips:
        found.append(Complaint("clips", "clip count", "there is no clip"))
    seen: dict[tuple[object, ...], int] = {}
    for at, clip in enumerate(plan.clips):
        where = f"clips[{at}]"
        if clip.number != at + 1:
            found.append(
                Complaint(f"{where}.number", "numbers", f"must be {at + 1}: clips are numbered from 1 without gaps")
            )
        found.extend(_picture_faults(clip.picture, f"{where}.picture", by_id))
        same = seen.setdefault(clip.picture.identity, at)
        if same != at:
            message = f"is the picture of clips[{same}] again. Every clip needs a picture of its own"
            found.append(Complaint(f"{where}.picture", "unique picture", message))
    return (*found, *_story_faults(plan))


def _story_faults(plan: Plan) -> list[Complaint]:
    """A story has a shot for each clip, and names only facts and sources that it has."""
    story, found = plan.story, []
    if story is None:
        return []
    if len(story.shots) != len(plan.clips):
        message = f"has {len(story.shots)} shots for {len(plan.clips)} clips. Give one for each"
        found.append(Complaint("story.shots", "story", message))
    facts, sources = {fact.id for fact in story.facts}, {source.id for source in story.sources}
    for at, fact in enumerate(story.facts):
        if fact.source is not None and fact.source not in sources:
            message = f"there is no source {fact.source[:20]!r}. Name one of the list or none"
            found.append(Complaint(f"story.facts[{at}].source", "story", message))
    for at, shot in enumerate(story.shots):
        for name in shot.facts:
            if name not in facts:
                message = f"there is no fact {name[:20]!r}. Name one of the list or none"
                found.append(Complaint(f"story.shots[{at}].facts", "story", message))
    if story.turn > len(plan.clips):
        found.append(Complaint("story.turn", "story", f"must be the number of one of the {len(plan.clips)} clips"))
    return found


def _picture_faults(picture: Picture, where: str, by_id: Mapping[str, PlannedImage]) -> list[Complaint]:
    found = []
    for at, name in enumerate(picture.images):
        if name not in by_id:
            message = f"there is no image {name[:40]!r}. Use an id from the list of images or add the image"
            found.append(Complaint(f"{where}.images[{at}]", "picture", message))
    if picture.type != "cutout" and picture.scale != 1.0:
        found.append(Complaint(f"{where}.scale", "picture", "must be 1.0: only a cutout is scaled"))
    wanted = 1 if picture.type == "full" else 2
    if len(picture.images) != wanted:
        message = f"a {picture.type} picture takes {wanted} image{'s' if wanted > 1 else ''}, not {len(picture.images)}"
        return [*found, Complaint(f"{where}.images", "picture", message)]
    kinds = tuple(by_id[name].kind if name in by_id else None for name in picture.images)
    if picture.type == "cutout" and None not in kinds and kinds != ("character", "environment"):
        message = f"a cutout takes a character, then an environment. These are {' and '.join(map(str, kinds))}"
        found.append(Complaint(f"{where}.images", "picture", message))
    if picture.type == "split" and picture.images[0] == picture.images[1]:
        found.append(Complaint(f"{where}.images", "picture", "both sides of the split screen are the same image"))
    return found
