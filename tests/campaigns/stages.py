"""A plan killed after every answer, and broken answers at every stage: the books of the model against what was
reported.

python -m tests.campaigns stages --seed 1

Script and checker are the real ones; the model is the sandbox's writer behind a server of its own, which keeps books:
each request, its stage, and what its answer cost.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scripts.lib.gemini import TEXT_PRICES
from tests.campaigns.frame import ROOT, Campaign, Result, main, say
from videod.core.stages import STAGES
from videod.sandbox.gemini import asked as wire
from videod.sandbox.gemini import writing
from videod.sandbox.gemini.models import Model

#: how an answer may be broken
KINDS = ("cut off", "fenced", "refused", "empty", "another language", "wrong schema")
#: tokens of each answer: they decide its price
TOKENS_IN, TOKENS_OUT = 4_000, 2_000
NAMES = tuple(stage.value for stage in STAGES)
_NAMED = {"titles": "text", "changes": "edit", "atmosphere": "pictures"}
PATIENCE_S = 600


@dataclass
class Books:
    """What the model was asked, and what its answers cost. `broken`: stage -> how its next answer is broken."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def twice(self) -> list[int]:
        """Which requests were the same one of before."""
        seen: set[str] = set()
        again = []
        for at, (_, digest) in enumerate(self.asked):
            if digest in seen:
                again.append(at)
            seen.add(digest)
        return again

    def answer(self, model: str, raw: bytes) -> dict[str, Any]:
        asked = wire.read(raw, Model(model, model, 0.0, 0.0))
        found = writing.stage(asked) or ""
        stage = _NAMED.get(found, found)
        self.asked.append((stage, asked.digest))
        how = self.broken.pop(stage, "")
        dear = TEXT_PRICES[model]
        self.prices.append(0.0 if how == "refused" else (TOKENS_IN * dear[0] + TOKENS_OUT * dear[1]) / 1e6)
        return _said(writing.write(asked, spoilt=False), how)


def _said(text: str, how: str) -> dict[str, Any]:
    """The service's answer, broken in one of the KINDS or not at all."""
    usage = {"promptTokenCount": TOKENS_IN, "candidatesTokenCount": TOKENS_OUT}
    if how == "refused":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 10}}
    finish = "MAX_TOKENS" if how == "cut off" else "STOP"
    told = {
        "cut off": text[: len(text) // 2], "fenced": f"```json\n{text}\n```", "empty": "",
        "another language": "Das kann ich leider nicht beantworten.", "wrong schema": '{"answer": [1, 2, 3]}',
    }.get(how, text)  # fmt: skip
    candidate = {"content": {"role": "model", "parts": [{"text": told}]}, "finishReason": finish}
    return {"candidates": [candidate], "usageMetadata": usage}


@contextmanager
def model(books: Books) -> Iterator[str]:
    """A server that answers for the model; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            name = self.path.rpartition("/")[2].partition(":")[0]
            body = json.dumps(books.answer(name, raw)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Told:
    """What runs of the script told: reference -> price of each charge (the ledger drops one that it knows)."""

    charges: dict[str, float] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "charged":
            self.charges[event["remote_id"]] = event["usd"]
        if event["type"] == "failure":
            self.kinds.append(event["kind"])


def run(folder: Path, url: str, told: Told, die_after: int = 0, *more: str) -> int:
    """One run of the script; killed with what it started as soon as it told of so many answers. Returns its code."""
    argv = [
        sys.executable, "scripts/generate_plan.py", "--events", "--title", "The Cold Crossing", "--topic", "bears",
        "--direction", "a mother bear crosses", "--channel-name", "Wild", "--clips", "6", "--images", "8", "--output",
        str(folder / "plan" / "plan.json"), *more,
    ]  # fmt: skip
    env = os.environ | {"VIDEOD_URL_GEMINI": url, "GEMINI_API_KEY": "key", "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    heard = 0
    with child:
        assert child.stdout is not None
        for line in child.stdout:
            event = json.loads(line)
            told.hear(event)
            heard += event["type"] == "charged"
            if die_after and heard == die_after:
                os.killpg(child.pid, signal.SIGKILL)
                break
        child.wait(PATIENCE_S)
    return child.returncode


def killed_after_every_answer(folder: Path) -> dict[str, int]:
    """Every life gets one answer further. Raises AssertionError.

    A kill that comes late, on a busy host, meets the next question on its way: that one is counted as unconfirmed, and
    asked again because a person says so.
    """
    books, told, lives = Books(), Told(), 0
    more: tuple[str, ...] = ()
    failures = 0
    with model(books) as url:
        for _ in range(4 * len(NAMES)):
            lives += 1
            # a life tells again of the last answer that it finds, and then of its own
            if run(folder, url, told, 1 if lives == 1 else 2, *more) == 0:
                break
            more = ("--buy-again",) if len(told.kinds) > failures else ()
            failures = len(told.kinds)
    doubts = told.kinds.count("in_doubt")
    _judge(folder, books, told, f"killed {lives - 1} times")
    assert len(books.twice) == doubts, f"{len(books.twice)} asked twice, {doubts} in doubt"
    once = [stage for at, (stage, _) in enumerate(books.asked) if at not in books.twice]
    assert once == list(NAMES), once
    return {"lives": lives, "asked": len(books.asked), "in_doubt": doubts}


def broken_at(folder: Path, stage: str, how: str) -> str:
    """What became of a plan whose `stage` was answered so once, and of the same order again. Raises AssertionError."""
    books, told = Books(broken={stage: how}), Told()
    where = f"{stage} answered {how}"
    with model(books) as url:
        code = run(folder, url, told)
        assert not books.broken, f"{where}: never asked for"
        first = "plan" if code == 0 else told.kinds[-1]
        if code != 0:
            assert len(told.kinds) == 1, f"{where}: {told.kinds}"
            assert run(folder, url, told) == 0, f"{where}: no plan in the second run: {told.kinds}"
    _judge(folder, books, told, where)
    return first


def _judge(folder: Path, books: Books, told: Told, where: str) -> None:
    """One plan, nothing asked twice that was answered, and every answer's price told once but for those unconfirmed."""
    assert (folder / "plan" / "plan.json").is_file(), f"{where}: no plan: {told.kinds}"
    doubted = sum(books.prices[at] for at in books.twice) if "in_doubt" in told.kinds else 0.0
    spent, heard = sum(books.prices), sum(told.charges.values()) + doubted
    assert abs(heard - spent) < 1e-6, f"{where}: told {heard:.6f}, in the books {spent:.6f}"
    assert told.kinds or not books.twice, f"{where}: {len(books.twice)} questions were asked twice"
    left = {path.name for path in (folder / "plan").iterdir()} & {"plan.answers.json", "plan.begun.json"}
    assert not left, f"{where}: {left} left behind"


def campaign(folder: Path, seed: int, cells: int) -> Result:
    """All stages by all kinds, or so many of them by chance (0: all)."""
    killed = killed_after_every_answer(folder / "killed")
    every = [(stage, how) for stage in NAMES for how in KINDS]
    chosen = random.Random(seed).sample(every, cells) if cells else every
    ends: Counter[str] = Counter()
    for number, (stage, how) in enumerate(chosen):
        ends[broken_at(folder / f"{number}", stage, how)] += 1
        if number % len(KINDS) == len(KINDS) - 1:
            say(f"{number + 1} of {len(chosen)} broken answers: {dict(ends)}")
    return {**killed, "broken_answers": len(chosen), "ended_in": dict(ends)}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cells", type=int, default=0, metavar="N", help="so many broken answers by chance; 0: all 36")


CAMPAIGN = Campaign(
    "stages", "a plan killed after every answer, and broken answers at every stage: nothing is paid twice", _options,
    lambda folder, given: campaign(folder, given.seed, given.cells),
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
