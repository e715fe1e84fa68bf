"""A channel's intro, outro and watermark are looked at when it is loaded; what is wrong is named with file and fix."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from scripts.lib import pictures
from scripts.lib.film import assembly
from videod.adapters import decode, extras
from videod.adapters.extras import Extras
from videod.channels import Channel, load_files
from videod.cli import main
from videod.core.step import Expectation
from videod.core.steps import film
from videod.daemon import settings_checks
from videod.ports import Unchecked

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
CASES = Path(__file__).parents[1] / "cases"
MP4 = CASES / "intro_sound_30ms_late.mp4"


def written(text: str | bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text.encode() if isinstance(text, str) else text)


def drawn(**options: object) -> Callable[[Path], object]:
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "blue")]
    return lambda path: frames[0].save(path, save_all=True, append_images=frames[1:], **options)


def cut_short(path: Path) -> None:
    path.write_bytes(MP4.read_bytes()[:6000])


#: how a file may be wrong -> key, how it is made, what is said of it
WRONG: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "html as intro": ("intro", written("<html>moved</html>"), "holds HTML, no video"),
    "a page as outro": ("outro", written("<!DOCTYPE html><title>502</title>"), "holds HTML, no video"),
    "empty outro": ("outro", written(b""), "is empty"),
    "a picture as intro": ("intro", lambda path: shutil.copy(CASES / "picture_gray16.png", path), "holds a PNG"),
    "a sound as outro": ("outro", lambda path: shutil.copy(CASES / "narration_ok.wav", path), "holds WAV sound"),
    "a playlist as intro": ("intro", written("#EXTM3U\n/etc/passwd\n"), "holds a playlist"),
    "an intro cut short": ("intro", cut_short, "Films are made without it"),
    "noise as intro": ("intro", written(bytes(range(256)) * 30), "Films are made without it"),
    "a gif as watermark": ("watermark", drawn(format="GIF"), "is not a picture of a kind that videod takes"),
    "an apng as watermark": ("watermark", lambda path: shutil.copy(CASES / "watermark_apng.png", path), "is animated"),
    "an animated webp as watermark": ("watermark", drawn(format="WEBP"), "is animated"),
    "svg as watermark": ("watermark", written("<svg xmlns='http://www.w3.org/2000/svg'/>"), "holds an SVG drawing"),
    "empty watermark": ("watermark", written(b""), "is not a picture of a kind that videod takes"),
    "half a watermark": (
        "watermark", written((CASES / "picture_cmyk.jpg").read_bytes()[:9000]), "is not a complete picture"
    ),
}  # fmt: skip
GOOD = {
    "intro_sound_1ms_late.mkv": "intro", "intro_sound_30ms_late.mp4": "outro", "clip_starts_at_500ms.mkv": "intro",
    "clip_cover_art_first.mkv": "intro", "clip_hlg.mp4": "outro", "clip_sar_4_3.mp4": "intro",
    "watermark_200x3000.png": "watermark", "picture_cmyk.jpg": "watermark", "picture_gray16.png": "watermark",
    "picture_exif_cut.png": "watermark",
}  # fmt: skip


def channel_file(folder: Path, **more: object) -> Path:
    path = folder / "my_channel.yaml"
    lines = ["name: My Channel", "youtube_channel: UCabcdefghijklmnopqrstuv", "voice_id: sandbox-narrator-1",
             "brand: What the channel is about, its tone and its look."]  # fmt: skip
    path.write_text("\n".join([*lines, *(f"{key}: {value}" for key, value in more.items())]) + "\n")
    return path


def channel(folder: Path, **more: object) -> Channel:
    return load_files([channel_file(folder, **more)]).channels["my_channel"]


@pytest.mark.fault("4.3")
@pytest.mark.parametrize("way", WRONG)
async def test_an_extra_that_cannot_be_used_is_named_with_what_to_do(way: str, tmp_path: Path) -> None:
    key, make, said = WRONG[way]
    made = tmp_path / ("mark.png" if key == "watermark" else "film.mp4")
    make(made)
    looks = Extras(lambda: [FFMPEG])
    (wrong,) = await looks.wrong(channel(tmp_path, **{key: made}))
    assert (wrong.key, wrong.path) == (key, made)
    assert said in wrong.text and ("leave the key out" in wrong.text or "first picture" in wrong.text)
    (told,) = await settings_checks.extras(looks)(channel(tmp_path, **{key: made}))
    assert told.stops is False and told.channel_id == "my_channel"
    assert told.text.startswith(f"channels/my_channel.yaml: {key}: {made} ")


@pytest.mark.fault("4.3")
@pytest.mark.parametrize("name", GOOD)
async def test_an_extra_that_can_be_used_is_not_named(name: str, tmp_path: Path) -> None:
    assert await Extras(lambda: [FFMPEG]).wrong(channel(tmp_path, **{GOOD[name]: CASES / name})) == []


@pytest.mark.fault("4.3")
def test_channels_check_names_extras_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "intro.mp4").write_text("<html>moved</html>")
    (tmp_path / "outro.mp4").write_bytes(b"")
    path = channel_file(
        tmp_path, intro="intro.mp4", outro="outro.mp4", watermark=str(CASES / "watermark_apng.png"), clips=3
    )
    assert main.run(["channels", "check", str(path)]) == 0
    told = capsys.readouterr()
    said = told.out + told.err
    for line, key in ((5, "intro"), (6, "outro"), (7, "watermark")):
        assert f"{path}:{line}: {key}: " in said
    assert "no problems found" not in said
    assert main.run(["channels", "check", "--json", str(path)]) == 0
    told_there = json.loads(capsys.readouterr().out)["warnings"]
    assert sum(any(f": {key}: " in text for key in ("intro", "outro", "watermark")) for text in told_there) == 3


@pytest.mark.fault("4.3")
async def test_an_extra_is_decoded_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    async def counted(*words: object) -> object:
        seen.append(words[1])  # type: ignore[arg-type]
        return await decode.decode(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(extras, "decode", counted)
    made = tmp_path / "intro.mp4"
    shutil.copy(MP4, made)
    looks, of = Extras(lambda: [FFMPEG]), channel(tmp_path, intro=made)
    await asyncio.gather(*(looks.wrong(of) for _ in range(5)))
    assert seen == [made]
    made.write_text("<html>moved</html>")
    os.utime(made, (1, 1))
    assert len(await looks.wrong(of)) == 1 and len(seen) == 2


@pytest.mark.fault("4.3")
async def test_a_look_that_came_to_nothing_is_no_verdict(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'Cannot allocate memory' >&2; exit 1\n")
    program.chmod(0o755)
    looks, of = Extras(lambda: [str(program)]), channel(tmp_path, intro=MP4)
    with pytest.raises(Unchecked):
        await looks.wrong(of)
    with pytest.raises(settings_checks.OutOfReach) as caught:
        await settings_checks.extras(looks)(of)
    assert "extra:intro my_channel" in caught.value.causes
    program.write_text(f'#!/bin/sh\nexec {FFMPEG} "$@"\n')
    assert await looks.wrong(of) == [], "asked again, not remembered"


def test_bounds_of_check_and_script_are_the_same() -> None:
    assert extras.LONGEST_S == assembly.EXTRA_S_MAX and 2 * extras.LONGEST_S <= film.EXTRAS_S
    assert extras.PIXELS_MAX == pictures.PIXELS
    assert isinstance(extras.FILM, Expectation)
