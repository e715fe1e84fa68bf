"""Speaks one narration with ElevenLabs and proves that it can be heard."""

import argparse
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import answers, atomic, elevenlabs, script_runtime, sound_order, spoken_times, voice_marks
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import spoken
from scripts.lib.script_runtime import Reporter

MODEL = "eleven_multilingual_v2"
#: A clip lasts 10 s; a narration aims at 8 and should stay under 9.
LONG_S = 9.0
CLIP_S = 10.0
#: Narrators speak about 15 characters a second; a sound that would need more than this was cut off.
FASTEST_CHARACTERS_PER_S = 20.0


@dataclass(frozen=True)
class Wish:
    text: str
    output: Path
    voice: str
    model: str
    stability: float
    similarity: float
    style: float
    speaker_boost: bool
    output_format: str
    seed: int | None
    buy_again: bool
    language: str | None = None
    previous: str = ""
    following: str = ""


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_audio.py",
        "Speak a text with ElevenLabs (about 0.08 USD per 1,000 characters).\n"
        "<output>.times.json says when each character is spoken. Needs ELEVENLABS_API_KEY in the environment.",
        "python scripts/generate_audio.py --voice JBFqnCBsd6RMkjVDRZzb --output clip_07.mp3 \\\n"
        '    --text "The old bear waits where the river narrows."',
    )
    made.add_argument("--text", required=True, help="what is said")
    made.add_argument("--output", required=True, type=Path, help="the file to write, .mp3 (.wav with a wav format)")
    made.add_argument("--voice", required=True, metavar="ID", help="the voice's id at ElevenLabs")
    made.add_argument("--model", default=MODEL, help=f"default {MODEL}")
    made.add_argument("--stability", type=_share, default=0.40, metavar="0..1", help="default 0.40")
    made.add_argument("--similarity", type=_share, default=0.75, metavar="0..1", help="default 0.75")
    made.add_argument("--style", type=_share, default=0.12, metavar="0..1", help="default 0.12")
    made.add_argument("--no-speaker-boost", action="store_true", help="speaker boost is on by default")
    made.add_argument(
        "--format", default="mp3_44100_128", metavar="FORMAT", help="mp3_* or wav_*, default mp3_44100_128"
    )
    made.add_argument(
        "--language", metavar="CODE", help="language of the text, such as de (sent if the model takes it)"
    )
    made.add_argument("--previous", default="", help="the text before this one (sent if the model takes it)")
    made.add_argument("--next", default="", help="the text after this one (sent if the model takes it)")
    made.add_argument("--seed", type=int, help="0 to 4294967295: the same seed makes a similar reading")
    made.add_argument(
        "--buy-again", action="store_true", help="order even if an earlier request may have been paid for"
    )
    return made


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} must be between 0 and 1")
    return value


def read_wish(arguments: argparse.Namespace) -> Wish:
    """The request of the command line. Raises Failure(usage or input)."""
    kind, _, _ = arguments.format.partition("_")
    if kind not in {"mp3", "wav"}:
        raise Failure(Kind.USAGE, f"--format is one of mp3_* and wav_*, not {arguments.format!r}")
    if arguments.output.suffix.lower() != f".{kind}":
        raise Failure(Kind.USAGE, f"--output ends .{kind} for {arguments.format}, not {arguments.output.suffix!r}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", arguments.voice):
        raise Failure(Kind.INPUT, f"{arguments.voice!r} is not a voice ID")
    if arguments.seed is not None and not 0 <= arguments.seed <= 4_294_967_295:
        raise Failure(Kind.USAGE, "--seed must be between 0 and 4294967295")
    elevenlabs.check_text(arguments.text, arguments.model)
    if not voice_marks.spoken(arguments.text):
        raise Failure(Kind.INPUT, "the text contains only marks for the voice and no words")
    return Wish(
        text=arguments.text.strip(), output=arguments.output, voice=arguments.voice, model=arguments.model,
        stability=arguments.stability, similarity=arguments.similarity, style=arguments.style,
        speaker_boost=not arguments.no_speaker_boost, output_format=arguments.format, seed=arguments.seed,
        buy_again=arguments.buy_again, language=arguments.language,
        previous=arguments.previous.strip(), following=arguments.next.strip(),
    )  # fmt: skip


def body(wish: Wish) -> dict[str, answers.Json]:
    """The request as ElevenLabs takes it."""
    made: dict[str, answers.Json] = {
        "text": wish.text,
        "model_id": wish.model,
        "voice_settings": {
            "stability": wish.stability,
            "similarity_boost": wish.similarity,
            "style": wish.style,
            "use_speaker_boost": wish.speaker_boost,
        },
    }
    if wish.seed is not None:
        made["seed"] = wish.seed
    if wish.language is not None and wish.model in elevenlabs.TOLD_LANGUAGE:
        made["language_code"] = wish.language.partition("-")[0]
    return made


def neighbors(wish: Wish) -> dict[str, answers.Json]:
    """What is said before and after, for the voice to go by. Sent with the request, and no part of the order."""
    said = {"previous_text": wish.previous, "next_text": wish.following}
    return {name: text for name, text in said.items() if text and wish.model in elevenlabs.TOLD_NEIGHBORS}


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    wish = read_wish(arguments)
    request = body(wish)
    wanted = sound_order.Wanted(
        output=wish.output, model=wish.model, prompt=wish.text,
        settings={**request, "voice": wish.voice, "format": wish.output_format},
        raw_suffix=wish.output.suffix, kind="narration", quantity=len(wish.text), unit="character",
        usd=elevenlabs.speech_usd(wish.model, wish.text),
        shortest_s=len(voice_marks.spoken(wish.text)) / FASTEST_CHARACTERS_PER_S,
        ask=lambda: elevenlabs.speak(wish.voice, {**request, **neighbors(wish)}, wish.output_format),
        finish=_copy, buy_again=wish.buy_again,
        aside=lambda answer, raw: _keep_times(wish, answer, raw),
        told={"voice": wish.voice, "language": wish.language or "en"},
    )  # fmt: skip
    heard = sound_order.make(wanted, reporter)
    if heard.duration_s > CLIP_S:
        script_runtime.warn(
            f"the narration lasts {heard.duration_s:.1f} s, longer than its {CLIP_S:.0f} s clip: shorten the text"
        )
    elif heard.duration_s > LONG_S:
        script_runtime.warn(
            f"the narration lasts {heard.duration_s:.1f} s, close to the end of its {CLIP_S:.0f} s clip"
        )


def _keep_times(wish: Wish, answer: elevenlabs.Audio, raw: Path) -> None:
    """Keep beside the narration when its characters are spoken; captions do without where nobody said it."""
    times = spoken_times.of_alignment(answer.alignment, wish.text)
    if times is None:
        script_runtime.warn("ElevenLabs did not say when the words are spoken. Captions take it from the sound")
        atomic.remove(spoken.place(wish.output))
    else:
        spoken.keep(wish.output, times, atomic.fingerprint(raw)[1])


def _copy(raw: Path, part: Path) -> None:
    shutil.copyfile(raw, part)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
