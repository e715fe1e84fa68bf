"""A host without descriptors: a condition, after which all is as it was, and nothing is bought again."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.patience import eventually
from videod import files, receipts
from videod.adapters import process
from videod.adapters.inspector import MediaInspector
from videod.adapters.process import ProcessLauncher
from videod.core.step import Expectation
from videod.flow import purchases, started
from videod.ports import BadArtefact, Spawn, Unchecked


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process gets no further descriptor; those that it has stay."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.fault("12.13")
@pytest.mark.parametrize("look", [files.seen, files.made, receipts.read, started.read, purchases.read])
def test_what_cannot_be_looked_at_is_not_taken_for_missing(tmp_path: Path, look: object) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"clip")
    assert callable(look)
    with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
        look(path)
    look(path)


@pytest.mark.fault("12.13")
@pytest.mark.parametrize(("makes", "content"), [("text", b"hello"), ("json", b"{}"), ("video", b"x"), ("image", b"x")])
async def test_a_check_without_descriptors_is_no_verdict_on_the_file(
    tmp_path: Path, makes: str, content: bytes
) -> None:
    path = tmp_path / "made"
    path.write_bytes(content)
    inspector = MediaInspector(lambda: "ffmpeg")
    with no_descriptors(), pytest.raises(Unchecked):
        await inspector.inspect(path, makes, Expectation(min_bytes=1))
    path.unlink()
    with pytest.raises(BadArtefact, match="is missing"):
        await inspector.inspect(path, makes, Expectation(min_bytes=1))


@pytest.mark.fault("12.13")
async def test_a_child_that_cannot_be_watched_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    def refuse(pid: int) -> int:
        begun.append(pid)
        raise OSError(24, "Too many open files")

    launcher = ProcessLauncher()
    with monkeypatch.context() as patch:
        patch.setattr(process.os, "pidfd_open", refuse)
        with pytest.raises(OSError, match="Too many"):
            await launcher.start(Spawn(("sleep", "600"), {"PATH": os.environ["PATH"]}, tmp_path, "t"))
    launcher.close()
    await eventually(lambda: not Path(f"/proc/{begun[0]}").exists())


@pytest.mark.fault("12.13")
async def test_strays_are_looked_for_as_soon_as_there_are_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LACK_S", 0.01)
    real, looks = process.orphans.end, []

    def end(mark: int) -> int:
        looks.append(mark)
        if len(looks) <= 3:
            raise OSError(24, "Too many open files")
        return real(mark)

    launcher = ProcessLauncher()
    monkeypatch.setattr(process.orphans, "end", end)
    child = await launcher.start(Spawn(("true",), {"PATH": os.environ["PATH"]}, tmp_path, "t"))
    assert await child.wait() == 0
    launcher.close()
    assert len(looks) == 4
