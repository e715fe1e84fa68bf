"""Scripts: what never left this machine is never unconfirmed, whatever went wrong; and no key shows by it."""

import os
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from scripts import generate_asset, generate_audio, generate_plan, generate_sound_effects, generate_video, upload_video
from scripts.lib import failures, gemini, http, pictures
from tests.scripts.conftest import Run
from tests.scripts.test_generate_asset import PATH, drawn
from tests.scripts.test_generate_asset import wish as picture_wish
from tests.scripts.test_generate_plan import wish as plan_wish
from tests.scripts.test_generate_sounds import SPEECH, effect, speech
from tests.scripts.test_generate_video import lay_out
from tests.scripts.test_generate_video import wish as clip_wish
from tests.scripts.test_upload_video import wish as film_wish
from tests.scripts.wire import Say, Wire

LATIN1 = (Path(__file__).parent.parent / "cases" / "text_latin1.txt").read_bytes().strip()
#: texts that no JSON in UTF-8 can carry, as a command line hands them over
UNSENDABLE = (os.fsdecode(LATIN1), "half a pair \ud800", "the other half \udfff", "a NUL\0in it")


@contextmanager
def proxy(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Something that takes one CONNECT and says `answer`; what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    asked.append(line.recv(65_536))
                    line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


REFUSING = [
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "down"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno", "down"),
    (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "configuration"),
    (b"", "down"),
    (b"what?\r\n\r\n", "down"),
    (b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS", "down"),
]


@pytest.mark.fault("5.12")
@pytest.mark.parametrize(("answer", "kind"), REFUSING)
def test_a_proxy_that_does_not_lead_on_leaves_no_doubt(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, kind: str
) -> None:
    with proxy(answer) as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", address)
        for service in ("GEMINI", "ELEVENLABS"):
            monkeypatch.setenv(f"VIDEOD_URL_{service}", "https://service.invalid")
        for main, words in ((generate_asset.main, picture_wish(tmp_path)), (generate_audio.main, speech(tmp_path))):
            ran = run(main, *words)
            assert ran.failure["kind"] == kind
            assert kind != "configuration" or ("proxy" in ran.failure["message"] and "HTTPS_PROXY" in ran.stderr)
    assert all(line.startswith(b"CONNECT ") for line in asked) and asked
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("5.12")
@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://nowhere.invalid", "https+tls"])
def test_what_cannot_be_reached_leaves_no_doubt(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    # a server that speaks no TLS fails the handshake
    monkeypatch.setenv("VIDEOD_URL_GEMINI", wire.url.replace("http:", "https:") if address == "https+tls" else address)
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (69, "down")
    assert list(tmp_path.iterdir()) == []


def spoken(folder: Path, picture: Path, text: str) -> Iterator[tuple[object, Sequence[object]]]:
    """Every script that buys, with `text` as what it is about."""
    yield generate_asset.main, ["--prompt", text, "--output", folder / "a.png"]
    yield generate_audio.main, speech(folder, "--text", text)
    yield generate_sound_effects.main, effect(folder, "--text", text)
    yield generate_video.main, clip_wish(folder, picture, "--prompt", text)
    yield generate_plan.main, plan_wish(folder, "--topic", text)
    yield upload_video.main, film_wish(picture, "--title", text)


@pytest.mark.fault("5.12")
@pytest.mark.parametrize("text", UNSENDABLE, ids=["latin-1", "high half", "low half", "NUL"])
def test_a_text_that_cannot_be_sent_is_refused_before_anything_is_noted(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, text: str
) -> None:
    for main, words in spoken(tmp_path, picture, text):
        ran = run(main, *words)
        assert (ran.code, ran.failure["kind"]) == (65, "input"), main
        assert re.fullmatch(r"the text of --\w+ is not UTF-8. Nothing was sent", ran.failure["message"])
    assert wire.asked == [] and {path.name for path in tmp_path.iterdir()} == {"seed.png", "checker.py"}


KEYS = ("broken\nsecret-word", "secret-word\r\nX: y", "secret word", "sécret-word", "secret\tword", "secret\u2028-word")


@pytest.mark.fault("5.12")
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_no_header_takes_is_named_and_never_shown(
    wire: Wire, run: Run, tmp_path: Path, picture: Path, clip: bytes, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    lay_out(wire, clip)
    for name in ("GEMINI_API_KEY", "ELEVENLABS_API_KEY", "KIE_API_KEY"):
        monkeypatch.setenv(name, key)
    for main, words, name in (
        (generate_asset.main, picture_wish(tmp_path), "GEMINI"), (generate_audio.main, speech(tmp_path), "ELEVENLABS"),
        (generate_video.main, clip_wish(tmp_path, picture), "KIE"),
    ):  # fmt: skip
        ran = run(main, *words)
        assert (ran.code, ran.failure["kind"]) == (77, "credentials")
        assert f"{name}_API_KEY holds" in ran.failure["message"]
        assert "cret" not in ran.stderr and "cret" not in str(ran.events)
    assert wire.asked == [] and [path.name for path in tmp_path.iterdir()] == ["seed.png"]


@pytest.mark.fault("5.12")
@pytest.mark.parametrize("form", ["{}", "b'{}'", "got {!r}", "{}%0A"])
def test_a_key_is_struck_out_in_every_form(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    for key in KEYS:
        monkeypatch.setenv("KIE_API_KEY", key)
        assert "cret" not in failures.redact(f"Illegal header value {form.format(key)}"), key
    monkeypatch.setenv("KIE_API_KEY", " padded-secret \n")
    assert "padded-secret" not in failures.redact(form.format("padded-secret"))


@pytest.mark.fault("5.12")
def test_a_bug_before_the_request_leaves_withdraws_it_and_one_after_does_not(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("a bug of ours")

    receipt = tmp_path / "bear.png.job.json"
    with monkeypatch.context() as early:
        early.setattr(http.Service, "send", broken)
        assert run(generate_asset.main, *picture_wish(tmp_path)).code == 70
    assert not receipt.exists()
    wire.on("POST", PATH, drawn(b"x"))
    with monkeypatch.context() as late:
        late.setattr(gemini, "_read", broken)
        assert run(generate_asset.main, *picture_wish(tmp_path)).code == 70
    assert receipt.exists()
    assert run(generate_asset.main, *picture_wish(tmp_path)).failure["kind"] == "in_doubt"


@pytest.mark.fault("5.12")
def test_a_connection_that_breaks_once_the_request_left_stays_in_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", SPEECH, Say(cut=True))
    assert run(generate_audio.main, *speech(tmp_path)).failure["kind"] == "in_doubt"


@pytest.mark.fault("5.12")
def test_a_picture_in_the_colors_of_print_is_kept(wire: Wire, run: Run, tmp_path: Path) -> None:
    cmyk = (Path(__file__).parent.parent / "cases" / "picture_cmyk.jpg").read_bytes()
    wire.on("POST", PATH, drawn(cmyk, "image/jpeg"))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.code, len(ran.of("charged"))) == (0, 1)
    with Image.open(tmp_path / "bear.png") as made:
        assert made.mode == "RGB"


@pytest.mark.fault("5.12")
@pytest.mark.parametrize("error", [OSError("cannot write mode XYZ as PNG"), ValueError("unknown transform")])
def test_a_picture_that_nothing_can_be_made_of_was_paid_and_leaves_no_doubt(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> object:
        raise error

    monkeypatch.setattr(pictures, "as_file", broken)
    wire.on("POST", PATH, drawn(b"x"))
    ran = run(generate_asset.main, *picture_wish(tmp_path))
    assert (ran.failure["kind"], len(ran.of("charged"))) == ("nonsense", 1)
    assert not (tmp_path / "bear.png.job.json").exists()
