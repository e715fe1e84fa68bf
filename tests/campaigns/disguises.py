"""Seventy files that pretend to be media, at all that looks at media: the daemon's check and that of scripts.

Each is taken for a film, a sound, a picture, an intro and a watermark. None may open another file or call anybody,
and no look may take longer than its limit. Files that are whole may pass; what the daemon passes is said.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import imageio_ffmpeg

from scripts.lib import pictures
from scripts.lib.failures import Failure
from scripts.lib.film import ffmpeg
from tests.campaigns.frame import Campaign, Result, say
from tests.harness import disguises
from tests.harness.outside import Outside
from videod.adapters import decode, picture
from videod.adapters.extras import Extras
from videod.adapters.inspector import MediaInspector
from videod.channels import Channel
from videod.core.step import Expectation
from videod.ports import BadArtefact, Unchecked

ANY = Expectation(max_s=60.0)
NAMES = {"video": "a.mp4", "audio": "a.mp3", "image": "a.png"}
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
#: the longest look, seconds: the check's own limit for a film of a minute, and what ending it takes
LIMIT_S = decode.CHECK_S + decode.CHECK_SHARES["video"] * ANY.max_s + 10


def looks(folder: Path, data: bytes) -> Iterator[tuple[str, Callable[[], str]]]:
    """Everything that looks at the file, by name; each returns what came of it."""
    for makes, name in NAMES.items():
        (folder / name).write_bytes(data)
        yield f"check as {makes}", lambda makes=makes, name=name: checked(folder / name, makes)  # type: ignore[misc]
    for key, name in (("intro", "a.mp4"), ("watermark", "a.png")):
        yield key, lambda key=key, name=name: told(key, folder / name)  # type: ignore[misc]
    yield "script as clip", lambda: scripted(folder / "a.mp4", ffmpeg.probe)
    yield "script decodes", lambda: scripted(folder / "a.mp4", decoded)
    yield "script as picture", lambda: scripted(folder / "a.png", lambda path: pictures.load(path, "the picture"))


def checked(path: Path, makes: str) -> str:
    try:
        return f"passed: {dict(asyncio.run(MediaInspector(lambda: FFMPEG).inspect(path, makes, ANY)).facts)}"
    except (BadArtefact, Unchecked) as refusal:
        assert path.name in str(refusal), f"refused without its name: {refusal}"
        return str(refusal)


def told(key: str, path: Path) -> str:
    wanted = Channel.model_construct(id="a", **{key: path})
    with suppress(Unchecked):
        return "; ".join(one.text for one in asyncio.run(Extras(lambda: [FFMPEG]).wrong(wanted)))
    return "not checked"


def decoded(path: Path) -> None:
    ffmpeg.run([*ffmpeg.given(path), "-t", "60", "-f", "null", "-"], "decoding", limit_s=LIMIT_S)


def scripted(path: Path, look: Callable[[Path], object]) -> str:
    try:
        look(path)
    except (Failure, RuntimeError) as refusal:
        return str(refusal)
    return "taken"


def run(folder: Path, given: argparse.Namespace) -> Result:
    (folder / "outside").mkdir()
    outside = Outside(folder / "outside")
    parts = disguises.parts(folder, outside)
    outside.watch.opened()
    found = {"files": 0, "looks": 0, "passed": 0, "read_outside": 0, "called": 0, "too_long": 0}
    slowest, wrong = 0.0, []
    for number, (name, make) in enumerate(disguises.ALL.items()):
        if given.only not in name:
            continue
        room = folder / f"workspace{number}"
        room.mkdir()
        found["files"] += 1
        data = make(parts)
        outside.watch.opened()
        for by, look in looks(room, data):
            began = time.monotonic()
            said = look()
            took = time.monotonic() - began
            bad = {"read_outside": outside.watch.opened(), "called": outside.called(), "too_long": took > LIMIT_S}
            wrong += [f"{name}, {by}: {what}" for what, so in bad.items() if so]
            found |= {what: found[what] + so for what, so in bad.items()}
            found["looks"] += 1
            found["passed"] += said.startswith("passed")
            slowest = max(slowest, took)
            if said.startswith("passed") or given.all:
                say(f"{name}, {by} ({took:.1f} s): {said[:150]}")
    outside.close()
    assert not wrong, "; ".join(wrong)
    return found | {"slowest_s": round(slowest, 1)}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help="only files whose name holds this")
    parser.add_argument("--all", action="store_true", help="say what came of each look")


assert picture.LOOK_S < LIMIT_S
CAMPAIGN = Campaign("disguises", "files that pretend to be media reach nothing and nobody", _options, run)
