"""The plan of an episode: what its images, clips, narrations and effects are. Read once, used by every later step."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1
KINDS = ("character", "environment", "prop")
ROLES = ("protagonist", "antagonist", "background")
#: picture type -> how many images it is made of
PICTURES = {"full": 1, "cutout": 2, "split": 2}
_ID = re.compile(r"\A[a-z0-9_]{1,40}\Z")


class PlanError(ValueError):
    """The document is no plan; the text names the place and what is wrong there."""


@dataclass(frozen=True)
class PlannedImage:
    id: str
    kind: str
    subject: str
    species: str | None
    role: str | None
    core: bool
    prompt: str


@dataclass(frozen=True)
class Picture:
    """What a clip moves: one image, a character over an environment, or two halves."""

    type: str
    images: tuple[str, ...]
    scale: float


@dataclass(frozen=True)
class PlannedClip:
    number: int
    beat: str
    picture: Picture
    motion: str
    negative: str
    narration: str
    sound: str


@dataclass(frozen=True)
class Arc:
    want: str
    obstacle: str
    escalation: str
    turn: str
    resolution: str


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


def _field(document: Mapping[str, object], name: str, kind: type, where: str) -> object:
    value = document.get(name)
    right = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else type(value) is kind
    if not right:
        raise PlanError(f"{where}{name}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _text(document: Mapping[str, object], name: str, where: str) -> str:
    return str(_field(document, name, str, where))


def _option(document: Mapping[str, object], name: str, allowed: tuple[str, ...], where: str) -> str:
    value = _text(document, name, where)
    if value not in allowed:
        raise PlanError(f"{where}{name}: {value!r} is not one of {', '.join(allowed)}")
    return value


def _objects(document: Mapping[str, object], name: str, where: str) -> list[Mapping[str, object]]:
    rows = _field(document, name, list, where)
    assert isinstance(rows, list)
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise PlanError(f"{where}{name}[{at}]: expected an object")
    return rows


def _texts(document: Mapping[str, object], name: str, where: str) -> tuple[str, ...]:
    rows = _field(document, name, list, where)
    assert isinstance(rows, list)
    for at, row in enumerate(rows):
        if not isinstance(row, str):
            raise PlanError(f"{where}{name}[{at}]: expected text")
    return tuple(rows)


def _maybe(document: Mapping[str, object], name: str, where: str) -> str | None:
    return None if document.get(name) is None else _text(document, name, where)


def _image(row: Mapping[str, object], where: str) -> PlannedImage:
    name = _text(row, "id", where)
    if not _ID.match(name):
        raise PlanError(f"{where}id: {name!r} must be 1-40 of a-z, 0-9 and _")
    role = _maybe(row, "role", where)
    if role is not None and role not in ROLES:
        raise PlanError(f"{where}role: {role!r} is not one of {', '.join(ROLES)}")
    return PlannedImage(
        name, _option(row, "kind", KINDS, where), _text(row, "subject", where), _maybe(row, "species", where), role,
        bool(_field(row, "core", bool, where)), _text(row, "prompt", where),
    )  # fmt: skip


def _picture(row: Mapping[str, object], where: str, known: set[str]) -> Picture:
    kind = _option(row, "type", tuple(PICTURES), where)
    images = _texts(row, "images", where)
    if len(images) != PICTURES[kind]:
        raise PlanError(f"{where}images: a {kind} picture has {PICTURES[kind]} image(s), found {len(images)}")
    unknown = [name for name in images if name not in known]
    if unknown:
        raise PlanError(f"{where}images: no image is called {', '.join(unknown)}")
    scale = _field(row, "scale", float, where)
    assert isinstance(scale, int | float)
    if not 0.1 <= scale <= 1:
        raise PlanError(f"{where}scale: {scale} is not within 0.1 and 1")
    return Picture(kind, images, float(scale))


def _clip(row: Mapping[str, object], where: str, known: set[str]) -> PlannedClip:
    picture = row.get("picture")
    if not isinstance(picture, dict):
        raise PlanError(f"{where}picture: expected an object")
    number = _field(row, "number", int, where)
    assert isinstance(number, int)
    return PlannedClip(
        number, _text(row, "beat", where), _picture(picture, f"{where}picture.", known), _text(row, "motion", where),
        _text(row, "negative", where), _text(row, "narration", where), _text(row, "sound", where),
    )  # fmt: skip


def parse(document: Mapping[str, object]) -> Plan:
    """The plan that `document` (plan.json, decoded) holds. Raises PlanError naming the first place that is wrong."""
    if document.get("version") != VERSION:
        raise PlanError(f"version: expected {VERSION}, found {document.get('version')!r}")
    images = tuple(_image(row, f"images[{at}].") for at, row in enumerate(_objects(document, "images", "")))
    known = {image.id for image in images}
    if len(known) != len(images):
        raise PlanError("images: two images have the same id")
    clips = tuple(_clip(row, f"clips[{at}].", known) for at, row in enumerate(_objects(document, "clips", "")))
    if [clip.number for clip in clips] != list(range(1, len(clips) + 1)) or not clips:
        raise PlanError("clips: numbers must run 1, 2, 3 ... without a gap")
    arc = document.get("arc")
    if not isinstance(arc, dict):
        raise PlanError("arc: expected an object")
    parts = [_text(arc, name, "arc.") for name in ("want", "obstacle", "escalation", "turn", "resolution")]
    return Plan(
        _text(document, "title", ""), _text(document, "logline", ""), _text(document, "description", ""),
        _texts(document, "tags", ""), _texts(document, "research", ""), Arc(*parts),
        _text(document, "atmosphere", ""), images, clips,
    )  # fmt: skip
