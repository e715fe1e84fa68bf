"""Decoders stand behind a wall: what one does that a file has taken over, and what becomes of one that dies."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.harness.patience import eventually, until
from videod.adapters import decode, decoding_room, launch, picture, seccomp
from videod.adapters.decode import Undecodable
from videod.adapters.decoding_room import DecodingRoom, Limits
from videod.adapters.inspector import MediaInspector
from videod.adapters.picture import NoPicture
from videod.core.step import Expectation
from videod.ports import BadArtefact, Unchecked

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ROOT = Path(__file__).parents[2]
ANY = Expectation(max_s=60.0)
LIMITS = Limits(4 << 30, 60)
needs_landlock = pytest.mark.skipif(not launch.abi(), reason="this kernel has no Landlock")
needs_both = pytest.mark.skipif(
    not launch.abi() or seccomp.missing() is not None, reason="this kernel has no Landlock or no filters"
)


@pytest.fixture
def room() -> Iterator[DecodingRoom]:
    made = DecodingRoom()
    yield made
    made.close()


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch, room: DecodingRoom) -> DecodingRoom:
    """A room whose Pillow is taken over by every picture (`taken_over`)."""
    monkeypatch.setattr(decoding_room, "_HELPER", str(Path(__file__).with_name("taken_over.py")))
    return room


def helper_of(room: DecodingRoom) -> int:
    assert room._helper is not None
    return room._helper._process.pid


def running(pid: int) -> bool:
    """Also of one that nobody may look at in /proc; a dead one that nobody has waited for does not run."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([handle], [], [], 0)[0]
    finally:
        os.close(handle)


async def said_by_ffmpeg(room: DecodingRoom, path: Path, script: str) -> list[str]:
    """What an FFmpeg says that does this instead: a shell, which needs no other program for it."""
    with path.open("rb") as source:
        async with room.runs(("/bin/bash", "-c", script, "ffmpeg", str(path)), source, 0, LIMITS) as visit:
            said = await visit.words.read()
            await visit.ended()
    return [line for line in said.decode().splitlines() if line in ("got", "in")]


def bait(path: Path, code: str) -> None:
    """A picture that makes its decoder run this, in a room of `pictures`."""
    path.write_bytes(b"\x89PNG\r\n\x1a\n#bait\n" + code.encode())


async def told_by_pillow(room: DecodingRoom, path: Path, code: str) -> dict[str, object]:
    bait(path, code)
    with path.open("rb") as source, pytest.raises(NoPicture) as caught:
        await picture.decoded(room, path, source, 1000)
    told = json.loads(str(caught.value))
    assert isinstance(told, dict)
    return told


# --------------------------------------------------------------------------------------- taken over by a file

#: what a shell does -> what would show that it could
ACTS = {
    "reads a secret": 'x=$(<"$SECRET") && echo got >&2',
    "reads the users": "read -r x </etc/passwd && echo got >&2",
    "lists no folder": 'for x in "$FOLDER"/*; do [ "$x" = "$FOLDER/secret" ] && echo got >&2; done',
    "writes beside": 'echo x >"$FOLDER/new" && echo got >&2',
    "writes its file": 'echo x >>"$1" && echo got >&2',
    "writes into /tmp": "echo x >/tmp/videod-decoding-got && echo got >&2",
    "writes into memory": "echo x >/dev/shm/videod-decoding-got && echo got >&2",
    "calls by TCP": 'exec 5<>"/dev/tcp/127.0.0.1/$PORT" && echo got >&2',
    "sends by UDP": 'echo x >"/dev/udp/127.0.0.1/$PORT" && echo got >&2',
    "ends the daemon": 'kill -0 "$DAEMON" && echo got >&2',
    "starts another": "(echo got >&2)",
}


@needs_both
@pytest.mark.fault("12.8")
@pytest.mark.parametrize("act", ACTS)
async def test_an_ffmpeg_that_a_file_took_over_reads_that_file_and_nothing_else(
    act: str, room: DecodingRoom, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "film.mp4").write_text("film")
    with socket.create_server(("127.0.0.1", 0)) as ear:
        ear.setblocking(False)
        names = {"SECRET": tmp_path / "secret", "FOLDER": tmp_path, "PORT": ear.getsockname()[1], "DAEMON": os.getpid()}
        script = "; ".join(f"{name}={value}" for name, value in names.items())
        script += f'; read -r x <"$1"; [ "$x" = film ] && echo in >&2; {{ {ACTS[act]}; }} 2>/dev/null'
        script = script.replace("echo got >&2", "echo got >&9").replace("2>/dev/null", "9>&2 2>/dev/null")
        assert await said_by_ffmpeg(room, tmp_path / "film.mp4", script) == ["in"]
        with pytest.raises(BlockingIOError):
            ear.accept()
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "film.mp4").read_text() == "film"


PICTURE_ACTS = {
    "reads a secret": "open(SECRET)", "reads its own code": "open(os.__file__)",
    "reads the users": "open('/etc/passwd')", "lists a folder": "os.listdir('/')",
    "writes": "open(SECRET + '2', 'w')", "changes a mode": "os.chmod(SECRET, 0o777)",
    "calls": "socket.create_connection(('127.0.0.1', PORT))", "makes a pair": "socket.socketpair()",
    "starts another": "os.fork()", "becomes another": "os.execv('/bin/true', ['true'])",
    "ends its parent": "os.kill(os.getppid(), 0)", "ends the daemon": "os.kill(DAEMON, 0)",
    "bounds the daemon": "resource.prlimit(DAEMON, resource.RLIMIT_CPU, (1, 1))",
    "ends it by a handle": "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "reads memory": "open('/proc/self/mem')",
    "reads its parent": "open(f'/proc/{os.getppid()}/environ')", "makes a namespace": "os.unshare(0x10000000)",
    "hides a file in memory": "os.memfd_create('x')",
}  # fmt: skip


#: what Landlock bounds from its sixth version on; the daemon is out of reach before as well
BY_SIGNALS = ("ends its parent", "ends it by a handle")


@needs_both
@pytest.mark.fault("12.8")
async def test_a_pillow_that_a_picture_took_over_can_do_nothing_but_speak(
    pictures: DecodingRoom, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as ear:
        ear.setblocking(False)
        names = {"SECRET": str(tmp_path / "secret"), "PORT": ear.getsockname()[1], "DAEMON": os.getpid()}
        lines = [f"{name} = {value!r}" for name, value in names.items()]
        lines += ["told['handles'] = [n for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')]",
                  "told['handles'].remove(source.fileno())", "told['environment'] = sorted(os.environ)"]  # fmt: skip
        for act, code in PICTURE_ACTS.items():
            if act in BY_SIGNALS and launch.abi() < 6:
                continue
            lines += ["try:", f"    {code}", f"    told[{act!r}] = 'done'", "except (OSError, AttributeError): pass"]
        told = await told_by_pillow(pictures, tmp_path / "a.png", "\n".join(lines))
        with pytest.raises(BlockingIOError):
            ear.accept()
    assert told.pop("handles") == []
    assert set(told.pop("environment")) <= {"PATH", "LC_CTYPE", "LD_LIBRARY_PATH", "GLIBC_TUNABLES"}  # type: ignore[call-overload]
    assert told == {}
    assert (tmp_path / "secret").stat().st_mode & 0o777 != 0o777


@needs_landlock
@pytest.mark.fault("12.8")
async def test_a_name_that_leads_elsewhere_by_now_leads_the_decoder_nowhere(room: DecodingRoom, tmp_path: Path) -> None:
    made = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=1", "-c:v", "libx264"]
    subprocess.run([*made, str(tmp_path / "secret.mp4")], check=True)
    path = tmp_path / "clip.mp4"
    path.write_bytes((tmp_path / "secret.mp4").read_bytes())
    with path.open("rb") as source:
        assert (await decode.decode(FFMPEG, path, "video", ANY, (), room, source)).seen is not None
        path.unlink()
        (tmp_path / "secret.mp4").rename(path)  # another file of the same name
        with pytest.raises((Undecodable, Unchecked)):
            await decode.decode(FFMPEG, path, "video", ANY, (), room, source)


async def test_what_remains_of_a_decoder_in_another_session_ends_with_it(room: DecodingRoom, tmp_path: Path) -> None:
    """A wrapper script may start programs; one that leaves its session falls to the helper."""
    (tmp_path / "film.mp4").write_text("film")
    wrapper = tmp_path / "ffmpeg"
    wrapper.write_text('#!/bin/bash\nexec 2>/dev/null\n(setsid bash -c "exec -a $1-stray sleep 1000000" &)\n')
    wrapper.chmod(0o755)
    with (tmp_path / "film.mp4").open("rb") as source:
        async with room.runs((str(wrapper), str(tmp_path)), source, 0, LIMITS) as visit:
            await visit.ended()
    named = os.fsencode(f"{tmp_path}-stray")

    def strays() -> list[Path]:
        return [told for told in Path("/proc").glob("[0-9]*/cmdline") if named in _read(told).split(b"\0")[:1]]

    await eventually(lambda: not strays())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# ------------------------------------------------------------------------------------- answers that are none


LIES: dict[str, bytes] = {
    "nothing": b"", "no JSON": b"\xff\0{", "no object": b"[1]", "no size": b"{}",
    "text": b'{"width": "a", "height": 3}',
    "infinite": b'{"width": Infinity, "height": 1e999}', "negative": b'{"width": -5, "height": 5}',
    "too large": b'{"width": 99999, "height": 99999}', "deep": b"[" * 9000, "long": b'{"width": ' + b"9" * 9000 + b"}",
}  # fmt: skip


@pytest.mark.fault("12.8")
@pytest.mark.parametrize("lie", LIES)
async def test_what_a_decoder_says_is_not_taken_on_trust(lie: str, pictures: DecodingRoom, tmp_path: Path) -> None:
    bait(tmp_path / "a.png", f"os.write(1, {LIES[lie]!r}); os._exit(0)")
    with pytest.raises(BadArtefact, match=r"a\.png makes its decoder answer nonsense"):
        await MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)


@pytest.mark.fault("12.8")
async def test_a_decoder_that_talks_endlessly_is_not_listened_to(pictures: DecodingRoom, tmp_path: Path) -> None:
    bait(tmp_path / "a.png", "while True: os.write(1, b'x' * 65536)")
    with pytest.raises(BadArtefact, match="nonsense"):
        await MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)


@pytest.mark.fault("12.8")
async def test_its_words_are_cut_and_cleaned(pictures: DecodingRoom, tmp_path: Path) -> None:
    words = json.dumps({"no_picture": "is \x1b[2J\u202e" + "x" * 9000})
    bait(tmp_path / "a.png", f"os.write(1, {words.encode()!r}); os._exit(0)")
    with pytest.raises(BadArtefact) as caught:
        await MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)
    assert "\x1b" not in str(caught.value) and "\u202e" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.fault("12.8")
@pytest.mark.parametrize(
    "line",
    [
        "[Parsed_blackframe_2 @ 0x1] frame:1 pblack:99999999999999999999 pts:1 t:1.2.3",
        "[Parsed_blackframe_2 @ 0x1] frame:1 pblack:1 pts:1 t:" + "9" * 4000,
        "[Parsed_astats_0 @ 0x1] Number of samples: 1e999",
        "[Parsed_astats_0 @ 0x1] Peak level dB: inf",
        "[Parsed_astats_0 @ 0x1] RMS level dB: x",
        "[silencedetect @ 0x1] silence_start: 1.2.3",
        "  Duration: " + "9" * 4000 + ":00:00.00, start: 1.2.3",
        "  Stream #0:" + "9" * 4000 + ": Video: h264, 99999x99999 ",
        "size= 1 time=" + "9" * 4000 + ":00:00.0",
    ],
)
def test_numbers_that_ffmpeg_cannot_mean_are_passed_over(line: str) -> None:
    notes = decode._Notes()
    for told in ("  Stream #0:0: Video: h264, 320x180 ", "  Stream #0:1: Audio: aac, 44100 Hz", line, line):
        notes.take(told)
    notes.decoded()
    assert json.dumps([notes.first_s, notes.last_s, notes.peak_db, notes.mean_db, notes.ended_s, notes.claimed_s,
                       notes.silent_from_s], allow_nan=False)  # fmt: skip


# --------------------------------------------------------------------------------------------- death and hanging


@pytest.mark.fault("12.8")
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGSYS])
async def test_a_picture_that_breaks_its_decoder_twice_is_refused(
    number: signal.Signals, pictures: DecodingRoom, tmp_path: Path
) -> None:
    n = int(number)
    bait(tmp_path / "a.png", f"signal.signal({n}, signal.SIG_DFL); os.kill(os.getpid(), {n})")
    with pytest.raises(BadArtefact, match=r"a\.png crashes its decoder"):
        await MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)


@pytest.mark.fault("12.8")
@pytest.mark.parametrize("code", ["os.kill(os.getpid(), 9)", "bytearray(1 << 40)", "os._exit(3)"])
async def test_a_decoder_that_ends_for_another_reason_says_nothing_about_the_picture(
    code: str, pictures: DecodingRoom, tmp_path: Path
) -> None:
    bait(tmp_path / "a.png", code)
    with pytest.raises(Unchecked, match=r"a\.png could not be checked"):
        await MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)


@pytest.mark.fault("12.8")
async def test_a_picture_that_never_ends_is_left_and_the_next_one_is_looked_at(
    room: DecodingRoom, pictures: DecodingRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector = MediaInspector(lambda: FFMPEG, room=pictures)
    bait(tmp_path / "a.png", "while True: pass")
    monkeypatch.setattr(picture, "LOOK_S", 0.2)
    with pytest.raises(Unchecked, match="could not be decoded within"):
        await inspector.inspect(tmp_path / "a.png", "image", ANY)
    monkeypatch.setattr(picture, "LOOK_S", 600.0)
    assert (await told_by_pillow(room, tmp_path / "b.png", "told['ran'] = 1")) == {"ran": 1}


@pytest.mark.fault("12.8")
async def test_a_helper_that_dies_costs_one_look(room: DecodingRoom, tmp_path: Path) -> None:
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    inspector = MediaInspector(lambda: FFMPEG, room=room)
    await inspector.inspect(tmp_path / "a.png", "image", ANY)
    before = helper_of(room)
    os.kill(before, signal.SIGKILL)
    until(lambda: not running(before))
    await inspector.inspect(tmp_path / "a.png", "image", ANY)
    assert helper_of(room) != before


@pytest.mark.fault("12.8")
async def test_a_look_during_which_the_helper_dies_says_nothing_about_the_file(
    pictures: DecodingRoom, tmp_path: Path
) -> None:
    bait(tmp_path / "a.png", "signal.pause()")
    look = asyncio.create_task(
        MediaInspector(lambda: FFMPEG, room=pictures).inspect(tmp_path / "a.png", "image", ANY)
    )  # fmt: skip
    await eventually(lambda: pictures._helper is not None and children(helper_of(pictures)))
    forked = children(helper_of(pictures))
    os.kill(helper_of(pictures), signal.SIGKILL)
    with pytest.raises(Unchecked, match="the process that looks at files ended"):
        await look
    await eventually(lambda: not any(running(child) for child in forked))


@pytest.mark.fault("12.8")
async def test_each_picture_has_a_process_of_its_own(pictures: DecodingRoom, tmp_path: Path) -> None:
    """What one leaves in its memory, the next does not find, also where it waited for it already."""
    code = "told['left'] = os.environ.get('LEFT'); os.environ['LEFT'] = 'x'; told['pid'] = os.getpid()"
    told = [await told_by_pillow(pictures, tmp_path / "a.png", code) for _ in range(4)]
    assert len({one["pid"] for one in told}) == 4 and {one["left"] for one in told} == {None}


@pytest.mark.fault("12.8")
async def test_nobody_waits_for_a_picture_when_none_comes(pictures: DecodingRoom, tmp_path: Path) -> None:
    await told_by_pillow(pictures, tmp_path / "a.png", "told['ran'] = 1")
    await eventually(lambda: not children(helper_of(pictures)))
    assert await told_by_pillow(pictures, tmp_path / "a.png", "told['ran'] = 2") == {"ran": 2}


@pytest.mark.fault("12.8")
async def test_one_that_dies_while_it_waits_costs_nothing(pictures: DecodingRoom, tmp_path: Path) -> None:
    await told_by_pillow(pictures, tmp_path / "a.png", "told['ran'] = 1")
    for child in children(helper_of(pictures)):
        with suppress(ProcessLookupError):  # dismissed meanwhile, as nobody came
            os.kill(child, signal.SIGKILL)
        until(lambda child=child: not running(child))  # type: ignore[misc]
    assert await told_by_pillow(pictures, tmp_path / "a.png", "told['ran'] = 2") == {"ran": 2}


@pytest.mark.fault("12.8")
async def test_a_helper_that_hangs_is_replaced(
    room: DecodingRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    inspector = MediaInspector(lambda: FFMPEG, room=room)
    await inspector.inspect(tmp_path / "a.png", "image", ANY)
    before = helper_of(room)
    os.kill(before, signal.SIGSTOP)
    monkeypatch.setattr(picture, "LOOK_S", 0.2)
    monkeypatch.setattr(decoding_room, "END_S", 0.2)
    with pytest.raises(Unchecked):
        await inspector.inspect(tmp_path / "a.png", "image", ANY)
    monkeypatch.setattr(picture, "LOOK_S", 600.0)
    await inspector.inspect(tmp_path / "a.png", "image", ANY)
    assert not running(before)


@pytest.mark.fault("12.8")
async def test_a_helper_that_does_not_start_says_nothing_about_the_file(
    room: DecodingRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    (tmp_path / "broken.py").write_text("raise ImportError('no Pillow here')")
    monkeypatch.setattr(decoding_room, "_HELPER", str(tmp_path / "broken.py"))
    inspector = MediaInspector(lambda: FFMPEG, room=room)
    for _ in range(2):
        with pytest.raises(Unchecked, match=r"a\.png could not be checked"):
            await inspector.inspect(tmp_path / "a.png", "image", ANY)
    assert any("no Pillow here" in str(getattr(one, "said", "")) for one in caplog.records)
    monkeypatch.undo()
    await inspector.inspect(tmp_path / "a.png", "image", ANY)


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


USES_A_ROOM = """
import asyncio, sys
from pathlib import Path
from videod.adapters import decoding_room
from videod.adapters.inspector import MediaInspector
from videod.core.step import Expectation
asyncio.run(MediaInspector(lambda: "no FFmpeg").inspect(Path(sys.argv[1]), "image", Expectation()))
print(decoding_room.common()._helper._process.pid, "PIL" in sys.modules, flush=True)
if sys.argv[2] == "stays":
    sys.stdin.read()
"""


@pytest.mark.fault("12.8")
@pytest.mark.parametrize("stays", ["stays", "ends"])
def test_the_helper_ends_with_its_daemon_however_that_ends(stays: str, tmp_path: Path) -> None:
    Image.effect_noise((64, 36), 50).save(tmp_path / "a.png")
    argv = [sys.executable, "-c", USES_A_ROOM, str(tmp_path / "a.png"), stays]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        helper, has_pillow = daemon.stdout.readline().split()
        assert has_pillow == b"False", "decoding is the helper's, and Pillow's memory as well"
        if stays == "stays":
            assert running(int(helper))
            daemon.kill()
    until(lambda: not running(int(helper)))
