"""A camera move over a still picture: smooth to parts of a pixel, and in the film's own format."""

from pathlib import Path

import numpy
import pytest
from PIL import Image

from scripts import move_picture
from scripts.lib.film import camera, ffmpeg, picture_format
from tests.scripts.conftest import Run

SIZE = (480, 270)
#: where dots lie in the picture, and how large they are, pixels
DOTS, RADIUS = ((150, 90), (330, 90), (240, 180), (150, 180)), 4.0


def dotted() -> bytes:
    """A picture of soft dots on gray: their places can be told to a hundredth of a pixel."""
    down, across = numpy.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    light = numpy.full((SIZE[1], SIZE[0]), 40.0)
    for x, y in DOTS:
        light += 170 * numpy.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * RADIUS**2))
    gray = light.round().clip(0, 255).astype(numpy.uint8)
    return numpy.repeat(gray[:, :, None], 3, axis=2).tobytes()


def pictures(path: Path) -> numpy.ndarray:
    made = path.with_suffix(".gray")
    ffmpeg.run(["-y", "-i", str(path), "-pix_fmt", "gray", "-f", "rawvideo", str(made)], "reading")
    return numpy.frombuffer(made.read_bytes(), numpy.uint8).reshape(-1, SIZE[1], SIZE[0]).astype(float)


def places(film: numpy.ndarray, near: tuple[float, float]) -> numpy.ndarray:
    """Where the dot that begins near a place is in each picture."""
    found, (x, y) = [], near
    for picture in film:
        left, top = max(0, round(x) - 14), max(0, round(y) - 14)
        part = (picture[top : top + 29, left : left + 29] - 60).clip(0)
        down, across = numpy.mgrid[0 : part.shape[0], 0 : part.shape[1]]
        x, y = left + (across * part).sum() / part.sum(), top + (down * part).sum() / part.sum()
        found.append((x, y))
    return numpy.array(found)


def began(move: camera.Move) -> tuple[float, float]:
    """Where the first dot is when the move begins."""
    near = [
        (place - side / 2) * move.first + side / 2 + way * (move.first - 1) / 2 * side
        for place, side, way in zip(DOTS[0], SIZE, move.way, strict=True)
    ]
    return near[0], near[1]


def trembling(way: numpy.ndarray) -> float:
    """How far places are from the even way that fits them best, pixels (the root of the mean square)."""
    times = numpy.arange(len(way))
    return float((way - numpy.polyval(numpy.polyfit(times, way, 2), times)).std())


@pytest.mark.parametrize(
    ("words", "name", "moved"),
    [
        ("Slow push in.", "push in", (-1, -1)), ("The camera pulls out slowly.", "pull out", (1, 1)),
        ("Slow pan left.", "left", (1, 0)), ("Slow pan right.", "right", (-1, 0)),
        ("Slow tilt up.", "up", (0, 1)), ("Slow tilt down.", "down", (0, -1)), ("Static shot.", "breath", (-1, -1)),
    ],
)  # fmt: skip
def test_a_move_is_smooth_to_parts_of_a_pixel(tmp_path: Path, words: str, name: str, moved: tuple[int, int]) -> None:
    raw, made = tmp_path / "dots.rgb", tmp_path / "film.mp4"
    raw.write_bytes(dotted())
    assert camera.film(raw, made, words, 2, SIZE).name == name
    film = pictures(made)
    assert len(film) == 48
    window = camera.move_of(words)
    found = places(film, began(window))
    for axis in (0, 1):
        way = found[:, axis]
        assert numpy.sign(round(way[-1] - way[0], 1)) == moved[axis]
        # what is left when the even move is taken away is what an eye sees as trembling
        assert trembling(way) < 0.1, (words, axis)
        if moved[axis]:
            assert trembling(way.round()) > 0.2, "which a move by whole pixels does"


def test_a_still_shot_is_copied_into_a_film_like_a_clip(tmp_path: Path, run: Run) -> None:
    Image.new("RGB", (1376, 768), (60, 90, 60)).save(tmp_path / "seed.png")
    ran = run(
        move_picture.main, "--image", tmp_path / "seed.png", "--motion", "Slow push in.", "--duration", 1,
        "--output", tmp_path / "clip.mp4",
    )  # fmt: skip
    assert ran.code == 0
    video = ffmpeg.probe(tmp_path / "clip.mp4").video
    assert video is not None and picture_format.oddity(video, 24) is None
    assert ffmpeg.count_pictures(tmp_path / "clip.mp4", "counting") == 24
    assert (ran.result["width"], ran.result["height"], ran.result["move"]) == (1920, 1080, "push in")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "seed.png"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [(("--duration", 0), "usage"), (("--duration", 61), "usage"), (("--output", "clip.mov"), "usage"), ((), "input")],
)
def test_what_cannot_be_filmed_is_refused(tmp_path: Path, run: Run, more: tuple[object, ...], kind: str) -> None:
    (tmp_path / "seed.png").write_bytes(b"no picture")
    usual = ("--image", tmp_path / "seed.png", "--motion", "Slow push in.", "--output", tmp_path / "clip.mp4")
    assert run(move_picture.main, *usual, *more).failure["kind"] == kind
