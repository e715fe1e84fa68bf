"""The tasks of the simulated service: one folder each with picture, clip and task.json, so that they outlive the
process.

A task's state is computed from its age, never stored: after a restart it continues as if nothing had been.
"""

import asyncio
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from videod.sandbox.kernel import Context
from videod.sandbox.kie import models
from videod.sandbox.kie.models import USD_PER_CREDIT, Order
from videod.sandbox.render import clips, plain
from videod.sandbox.render.encoding import ffmpeg

FULL_HD = (1920, 1080)
START_CREDITS = 20_000.0
#: Shares of the generation time at which a task leaves waiting and queuing.
QUEUED_AT, GENERATING_AT = 0.1, 0.25


@dataclass(frozen=True)
class Fate:
    """What will become of a task: `ending` is success, fail or stuck; `media` is clip, short_clip or corrupt_clip."""

    ending: str = "success"
    fail_code: str = ""
    fail_msg: str = ""
    media: str = "clip"
    late_ms: int = 0


@dataclass(frozen=True)
class Task:
    """What is kept of a task; times in ms, `credits` is its price, `key` the digest of what was asked for."""

    id: str
    model: str
    param: str
    prompt: str
    seconds: int
    credits: float
    key: str
    created_ms: int
    generation_ms: int
    ending: str
    fail_code: str
    fail_msg: str
    media: str
    completed_ms: int | None = None
    refunded: bool = False


def clip_size(image: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The clip follows its picture: `box` when the shapes agree within 2 %, else the picture's shape inside the box."""
    width, height = image
    wide, high = box if (width >= height) == (box[0] >= box[1]) else (box[1], box[0])
    if abs(width / height - wide / high) <= 0.02 * wide / high:
        return wide, high
    scale = min(wide / width, high / height)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def delivered(task: Task, size: tuple[int, int]) -> tuple[tuple[int, int], clips.Coded]:
    """The size and coding that the real service gives a clip of 1920x1080; other clips are made as they were asked for.

    Its models give some pixels more or less, and most name no colors. The same task always gets the same.
    """
    if size != FULL_HD or task.model not in models.MODELS:
        return size, clips.Coded()
    model = models.MODELS[task.model]
    wanted = json.loads(task.param).get("input", {})
    mode = next((str(wanted[name]) for name in ("resolution", "mode") if wanted.get(name) in model.other_sizes), "")
    sizes = model.other_sizes.get(mode, model.sizes)
    return sizes[hashlib.sha256(task.key.encode()).digest()[0] % len(sizes)], model.coded


class Tasks:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.folder("kie") / "tasks"
        self._folder.mkdir(exist_ok=True)
        self._renders: dict[str, asyncio.Task[None]] = {}
        self._tasks: dict[str, Task] = {}
        for kept in sorted(self._folder.glob("*/task.json")):
            task = Task(**json.loads(kept.read_text()))
            self._tasks[task.id] = task

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def clip(self, task_id: str) -> Path:
        return self._folder / task_id / "clip.mp4"

    def credits_left(self) -> float:
        return round(START_CREDITS - sum(task.credits for task in self._tasks.values() if not task.refunded), 2)

    def create(self, order: Order, param: str, key: str, image: bytes, fate: Fate) -> Task:
        """Keep a new task and charge for it; `param` is the request as JSON text, `image` the picture's bytes."""
        task = Task(
            id=secrets.token_hex(16), model=order.model, param=param, prompt=order.prompt, seconds=order.seconds,
            credits=order.credits, key=key, created_ms=self._context.now_ms(),
            generation_ms=int(self._context.options.generation_s * 1000) + fate.late_ms,
            ending=fate.ending, fail_code=fate.fail_code, fail_msg=fate.fail_msg, media=fate.media,
        )  # fmt: skip
        (self._folder / task.id).mkdir()
        (self._folder / task.id / "image").write_bytes(image)
        self._keep(task)
        in_work = sum(self.state(one) not in ("success", "fail") for one in self._tasks.values())
        self._context.meter.seen("kie tasks", in_work)
        usd = round(task.credits * USD_PER_CREDIT, 6)
        self._context.charge("kie", "clip", key, task.credits, "credits", usd, task_id=task.id, model=task.model)
        self._start_render(task)
        return task

    def state(self, task: Task) -> str:
        """waiting, queuing, generating, success or fail, as of now."""
        age = self._context.now_ms() - task.created_ms
        if age < task.generation_ms * QUEUED_AT:
            return "waiting"
        if age < task.generation_ms * GENERATING_AT:
            return "queuing"
        if age < task.generation_ms or task.ending == "stuck":
            return "generating"
        if task.ending == "fail":
            return "fail"
        if not self.clip(task.id).exists():
            self._start_render(task)
            return "generating"
        return "success"

    def settle(self, task: Task) -> Task:
        """The task with the moment of its end and, for a failed one, its refund, both noted once."""
        state = self.state(task)
        if state not in ("success", "fail") or task.completed_ms is not None:
            return task
        done = replace(task, completed_ms=self._context.now_ms(), refunded=state == "fail")
        self._keep(done)
        if done.refunded:
            usd = -round(task.credits * USD_PER_CREDIT, 6)
            self._context.charge("kie", "refund", task.key, -task.credits, "credits", usd, task_id=task.id)
        return done

    def settle_all(self) -> None:
        """Note every end that came to pass while nobody asked (the balance shows refunds without being polled)."""
        for task in list(self._tasks.values()):
            self.settle(task)

    def resume(self) -> None:
        """Go on rendering what an earlier process left unfinished."""
        for task in self._tasks.values():
            self._start_render(task)

    async def close(self) -> None:
        renders = list(self._renders.values())
        for render in renders:
            render.cancel()
        await asyncio.gather(*renders, return_exceptions=True)

    def _keep(self, task: Task) -> None:
        self._tasks[task.id] = task
        path = self._folder / task.id / "task.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(task)))
        part.replace(path)

    def _start_render(self, task: Task) -> None:
        if task.ending == "success" and task.id not in self._renders and not self.clip(task.id).exists():
            self._renders[task.id] = asyncio.create_task(self._render(task))

    async def _render(self, task: Task) -> None:
        image, made = self._folder / task.id / "image", self._folder / task.id / "making.mp4"
        try:
            with Image.open(image) as picture:
                size = clip_size(picture.size, self._context.options.clip_size)
            size, coded = delivered(task, size)
            seconds = max(1, task.seconds // 2) if task.media == "short_clip" else task.seconds
            fine = self._context.options.fine
            if self._context.options.plain:
                await plain.clip(image, made, seconds, size, ffmpeg())
            else:
                await clips.render_clip(image, made, seconds, task.prompt, size, ffmpeg(), coded, fine)
        except (clips.RenderError, OSError) as problem:
            said = f"Internal Error: {problem}"
            self._keep(replace(self._tasks[task.id], ending="fail", fail_code="500", fail_msg=said))
            return
        finally:
            self._renders.pop(task.id, None)
        if task.media == "corrupt_clip":
            with made.open("r+b") as out:
                out.truncate(made.stat().st_size * 3 // 5)
        made.replace(self.clip(task.id))
