"""What a finished file must be to count as done: an expectation per job.

The bounds are wide on purpose. They are to catch what is broken (a third of a clip, a silent narration, a thumbnail
in place of a picture), not what is unusual: services deliver 10.04 s where 10 s were asked, and an owner's own script
may know nothing but its bare arguments.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from videod.core.model import Job

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

#: shares of the asked length that a clip may have: generate_video takes 0.8, another vendor's 8 s for 10 s pass too
CLIP_SHARES = (0.75, 1.5)
#: a sound effect may be trimmed or looped by its service
EFFECT_SHARES = (0.5, 2.0)
#: the fastest and slowest speech, characters a second; narrators speak about 15 (generate_audio refuses above 20)
FASTEST, SLOWEST = 25.0, 4.0
#: what an intro and an outro may add to a film, where the channel has any, seconds
EXTRAS_S = 300.0
#: how much longer than its parts a film may be: a share for other rates of pictures, and some seconds
FILM_SHARE, FILM_S = 1.02, 3.0
#: so long the end of a film may be silent, where no outro of the channel's is there, seconds
SILENT_END_S = 10.0


@dataclass(frozen=True)
class Expectation:
    """Bounds of one file. Seconds, pixels of each side, bytes; all inclusive.

    `about_s` is what was asked for, where that is known: it only stands in the words of an objection. `heard`: a
    video must have sound, and it must not be silent, at its end no longer than `silent_end_s` (None: as long as it
    likes). `black` is the largest share of black pictures.
    """

    min_bytes: int = 1
    max_bytes: int = 8 * GIB
    min_s: float = 0.0
    max_s: float = 6 * 3600.0
    about_s: float | None = None
    min_side: int = 1
    heard: bool = False
    silent_end_s: float | None = None
    black: float = 0.9


def expectation(job: Job, jobs: Iterable[Job] = (), foreign: bool = False, extras: bool = True) -> Expectation:
    """What the output of `job` must be. `jobs` are those of its task: what was found of the parts decides the length
    of a cut and of the film (unknown parts: wide bounds). `foreign`: a script of the owner's made it;
    `extras`: the channel has an intro or an outro, or nobody knows."""
    others = {other.name: other for other in jobs}
    if job.step == "assemble":
        return _film(job, others, foreign, extras)
    return BY_STEP[job.step](job, others, foreign)


Others = Mapping[str, Job]


def _plan(job: Job, others: Others, foreign: bool) -> Expectation:
    return Expectation(max_bytes=4 * MIB)


def _report(job: Job, others: Others, foreign: bool) -> Expectation:
    return Expectation(max_bytes=MIB)


def _nothing(job: Job, others: Others, foreign: bool) -> Expectation:
    return Expectation(min_bytes=0)


def _picture(job: Job, others: Others, foreign: bool) -> Expectation:
    return Expectation(min_bytes=500, max_bytes=128 * MIB, min_side=256)


def _clip(job: Job, others: Others, foreign: bool) -> Expectation:
    asked = _number(job.args.get("seconds"))
    low, high = (1.0, 120.0) if asked is None else (CLIP_SHARES[0] * asked, CLIP_SHARES[1] * asked + 1)
    return Expectation(
        min_bytes=4 * KIB, max_bytes=512 * MIB, min_s=low, max_s=high, about_s=asked, min_side=240
    )  # fmt: skip


def _narration(job: Job, others: Others, foreign: bool) -> Expectation:
    letters = len(str(job.args.get("text", "")).strip())
    return Expectation(
        min_bytes=500, max_bytes=64 * MIB, min_s=max(0.3, letters / FASTEST), max_s=10 + letters / SLOWEST
    )


def _effect(job: Job, others: Others, foreign: bool) -> Expectation:
    asked = _number(job.args.get("seconds"))
    low, high = (0.3, 120.0) if asked is None else (EFFECT_SHARES[0] * asked, EFFECT_SHARES[1] * asked + 2)
    return Expectation(min_bytes=500, max_bytes=64 * MIB, min_s=low, max_s=high, about_s=asked)


def _cut(job: Job, others: Others, foreign: bool) -> Expectation:
    """A clip trimmed to its narration; another's script may take the shorter of the two, or the whole clip."""
    lengths = [_length(others, str(job.args.get(part))) for part in ("video", "audio")]
    known = [length for length in lengths if length is not None]
    low, high = (0.95 * min(known) - 0.25, 1.05 * max(known) + 10.5) if len(known) == 2 else (0.3, 300.0)
    spoken = lengths[1]
    return Expectation(
        min_bytes=4 * KIB, max_bytes=GIB, min_s=low, max_s=high, about_s=spoken, min_side=240, heard=True
    )  # fmt: skip


def _film(job: Job, others: Others, foreign: bool, extras: bool = True) -> Expectation:
    """About the sum of its cuts, and whatever intro and outro add; another's script makes cuts of its own."""
    silent_end_s = None if extras else SILENT_END_S
    names = job.args.get("clips", ())
    keys = [str(name) for name in names] if isinstance(names, list | tuple) else []
    low = high = total = 0.0
    for key in keys:
        parts = [_length(others, f"{step}/{key}") for step in ("cut", "clip", "narration")]
        cut = parts[0]
        if cut is None:
            return Expectation(
                min_bytes=16 * KIB, min_s=0.3 * len(keys), min_side=240, heard=True, silent_end_s=silent_end_s
            )  # fmt: skip
        total += cut
        known = [part for part in parts if part is not None] if foreign else [cut]
        low += min(known)
        high += max(known)
    share = 0.95 if foreign else 0.98
    return Expectation(
        min_bytes=16 * KIB, min_s=share * low - 0.5, max_s=FILM_SHARE * high + FILM_S + (EXTRAS_S if extras else 0.0),
        about_s=total, min_side=240, heard=True, silent_end_s=silent_end_s,
    )  # fmt: skip


#: a row for every step: `steps.check` is told of it at start
BY_STEP: dict[str, Callable[[Job, Others, bool], Expectation]] = {
    "plan": _plan, "image": _picture, "composite": _picture, "split_screen": _picture, "clip": _clip,
    "narration": _narration, "sound_effect": _effect, "cut": _cut, "assemble": _film, "upload": _report,
    "cleanup": _nothing,
}  # fmt: skip


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _length(others: Others, name: str) -> float | None:
    other = others.get(name)
    return None if other is None else _number(other.facts.get("duration_s"))
