"""What the page of an entry shows: the story, each clip with its texts beside its files, the film. Pure.

A block is known by its name, and by its mark as videod left it: what has another mark is a person's.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from videod.core.model import Job, Task
from videod.core.sanitize import sanitize
from videod.core.statuses import DONE
from videod.core.step import Makes
from videod.core.step_parts import NOTE, THUMBNAILS
from videod.core.tables import STEPS

#: the files of a clip, in the order in which they are made
OF_CLIP = ("composite", "split_screen", "clip", "narration", "sound_effect")
MEDIA = {Makes.IMAGE: "image", Makes.VIDEO: "video", Makes.AUDIO: "audio"}
#: the first block; no heading of a person's own is called so (`own_story`, Sources)
HEADING = "Story and clips"
#: what one request may carry: blocks, bytes of their texts
MOST_BLOCKS, MOST_BYTES = 100, 200_000


@dataclass(frozen=True)
class Block:
    """`kind` as Notion calls it; `media`: the uploaded file that it shows, whose caption is `text`."""

    name: str
    kind: str
    text: str
    media: str = ""

    @property
    def mark(self) -> str:
        return mark(self.kind, self.text)


@dataclass(frozen=True)
class Seen:
    """A block as the page has it."""

    id: str
    kind: str
    text: str

    @property
    def mark(self) -> str:
        return mark(self.kind, self.text)


def mark(kind: str, text: str) -> str:
    """How a block is remembered."""
    return hashlib.sha256(f"{kind}\0{sanitize(text).strip()}".encode("utf-8", "replace")).hexdigest()[:16]


def blocks(task: Task, jobs: Iterable[Job], media: Mapping[str, str]) -> tuple[Block, ...]:
    """The page of an episode that has a plan; nothing before. `media`: job -> the uploaded file on its row."""
    named = {job.name: job for job in jobs}
    plan = named.get("plan/plan")
    if plan is None or plan.state is not DONE:
        return ()
    found = [Block("story/heading", "heading_2", HEADING)]
    story = " ".join(str(plan.facts.get(part) or "") for part in ("story", "turn")).strip()
    found += [Block("story/text", "paragraph", story)] if story else []
    for key in sorted({job.key for job in named.values() if job.step == "clip"}, key=lambda one: (len(one), one)):
        found.append(Block(f"{key}/heading", "heading_3", key))
        found.append(Block(f"{key}/text", "paragraph", _texts(named, key)))
        for step in OF_CLIP:
            found += _shown(named.get(f"{step}/{key}"), media)
    return (*found, *_film(task, named, media))


def _film(task: Task, jobs: Mapping[str, Job], media: Mapping[str, str]) -> list[Block]:
    """The film with the words that go to YouTube with it, and its thumbnails."""
    film = _shown(jobs.get("assemble/film"), media, "Film")
    if not film:
        return []
    upload = jobs.get("upload/film")
    args = {} if upload is None else upload.args
    tags = args.get("tags")
    lines = {
        "Title": task.title, "Description": args.get("description"),
        "Tags": ", ".join(map(str, tags)) if isinstance(tags, Sequence) and not isinstance(tags, str) else tags,
        "On YouTube": task.youtube_url,
    }  # fmt: skip
    said = "\n".join(f"{name}: {text}" for name, one in lines.items() if (text := sanitize(str(one or "")).strip()))
    found = [Block("film/heading", "heading_3", "Film"), *film]
    found += [Block("film/text", "paragraph", said)] if said else []
    for number, key in enumerate(THUMBNAILS, 1):
        found += _shown(jobs.get(f"thumbnail/{key}"), media, f"Thumbnail {number}")
    return found


def _shown(job: Job | None, media: Mapping[str, str], called: str = "") -> list[Block]:
    """The file of the job, if the board has it; `called`: its caption where its name and kind make none."""
    file = "" if job is None else media.get(job.name, "")
    kind = None if job is None else MEDIA.get(STEPS[job.step].makes)
    if job is None or not file or kind is None:
        return []
    return [Block(f"{job.key}/{job.step}", kind, called or f"{job.key}: {STEPS[job.step].shown_as}", file)]


def _texts(jobs: Mapping[str, Job], key: str) -> str:
    """What is said, how the picture moves and how it sounds, each on a line of its own."""
    lines = []
    for step, argument, title in (
        ("narration", "text", "Narration"), ("clip", "prompt", "Motion"), ("sound_effect", "text", "Sound"),
    ):  # fmt: skip
        job = jobs.get(f"{step}/{key}")
        if job is not None and (said := sanitize(str(job.args.get(argument, ""))).strip()):
            note = sanitize(str(job.args.get(NOTE) or "")).strip()
            lines.append(f"{title}: {said}" + (f" (note: {note})" if note else ""))
    return "\n".join(lines)


def grouped(wanted: Iterable[Block], there: Collection[str], left: Collection[str]) -> list[tuple[str, list[Block]]]:
    """The new blocks in the parts that one request makes, each with the name of the block that it stands behind.

    `there`: names of blocks that the page has; `left`: of those that a person removed or took over. "": at the end.
    """
    found: list[tuple[str, list[Block]]] = []
    before, size = "", 0
    open_part = False
    for block in wanted:
        if block.name in left:
            continue
        if block.name in there:
            before, open_part = block.name, False
            continue
        size = size + len(block.text.encode()) if open_part else len(block.text.encode())
        if not open_part or len(found[-1][1]) >= MOST_BLOCKS or size > MOST_BYTES:
            found.append((before, []))
            size, open_part = len(block.text.encode()), True
        found[-1][1].append(block)
        before = block.name
    return found
