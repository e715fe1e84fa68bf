"""Every form of sound, clip and picture (tests/harness/forms.py) through every step that takes it, measured.

A form either comes out right (colors, length, loudness) or is refused with a sentence where it comes in: never does the
check pass what a later step refuses. Also every clip as an intro: what is reported when a channel is loaded is what the
film is made without.
"""

import argparse
import asyncio
import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageStat

from scripts import create_composite, create_split_screen, cut_clip, generate_asset
from scripts.lib import audio, pictures
from scripts.lib.film import assembly, ffmpeg, loudness, overlay
from tests.campaigns.frame import Campaign, Result, say
from tests.harness import forms
from tests.scripts import media
from videod.adapters.extras import Extras
from videod.adapters.inspector import MediaInspector
from videod.channels import Channel
from videod.core.step import Expectation
from videod.ports import BadArtefact

ANY = Expectation(max_s=60.0)
#: how far a color may be off, levels of 255: coded pictures, and such whose colors went to another space and back
OFF, OFF_MAPPED = 10.0, 20.0
MAPPED = ("hlg", "pq", "wide", "p3")
#: forms that are no picture of the four fields, or last otherwise
OTHER_PICTURES = ("case ",)
LENGTHS = {"case two joined": 2.43, "case 150 bytes missing": 1.18, "mp3 half a frame at the end": 2.0}
LENGTH_OFF_S = 0.12
#: a voice of -16 and the same tone as an effect of -30, which add up in phase
LUFS, LUFS_OFF = -14.45, 0.8
#: of a recording with silence before its words, which is left out: the two are no longer in phase
LUFS_SHIFTED, LUFS_SHIFTED_OFF = -15.4, 1.6
#: a cut that is hardly longer than its narration
TIGHT = ("--lead", "0", "--tail", "0.25", "--least", "0")


@dataclass
class Found:
    """What came of the forms. `wrong`: sentences, each of which breaks a promise."""

    right: int = 0
    told: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, name: str, held: bool, sentence: str) -> None:
        if not held:
            self.wrong.append(f"{name}: {sentence}")


def said_by(main: Callable[[list[str]], int], *words: object) -> tuple[int, dict[str, object], str]:
    """The exit code, the result (or the failure) and stderr of a script run in this process."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main([*map(str, words), "--events"])
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    told = next((event for event in reversed(events) if event["type"] in ("result", "failure")), {})
    return code, told, errors.getvalue()


def inspected(path: Path, makes: str) -> tuple[dict[str, object] | None, str]:
    """The facts of a file, or None and the sentence that refuses it."""
    try:
        found = asyncio.run(MediaInspector(ffmpeg.ffmpeg_path).inspect(path, makes, ANY))
    except BadArtefact as error:
        return None, str(error)
    return dict(found.facts), ""


def fields_off(rows: bytes, width: int, height: int) -> float:
    """How far the colors in the middle of the four fields are from what they should be, in the worst channel."""
    worst = 0.0
    for place, color in enumerate(forms.COLORS):
        x, y = width * (1 + 2 * (place % 2)) // 4, height * (1 + 2 * (place // 2)) // 4
        at = 3 * (y * width + x)
        worst = max(worst, *(abs(rows[at + part] - color[part]) for part in range(3)))
    return worst


# ------------------------------------------------------------------------------------------------------ the matrix


def sounds(folder: Path, names: Mapping[str, forms.Form]) -> Found:
    """Each as a narration and as an effect: checked, cut, and as bought."""
    found = Found()
    clip = forms.clip("clip.mp4", rate="24")(folder)
    for number, (name, make) in enumerate(names.items()):
        room = folder / f"sound{number}"
        room.mkdir()
        path = make(room)
        facts, refused = inspected(path, "audio")
        if facts is None:
            found.told[name] = refused
            found.expect(name, path.name in refused, f"refused without its name: {refused}")
            continue
        code, told, errors = said_by(
            cut_clip.main, "--video", clip, "--audio", path, "--sfx", path, "--output", room / "cut.mov", *TIGHT
        )
        found.expect(name, code == 0, f"passed the check ({facts}) and the cut refused it: {errors.strip()}")
        if code != 0:
            continue
        length = LENGTHS.get(name, forms.SECONDS)
        for what, seconds in (("check", facts["duration_s"]), ("cut", told["narration_s"])):
            assert isinstance(seconds, float | int)
            found.expect(name, abs(seconds - length) < LENGTH_OFF_S, f"{what} says {seconds} s, not {length} s")
        loud = loudness.measure(room / "cut.mov", "cut").lufs
        wanted, off = (LUFS_SHIFTED, LUFS_SHIFTED_OFF) if name.startswith("case ") else (LUFS, LUFS_OFF)
        found.expect(name, loud is not None and abs(loud - wanted) < off, f"the cut has {loud} LUFS")
        bought = audio.measure(path)
        found.expect(name, bought.objection is None, f"would be refused when bought: it {bought.objection}")
        found.right += 1
    return found


def clips(folder: Path, names: Mapping[str, forms.Form]) -> Found:
    """Each cut to a narration, and as an intro of a film."""
    found = Found()
    voice = media.sound(folder / "voice.wav", "sine=frequency=300:duration=0.5")
    looks = Extras(lambda: [ffmpeg.ffmpeg_path()])
    for number, (name, make) in enumerate(names.items()):
        room = folder / f"clip{number}"
        room.mkdir()
        path = make(room)
        facts, refused = inspected(path, "video")
        code, told, errors = said_by(
            cut_clip.main, "--video", path, "--audio", voice, "--output", room / "cut.mov", *TIGHT
        )
        if facts is not None:
            found.expect(name, code == 0, f"passed the check and the cut refused it: {errors.strip()}")
        else:
            found.told[name] = refused
            found.expect(name, path.name in refused, f"refused without its name: {refused}")
        if code == 0:
            found.right += 1
            found.expect(name, told["frames"] == 18, f"{told['frames']} pictures instead of 18")
            if not name.startswith(OTHER_PICTURES):
                off = fields_off(media.one_picture(room / "cut.mov", 3, (64, 36)), 64, 36)
                most = OFF_MAPPED if name.startswith(MAPPED) else OFF
                found.expect(name, off <= most, f"its colors are off by {off:.0f} levels")
            mapped = name.startswith(MAPPED) or name == "case hlg"
            found.expect(name, ("BT.709" in errors) == mapped, f"says of its colors: {errors.strip()!r}")
        as_intro(found, looks, name, path, room)
    return found


def as_intro(found: Found, looks: Extras, name: str, path: Path, room: Path) -> None:
    wanted = Channel.model_construct(id="a", intro=path)
    told = asyncio.run(looks.wrong(wanted))
    made = assembly._framing(path, "intro", 24, room)
    left_out = isinstance(made, overlay.LeftOut)
    said = made.why if isinstance(made, overlay.LeftOut) else "taken"
    found.expect(name, left_out == bool(told), f"as an intro: told {[one.text for one in told]}, then {said}")


def stills(folder: Path, names: Mapping[str, forms.Form], fields: bool = True) -> Found:
    """Each through all that take pictures."""
    found = Found()
    for number, (name, make) in enumerate(names.items()):
        room = folder / f"picture{number}"
        room.mkdir()
        path = make(room)
        facts, refused = inspected(path, "image")
        if facts is None:
            found.told[name] = refused
            found.expect(name, path.name in refused, f"refused without its name: {refused}")
        runs: list[tuple[Callable[[list[str]], int], tuple[object, ...]]] = [
            (create_composite.main, ("--image", path)),
            (create_split_screen.main, ("--left", path, "--right", path)),
            (generate_asset.main, ("--split-vertical", path, path)),
        ]
        for main, words in runs:
            code, _, errors = said_by(main, *words, "--output", room / "out.png")
            found.expect(name, code == 0, f"{main.__module__}: {errors.strip()}")
            if code == 0 and fields and main is create_composite.main:
                small = Image.open(room / "out.png").convert("RGB").resize((64, 36), Image.Resampling.BOX)
                off = fields_off(small.tobytes(), 64, 36)
                found.expect(name, off <= OFF, f"its colors are off by {off:.0f} levels")
        sent, mime = pictures.outgoing(path, ("PNG", "JPEG"))
        found.expect(name, mime in ("image/png", "image/jpeg"), f"is sent as {mime}")
        again = pictures.load(sent, "what is sent")
        here = pictures.load(path, "the file")
        found.expect(name, again.size == here.size, f"is sent as {again.size}, not {here.size}")
        apart = max(abs(a - b) for a, b in zip(levels(again), levels(here), strict=True))
        found.expect(name, apart < 3, f"what is sent is {apart:.1f} levels brighter or darker")
        found.expect(name, isinstance(overlay.mark(path, room), overlay.Mark), "cannot be a watermark")
        found.right += 1
    return found


def levels(picture: Image.Image) -> list[float]:
    return ImageStat.Stat(pictures.flattened(picture)).mean


# ------------------------------------------------------------------------------------------------------ the campaign


def _chosen(names: Mapping[str, forms.Form], part: str) -> dict[str, forms.Form]:
    return {name: form for name, form in names.items() if part in name}


def run(folder: Path, given: argparse.Namespace) -> Result:
    with _small():
        parts = {
            "sounds": lambda room: sounds(room, _chosen(forms.SOUNDS, given.only)),
            "clips": lambda room: clips(room, _chosen(forms.CLIPS, given.only)),
            "pictures": lambda room: stills(room, _chosen(forms.PICTURES, given.only)),
            "odd_pictures": lambda room: stills(room, _chosen(forms.ODD_PICTURES, given.only), False),
        }
        result: Result = {}
        wrong: list[str] = []
        for what, work in parts.items():
            room = folder / what
            room.mkdir()
            found = work(room)
            for name, sentence in found.told.items():
                say(f"{what} {name}: told: {sentence}")
            for sentence in found.wrong:
                say(f"{what} WRONG {sentence}")
            wrong += found.wrong
            result |= {what: found.right, f"{what}_told": len(found.told)}
    assert not wrong, "; ".join(wrong)
    return result | {"passed_then_refused": 0, "wrong": 0}


@contextlib.contextmanager
def _small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help="only forms whose name holds this")


CAMPAIGN = Campaign("media", "every form of sound, clip and picture through every step, measured", _options, run)
