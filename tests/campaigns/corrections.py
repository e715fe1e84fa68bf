"""Corrections by chance at every review, the power cut in between: only what was asked for is made again and paid.

Each sequence is one episode. At each review a person approves, rewrites something, or sends files back, in a random
order, by command, by the API or on the board (Text, Note and Redo of rows). What each correction costs is asked for
first. In the end the film is published, its words are the last ones that were written, and what was paid is the first
making and what was said before.
"""

import argparse
import asyncio
import logging
import random
from collections.abc import Mapping
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.checkers import check
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core import outlook, row_texts
from videod.core.events import RedoAsked
from videod.core.model import Job, Task
from videod.core.ops import Decision, SaveJob
from videod.core.row_texts import ARGUMENTS
from videod.core.statuses import AT_GATE, DONE, GATES, LABELS, Gate, Status
from videod.core.step_parts import NOTE
from videod.core.tables import STEPS
from videod.guard.errors import Refused
from videod.web.requests import RequestHandler, perform

#: corrections of one episode at most
MOST = 8
VOICE_MICROS = 10_000
REST_S = 20_000
#: share of the corrections that a person makes on the board
BY_BOARD = 0.4
#: within so long the board says what a text costs
OFFER_S = 120


def booked(job: Job) -> int:
    """What the harness charges for a job, micro-dollars: its voice takes one price for any text."""
    return VOICE_MICROS if job.step == "narration" else job.price_micros


class Sequence:
    """One episode. `said_micros`: what its corrections were said to cost; `words`: job -> argument -> last text."""

    def __init__(self, world: World, chance: random.Random, kills: float) -> None:
        self.world, self.chance, self.kills = world, chance, kills
        self.said_micros = self.first_micros = 0
        self.asked = self.refused = self.cuts = self.by_board = 0
        self.words: dict[str, dict[str, object]] = {}

    async def run(self) -> None:
        page = await self.world.queue("Patience")
        await self._rest()
        left = self.chance.randint(1, MOST)
        while True:
            (task,) = await self.world.tasks()
            gate = AT_GATE.get(task.status)
            if gate is None:
                assert task.status is Status.PUBLISHED, f"{task.status}: {task.error}"
                return
            if not self.first_micros:
                jobs = await self.world.jobs(task.id)
                self.first_micros = sum(map(booked, jobs))
            if left and self.chance.random() < 0.6:
                left -= 1
                if self.chance.random() < BY_BOARD:
                    await self._by_board(task, page, gate)
                else:
                    await self._correct(task.id)
            else:
                await self.world.approve(page, gate)
            await self._rest()

    async def _rest(self) -> None:
        """Let things happen; with the chance of a power cut on the way."""
        world = self.world
        if self.chance.random() < self.kills:
            await world.stop()
            await world.start(cut_at=self.chance.randint(1, 60))
            await world.rest(REST_S)
            if world.power.dark.is_set():
                self.cuts += 1
                await world.cut()
            else:
                await world.stop()
            await world.start()
        await world.rest(REST_S)

    async def _correct(self, task_id: str) -> None:
        world, chance = self.world, self.chance
        handler = RequestHandler(world.ledger, world.store, world.clock, chance.choice(("cli", "api")))
        (task,) = await world.tasks()
        jobs = {job.name: job for job in await world.jobs(task_id)}
        offered = outlook.redoable(task, jobs.values())
        verb, body = "redo", {"jobs": sorted(chance.sample(sorted(offered), min(len(offered), chance.randint(1, 2))))}
        words = [(name, word) for name in outlook.correctable(task, tuple(jobs.values()))
                 for word in STEPS[jobs[name].step].words if word not in ("story", "tags")]  # fmt: skip
        if words and chance.random() < 0.6:
            name, word = chance.choice(words)
            verb, body = (
                "correct",
                {"job": name, "field": word, "text": f"Number {chance.randrange(10**6)} it is."},
            )
        if "plan/plan" in body.get("jobs", ()):
            return  # another plan makes another episode
        self.asked += 1
        try:
            foreseen = await perform(handler, "tasks", verb, task_id, body | {"dry_run": True})
            assert {one.name: one for one in await world.jobs(task_id)} == jobs, "a dry run changed something"
            done = await perform(handler, "tasks", verb, task_id, body)
        except Refused:
            self.refused += 1
            return
        assert foreseen.cost_micros == done.cost_micros, f"{verb} {body}: {foreseen} and {done}"
        after = {one.name: one for one in await world.jobs(task_id)}
        remade = [one for name, one in after.items() if jobs[name].state is DONE and one.state is not DONE]
        assert done.cost_micros == sum(one.price_micros for one in remade), f"{verb} {body}: {done}"
        self.said_micros += sum(map(booked, remade))
        if verb == "correct":
            name, argument = str(body["job"]), STEPS[jobs[str(body["job"])].step].words[str(body["field"])]
            self.words.setdefault(name, {})[argument] = body["text"]

    async def _by_board(self, task: Task, page: str, gate: Gate) -> None:
        """Rewrite texts on rows, or mark files for redo with a note; the price is said before it is confirmed."""
        world, chance, board = self.world, self.chance, self.world.board
        jobs = {job.name: job for job in await world.jobs(task.id)}
        rows = [name for name in outlook.redoable(task, jobs.values()) if name != "plan/plan"]
        names = sorted(chance.sample(sorted(rows), min(len(rows), chance.randint(1, 3))))
        words: dict[str, dict[str, object]] = {}
        notes: dict[str, str] = {}
        flagged: list[str] = []
        for name in names:
            step, key = jobs[name].step, f"{task.id}/{name}"
            if key not in {one.key for one in board.assets.values()}:
                continue
            if step in ARGUMENTS and chance.random() < 0.7:
                words[name] = {ARGUMENTS[step]: f"Number {chance.randrange(10**6)} it is 🦊."}
                board.person_writes(key, text=words[name][ARGUMENTS[step]])
            else:
                flagged.append(name)
                board.person_writes(key, redo=True)
            if STEPS[step].noted and chance.random() < 0.5:
                notes[name] = f"Less of {chance.randrange(10**6)}"
                board.person_writes(key, note=notes[name])
        if not words and not flagged:
            return
        self.asked += 1
        self.by_board += 1
        event = RedoAsked(world.clock.now_ms(), task.id, gate, tuple(flagged), notes=notes, words=words)
        remade = self._remade(jobs, await world.ledger.foresee(event))
        if words and chance.random() < 0.5:
            await asyncio.sleep(OFFER_S)
            said = str(board.entries[page].values.get("Error Log"))
            assert said.startswith("Text of "), f"nothing was said of {words}: {said}"
            if not flagged:
                price = sum(one.price_micros for one in remade) / 1e6
                assert not price or f"for about ${price:.2f}" in said, f"${price}: {said}"
            now = {one.name: one for one in await world.jobs(task.id)}
            taken = [name for name in names if now[name].args != jobs[name].args]
            assert not taken, f"{taken} were taken before they were confirmed"
        board.person_sets(page, Status=LABELS[GATES[gate][2]])
        self.said_micros += sum(map(booked, remade))
        self.words |= {name: self.words.get(name, {}) | said for name, said in words.items()}
        for name, note in notes.items():
            self.words.setdefault(name, {})[NOTE] = note

    @staticmethod
    def _remade(jobs: Mapping[str, Job], decision: Decision) -> list[Job]:
        saved = [op.job for op in decision.ops if isinstance(op, SaveJob)]
        return [job for job in saved if job.name in jobs and jobs[job.name].state is DONE and job.state is not DONE]

    async def judge(self) -> int:
        """Raises AssertionError where a promise is broken; returns how many purchases are unconfirmed."""
        await check(self.world)
        (task,) = await self.world.tasks()
        jobs = {job.name: job for job in await self.world.jobs(task.id)}
        rows = {one.key: one for one in self.world.board.assets.values()}
        for name in jobs:
            row = rows.get(f"{task.id}/{name}")
            assert row is None or row.text == row_texts.said(jobs[name]), f"the row of {name} says {row and row.text}"
            assert row is None or (row.redo, row.note) == (False, ""), f"a mark was left on {name}"
        for name, said in self.words.items():
            assert said.items() <= jobs[name].args.items(), f"{name} lost what a person wrote: {said}"
        if not task.possibly_paid_twice:
            wanted = self.first_micros + self.said_micros
            assert abs(task.cost_micros - wanted) <= 2, f"paid {task.cost_micros}, said before {wanted}"
        return task.possibly_paid_twice


def campaign(folder: Path, seed: int, sequences: int, kills: float) -> Result:
    logging.getLogger("videod").setLevel(logging.ERROR)  # a power cut fails jobs, and says so
    asked = refused = cuts = doubted = by_board = 0
    for number in range(sequences):
        chance = random.Random(f"{seed}/{number}")

        async def one(chance: random.Random = chance, number: int = number) -> tuple[Sequence, int]:
            policies = {"wild": policy(auto_gates=frozenset())}
            async with World(folder / str(number), seed=seed + number, policies=policies) as world:
                sequence = Sequence(world, chance, kills)
                try:
                    await sequence.run()
                    return sequence, await sequence.judge()
                except AssertionError as broken:
                    raise AssertionError(f"sequence {number}: {broken}") from broken

        made, doubts = run_virtual(one())
        asked, refused, cuts = asked + made.asked, refused + made.refused, cuts + made.cuts
        doubted, by_board = doubted + bool(doubts), by_board + made.by_board
        if number % 50 == 49:
            say(f"{number + 1} of {sequences}: {asked} corrections, {cuts} cuts")
    figures = {"sequences": sequences, "corrections": asked, "by_board": by_board, "refused": refused, "cuts": cuts}
    return {**figures, "with_doubts": doubted}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sequences", type=int, default=500, metavar="N", help="so many episodes, default 500")
    parser.add_argument("--kills", type=float, default=0.3, metavar="P", help="chance of a power cut between two steps")


CAMPAIGN = Campaign(
    "corrections", "random corrections at every review, with power cuts: what was asked is made and paid", _options,
    lambda folder, given: campaign(folder, given.seed, given.sequences, given.kills),
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
