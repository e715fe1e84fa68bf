"""A film that is its cuts packet by packet is known; whatever else it is, it is decoded whole."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import pytest

from videod.adapters import packet_marks
from videod.adapters.decoding_room import DecodingRoom
from videod.adapters.inspector import MediaInspector
from videod.core import reports
from videod.core.expect import expectation
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.core.step import PACKETS, Expectation
from videod.ports import BadArtefact

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
CUT = Expectation(max_s=10.0, heard=True, step="cut")
FILM = Expectation(max_s=20.0, heard=True, step="assemble")


@pytest.fixture(scope="module")
def room() -> Iterator[DecodingRoom]:
    made = DecodingRoom()
    yield made
    made.close()


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("cuts")
    made = [folder / f"cut_{number}.mov" for number in (1, 2)]
    for path, source in zip(made, ("testsrc2", "testsrc"), strict=True):
        run("-f", "lavfi", "-i", f"{source}=s=320x180:r=24:d=2", "-f", "lavfi", "-i", "sine=f=300:d=2",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le",
            str(path))  # fmt: skip
    return made


def run(*words: str) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-y", *words], check=True)


def film(folder: Path, *cuts: Path, changed: tuple[str, ...] = ()) -> Path:
    listed, made = folder / "list.txt", folder / "film.mp4"
    listed.write_text("".join(f"file '{cut}'\n" for cut in cuts))
    run("-f", "concat", "-safe", "0", "-i", str(listed), "-c:v", "copy", *changed, "-c:a", "aac", str(made))
    return made


async def looked(room: DecodingRoom, path: Path, expected: Expectation) -> dict[str, object]:
    return dict((await MediaInspector(lambda: FFMPEG, room=room).inspect(path, "video", expected)).facts)


async def test_a_film_of_its_cuts_is_known_and_every_other_is_decoded(
    tmp_path: Path, cuts: list[Path], room: DecodingRoom
) -> None:
    parts = tuple([str((await looked(room, cut, CUT))[PACKETS]) for cut in cuts])
    expected = replace(FILM, parts=parts)
    found = await looked(room, film(tmp_path, *cuts), expected)
    assert "marks" not in found, "what its pictures show was said of the cuts"
    assert (found["pictures"], found["duration_s"], found["width"]) == (96, 4.0, 320)
    assert found["sound_s"] == pytest.approx(4.0, abs=0.1)
    for others, changed in ((cuts[::-1], ()), (cuts[:1], ()), ([*cuts, cuts[0]], ()), (cuts, ("-c:v", "libx264"))):
        found = await looked(room, film(tmp_path, *others, changed=changed), expected)
        assert found["marks"] and found["pictures"] == 48 * len(others)


async def test_a_known_film_with_a_broken_key_picture_is_refused(
    tmp_path: Path, cuts: list[Path], room: DecodingRoom
) -> None:
    whole = film(tmp_path, *cuts)
    data = bytearray(whole.read_bytes())
    at = data.index(b"mdat") + 3000
    data[at : at + 400] = bytes(400)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    parts = tuple([str((await looked(room, cut, CUT))[PACKETS]) for cut in cuts])
    with pytest.raises(BadArtefact):
        await looked(room, broken, replace(FILM, parts=parts))


async def test_uneven_times_and_nonsense_make_no_film_known(
    tmp_path: Path, cuts: list[Path], room: DecodingRoom
) -> None:
    with cuts[0].open("rb") as source:
        found = await packet_marks.of(FFMPEG, cuts[0], source, room)
    assert found is not None and found.even_s == pytest.approx(1 / 24) and found.are((found.named(),))
    assert not replace(found, even_s=0.0).are((found.named(),))
    for part in ("", "48:", "0:" + "0" * 64, "-1:x", f"96:{found.named()[3:]}"):
        assert not found.are((part,))
    assert not found.are(())
    nothing = tmp_path / "nothing.mov"
    nothing.write_bytes(b"no film")
    with nothing.open("rb") as source:
        assert await packet_marks.of(FFMPEG, nothing, source, room) is None


def test_only_our_own_look_names_the_pictures_of_a_cut() -> None:
    assert reports.told({PACKETS: "48:forged", "frames": 48}) == {"frames": 48}


def test_a_film_is_held_against_all_of_its_cuts_or_none() -> None:
    film = Job("t", "wild", "assemble", "film", "ffmpeg", JobState.READY, args={"clips": ["clip_01", "clip_02"]})
    cuts = [Job("t", "wild", "cut", f"clip_0{number}", "ffmpeg", JobState.DONE,
                facts={"duration_s": 5.0, PACKETS: f"120:{number}"}) for number in (1, 2)]  # fmt: skip
    assert expectation(film, cuts).parts == ("120:1", "120:2")
    assert expectation(film, [cuts[0], replace(cuts[1], facts={"duration_s": 5.0})]).parts == ()
