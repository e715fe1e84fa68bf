"""How long the last approval of the sounds may have to wait for the finished film: what is left to do then.

python -m tests.benchmarks.approval [--clips 18] [--size 1920x1080] [--watermark] [--bare] [--kept FOLDER]

Cuts, and the film once all are there, are made while the sounds are reviewed; so an approval that comes later than what
is timed here waits for nothing. Timed is the worst case: the approval comes in the moment in which the last sound
effect is there. What is left is its cut, the film, the captions, and the daemon's look at each of them. It is taken
twice: where the last effect is that of a shot in the middle, and where it is that of the last shot, which fades out.
`--kept` keeps the clips and sounds for another run.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg

from tests.benchmarks import film_values
from tests.benchmarks.figures import machine, table
from tests.benchmarks.film import Taken, timed, two_at_a_time
from tests.benchmarks.film_values import Asked, Words, script
from tests.benchmarks.inspection import kept
from tests.scripts import media
from videod.adapters import packet_marks
from videod.adapters.decoding_room import DecodingRoom
from videod.adapters.inspector import MediaInspector
from videod.core.step import PACKETS, Expectation

GOAL_S = 3.0
CUT = Expectation(max_s=30.0, heard=True, step="cut")
FILM = Expectation(max_s=300.0, heard=True, silent_end_s=10.0, step="assemble")


def looking_s() -> float:
    """CPU seconds of the helpers that look at files, and of those who looked for them."""
    ticks = 0
    for pid in kept():
        ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Left:
    """An episode whose clips and narrations are there, and all of its effects but one."""

    def __init__(self, folder: Path, material: Path, asked: Asked) -> None:
        self.folder, self.material, self.asked = folder, material, asked
        self.cuts: list[Words] = [{}] * asked.clips
        self._known = [""] * asked.clips
        self._room = DecodingRoom()
        self._inspector = MediaInspector(imageio_ffmpeg.get_ffmpeg_exe, room=self._room)
        self._mark = ("--watermark", str(material / "mark.png")) if asked.watermark else ()

    def cut(self, number: int) -> None:
        last = self.asked.clips - 1
        place = (["--opens"] if number == 0 else []) + (["--closes"] if number == last else [])
        self.cuts[number] = script(
            "cut_clip.py", "--video", str(self.material / f"clip_{number}.mp4"), "--audio",
            str(self.material / f"voice_{number}.mp3"), "--sfx", str(self.material / f"effect_{number}.wav"),
            "--output", str(self._cut(number)), "--inspected", "--hold", str(self.asked.hold(number)), *place,
            *self._mark,
        )  # fmt: skip

    def film(self) -> None:
        rows = [
            {"clip_number": number + 1, "video": "x", "audio": "x", "cut": str(self._cut(number))}
            for number in range(self.asked.clips)
        ]
        listed = media.manifest(self.folder / "manifest.json", rows)
        under = () if self.asked.bare else ("--music", str(self.material / "music.wav"))
        script("assemble_video.py", "--manifest", str(listed), "--output", str(self._film), *under, *self._mark)

    def captions(self) -> None:
        said = film_values.lines(self.asked)
        cuts = [
            {"text": said[number], "narration": str(self.material / f"voice_{number}.mp3"),
             "cut": str(self._cut(number)), "seconds": one["duration_s"]}
            for number, one in enumerate(self.cuts)
        ]  # fmt: skip
        listed = self.folder / "captions.json"
        listed.write_text(json.dumps({"opening_s": 0.0, "cuts": cuts}))
        script("make_captions.py", "--list", str(listed), "--output", str(self.folder / "film.srt"))

    async def look_at_cut(self, number: int) -> None:
        found = await self._inspector.inspect(self._cut(number), "video", CUT)
        self._known[number] = str(found.facts[PACKETS])

    async def look_at_film(self) -> None:
        await self._inspector.inspect(self._film, "video", replace(FILM, parts=tuple(self._known)))

    async def looked_before(self) -> None:
        """What the daemon knows of cuts that it looked at while the sounds were reviewed."""
        for number in range(self.asked.clips):
            with self._cut(number).open("rb") as source:
                found = await packet_marks.of(imageio_ffmpeg.get_ffmpeg_exe(), self._cut(number), source, self._room)
            assert found is not None
            self._known[number] = found.named()

    def after(self, number: int) -> list[tuple[str, Taken]]:
        """What is left once the effect of that shot is there, in order, each with its seconds."""
        stages: list[tuple[str, Callable[[], None]]] = [
            ("the cut", lambda: self.cut(number)),
            ("the look at the cut", lambda: asyncio.run(self.look_at_cut(number))),
            ("the film", self.film),
            ("the look at the film", lambda: asyncio.run(self.look_at_film())),
            ("the captions", self.captions),
        ]  # fmt: skip
        made = []
        for name, work in stages:
            before, taken = looking_s(), timed(work)
            made.append((name, Taken(taken.wall, taken.cpu + looking_s() - before)))
        return made

    def close(self) -> None:
        self._room.close()

    def _cut(self, number: int) -> Path:
        return self.folder / f"cut_{number}.mov"

    @property
    def _film(self) -> Path:
        return self.folder / "film.mp4"


def measure(folder: Path, material: Path, asked: Asked) -> list[list[str]]:
    left = Left(folder, material, asked)
    try:
        began = time.monotonic()
        two_at_a_time(left.cut, asked.clips)
        print(f"({asked.clips} cuts in {time.monotonic() - began:.0f} s)", flush=True)
        asyncio.run(left.looked_before())
        middle, last = left.after(asked.clips // 2), left.after(asked.clips - 1)
    finally:
        left.close()
    rows = [
        [name, *(f"{one.wall:.2f} ({one.cpu:.1f})" for one in (mid, end))]
        for (name, mid), (_, end) in zip(middle, last, strict=True)
    ]
    sums = [
        f"{sum(one.wall for _, one in each):.1f} ({sum(one.cpu for _, one in each):.1f})" for each in (middle, last)
    ]
    return [*rows, [f"all (goal {GOAL_S:g} s)", *sums]]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=18)
    parser.add_argument("--size", default="1920x1080", help='of the clips, or "mixed" (default 1920x1080)')
    parser.add_argument("--watermark", action="store_true")
    parser.add_argument("--bare", action="store_true", help="no music")
    parser.add_argument("--kept", type=Path, help="clips and sounds are made here, and taken from here again")
    given = parser.parse_args(argv)
    sizes = film_values.SIZES if given.size == "mixed" else (given.size,)
    asked = Asked(max(3, given.clips), sizes=sizes, watermark=given.watermark, bare=given.bare, held=True)
    with tempfile.TemporaryDirectory(prefix="videod-approval-") as name:
        folder = Path(name)
        material = given.kept or folder
        material.mkdir(parents=True, exist_ok=True)
        if not (material / "made").exists():
            film_values.material(material, replace(asked, watermark=True))
            (material / "made").touch()
        rows = measure(folder, material, asked)
    print(f"{machine()}\n")
    print(table(["seconds from an approval at once (CPU)", "an effect in the middle", "the last effect"], rows))


if __name__ == "__main__":
    main()
