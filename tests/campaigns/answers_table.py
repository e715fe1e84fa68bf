"""Answers of services given to the scripts as children: what each is called, and whether a doubt stays on disk.

python -m tests.campaigns answers
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns import frame
from tests.campaigns.faulty import Asked, Faulty, Good, told
from tests.campaigns.http_cells import KEYS, SERVICES, VOICE, Services, picture
from tests.harness.patience import PATIENCE_S

HTML = Good(b"<!DOCTYPE html><html><body><h1>Bad luck</h1></body></html>", mime="text/html")
STATUSES = (400, 401, 402, 403, 404, 405, 407, 409, 413, 422, 426, 429, 451, 499, 500, 502, 503, 504, 511, 520, 522,
            524, 530, 201, 204, 302)  # fmt: skip
FORMS = ("own", "page", "none")
#: how each service writes an error that nobody has met yet
OWN: dict[str, object] = {
    "gemini": {"error": {"code": 0, "message": "It is new.", "status": "SOMETHING_NEW"}},
    "kie": {"msg": "It is new."},
    "elevenlabs": {"detail": {"code": "something_new", "message": "It is new."}},
}
UNREACHED = {511, 522, 530}
#: (service, status) -> kind where the service itself says it
SAYS = {
    ("gemini", 401): "credentials", ("gemini", 402): "quota", ("gemini", 403): "credentials", ("gemini", 429): "quota",
    ("gemini", 500): "down", ("kie", 400): "input", ("kie", 401): "credentials", ("kie", 402): "quota",
    ("kie", 403): "configuration", ("kie", 404): "configuration", ("kie", 422): "input",
    ("elevenlabs", 401): "credentials", ("elevenlabs", 402): "quota", ("elevenlabs", 403): "configuration",
    ("elevenlabs", 422): "input",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One paid call of a script. `spot`: its request at the server; `words`: its arguments but for the output."""

    name: str
    service: str
    script: str
    spot: str
    output: str
    words: tuple[str, ...]


CALLS = (
    Call("image", "gemini", "generate_asset.py", ":generateContent", "bear.png", ("--prompt", "a bear")),
    Call("speech", "elevenlabs", "generate_audio.py", "/v1/text-to-speech", "a.mp3",
         ("--text", "The bear waits.", "--voice", VOICE)),
    Call("effect", "elevenlabs", "generate_sound_effects.py", "/v1/sound-generation", "e.mp3", ("--text", "wind")),
    Call("clip", "kie", "generate_video.py", "/createTask", "clip.mp4",
         ("--prompt", "It moves.", "--image", "seed.png", "--duration", "5", "--poll", "0.01")),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    call: Call
    status: int
    form: str

    @property
    def place(self) -> str:
        return f"{self.call.name}-{self.status}-{self.form}"

    @property
    def kind(self) -> str:
        """What it must be called, said without looking at the table of the services."""
        said = SAYS.get((self.call.service, self.status)) if self.form == "own" else None
        if self.status == 407:
            return "configuration"
        if said is not None:
            return said
        if self.status == 429:
            return "busy"
        return "in_doubt" if self.status >= 500 and self.status not in UNREACHED else "down"

    @property
    def answer(self) -> Good:
        if self.form == "none":
            return Good(b"", self.status, headers={"Location": "http://127.0.0.1:1/"} if self.status == 302 else {})
        if self.form == "page":
            return Good(HTML.body, self.status, HTML.mime)
        own = OWN[self.call.service]
        assert isinstance(own, dict)
        return told(own | {"code": self.status} if self.call.service == "kie" else own, self.status)


def all_cells() -> list[Cell]:
    cells = [Cell(call, status, form) for call in CALLS for status in STATUSES for form in FORMS]
    return [cell for cell in cells if not (cell.status == 204 and cell.form != "none")]  # it has no body


def sample(seed: int, size: int) -> list[Cell]:
    """`size` cells in an order of chance: first one of every service's kind in every form, then any others."""
    cells = all_cells()
    random.Random(seed).shuffle(cells)
    firsts = {(cell.call.service, cell.kind, cell.form): cell for cell in reversed(cells)}
    chosen = list(firsts.values())
    return (chosen + [cell for cell in cells if cell not in chosen])[:size]


class _Answers:
    """Good answers, except where a cell's folder is named in the address: each child has a base address of its own."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.good = Services()
        self.cells = {cell.place: cell for cell in cells}
        self.asked: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Good:
        _, place, rest = asked.path.split("/", 2)
        cell = self.cells[place]
        if asked.method == "POST" and cell.call.spot in f"/{rest}":
            self.asked[place] = self.asked.get(place, 0) + 1
            return cell.answer
        return self.good(Asked(asked.method, f"/{rest}", asked.headers, asked.body))


def judged(cells: Sequence[Cell], folder: Path, at_once: int = 2) -> Iterator[tuple[Cell, list[str]]]:
    """(cell, what is wrong with it), each cell by one run of its script as a child."""
    answers = _Answers(cells)
    server = Faulty(answers)
    answers.good.url = server.url
    try:
        with ThreadPoolExecutor(at_once) as pool:
            found = pool.map(lambda cell: _complaints(cell, server.url, folder / cell.place, answers), cells)
            yield from zip(cells, found, strict=True)
    finally:
        server.close()


def _complaints(cell: Cell, url: str, folder: Path, answers: _Answers) -> list[str]:
    folder.mkdir()
    (folder / "seed.png").write_bytes(picture())
    env = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOD_")} | KEYS
    env |= {f"VIDEOD_URL_{service}": f"{url}/{cell.place}" for service in SERVICES}
    command = [sys.executable, str(frame.ROOT / "scripts" / cell.call.script), *cell.call.words, "--events"]
    done = subprocess.run(
        [*command, "--output", cell.call.output], env=env, cwd=folder, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip
    return list(_judge(cell, done, folder, answers.asked.get(cell.place, 0)))


def _judge(cell: Cell, done: "subprocess.CompletedProcess[str]", folder: Path, asked: int) -> Iterator[str]:
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    failure = next((event for event in events if event["type"] == "failure"), {"kind": f"exit {done.returncode}"})
    if failure["kind"] != cell.kind:
        yield f"it is called {failure['kind']}, not {cell.kind}: {done.stderr[-300:]}"
        return
    # a picture that KIE could not fetch is hosted once more, and ordered for
    hosted_again = (cell.call.service, cell.status, cell.form) == ("kie", 451, "own")
    if asked != (2 if hosted_again else 1):
        yield f"it was asked {asked} times"
    receipt = folder / f"{cell.call.output}.job.json"
    state = json.loads(receipt.read_text())["state"] if receipt.exists() else None
    if state != ("intent" if cell.kind == "in_doubt" else None):
        yield f"its receipt says {state}"
    message, last = str(failure["message"]), done.stderr.splitlines()[-1]
    if failure["http_status"] != cell.status or f"HTTP {cell.status}" not in last or "Next: " not in last:
        yield f"its words do not tell the status and what to do: {last}"
    wanted = {"own": "It is new.", "page": "not the service itself", "none": "no body"}[cell.form]
    told_apart = cell.status == 407 or 300 <= cell.status < 400
    if wanted not in message and not told_apart:
        yield f"its words do not tell whose answer it was: {message}"
    if any(key in done.stdout + done.stderr for key in KEYS.values() if key != "client-id"):
        yield "a key shows"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cells", type=int, default=60, help="how many answers; 0: all of them")
    parser.add_argument("--at-once", type=int, default=2, help="children at once")


def _run(folder: Path, given: argparse.Namespace) -> frame.Result:
    cells = sample(given.seed, given.cells) if given.cells else all_cells()
    wrong = []
    for cell, complaints in judged(cells, folder, given.at_once):
        if complaints:
            wrong.append(cell)
            frame.say(f"WRONG {cell.place}: {'; '.join(complaints)}")
    assert not wrong, f"{len(wrong)} of {len(cells)} answers are taken for something else"
    blamed = {(cell.call.service, cell.status) for cell in cells if cell.kind == "input"}
    return {"answers": len(cells), "in_doubt": sum(cell.kind == "in_doubt" for cell in cells), "wrong": 0,
            "input": sorted(blamed)}  # fmt: skip


CAMPAIGN = frame.Campaign(
    "answers", "answers of services given to the scripts as children, against an expectation of its own", _options, _run
)
