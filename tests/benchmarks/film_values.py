"""A film of clips in the sizes that Kling delivers, held against what YouTube and a viewer ask for.

python -m tests.benchmarks.film_values [--clips 6]

Clips of 10 s with grain at about 20 Mbit/s, most without colors, with B-pictures and long groups; narrations, effects
and music. They are cut and assembled by the project's own scripts, as the daemon runs them. One line a value.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.lib.film import ffmpeg, mp4, packets
from tests.benchmarks.film import ROOT, Taken, timed, two_at_a_time
from tests.scripts import media

SIZES = ("1924x1076", "1928x1076", "1924x1076", "1928x1072", "1284x716", "1924x1076")
CODED = ("-c:v", "libx264", "-preset", "superfast", "-b:v", "20M", "-maxrate", "22M", "-bufsize", "22M", "-g", "250",
         "-bf", "2", "-profile:v", "high", "-pix_fmt", "yuv420p")  # fmt: skip
WINDOW = 960
Words = dict[str, Any]


@dataclass(frozen=True)
class Film:
    path: Path
    cuts: list[Words]
    told: Words
    cutting: Taken
    finishing: Taken


def material(folder: Path, clips: int) -> None:
    still = folder / "still.png"
    media.make(still, "-f", "lavfi", "-i", "mandelbrot=s=2100x1200:start_scale=0.6", "-frames:v", "1")
    for number in range(clips):
        size = SIZES[number % len(SIZES)]
        moving = f"scroll=h=0.0007:v=0.0004,crop=1936:1088,scale={size.replace('x', ':')},noise=alls=7:allf=t,setsar=1"
        shown = ("-loop", "1", "-framerate", "24", "-t", "10.04", "-i", str(still))
        media.make(folder / f"clip_{number}.mp4", *shown, "-vf", moving, *CODED)
        media.speech(folder / f"voice_{number}.mp3", 4.6 + number * 7 % 5 * 0.7)
        color = ("brown", "pink", "white")[number % 3]
        effect = f"anoisesrc=color={color}:amplitude=0.3:duration={3 if number % 4 == 3 else 10}:seed={number}"
        media.sound(folder / f"effect_{number}.mp3", effect, 2)
    media.sound(folder / "music.mp3", "aevalsrc='0.2*sin(440*PI*t)+0.15*sin(554*PI*t)+0.1*sin(660*PI*t)':d=40", 2)


def script(name: str, *words: str) -> Words:
    env = os.environ | {"VIDEOD_FFMPEG": ffmpeg.ffmpeg_path()}
    command = (sys.executable, str(ROOT / "scripts" / name), *words, "--events")
    ran = subprocess.run(command, check=True, capture_output=True, env=env, text=True)
    found: Words = json.loads(ran.stdout.splitlines()[-1])
    return found


def made(folder: Path, clips: int) -> Film:
    cuts: list[Words] = [{}] * clips

    def cut(number: int) -> None:
        place = (["--opens"] if number == 0 else []) + (["--closes"] if number == clips - 1 else [])
        cuts[number] = script(
            "cut_clip.py", "--video", str(folder / f"clip_{number}.mp4"), "--audio",
            str(folder / f"voice_{number}.mp3"), "--sfx", str(folder / f"effect_{number}.mp3"), "--output",
            str(folder / f"cut_{number}.mov"), "--inspected", *place,
        )  # fmt: skip

    cutting = timed(lambda: two_at_a_time(cut, clips))
    rows = [
        {"clip_number": number + 1, "video": "x", "audio": "x", "cut": str(folder / f"cut_{number}.mov")}
        for number in range(clips)
    ]
    listed = media.manifest(folder / "manifest.json", rows)
    words = ("--manifest", str(listed), "--output", str(folder / "film.mp4"), "--music", str(folder / "music.mp3"))
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
        ("AAC, kb/s (asked for 384)", "384", f"{rate:.0f}"),
    ]  # fmt: skip


def of_pace(film: Film, clips: int) -> list[tuple[str, str, str]]:
    spoken = [one["speech_s"] for one in film.cuts]
    tails = [one["duration_s"] - one["lead_s"] - one["speech_s"] for one in film.cuts]
    pauses = [tails[at] + film.cuts[at + 1]["lead_s"] for at in range(clips - 1)]
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
    clips = max(2, parser.parse_args(argv).clips)
    with tempfile.TemporaryDirectory(prefix="videod-film-values-") as name:
        folder = Path(name)
        material(folder, clips)
        film = made(folder, clips)
        rows = [*of_pictures(film, folder), *of_sound(film, folder), *of_pace(film, clips)]
    cutting, finishing = film.cutting, film.finishing
    rows.append(("CPU of the cuts, s", "-", f"{cutting.cpu:.1f} ({cutting.cpu / clips * 18:.0f} for 18)"))
    rows.append(("approval to film, s (CPU)", "<= 3 of 18 clips", f"{finishing.wall:.1f} ({finishing.cpu:.1f})"))
    print("| value | goal | film |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
