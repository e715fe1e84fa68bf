"""The channels: one YAML file each, checked strictly, all files and all faults at once.

A new channel is a new file (and one authorization), no code. Relative paths start at the folder of the file. A
missing intro, outro or watermark is a warning and the film is made without it; anything else wrong is an error.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from videod import files
from videod.core import clip_models, profiles
from videod.core.craft_clips import Telling
from videod.core.craft_wording import odd_characters
from videod.core.languages import language
from videod.core.metadata import (
    CATEGORIES,
    DESCRIPTION_BYTES_MAX,
    LEAST_BYTES,
    TAG_CHARACTERS_MAX,
    bytes_left,
    tag_characters,
    tags_left,
)
from videod.core.sanitize import shows
from videod.core.speech import RATE_MAX, RATE_MIN, Pace
from videod.core.youtube_names import canonical
from videod.documents import Document, DocumentError, Fault, faults_of
from videod.strict_yaml import read_yaml

PLACEHOLDERS = ("title", "topic", "channel", "description")
EXTRAS = ("intro", "outro", "watermark")
#: of the lines and words in `narration`
LINES_MAX, LINE_CHARACTERS_MAX = 100, 300

Review = Literal["review", "auto"]
Share = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[float, Field(ge=0, le=10_000)]


class ChannelError(ValueError):
    """Some channel files cannot be used. The text lists every fault: file, line, key, reason, what to type."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


def _file(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str) or not value:
        return value or None
    path = files.placed(value, (info.context or {}).get("folder", Path()))
    if (trouble := files.trouble(path)) is not None:
        raise ValueError(f"{path} {trouble}. Correct the path or leave the key out")
    return path


def _plain(text: str) -> str:
    odd = odd_characters(text.replace("\t", " "))
    if odd:
        raise ValueError(f"contains the character {odd}, which is not text. Leave it out")
    return text


def _name(text: str) -> str:
    if set(text) & {"<", ">"}:
        raise ValueError("must not contain < or >. YouTube refuses them in descriptions")
    if "," in text or not all(map(shows, text)):
        raise ValueError(
            "must not contain a comma or line break, because it becomes an option of the board's Channel property"
        )
    return text


def _category(number: str) -> str:
    if number not in CATEGORIES:
        known = ", ".join(f"{one} {name}" for one, name in CATEGORIES.items())
        raise ValueError(f"{number[:20]!r} is not a category that YouTube accepts. Write one of {known}")
    return number


def _template(text: str) -> str:
    unknown = [name for name in re.findall(r"\{([^{}\n]*)\}", text) if name not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{{{unknown[0][:40]}}} is not a placeholder. Use one of {known}")
    if "<" in text or ">" in text:
        raise ValueError("must not contain < or >. YouTube refuses them")
    return text


def _language(code: str) -> str:
    return language(code).code


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    for tag in tags:
        if not tag.strip() or any(letter in tag for letter in ",<>\n") or odd_characters(tag):
            raise ValueError(f"the tag {tag[:40]!r} is empty or contains a comma, < or >. Write one tag per line")
    if tag_characters(tags) > TAG_CHARACTERS_MAX:
        raise ValueError(
            f"all tags together have {tag_characters(tags)} characters. YouTube takes {TAG_CHARACTERS_MAX}"
        )
    return tags


def _video_model(name: str) -> str:
    if name and clip_models.find(name) is None:
        raise ValueError(
            f"{name[:60]!r} is not a model that videod knows. Write one of {', '.join(clip_models.names())}"
        )
    return name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Voice(_Part):
    """ElevenLabs voice settings; speaker boost is always on."""

    stability: Share = 0.40
    similarity: Share = 0.75
    style: Share = 0.12


class Music(_Part):
    """A track that may lie under films. `credit` goes into the description of every film that has it."""

    file: Annotated[Path | None, BeforeValidator(_file)] = Field(examples=["brand/music/dawn.mp3"])
    mood: Annotated[str, AfterValidator(_plain)] = Field(default="", max_length=200, examples=["calm, dawn, river"])
    seconds: float | None = Field(default=None, gt=0, le=7200, examples=[183.0])
    licence: Annotated[str, AfterValidator(_plain)] = Field(min_length=1, max_length=100, examples=["CC BY 4.0"])
    credit: Annotated[str, AfterValidator(_plain)] = Field(
        default="", max_length=300, examples=["Music: Dawn by A. Composer, CC BY 4.0"]
    )

    @property
    def said(self) -> str:
        """What a description says of it, with the license's name."""
        return self.credit if not self.credit or self.licence in self.credit else f"{self.credit} ({self.licence})"


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    for line in lines:
        if not line.strip() or len(line) > LINE_CHARACTERS_MAX or odd_characters(line):
            raise ValueError(f"{line[:40]!r} is empty, no text or longer than {LINE_CHARACTERS_MAX} characters")
    return tuple(" ".join(line.split()) for line in lines)


Lines = Annotated[tuple[str, ...], Field(strict=False, max_length=LINES_MAX), AfterValidator(_lines)]


class Narration(_Part):
    """How the channel tells its stories. `pace`: characters a second, None: as measured.

    `service`: who speaks, None: the service of the settings; "piper" speaks on this machine, for nothing.
    """

    service: Literal["elevenlabs", "piper"] | None = Field(default=None, examples=["piper"])
    likes: Lines = Field(default=(), examples=[("The tide does not wait.", "She has until dusk.")])
    banned: Lines = Field(default=(), examples=[("majestic", "circle of life")])
    pace: float | None = Field(default=None, ge=RATE_MIN, le=RATE_MAX, examples=[14.5])


class Gates(_Part):
    """Where a person looks before work continues ("review"), and where it continues automatically ("auto").

    `story`: before anything is drawn; another of the five stories may be chosen there.
    """

    story: Review = "auto"
    assets: Review = "review"
    video: Review = "review"
    audio: Review = "review"
    final: Review = "auto"


Extra = Annotated[Path | None, BeforeValidator(_file)]


class Channel(_Part):
    """One channel. USD amounts are US dollars.

    `video_model` "" is the one of the settings. `stills`: how many shots may be still ones. `wordless_shots`: over how
    many shots of an episode nobody may speak. `effects`: how many sound
    effects a film has at most, shared by the clips of one place; None: one for each clip. `narration_first`: narrations
    are made with the images, and each clip is bought as long as its narration needs it. `title_s`: so long the title
    stands over the first shot; `dissolve_s`: so long a shot in another place takes to come. 0: not at all.
    """

    id: str = Field(pattern=r"^[a-z0-9_-]{1,32}$", examples=["my_channel"])
    name: Annotated[str, AfterValidator(_name), Field(min_length=1, max_length=100, examples=["My Channel"])]
    youtube_channel: Annotated[str, AfterValidator(canonical)] = Field(
        min_length=1, max_length=200, examples=["UCabcdefghijklmnopqrstuv"]
    )
    voice_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["sandbox-narrator-1"])
    brand: Annotated[str, AfterValidator(_plain)] = Field(
        min_length=20, max_length=8000, examples=["What the channel is about, its tone and its look."]
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["de"]
    )
    clips: int = Field(default=18, ge=1, le=60)
    images: int = Field(default=22, ge=1, le=120)
    clip_seconds: int = Field(default=10, ge=3, le=15)
    video_model: Annotated[str, AfterValidator(_video_model)] = Field(default="", examples=["kling/v2-1-standard"])
    profile: Literal["standard", "economy"] = "standard"
    narration_first: bool = False
    stills: int = Field(default=0, ge=0, le=60)
    wordless_shots: int = Field(default=0, ge=0, le=60)
    effects: int | None = Field(default=None, ge=1, le=60, examples=[6])
    target_usd: float | None = Field(default=None, gt=0, le=10_000, examples=[4.0])
    intro: Extra = Field(default=None, examples=["brand/intro.mp4"])
    outro: Extra = Field(default=None, examples=["brand/outro.mp4"])
    watermark: Extra = Field(default=None, examples=["brand/watermark.png"])
    burn_captions: bool = False
    title_s: float = Field(default=0, ge=0, le=8)
    dissolve_s: float = Field(default=0, ge=0, le=1)
    music: Annotated[tuple[Music, ...], Field(strict=False, max_length=100)] = ()
    storage: Literal["notion", "r2"] = "notion"
    privacy: Literal["private", "unlisted", "public"] = "private"
    made_for_kids: bool = False
    category: Annotated[str, AfterValidator(_category)] = "15"
    description_template: Annotated[str, AfterValidator(_plain), AfterValidator(_template)] = "{description}"
    tags: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_tags)] = Field(
        default=(), examples=[("nature", "documentary")]
    )
    gates: Gates = Field(default_factory=Gates)
    publish_without_review: bool = False
    daily_budget_usd: Usd = 50.0
    episode_cap_usd: Usd = 15.0
    rebuy_ceiling_usd: Usd = 0.50
    max_concurrent: int = Field(default=2, ge=1, le=100)
    upload_spacing_h: float = Field(default=0, ge=0, le=720)
    google_project: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9_]{0,31})?$", examples=["wild"])
    uploads_per_day: int | None = Field(default=None, ge=1, le=100, examples=[2])
    negative_prompt: Annotated[str, AfterValidator(_plain)] = Field(
        default="blur, distort, low quality", min_length=1, max_length=500
    )
    voice: Voice = Field(default_factory=Voice)
    narration: Narration = Field(default_factory=Narration)


@dataclass(frozen=True)
class ChannelSet:
    """All channels by id. `files` are those that were read; `warnings` name file and reason, for people."""

    channels: Mapping[str, Channel]
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def reviews_story(self) -> bool:
        return any(channel.gates.story == "review" for channel in self.channels.values())

    def on_board(self) -> tuple[list[str], bool]:
        """What the board offers for them: their ids, and whether the story's review."""
        return sorted(self.channels), self.reviews_story


def load_channels(folder: Path) -> ChannelSet:
    """Every *.yaml in `folder`. Raises ChannelError with all faults of all files."""
    names = listed(folder)
    found = [folder / name for name in names if name.endswith(".yaml")]
    loaded = load_files(found)
    odd = [f"{folder / name}: is not read. {_renamed(Path(name))}" for name in names if _meant(name)]
    if not found:
        odd.append(f"{folder}: contains no channel. Every channel is a file <channel>.yaml")
    return ChannelSet(loaded.channels, (*loaded.warnings, *odd), loaded.files)


def _meant(name: str) -> bool:
    """Whether somebody may believe that it is read: x.yml, X.YAML, x.yaml.bak."""
    return not name.endswith(".yaml") and re.search(r"\.ya?ml(\b|$)", name.lower()) is not None


def _renamed(path: Path) -> str:
    return f"The file of a channel is called {path.name.partition('.')[0].lower()}.yaml"


def listed(folder: Path) -> list[str]:
    """The names in a folder of channels, but for hidden ones, which editors make. Raises ChannelError."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        reason = "there is no such folder. Create it and put a <channel>.yaml into it"
    except OSError as problem:
        reason = f"the folder cannot be read ({files.reason(problem)}). Let videod's user read it"
    except ValueError:
        reason = "no folder can have this name. Correct [paths] channels"
    raise ChannelError([Fault(str(folder), None, "", reason)])


def load_files(paths: Sequence[Path]) -> ChannelSet:
    """The channels in these files. Raises ChannelError with all faults of all files."""
    channels: dict[str, Channel] = {}
    faults: list[Fault] = []
    warnings: list[str] = []
    names: dict[str, Path] = {}
    ids: dict[str, Path] = {}
    for path in paths:
        if path.suffix != ".yaml":
            faults.append(Fault(str(path), None, "", f"is not read by videod. {_renamed(path)}"))
            continue
        read = _read(path)
        if isinstance(read, list):
            faults.extend(read)
            continue
        channel, notes = read
        warnings.extend(notes)
        if (first := ids.setdefault(channel.id, path)) != path:
            faults.append(Fault(str(path), None, "id", f"is already the id of {first}. Every channel needs its own"))
        channels[channel.id] = channel
        other = names.setdefault(channel.name.casefold(), path)
        if other != path:
            faults.append(Fault(str(path), None, "name", f"is already the name of {other}. Names must differ"))
    if faults:
        raise ChannelError(faults)
    return ChannelSet(MappingProxyType(channels), tuple(warnings), tuple(paths))


def _read(path: Path) -> tuple[Channel, list[str]] | list[Fault]:
    """The channel and its warnings, or the file's faults."""
    try:
        document = read_yaml(path)
    except DocumentError as problem:
        return [Fault(str(path), problem.line, "", problem.reason)]
    values = {"id": path.stem, **document.values}
    clips, profile = values.get("clips", Channel.model_fields["clips"].default), values.get("profile")
    if profile in profiles.PROFILES and type(clips) is int:
        values = {**profiles.keys(str(profile), clips), **values}
    try:
        channel = Channel.model_validate(values, context={"folder": path.parent})
    except ValidationError as problem:
        return faults_of(problem.errors(include_url=False), Channel, str(path), document.lines, ": ")
    if channel.id != path.stem:
        reason = f"must be the file's name. Write id: {path.stem} or rename the file to {channel.id}.yaml"
        return [Fault(str(path), document.lines[("id",)], "id", reason)]
    faults = [Fault(str(path), _line(document, key), key, reason) for key, reason in _together(channel)]
    if faults:
        return faults
    missing = [name for name in EXTRAS if (extra := getattr(channel, name)) is not None and not files.exists(extra)]
    notes = [f"{path}:{document.lines[(name,)]}: {name}: there is no file {getattr(channel, name)}. Films are made "
             f"without it" for name in missing]  # fmt: skip
    notes += [f"{path}:{_line(document, 'music')}: music: there is no file {track.file}. Films are made without it"
              for track in channel.music if track.file is None or not files.exists(track.file)]  # fmt: skip
    if channel.publish_without_review:
        where = f"{path}:{_line(document, 'publish_without_review')}: publish_without_review"
        notes.append(f"{where}: films of {channel.name} are published without anyone's approval")
    return channel.model_copy(update=dict.fromkeys(missing)), notes


def _lengths(channel: Channel) -> str | None:
    """Why the model does not make clips of that length, if it does not."""
    model = clip_models.find(channel.video_model) if channel.video_model else None
    if model is None or channel.clip_seconds in model.lengths:
        return None
    allowed = ", ".join(map(str, model.lengths))
    return f"{model.title} makes clips of {allowed} seconds. Write one of these"


def _line(document: Document, key: str) -> int | None:
    return document.lines.get((key,))


def _together(channel: Channel) -> Iterator[tuple[str, str]]:
    """What is wrong only because of what else the file says: key, reason."""
    if (wrong := _lengths(channel)) is not None:
        yield "clip_seconds", wrong
    if all(mode == "auto" for name, mode in channel.gates if name != "story") and not channel.publish_without_review:
        yield (
            "gates",
            "are all auto, so films would be published without anyone's approval. Set one of them to review,"
            " or write publish_without_review: true if that is what you want",
        )
    left = bytes_left(channel.description_template, channel.name)
    wanted = LEAST_BYTES if "{description}" in channel.description_template else 0
    if left < wanted:
        yield (
            "description_template",
            f"with the longest title and topic it leaves {max(0, left):,} of YouTube's {DESCRIPTION_BYTES_MAX} bytes"
            f" for the words of a plan, which need {wanted}. Shorten it by {wanted - left:,} bytes",
        )


def room(channel: Channel) -> str:
    """What the channel's tags and template leave for a plan, in words."""
    tags, left = tags_left(channel.tags), bytes_left(channel.description_template, channel.name)
    return (
        f"{channel.id}: a plan can use {tags} of YouTube's {TAG_CHARACTERS_MAX} characters for tags and"
        f" {left:,} of its {DESCRIPTION_BYTES_MAX} bytes for the description"
    )


def telling(channel: Channel, measured: float | None = None) -> Telling:
    """How the channel's narrations are; `measured`: characters a second that were heard of its voice."""
    rate = channel.narration.pace or measured
    spoken, banned = language(channel.language), channel.narration.banned
    return Telling(spoken, Pace(rate, channel.clip_seconds), banned, channel.wordless_shots)
