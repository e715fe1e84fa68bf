"""What the scripts rely on below them: FFmpeg as a child, packets, loudness, MP4 boxes."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from scripts import cut_clip
from scripts.lib.failures import Failure, Kind
from scripts.lib.film import ffmpeg, loudness, mp4, packets
from tests.harness.patience import until
from tests.scripts import media

SMALL = "320x180"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.clip(tmp_path_factory.mktemp("small") / "small.mp4", 2.0, SMALL)


def a_program(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script in FFmpeg's place."""
    path = folder / "fake_ffmpeg"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "_broken", {})
    monkeypatch.setenv("VIDEOD_FFMPEG", str(path))


def test_the_configured_ffmpeg_comes_before_the_one_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "exit 0", monkeypatch)
    assert ffmpeg.ffmpeg_path() == str(tmp_path / "fake_ffmpeg")


def test_a_configured_ffmpeg_that_is_not_there_is_a_configuration_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOD_FFMPEG", "/nowhere/ffmpeg")
    with pytest.raises(Failure) as caught:
        ffmpeg.ffmpeg_path()
    assert caught.value.kind is Kind.CONFIGURATION


def test_without_path_the_package_brings_an_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDEOD_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "imageio_ffmpeg" in ffmpeg.ffmpeg_path()


def test_ffmpeg_runs_at_nice_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "nice", monkeypatch)
    assert int(ffmpeg.run([], "looking").output) == min(19, os.nice(0) + 10)


def test_a_chatty_ffmpeg_keeps_only_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "yes 123456789 | head -c 5000000 >&2; echo the end >&2", monkeypatch)
    errors = ffmpeg.run([], "looking").errors
    assert len(errors) <= ffmpeg.STDERR_BYTES_MAX
    assert errors.endswith("the end\n")


def test_where_no_ffmpeg_starts_it_is_a_configuration_failure(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path, "echo 'libavcodec.so: cannot open shared object file' >&2; exit 127", monkeypatch)
    monkeypatch.setattr(ffmpeg, "_packaged", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for work in (lambda: ffmpeg.run([], "looking"), lambda: ffmpeg.probe(small)):
        with pytest.raises(Failure, match=r"FFmpeg does not run .*cannot open shared object") as caught:
            work()
        assert caught.value.kind is Kind.CONFIGURATION


BROKEN = {
    "another library": "echo 'ffmpeg: error while loading shared libraries: libavcodec.so.61' >&2; exit 127",
    "a symbol missing": "echo 'ffmpeg: symbol lookup error: undefined symbol: av_x' >&2; exit 127",
    "not executable": None,
    "half copied": "kill -BUS $$",
    "built without x264": "echo \"Unknown encoder 'libx264'\" >&2; exit 8",
    "no script and no binary": "",
}


@pytest.mark.fault("6.6")
@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("named", [True, False])
def test_the_next_ffmpeg_in_line_is_tried_where_one_does_not_run(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str,
    named: bool,
) -> None:  # fmt: skip
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{BROKEN[way]}\n" if BROKEN[way] != "" else "\x7fELF and no more")
    program.chmod(0o644 if BROKEN[way] is None else 0o755)
    monkeypatch.setattr(ffmpeg, "_broken", {})
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if named:
        monkeypatch.setenv("VIDEOD_FFMPEG", str(program))
    assert ffmpeg.count_pictures(small, "looking") == 48
    found = ffmpeg.probe(small).video
    assert found is not None and found.width == 320
    assert BROKEN[way] is None or capsys.readouterr().err.count("The next one is tried") == 1


@pytest.mark.fault("6.6")
def test_an_ffmpeg_that_is_gone_from_its_folder_is_passed_over(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "_broken", {})
    monkeypatch.setenv("VIDEOD_FFMPEG", str(tmp_path / "ffmpeg"))
    assert ffmpeg.count_pictures(small, "looking") == 48


@pytest.mark.fault("6.8")
@pytest.mark.parametrize(
    "words",
    [
        "Error while opening encoder: Cannot allocate memory; exit 1", "x264 [error]: malloc of size 99 failed; exit 1",
        "fork: retry: Resource temporarily unavailable; exit 254", "pthread_create failed; exit 1",
        "ffmpeg: error while loading shared libraries: libm.so: failed to map segment from shared object; exit 127",
    ],
)  # fmt: skip
def test_what_the_host_lacks_is_never_the_inputs_fault(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    said, _, end = words.rpartition("; ")
    a_program(tmp_path, f"echo '{said}' >&2; {end}", monkeypatch)
    for work in (lambda: ffmpeg.run([], "clip 3: cutting"), lambda: ffmpeg.probe(small)):
        with pytest.raises(Failure) as caught:
            work()
        assert (caught.value.kind, caught.value.service) == (Kind.DOWN, "host")


@pytest.mark.fault("6.8")
@pytest.mark.parametrize("kib", [100_000, 250_000, 500_000])
def test_a_cut_with_too_little_memory_is_tried_again(small: Path, tmp_path: Path, kib: int) -> None:
    voice = media.sound(tmp_path / "voice.wav", "sine=duration=0.5")
    words = ["--video", str(small), "--audio", str(voice), "--output", str(tmp_path / "cut.mov"), "--events"]
    command = [sys.executable, str(Path(cut_clip.__file__)), *words]
    limited = ["sh", "-c", f'ulimit -v {kib}; exec "$@"', "sh", *command]
    root = Path(cut_clip.__file__).parents[1]
    done = subprocess.run(
        limited, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(root)}
    )
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"type": "failure"')]
    assert done.returncode in (69, 0), done.stderr[-500:]
    assert done.returncode == 0 or (events[0]["kind"], events[0]["service"]) == ("down", "host")


@pytest.mark.fault("6.8")
def test_a_process_that_cannot_be_started_now_is_tried_again_later(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", lacking)
    with pytest.raises(Failure) as caught:
        ffmpeg.count_pictures(small, "looking")
    assert (caught.value.kind, caught.value.service) == (Kind.DOWN, "host")


def test_a_full_disk_is_reported_from_a_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "echo 'av_write_frame: No space left on device' >&2; exit 1", monkeypatch)
    with pytest.raises(Failure) as caught:
        ffmpeg.run([], "clip 3: cutting")
    assert caught.value.kind is Kind.DISK
    assert "clip 3" in caught.value.message


def test_a_hanging_ffmpeg_is_killed_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "exec sleep 1000000", monkeypatch)
    with pytest.raises(RuntimeError, match="killed"):
        ffmpeg.run([], "looking", limit_s=0.2)


def test_an_ffmpeg_that_is_stopped_does_not_blame_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "echo 'Exiting normally, received signal 15.' >&2; exit 255", monkeypatch)
    with pytest.raises(RuntimeError, match="killed"):
        ffmpeg.run([], "clip 3: cutting")


def test_a_probe_tells_pictures_and_sound(tmp_path: Path, small: Path) -> None:
    both = media.make(
        tmp_path / "both.mov", *ffmpeg.given(small), "-f", "lavfi", "-i", "sine=d=2", "-c:v", "copy", "-ac", "2"
    )
    found = ffmpeg.probe(both)
    assert found.video is not None and found.audio is not None
    assert (found.video.codec, found.video.profile, found.video.pixel_format) == ("h264", "High", "yuv420p")
    assert (found.video.width, found.video.height, found.video.fps, found.video.upright) == (320, 180, 24.0, True)
    assert (found.audio.rate_hz, found.audio.layout) == (44100, "stereo")
    assert found.duration_s == pytest.approx(2.0, abs=0.05)


def test_oblong_pixels_are_noticed(tmp_path: Path) -> None:
    odd = media.make(tmp_path / "odd.mp4", "-f", "lavfi", "-i", "color=s=64x64:d=0.2,setsar=4/3", *media.X264)
    video = ffmpeg.probe(odd).video
    assert video is not None and not video.upright


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>Not Found</body></html>",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><rect width='64' height='64'/></svg>",
        "",
    ],
)
def test_what_only_looks_like_a_clip_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        ffmpeg.probe(path)
    assert caught.value.kind is Kind.INPUT


@pytest.mark.fault("12.22")
@pytest.mark.parametrize("target", ["{clip}", "file:{clip}", "clip.mp4"])
def test_a_list_of_files_is_taken_from_nobody_else(target: str, tmp_path: Path, small: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(small.read_bytes())
    listed = tmp_path / "list.mp4"
    listed.write_text(f"ffconcat version 1.0\nfile '{target.format(clip=tmp_path / 'clip.mp4')}'\n")
    with pytest.raises(Failure, match="no readable video or audio file"):
        ffmpeg.probe(listed)
    with pytest.raises(Failure):
        ffmpeg.run([*ffmpeg.given(listed), "-f", "null", "-"], "reading a list")
    ffmpeg.run([*ffmpeg.own_list(listed), "-f", "null", "-"], "reading a list of our own")


def test_odd_file_names_are_only_names(tmp_path: Path, small: Path) -> None:
    for name in ("-y.mp4", "it's 50%d.mp4", "concat:a|b.mp4"):
        path = tmp_path / name
        path.write_bytes(small.read_bytes())
        assert ffmpeg.count_pictures(path, "looking") == 48


def test_decoding_stops_at_damage_that_the_headers_hide(tmp_path: Path, small: Path) -> None:
    data = bytearray(small.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 4000] = bytes(4000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    assert ffmpeg.probe(broken).video is not None
    with pytest.raises(Failure) as caught:
        ffmpeg.count_pictures(broken, "clip 5")
    assert caught.value.kind is Kind.INPUT and "clip 5" in caught.value.message


def a_list(times: list[tuple[int, int]]) -> packets.PacketList:
    rows = [packets.Packet(dts, pts, 1, f"1 {pts}", place == 0) for place, (dts, pts) in enumerate(times)]
    return packets.PacketList(Fraction(1, 24), tuple(rows))


def test_pictures_are_numbered_in_showing_order() -> None:
    listed = a_list([(-1, 0), (0, 2), (1, 1), (2, 3)])
    assert listed.numbers(24) == [0, 2, 1, 3]
    assert listed.delay(24) == 1


@pytest.mark.parametrize("times", [[(0, 0), (1, 1), (2, 3)], [(0, 0), (1, 1), (2, 1)], [(0, 1), (1, 0)]])
def test_a_gap_a_repetition_or_a_late_start_is_no_constant_rate(times: list[tuple[int, int]]) -> None:
    assert a_list(times).numbers(24) is None


def test_a_cut_waits_until_no_picture_misses_its_reference() -> None:
    numbers = [0, 3, 1, 2, 4, 7, 5, 6]
    assert [packets.closed_cut(numbers, wanted) for wanted in range(1, 9)] == [1, 4, 4, 4, 5, 8, 8, 8]
    assert packets.closed_cut(numbers, 9) is None


def test_real_packets_have_their_rate_and_only_theirs(small: Path) -> None:
    listed = packets.listing(small, "0:v:0", "looking")
    numbers = listed.numbers(24)
    assert numbers is not None and sorted(numbers) == list(range(48)) and numbers != sorted(numbers)
    assert listed.numbers(25) is None


def test_a_sine_of_minus_23_dbfs_in_both_channels_has_minus_23_lufs(tmp_path: Path) -> None:
    # EBU Tech 3341, case 1
    level = 10 ** (-23 / 20)
    path = media.make(
        tmp_path / "sine.wav",
        "-f",
        "lavfi",
        "-i",
        f"aevalsrc={level}*sin(2000*PI*t)|{level}*sin(2000*PI*t):s=48000:d=4",
    )
    found = loudness.measure(path, "sine")
    assert found.lufs == pytest.approx(-23.0, abs=0.1)
    assert found.true_peak_db == pytest.approx(-23.0, abs=0.2)
    assert found.samples == 4 * 48_000


def test_silence_has_no_loudness_and_gets_no_gain(tmp_path: Path) -> None:
    found = loudness.measure(media.sound(tmp_path / "silence.wav", "anullsrc=d=1"), "silence")
    assert found.lufs is None
    assert loudness.gain_db(found.lufs, -16.0) == 0.0


def test_a_clip_without_sound_cannot_be_measured(small: Path) -> None:
    with pytest.raises(Failure) as caught:
        loudness.measure(small, "clip 2")
    assert caught.value.kind is Kind.INPUT


def avc_of(folder: Path, number: int, profile: str) -> mp4.Avc:
    codec = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", profile, "-x264-params", f"sps-id={number}")
    path = media.clip(folder / f"{number}_{profile}.mp4", 0.2, "64x64", codec=codec)
    found = mp4.read_avc(path)
    assert found is not None
    return found


def test_parameter_sets_clash_only_under_the_same_number(tmp_path: Path) -> None:
    main, high, high_seven = avc_of(tmp_path, 0, "main"), avc_of(tmp_path, 0, "high"), avc_of(tmp_path, 7, "high")
    assert set(high_seven.ids()) == {("sps", 7), ("pps", 7)}
    assert main.clashes(high) and not high.clashes(high)
    assert not main.clashes(high_seven)
    assert set(main.joined(high_seven).ids()) == {("sps", 0), ("pps", 0), ("sps", 7), ("pps", 7)}


def test_finishing_moves_the_index_to_the_front_and_keeps_every_packet(tmp_path: Path, small: Path) -> None:
    tail = media.make(tmp_path / "tail.mp4", *ffmpeg.given(small), "-c", "copy")
    avc = mp4.read_avc(tail)
    assert avc is not None and not mp4.is_fast_start(tail)
    more = avc.joined(avc_of(tmp_path, 7, "high"))
    done = tmp_path / "done.mp4"
    with done.open("wb") as out:
        mp4.finish(tail, out, more, (64, 36))
    assert mp4.is_fast_start(done)
    assert mp4.read_avc(done) == more
    assert media.picture_sums(done) == media.picture_sums(small)


def test_a_file_that_ends_inside_a_box_is_cut_off(tmp_path: Path, small: Path) -> None:
    part = tmp_path / "part.mp4"
    part.write_bytes(small.read_bytes()[:-1000])
    with pytest.raises(Failure, match="cut off"):
        mp4.top_boxes(part)


def test_an_encode_dies_with_the_script_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom scripts.lib.film import ffmpeg\nprint('up', flush=True)\n"
        "ffmpeg.run(['-re', '-f', 'lavfi', '-i', 'testsrc2=duration=60', '-f', 'null', sys.argv[1]], 'test')\n"
    )
    mark = str(tmp_path / "marked-output")
    with subprocess.Popen([sys.executable, "-c", program, mark], stdout=subprocess.PIPE) as script:
        assert script.stdout is not None
        script.stdout.readline()
        until(lambda: len(_running(mark)) >= 2)
        script.kill()
    until(lambda: not _running(mark))


def _running(mark: str) -> list[str]:
    """Command lines of living processes that name `mark`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            found += [line] if mark in line else []
    return found
