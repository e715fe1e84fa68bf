"""Makes one ambience with ElevenLabs and brings it to the loudness of a background."""

import argparse
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import answers, audio, elevenlabs, script_runtime, sound_order
from scripts.lib.failures import Failure, Kind
from scripts.lib.script_runtime import Reporter

MODEL = "eleven_text_to_sound_v2"
ORDERED_FORMAT = "mp3_44100_128"
SHORTEST_S, LONGEST_S = 0.5, 30.0


@dataclass(frozen=True)
class Wish:
    """`target_lufs` is None when the sound is to stay as loud as it came."""

    text: str
    output: Path
    seconds: float
    influence: float
    model: str
    target_lufs: float | None
    buy_again: bool


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_sound_effects.py",
        "Make an ambient sound with ElevenLabs (about 0.12 USD). Needs ELEVENLABS_API_KEY in the environment.",
        "python scripts/generate_sound_effects.py --output sfx_07.mp3 \\\n"
        '    --text "Continuous river ambience with wind in firs, subtle nature documentary sound effect"',
    )
    made.add_argument("--text", required=True, help="what is heard: the continuous bed first, actions on top")
    made.add_argument("--output", required=True, type=Path, help="the file to write")
    made.add_argument("--duration", type=float, default=10.0, metavar="SECONDS", help="0.5 to 30, default 10")
    made.add_argument("--prompt-influence", type=float, default=0.3, metavar="0..1", help="default 0.3")
    made.add_argument("--format", choices=("mp3", "wav"), help="default: by the output's ending")
    made.add_argument("--no-normalize", action="store_true", help="leave the loudness as it comes")
    made.add_argument("--target-volume", type=float, default=-30.0, metavar="LUFS", help="default -30")
    made.add_argument("--model", default=MODEL, help=f"default {MODEL}")
    made.add_argument(
        "--buy-again", action="store_true", help="order even if an earlier request may have been paid for"
    )
    return made


def read_wish(arguments: argparse.Namespace) -> Wish:
    """The request of the command line. Raises Failure(usage or input)."""
    audio.encoder_for(arguments.output)
    if arguments.format is not None and arguments.output.suffix.lower() != f".{arguments.format}":
        raise Failure(Kind.USAGE, f"--format {arguments.format} and --output {arguments.output.name} do not agree")
    if not SHORTEST_S <= arguments.duration <= LONGEST_S:
        raise Failure(Kind.USAGE, f"--duration lies between {SHORTEST_S:g} and {LONGEST_S:g} seconds")
    if not 0 <= arguments.prompt_influence <= 1:
        raise Failure(Kind.USAGE, "--prompt-influence lies between 0 and 1")
    if not -60 <= arguments.target_volume <= -5:
        raise Failure(Kind.USAGE, "--target-volume lies between -60 and -5 LUFS")
    elevenlabs.check_text(arguments.text, arguments.model)
    return Wish(
        text=arguments.text.strip(), output=arguments.output, seconds=arguments.duration,
        influence=arguments.prompt_influence, model=arguments.model,
        target_lufs=None if arguments.no_normalize else arguments.target_volume, buy_again=arguments.buy_again,
    )  # fmt: skip


def finisher(target_lufs: float | None) -> Callable[[Path, Path], None]:
    """What turns the raw sound into the output: another loudness, another kind of file, or nothing."""

    def finish(raw: Path, part: Path) -> None:
        if target_lufs is not None:
            audio.to_loudness(raw, part, target_lufs)
        elif raw.suffix == part.suffix.lower():
            shutil.copyfile(raw, part)
        else:
            audio.convert(raw, part)

    return finish


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    wish = read_wish(arguments)
    request: dict[str, answers.Json] = {
        "text": wish.text, "duration_seconds": wish.seconds, "prompt_influence": wish.influence,
        "model_id": wish.model,
    }  # fmt: skip
    wanted = sound_order.Wanted(
        output=wish.output, model=wish.model, prompt=wish.text,
        settings={**request, "target_lufs": wish.target_lufs, "kind": wish.output.suffix.lower()},
        raw_suffix=".mp3", kind="sound_effect", quantity=1, unit="effect", usd=elevenlabs.EFFECT_USD,
        shortest_s=sound_order.SHORTEST_SHARE * wish.seconds,
        ask=lambda: elevenlabs.sound(request, ORDERED_FORMAT), finish=finisher(wish.target_lufs),
        buy_again=wish.buy_again,
    )  # fmt: skip
    sound_order.make(wanted, reporter)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
