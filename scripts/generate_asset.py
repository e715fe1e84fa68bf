"""Makes one picture: drawn by Gemini from a prompt, composed by Gemini from two pictures, or joined here from two."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lib import answers, atomic, gemini, receipt, script_runtime
from scripts.lib.failures import AnswerLost, Failure, Kind, secret
from scripts.lib.script_runtime import Reporter

MODEL = "gemini-nano-banana-2.1"
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1")
SIZES = ("1K", "2K", "4K")
GROUNDS = ("green", "blue", "magenta")
#: as `videod/core/failures.py` has it: after the second useless picture a person looks
USELESS = "useless_file"
DEADLINE_S = 140.0  # twice at most, see draw
COMPOSE = (
    "Place the creature of the first picture into the place of the second picture. Keep every feature, colour and"
    " proportion of the creature and of the place exactly as given; match light, shadow, perspective and grain so"
    " that it reads as one photograph."
)


#: a picture's bytes and MIME type
Reference = tuple[bytes, str]


@dataclass(frozen=True)
class Wish:
    """What to draw. `references` go to the service in this order, before the prompt."""

    output: Path
    prompt: str
    references: tuple[Path, ...]
    ratio: str
    size: str
    model: str
    version: str
    buy_again: bool
    ground: str | None = None
    group: bool = False


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_asset.py",
        "Make one picture with Gemini (about 0.03 USD), or join two pictures side by side (free).\n"
        "Needs GEMINI_API_KEY in the environment, unless --split-vertical is used.",
        'python scripts/generate_asset.py --prompt "A brown bear at dawn, mist" --output bear.png\n'
        '  python scripts/generate_asset.py --prompt "It swims" --reference-image bear.png --output bear2.png\n'
        "  python scripts/generate_asset.py --character bear.png --environment river.png --output scene.png\n"
        "  python scripts/generate_asset.py --split-vertical left.png right.png --output split.png",
    )
    made.add_argument("--prompt", default="", help="what to draw, or with --character an extra instruction")
    made.add_argument("--output", required=True, type=Path, help="the picture to write, .png or .jpg")
    made.add_argument("--reference-image", action="append", default=[], type=Path, metavar="PICTURE",
                      help="a reference picture (repeatable)")  # fmt: skip
    made.add_argument("--character", type=Path, metavar="PICTURE", help="compose: the creature, with --environment")
    made.add_argument("--environment", type=Path, metavar="PICTURE", help="compose: the place, with --character")
    made.add_argument("--split-vertical", nargs=2, type=Path, metavar=("LEFT", "RIGHT"), help="join two pictures")
    made.add_argument("--aspect-ratio", default="16:9", choices=RATIOS, help="default 16:9")
    made.add_argument("--image-size", default="1K", choices=SIZES, help="default 1K")
    made.add_argument("--model", default=MODEL, help=f"default {MODEL}")
    made.add_argument("--api-version", default="v1beta", choices=("v1beta", "v1"), help="default v1beta")
    made.add_argument("--ground", choices=GROUNDS, help="the figure is cut out of this background later: check that"
                      " it can be")  # fmt: skip
    made.add_argument("--group", action="store_true", help="with --ground: several animals may stand apart")
    made.add_argument(
        "--buy-again", action="store_true", help="order even if an earlier request may have been paid for"
    )
    return made


def read_wish(arguments: argparse.Namespace) -> Wish:
    """The request of the command line. Raises Failure(usage) for combinations that make no sense."""
    prompt: str = arguments.prompt.strip()
    references: tuple[Path, ...] = tuple(arguments.reference_image)
    if (arguments.character is None) != (arguments.environment is None):
        raise Failure(Kind.USAGE, "--character and --environment belong together")
    if arguments.character is not None:
        if references:
            raise Failure(Kind.USAGE, "--reference-image does not go with --character")
        references = (arguments.character, arguments.environment)
        prompt = f"{COMPOSE} {prompt}".strip()
    if not prompt:
        raise Failure(Kind.USAGE, "--prompt is needed, or --character with --environment, or --split-vertical")
    return Wish(
        output=arguments.output, prompt=prompt, references=references, ratio=arguments.aspect_ratio,
        size=arguments.image_size, model=arguments.model, version=arguments.api_version,
        buy_again=arguments.buy_again, ground=arguments.ground, group=arguments.group,
    )  # fmt: skip


def ask(wish: Wish, references: Sequence[Reference], seed: int) -> gemini.Answer:
    """One paid request for the picture of `wish`."""
    parts = [gemini.picture_part(*reference) for reference in references]
    parts.append(gemini.text_part(wish.prompt))
    config: dict[str, answers.Json] = {
        "responseModalities": ["IMAGE"],
        "imageConfig": {"aspectRatio": wish.ratio, "imageSize": wish.size},
        "seed": seed,
    }
    turn = gemini.turn("user", parts)
    return gemini.generate(wish.model, [turn], config, version=wish.version, deadline_s=DEADLINE_S)


def draw(wish: Wish, references: Sequence[Reference], seed: int, reporter: Reporter) -> tuple[bytes, gemini.Answer]:
    """A picture's bytes. An answer that surely made none gets a second try with another seed, then it is nonsense."""
    for number in (seed, seed + 1):
        answer = ask(wish, references, number)
        if answer.picture is not None:
            return answer.picture, answer
        failure = gemini.without_picture(wish.model, answer)
        if isinstance(failure, AnswerLost):
            raise failure
        usd = gemini.wordy_usd(wish.model, wish.size, answer)
        if usd != 0:
            reporter.charged(gemini.SERVICE, "image", 1, "image", usd, answer.reply.request_id)
        reporter.progress(0.1, f"no picture ({answer.finish or 'no reason'})")
    raise failure


def check_inputs(wish: Wish) -> tuple[list[str], list[Reference]]:
    """The digests of the reference pictures, and what is sent of them. Raises Failure(input) when they cannot be."""
    prints = [atomic.fingerprint(path)[1] for path in wish.references]
    references = _outgoing(wish.references)
    total = sum(len(data) for data, _ in references) * 4 // 3  # base64
    if total > gemini.INLINE_LIMIT:
        raise Failure(Kind.INPUT, f"the reference pictures make {total / 1e6:.0f} MB, one request takes 20 MB")
    return prints, references


def _outgoing(paths: Sequence[Path]) -> list[Reference]:
    if not paths:
        return []
    from scripts.lib import pictures

    return [pictures.outgoing(path) for path in paths]


def put(output: Path, data: bytes) -> tuple[int, int]:
    """Decode the picture as a proof, bring it into the kind that `output` names, write it; its width and height."""
    from scripts.lib import pictures

    # the kind is what the bytes are, whatever the answer calls them
    made, size = pictures.as_file(data, output.suffix, "the picture of the service")
    atomic.write(output, made)
    return size


def look(wish: Wish, data: bytes, answer: gemini.Answer) -> None:
    """Refuse a figure that nothing can be cut out from, before anything is made of it; it stays as `.refused`.

    Raises Failure(nonsense): another picture, drawn with another seed, may be right.
    """
    from scripts.lib import figure_check, pictures

    assert wish.ground is not None
    try:
        found = pictures.load(data, "the picture of the service")
    except Failure:
        return  # `put` says what is wrong with it
    wrong = figure_check.objection(found, wish.ground, wish.group)
    if wrong is not None:
        atomic.write(wish.output.with_name(wish.output.name + ".refused"), data)
        raise answer.reply.failure(Kind.NONSENSE, f"{wish.output.name} {wrong}", code=USELESS)


def buy(wish: Wish, reporter: Reporter) -> None:
    inputs, references = check_inputs(wish)
    settings: dict[str, answers.Json] = {
        "aspect_ratio": wish.ratio,
        "image_size": wish.size,
        "kind": wish.output.suffix,
    }
    fingerprint = receipt.digest(gemini.SERVICE, wish.model, wish.prompt, settings, inputs)
    order = receipt.open_order(wish.output, gemini.SERVICE, fingerprint, buy_again=wish.buy_again)
    if order.state == "received":
        report(wish.output, reporter)
        return
    secret("GEMINI_API_KEY", "Gemini")
    reporter.progress(0.0, f"asking {wish.model} for {wish.output.name}")
    with order.paid():
        # the same seed would draw a picture that was refused once more
        seed = int((receipt.refused_digest(wish.output) or fingerprint)[:7], 16)
        data, answer = draw(wish, references, seed, reporter)
        order.answered()
        usd = gemini.image_usd(wish.model, wish.size, answer)
        reporter.charged(gemini.SERVICE, "image", 1, "image", usd, answer.reply.request_id)
        if wish.ground is not None:
            look(wish, data, answer)
        try:
            put(wish.output, data)
        except Failure as failure:
            raise answer.reply.failure(Kind.NONSENSE, failure.message) from failure
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # this disk's trouble, not the picture's
            raise answer.reply.failure(Kind.NONSENSE, f"the picture cannot be used: {error}") from error
    order.priced(usd)
    order.received()
    report(wish.output, reporter)


def report(output: Path, reporter: Reporter) -> None:
    from scripts.lib import pictures

    width, height = pictures.load(output.read_bytes(), str(output)).size
    reporter.result(output, width=width, height=height)


def join(left: Path, right: Path, output: Path, reporter: Reporter) -> None:
    from scripts.lib import picture, pictures

    both = picture.side_by_side(picture.load(left, "--split-vertical"), picture.load(right, "--split-vertical"), 0)
    atomic.write(output, pictures.encoded(both, output.suffix))
    report(output, reporter)


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    output: Path = arguments.output
    if output.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise Failure(Kind.USAGE, f"--output ends .png or .jpg, not {output.suffix!r}")
    if arguments.split_vertical is None:
        buy(read_wish(arguments), reporter)
    else:
        left, right = arguments.split_vertical
        join(left, right, output, reporter)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
