"""kill -9 of the daemon at random moments of a sandbox run, restarted each time, then the books are compared.

python -m tests.campaigns.kills --kills 20 --seed 1
"""

import argparse
import asyncio
import random
import socket
import sqlite3
import time
from pathlib import Path

import yaml

from tests.campaigns import invariants
from tests.campaigns.crowd import story
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.patience import until
from tests.live.stage import Stage
from videod.cli import desk as at_desk
from videod.cli import rehearsal
from videod.cli.client import Place, now_ms
from videod.cli.demo_person import Person
from videod.core.events import VideoLooked
from videod.core.statuses import Status
from videod.core.verdict import Verdict
from videod.sandbox.s3 import BUCKET
from videod.store import archiving
from videod.store.database import InlineDatabase


def campaign(
    folder: Path, kills: int, seed: int, episodes: int, up_s: float,
    webhook: bool = False, archive: bool = False, r2: bool = False,
) -> Result:  # fmt: skip
    """Run and judge one campaign; the daemon lives at most `up_s`, every fifth time five times as long.

    `webhook`: Notion calls the daemon at each change, and it asks automatically once a minute only. `archive`: the
    first episodes are published before the first kill and archived from then on, and before each start one is queued
    again. `r2`: the files of one of the two channels go to a bucket.

    Raises AssertionError when a promise is broken.
    """
    chance = random.Random(seed)
    made = _staged(folder, webhook, archive, r2)
    try:
        person = made.person()
        person.write_entries([story(number) for number in range(episodes)])
        written, done, past = episodes, 0, 0
        restarts: list[float] = []
        ends: list[float] = []
        if archive:
            _publish(made, episodes)
            person.write_entries([story(written)])
            written += 1
        while done < kills:
            began = time.monotonic()
            made.start()
            while made.daemon is not None and b"daemon_start_done" not in made.log.read_bytes()[-20_000:]:
                assert time.monotonic() - began < START_S, made.log_tail()
                time.sleep(0.02)
            restarts.append(time.monotonic() - began)
            # most lives are short; every fifth is long enough for work that takes seconds to come to its end
            time.sleep(chance.uniform(0, up_s * (5 if chance.random() < 0.2 else 1)))
            made.kill()
            done += 1
            ends.append(_ended(made))
            made.log.rename(made.log.with_suffix(f".{done}"))
            past = max(past, _archive_again(made, person, chance)) if archive else 0
            if done % 50 == 0:
                say(f"{done} kills, {made.statuses().count('published')} of {written} episodes published")
            if len(made.statuses()) == written and set(made.statuses()) == {"published"}:
                person.write_entries([story(written)])
                written += 1
        made.start()
        made.wait_for("published", tasks=written, times=3)
        made.wait_until_told(times=3)  # lives were too short for the board: nearly all of its files wait
        if archive:
            until(lambda: bool(_archived(made)), made.log_tail, 3)
        made.stop()
        more: Result = {"archived_at_most": past, "archived": _take_back(made)} if archive else {}
        more |= _stored(made, done) if r2 else {}
        return more | _judge(made, done, restarts) | {"slowest_end_of_children_s": round(max(ends), 2)}
    finally:
        made.close()


#: files of a published film go after 17 s, and its past is archived 2 s later
SHORT = "[retention]\nworkspace_days = 0.0002\nhistory_days = 0.00002\n"


def _publish(made: Stage, episodes: int) -> None:
    """The first episodes, to their end: there is something to archive then."""
    made.start()
    made.wait_for("published", tasks=episodes, times=3)
    made.wait_until_told(times=3)
    open_cleanups = "SELECT 1 FROM jobs WHERE step = 'cleanup' AND state <> 'done'"
    until(lambda: not made.rows(open_cleanups), made.log_tail, 3)
    made.stop()


def _archived(made: Stage) -> list[str]:
    return [row["page_id"] for row in made.rows("SELECT page_id FROM archived JOIN tasks ON tasks.id = task_id")]


def _archive_again(made: Stage, person: Person, chance: random.Random) -> int:
    """YouTube's last word on every film, days before it would come: until then it is not archived. One that is archived
    is queued again, so that it comes back. Returns how many are archived."""
    waiting = [row["id"] for row in made.rows("SELECT id FROM tasks WHERE verdict_due IS NOT NULL")]
    with at_desk.desk(Place(made.state, made.config)) as desk:
        for task in waiting:
            asyncio.run(desk._ledger.apply(VideoLooked(now_ms(), task, Verdict.UNWATCHED.value)))
    archived = _archived(made)
    if archived:
        person.set_status(chance.choice(archived), Status.QUEUED)
    assert not made.rows("SELECT 1 FROM jobs WHERE task_id IN (SELECT task_id FROM archived)"), "in both places"
    return len(archived)


def _take_back(made: Stage) -> int:
    """Everything archived is in the database again, to be judged like all else; returns how many episodes that were."""
    store = InlineDatabase(made.database)
    names = [row["task_id"] for row in made.rows("SELECT task_id FROM archived")]

    def back(connection: sqlite3.Connection) -> int:
        return sum(archiving.take_back(connection, name) for name in names)

    async def work() -> int:
        try:
            return await store.write(back)
        finally:
            await store.close()

    return asyncio.run(work())


def _staged(folder: Path, webhook: bool, archive: bool, r2: bool) -> Stage:
    settings = (SHORT if archive else "") + (f'[r2]\nbucket = "{BUCKET}"\n' if r2 else "")
    port, env = 0, {}
    if webhook:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        settings += f'[webhook]\nport = {port}\nhost = "localhost"\n'
        env = {"VIDEOD_DAEMON_POLL_INTERVAL_S": "60"}
    made = Stage(folder, None, ("--s3",) if r2 else (), settings, env)
    if r2:
        path = made.channels / f"{STORED}.yaml"
        path.write_text(yaml.safe_dump(made.channel(STORED) | {"storage": "r2"}))
    if webhook:
        made.env |= rehearsal.called_back(made.found, port)
        made.admin("/set/notion/webhook", "PUT", {"pace": 0.01})  # who is killed is called again soon
    return made


#: the channel whose files go to the bucket
STORED = "wild_planet"


def _stored(made: Stage, kills: int) -> Result:
    """The files in the bucket, as a client that is not ours lists them: all that the ledger knows, of one channel. A
    kill between an upload and its note may leave one that it does not know, where the file itself was removed since."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=made.env["VIDEOD_URL_S3"], region_name="auto",
        aws_access_key_id=made.env["R2_ACCESS_KEY_ID"], aws_secret_access_key=made.env["R2_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="")
    there = {row["Key"] for page in pages for row in page.get("Contents", []) if not row["Key"].startswith("seeds/")}
    known = made.rows("SELECT channel_id, name FROM objects")
    assert {row["channel_id"] for row in known} <= {STORED}
    names = {row["name"] for row in known}
    assert names <= there and len(there) <= len(names) + kills, (len(there), len(names))
    return {"files_in_the_bucket": len(names), "unknown_there": len(there - names)}


#: a topic each, so that no two episodes ask for the same picture: the simulated services' accounts count by request
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
          "snow leopards", "giraffes", "owls")  # fmt: skip


#: a first start whose board answers slowly waits until any other daemon would have noticed; a busy host adds to that
START_S = 300


#: these finish the call that is being paid for before they end; the next daemon waits for them
PAYING = (
    "generate_asset.py", "generate_audio.py", "generate_sound_effects.py", "generate_video.py", ".part.mp3", "/raw.",
    "generate_plan.py", " plan judge",
)  # fmt: skip


def _left_over(made: Stage) -> list[str]:
    return [line for line in made.children() if not any(script in line for script in PAYING)]


def _ended(made: Stage) -> float:
    """Seconds until the children of a killed daemon were gone: the kernel kills them with it, one after the other."""
    if not _left_over(made):  # a look through all processes takes a second on a busy machine, and is no life of theirs
        return 0.0
    began = time.monotonic()
    until(lambda: not _left_over(made), lambda: _left_over(made))
    return time.monotonic() - began


def _judge(made: Stage, kills: int, restarts: list[float]) -> Result:
    doubts = sum(row["possibly_paid_twice"] for row in made.rows("SELECT possibly_paid_twice FROM tasks"))
    twice = made.bought_beyond()
    found = invariants.broken(made)
    assert not found, found
    assert not made.rows("SELECT 1 FROM attempts WHERE ended_at IS NULL")
    return {
        "kills": kills, "episodes": len(made.statuses()), "purchases": len(made.charges()),
        "bought_twice": sum(twice.values()), "twice": sorted(twice), "counted_in_doubt": doubts,
        "slowest_start_s": round(max(restarts), 2), "children_left": 0,
    }  # fmt: skip


def _run(folder: Path, given: argparse.Namespace) -> Result:
    return campaign(
        folder / "stage", given.kills, given.seed, given.episodes, given.up, given.webhook, given.archive, given.r2
    )  # fmt: skip


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=20, help="default 20")
    parser.add_argument("--up", type=float, default=3.0, help="seconds between start and kill at most (default 3)")
    parser.add_argument("--episodes", type=int, default=2, help="begun at once; more follow (default 2)")
    parser.add_argument("--archive", action="store_true", help="finished episodes are archived, and queued again")
    parser.add_argument("--r2", action="store_true", help="the files of one channel go to a bucket")
    parser.add_argument("--webhook", action="store_true", help="Notion calls; videod asks only once a minute")


CAMPAIGN = Campaign(
    "kills", "kill -9 of the daemon at random moments loses nothing and pays nothing twice uncounted", _options,
    _run,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
