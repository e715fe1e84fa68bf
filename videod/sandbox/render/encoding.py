"""From WAV to the formats ElevenLabs offers, through FFmpeg at a low priority."""

import asyncio
import os
import shutil
from dataclasses import dataclass

#: FFmpeg arguments of each codec family; the numbers come from the name (`mp3_44100_128`: 44100 Hz, 128 kbit/s).
FAMILIES = {
    "mp3": ("-c:a", "libmp3lame", "-f", "mp3"),
    "pcm": ("-c:a", "pcm_s16le", "-f", "s16le"),
    "wav": ("-c:a", "pcm_s16le", "-f", "wav"),
    "opus": ("-c:a", "libopus", "-f", "opus"),
    "ulaw": ("-c:a", "pcm_mulaw", "-f", "mulaw"),
    "alaw": ("-c:a", "pcm_alaw", "-f", "alaw"),
}
CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "opus": "audio/opus",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}
#: The names the vendor lists (services: mp3 and pcm rates, wav, opus, telephony).
FORMATS = frozenset(
    ["mp3_22050_32", "mp3_24000_48", "ulaw_8000", "alaw_8000"]
    + [f"mp3_44100_{kbit}" for kbit in (32, 64, 96, 128, 192)]
    + [f"{family}_{hertz}" for family in ("pcm", "wav") for hertz in (8000, 16000, 22050, 24000, 32000, 44100, 48000)]
    + [f"opus_48000_{kbit}" for kbit in (32, 64, 96, 128, 192)]
)


class EncodingError(Exception):
    """FFmpeg refused; the text ends with its own last words."""


@dataclass(frozen=True)
class AudioFormat:
    family: str
    hertz: int
    kbit: int | None

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.family]


def audio_format(name: str) -> AudioFormat | None:
    """The format of a name such as `mp3_44100_128`, or None when the vendor does not know it."""
    if name not in FORMATS:
        return None
    family, hertz, *kbit = name.split("_")
    return AudioFormat(family, int(hertz), int(kbit[0]) if kbit else None)


def ffmpeg() -> str:
    """The FFmpeg to use: VIDEOD_FFMPEG, else the one on PATH, else the one of imageio-ffmpeg."""
    named = os.environ.get("VIDEOD_FFMPEG") or shutil.which("ffmpeg")
    if named:
        return named
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


async def encode(wav: bytes, wanted: AudioFormat) -> bytes:
    """`wav` in another format; channels stay as they are. Raises EncodingError."""
    rate = ("-b:a", f"{wanted.kbit}k") if wanted.kbit else ()
    polite = ("nice", "-n", "10") if shutil.which("nice") else ()
    child = await asyncio.create_subprocess_exec(
        *polite, ffmpeg(), "-v", "error", "-f", "wav", "-i", "pipe:0", "-map_metadata", "-1",
        "-ar", str(wanted.hertz), *rate, *FAMILIES[wanted.family], "pipe:1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, complaint = await child.communicate(wav)
    if child.returncode != 0 or not out:
        raise EncodingError(f"FFmpeg ended with {child.returncode}: {complaint.decode(errors='replace')[-300:]}")
    return out
