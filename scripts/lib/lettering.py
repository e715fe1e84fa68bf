"""Words drawn into pictures: a font of the host that has their letters, and lines that fit. Imports Pillow.

Pillow brings one font, for English; other letters need one that is installed on the host, such as DejaVu or Noto.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
#: beginnings of file names, the best first: bold, without serifs, made for reading
WANTED = ("NotoSans-Bold", "Inter-Bold", "Roboto-Bold", "OpenSans-Bold", "DejaVuSans-Bold", "LiberationSans-Bold",
          "FreeSansBold", "NotoSansCJK-Bold", "NotoSansCJKjp-Bold", "NotoSansJP-Bold", "ipaexg", "ipag", "TakaoGothic",
          "VL-Gothic", "wqy-zenhei", "wqy-microhei", "NanumGothicBold", "NotoSans")  # fmt: skip
#: no character of any script: what a font draws for it, it draws for all that it lacks
_MISSING = "\U0010fffe"
FILES_MAX = 5000


@dataclass(frozen=True)
class Face:
    """A font: a file of the host, or Pillow's own where `path` is None."""

    path: Path | None

    def sized(self, pixels: int) -> Font:
        return ImageFont.load_default(pixels) if self.path is None else ImageFont.truetype(str(self.path), pixels)


def face_for(text: str) -> Face | None:
    """A font with all letters of `text`; None: there is none on this host."""
    found = next((path for path in _installed() if _has(path, text)), None)
    own = found is None and _draws(ImageFont.load_default(40), text)
    return Face(found) if found is not None or own else None


@lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    found: list[Path] = []
    for folder in FOLDERS:
        for number, path in enumerate(Path(folder).rglob("*")):
            if number >= FILES_MAX:
                break
            if path.suffix.lower() in (".ttf", ".otf", ".ttc") and path.name.startswith(WANTED):
                found.append(path)
    rank = {name: place for place, name in enumerate(WANTED)}
    return tuple(
        sorted(found, key=lambda path: (next(rank[one] for one in WANTED if path.name.startswith(one)), path.name))
    )


def _has(path: Path, text: str) -> bool:
    try:
        return _draws(ImageFont.truetype(str(path), 40), text)
    except OSError:
        return False


def _draws(font: Font, text: str) -> bool:
    missing = bytes(font.getmask(_MISSING))
    return all(bytes(font.getmask(letter)) != missing for letter in set(text) if not letter.isspace())


def wrapped(words: Sequence[str], font: Font, width: float, blank: str = " ") -> list[str] | None:
    """The words in lines no wider than `width` pixels, as even as they can be; None where a word is wider."""
    lines = _filled(words, font, width, blank)
    if lines is None:
        return None
    narrow, wide = width / 3, width
    while wide - narrow > 4:  # the narrowest block with as few lines
        middle = (narrow + wide) / 2
        tried = _filled(words, font, middle, blank)
        narrow, wide = (middle, wide) if tried is None or len(tried) > len(lines) else (narrow, middle)
    return _filled(words, font, wide, blank)


def _filled(words: Sequence[str], font: Font, width: float, blank: str) -> list[str] | None:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{blank}{word}" if lines else word
        if font.getlength(word) > width:
            return None
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shorter(title: str) -> Iterator[str]:
    """The title, then ever shorter ones: its first part, then ever fewer of its words."""
    yield title
    for mark in (" | ", ": ", " – ", " — ", " - ", "? ", "! ", ". ", "：", "。", "、"):
        if mark in title:
            yield title.split(mark, 1)[0] + ("?" if mark.startswith("?") else "")
    words = title.split()
    for count in range(len(words) - 1, 1, -1):
        yield " ".join(words[:count]) + " …"
    for count in range(len(title) - 1, 3, -4):
        yield title[:count] + "…"
