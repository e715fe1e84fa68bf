"""Defects of content that are planted in good files: how many of them the check notices, and if a good file alarms.

The kinds are those of a viewer's list: pictures that are dead or another's, sound that is silent, spoiled or another's,
films that are not what they were made of. `NAMED` were written down before the check was, `MORE` after it.
"""

import argparse
import asyncio
import random
import subprocess
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from tests.campaigns.frame import Campaign, Result, say
from videod.adapters.inspector import MediaInspector
from videod.core import held_against
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.core.step import Expectation
from videod.ports import BadArtefact
from videod.sandbox.render.ambience import render_ambience
from videod.sandbox.render.encoding import ffmpeg
from videod.sandbox.render.pictures import render_picture
from videod.sandbox.render.speech import speak

Samples = npt.NDArray[np.float64]

SECONDS = 6
SIZE = (960, 540)
SCENES = (
    "Dawn.\nA brown bear wading in a mountain river.", "Night.\nAn arctic fox lying in the snowfield.",
    "Noon.\nEmpty landscape with no animals: the white tundra.", "Golden evening.\nAn African lion on the savanna.",
    "Storm.\nA grey wolf in the forest.", "Fog.\nA red deer in a misty meadow.", "Day.\nA humpback whale in the ocean.",
    "Dawn.\nClose-up portrait of a lynx in the forest.",
)  # fmt: skip
MOVES = ("z='1+0.0006*on'", "z='1.1-0.0004*on'", "z=1.08:x='on*0.4'", "z=1.08:y='on*0.3'")
TEXTS = (
    "The bear waits where the cold river narrows, and the river does not wait.",
    "Night lies over the snowfield, and the fox has learned to sleep without warmth.",
    "Nothing moves on the white plain but the wind that made it.",
    "He has eaten nothing for four days, and the grass hides everything from him.",
    "The wolf follows the storm, because the storm slows those who are heavier.",
    "In the mist a branch breaks, and every head in the meadow goes up at once.",
    "Under the swell a voice travels farther than any ship has sailed this week.",
    "She looks at the snow as others look at a book, and she reads it to the end.",
)
BEDS = (
    "Continuous river ambience with rushing water", "Continuous night wind over a snowfield, soft crunch of paws",
    "Continuous arctic wind ambience", "Continuous savanna ambience with insects", "Continuous rain and far thunder",
    "Continuous meadow ambience with birds", "Continuous underwater ambience with deep rumble",
    "Continuous forest ambience with birds and footsteps on leaves",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One file: the job that it is of, and the jobs beside it."""

    name: str
    job: Job
    path: Path
    beside: tuple[Job, ...] = ()


def job(step: str, key: str, **args: object) -> Job:
    return Job("task", "wild", step, key, "kie", JobState.DONE, args=args)


class Desk:
    """Makes the files of one run in a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.made = 0

    def path(self, suffix: str) -> Path:
        self.made += 1
        return self.folder / f"{self.made:03d}{suffix}"

    def run(self, *words: str) -> None:
        said = subprocess.run([ffmpeg(), "-nostdin", "-v", "error", "-y", *words], capture_output=True, check=False)
        assert said.returncode == 0, said.stderr.decode()[-300:]

    def picture(self, number: int) -> Path:
        path = self.folder / f"picture_{number}.png"
        if not path.exists():
            render_picture(SCENES[number % len(SCENES)], (1376, 768), []).resize(SIZE).save(path)
        return path

    def clip(self, picture: Path, filters: str = "", seconds: float = SECONDS, move: int = 0) -> Path:
        """A clip that moves slowly over its picture, with grain."""
        out = self.path(".mp4")
        moved = f"zoompan={MOVES[move % len(MOVES)]}:d=1:s={SIZE[0]}x{SIZE[1]}:fps=24,noise=alls=4:allf=t"
        self.run(
            "-loop", "1", "-framerate", "24", "-t", f"{seconds}", "-i", str(picture),
            "-vf", ",".join(part for part in (moved, filters, "format=yuv420p") if part),
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", str(out),
        )  # fmt: skip
        return out

    def sound(self, samples: Samples, rate: int) -> Path:
        """A WAV of (channels, samples) between -1 and 1."""
        out = self.path(".wav")
        with wave.open(str(out), "wb") as file:
            file.setnchannels(samples.shape[0])
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").T.tobytes())
        return out

    def film(self, clips: list[Path], sounds: list[Path], extra: tuple[str, ...] = ()) -> Path:
        """Clips behind one another with their sound."""
        out = self.path(".mp4")
        inputs = [word for pair in zip(clips, sounds, strict=True) for path in pair for word in ("-i", str(path))]
        parts = "".join(f"[{2 * n}:v][{2 * n + 1}:a]" for n in range(len(clips)))
        fit = "".join(
            f"[{2 * n + 1}:a]aresample=48000,aformat=channel_layouts=stereo,apad,atrim=end={SECONDS}[a{n}];"
            for n in range(len(clips))
        )
        parts = "".join(f"[{2 * n}:v][a{n}]" for n in range(len(clips)))
        graph = f"{fit}{parts}concat=n={len(clips)}:v=1:a=1[v][a]"
        self.run(*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset",
                 "ultrafast", "-c:a", "aac", *extra, str(out))  # fmt: skip
        return out


def _read(path: Path) -> tuple[Samples, int]:
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        return data.reshape(-1, file.getnchannels()).T, file.getframerate()


#: a clip's defect -> the filter that plants it
CLIP_FILTERS: dict[str, str] = {
    "80 % black": "drawbox=t=fill:c=black:enable='gt(t,1.2)'",
    "frozen 4 s": "loop=loop=96:size=1:start=36,trim=end_frame=144",
    "flat green": "drawbox=t=fill:c=green", "strobe": "drawbox=t=fill:c=white:enable='lt(mod(n,4),2)'",
    "letterbox": "drawbox=y=0:h=ih*0.13:t=fill:c=black,drawbox=y=ih*0.87:h=ih*0.13:t=fill:c=black",
    "washed out": "eq=contrast=0.12:brightness=0.1", "upside down": "vflip", "heavy blur": "gblur=sigma=28",
    "12 fps doubled": "fps=12,fps=24",
}  # fmt: skip
MORE_CLIP_FILTERS: dict[str, str] = {
    "black in the middle": "drawbox=t=fill:c=black:enable='between(t,2,3.5)'",
    "pillarbox": "drawbox=x=0:w=iw*0.12:t=fill:c=black,drawbox=x=iw*0.88:w=iw*0.12:t=fill:c=black",
    "turned magenta": "hue=h='t*30'", "frozen from the start": "loop=loop=200:size=1:start=0,trim=end_frame=144",
    "mirrored": "hflip", "negative": "negate", "nearly black": "eq=brightness=-0.62:contrast=0.3",
    "flicker": "eq=brightness='0.2*mod(n,2)':eval=frame", "windowed": "scale=iw*0.7:-2,pad=960:540:(ow-iw)/2:(oh-ih)/2",
}  # fmt: skip


def good_clips(desk: Desk) -> list[Case]:
    return [_clip_case(desk, f"good clip {n}", n, "", move=n) for n in range(len(SCENES))]


def _clip_case(desk: Desk, name: str, number: int, filters: str, seconds: float = SECONDS, move: int = 0,
               shown: Path | None = None) -> Case:  # fmt: skip
    key = f"clip_{number + 1:02d}"
    picture = desk.picture(number)
    look = Image.open(picture).convert("RGB").resize((16, 9), Image.Resampling.BOX).tobytes().hex()
    start = Job("task", "wild", "composite", key, "pillow", JobState.DONE, facts={"look": look})
    made = job("clip", key, seconds=SECONDS)
    made = Job(**{**made.__dict__, "needs": (f"composite/{key}",)})
    return Case(name, made, desk.clip(shown or picture, filters, seconds, move), (start,))


def bad_clips(desk: Desk, filters: Mapping[str, str]) -> list[Case]:
    return [
        _clip_case(desk, name, desk.chance.randrange(len(SCENES)), one, move=desk.chance.randrange(4))
        for name, one in filters.items()
    ]


def odd_clips(desk: Desk) -> list[Case]:
    """A text card, another's picture, lengths."""
    card = Image.new("RGB", SIZE, (20, 24, 90))
    ImageDraw.Draw(card).text((300, 220), "TITLE CARD", fill="white", font_size=70)
    path = desk.path(".png")
    card.save(path)
    turned = desk.path(".png")
    ImageOps.flip(Image.open(desk.picture(3))).save(turned)
    return [
        _clip_case(desk, "text card", 0, "", shown=path),
        _clip_case(desk, "another clip's picture", 0, "", shown=desk.picture(3)),
        _clip_case(desk, "10 % short", 2, "", seconds=SECONDS * 0.9),
        _clip_case(desk, "24 % short", 4, "", seconds=SECONDS * 0.76),
        _clip_case(desk, "begins upside down", 3, "", shown=turned),
    ]  # fmt: skip


def voices(desk: Desk) -> list[Case]:
    made = []
    for number, text in enumerate(TEXTS):
        path = desk.path(".wav")
        path.write_bytes(asyncio.run(speak(text)).wav)
        made.append(Case(f"good narration {number}", job("narration", f"clip_{number + 1:02d}", text=text), path))
    return made


def _noise(chance: np.random.Generator, shape: tuple[int, ...], level: float) -> Samples:
    return chance.normal(0, level, shape)


def _wave(count: int, rate: int, hertz: float, level: float) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(count) / rate))


Change = Callable[[Samples, int, np.random.Generator], Samples]


def _cut_off(sound: Samples, begin: int, end: int | None) -> Samples:
    made = sound.copy()
    made[:, begin:end] = 0
    return made


def _hole(sound: Samples, rate: int, seconds: float) -> Samples:
    middle = sound.shape[1] // 2
    return np.concatenate([sound[:, :middle], np.zeros((len(sound), round(seconds * rate))), sound[:, middle:]], axis=1)


def _behind(sound: Samples, count: int) -> Samples:
    return np.concatenate([sound, np.zeros((len(sound), count))], axis=1)


VOICE: dict[str, Change] = {
    "silent from the middle": lambda s, r, c: _behind(_cut_off(s, s.shape[1] // 2, None), 2 * r),
    "3 s hole": lambda s, r, c: _hole(s, r, 3.0), "left only": lambda s, r, c: np.stack([s[0], s[0] * 0.02]),
    "out of phase": lambda s, r, c: np.stack([s[0], -0.9 * s[0]]), "DC": lambda s, r, c: s * 0.7 + 0.2,
    "hiss": lambda s, r, c: s + _noise(c, s.shape, 0.03),
    "a tone": lambda s, r, c: _wave(s.shape[1], r, 440, 0.3)[None],
    "hard clipped": lambda s, r, c: np.clip(s * 12, -1, 1),
    "hum": lambda s, r, c: s + _wave(s.shape[1], r, 50, 0.05)[None],
}  # fmt: skip
MORE_VOICE: dict[str, Change] = {
    "right only": lambda s, r, c: np.stack([s[0] * 0.01, s[0]]), "2.5 s hole": lambda s, r, c: _hole(s, r, 2.5),
    "pink noise for a voice": lambda s, r, c: _noise(c, s.shape, 0.1),
    "twice as fast": lambda s, r, c: s[:, ::2], "half as fast": lambda s, r, c: np.repeat(s, 2, axis=1),
    "4 s of silence behind": lambda s, r, c: _behind(s, 4 * r),
    "whine behind it": lambda s, r, c: s + _wave(s.shape[1], r, 5000, 0.04)[None],
    "crackling": lambda s, r, c: np.sign(s) * (np.abs(s) > 0.02) * 0.99,
    "only its first third": lambda s, r, c: s[:, : s.shape[1] // 3],
}  # fmt: skip


def spoiled(desk: Desk, good: list[Case], changes: Mapping[str, Change]) -> list[Case]:
    chance = np.random.default_rng(desk.chance.randrange(1000))
    made = []
    for name, change in changes.items():
        one = good[desk.chance.randrange(len(good))]
        sound, rate = _read(one.path)
        made.append(Case(f"{one.job.step}: {name}", one.job, desk.sound(change(sound, rate, chance), rate)))
    return made


def beds(desk: Desk) -> list[Case]:
    made = []
    for number, prompt in enumerate(BEDS):
        path = desk.sound(np.asarray(render_ambience(prompt, SECONDS)), 44100)
        made.append(Case(f"good effect {number}", job("sound_effect", f"clip_{number + 1:02d}", prompt=prompt), path))
    return made


BED: dict[str, Change] = {
    "a tone": lambda s, r, c: np.stack([_wave(s.shape[1], r, 440, 0.3)] * 2),
    "silent after 1 s": lambda s, r, c: _cut_off(s, r, None),
}  # fmt: skip
MORE_BED: dict[str, Change] = {
    "left only": lambda s, r, c: s * np.array([[1.0], [0.01]]), "out of phase": lambda s, r, c: np.stack([s[0], -s[0]]),
    "far too loud": lambda s, r, c: np.clip(s * 60, -1, 1), "a hole of 3 s": lambda s, r, c: _cut_off(s, 2 * r, 5 * r),
    "DC": lambda s, r, c: s * 0.5 + 0.1,
}  # fmt: skip


def speech_in_beds(desk: Desk, beds_made: list[Case], voices_made: list[Case]) -> list[Case]:
    made = []
    for number in (0, 2, 4):
        bed, rate = _read(beds_made[number].path)
        said, said_rate = _read(voices_made[number].path)
        said = said[
            :,
            (np.arange(round(said.shape[1] * rate / said_rate)) * said_rate / rate)
            .astype(int)
            .clip(0, said.shape[1] - 1),
        ]
        mixed = bed * 0.2
        count = min(mixed.shape[1], said.shape[1])
        mixed[:, :count] += said[:, :count] * 0.8
        made.append(Case(f"sound_effect: speech in it {number}", beds_made[number].job, desk.sound(mixed, rate)))
    return made


class Check:
    """The check as the daemon does it."""

    def __init__(self) -> None:
        self.inspector = MediaInspector(ffmpeg)

    async def facts(self, case: Case, beside: tuple[Job, ...]) -> tuple[dict[str, object], str]:
        makes = "audio" if case.path.suffix == ".wav" else "video"
        found = await self.inspector.inspect(
            case.path, makes, Expectation(max_s=300, min_s=0.3, step=case.job.step, heard=False)
        )
        return held_against.warned(case.job, found.facts, (*case.beside, *beside), found.sha256), found.sha256

    async def noticed(self, case: Case, beside: tuple[Job, ...]) -> list[str]:
        try:
            facts, _ = await self.facts(case, beside)
        except BadArtefact as error:
            return [f"refused: {error}"]
        return [str(one) for one in facts.get(held_against.WARNINGS, [])]  # type: ignore[attr-defined]


def films(desk: Desk, clips: list[Case], sounds: list[Case], check: Check) -> tuple[list[Case], list[Case], list[Case]]:
    """A good film and another, defects that were named, and more."""
    paths, heard = [case.path for case in clips], [case.path for case in sounds]
    cuts = []
    for number, path in enumerate(paths[:5]):
        cut = job("cut", f"clip_{number + 1:02d}")
        facts, digest = asyncio.run(check.facts(Case("cut", cut, path), ()))
        cuts.append(Job(**{**cut.__dict__, "facts": facts, "sha256": digest}))
    film = job("assemble", "film")
    good = desk.film(paths[:5], heard[:5])

    def changed(*words: str) -> Path:
        out = desk.path(".mp4")
        desk.run("-i", str(good), *words, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(out))
        return out

    def ordered(*places: int) -> Path:
        return desk.film([paths[n] for n in places], [heard[n] for n in places])

    length = 5 * SECONDS
    beside = tuple(cuts)
    other = desk.film(paths[3:8], heard[3:8])
    named = {
        "black 5 s": changed("-vf", "drawbox=t=fill:c=black:enable='between(t,8,13)'"),
        "frozen 5 s": changed("-vf", f"loop=loop=120:size=1:start=200,trim=end={length},setpts=N/24/TB"),
        "silent 3 s": changed("-af", "volume=0:enable='between(t,10,13.2)'"),
        "clips in wrong order": ordered(0, 3, 2, 1, 4), "one clip twice": ordered(0, 1, 1, 3, 4),
        "another episode's film": other,
        "last clip gone": ordered(0, 1, 2, 3), "left only": changed("-af", "pan=stereo|c0=c0|c1=0.01*c1"),
        "-30 dB": changed("-af", "volume=-30dB"), "rotated": changed("-vf", "transpose=1"),
    }  # fmt: skip
    more = {
        "first clip gone": ordered(1, 2, 3, 4), "flickers": changed("-vf", "eq=brightness='0.2*mod(n,2)':eval=frame"),
        "letterbox": changed("-vf", "drawbox=y=0:h=ih*0.12:t=fill:c=black,drawbox=y=ih*0.88:h=ih*0.12:t=fill:c=black"),
        "silent from the middle": changed("-af", "volume=0:enable='gt(t,15)'"), "negative": changed("-vf", "negate"),
        "DC": changed("-af", "dcshift=0.2"), "out of phase": changed("-af", "pan=stereo|c0=c0|c1=-1*c0"),
    }  # fmt: skip
    whole = [Case("good film", film, good, beside)]
    return (
        whole, [Case(f"film: {name}", film, path, beside) for name, path in named.items()],
        [Case(f"film: {name}", film, path, beside) for name, path in more.items()],
    )  # fmt: skip


def _beside(good: list[Case], check: Check) -> tuple[Job, ...]:
    made = []
    for case in good:
        facts, digest = asyncio.run(check.facts(case, ()))
        made.append(Job(**{**case.job.__dict__, "facts": facts, "sha256": digest}))
    return tuple(made)


def _count(what: str, cases: list[Case], beside: tuple[Job, ...], check: Check) -> tuple[int, list[str]]:
    missed = []
    for case in cases:
        found = asyncio.run(check.noticed(case, beside))
        if not found:
            missed.append(case.name)
        say(f"{what}: {case.name}: {'; '.join(found) or '-'}")
    return len(cases) - len(missed), missed


def run(folder: Path, options: argparse.Namespace) -> Result:
    desk, check = Desk(folder, options.seed), Check()
    clips, said, heard = good_clips(desk), voices(desk), beds(desk)
    beside = _beside([*said, *heard], check)
    film, film_named, film_more = films(desk, clips, heard, check)
    same = Case("narration: another clip's narration", said[0].job, said[3].path)
    named = [*bad_clips(desk, CLIP_FILTERS), *odd_clips(desk)[:4], *spoiled(desk, said, VOICE), same,
             *spoiled(desk, heard, BED), *speech_in_beds(desk, heard, said), *film_named]  # fmt: skip
    more = [*bad_clips(desk, MORE_CLIP_FILTERS), *odd_clips(desk)[4:], *spoiled(desk, said, MORE_VOICE),
            *spoiled(desk, heard, MORE_BED), *film_more]  # fmt: skip
    good = [*clips, *said, *heard, *film]
    # the same scenes from other places, and narrations and beds at other levels, are as good
    good += [_clip_case(desk, f"good clip {n} again", n, "", move=n + 2) for n in range(2)]
    alarms = [
        f"{case.name}: {'; '.join(found)}" for case in good if (found := asyncio.run(check.noticed(case, beside)))
    ]
    for alarm in alarms:
        say(f"ALARM {alarm}")
    first, missed_first = _count("named", named, beside, check)
    second, missed_second = _count("more", more, beside, check)
    found: Result = {
        "good": len(good), "alarms": len(alarms), "named": f"{first}/{len(named)}", "more": f"{second}/{len(more)}",
        "missed": missed_first + missed_second,
    }  # fmt: skip
    assert not alarms, f"good files alarm: {alarms}"
    assert first >= 0.8 * len(named) and second >= 0.8 * len(more), found
    return found


def _options(parser: argparse.ArgumentParser) -> None:
    """None besides the seed."""


CAMPAIGN = Campaign("planted", "defects of content planted in good clips, narrations, effects and films", _options, run)
