"""What a person sees of an episode: the story, then a row for each clip, each file with state, price and takes. Pure.

What may be done is what `core.outlook` offers; nothing is decided here.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import quote

from videod.core import outlook
from videod.core.board import pending_cost_micros
from videod.core.held_against import WARNINGS
from videod.core.model import Job, Task
from videod.core.statuses import AT_GATE, DONE, Gate, JobState
from videod.core.step import Makes
from videod.core.step_parts import NOTE
from videod.core.tables import REVIEWED, STEPS
from videod.store.takes import Take

#: characters of a digest in an address: enough to tell the takes of a job apart
MARK = 16
#: what videod says of states, in words for people
STATES = {
    JobState.WAITING: "not begun", JobState.READY: "next", JobState.RUNNING: "being made", JobState.DONE: "done",
    JobState.FAILED: "failed", JobState.IN_DOUBT: "unconfirmed", JobState.SKIPPED: "not needed",
}  # fmt: skip
REVIEWS = {
    Gate.STORY: "story", Gate.ASSETS: "pictures", Gate.VIDEO: "clips", Gate.AUDIO: "sound", Gate.FINAL: "film",
}  # fmt: skip
_SHOWN = {"image": "Picture", "composite": "Frame", "split_screen": "Frame", "clip": "Clip", "narration": "Narration",
          "sound_effect": "Effect", "assemble": "Film", "thumbnail": "Thumbnail", "plan": "Story",
          "upload": "On YouTube"}  # fmt: skip
_BEATS = ("want", "obstacle", "escalation", "turn", "resolution")
#: words that are shown where they cannot be rewritten either
_LINES = {"narration": "text", "sound_effect": "text", "clip": "prompt", "image": "prompt"}


@dataclass(frozen=True)
class Words:
    """Text that a file is made from. `word`: as commands name it; `open`: it can be rewritten now."""

    word: str
    text: str
    open: bool


@dataclass(frozen=True)
class Shown:
    """One file that can be looked at. `source` is the address of the whole file, `mark` names this take of it."""

    number: int
    source: str
    small: str
    output: str
    sha256: str
    own: bool = False
    in_use: bool = False


@dataclass(frozen=True)
class Piece:
    """One file of an episode. `kind` is "image", "video", "audio" or ""; prices in micro-dollars."""

    name: str
    label: str
    kind: str
    state: str
    done: bool
    bad: str
    price_micros: int
    cost_micros: int
    words: tuple[Words, ...]
    file: Shown | None
    takes: tuple[Shown, ...]
    redo: bool
    noted: bool
    put: bool
    note: str
    seconds: float
    reviewed: bool
    warnings: tuple[str, ...]

    @property
    def id(self) -> str:
        """What an address names it by."""
        return self.name.replace("/", "-")

    @property
    def text(self) -> str:
        return self.words[0].text if self.words else ""


@dataclass(frozen=True)
class Face:
    """What a file looks like among others: its job, a label, its text, a small picture of it or ""."""

    name: str
    label: str
    text: str
    picture: str


@dataclass(frozen=True)
class Row:
    """One clip with what belongs to it. `cut`: it as it will stand in the film, "" while there is none."""

    number: int
    key: str
    beat: str
    pieces: tuple[Piece, ...]
    cut: str
    narration: str


@dataclass(frozen=True)
class Story:
    """What the plan says, as far as it can be read. `arc`: (beat, sentence); `told`: each story that was written, in
    one sentence; `chosen`: the number of the one that the film tells, 0 where nobody says."""

    logline: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    arc: tuple[tuple[str, str], ...] = ()
    told: tuple[str, ...] = ()
    chosen: int = 0
    beats: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Review:
    """The page of an episode. `seen`: a digest of the files under review; it differs when one of them does."""

    gate: Gate | None
    cost_micros: int
    seen: str
    story: Story
    plan: Piece | None
    rows: tuple[Row, ...]
    loose: tuple[Piece, ...]
    film: Piece | None
    upload: Piece | None
    thumbnails: tuple[Piece, ...]

    @property
    def name(self) -> str:
        return "" if self.gate is None else REVIEWS[self.gate]

    @property
    def cuts(self) -> tuple[Row, ...]:
        """The rows of the rough cut; none while some are missing."""
        found = tuple(row for row in self.rows if row.cut)
        return found if len(found) == len(self.rows) else ()


def story(plan: object) -> Story:
    """From the plan's JSON; whatever of it is not as it should be is left out."""
    if not isinstance(plan, Mapping):
        return Story()
    arc, told = plan.get("arc"), plan.get("story")
    stories, chosen = (told.get("stories"), told.get("chosen")) if isinstance(told, Mapping) else (None, None)
    clips = plan.get("clips")
    rows = [one for one in clips if isinstance(one, Mapping)] if isinstance(clips, list) else []
    return Story(
        logline=_line(plan, "logline"), description=_line(plan, "description"),
        tags=tuple(str(one) for one in plan["tags"]) if isinstance(plan.get("tags"), list) else (),
        arc=tuple((beat, said) for beat in _BEATS if (said := _line(arc, beat))),
        told=tuple(one for one in stories if isinstance(one, str)) if isinstance(stories, list) else (),
        chosen=chosen if isinstance(chosen, int) else 0,
        beats={number: _line(one, "beat") for number, one in enumerate(rows, 1)},
    )  # fmt: skip


def _line(thing: object, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else None
    return value if isinstance(value, str) else ""


def review(
    task: Task, jobs: Sequence[Job], takes: Mapping[str, Sequence[Take]], told: Story, owned: bool = True
) -> Review:  # fmt: skip
    """`owned`: whether who looks may change anything."""
    gate = AT_GATE.get(task.status)
    maker = _Maker(task, tuple(jobs), takes, gate, owned)
    pieces = {job.name: maker.piece(job) for job in jobs if job.state is not JobState.SKIPPED}
    by_name = {job.name: job for job in jobs}
    keys = sorted({job.key for job in jobs if job.step in ("narration", "clip") and job.state is not JobState.SKIPPED})
    placed: set[str] = set()
    rows = tuple(_row(number, key, by_name, pieces, told, placed) for number, key in enumerate(keys, 1))
    loose = tuple(one for name, one in pieces.items() if one.kind and name not in placed
                  and by_name[name].step not in ("assemble", "thumbnail", "cut"))  # fmt: skip
    of_step = {job.step: pieces[job.name] for job in jobs if job.name in pieces}
    return Review(
        gate=gate, cost_micros=0 if gate is None else pending_cost_micros(tuple(jobs), gate), seen=seen(task, jobs),
        story=told, plan=of_step.get("plan"), rows=rows, loose=loose, film=of_step.get("assemble"),
        upload=of_step.get("upload"), thumbnails=tuple(one for one in pieces.values() if one.label == "Thumbnail"),
    )  # fmt: skip


def seen(task: Task, jobs: Iterable[Job]) -> str:
    """What is looked at: the review and its finished files."""
    return mark(task, ((job.step, job.key, job.revision, job.sha256) for job in jobs if job.state is DONE))


def mark(task: Task, finished: Iterable[tuple[str, str, int, str | None]]) -> str:
    """`seen`, of the step, key, revision and digest of each finished job."""
    gate = AT_GATE.get(task.status)
    steps = REVIEWED[gate] if gate is not None else ()
    text = "\n".join(sorted(f"{step}/{key} {turn} {sha256}" for step, key, turn, sha256 in finished if step in steps))
    return hashlib.sha256(f"{task.status.value}\n{text}".encode()).hexdigest()[:MARK]


def noted(name: str) -> bool:
    """Whether a redo of the job with this name takes a note."""
    step = STEPS.get(name.split("/", maxsplit=1)[0])
    return step is not None and step.noted


def faced(job: Job) -> Face:
    step = STEPS[job.step]
    there = step.makes in (Makes.IMAGE, Makes.VIDEO) and job.state is DONE and job.sha256 is not None
    text = _said(job.args.get(_LINES.get(job.step, ""), ""))
    label = f"{_SHOWN.get(job.step, step.noun)} {job.key}"
    return Face(job.name, label, text, address("poster", job, job.sha256 or "") if there else "")


def _row(
    number: int, key: str, jobs: Mapping[str, Job], pieces: Mapping[str, Piece], told: Story, placed: set[str]
) -> Row:  # fmt: skip
    """The clip's pieces in the order in which they are made; a picture that several clips share stands at the first."""
    frames = [name for name in (f"composite/{key}", f"split_screen/{key}") if name in pieces]
    images = sorted({need for name in frames for need in jobs[name].needs if need.startswith("image/")})
    cut = jobs.get(f"cut/{key}")
    effect = str(cut.args.get("sfx", "")) if cut is not None else f"sound_effect/{key}"
    names = [*images, *frames, f"clip/{key}", f"narration/{key}", effect]
    shown = [name for name in names if name in pieces and name not in placed]
    placed.update(shown)
    narration = pieces.get(f"narration/{key}")
    there = cut is not None and cut.state is DONE and cut.sha256 is not None
    return Row(
        number, key, told.beats.get(number, ""), tuple(pieces[name] for name in shown),
        address("small", cut, cut.sha256 or "") if there and cut is not None else "",
        narration.text if narration is not None else "",
    )  # fmt: skip


def address(room: str, job: Job, sha256: str) -> str:
    """Where a file of a job is handed over: `media` the whole file, `small` a light preview, `poster` a picture."""
    return f"/{room}/{quote(job.task_id)}/{quote(job.step)}/{quote(job.key)}/{sha256[:MARK]}"


@dataclass(frozen=True)
class _Maker:
    task: Task
    jobs: tuple[Job, ...]
    takes: Mapping[str, Sequence[Take]]
    gate: Gate | None
    owned: bool

    def piece(self, job: Job) -> Piece:
        step = STEPS[job.step]
        kind = step.makes.value if step.makes in (Makes.IMAGE, Makes.VIDEO, Makes.AUDIO) else ""
        takes = tuple(self._shown(job, one, kind) for one in self.takes.get(job.name, ())) if kind else ()
        done = job.state is DONE
        used = next((one for one in takes if one.in_use), None)
        if used is None and done and kind and job.output and job.sha256:
            used = self._file(job, 0, job.output, job.sha256, False, kind)
        trouble = job.failure.message if job.failure is not None and not done else ""
        can = self.owned
        return Piece(
            name=job.name, label=_SHOWN.get(job.step, step.shown_as or step.noun), kind=kind, state=STATES[job.state],
            done=done, bad=trouble, price_micros=job.price_micros, cost_micros=job.cost_micros,
            words=self._words(job), file=used if done else None, takes=takes if len(takes) > 1 else (),
            redo=can and done and job.name in self._redoable, noted=step.noted,
            put=can and job.step in outlook.PUT and outlook.choice(self.task, self.jobs, job.name) is None,
            note=str(job.args.get(NOTE) or ""), seconds=_seconds(job),
            reviewed=self.gate is not None and job.step in REVIEWED[self.gate],
            warnings=_warnings(job) if done else (),
        )  # fmt: skip

    @property
    def _redoable(self) -> tuple[str, ...]:
        return outlook.lost(self.task, self.jobs) or outlook.redoable(self.task, self.jobs)

    def _words(self, job: Job) -> tuple[Words, ...]:
        """What the file is made from: what can be rewritten, else what is shown anyway."""
        words = STEPS[job.step].words
        open_ = self.owned and bool(words) and outlook.correction(self.task, self.jobs, job.name) is None
        shown = {word: argument for word, argument in words.items() if word not in ("story", "thumbnail")}
        shown = shown or ({"": _LINES[job.step]} if job.step in _LINES else {})
        return tuple(Words(word, _said(job.args.get(argument)), open_) for word, argument in shown.items())

    def _shown(self, job: Job, one: Take, kind: str) -> Shown:
        used = (one.output, one.sha256) == (job.output, job.sha256) and job.state is DONE
        return self._file(job, one.number, one.output, one.sha256, used, kind, one.own)

    def _file(
        self, job: Job, number: int, output: str, sha256: str, used: bool, kind: str, own: bool = False
    ) -> Shown:  # fmt: skip
        small = {"image": "poster", "video": "small"}.get(kind, "media")
        return Shown(number, address("media", job, sha256), address(small, job, sha256), output, sha256, own, used)


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _seconds(job: Job) -> float:
    value = job.facts.get("duration_s")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _warnings(job: Job) -> tuple[str, ...]:
    """What is worth a look in a file, in sentences."""
    found = job.facts.get(WARNINGS)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list | tuple) else ()


def suffix(output: str) -> str:
    return PurePosixPath(output).suffix.lower()
