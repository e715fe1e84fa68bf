"""The step table: every step of an episode, what it waits for and the command line of its script.

Adding a step touches one row here and one script. A row names the script (overridable in `[scripts]`), the service
lane it runs in, the steps it comes after, whether there is one per episode, image or clip, the gate that must be
passed before money may be spent on it, the status shown when it fails, its deadline, its price
and the two pure functions that build its command and its output's place.

`check()` is run at start and proves the table sound; README's diagram is drawn from it.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType

from videod.core.model import Job, Task
from videod.core.statuses import Gate, Status


@dataclass(frozen=True)
class Studio:
    """What commands need besides the job: the channel's and the settings' plain values, and where the files lie.

    `outputs` maps the names of finished jobs to their files, relative to `workspace`.
    """

    workspace: PurePosixPath
    task: Task
    channel_name: str
    brand: str
    voice_id: str
    voice: Mapping[str, float]
    language: str
    privacy: str
    category: str
    made_for_kids: bool
    description_template: str
    tags: tuple[str, ...]
    clips: int
    images: int
    models: Mapping[str, str]
    image_host: str
    bucket: str
    image_size: str
    intro: str | None
    outro: str | None
    watermark: str | None
    outputs: Mapping[str, str] = field(default_factory=dict)
    #: how long the clip's script asks for its remote job; less than the deadline, so that it can say how far it is
    clip_wait_s: int = 1680

    def path(self, relative: str) -> str:
        return str(self.workspace / relative)

    def file(self, job_name: str) -> str:
        return self.path(self.outputs[job_name])


@dataclass(frozen=True)
class Command:
    """Arguments for the script, and small files (path relative to the workspace -> text) to be written before."""

    argv: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)


class Makes(StrEnum):
    """What a step's script leaves in its output."""

    JSON = "json"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    NOTHING = "nothing"


class Per(StrEnum):
    """For what an episode has one job of a step."""

    EPISODE = "episode"
    IMAGE = "image"
    CLIP = "clip"


@dataclass(frozen=True)
class Step:
    """One row of the table. `makes` is the kind of file that is verified."""

    name: str
    script: str
    service: str
    after: tuple[str, ...]
    per: Per
    gate: Gate | None
    error: Status
    deadline_s: int
    price: str | None
    makes: Makes
    secrets: tuple[str, ...]
    argv: Callable[[Job, Studio], Command]
    output: Callable[[Job, Task], str]
    shown_as: str | None = None
    rewordable: bool = False
    #: a finished order may be fetched once more at no cost (`--fetch-only`)
    fetchable: bool = False
    #: the options that the owner's older script of this step knows; empty: there was none, one in its place gets all
    bare: tuple[str, ...] = ()

    @property
    def paid(self) -> bool:
        return self.price is not None


def _take(job: Job, folder: str, stem: str, suffix: str) -> str:
    """A place of its own for every revision: an older take stays on disk, with its receipt, until retention."""
    return f"{folder}/{stem}{f'_r{job.revision}' if job.revision else ''}{suffix}"


def _text(job: Job, name: str) -> str:
    return str(job.args[name])


def _names(job: Job, name: str) -> tuple[str, ...]:
    value = job.args.get(name, ())
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _bought_again(job: Job) -> tuple[str, ...]:
    return ("--buy-again",) if job.buy_again else ()


#: put before a prompt that was refused once; it changes the register, never the subject
REWORDING = "A calm and family-friendly wildlife documentary photograph, no violence, no blood. "


def _reworded(job: Job, text: str) -> str:
    return REWORDING + text if job.reworded else text


def _plan(job: Job, at: Studio) -> Command:
    return Command((
        "--title", at.task.title, "--topic", at.task.topic, "--direction", at.task.direction,
        "--channel-name", at.channel_name, "--brand", at.brand, "--clips", str(at.clips), "--images", str(at.images),
        "--model", at.models["text"], "--output", at.path(PLAN.output(job, at.task)), *_bought_again(job),
    ))  # fmt: skip


def _image(job: Job, at: Studio) -> Command:
    references = tuple(part for name in _names(job, "references") for part in ("--reference-image", at.file(name)))
    return Command((
        "--prompt", _reworded(job, _text(job, "prompt")), *references, "--aspect-ratio", _text(job, "aspect"),
        "--image-size", at.image_size, "--model", at.models["image"],
        "--output", at.path(IMAGE.output(job, at.task)), *_bought_again(job),
    ))  # fmt: skip


def _composite(job: Job, at: Studio) -> Command:
    output = ("--output", at.path(COMPOSITE.output(job, at.task)))
    if job.args["type"] == "full":
        return Command(("--image", at.file(_text(job, "image")), *output))
    return Command((
        "--character", at.file(_text(job, "character")), "--environment", at.file(_text(job, "environment")),
        "--scale", _text(job, "scale"), *output,
    ))  # fmt: skip


def _split_screen(job: Job, at: Studio) -> Command:
    sides = ("--left", at.file(_text(job, "left")), "--right", at.file(_text(job, "right")))
    return Command((*sides, "--output", at.path(SPLIT_SCREEN.output(job, at.task))))


def _clip(job: Job, at: Studio) -> Command:
    return Command((
        "--image", at.file(_text(job, "picture")), "--prompt", _reworded(job, _text(job, "prompt")),
        "--negative-prompt", _text(job, "negative"), "--duration", _text(job, "seconds"),
        "--model", at.models["video"], "--image-host", at.image_host, *(("--bucket", at.bucket) if at.bucket else ()),
        "--wait", str(at.clip_wait_s), "--output", at.path(CLIP.output(job, at.task)),
        *(("--fetch-only",) if job.fetching else _bought_again(job)),
    ))  # fmt: skip


def _narration(job: Job, at: Studio) -> Command:
    return Command((
        "--text", _text(job, "text"), "--voice", at.voice_id, "--model", at.models["voice"],
        "--stability", str(at.voice["stability"]), "--similarity", str(at.voice["similarity"]),
        "--style", str(at.voice["style"]), "--output", at.path(NARRATION.output(job, at.task)), *_bought_again(job),
    ))  # fmt: skip


def _sound_effect(job: Job, at: Studio) -> Command:
    return Command((
        "--text", _text(job, "text"), "--duration", _text(job, "seconds"),
        "--output", at.path(SOUND_EFFECT.output(job, at.task)), *_bought_again(job),
    ))  # fmt: skip


def _cut(job: Job, at: Studio) -> Command:
    return Command((
        "--video", at.file(_text(job, "video")), "--audio", at.file(_text(job, "audio")),
        "--sfx", at.file(_text(job, "sfx")), "--output", at.path(CUT.output(job, at.task)),
    ))  # fmt: skip


def _assemble(job: Job, at: Studio) -> Command:
    clips = []
    for number, name in enumerate(_names(job, "clips"), start=1):
        parts = {"video": f"clip/{name}", "audio": f"narration/{name}", "sfx": f"sound_effect/{name}"}
        entry: dict[str, object] = {"clip_number": number, "cut": at.file(f"cut/{name}")}
        clips.append(entry | {part: at.file(source) for part, source in parts.items()})
    manifest = _take(job, "plan", "manifest", ".json")
    extras = tuple(
        part
        for flag, path in (("--intro", at.intro), ("--outro", at.outro), ("--watermark", at.watermark))
        if path is not None
        for part in (flag, path)
    )
    argv = ("--manifest", at.path(manifest), "--output", at.path(ASSEMBLE.output(job, at.task)), *extras)
    return Command(argv, {manifest: json.dumps({"clips": clips}, indent=2)})


def marker_of(task_id: str) -> str:
    """The line in a video's description by which its own upload is found again (services.md 5.4)."""
    return f"videod:{task_id}"


def _upload(job: Job, at: Studio) -> Command:
    description = _take(job, "upload", "description", ".txt")
    text = at.description_template.replace("{title}", at.task.title).replace("{topic}", at.task.topic)
    text = text.replace("{channel}", at.channel_name).replace("{description}", _text(job, "description"))
    tags = list(dict.fromkeys((*at.tags, *_names(job, "tags"))))
    kids = "--made-for-kids" if at.made_for_kids else "--not-made-for-kids"
    argv = (
        "--video", at.file("assemble/film"), "--title", at.task.title, "--description-file", at.path(description),
        "--tags", ",".join(tags), "--category", at.category, "--privacy", at.privacy, kids, "--synthetic-media",
        "--language", at.language, "--marker", marker_of(at.task.id), "--output", at.path(UPLOAD.output(job, at.task)),
    )  # fmt: skip
    return Command(argv, {description: text})


def _cleanup(job: Job, at: Studio) -> Command:
    return Command(("--workspace", str(at.workspace)))


PLAN = Step(
    name="plan", script="generate_plan.py", service="gemini", after=(), per=Per.EPISODE, gate=None,
    error=Status.ERROR_PLANNING, deadline_s=1500, price="plan", makes=Makes.JSON,
    secrets=("GEMINI_API_KEY",), argv=_plan, output=lambda job, task: _take(job, "plan", "plan", ".json"),
    shown_as="Plan",
)  # fmt: skip
IMAGE = Step(
    name="image", script="generate_asset.py", service="gemini", after=("plan",), per=Per.IMAGE, gate=None,
    error=Status.ERROR_ASSETS, deadline_s=300, price="image", makes=Makes.IMAGE,
    secrets=("GEMINI_API_KEY",), argv=_image,
    output=lambda job, task: _take(job, f"assets/{job.args['folder']}", job.key, ".png"),
    shown_as="Image", rewordable=True,
    bare=("--prompt", "--output", "--reference-image", "--aspect-ratio"),
)  # fmt: skip
COMPOSITE = Step(
    name="composite", script="create_composite.py", service="pillow", after=("image",), per=Per.CLIP, gate=Gate.ASSETS,
    error=Status.ERROR_COMPOSITES, deadline_s=120, price=None, makes=Makes.IMAGE,
    secrets=(), argv=_composite, output=lambda job, task: _take(job, "assets/composites", job.key, ".png"),
    shown_as="Composite",
    bare=("--character", "--environment", "--output", "--scale"),
)  # fmt: skip
SPLIT_SCREEN = Step(
    name="split_screen", script="create_split_screen.py", service="pillow", after=("image",), per=Per.CLIP,
    gate=Gate.ASSETS, error=Status.ERROR_COMPOSITES, deadline_s=120, price=None,
    makes=Makes.IMAGE, secrets=(), argv=_split_screen,
    output=lambda job, task: _take(job, "assets/composites", job.key, ".png"), shown_as="Composite",
)  # fmt: skip
CLIP = Step(
    name="clip", script="generate_video.py", service="kie", after=("composite", "split_screen"), per=Per.CLIP,
    gate=Gate.ASSETS, error=Status.ERROR_VIDEO, deadline_s=1800, price="clip",
    makes=Makes.VIDEO, secrets=("KIE_API_KEY", "CATBOX_USERHASH", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"),
    argv=_clip,
    output=lambda job, task: _take(job, "videos", job.key, ".mp4"), shown_as="Clip", rewordable=True, fetchable=True,
    bare=("--image", "--prompt", "--output", "--duration", "--negative-prompt"),
)  # fmt: skip
NARRATION = Step(
    name="narration", script="generate_audio.py", service="elevenlabs", after=("plan",), per=Per.CLIP, gate=Gate.VIDEO,
    error=Status.ERROR_AUDIO, deadline_s=180, price="narration", makes=Makes.AUDIO,
    secrets=("ELEVENLABS_API_KEY",), argv=_narration,
    output=lambda job, task: _take(job, "audio", job.key, ".mp3"), shown_as="Narration",
    bare=("--text", "--output", "--model", "--stability", "--similarity", "--style", "--voice"),
)  # fmt: skip
SOUND_EFFECT = Step(
    name="sound_effect", script="generate_sound_effects.py", service="elevenlabs", after=("plan",), per=Per.CLIP,
    gate=Gate.VIDEO, error=Status.ERROR_SFX, deadline_s=180, price="effect",
    makes=Makes.AUDIO, secrets=("ELEVENLABS_API_KEY",), argv=_sound_effect,
    output=lambda job, task: _take(job, "sfx", job.key, ".mp3"), shown_as="Sound Effect",
    bare=("--text", "--output", "--duration"),
)  # fmt: skip
CUT = Step(
    name="cut", script="cut_clip.py", service="ffmpeg", after=("clip", "narration", "sound_effect"), per=Per.CLIP,
    gate=None, error=Status.ERROR_ASSEMBLY, deadline_s=300, price=None, makes=Makes.VIDEO,
    secrets=(), argv=_cut, output=lambda job, task: _take(job, "cuts", job.key, ".mov"),
)  # fmt: skip
ASSEMBLE = Step(
    name="assemble", script="assemble_video.py", service="ffmpeg", after=("cut",), per=Per.EPISODE, gate=Gate.AUDIO,
    error=Status.ERROR_ASSEMBLY, deadline_s=1800, price=None, makes=Makes.VIDEO,
    secrets=(), argv=_assemble,
    output=lambda job, task: f"{task.id}_final{f'_r{job.revision}' if job.revision else ''}.mp4", shown_as="Film",
    bare=("--manifest", "--output"),
)  # fmt: skip
UPLOAD = Step(
    name="upload", script="upload_video.py", service="youtube", after=("assemble",), per=Per.EPISODE, gate=Gate.FINAL,
    error=Status.ERROR_UPLOAD, deadline_s=6 * 3600, price=None, makes=Makes.JSON,
    secrets=("YOUTUBE_ACCESS_TOKEN",), argv=_upload, output=lambda job, task: _take(job, "upload", "result", ".json"),
)  # fmt: skip
CLEANUP = Step(
    name="cleanup", script="clean_workspace.py", service="local", after=("upload",), per=Per.EPISODE, gate=None,
    error=Status.PUBLISHED, deadline_s=300, price=None, makes=Makes.NOTHING,
    secrets=(), argv=_cleanup, output=lambda job, task: "",
)  # fmt: skip

_ROWS = (PLAN, IMAGE, COMPOSITE, SPLIT_SCREEN, CLIP, NARRATION, SOUND_EFFECT, CUT, ASSEMBLE, UPLOAD, CLEANUP)
STEPS: dict[str, Step] = {step.name: step for step in _ROWS}
ORDER: dict[str, int] = {name: at for at, name in enumerate(STEPS)}
SERVICES: tuple[str, ...] = tuple(dict.fromkeys(step.service for step in STEPS.values()))
#: how a person names all of them at once
ALL = "all"

#: the steps whose results a person looks at, gate by gate; the last gate looks at the film
REVIEWED: dict[Gate, tuple[str, ...]] = {
    Gate.ASSETS: ("plan", "image"),
    Gate.VIDEO: ("composite", "split_screen", "clip"),
    Gate.AUDIO: ("narration", "sound_effect"),
    Gate.FINAL: ("cut", "assemble"),
}


def check(tables: Mapping[str, Collection[str]] = MappingProxyType({}), prices: Collection[str] | None = None) -> None:
    """Raise ValueError naming each fault of the table, and each step that one of `tables` (by name) leaves out.

    `prices`: the prices that there are.
    """
    from videod.core import board, expect  # both know this table

    known: dict[str, Collection[str]] = {"core/board.NOUNS": board.NOUNS, "core/expect.BY_STEP": expect.BY_STEP}
    found = [fault for step in STEPS.values() for fault in _faults(step, prices)]
    reviewed = [name for names in REVIEWED.values() for name in names]
    missing = set(STEPS) - set(reviewed) - {"upload", "cleanup"}
    if missing or len(reviewed) != len(set(reviewed)):
        found.append(f"every step belongs to exactly one gate's review; look at {sorted(missing)}")
    for table, names in (known | dict(tables)).items():
        left_out = [name for name in STEPS if name not in names]
        if left_out:
            found.append(f"{table} has no row for {', '.join(left_out)}")
    if found:
        raise ValueError("; ".join(found))


def _faults(step: Step, prices: Collection[str] | None) -> list[str]:
    """What is wrong with one row."""
    found = []
    late = [name for name in step.after if name not in STEPS or ORDER[name] >= ORDER[step.name]]
    if late:
        found.append(f"step {step.name} comes after {', '.join(late)}, which is no earlier step")
    if step.per not in set(Per):
        found.append(f"step {step.name}: unknown per {step.per!r}")
    if step.makes not in set(Makes):
        found.append(f"step {step.name}: unknown makes {step.makes!r}")
    if not step.script.endswith(".py") or PurePosixPath(step.script).name != step.script:
        found.append(f"step {step.name}: script {step.script!r} is no file name of scripts/")
    if prices is not None and step.price is not None and step.price not in prices:
        found.append(f"step {step.name}: there is no price {step.price!r}")
    return found


def digest(step: Step, command: Command, workspace: PurePosixPath, inputs: Mapping[str, str]) -> str:
    """The sha256 of what a command will make: script, arguments and the digests of its input files.

    `inputs` maps file paths to sha256; such arguments count by content, others by text relative to the workspace, so
    that the same request has the same digest wherever the state folder lies.
    """
    parts = [step.script]
    for part in command.argv:
        parts.append(inputs.get(part, part.removeprefix(f"{workspace}/")))
    parts.extend(f"{name}={text}" for name, text in sorted(command.files.items()) if not name.startswith("plan/"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
