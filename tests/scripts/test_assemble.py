"""Assembling a film: its format, its loudness, its length, and what happens with parts that are odd or broken."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scripts import assemble_video, cut_clip
from scripts.lib.failures import Failure
from scripts.lib.film import checked, ffmpeg, joining, loudness, mp4, overlay, packets, segment, voice
from tests.scripts import media
from tests.scripts.conftest import Run

pytestmark = pytest.mark.live

TIGHT = ("--lead", "0", "--tail", "0.25", "--least", "0")
CASES = Path(__file__).parents[1] / "cases"
FLASH_AT = (12, 20, 6)
"""In which picture of each clip the white flash is, and at which time (in 24ths) its narration beeps."""


def flashing(out: Path, picture: int) -> Path:
    box = f"drawbox=c=white:t=fill:enable=between(n\\,{picture}\\,{picture})"
    return media.make(out, "-f", "lavfi", "-i", f"color=c=0x203040:s={media.SMALL}:r=24:d=2.2,{box}", *media.X264)


def beeping(out: Path, picture: int) -> Path:
    beep = f"if(between(t\\,{picture}/24\\,{picture}/24+0.1)\\,0.8*sin(2000*PI*t)\\,0.06*sin(200*PI*t))"
    return media.sound(out, f"aevalsrc={beep}:s=48000:d=1.5")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with media.films(media.SMALL):
        yield


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three flashing and beeping clips, their cuts, and a manifest with the cuts."""
    folder = tmp_path_factory.mktemp("studio")
    media.sound(folder / "rain.mp3", "anoisesrc=amplitude=0.05:duration=3:seed=7")
    for number, picture in enumerate(FLASH_AT, start=1):
        video = flashing(folder / f"clip_{number}.mp4", picture)
        audio = beeping(folder / f"clip_{number}.wav", picture)
        words = [
            "--video",
            video,
            "--audio",
            audio,
            "--sfx",
            folder / "rain.mp3",
            "--output",
            folder / f"cut_{number}.mov",
            *TIGHT,
        ]
        assert cut_clip.main([str(word) for word in words]) == 0
    media.manifest(folder / "manifest.json", [entry(folder, number) for number in (3, 1, 2)])
    return folder


def entry(folder: Path, number: int, cut: bool = True) -> dict[str, object]:
    words: dict[str, object] = {
        "clip_number": number, "video": str(folder / f"clip_{number}.mp4"), "audio": str(folder / f"clip_{number}.wav"),
        "sfx": str(folder / "rain.mp3"),
    }  # fmt: skip
    return words | ({"cut": str(folder / f"cut_{number}.mov")} if cut else {})


@pytest.fixture(scope="module")
def film_made(studio: Path) -> Path:
    out = studio / "film.mp4"
    assert assemble_video.main(["--manifest", str(studio / "manifest.json"), "--output", str(out)]) == 0
    return out


def frames_of(*cuts: Path) -> list[int]:
    return [len(packets.listing(cut, "0:v:0", "looking").packets) for cut in cuts]


def cuts(studio: Path) -> list[Path]:
    return [studio / f"cut_{number}.mov" for number in (1, 2, 3)]


def test_the_film_has_the_format_that_was_promised(film_made: Path) -> None:
    found = ffmpeg.probe(film_made)
    assert found.video is not None and found.audio is not None
    assert (found.video.codec, found.video.profile, found.video.pixel_format) == ("h264", "High", "yuv420p")
    assert (f"{found.video.width}x{found.video.height}", found.video.fps) == (media.SMALL, 24.0)
    assert (found.audio.codec, found.audio.rate_hz, found.audio.layout) == ("aac", 48000, "stereo")
    assert mp4.is_fast_start(film_made)


def test_the_film_is_its_cuts_bit_by_bit_in_order_of_their_numbers(film_made: Path, studio: Path) -> None:
    assert media.picture_sums(film_made) == [one for cut in cuts(studio) for one in media.picture_sums(cut)]


def test_the_frame_rate_is_constant_and_the_length_the_sum_of_the_cuts(film_made: Path, studio: Path) -> None:
    times = media.picture_times(film_made)
    step = times[0][1]
    total = sum(frames_of(*cuts(studio)))
    assert times == [(place * step, step) for place in range(total)]
    assert abs(loudness.measure(film_made, "film").samples / 48_000 - total / 24) <= 0.040


def test_each_beep_stays_within_40_ms_of_its_flash(film_made: Path, studio: Path) -> None:
    light = media.brightness(film_made)
    flashes = [place / 24 for place, level in enumerate(light) if level > 180]
    heard = memoryview(media.samples(film_made)).cast("h")
    loud = [place / 48_000 for place in range(0, len(heard), 24) if max(map(abs, heard[place : place + 24])) > 12_000]
    beeps = [time for place, time in enumerate(loud) if place == 0 or time - loud[place - 1] > 0.3]
    assert len(flashes) == len(beeps) == 3
    starts = [0, *frames_of(*cuts(studio)[:2])]
    expected = [(sum(starts[: clip + 1]) + picture) / 24 for clip, picture in enumerate(FLASH_AT)]
    assert flashes == pytest.approx(expected)
    assert beeps == pytest.approx(flashes, abs=0.040)


def test_a_spoken_film_has_minus_14_lufs_under_minus_1_dbtp(tmp_path: Path, run: Run) -> None:
    clips: list[dict[str, object]] = []
    for number in (1, 2):
        voice = media.speech(tmp_path / f"voice_{number}.mp3", 2.5)
        video = media.clip(
            tmp_path / f"clip_{number}.mp4", 6.0, media.SMALL, codec=(*media.X264, "-crf", "35"), hue=number * 90
        )
        clips.append({"clip_number": number, "video": video.name, "audio": voice.name})
    listed = media.manifest(tmp_path / "manifest.json", clips)
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0, ran.stderr
    found = loudness.measure(tmp_path / "film.mp4", "film")
    assert found.lufs == pytest.approx(-14.0, abs=1.0) and found.true_peak_db is not None
    assert found.true_peak_db <= -1.0
    assert (ran.result["lufs"], ran.result["true_peak_db"]) == (found.lufs, found.true_peak_db)
    assert ran.result["reencoded_clips"] == ["2"], "the one that fades out"


def test_progress_and_result_tell_what_was_done(studio: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", studio / "manifest.json", "--output", out, "--decode-all")
    done = [event["done"] for event in ran.of("progress")]
    assert done == sorted(done) and len(done) >= 5 and done[-1] < 1.0
    frames = sum(frames_of(*cuts(studio)))
    facts = {name: ran.result[name] for name in ("frames", "clips", "width", "height", "reencoded_clips")}
    assert facts == {"frames": frames, "clips": 3, "width": 960, "height": 540, "reencoded_clips": []}
    assert ran.result["duration_s"] == pytest.approx(frames / 24, abs=0.001)
    assert media.leftovers(tmp_path) == []


@pytest.mark.long
def test_without_cuts_the_same_pictures_come_out(studio: Path, tmp_path: Path, run: Run) -> None:
    """One flag each says to a cut what its place in the manifest says to the film."""
    for number, flags in ((1, ("--opens",)), (3, ("--closes",))):
        words = ("--video", studio / f"clip_{number}.mp4", "--audio", studio / f"clip_{number}.wav", "--hold", "0.4")
        assert run(cut_clip.main, *words, "--output", tmp_path / f"cut_{number}.mov", *flags).code == 0
    made = []
    for cut in (True, False):
        rows = [entry(tmp_path, number, cut) for number in (1, 3)]
        for row, number in zip(rows, (1, 3), strict=True):
            row |= {"video": str(studio / f"clip_{number}.mp4"), "audio": str(studio / f"clip_{number}.wav")}
            row["hold"] = 0.4
            del row["sfx"]
        listed = media.manifest(tmp_path / "manifest.json", rows)
        out = tmp_path / f"film_{cut}.mp4"
        assert run(assemble_video.main, "--manifest", listed, "--output", out).code == 0
        made.append(media.picture_sums(out))
    assert made[0] == made[1]


def test_mixed_clips_become_one_film_and_only_the_odd_ones_are_encoded(studio: Path, tmp_path: Path, run: Run) -> None:
    small = media.clip(tmp_path / "small.mp4", 1.0, "640x360", "30")
    no_b = media.clip(tmp_path / "plain.mp4", 1.5, media.SMALL, codec=(*media.X264, "-bf", "0", "-preset", "ultrafast"))
    voice = media.sound(tmp_path / "voice.wav", "sine=duration=0.6", channels=1)
    long = media.sound(tmp_path / "long.wav", "sine=duration=1.6", channels=2)
    clips = [
        entry(studio, 1), entry(studio, 2) | {"clip_number": 5},
        {"clip_number": 2, "video": str(small), "audio": str(voice)},
        {"clip_number": 3, "video": str(no_b), "audio": str(voice)},
        {"clip_number": 4, "video": str(no_b), "audio": str(long)},
    ]  # fmt: skip
    listed = media.manifest(tmp_path / "manifest.json", clips)
    out = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", listed, "--output", out, "--decode-all")
    assert ran.code == 0, ran.stderr
    # 3 has its own encoder settings under the majority's parameter set number, 4 is held
    assert ran.result["reencoded_clips"] == ["2", "3", "4"] and ran.result["held_s"] > 0
    sums, first, last = (
        media.picture_sums(out),
        media.picture_sums(cuts(studio)[0]),
        media.picture_sums(cuts(studio)[1]),
    )
    assert sums[: len(first)] == first and sums[-len(last) :] == last
    assert len(sums) == ran.result["frames"]
    times = media.picture_times(out)
    assert times == [(place * times[0][1], times[0][1]) for place in range(len(sums))]
    avc = mp4.read_avc(out)
    assert avc is not None and {number for _, number in avc.ids()} == {0, 7}


def test_intro_and_outro_are_brought_to_the_films_format(
    studio: Path, film_made: Path, tmp_path: Path, run: Run
) -> None:
    intro = media.make(
        tmp_path / "intro.mp4", "-f", "lavfi", "-i", "color=c=red:s=480x480:r=30:d=1", "-f", "lavfi", "-i", "sine=d=1",
        "-c:v", "mpeg4", "-c:a", "aac",
    )  # fmt: skip
    outro = media.clip(tmp_path / "outro.mp4", 0.5, "640x360", "25")
    out = tmp_path / "film.mp4"
    ran = run(
        assemble_video.main, "--manifest", studio / "manifest.json", "--output", out, "--intro", intro, "--outro", outro
    )
    assert ran.code == 0, ran.stderr
    inner = media.picture_sums(film_made)
    assert ran.result["reencoded_clips"] == ["intro", "outro"] and ran.result["clips"] == 5
    assert ran.result["frames"] == 24 + len(inner) + 12
    assert media.picture_sums(out)[24:-12] == inner
    # uncropped between black bars
    row = media.one_picture(out, 5, (16, 9))[4 * 48 : 5 * 48]
    assert row[0] < 40 and row[24] > 150 and row[45] < 40
    heard = memoryview(media.samples(out)).cast("h")
    assert max(map(abs, heard[20_000:24_000])) > 500


def test_a_missing_intro_or_watermark_is_only_a_warning(studio: Path, tmp_path: Path, run: Run) -> None:
    words = ("--intro", tmp_path / "none.mp4", "--outro", tmp_path / "no.mp4", "--watermark", tmp_path / "none.png")
    ran = run(assemble_video.main, "--manifest", studio / "manifest.json", "--output", tmp_path / "film.mp4", *words)
    assert ran.code == 0 and ran.result["clips"] == 3
    assert ran.stderr.count("is missing") == 3


def test_a_watermark_stands_in_the_lower_right_corner_of_every_clip(studio: Path, tmp_path: Path, run: Run) -> None:
    mark = media.make(tmp_path / "mark.png", "-f", "lavfi", "-i", "color=c=lime:s=96x54:d=0.1", "-frames:v", "1")
    out = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", studio / "manifest.json", "--output", out, "--watermark", mark)
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == ["1", "2", "3"] and ran.result["frames"] == sum(frames_of(*cuts(studio)))
    for number in (0, ran.result["frames"] - 1):
        shown = media.one_picture(out, number, (20, 20))
        pixels = [shown[place : place + 3] for place in range(0, len(shown), 3)]
        # 96x54 of 960x540 pixels, 48 from both edges: columns 17 and 18, and from the middle of row 16 to that of 18
        assert [place for place, (red, green, _) in enumerate(pixels) if green > 200 and red < 100] == [
            17 * 20 + 17,
            17 * 20 + 18,
        ]


def marked_cuts(studio: Path, folder: Path, mark: Path) -> Path:
    """The manifest of the same clips, whose cuts were made with this watermark."""
    entries = []
    for number in (1, 2):
        words = [*("--video", studio / f"clip_{number}.mp4", "--audio", studio / f"clip_{number}.wav"), *TIGHT]
        out = folder / f"marked_{number}.mov"
        assert cut_clip.main([str(word) for word in (*words, "--output", out, "--watermark", mark)]) == 0
        entries.append(entry(studio, number) | {"cut": str(out)})
    return media.manifest(folder / "marked.json", entries)


def test_a_watermark_that_was_drawn_into_the_cuts_is_copied_into_the_film(
    studio: Path, tmp_path: Path, run: Run
) -> None:
    mark, out = tmp_path / "mark.png", tmp_path / "film.mp4"
    Image.new("RGBA", (96, 54), "lime").save(mark)
    listed = marked_cuts(studio, tmp_path, mark)
    assert checked.recall(tmp_path / "marked_1.mov", "clip 1", 24) is not None
    ran = run(assemble_video.main, "--manifest", listed, "--output", out, "--watermark", mark)
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == []
    sums = [one for number in (1, 2) for one in media.picture_sums(tmp_path / f"marked_{number}.mov")]
    assert media.picture_sums(out) == sums
    for number in (0, len(sums) - 1):
        shown = media.one_picture(out, number, (20, 20))
        red, green, _ = shown[3 * (17 * 20 + 17) :][:3]
        assert green > 200 and red < 100


@pytest.mark.long
def test_a_cut_with_another_watermark_than_the_film_is_cut_again(studio: Path, tmp_path: Path, run: Run) -> None:
    mark, other, out = tmp_path / "mark.png", tmp_path / "other.png", tmp_path / "film.mp4"
    Image.new("RGBA", (96, 54), "lime").save(mark)
    Image.new("RGBA", (96, 54), "red").save(other)
    listed = marked_cuts(studio, tmp_path, mark)
    for words, wanted in ((("--watermark", other), True), ((), False)):
        ran = run(assemble_video.main, "--manifest", listed, "--output", out, *words)
        assert ran.code == 0, ran.stderr
        assert ran.stderr.count("another watermark") == 2
        red, green, _ = media.one_picture(out, 30, (20, 20))[3 * (17 * 20 + 17) :][:3]
        assert (red > 120) is wanted and green < 100, (red, green)


def test_a_film_keeps_the_channels_own_intro_free_of_the_watermark(studio: Path, tmp_path: Path, run: Run) -> None:
    mark, intro, out = tmp_path / "mark.png", tmp_path / "intro.mp4", tmp_path / "film.mp4"
    Image.new("RGBA", (96, 54), "lime").save(mark)
    media.clip(intro, 1.0, media.SMALL)
    words = ("--manifest", marked_cuts(studio, tmp_path, mark), "--watermark", mark, "--intro", intro)
    ran = run(assemble_video.main, *words, "--output", out)
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == []
    assert media.picture_sums(out)[:24] == media.picture_sums(intro)


def test_a_picture_drawn_over_a_cut_comes_and_goes(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 200), "black").save(tmp_path / "title.png")
    clip = segment.open_clip(media.clip(tmp_path / "clip.mp4", 2.0, media.SMALL), "clip 1", 24)
    title = overlay.Overlay(tmp_path / "title.png", 100, 100, first=6, end=30, fade=8, what="title")
    wishes = segment.Wishes(overlays=(title,))
    shot = segment.Shot(clip, 48, 0, None)
    spoken = media.sound(tmp_path / "voice.wav", "sine=duration=0.5")
    heard = loudness.taken_in(spoken, tmp_path / "kept.wav", "voice")
    speech = voice.find(tmp_path / "kept.wav", heard, "voice")
    made = segment.cut(shot, segment.Spoken(tmp_path / "kept.wav", heard, speech), None, tmp_path / "cut.mov", wishes)
    assert made.frames == 48 and made.odd == "title drawn" and made.mark is None

    def changed(number: int) -> int:
        shown, plain = (media.one_picture(path, number, (96, 54)) for path in (made.path, clip.path))
        place = 3 * (20 * 96 + 30)
        return max(abs(shown[place + part] - plain[place + part]) for part in range(3))

    levels = [changed(number) for number in (0, 5, 9, 16, 26, 31, 47)]
    assert levels[0] < 25 and levels[1] < 25 and levels[5] < 25 and levels[6] < 25
    assert levels[3] > levels[2] > 25 and levels[3] > levels[4] > 25


@pytest.mark.fault("4.3")
def test_a_film_is_made_without_extras_that_cannot_be_used_and_says_so(
    studio: Path, film_made: Path, tmp_path: Path, run: Run
) -> None:
    mark, intro, outro = tmp_path / "mark.png", tmp_path / "intro.mp4", tmp_path / "outro.mp4"
    mark.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    intro.write_text("<html>moved</html>")
    outro.write_bytes(b"")
    words = ("--watermark", mark, "--intro", intro, "--outro", outro)
    out = tmp_path / "film.mp4"
    ran = run(assemble_video.main, "--manifest", studio / "manifest.json", "--output", out, *words)
    assert ran.code == 0, ran.stderr
    assert media.picture_sums(out) == media.picture_sums(film_made)
    assert all(name in ran.result["made_without"] for name in ("mark.png", "intro.mp4", "outro.mp4"))
    assert ran.stderr.count("The film is made without it") == 3


@pytest.mark.fault("6.6")
@pytest.mark.parametrize(
    ("size", "drawn"), [((200, 3000), (26, 384)), ((3000, 200), (384, 26)), ((50, 40), (50, 40)), ((1, 4000), (1, 384))]
)
def test_a_watermark_is_bounded_both_ways(tmp_path: Path, size: tuple[int, int], drawn: tuple[int, int]) -> None:
    Image.new("RGBA", size, "lime").save(tmp_path / "mark.png")
    found = overlay.mark(tmp_path / "mark.png", tmp_path)
    assert isinstance(found, overlay.Mark)
    with Image.open(found.overlay.path) as made:
        assert made.size == drawn


@pytest.mark.fault("6.6")
def test_a_tall_watermark_stays_inside_the_frame(studio: Path, tmp_path: Path, run: Run) -> None:
    out, mark = tmp_path / "film.mp4", CASES / "watermark_200x3000.png"
    listed = media.manifest(tmp_path / "manifest.json", [entry(studio, 1)])
    ran = run(assemble_video.main, "--manifest", listed, "--output", out, "--watermark", mark)
    assert ran.code == 0, ran.stderr
    plain, drawn = (media.one_picture(path, 3, (960, 540)) for path in (studio / "cut_1.mov", out))
    changed = [
        place for place in range(960 * 540)
        if max(abs(plain[3 * place + part] - drawn[3 * place + part]) for part in range(3)) > 60
    ]  # fmt: skip
    columns, rows = {place % 960 for place in changed}, {place // 960 for place in changed}
    assert 20 <= max(columns) - min(columns) <= 27 and 375 <= max(rows) - min(rows) <= 385
    assert 905 <= max(columns) <= 912 and 485 <= max(rows) <= 492, "48 pixels from both edges"


@pytest.mark.fault("6.3", "4.3")
@pytest.mark.parametrize("name", ["intro_sound_1ms_late.mkv", "intro_sound_30ms_late.mp4"])
def test_an_intro_whose_sound_starts_late_is_taken(studio: Path, tmp_path: Path, run: Run, name: str) -> None:
    listed = media.manifest(tmp_path / "manifest.json", [entry(studio, 1)])
    words = ("--intro", CASES / name, "--outro", CASES / name)
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4", *words)
    assert ran.code == 0, ran.stderr
    assert (ran.result["clips"], ran.result["made_without"]) == (3, None)


@pytest.mark.fault("6.3")
@pytest.mark.parametrize(
    ("kind", "late_s"), [("mp4", -0.4), ("mkv", -0.05), ("mov", 0.0), ("mkv", 0.03), ("mp4", 0.05), ("mov", 0.5)]
)
def test_picture_and_sound_of_an_intro_keep_the_time_between_them(tmp_path: Path, kind: str, late_s: float) -> None:
    """A flash at 0.5 s of the pictures and a beep at 0.5 s of the sound, whose streams start `late_s` apart."""
    flash = media.make(
        tmp_path / f"flash.{kind}", "-f", "lavfi", "-i",
        "color=c=0x203040:s=320x180:r=24:d=2,drawbox=c=white:t=fill:enable=between(n\\,12\\,12)", *media.X264,
    )  # fmt: skip
    beep = media.sound(tmp_path / "beep.wav", "aevalsrc=0.5*sin(2000*PI*t)*between(t\\,0.5\\,0.6):s=48000:d=2")
    shifts = ("-itsoffset", f"{max(0.0, -late_s)}"), ("-itsoffset", f"{max(0.0, late_s)}")
    both = media.make(
        tmp_path / f"intro.{kind}", *shifts[0], *ffmpeg.given(flash), *shifts[1], *ffmpeg.given(beep), "-map", "0:v",
        "-map", "1:a", "-c:v", "copy", "-c:a", "aac",
    )  # fmt: skip
    made = segment.conform(segment.open_clip(both, "intro", 24), tmp_path / "made.mov", 24)
    flashes = [place / 24 for place, level in enumerate(media.brightness(made.path)) if level > 180]
    heard = memoryview(media.samples(made.path)).cast("h")
    first = next(place for place in range(0, len(heard), 24) if max(map(abs, heard[place : place + 24])) > 3000)
    assert flashes == [0.5]
    assert first / 48_000 - flashes[0] == pytest.approx(late_s, abs=0.004)


def broken_copy(source: Path, target: Path) -> Path:
    """The first pictures are gone; the headers, which FFmpeg writes at the end, look as before."""
    data = bytearray(source.read_bytes())
    data[64:20_064] = bytes(20_000)
    target.write_bytes(data)
    return target


def test_a_broken_clip_is_named_and_no_film_is_left(studio: Path, tmp_path: Path, run: Run) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes((studio / "clip_2.mp4").read_bytes()[:-3000])
    clips = [entry(studio, 1), entry(studio, 2, cut=False) | {"video": str(bad)}, entry(studio, 3)]
    listed = media.manifest(tmp_path / "manifest.json", clips)
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 65 and ran.failure["kind"] == "input"
    assert ran.failure["message"].startswith("clip 2: ")
    assert not (tmp_path / "film.mp4").exists() and media.leftovers(tmp_path) == []


def test_a_broken_cut_is_regenerated_from_its_clip(studio: Path, film_made: Path, tmp_path: Path, run: Run) -> None:
    bad = broken_copy(studio / "cut_2.mov", tmp_path / "cut_2.mov")
    shutil.copy(studio / "cut_2.mov.checked.json", tmp_path)
    listed = media.manifest(
        tmp_path / "manifest.json", [entry(studio, 1), entry(studio, 2) | {"cut": str(bad)}, entry(studio, 3)]
    )
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0 and "clip 2" in ran.stderr and "cut again" in ran.stderr
    assert ran.result["clips"] == 3 and ran.result["frames"] >= len(media.picture_sums(film_made))


def test_a_broken_cut_without_its_clip_is_named(studio: Path, tmp_path: Path, run: Run) -> None:
    bad = broken_copy(studio / "cut_2.mov", tmp_path / "cut_2.mov")
    lost = {"cut": str(bad), "video": "gone.mp4"}
    listed = media.manifest(tmp_path / "manifest.json", [entry(studio, 1), entry(studio, 2) | lost])
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 65 and "clip 2" in ran.failure["message"]


def test_a_cut_from_another_program_is_taken_with_its_own_sound(studio: Path, tmp_path: Path, run: Run) -> None:
    foreign = media.make(
        tmp_path / "foreign.mp4", *ffmpeg.given(studio / "cut_1.mov"), "-c:v", "copy", "-c:a", "aac", "-ar", "44100"
    )
    listed = media.manifest(tmp_path / "manifest.json", [entry(studio, 1) | {"cut": str(foreign)}, entry(studio, 2)])
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0, ran.stderr
    assert ran.result["reencoded_clips"] == [] and ran.result["frames"] == sum(frames_of(*cuts(studio)[:2]))


def test_a_film_that_lost_its_end_is_not_taken_for_whole(studio: Path, tmp_path: Path) -> None:
    parts = [segment.examine(cut, f"clip {place}", 24) for place, cut in enumerate(cuts(studio), start=1)]
    frames = sum(part.frames for part in parts)
    sound = media.make(tmp_path / "sound.m4a", "-f", "lavfi", "-i", f"sine=sample_rate=48000:d={frames / 24}", "-c:a",
                       "aac")  # fmt: skip
    joining.concat_list(parts, 24, tmp_path / "parts.ffconcat")
    film_made = tmp_path / "film.mp4"
    with film_made.open("wb") as stream:
        joining.join(parts, tmp_path / "parts.ffconcat", sound, 24, film_made, stream)
    assert joining.verify(film_made, parts, sound, frames * 2000, 24) == frames
    with pytest.raises(Failure, match="apart"):
        joining.verify(film_made, parts, sound, frames * 2000 - 4000, 24)
    short = media.make(
        tmp_path / "short.mp4",
        *ffmpeg.given(film_made),
        "-c",
        "copy",
        "-t",
        str(sum(frames_of(*cuts(studio)[:2])) / 24),
    )
    with pytest.raises(Failure, match="clip 3"):
        joining.verify(short, parts, sound, frames * 2000, 24)
    with pytest.raises(Failure, match="uneven pictures instead"):
        joining.verify(film_made, parts[:2], sound, frames * 2000, 24)


def test_a_silent_film_is_made_with_a_warning(tmp_path: Path, run: Run) -> None:
    video = flashing(tmp_path / "clip.mp4", 3)
    voice = media.sound(tmp_path / "voice.wav", "anullsrc=d=0.5")
    listed = media.manifest(tmp_path / "m.json", [{"clip_number": 1, "video": str(video), "audio": str(voice)}])
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 0 and ran.result["lufs"] is None and "silent" in ran.stderr


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("nonsense", "cannot be read"),
        ('{"clips": []}', "clips must be"),
        ('{"clips": [7]}', "clips[0]"),
        ('{"clips": [{"clip_number": "1", "video": "a", "audio": "b"}]}', "clips[0].clip_number"),
        ('{"clips": [{"clip_number": 1, "audio": "a"}]}', "clips[0] needs"),
        ('{"clips": [{"clip_number": 1, "video": "a", "audio": 3}]}', "clips[0].audio"),
        ('{"clips": [{"clip_number": 1, "video": "a", "audio": "b"}, {"clip_number": 1, "video": "a", "audio": "b"}]}',
         "clip_number 1 is there twice"),
        ('{"clips": [{"clip_number": 1, "video": "a", "audio": "b", "hold": -1}]}', "clips[0].hold"),
        ('{"clips": [{"clip_number": 4, "video": "a.mp4", "audio": "b.mp3"}]}', "clip 4: its video"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_by_field(text: str, field: str, tmp_path: Path, run: Run) -> None:
    listed = tmp_path / "manifest.json"
    listed.write_text(text)
    ran = run(assemble_video.main, "--manifest", listed, "--output", tmp_path / "film.mp4")
    assert ran.code == 65 and field in ran.failure["message"]
