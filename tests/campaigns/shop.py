"""The simulated services and every script run by hand against them, for the campaigns of single scripts."""

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.lib import google_oauth
from tests.campaigns.frame import ROOT
from tests.scripts import media
from tests.scripts.conftest import png
from tests.scripts.stand_ins import standing
from videod.sandbox import catbox, elevenlabs, gemini, google, kie, youtube
from videod.sandbox.elevenlabs.catalogue import NARRATORS
from videod.sandbox.kernel import Context

BUILDERS = {
    "gemini": gemini.build, "kie": kie.build, "kie_upload": kie.build_upload, "elevenlabs": elevenlabs.build,
    "youtube": youtube.build, "google": google.build, "catbox": catbox.build,
}  # fmt: skip
PAID = ("image", "clip", "narration", "effect", "plan")
LOCAL = ("composite", "split_screen", "joined", "cut", "assemble")
DOUBT = "in_doubt"


@dataclass(frozen=True)
class Order:
    """One run of a script: its command line and where its output will stand."""

    argv: tuple[str, ...]
    output: Path


class Shop:
    """`order(kind, number)` is a request that was never made before, in a folder of its own."""

    def __init__(self, folder: Path, context: Context) -> None:
        self.folder = folder
        self.context = context
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a killed script hangs up in mid-sentence
        self.env = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        self._seed = folder / "seed.png"
        self._seed.write_bytes(png(640, 360, "teal"))
        self._film = media.clip(folder / "film.mp4", 2.0, size="320x180")
        self._token = folder / "wild.token"
        google_oauth.keep(self._token, "wild", "sandbox-refresh-wild", google_oauth.SCOPES)

    def order(self, kind: str, number: int) -> Order:
        folder = self.folder / f"{kind}-{number}"
        folder.mkdir(exist_ok=True)
        script, words, name = getattr(self, f"_{kind}")(folder, number)
        output = folder / name
        argv = (sys.executable, str(ROOT / "scripts" / script), *map(str, words), "--output", str(output), "--events")
        return Order(argv, output)

    def counts(self) -> Counter[str]:
        """Request -> how often it was bought."""
        return Counter(f"{charge.service} {charge.kind} {charge.key}" for charge in self.context.account.charges())

    # ------------------------------------------------------------------------------------------ what can be ordered

    def _image(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        return "generate_asset.py", ["--prompt", f"A brown bear, picture {number}"], "bear.png"

    def _clip(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        words = ["--image", self._seed, "--prompt", f"The bear lifts its head {number} times.", "--duration", 5]
        return "generate_video.py", [*words, "--poll", 0.15], "clip.mp4"

    def _narration(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        text = f"The old bear waits for hour number {number} where the river narrows."
        return "generate_audio.py", ["--text", text, "--voice", next(iter(NARRATORS))], "voice.mp3"

    def _effect(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        text = f"Continuous river ambience number {number} with wind in firs"
        return "generate_sound_effects.py", ["--text", text, "--duration", 4], "river.mp3"

    def _plan(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        words = [
            "--title",
            f"The River's Edge {number}",
            "--topic",
            "brown bears and salmon",
            "--direction",
            "an old bear",
        ]
        return (
            "generate_plan.py",
            [*words, "--facts", "none", "--channel-name", "Wild", "--clips", 2, "--images", 4],
            "plan.json",
        )

    def _upload(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        film = folder / "film.mp4"
        film.write_bytes(self._film.read_bytes() + f"{number:016}".encode() * 20_000)
        words = ["--video", film, "--title", f"Bears {number}", "--privacy", "unlisted", "--not-made-for-kids"]
        more = ["--marker", f"videod:film_{number}", "--chunk-mib", 0.25, "--token-file", self._token]
        return "upload_video.py", [*words, *more], "result.json"

    def _composite(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        return "create_composite.py", ["--image", self._seed], "composite.png"

    def _split_screen(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        other = self.folder / "other.png"
        other.write_bytes(png(640, 360, "olive"))
        return "create_split_screen.py", ["--left", self._seed, "--right", other], "split.png"

    def _joined(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        return "generate_asset.py", ["--split-vertical", self._seed, self._seed], "joined.png"

    def _cut(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        video = media.clip(folder / "clip.mp4", 3.0)
        voice, rain = media.speech(folder / "voice.mp3", 1.6), media.sound(folder / "rain.mp3", "anoisesrc=duration=4")
        return "cut_clip.py", ["--video", video, "--audio", voice, "--sfx", rain], "cut.mov"

    def _assemble(self, folder: Path, number: int) -> tuple[str, list[object], str]:
        clips = []
        for each, hue in enumerate((0, 120), start=1):
            video = media.clip(folder / f"clip_{each}.mp4", 2.2, hue=hue)
            clips.append({
                "clip_number": each, "video": str(video), "audio": str(media.speech(folder / f"voice_{each}.mp3", 1.4)),
                "sfx": str(media.sound(folder / f"rain_{each}.mp3", "anoisesrc=duration=3")),
            })  # fmt: skip
        return "assemble_video.py", ["--manifest", media.manifest(folder / "manifest.json", clips)], "film.mp4"


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch, standing(BUILDERS, folder / "sandbox", patch) as context:
        yield Shop(folder, context)
