"""The board's adapter under spoiled answers of Notion: nothing but BoardError may come out of it.

python -m tests.campaigns board-fuzz [--calls 20000]
"""

import argparse
import asyncio
import logging
import random
from collections import Counter
from pathlib import Path

from tests.adapters import notion_nonsense as nonsense
from tests.campaigns import frame


async def fuzz(folder: Path, seed: int, calls: int) -> tuple[Counter[str], list[str]]:
    """(how often each outcome came, what was wrong)."""
    chance = random.Random(seed)
    recorded = await nonsense.record(folder)
    names = [name for name, tape in recorded.tapes.items() if tape]
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    for _ in range(calls):
        name = chance.choice(names)
        at = chance.randrange(len(recorded.tapes[name]))
        spoiled = nonsense.spoil(recorded.tapes[name][at], chance)
        outcome, problem = await nonsense.one(recorded, name, at, spoiled)
        outcomes[outcome] += 1
        if problem:
            kept = recorded.tapes[name][at]
            wrong.append(f"{name}, {kept.method} {kept.path}, {spoiled.about}: {problem}")
    return outcomes, wrong


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=20_000, help="how many calls of the adapter")


def _run(folder: Path, given: argparse.Namespace) -> frame.Result:
    logging.getLogger("videod").setLevel(logging.CRITICAL + 1)  # what goes wrong here is meant to
    outcomes, wrong = asyncio.run(fuzz(folder, given.seed, given.calls))
    for problem in wrong[:20]:
        frame.say(problem)
    assert not wrong, f"{len(wrong)} of {given.calls} calls went wrong"
    return {"calls": given.calls, "wrong": 0, **dict(sorted(outcomes.items()))}


CAMPAIGN = frame.Campaign("board-fuzz", "spoiled answers of Notion, none of which may end anything", _options, _run)
