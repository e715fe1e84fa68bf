"""Make a thumbnail: a picture or a frame of a clip, with the title where it can be read, in the size of a phone too."""

import argparse
import io
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps, ImageStat

from scripts.lib import atomic, lettering, pictures, script_runtime, title_place
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg
from scripts.lib.workroom import workroom

SIZE, SMALL = (1280, 720), (168, 94)
#: what YouTube took of a thumbnail until 2026-09, and older accounts may still be held to; bytes
BYTES_MAX = 2 << 20
#: letters in pixels: so large at first, so large at least; the smallest are 6 pixels tall where the picture is 168 wide
LETTERS = {"large": (150, 78, 4), "small": (96, 64, 4)}
#: pixels from the edge; so much of the width a title may take, in one line, in a column beside the figure
EDGE, SHARES = 56, (0.6, 0.9, 0.42, 0.3)
#: what letters of a third smaller cost, as `title_place` counts
SMALLER = 40.0
#: of letters, the height of a line; so much of the height a title takes
LINE, TALL = 1.16, 0.62
#: as WCAG counts it, of white letters and what lies behind them; in the small picture, whose letters are blurred
CONTRAST, CONTRAST_SMALL = 4.5, 3.0
#: YouTube writes the length into the lower right corner
PLACES = ("left-top", "left-bottom", "right-top", "left-middle", "right-middle", "center-top")
VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm")


@dataclass(frozen=True)
class Block:
    """A title laid out: its lines, font, and the box that they fill."""

    lines: tuple[str, ...]
    font: lettering.Font
    pixels: int
    box: tuple[int, int, int, int]


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_runtime.Arguments(
        "make_thumbnail.py",
        "Write a thumbnail of 1280x720 below 2 MB: the picture, and the title where it hides least of the animal,"
        " darkened until it can be read at full size and at 168 pixels.",
        'python scripts/make_thumbnail.py --picture clip_04.png --title "The Last Salmon" --output thumbnail_1.jpg',
    )
    parser.add_argument("--picture", type=Path, required=True, help="a picture, or a clip to take a frame from")
    parser.add_argument("--at", type=float, default=0.4, help="where in a clip, 0 to 1 of its length (default 0.4)")
    parser.add_argument("--title", default="", help="text to draw (default: the picture alone)")
    parser.add_argument("--letters", choices=sorted(LETTERS), default="large", help="size of the title (default large)")
    parser.add_argument("--figure", default="", help="where a figure stands: left,top,right,bottom, shares of 0 to 1")
    parser.add_argument("--output", type=Path, required=True, help="the thumbnail to write, ending in .jpg")
    return script_runtime.run(parser, make, argv)


def make(asked: argparse.Namespace, reporter: script_runtime.Reporter) -> None:
    if asked.output.suffix.lower() not in (".jpg", ".jpeg"):
        raise Failure(Kind.USAGE, f"--output {asked.output}: must end in .jpg")
    if not 0.0 <= asked.at <= 1.0:
        raise Failure(Kind.USAGE, f"--at {asked.at:g}: must be 0 to 1")
    frame = ImageOps.fit(_picture(asked.picture, asked.at, asked.output), SIZE, Image.Resampling.LANCZOS)
    frame = ImageEnhance.Color(ImageOps.autocontrast(frame, cutoff=0.5, preserve_tone=True)).enhance(1.12)
    title = " ".join(asked.title.split())
    blocks = _blocks(title, asked.letters) if title else []
    if title and not blocks:
        script_runtime.warn(
            "no font on this host has the letters of the title: the thumbnail has none. Install one, such as"
            " the package fonts-dejavu-core, or fonts-noto-cjk for Chinese, Japanese and Korean"
        )
    shown, contrast, small = frame, 0.0, 0.0
    if blocks:
        seen, most = title_place.subject(frame, title_place.read(asked.figure)), LETTERS[asked.letters][0]
        block = min(blocks, key=lambda one: _cost(frame, one, seen, most))
        shown, contrast, small = _lettered(frame, block)
    data = _encoded(shown)
    with atomic.replacing(asked.output) as (stream, _):
        stream.write(data)
    reporter.result(
        asked.output, width=SIZE[0], height=SIZE[1], title=" ".join(block.lines) if blocks else "",
        letters_px=block.pixels if blocks else 0, contrast=round(contrast, 1), contrast_small=round(small, 1),
    )  # fmt: skip


def _picture(path: Path, at: float, beside: Path) -> Image.Image:
    if not path.is_file():
        raise Failure(Kind.INPUT, f"--picture {path} is missing")
    if path.suffix.lower() not in VIDEOS:
        return pictures.flattened(pictures.load(path, "--picture"))
    length_s = ffmpeg.probe(path).duration_s or 0.0
    with workroom(beside) as room:
        still = room / "frame.png"
        words = ["-v", "error", "-y", "-ss", f"{max(0.0, length_s * at - 0.05):.3f}", *ffmpeg.given(path)]
        ffmpeg.run([*words, "-map", "0:V:0", "-frames:v", "1", ffmpeg.target(still)], f"taking a frame of {path.name}")
        return pictures.flattened(pictures.load(still, "--picture"))


def _blocks(title: str, letters: str) -> list[Block]:
    """The title in every place and width that it may take, as large as it can be; empty where nothing can draw it."""
    face = lettering.face_for(title + "…")
    if face is None:
        return []
    for text in lettering.shorter(title):
        words, blank = (text.split(), " ") if " " in text else (re.findall(r"\S", text), "")
        found: list[Block] = []
        for share in SHARES:
            found += _of_width(face, words, blank, letters, share)
        if found:
            return found
    return []


def _of_width(face: lettering.Face, words: Sequence[str], blank: str, letters: str, share: float) -> list[Block]:
    """The title in a part of the width, as large as it can be and, with fewer lines, smaller."""
    most, least, lines_max = LETTERS[letters]
    found: list[Block] = []
    fewest = lines_max + 1
    for pixels in range(most, least - 1, -6):
        font = face.sized(pixels)
        lines = lettering.wrapped(words, font, SIZE[0] * share, blank)
        if lines is not None and len(lines) < fewest and LINE * pixels * len(lines) <= TALL * SIZE[1]:
            found += [_placed(lines, font, pixels, place) for place in PLACES]
            fewest = len(lines)
    return found


def _placed(lines: Sequence[str], font: lettering.Font, pixels: int, place: str) -> Block:
    width = int(max(font.getlength(line) for line in lines)) + 1
    height = int(pixels * LINE * len(lines))
    left = {"right": SIZE[0] - EDGE - width, "center": (SIZE[0] - width) // 2}.get(place.partition("-")[0], EDGE)
    top = {"top": EDGE, "bottom": SIZE[1] - EDGE - height}.get(place.rpartition("-")[2], (SIZE[1] - height) // 2)
    return Block(tuple(lines), font, pixels, (left, top, left + width, top + height))


def _cost(frame: Image.Image, block: Block, seen: title_place.Subject, most: int) -> float:
    """How much a title there would hide, how hard it would be to read, and how small it is."""
    grey = frame.crop(block.box).convert("L").resize((160, 80))
    found, edges = ImageStat.Stat(grey), ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES))
    busy = 2.0 * float(edges.mean[0]) + 0.5 * float(found.stddev[0]) + 0.1 * float(found.mean[0])
    return busy + seen.hidden(block.box, SIZE) + SMALLER * 3 * (1 - block.pixels / most)


def _lettered(frame: Image.Image, block: Block) -> tuple[Image.Image, float, float]:
    """The frame with its title, darkened behind it as far as it must be, and the contrasts at both sizes."""
    mask = Image.new("L", SIZE)
    draw = ImageDraw.Draw(mask)
    step = block.pixels * LINE
    for number, line in enumerate(block.lines):
        place = (block.box[0], block.box[1] + number * step)
        draw.text(place, line, fill=255, font=block.font, stroke_width=1, stroke_fill=255)
    edge = Image.new("L", SIZE)
    drawn = ImageDraw.Draw(edge)
    for number, line in enumerate(block.lines):
        place = (block.box[0], block.box[1] + number * step)
        drawn.text(place, line, fill=255, font=block.font, stroke_width=max(3, block.pixels // 22), stroke_fill=255)
    shade = _shade(block.box)
    contrast = small = 0.0
    made = frame
    for strength in (0.35, 0.5, 0.65, 0.8, 0.92):
        dark = Image.composite(
            Image.new("RGB", SIZE, (8, 10, 14)), frame, shade.point(lambda v, s=strength: int(v * s))
        )
        dark = Image.composite(Image.new("RGB", SIZE, (8, 10, 14)), dark, edge.point(lambda v: int(v * 0.75)))
        made = Image.composite(Image.new("RGB", SIZE, (255, 255, 255)), dark, mask)
        contrast, small = _contrast(dark, mask), _contrast_small(made, mask, block.box)
        if contrast >= CONTRAST and small >= CONTRAST_SMALL:
            break
    return made, contrast, small


def _shade(box: tuple[int, int, int, int]) -> Image.Image:
    """A soft dark cloud behind the title."""
    made = Image.new("L", (SIZE[0] // 8, SIZE[1] // 8))
    grown = [value / 8 for value in (box[0] - 70, box[1] - 60, box[2] + 70, box[3] + 60)]
    ImageDraw.Draw(made).rounded_rectangle(grown, radius=8, fill=255)
    return made.filter(ImageFilter.GaussianBlur(7)).resize(SIZE, Image.Resampling.BICUBIC)


def _contrast(behind: Image.Image, mask: Image.Image) -> float:
    """The contrast of white letters with what lies behind them where it is brightest but for a tenth."""
    grey = behind.convert("L").resize((320, 180))
    histogram = grey.histogram(mask.resize((320, 180)).point(lambda v: 255 if v > 40 else 0))
    left = sum(histogram) * 0.1
    bright = 255
    while bright > 0 and left > histogram[bright]:
        left -= histogram[bright]
        bright -= 1
    return 1.05 / (_luminance(bright) + 0.05)


def _contrast_small(made: Image.Image, mask: Image.Image, box: tuple[int, int, int, int]) -> float:
    """The contrast of letters and their ground as they are seen 168 pixels wide."""
    grey = made.convert("L").resize(SMALL, Image.Resampling.LANCZOS)
    letters = mask.resize(SMALL, Image.Resampling.LANCZOS)
    scaled = [round(value * SMALL[0] / SIZE[0]) for value in box]
    window = Image.new("L", SMALL)
    ImageDraw.Draw(window).rectangle(scaled, fill=255)
    inside = letters.point(lambda v: 255 if v > 150 else 0)
    outside = Image.composite(letters.point(lambda v: 255 if v < 40 else 0), Image.new("L", SMALL), window)
    if not sum(inside.histogram()[1:]) or not sum(outside.histogram()[1:]):
        return 0.0
    light, dark = (ImageStat.Stat(grey, one).mean[0] for one in (inside, outside))
    return (_luminance(light) + 0.05) / (_luminance(dark) + 0.05)


def _luminance(value: float) -> float:
    share = value / 255
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)


def _encoded(picture: Image.Image) -> bytes:
    for quality in (92, 85, 75, 60, 40):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() < BYTES_MAX:
            break
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
