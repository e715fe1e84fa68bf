"""A plan of any size that obeys every rule of the craft: what the planner would answer, without a planner."""

import math
from collections.abc import Iterator

from videod.core import craft
from videod.core.craft_images import FULL_SIZE, IMAGES_WITHOUT_PROP, POSES

_POSES = ("core", "sits", "drinks", "rests", "listens", "wades")
_SOUND = (
    "Continuous river ambience with soft wind over wet stones and slow water number {n} while distant birds call from"
    " the far bank and heavy paws press into cold gravel, subtle nature documentary sound effect"
)


class PlanError(ValueError):
    """No plan can have so many clips and images; the text says what is wrong."""


def document(clips: int, images: int, title: str) -> dict[str, object]:
    """The plan as its JSON. Raises PlanError when the craft allows no plan of this size."""
    poses = [f"bear_{pose}" for pose in _POSES[: max(1, math.ceil(POSES["protagonist"][0] * clips / FULL_SIZE))]]
    props = ["track"] if images >= IMAGES_WITHOUT_PROP else []
    places = [f"place_{number}" for number in range(1, images - len(poses) - len(props) + 1)]
    stills = [_still(name, "prop", "track", "A paw track in wet sand.") for name in props]
    stills += [_still(name, "environment", name, f"A river bend called {name} under mist.") for name in places]
    pictures = list(_pictures(clips, poses, props, places)) if places else []
    made: dict[str, object] = {
        "version": 1, "title": title, "logline": "A bear crosses.", "description": "A bear crosses a river.",
        "tags": ["bear"], "research": ["Bears fish."],
        "arc": {name: name for name in ("want", "obstacle", "escalation", "turn", "resolution")},
        "atmosphere": "Dawn mist, soft light.", "images": [*map(_pose, poses), *stills],
        "clips": [_clip(number, picture) for number, picture in enumerate(pictures, start=1)],
    }  # fmt: skip
    found = craft.complaints(made, clips, images)
    if found:
        raise PlanError(f"no plan with {clips} clips and {images} images: {found[0].where} {found[0].message}")
    return made


def _pose(name: str) -> dict[str, object]:
    prompt = f"The brown bear {name.removeprefix('bear_')} on moss."
    return {"id": name, "kind": "character", "subject": "bear", "species": "brown bear", "role": "protagonist",
            "core": name == "bear_core", "prompt": prompt}  # fmt: skip


def _still(name: str, kind: str, subject: str, prompt: str) -> dict[str, object]:
    return {"id": name, "kind": kind, "subject": subject, "species": None, "role": None, "core": False,
            "prompt": prompt}  # fmt: skip


def _pictures(clips: int, poses: list[str], props: list[str], places: list[str]) -> Iterator[dict[str, object]]:
    """One picture a clip: split screens only where there are more places than clips, the prop last."""
    scenes = clips - len(props)
    splits = min(scenes, max(0, len(places) - scenes))
    left = iter(places)
    for _ in range(splits):
        yield {"type": "split", "images": [next(left, places[0]), next(left, places[-1])], "scale": 1.0}
    for number in range(scenes - splits):
        place = next(left, places[number % len(places)])
        scale = round(0.2 + 0.01 * (number % 80), 2)
        yield {"type": "cutout", "images": [poses[number % len(poses)], place], "scale": scale}
    for name in props:
        yield {"type": "full", "images": [name], "scale": 1.0}


def _clip(number: int, picture: dict[str, object]) -> dict[str, object]:
    return {
        "number": number, "beat": f"beat {number}", "picture": picture, "negative": "blur",
        "motion": f"The bear lifts its head {number} times. Slow push in.",
        "narration": f"The bear waits beside the cold river for hour {number}.", "sound": _SOUND.format(n=number),
    }  # fmt: skip
