"""The episodes of the realistic load: the jobs, services, limits and latencies of a full-size film, scaled down.

Latencies are those of `videod simulate` (videod/simulation/latency.py), the same for every contender: they come from
the seed and the job's name, not from the order in which jobs start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from videod.core.model import task_id_of
from videod.core.tables import STEPS
from videod.simulation.latency import Latencies
from videod.simulation.plan import document

#: jobs at once, as in videod.toml
LIMITS = {"gemini": 12, "kie": 8, "elevenlabs": 6, "youtube": 2, "ffmpeg": 2, "pillow": 2, "local": 2}
CLIPS, IMAGES = 18, 22


@dataclass(frozen=True)
class Film:
    """`stages`: (service, job) of each stage in order, a job named "task-id step/key"; `seconds` by job, scaled."""

    id: str
    stages: Sequence[Sequence[tuple[str, str]]]
    seconds: dict[str, float]


def title(number: int) -> str:
    return f"Episode {number}"


def page(number: int) -> str:
    return f"page-{number}"


def films(count: int, scale: float, seed: int = 1) -> list[Film]:
    """`count` films whose latencies are divided by `scale`."""
    latencies = Latencies(seed)
    made = []
    for number in range(1, count + 1):
        task = task_id_of(title(number), page(number))
        stages = [[(STEPS[name.split("/")[0]].service, f"{task} {name}") for name in stage] for stage in _stages()]
        seconds = {name: latencies.of(*name.split(" ", 1)) / scale for stage in stages for _, name in stage}
        made.append(Film(task, stages, seconds))
    return made


def _stages() -> list[list[str]]:
    """The jobs of one episode, stage after stage."""
    plan = document(CLIPS, IMAGES, "Film")
    images, clips = plan["images"], plan["clips"]
    assert isinstance(images, list)
    assert isinstance(clips, list)
    keys = [f"clip_{clip['number']:02d}" for clip in clips]
    kinds = ["split_screen" if clip["picture"]["type"] == "split" else "composite" for clip in clips]
    return [
        ["plan/plan"],
        [f"image/{image['id']}" for image in images],
        [f"{kind}/{key}" for kind, key in zip(kinds, keys, strict=True)],
        [f"clip/{key}" for key in keys],
        [f"{step}/{key}" for key in keys for step in ("narration", "sound_effect")],
        [f"cut/{key}" for key in keys],
        ["assemble/film"],
        ["upload/film"],
    ]
