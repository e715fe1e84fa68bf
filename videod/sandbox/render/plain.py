"""Cheap media for `--plain`: right in every measure, nothing to look at. For tests, and for rehearsals with many films.

Pictures are two areas of colour, clips are paused, a voice hums. The same request always gives the same file, another
request another colour or tone. Painting and filming cost some 15 times as much processor time.
"""

import asyncio
import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from videod.sandbox.render.clips import FPS, RenderError
from videod.sandbox.render.shapes import Colour
from videod.sandbox.render.soundscape import RATE, Stereo
from videod.sandbox.render.speech import Spoken, Word, as_wav

#: quick for speech, yet below the 20 characters a second that scripts/generate_audio.py believes
CHARACTERS_PER_S = 18.0
SHORTEST_S = 1.0
LEVEL = 0.2


def _digest(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()


def picture(prompt: str, size: tuple[int, int], ground: Colour | None) -> Image.Image:
    """A dark figure before `ground`, or before a colour of the prompt's own where that is None; an RGB picture."""
    first, second, third, *_ = _digest(prompt)
    # a figure that is cut out has no hue: it could be that of its ground
    dark = (first // 4, second // 4, third // 4) if ground is None else (16 + first // 6,) * 3
    shift = 0.0 if ground is None else 0.1 * (second / 255 - 0.5)
    ground = ground or (120 + first // 4, 120 + second // 4, 120 + third // 4)
    made = Image.new("RGB", size, ground)
    width, height = size
    box = (width * (0.3 + shift), height * 0.25, width * (0.7 + shift), height * 0.85)
    ImageDraw.Draw(made).ellipse(box, fill=dark)
    return made


def voice(text: str, speed: float) -> Spoken:
    """A hum as long as a quick reading of `text`, with a short rest after each word."""
    length_s = max(SHORTEST_S, len(text) / CHARACTERS_PER_S / speed)
    at = np.arange(round(length_s * RATE)) / RATE
    pitch = 110 + _digest(text)[0] / 4
    starts = [(match.start(), len(match[0])) for match in re.finditer(r"\S+", text)]
    share = length_s / max(1, len(starts))
    sound = np.asarray(LEVEL * ((at % share) < 0.7 * share) * np.sin(2 * np.pi * pitch * at))
    words = tuple(Word(place, length, round(number * share * 1000)) for number, (place, length) in enumerate(starts))
    return Spoken(as_wav(sound, RATE), words, round(length_s * 1000))


def ambience(prompt: str, seconds: float) -> Stereo:
    """One even tone of `seconds`: shape (2, samples) at 44.1 kHz."""
    at = np.arange(max(64, round(seconds * RATE))) / RATE
    tone = 0.5 * LEVEL * np.sin(2 * np.pi * (200 + _digest(prompt)[0]) * at)
    return np.asarray(np.stack([tone, tone]))


async def clip(image: Path, output: Path, seconds: int, size: tuple[int, int], ffmpeg: str) -> None:
    """Write a still clip of exactly `seconds` * 24 frames to `output`: one second, encoded once and then repeated.

    Its codec parameters are those of `clips.command`. Raises RenderError.
    """
    second = output.with_name(output.name + ".second")
    part = output.with_name(output.name + ".part")
    width, height = size
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    say = [*polite, ffmpeg, "-nostdin", "-v", "error", "-y"]
    exact = ["-video_track_timescale", "12288", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "mp4"]
    fill = f"scale={size[0]}:{size[1]}:force_original_aspect_ratio=increase:flags=neighbor"
    picture = f"{fill}:out_color_matrix=bt709:out_range=tv,crop={width}:{height},format=yuv420p"
    try:
        await _run([
            *say, "-filter_threads", "1", "-i", str(image),
            "-vf", f"{picture},loop=loop={FPS - 1}:size=1:start=0,setpts=N/{FPS}/TB",
            "-frames:v", str(FPS), "-r", str(FPS), "-an",
            "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "high", "-crf", "30", "-threads", "1",
            "-g", str(FPS), "-bf", "0", "-x264-params", "cabac=1:8x8dct=1:open-gop=0",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            *exact, str(second),
        ])  # fmt: skip
        again = ["-stream_loop", str(seconds - 1), "-i", str(second), "-c", "copy", "-movflags", "+faststart"]
        await _run([*say, *again, *exact, str(part)])
        part.replace(output)
    finally:
        second.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


async def _run(argv: list[str]) -> None:
    child = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise RenderError(said.decode(errors="replace")[-400:].strip() or f"ffmpeg ended with {child.returncode}")
