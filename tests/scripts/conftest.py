import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from scripts.lib.film import ffmpeg
from tests.scripts.wire import Wire

KEYS = {
    "GEMINI_API_KEY": "gemini-secret-key",
    "KIE_API_KEY": "kie-secret-key",
    "ELEVENLABS_API_KEY": "elevenlabs-secret-key",
    "YOUTUBE_ACCESS_TOKEN": "youtube-secret-token",
    "GOOGLE_CLIENT_ID": "client-id",
    "GOOGLE_CLIENT_SECRET": "client-secret",
    "VIDEOD_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
SERVICES = ("GEMINI", "KIE", "KIE_UPLOAD", "ELEVENLABS", "YOUTUBE", "GOOGLE_OAUTH", "GOOGLE_ACCOUNTS", "CATBOX", "S3")


@dataclass(frozen=True)
class Ran:
    code: int
    events: list[dict]
    stderr: str

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def failure(self) -> dict:
        return self.of("failure")[0]

    @property
    def result(self) -> dict:
        return self.of("result")[0]


Run = Callable[..., Ran]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The fake that every service's address points to, with all keys in the environment."""
    fake = Wire()
    for service in SERVICES:
        monkeypatch.setenv(f"VIDEOD_URL_{service}", fake.url)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    yield fake
    fake.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a script's main with --events and gives what it said; no secret may ever be in it."""

    def call(main: Callable[[Sequence[str]], int], *words: object) -> Ran:
        capsys.readouterr()
        code = main([*map(str, words), "--events"])
        said = capsys.readouterr()
        for secret in KEYS.values():
            assert secret == "client-id" or secret not in said.out + said.err
        return Ran(code, [json.loads(line) for line in said.out.splitlines()], said.err)

    return call


def png(width: int = 64, height: int = 36, colour: str = "red", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "seed.png"
    path.write_bytes(png())
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Five seconds of a small video."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = "testsrc2=size=160x90:rate=24:duration=5"
    ffmpeg.run(
        ["-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", str(path)], "a clip"
    )
    return path.read_bytes()


def _sound(folder: Path, source: str) -> bytes:
    path = folder / "sound.mp3"
    ffmpeg.run(["-v", "error", "-y", "-f", "lavfi", "-i", source, "-b:a", "128k", str(path)], "a sound")
    return path.read_bytes()


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds that can be heard, as MP3."""
    return _sound(tmp_path_factory.mktemp("tone"), "sine=frequency=440:duration=4")


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _sound(tmp_path_factory.mktemp("silence"), "anullsrc=r=44100:cl=mono:d=4")
