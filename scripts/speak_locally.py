"""Speaks one narration on this machine with a neural voice, for nothing, and proves that it can be heard."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from scripts.lib import atomic, audio, piper, script_runtime, voice_marks
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg
from scripts.lib.script_runtime import Reporter
from scripts.lib.workroom import workroom

#: of the finished file, as services deliver narrations
LUFS = -18.0


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "speak_locally.py",
        "Speak a text on this machine with Piper, a neural voice, for nothing. It comes with the extra `voice`.\n"
        "The options of generate_audio.py that other voices have are accepted and change nothing.",
        'python scripts/speak_locally.py --output clip_07.mp3 --text "The old bear waits where the river narrows."',
    )
    made.add_argument("--text", required=True, help="what is said, in English")
    made.add_argument("--output", required=True, type=Path, help="the file to write, .mp3 or .wav")
    made.add_argument("--model", default=piper.VOICE, help=f"the voice, default {piper.VOICE}")
    made.add_argument("--language", default="en", metavar="CODE", help="language of the text (the voice speaks en)")
    for name in ("voice", "stability", "similarity", "style", "previous", "next"):
        made.add_argument(f"--{name}", help=argparse.SUPPRESS)
    made.add_argument("--buy-again", action="store_true", help=argparse.SUPPRESS)
    return made


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    text = voice_marks.spoken(arguments.text).strip()
    if not text:
        raise Failure(Kind.INPUT, "there is no word to speak in the text")
    if arguments.language.partition("-")[0] != "en":
        raise Failure(
            Kind.CONFIGURATION, f"the local voice speaks English, not {arguments.language}",
            next_step="choose elevenlabs for the channel's narrations",
        )  # fmt: skip
    audio.encoder_for(arguments.output)
    ffmpeg.ffmpeg_path()
    reporter.progress(0.0, f"speaking with {arguments.model}")
    with workroom(arguments.output) as room:
        said = piper.speak(text, arguments.model, room)
        reporter.progress(0.8, "checking")
        made = room / f"narration{arguments.output.suffix}"
        audio.to_loudness(said, made, LUFS)
        heard = audio.measure(made)
        if heard.objection is not None:
            raise Failure(Kind.INPUT, f"the narration {heard.objection}")
        with atomic.replacing(arguments.output) as (_, part):
            made.replace(part)
    reporter.result(
        arguments.output, duration_s=round(heard.duration_s, 3), lufs=round(heard.lufs, 1),
        peak_dbfs=round(heard.peak_dbfs, 1), voice=arguments.model, language="en",
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
