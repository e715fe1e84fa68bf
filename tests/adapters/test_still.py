"""The one loader of pictures: what comes out shows the same everywhere, whatever the file's way of saying it."""

import asyncio
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

from scripts import create_composite, create_split_screen, generate_asset
from scripts.lib import picture, pictures
from scripts.lib import still as theirs
from scripts.lib.failures import Failure
from tests.scripts.conftest import Run, run  # noqa: F401 - a fixture
from videod.adapters import still as ours
from videod.adapters.inspector import MediaInspector
from videod.core.step import Expectation
from videod.ports import BadArtefact

CASES = Path(__file__).parents[1] / "cases"
SIZE = (160, 90)


def scene(mode: str = "RGB") -> Image.Image:
    """Four fields of their own color each, so that a turned or recolored picture shows."""
    made = Image.new("RGB", SIZE, (200, 60, 40))
    pen = ImageDraw.Draw(made)
    pen.rectangle((80, 0, 160, 44), fill=(40, 180, 60))
    pen.rectangle((0, 45, 79, 90), fill=(50, 70, 190))
    pen.rectangle((80, 45, 160, 90), fill=(128, 128, 128))
    return made.convert(mode)


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size, levels of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def opened(data: bytes) -> Image.Image:
    return theirs.shown(theirs.decoded(io.BytesIO(data), 10**6))


def saved(made: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.fault("6.5")
def test_scripts_and_check_open_pictures_with_the_same_file() -> None:
    assert Path(theirs.__file__).read_bytes() == Path(ours.__file__).read_bytes()


def deep(made: Image.Image) -> bytes:
    """16 bits of gray, big-endian in the file."""
    wide = made.convert("L").convert("I").point(lambda level: level * 257).convert("I;16")
    return saved(wide)


def wide_gamut() -> bytes:
    """A profile of type RGB whose red and green change places: nobody can miss that it was not followed."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


WAYS: dict[str, Callable[[Image.Image], bytes]] = {
    "rgb": saved,
    "rgba": lambda made: saved(made.convert("RGBA")),
    "palette": lambda made: saved(made.quantize(16)),
    "cmyk": lambda made: saved(made.convert("CMYK"), "JPEG", quality=98, subsampling=0),
    "jpeg": lambda made: saved(made, "JPEG", quality=98, subsampling=0),
    "webp": lambda made: saved(made, "WEBP", lossless=True),
    "animated png": lambda made: saved(
        made, save_all=True, append_images=[ImageChops.invert(made)], duration=100, loop=0
    ),
    "animated webp": lambda made: saved(
        made, "WEBP", save_all=True, append_images=[ImageChops.invert(made)], lossless=True
    ),
    "damaged profile": lambda made: saved(made, icc_profile=b"no profile at all"),
    "profile of another space": lambda made: saved(
        made.convert("CMYK"), "JPEG", quality=98, icc_profile=ImageCms.ImageCmsProfile(
            ImageCms.createProfile("sRGB")
        ).tobytes(),
    ),
    **{
        f"exif {value}": lambda made, value=value: saved(turned(made, value), exif=orientation(value))
        for value in range(1, 9)
    },
    "jpeg exif 6": lambda made: saved(turned(made, 6), "JPEG", quality=98, subsampling=0, exif=orientation(6)),
    "webp exif 8": lambda made: saved(turned(made, 8), "WEBP", lossless=True, exif=orientation(8)),
    "exif cut": lambda made: saved(made, exif=b"Exif\0\0MM\0*"),
    "exif junk": lambda made: saved(made, exif=b"Exif\0junk" * 4),
    "exif of nonsense": lambda made: saved(made, exif=orientation(77)),
    "exif that points outside": lambda made: saved(
        made, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x02\xff\xff\xff\xff\xff\xff\xff\xff"
    ),
}  # fmt: skip


def orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def turned(made: Image.Image, value: int) -> Image.Image:
    """The picture as a camera writes it that says `value` of its orientation."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    return made.transpose(back[value]) if value in back else made


@pytest.mark.fault("6.5")
@pytest.mark.parametrize("way", WAYS)
def test_a_picture_comes_out_the_same_whatever_the_way_it_is_said(way: str, tmp_path: Path) -> None:
    data = WAYS[way](scene())
    made = opened(data)
    assert made.mode in ("RGB", "RGBA") and made.size == SIZE and made.info == {}
    assert apart(made, scene()) < 4.0, way
    (tmp_path / "a.png").write_bytes(data)
    assert checked(tmp_path / "a.png") == {"width": 160, "height": 90}


def checked(path: Path) -> dict[str, object]:
    """The facts of a picture that passes the daemon's check. Raises BadArtefact."""
    inspector = MediaInspector(lambda: "no FFmpeg")
    return dict(asyncio.run(inspector.inspect(path, "image", Expectation(min_bytes=0))).facts)


@pytest.mark.fault("6.5")
def test_16_bits_of_gray_keep_their_levels() -> None:
    gray = scene("L")
    assert apart(opened(deep(scene())), gray) < 1.0
    found = pictures.load(CASES / "picture_gray16.png", "picture")
    levels = ImageStat.Stat(found).mean
    assert all(100 < level < 130 for level in levels), "it came out white"


@pytest.mark.fault("6.5")
@pytest.mark.parametrize("mode", ["L", "LA", "1", "P"])
def test_gray_and_few_colors_come_out_as_they_are(mode: str) -> None:
    made = scene("L").convert(mode)
    assert apart(opened(saved(made)), made.convert("RGB")) < 1.0


@pytest.mark.fault("6.5")
def test_transparency_is_kept_in_every_way_it_can_be_said() -> None:
    cut = scene("RGBA")
    cut.putalpha(Image.new("L", SIZE, 255))
    cut.paste((0, 0, 0, 0), (0, 0, 80, 45))
    palette = cut.quantize(16)
    keyed = scene("L")
    level = keyed.getpixel((10, 10))
    deep_keyed = scene("L").convert("I").point(lambda level: level * 257).convert("I;16")
    assert isinstance(level, int)
    for way, data in {
        "rgba": saved(cut), "la": saved(cut.convert("LA")), "palette": saved(palette), "webp": saved(cut, "WEBP"),
        "keyed gray": saved(keyed, transparency=level),
        "keyed rgb": saved(scene(), transparency=(200, 60, 40)),
        "keyed deep gray": with_key(saved(deep_keyed), level * 257),
    }.items():  # fmt: skip
        made = opened(data)
        assert made.mode == "RGBA", way
        assert made.getpixel((10, 10))[3] == 0 and made.getpixel((120, 70))[3] == 255, way
        assert picture.has_alpha(made), way


def with_key(png: bytes, level: int) -> bytes:
    """A tRNS chunk put before the pixels: this level of gray is transparent."""
    body = b"tRNS" + struct.pack(">H", level)
    at = png.index(b"IDAT") - 4
    return png[:at] + struct.pack(">I", 2) + body + struct.pack(">I", zlib.crc32(body)) + png[at:]


@pytest.mark.fault("6.5")
def test_a_foreign_profile_is_followed_and_does_not_stay() -> None:
    made = opened(saved(scene(), icc_profile=wide_gamut()))
    assert "icc_profile" not in made.info
    red = made.getpixel((10, 10))
    assert red[1] > red[0], "the profile says that the first channel is green"
    again = Image.open(io.BytesIO(pictures.encoded(made, ".png")))
    assert again.info.get("icc_profile") is None
    kept, _ = pictures.as_file(saved(scene(), icc_profile=srgb()), ".png", "a picture")
    assert apart(Image.open(io.BytesIO(kept)), scene()) == 0.0


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.fault("6.5")
def test_a_file_is_kept_as_it_is_only_where_every_program_shows_the_same() -> None:
    for way in ("rgb", "rgba"):
        data = WAYS[way](scene())
        assert pictures.as_file(data, ".png", "a picture")[0] == data
    for way in ("cmyk", "jpeg exif 6", "animated png", "palette", "exif 3", "webp"):
        made, size = pictures.as_file(WAYS[way](scene()), ".png", "a picture")
        with Image.open(io.BytesIO(made)) as found:
            assert (found.format, found.mode, found.size, size) == ("PNG", "RGB", SIZE, SIZE), way
            assert getattr(found, "n_frames", 1) == 1


@pytest.mark.fault("6.5")
@pytest.mark.parametrize("name", ["picture_exif_cut.png", "picture_exif_header_junk.png"])
def test_unreadable_notes_leave_the_picture_usable(name: str) -> None:
    assert pictures.load(CASES / name, "picture").size == (40, 20)


@pytest.mark.fault("6.5")
def test_every_script_turns_a_picture_upright(tmp_path: Path, run: Run) -> None:  # noqa: F811
    lying, out = CASES / "picture_exif6.jpg", tmp_path / "out.png"
    upright = pictures.load(lying, "picture")
    assert upright.size == (640, 360)
    whole = picture.cover(upright, (1920, 1080))
    ran = run(create_composite.main, "--image", lying, "--output", out)
    assert ran.code == 0, ran.stderr
    assert apart(Image.open(out), whole) < 1.0
    both = picture.side_by_side(upright, upright, 0)
    for main, words in (
        (generate_asset.main, ("--split-vertical", lying, lying)),
        (create_split_screen.main, ("--left", lying, "--right", lying, "--divider", 0)),
    ):
        ran = run(main, *words, "--output", out)
        assert ran.code == 0, ran.stderr
        made = Image.open(out)
        assert made.size == (1920, 1080)
        assert apart(made, both) < 1.0


@pytest.mark.fault("6.5")
def test_cmyk_of_a_service_shows_the_picture_that_it_holds() -> None:
    made = pictures.load(CASES / "picture_cmyk.jpg", "picture")
    same = pictures.load(CASES / "picture_exif6.jpg", "picture")
    assert apart(made, same) < 12.0


@pytest.mark.fault("6.5")
def test_what_passes_the_check_is_taken_by_the_scripts_and_the_other_way_around(tmp_path: Path) -> None:
    files = {way: make(scene()) for way, make in WAYS.items()}
    files |= {"half": files["jpeg"][: len(files["jpeg"]) // 2], "html": b"<html>", "empty": b""}
    files["gif"] = saved(scene(), "GIF")
    for way, data in files.items():
        path = tmp_path / "a.png"
        path.write_bytes(data)
        verdicts = []
        try:
            checked(path)
            verdicts.append(True)
        except BadArtefact:
            verdicts.append(False)
        try:
            pictures.load(path, "picture")
            verdicts.append(True)
        except Failure:
            verdicts.append(False)
        assert verdicts[0] == verdicts[1], way
