"""Every kind of failure at random, mixed, with seeds: what passes by nature passes alone, the rest waits for a person.

A person is played by one who looks every half hour, sets what stopped to Queued and resumes what is suspended for good.
"""

import asyncio
import logging
from collections import Counter
from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World, policy
from videod.core.failures import POLICY, Answer, Kind
from videod.core.statuses import ERRORS, JobState
from videod.store import reads
from videod.web.requests import RequestHandler

OUTSIDE = ("gemini", "kie", "elevenlabs", "youtube")
WAITS = tuple(minutes * 60_000 for minutes in (1, 5, 15, 60))  # as in videod.toml
#: outcomes of attempts that pass automatically, by nature
PASSING = ("down", "timeout", "nonsense", "busy", "quota", "in_doubt", "lost", "interrupted", "disk")
HALF_HOUR_S = 1800.0


def answer(kind: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "message": f"it is {kind}", "http_status": 503, "endpoint": "POST /v1/x",
            "request_id": "req-7", **more}  # fmt: skip


def passing(share: float) -> list[Trouble]:
    """A `share` of all calls fails in a way that passes."""
    kinds = (answer("down"), answer("busy", retry_after_s=20), answer("nonsense"), answer("quota", retry_after_s=900))
    parts = (0.55, 0.25, 0.15, 0.05)
    return [
        Trouble(service, share * part, kind) for service in OUTSIDE for kind, part in zip(kinds, parts, strict=True)
    ]


def lasting(share: float) -> list[Trouble]:
    """Beside them a few that need a person: refusals, and keys that are no longer good."""
    return [
        Trouble(service, share, answer(kind)) for service in OUTSIDE for kind in ("refused", "credentials", "input")
    ]  # fmt: skip


class Person:
    """Looks every half hour and fixes what stands; `acts` counts what was done, by what it was."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.acts: Counter[str] = Counter()

    async def live(self) -> None:
        while True:
            await asyncio.sleep(HALF_HOUR_S)
            await self._look()

    async def _look(self) -> None:
        world = self._world
        at = world.clock.now_ms()
        for row in await world.store.read(lambda tx: reads.suspensions(tx, at)):
            if row.until_ms is None:
                await RequestHandler(world.ledger, world.store, world.clock, "cli").resume(row.service, None)
                self.acts[f"resume {row.service}"] += 1
        for task in await world.tasks():
            if task.status in ERRORS:
                world.board.person_sets(task.page_id, Status="Queued")
                self.acts[f"queue {task.title} ({task.status})"] += 1


async def films(world: World, number: int = 3) -> None:
    for index in range(number):
        await world.queue(f"Film {index}")


async def outcomes(world: World) -> Counter[tuple[str, str]]:
    """(outcome of an attempt, state of its job now) of every attempt that did not succeed."""
    query = (
        "SELECT attempts.outcome, jobs.state FROM attempts JOIN jobs ON jobs.id = attempts.job_id"
        " WHERE attempts.outcome NOT IN ('done', 'outdated')"
    )
    rows = await world.store.read(lambda connection: connection.execute(query).fetchall())
    return Counter((str(row[0]), str(row[1])) for row in rows)


async def passing_story(folder: Path, seed: int, share: float) -> Counter[tuple[str, str]]:
    """Films made while `share` of all calls fail in ways that pass; nobody helps."""
    policies = {"wild": policy(clips=8, images=9, retry_waits_ms=WAITS)}
    async with World(folder, seed=seed, policies=policies) as world:
        world.vendors.troubles += passing(share)
        world.vendors.losing = share / 4
        await films(world)
        await world.rest(100_000)
        await check(world)
        return await outcomes(world)


async def mixed_story(folder: Path, seed: int, share: float) -> tuple[Person, Counter[tuple[str, str]]]:
    """Two channels, one of which may buy nothing again unasked, meet everything at once; a person fixes."""
    policies = {
        "wild": policy(clips=8, images=9, retry_waits_ms=WAITS),
        "deep": policy("deep", clips=8, images=9, retry_waits_ms=WAITS, rebuy_ceiling_micros=0),
    }
    async with World(folder, seed=seed, policies=policies) as world:
        world.vendors.troubles += passing(share) + lasting(share / 20)
        world.vendors.losing = share / 4
        person = Person(world)
        helping = asyncio.create_task(person.live())
        for index in range(2):
            await world.queue(f"Land {index}", "wild")
            await world.queue(f"Sea {index}", "deep")
        for _ in range(60):
            await world.rest(20_000)
            if all(task.status not in ERRORS for task in await world.tasks()):
                break
            await asyncio.sleep(HALF_HOUR_S)
        helping.cancel()
        await check(world)
        return person, await outcomes(world)


def recovered(found: Counter[tuple[str, str]]) -> float:
    """The share of failed attempts whose job was done in the end."""
    return sum(count for (_, state), count in found.items() if state == JobState.DONE) / max(1, sum(found.values()))


@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize("seed", range(2))
def test_what_passes_by_nature_passes_without_a_person(tmp_path: Path, seed: int, share: float) -> None:
    found = run_virtual(passing_story(tmp_path, seed, share))
    assert {kind for kind, _ in found} <= set(PASSING)
    assert sum(found.values()) > 1, "nothing went wrong"
    assert recovered(found) >= 0.95, found


@pytest.mark.parametrize(("seed", "share"), [(0, 0.02), (1, 0.1), pytest.param(2, 0.2, marks=pytest.mark.long)])
def test_with_every_kind_mixed_a_person_who_fixes_gets_every_film_and_pays_once(
    tmp_path: Path, seed: int, share: float
) -> None:
    person, found = run_virtual(mixed_story(tmp_path, seed, share))
    only_for_cause(person, found)


def only_for_cause(person: Person, found: Counter[tuple[str, str]]) -> None:
    """A person was needed no more often than something happened that needs one."""
    for_a_person = {kind.value for kind, row in POLICY.items() if row.answer in (Answer.STOP, Answer.REWORD)}
    for_a_person |= {Kind.CREDENTIALS.value, Kind.IN_DOUBT.value}
    causes = sum(count for (kind, _), count in found.items() if kind in for_a_person)
    spent = sum(count for (kind, _), count in found.items() if kind in ("down", "nonsense"))
    assert sum(person.acts.values()) <= causes + spent / 5, (person.acts, found)


def test_a_quota_with_a_reset_is_not_asked_before_that_instant(tmp_path: Path) -> None:
    reset_s = 5 * 3600

    async def story() -> None:
        async with World(tmp_path) as world:
            world.vendors.troubles.append(Trouble("youtube", 1.0, answer("quota", retry_after_s=reset_s), left=1))
            await films(world)
            while not world.vendors.calls["youtube"]:
                await world.clock.sleep(1)
            await world.clock.sleep(5)
            met = world.clock.now_ms()
            asked = world.vendors.calls["youtube"]  # those that were on their way together
            await world.clock.sleep(reset_s - 20)
            assert world.vendors.calls["youtube"] == asked
            suspended = await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
            assert [(row.service, row.channel_id) for row in suspended] == [("youtube", "")]
            assert abs(int(suspended[0].until_ms or 0) - met - reset_s * 1000) < 20_000
            assert len([text for text in world.notifier.sent if "is used up" in text or "quota" in text.lower()]) == 1
            await world.rest(7200)
            await check(world)

    run_virtual(story())


def test_one_channels_dead_consent_does_not_silence_the_alert_of_anothers(tmp_path: Path) -> None:
    async def story() -> None:
        policies = {"wild": policy(), "deep": policy("deep")}
        async with World(tmp_path, policies=policies) as world:
            world.vendors.troubles.append(Trouble("youtube", 1.0, answer("credentials", http_status=401), left=2))
            await world.queue("Land", "wild")
            await world.queue("Sea", "deep")
            await world.clock.sleep(3600)
            suspended = await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
            assert sorted((row.service, row.channel_id) for row in suspended) == [
                ("youtube", "deep"),
                ("youtube", "wild"),
            ]
            for title in ("Land", "Sea"):
                assert len([text for text in world.notifier.sent if title in text]) == 1, world.notifier.sent
            for channel in policies:
                await RequestHandler(world.ledger, world.store, world.clock, "cli").resume("youtube", channel)
            await world.rest()
            await check(world)

    run_virtual(story())


def test_every_failed_attempt_is_in_the_log_with_service_endpoint_status_and_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with World(tmp_path, seed=5, policies={"wild": policy(clips=8, images=9, retry_waits_ms=WAITS)}) as world:
            world.vendors.troubles += passing(0.2)
            await films(world)
            await world.rest(100_000)
            await check(world)
            failed = [record for record in caplog.records if record.getMessage() == "runner_job_failed"]
            assert len(failed) == sum((await outcomes(world)).values()) > 5
            for record in failed:
                told = (record.endpoint, record.http_status, record.request_id)  # type: ignore[attr-defined]
                assert told == ("POST /v1/x", 503, "req-7")
                assert record.service in OUTSIDE  # type: ignore[attr-defined]
                assert record.kind in PASSING  # type: ignore[attr-defined]

    caplog.set_level(logging.INFO)
    run_virtual(story())
