"""kill -9 of the daemon at random moments of a sandbox run, restarted each time, then the books are compared.

python -m tests.campaigns.kills --kills 20 --seed 1
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.live.stage import Stage


def campaign(folder: Path, kills: int, seed: int, episodes: int) -> dict[str, object]:
    """Run and judge one campaign; raises AssertionError when a promise is broken."""
    chance = random.Random(seed)
    made = Stage(folder)
    try:
        person = made.person()
        person.write_entries([_story(number) for number in range(episodes)])
        written, done, restarts = episodes, 0, []
        while done < kills:
            began = time.monotonic()
            made.start()
            while made.daemon is not None and b"daemon_start_done" not in made.log.read_bytes()[-20_000:]:
                assert time.monotonic() - began < 30, made.log_tail()
                time.sleep(0.02)
            restarts.append(time.monotonic() - began)
            time.sleep(chance.uniform(0, 3))
            made.kill()
            done += 1
            time.sleep(0.3)
            assert not _left_over(made), _left_over(made)
            made.log.rename(made.log.with_suffix(f".{done}"))
            if len(made.statuses()) == written and set(made.statuses()) == {"published"}:
                person.write_entries([_story(written)])
                written += 1
        made.start()
        made.wait_for("published", seconds=900, tasks=written)
        made.wait_until_told()
        made.stop()
        return _judge(made, done, restarts)
    finally:
        made.close()


#: a topic each, so that no two episodes ask for the same picture: the stand-ins' accounts count by request
TOPICS = ("brown bears", "humpback whales", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
          "snow leopards", "giraffes", "owls")  # fmt: skip


def _story(number: int) -> tuple[str, tuple[str, str, str]]:
    topic = TOPICS[number % len(TOPICS)]
    return ("wild_planet", "deep_ocean")[number % 2], (f"Story {number}", topic, f"One of the {topic} waits.")


#: these finish the call that is being paid for before they end; the next daemon waits for them
PAYING = ("generate_asset.py", "generate_audio.py", "generate_sound_effects.py", "generate_video.py", ".part.mp3")


def _left_over(made: Stage) -> list[str]:
    return [line for line in made.children() if not any(script in line for script in PAYING)]


def _judge(made: Stage, kills: int, restarts: list[float]) -> dict[str, object]:
    doubts = sum(row["doubts"] for row in made.rows("SELECT doubts FROM tasks"))
    twice = made.bought_twice()
    kinds = {name.split()[1] for name in twice}
    uploads = [charge for charge in made.charges() if charge["kind"] == "upload"]
    assert sum(twice.values()) <= doubts, (dict(twice), doubts, made.rows("SELECT title, topic FROM tasks"))
    assert "upload" not in kinds, dict(twice)
    assert len(uploads) == len(made.statuses()), uploads
    assert not made.children(), made.children()
    assert not made.rows("SELECT 1 FROM attempts WHERE ended_at IS NULL")
    return {
        "kills": kills, "episodes": len(made.statuses()), "purchases": len(made.charges()),
        "bought_twice": sum(twice.values()), "twice": sorted(kinds), "counted_in_doubt": doubts,
        "slowest_start_s": round(max(restarts), 2), "children_left": 0,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--episodes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="videod-kills-") as folder:
        print(campaign(Path(folder) / "stage", options.kills, options.seed, options.episodes))


if __name__ == "__main__":
    main()
