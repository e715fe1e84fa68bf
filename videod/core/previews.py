"""What the preview of a file is like that is larger than the board takes: its name, sides and rates. Pure."""

from dataclasses import dataclass

PICTURE, VIDEO, SOUND = "picture", "video", "sound"
_KINDS = {
    ".png": PICTURE, ".jpg": PICTURE, ".jpeg": PICTURE, ".webp": PICTURE,
    ".mp4": VIDEO, ".mov": VIDEO, ".m4v": VIDEO, ".mkv": VIDEO, ".webm": VIDEO, ".avi": VIDEO,
    ".mp3": SOUND, ".wav": SOUND, ".flac": SOUND, ".ogg": SOUND, ".m4a": SOUND, ".aac": SOUND,
}  # fmt: skip
_ENDINGS = {PICTURE: ".jpg", VIDEO: ".mp4", SOUND: ".mp3"}
#: every workspace takes more, even that of a rehearsal, so that smaller files need no question, bytes
EVERY_BOARD = 1 << 16
#: so often it is made smaller where it came out too large, each time by this share
ATTEMPTS, SMALLER = 4, 0.7
#: what containers and headers take besides
_ROOM = 0.93
#: a picture's longest side, pixels, and its quality for FFmpeg (2 is best)
_PICTURES = ((1920, 3), (1600, 5), (1280, 8), (800, 12))
#: those of a poster, which is a few centimetres wide
_POSTERS = ((640, 4), (560, 7), (480, 10), (400, 14))
#: kbit/s of sound: the best and the least; of a video's pictures
_SOUND, _LEAST_SOUND, _PICTURES_MOST, _PICTURES_LEAST = 128, 24, 2_500, 40
#: from so many kbit/s on a video has so many lines
_HEIGHTS = ((1_200, 720), (500, 480), (0, 360))


@dataclass(frozen=True)
class Rate:
    """kbit/s of pictures and sound, and the most lines of a picture."""

    picture: int
    sound: int
    height: int


def kind_of(name: str) -> str:
    """What a file of this name holds; "" for what has no preview."""
    stem, _, ending = name.rpartition(".")
    return _KINDS.get(f".{ending}".lower(), "") if stem else ""


def name_of(name: str) -> str:
    """clip_07-preview.mp4 for clip_07.mov."""
    return f"{name.rpartition('.')[0]}-preview{_ENDINGS[kind_of(name)]}"


def picture_side(attempt: int) -> tuple[int, int]:
    """Longest side and quality."""
    return _PICTURES[min(attempt, len(_PICTURES) - 1)]


def poster_side(attempt: int) -> tuple[int, int]:
    """Longest side and quality."""
    return _POSTERS[min(attempt, len(_POSTERS) - 1)]


def video_rate(kind: str, seconds: float, limit: int, attempt: int) -> Rate:
    """The rates at which so many seconds fit into `limit` bytes."""
    whole = limit * _ROOM * SMALLER**attempt * 8 / 1000 / max(seconds, 1.0)
    if kind == SOUND:
        return Rate(0, round(min(max(whole, _LEAST_SOUND), _SOUND)), 0)
    sound = round(min(max(whole * 0.15, _LEAST_SOUND), _SOUND))
    picture = round(min(max(whole - sound, _PICTURES_LEAST), _PICTURES_MOST))
    return Rate(picture, sound, next(height for least, height in _HEIGHTS if picture >= least))
