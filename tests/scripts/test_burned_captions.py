"""Captions drawn into a cut, where a channel wants them: in their frames, and in no others."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from scripts import cut_clip
from scripts.lib import caption_pictures
from scripts.lib.film import ffmpeg
from scripts.lib.film.caption_rules import Cue
from tests.scripts.conftest import Run


def test_captions_are_drawn_in_the_middle_above_the_lower_edge(tmp_path: Path) -> None:
    cues = [Cue(124, 160, ("The old bear waits", "where the river narrows."), 124), Cue(162, 190, ("It rains.",), 162)]
    made = caption_pictures.overlays(cues, 100, tmp_path)
    assert made is not None and [(one.first, one.end, one.what) for one in made] == [
        (24, 60, "captions"), (62, 90, "captions"),
    ]  # fmt: skip
    for one in made:
        with Image.open(one.path) as picture:
            assert abs(one.left + picture.width / 2 - 960) <= 2 and one.top + picture.height == pytest.approx(
                996, abs=2
            )
            assert picture.getbbox() is not None


@pytest.mark.long
def test_a_cut_shows_its_captions_while_somebody_speaks(tmp_path: Path, run: Run) -> None:
    video, voice = tmp_path / "v.mp4", tmp_path / "n.wav"
    make = ["-v", "error", "-y", "-f", "lavfi", "-i"]
    ffmpeg.run([*make, "color=c=gray:s=1920x1080:r=24:d=6", "-pix_fmt", "yuv420p", str(video)], "clip")
    ffmpeg.run([*make, "sine=f=300:r=48000:d=3", "-af", "adelay=400,apad=pad_dur=0.5", str(voice)], "voice")
    out = tmp_path / "cut.mov"
    words = ("--video", video, "--audio", voice, "--output", out, "--burn-captions", "The old bear waits here.")
    ran = run(cut_clip.main, *words)
    assert ran.code == 0 and ran.result["encoded_because"] == "captions drawn", ran.stderr

    def shown(second: float) -> tuple[int, int, int, int] | None:
        still = tmp_path / "still.png"
        ffmpeg.run(["-v", "error", "-y", "-ss", str(second), "-i", str(out), "-frames:v", "1", str(still)], "still")
        with Image.open(still) as picture:
            grey = picture.convert("L")
            return ImageChops.difference(grey, Image.new("L", grey.size, grey.getpixel((10, 10)))).point(
                lambda value: 255 if value > 40 else 0
            ).getbbox()  # fmt: skip

    lead_s = ran.result["lead_s"]
    assert shown(max(0.0, lead_s - 0.3)) is None
    box = shown(lead_s + 1.0)
    assert box is not None and box[1] > 850 and abs((box[0] + box[2]) / 2 - 960) < 8
