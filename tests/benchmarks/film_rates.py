"""The pace of an 18-shot film with voices of several rates, texts ordered for each, and with short texts as they are.

python -m tests.benchmarks.film_rates [--clips 18] [--rates 8 15 20] [--neural] [--keep FOLDER]

The same clips of 10 s for all; the lines of a story as long as each voice says in the time ordered (6 s on the
average), and lines of 45 to 61 characters that were written for no voice. `--keep` leaves films, contact sheets,
waveforms and spectrograms there, to be looked at. One column a film.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.lib.film import ffmpeg
from tests.benchmarks import film_values
from tests.benchmarks.film_values import Asked, Film
from tests.scripts import media

RATES = (8.0, 15.0, 20.0)
SHORT_TEXTS = "eel"
"""A story whose 18 lines have 49 to 60 characters."""
CLIPS = 6
"""Different clips; the others are these again."""
FROZEN_S = 0.5


def clips(folder: Path, count: int) -> None:
    """Clips that move all the time, without grain: what is looked at here is time. Some stand in the film thrice."""
    still = folder / "still.png"
    media.make(still, "-f", "lavfi", "-i", "mandelbrot=s=2100x1200:start_scale=0.6", "-frames:v", "1")
    codec = ("-c:v", "libx264", "-preset", "superfast", "-crf", "28", "-profile:v", "high", "-pix_fmt", "yuv420p")
    for number in range(count):
        clip = folder / f"clip_{number}.mp4"
        if number >= CLIPS:
            os.link(folder / f"clip_{number % CLIPS}.mp4", clip)
            continue
        moving = f"format=yuv420p,hue=h={number * 60},loop=loop=240:size=1,setpts=N/24/TB,fps=24"
        moving += ",scroll=h=0.0007:v=0.0004,crop=1920:1080,setsar=1"
        media.make(clip, "-i", str(still), "-vf", moving, *codec, "-bf", "2")


def frozen(film: Film) -> tuple[str, str, str]:
    """Where the picture does not move for longer than it may."""
    chain = f"scale=160:90,freezedetect=n=-60dB:d={FROZEN_S}"
    scan = ("-map", "0:v", "-vf", chain, "-f", "null", "-")
    said = ffmpeg.run(["-v", "info", *ffmpeg.given(film.path), *scan], "looking for frozen pictures").errors
    return ("frozen for more than 0.5 s", "0", str(said.count("freeze_start")))


def looked_at(film: Film, name: str, kept: Path) -> None:
    shutil.copyfile(film.path, kept / f"{name}.mp4")
    given = [*ffmpeg.given(film.path), "-frames:v", "1"]
    media.make(kept / f"{name}_sheet.png", *given, "-vf", "fps=1/4,scale=240:-1,tile=6x7")
    for picture, filters in (
        ("wave", "showwavespic=s=1600x400:split_channels=1"),
        ("spectrum", "showspectrumpic=s=1600x500"),
    ):
        media.make(kept / f"{name}_{picture}.png", *given, "-filter_complex", f"[0:a]{filters}[out]", "-map", "[out]")


def column(folder: Path, asked: Asked, name: str, kept: Path | None) -> list[tuple[str, str, str]]:
    film_values.sounds(folder, asked)
    film = film_values.made(folder, asked)
    if kept is not None:
        looked_at(film, name, kept)
    sums = film.cutting.cpu + film.finishing.cpu
    return [
        *film_values.of_pace(film, asked), frozen(film), *film_values.of_sound(film, folder),
        ("CPU of cuts and film, s", "<= 30 of 18", f"{sums:.0f}"),
    ]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=18)
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES), help="characters a second")
    parser.add_argument("--neural", action="store_true", help="the neural voice, where it is installed")
    parser.add_argument("--keep", type=Path, help="keep films and pictures of them here")
    given = parser.parse_args(argv)
    count = max(3, given.clips)
    wished = Asked(clips=count, sizes=("1920x1080",), neural=given.neural)
    films = {f"{rate:g} characters/s": replace(wished, rate=rate) for rate in given.rates}
    films["49 to 60 characters, 15/s"] = replace(wished, texts=SHORT_TEXTS)
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    columns = []
    with tempfile.TemporaryDirectory(prefix="videod-film-rates-") as name:
        folder = Path(name)
        clips(folder, count)
        for title, asked in films.items():
            columns.append(column(folder, asked, title.partition(" ")[0], given.keep))
            print(f"({title}: done)", flush=True)
    print(f"| value | goal | {' | '.join(films)} |\n|{'---|' * (len(films) + 2)}")
    for rows in zip(*columns, strict=True):
        print(f"| {rows[0][0]} | {rows[0][1]} | {' | '.join(row[2] for row in rows)} |")


if __name__ == "__main__":
    main()
