"""The edit of a film for other editors: every cut and every sound to the frame as in the film, and read by others."""

import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from scripts import assemble_video, cut_clip, export_timeline
from scripts.lib.failures import Failure
from scripts.lib.film import ffmpeg, mixing, packets, segment, timeline
from tests.scripts import media
from tests.scripts.conftest import Run

pytestmark = pytest.mark.live

FPS, STEP = 24, 2000
KINDS = ("Video", "Audio")
LINE_S = (1.2, 1.5, 0.9)
SRT = "1\n00:00:00,500 --> 00:00:01,500\nThe bear waits.\n\n2\n00:01:02,000 --> 00:01:03,000\nIt rains,\nall night.\n"


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films("320x180"):
        yield


def film(folder: Path, clips: int, intro: bool) -> list[Path]:
    """A film of so many clips of one color each, its manifest, and its edit in `folder`/edit; returns its cuts."""
    rain = media.sound(folder / "rain.mp3", "anoisesrc=amplitude=0.05:duration=3:seed=7")
    music = media.sound(folder / "music.wav", "sine=frequency=220:duration=7", 2)
    listed = []
    for number in range(1, clips + 1):
        colour = f"color=c=0x{(number * 83) % 200 + 40:02x}{(number * 151) % 200 + 40:02x}60:s=320x180:r=24:d=3"
        video = media.make(folder / f"clip_{number}.mp4", "-f", "lavfi", "-i", colour, *media.X264)
        audio = media.speech(folder / f"clip_{number}.mp3", LINE_S[number % 3])
        cut = folder / f"cut_{number}.mov"
        words = ["--video", video, "--audio", audio, "--sfx", rain, "--output", cut, "--least", "0"]
        words += ["--opens"] * (number == 1) + ["--closes"] * (number == clips)
        assert cut_clip.main([str(word) for word in words]) == 0
        listed.append(
            {"clip_number": number, "video": str(video), "audio": str(audio), "sfx": str(rain), "cut": str(cut)}
        )
    media.manifest(folder / "manifest.json", listed)
    (folder / "plan.json").write_text(
        json.dumps({"clips": [{"beat": f"shot {at} begins"} for at in range(1, clips + 1)]})
    )
    (folder / "captions.srt").write_text(SRT)
    shared = ["--manifest", str(folder / "manifest.json"), "--music", str(music)]
    if intro:
        media.make(folder / "intro.mp4", "-f", "lavfi", "-i", "color=c=white:s=320x180:r=24:d=1", *media.X264)
        shared += ["--intro", str(folder / "intro.mp4")]
    assert assemble_video.main([*shared, "--output", str(folder / "film.mp4")]) == 0
    words = [*shared, "--folder", str(folder / "edit"), "--title", "The <Crossing> & back", "--plan",
             str(folder / "plan.json"), "--captions", str(folder / "captions.srt")]  # fmt: skip
    assert export_timeline.main(words) == 0
    return [folder / f"cut_{number}.mov" for number in range(1, clips + 1)]


def shots(path: Path) -> list[int]:
    """The pictures at which another color begins, and how many there are."""
    said = subprocess.run(
        [ffmpeg.ffmpeg_path(), "-v", "error", "-i", str(path), "-map", "0:v:0", "-vf", "scale=1:1", "-pix_fmt", "rgb24",
         "-fps_mode", "passthrough", "-f", "rawvideo", "-"], capture_output=True, check=True,
    )  # fmt: skip
    seen = [said.stdout[at : at + 3] for at in range(0, len(said.stdout), 3)]

    def far(one: bytes, two: bytes) -> bool:
        return sum(abs(left - right) for left, right in zip(one, two, strict=True)) > 20

    return [at for at in range(1, len(seen) - FPS) if far(seen[at], seen[at - 1])] + [len(seen)]


def starts(track: Any) -> list[tuple[int, int]]:
    """(start, frames) of each clip of a track."""
    ranges = [one.trimmed_range_in_parent() for one in track.find_clips()]
    return [(round(one.start_time.value), round(one.duration.value)) for one in ranges]


def laid_out(folder: Path, track: Any, samples: int, width: int) -> bytes:
    """The sound of a track as another editor would lay it."""
    out = bytearray(samples * width)
    for clip in track.find_clips():
        with wave.open(str(folder / clip.media_reference.target_url)) as heard:
            data = heard.readframes(heard.getnframes())
        place, source = clip.trimmed_range_in_parent(), clip.source_range
        at, first, count = (
            round(one.value) * STEP * width for one in (place.start_time, source.start_time, source.duration)
        )  # fmt: skip
        piece = data[first : first + count]
        assert len(piece) == count, clip.name
        out[at : at + len(piece)] = piece
    return bytes(out)


def check(folder: Path, cuts: list[Path], intro: bool) -> None:
    """The timeline says to the frame what the film shows, and to the sample what it mixes."""
    edit = folder / "edit"
    made = otio.adapters.read_from_file(str(edit / "timeline.otio"))
    tracks = {track.name: track for track in made.tracks}
    lengths = [len(packets.listing(cut, "0:v:0", "looking").packets) for cut in cuts]
    lengths = [FPS, *lengths] if intro else lengths
    wanted = [(sum(lengths[:at]), length) for at, length in enumerate(lengths)]
    assert starts(tracks["Pictures"]) == wanted
    assert shots(folder / "film.mp4") == [*(at for at, _ in wanted[1:]), sum(lengths)]
    pictures = [str(edit / clip.media_reference.target_url) for clip in tracks["Pictures"].find_clips()]
    sums = [one for path in pictures for one in media.picture_sums(Path(path))]
    assert sums == media.picture_sums(folder / "film.mp4")
    room = folder / "laid"
    room.mkdir()
    parts = [segment.examine(cut, cut.stem, FPS) for cut in cuts]
    if intro:
        white = segment.open_clip(folder / "intro.mp4", "intro", FPS)
        parts.insert(0, segment.conform(white, room / "intro.mov", FPS, framing=True))
    laid = mixing.lay(parts, room)
    assert laid_out(edit, tracks["Voice"], laid.samples, 2) == laid.voice.read_bytes()
    beds = [laid_out(edit, tracks[f"Ambience {side}"], laid.samples, 4) for side in "AB"]
    assert beds == [bed.read_bytes() for bed in laid.beds]
    assert starts(tracks["Music"]) == [(0, sum(lengths))]
    marks = [
        (one.name, one.marked_range.start_time.value, one.marked_range.duration.value) for one in made.tracks.markers
    ]
    assert marks == [("The bear waits.", 12, 24), ("It rains, all night.", 62 * 24, 24)]
    assert tracks["Pictures"].find_clips()[1 if intro else 0].name == "Clip 1: shot 1 begins"


def rendered_elsewhere(folder: Path) -> list[int]:
    """The cuts of the film as MLT renders the edit."""
    out, project = folder / "melt.mp4", folder / "edit" / "timeline.kdenlive"
    small = project.read_text().replace('width="1920"', 'width="320"').replace('height="1080"', 'height="180"')
    project.write_text(small)
    subprocess.run(
        ["melt", str(project), "-consumer", f"avformat:{out}", "vcodec=libx264",
         "preset=ultrafast", "an=1", "real_time=0", "terminate_on_pause=1"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "QT_QPA_PLATFORM": "offscreen"}, check=True,
        capture_output=True,
    )  # fmt: skip
    return shots(out)


def near(found: list[int], wanted: list[int]) -> bool:
    return len(found) == len(wanted) and all(abs(one - two) <= 1 for one, two in zip(found, wanted, strict=True))


@pytest.mark.long
def test_an_edit_is_the_film_to_the_frame_and_to_the_sample(tmp_path: Path) -> None:
    check(tmp_path, film(tmp_path, 3, intro=True), intro=True)
    ours, theirs = (otio.adapters.read_from_file(str(tmp_path / "edit" / f"timeline.{end}")) for end in ("otio", "xml"))
    if isinstance(theirs, otio.schema.SerializableCollection):
        theirs = theirs[0]
    told = [[starts(track) for track in one.tracks if track.kind == kind] for one in (ours, theirs) for kind in KINDS]
    assert told[:2] == told[2:]


@pytest.mark.long
def test_another_editor_renders_the_same_cuts(tmp_path: Path) -> None:
    check(tmp_path, film(tmp_path, 18, intro=False), intro=False)
    if shutil.which("melt") is None:
        pytest.skip("melt (apt install melt) is not installed")
    assert near(rendered_elsewhere(tmp_path), shots(tmp_path / "film.mp4"))


def test_captions_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "broken.srt").write_bytes(b"\xff\xfe1")
    for path in (tmp_path / "broken.srt", tmp_path / "none.srt"):
        with pytest.raises(Failure, match="cannot be read"):
            timeline.captions(path, FPS)


def test_without_opentimelineio_it_says_what_to_install(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    ran = run(export_timeline.main, "--manifest", tmp_path / "none.json", "--folder", tmp_path / "edit")
    assert ran.code == 78 and "videod[timeline]" in ran.stderr
