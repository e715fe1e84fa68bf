"""A film of clips in the sizes that Kling delivers, held against what YouTube and a viewer ask for.

python -m tests.benchmarks.film_values [--clips 6] [--rate 15] [--size 1920x1080] [--watermark] [--neural] [--bare]
                                         [--no-holds]

Clips of 10 s with grain at about 20 Mbit/s, most without colors, with B-pictures and long groups; the lines of a story,
ordered for a voice of so many characters a second (6 s on average) and spoken at that rate, the simulated services'
ambiences and music. They are cut and assembled by the project's own scripts, as the daemon runs them. One line a value.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from scripts.lib.film import ffmpeg, mp4, packets
from tests.benchmarks.film import ROOT, Taken, timed, two_at_a_time
from tests.scripts import media
from videod.sandbox.render import neural, score, speech
from videod.sandbox.render.ambience import render_ambience, stereo_wav

SIZES = ("1924x1076", "1928x1076", "1920x1080", "1928x1072", "1284x716", "1924x1076")
CODED = ("-c:v", "libx264", "-preset", "superfast", "-b:v", "20M", "-maxrate", "22M", "-bufsize", "22M", "-g", "250",
         "-bf", "2", "-profile:v", "high", "-pix_fmt", "yuv420p")  # fmt: skip
STORY = ROOT / "tests" / "cases" / "stories" / "ants.json"
#: characters a second for which the lines of the story are as long as they are
STORY_RATE = 15.0
HELD, HOLD_S = 6, 2.5
EFFECTS = (
    "Continuous river ambience with rushing water over stones, wind in the trees and heavy paws splashing",
    "Continuous forest ambience with birdsong, rustling leaves and soft footsteps on gravel",
    "Continuous night ambience with crickets, a gentle breeze and deep breathing close by",
)
WINDOW = 960
Words = dict[str, Any]


@dataclass(frozen=True)
class Film:
    path: Path
    cuts: list[Words]
    told: Words
    cutting: Taken
    finishing: Taken


@dataclass(frozen=True)
class Asked:
    """What film to make. `rate`: characters a second of the voice; `sizes` in turn; `bare`: effects and no music.

    `texts`: a story of lines that are taken as they are, in place of lines as long as this voice says in their time.
    `held`: some shots stay longer.
    """

    clips: int = 6
    rate: float = STORY_RATE
    sizes: tuple[str, ...] = SIZES
    watermark: bool = False
    neural: bool = False
    bare: bool = False
    texts: str = ""
    held: bool = False

    def hold(self, number: int) -> float:
        """How long that shot stays behind its words, seconds: the planner is asked for one in HELD."""
        return HOLD_S if self.held and number % HELD == HELD // 2 else 0.0


def lines(asked: Asked) -> list[str]:
    """The story's lines, as long as this voice says in the seconds that they take at STORY_RATE."""
    if asked.texts:
        single: list[str] = json.loads(STORY.with_name(f"{asked.texts}.json").read_text())["single"]
        return [single[number % len(single)] for number in range(asked.clips)]
    told: list[str] = json.loads(STORY.read_text())["staged"]
    words = " ".join(told).split()
    made, at = [], 0
    for number in range(asked.clips):
        wanted, line = len(told[number % len(told)]) * asked.rate / STORY_RATE, ""
        while len(line) < wanted - 3:
            line, at = f"{line} {words[at % len(words)]}".strip(), at + 1
        made.append(line.rstrip(",;:") if line.endswith((",", ";", ":")) else line)
    return made


def spoken(text: str, out: Path, asked: Asked) -> None:
    """The line at the voice's rate, by a synthetic voice that is stretched to it."""
    say = neural.speak if asked.neural else speech.speak
    raw = out.with_suffix(".wav")
    found = asyncio.run(say(text, "calm", 1.0))
    raw.write_bytes(found.wav)
    speaking_s = found.duration_ms / 1000 - speech.LEAD_S - speech.TAIL_S
    tempo = f"atempo={min(2.0, max(0.5, asked.rate * speaking_s / len(text))):.4f}"
    media.make(out, "-i", str(raw), "-af", tempo, "-c:a", "libmp3lame", "-b:a", "128k", "-ar", "44100")


def material(folder: Path, asked: Asked) -> None:
    clips(folder, asked)
    sounds(folder, asked)


def clips(folder: Path, asked: Asked) -> None:
    """The clips; those of one size are one, since only their pictures' number and grain cost anything."""
    still = folder / "still.png"
    media.make(still, "-f", "lavfi", "-i", "mandelbrot=s=2100x1200:start_scale=0.6", "-frames:v", "1")
    made: dict[str, Path] = {}
    for number in range(asked.clips):
        size = asked.sizes[number % len(asked.sizes)]
        clip = folder / f"clip_{number}.mp4"
        if size in made:
            os.link(made[size], clip)
            continue
        made[size] = clip
        moving = "loop=loop=240:size=1,setpts=N/24/TB,fps=24,"  # read once, not for every picture
        moving += f"scroll=h=0.0007:v=0.0004,crop=1936:1088,scale={size.replace('x', ':')},noise=alls=7:allf=t,setsar=1"
        media.make(clip, "-i", str(still), "-vf", moving, *CODED)


def sounds(folder: Path, asked: Asked) -> None:
    for number, text in enumerate(lines(asked)):
        spoken(text, folder / f"voice_{number}.mp3", asked)
        effect, seconds = folder / f"effect_{number}.wav", 3.0 if number % 4 == 3 else 10.0
        if not effect.exists():
            effect.write_bytes(stereo_wav(render_ambience(EFFECTS[number % 3], seconds)))
    music = folder / "music.wav"
    if not music.exists():
        music.write_bytes(stereo_wav(score.render_score("ants", 64.0), score.RATE))
    Image.new("RGBA", (300, 90), (255, 255, 255, 150)).save(folder / "mark.png")


def script(name: str, *words: str) -> Words:
    env = os.environ | {"VIDEOD_FFMPEG": ffmpeg.ffmpeg_path()}
    command = (sys.executable, str(ROOT / "scripts" / name), *words, "--events")
    ran = subprocess.run(command, check=True, capture_output=True, env=env, text=True)
    found: Words = json.loads(ran.stdout.splitlines()[-1])
    return found


def made(folder: Path, asked: Asked) -> Film:
    count = asked.clips
    cuts: list[Words] = [{}] * count
    mark = ("--watermark", str(folder / "mark.png")) if asked.watermark else ()

    def cut(number: int) -> None:
        place = (["--opens"] if number == 0 else []) + (["--closes"] if number == count - 1 else [])
        cuts[number] = script(
            "cut_clip.py", "--video", str(folder / f"clip_{number}.mp4"), "--audio",
            str(folder / f"voice_{number}.mp3"), "--sfx", str(folder / f"effect_{number}.wav"), "--output",
            str(folder / f"cut_{number}.mov"), "--inspected", "--hold", str(asked.hold(number)), *place, *mark,
        )  # fmt: skip

    cutting = timed(lambda: two_at_a_time(cut, count))
    rows = [
        {"clip_number": number + 1, "video": "x", "audio": "x", "cut": str(folder / f"cut_{number}.mov")}
        for number in range(count)
    ]
    listed = media.manifest(folder / "manifest.json", rows)
    under = () if asked.bare else ("--music", str(folder / "music.wav"))
    words = ("--manifest", str(listed), "--output", str(folder / "film.mp4"), *under, *mark)
    told: list[Words] = []
    finishing = timed(lambda: told.append(script("assemble_video.py", *words)))
    return Film(folder / "film.mp4", cuts, told[0], cutting, finishing)


def samples(path: Path, stream: str = "0:a:0") -> npt.NDArray[np.float64]:
    command = [ffmpeg.ffmpeg_path(), "-v", "error", "-nostdin", *ffmpeg.given(path), "-map", stream, "-ac", "1"]
    raw = subprocess.run([*command, "-ar", "48000", "-f", "f32le", "-"], check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, np.float32).astype(np.float64)


def levels(heard: npt.NDArray[np.float64], window: int = WINDOW) -> npt.NDArray[np.float64]:
    whole = heard[: len(heard) // window * window].reshape(-1, window)
    return np.asarray(10 * np.log10((whole**2).mean(axis=1) + 1e-12))


def late_ms(film: npt.NDArray[np.float64], voice: npt.NDArray[np.float64], start: int) -> float:
    """By how much the film's sound lies behind where the cut has it, by correlation."""
    spoken = np.nonzero(voice)[0]
    first = int(spoken[0]) + 9_600
    piece = voice[first : first + 24_000]
    near = film[start + first - 2_400 : start + first + 26_400]
    return float(np.argmax(np.correlate(near, piece, "valid")) - 2_400) / 48


def of_sound(film: Film, folder: Path) -> list[tuple[str, str, str]]:
    heard = samples(film.path)
    scan = ("-map", "0:a", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-")
    said = ffmpeg.run(["-v", "info", *ffmpeg.given(film.path), *scan], "measuring").errors.rpartition("Summary:")[2]
    found = {name: re.search(rf"\b{name}:\s+(\S+)", said) for name in ("I", "LRA", "Peak")}
    lufs, lra, peak = (one[1] if one else "?" for one in found.values())
    starts = np.cumsum([0, *(one["samples"] for one in film.cuts)])
    shown = (0, len(film.cuts) // 2, len(film.cuts) - 1)
    late = [late_ms(heard, samples(folder / f"cut_{at}.mov", "0:a:1"), int(starts[at])) for at in shown]
    worst = 0.0
    for start in starts[1:-1]:
        near = levels(heard[start - 24_000 : start + 24_000], 4_800)
        worst = max(worst, float(np.abs(near - near.mean()).max()))
    silent = levels(heard)[1 : -int(0.2 * 50)] < -60.0
    listed = packets.listing(film.path, "0:a:0", "looking").packets
    rate = sum(int(one.check.split()[0]) for one in listed) * 8 / (len(heard) / 48)
    return [
        ("sound behind the picture, first/middle/last clip", "within 1 ms", "/".join(f"{one:+.2f}" for one in late)),
        ("integrated loudness, LUFS", "-14 +-0.5", lufs), ("true peak, dBTP", "<= -1", peak), ("LRA, LU", "4-10", lra),
        ("ambience within 0.5 s of a cut, from its mean", "< 6 dB", f"{worst:.1f}"),
        ("20 ms windows under -60 dBFS inside the film", "0", str(int(silent.sum()))),
        ("AAC, kb/s (asked for 384; what FFmpeg spends of it)", "> 350", f"{rate:.0f}"),
    ]  # fmt: skip


def of_pace(film: Film, asked: Asked) -> list[tuple[str, str, str]]:
    spoken = [one["speech_s"] for one in film.cuts]
    tails = [one["duration_s"] - one["lead_s"] - one["speech_s"] for one in film.cuts]
    clips = asked.clips
    pauses = [tails[at] + film.cuts[at + 1]["lead_s"] for at in range(clips - 1) if not asked.hold(at)]
    total = film.told["duration_s"]
    return [
        ("film, s", "100-150 of 18 clips", f"{total:.1f} of {clips}"),
        ("share of the clips' seconds", ">= 55 %", f"{100 * total / (clips * 10.04):.0f} %"),
        ("share of speech", "60-82 %", f"{100 * sum(spoken) / total:.0f} %"),
        ("pauses, s", "1.2-3", f"{min(pauses):.2f}-{max(pauses):.2f}"),
        ("first word / after the last, s", ">= 1.5 / >= 2", f"{film.cuts[0]['lead_s']:.2f} / {tails[-1]:.2f}"),
        ("held pictures, s", "<= 0.5 a cut", f"{max(one['held_s'] for one in film.cuts):.2f}"),
    ]


def of_pictures(film: Film, folder: Path) -> list[tuple[str, str, str]]:
    moov = next(box for box in mp4.top_boxes(film.path) if box.kind == b"moov")
    index = film.path.read_bytes()[moov.start : moov.end]
    video = ffmpeg.probe(film.path).video
    assert video is not None
    copied = sum(one["copied"] for one in film.cuts)
    why = sorted({str(one["encoded_because"]) for one in film.cuts if not one["copied"]})
    encoded = [at for at, one in enumerate(film.cuts) if str(one.get("encoded_because") or "").startswith("size")]
    group, level = "-", "-"
    if encoded:
        cut = folder / f"cut_{encoded[0]}.mov"
        keys = [at for at, one in enumerate(packets.listing(cut, "0:v:0", "looking").packets) if one.key]
        avc = mp4.read_avc(cut)
        group, level = str(max(np.diff(keys), default=0)), str(avc.sps[0][3] / 10) if avc else "?"
    return [
        ("edit lists", "0", str(index.count(b"elst"))), ("index in front", "yes", str(mp4.is_fast_start(film.path))),
        ("size, rate, profile", "1920x1080 24 High", f"{video.width}x{video.height} {video.fps:g} {video.profile}"),
        ("colors in the stream", "bt709 x 3", f"{video.primaries}/{video.transfer}/{video.matrix}"),
        ("colr boxes", "1", str(index.count(mp4.COLR_709))),
        ("cuts copied", "all but too small ones, and the last", f"{copied} of {len(film.cuts)} ({'; '.join(why)})"),
        ("encoded again after the approval", "none", str(film.told.get("reencoded_clips"))),
        ("encodes: pictures in a group / level", "12 / 4.1", f"{group} / {level}"),
    ]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--rate", type=float, default=STORY_RATE, help="characters a second of the voice")
    parser.add_argument("--size", help="of all clips, such as 1920x1080; else those that Kling delivers")
    parser.add_argument("--watermark", action="store_true")
    parser.add_argument("--neural", action="store_true", help="the neural voice, where it is installed")
    parser.add_argument("--bare", action="store_true", help="no music")
    parser.add_argument("--keep", type=Path, help="keep the film here")
    parser.add_argument("--no-holds", action="store_true", help="no shot stays behind its words")
    given = parser.parse_args(argv)
    clips = max(2, given.clips)
    sizes = (given.size,) if given.size else SIZES
    asked = Asked(clips, given.rate, sizes, given.watermark, given.neural, given.bare, held=not given.no_holds)
    with tempfile.TemporaryDirectory(prefix="videod-film-values-") as name:
        folder = Path(name)
        material(folder, asked)
        film = made(folder, asked)
        if given.keep:
            shutil.copyfile(film.path, given.keep)
        rows = [*of_pictures(film, folder), *of_sound(film, folder), *of_pace(film, asked)]
    cutting, finishing = film.cutting, film.finishing
    rows.append(("CPU of the cuts, s", "-", f"{cutting.cpu:.1f} ({cutting.cpu / clips * 18:.0f} for 18)"))
    rows.append(("approval to film, s (CPU)", "<= 3 of 18 clips", f"{finishing.wall:.1f} ({finishing.cpu:.1f})"))
    print("| value | goal | film |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
