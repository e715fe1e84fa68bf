"""From a list of clips to the verified segments of a film: take prepared cuts, make missing ones, fix what clashes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from scripts.lib import script_runtime
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import (
    checked,
    ffmpeg,
    joining,
    loudness,
    mixing,
    mp4,
    pace,
    picture_format,
    renumber,
    segment,
)
from scripts.lib.film.manifest import Entry
from scripts.lib.film.overlay import LeftOut, Mark
from scripts.lib.film.segment import Segment, Wishes

AT_ONCE = 2
"""Segments in work at a time: an encoder thread each on the two processors a small host has."""

INTRO = "intro"
"""The name of the segment in front of the first clip, where there is one."""

Tell = Callable[[float, str], None]
Made = TypeVar("Made")
Job = Callable[[], "Part | LeftOut"]


@dataclass(frozen=True)
class Part:
    """A segment of the film; `fresh` says that its pictures were encoded by this run, `framing` that it is an intro
    or outro."""

    segment: Segment
    fresh: bool
    framing: bool = False


EXTRA_S_MAX = 150.0
"""The longest intro and outro: videod's check of the film allows for 300 s of both (`core/steps/film`)."""


MUSIC_S_MIN = 5.0


def gather(
    entries: Sequence[Entry], intro: Path | None, outro: Path | None, wishes: Wishes, room: Path, tell: Tell
) -> list[Part | LeftOut]:
    """The segments of a film in order; in place of an intro or outro that cannot be used, why.

    Raises Failure(input) naming the clip that is broken.
    """
    paced = [
        pace.of_film(replace(wishes.pace, hold_s=entry.hold_s), place == 0, place == len(entries) - 1)
        for place, entry in enumerate(entries)
    ]
    jobs: list[Job] = [
        partial(_prepared, entry, replace(wishes, pace=one), room) for entry, one in zip(entries, paced, strict=True)
    ]
    if intro is not None:
        jobs.insert(0, partial(_framing, intro, INTRO, wishes.fps, room))
    if outro is not None:
        jobs.append(partial(_framing, outro, "outro", wishes.fps, room))
    return _together(jobs, tell, "clips ready")


def made_equal(parts: Sequence[Part], fps: int, room: Path, tell: Tell) -> list[Part]:
    """The parts with other numbers for the parameter sets that clash with the majority's.

    Where that cannot be done, they are encoded again.
    """
    parts = _renumbered(parts, fps, room)
    odd = set(joining.clashing([part.segment for part in parts]))
    kept = [part.segment for index, part in enumerate(parts) if index not in odd]
    encoder = picture_format.Encoder(fps, joining.free_sps_id(kept)) if odd else picture_format.Encoder(fps)
    return _encoded(parts, odd, encoder, None, "parameter sets clash with the other clips", room, tell)


def _renumbered(parts: Sequence[Part], fps: int, room: Path) -> list[Part]:
    made = list(parts)
    odd = joining.clashing([part.segment for part in parts])
    taken = {key for place, part in enumerate(parts) if place not in odd for key in part.segment.avc.ids()}
    known: dict[mp4.Avc, mp4.Avc] = {}
    for place in odd:
        one = parts[place].segment
        # those of one encoder get the same numbers
        others = taken - set(known[one.avc].ids()) if one.avc in known else taken
        out = room / f"numbered_{place:03}.mov"
        avc = renumber.renumbered(one.path, one.avc, others, out, fps)
        if avc is None:
            continue
        try:
            # the first of each kind is decoded; the others were changed in the same way
            found = segment.examine(out, one.name, fps, decode=one.avc not in known)
        except Failure as failure:
            if failure.kind is not Kind.INPUT:
                raise
            continue
        if found.frames != one.frames or found.samples != one.samples or found.handle != one.handle:
            continue
        known[one.avc] = avc
        taken |= set(avc.ids())
        made[place] = replace(parts[place], segment=replace(found, odd=one.odd, held=one.held, mark=one.mark))
    return made


def drawn_over(parts: Sequence[Part], mark: Mark, fps: int, room: Path, tell: Tell) -> list[Part]:
    """The cuts that have no watermark yet encoded again with it. The channel's own intro and outro stay as they are."""
    bare = {place for place, part in enumerate(parts) if part.segment.mark is None and not part.framing}
    return _encoded(parts, bare, picture_format.Encoder(fps), mark, "watermark drawn", room, tell)


def music(path: Path) -> mixing.Music | LeftOut:
    """The music, measured, or why it cannot be used."""
    try:
        heard = loudness.measure(path, f"music {path}")
    except Failure as failure:
        if failure.kind is not Kind.INPUT:
            raise
        return LeftOut(failure.message)
    wrong = "is too short" if heard.seconds < MUSIC_S_MIN else loudness.objection(heard)
    return mixing.Music(path, heard) if wrong is None else LeftOut(f"music {path} {wrong}")


def _encoded(
    parts: Sequence[Part], chosen: set[int], encoder: picture_format.Encoder, mark: Mark | None, why: str, room: Path,
    tell: Tell,
) -> list[Part]:  # fmt: skip
    def one(index: int) -> Part:
        out = room / f"again_{index:03}.mov"
        made = segment.encode_again(parts[index].segment, out, encoder, why, mark)
        return replace(parts[index], segment=made, fresh=True)

    order = sorted(chosen)
    fresh = dict(zip(order, _together([partial(one, index) for index in order], tell, "clips encoded"), strict=True))
    return [fresh.get(index, part) for index, part in enumerate(parts)]


def _together(jobs: Sequence[Callable[[], Made]], tell: Tell, what: str) -> list[Made]:
    """Do the jobs AT_ONCE at a time; the first failure in film order is raised, jobs not yet begun are dropped."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(job) for job in jobs]
        done: list[Made] = []
        try:
            for future in running:
                done.append(future.result())
                tell(len(done) / len(jobs), f"{what}: {len(done)}/{len(jobs)}")
        finally:
            pool.shutdown(cancel_futures=True)
    return done


def _prepared(entry: Entry, wishes: Wishes, room: Path) -> Part:
    if entry.cut is not None and entry.cut.is_file():
        known = checked.recall(entry.cut, entry.name, wishes.fps)
        if known is not None and not (_marked_otherwise(known, wishes) and _sources(entry)):
            return Part(known, False)
        if known is not None:
            script_runtime.warn(f"{entry.name}: its cut has another watermark than the film. It is cut again")
            return _cut(entry, wishes, room)
        try:
            return _taken(entry.cut, entry.name, wishes.fps, room)
        except Failure as failure:
            if failure.kind is not Kind.INPUT or not _sources(entry):
                raise
            script_runtime.warn(f"{failure.message}. It is cut again")
    return _cut(entry, wishes, room)


def _marked_otherwise(known: Segment, wishes: Wishes) -> bool:
    """Whether a cut has a watermark that this film should not have, which nobody can take off again."""
    return known.mark is not None and (wishes.mark is None or known.mark != wishes.mark.digest)


def _sources(entry: Entry) -> bool:
    return entry.video.is_file() and (entry.audio is None or entry.audio.is_file())


def _taken(cut: Path, name: str, fps: int, room: Path) -> Part:
    """A cut without certificate: as it is when it is exact, else brought to the film's format with its own sound."""
    try:
        return Part(segment.examine(cut, name, fps), False)
    except Failure as failure:
        if failure.kind is not Kind.INPUT:
            raise
    clip = segment.open_clip(cut, name, fps)
    if ffmpeg.probe(cut).audio is None:
        raise Failure(Kind.INPUT, f"{name}: the cut {cut} has no sound")
    made = segment.conform(clip, room / f"{cut.stem}_taken.mov", fps)
    return Part(made, made.odd is not None)


def _cut(entry: Entry, wishes: Wishes, room: Path) -> Part:
    for what, path in (("video", entry.video), ("audio", entry.audio), ("sfx", entry.sfx)):
        if path is not None and not path.is_file():
            raise Failure(Kind.INPUT, f"{entry.name}: its {what} {path} is missing")
    clip = segment.open_clip(entry.video, entry.name, wishes.fps)
    out = room / f"clip_{entry.number:03}.mov"
    spoken = None
    if entry.audio is not None:
        spoken = segment.listened(entry.audio, room / f"clip_{entry.number:03}_voice.wav", entry.name)
    wishes = wishes if spoken is not None else segment.wordless(wishes)
    shot = segment.choose_shot(clip, spoken.speech if spoken else None, wishes)
    for warning in segment.warnings(shot, wishes.fps):
        script_runtime.warn(warning)
    made = segment.cut(shot, spoken, entry.sfx, out, wishes)
    return Part(made, made.odd is not None)


def _framing(path: Path, name: str, fps: int, room: Path) -> Part | LeftOut:
    try:
        clip = segment.open_clip(path, name, fps)
        if clip.pictures > EXTRA_S_MAX * fps:
            return LeftOut(f"{name}: {path} lasts {clip.pictures / fps:.0f} s, at most {EXTRA_S_MAX:.0f} s are taken")
        made = segment.conform(clip, room / f"{name}.mov", fps, framing=True)
    except Failure as failure:
        if failure.kind is not Kind.INPUT:
            raise
        return LeftOut(failure.message)
    return Part(made, made.odd is not None, framing=True)
