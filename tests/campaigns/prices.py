"""An episode by each profile on the sandbox: what was said before, what was charged there, what the ledger booked.

python -m tests.campaigns prices --clips 18 --kills 3 --seed 1 [--kept FILE]

An episode of 18 shots takes minutes of processor time, most of it for pictures that move. `--kept` names a file in
which each finished profile is written down, so that another run with the same options continues with the next one.
`--first MODEL` makes narrations first, and clips of that model as long as those need them.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from scripts.lib.film import ffmpeg
from tests.campaigns import invariants
from tests.campaigns.frame import Campaign, Result, main, say
from tests.harness.patience import run
from tests.live.stage import Stage
from videod.core import profiles
from videod.core.step_parts import clip_s

#: of a price that is said before: prompts of a plan and characters of narrations are not known then
NEAR = 0.05


def campaign(
    folder: Path, clips: int, images: int, kills: int, seed: int, names: tuple[str, ...], kept: Path | None = None,
    first: str = "",
) -> Result:  # fmt: skip
    """One episode by each profile, one after the other. Raises AssertionError when the accounts differ."""
    done: dict[str, Result] = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
    found: Result = {"clips": clips, "kills": kills}
    for name in names:
        key = f"{name} {clips} {images} {kills} {seed} {first}".strip()
        if key not in done:
            began = time.monotonic()
            one = _episode(folder / name, name, clips, images, kills, random.Random(f"{seed} {name}"), first)
            done[key] = one | {"took_s": round(time.monotonic() - began)}
            say(f"{name}: {done[key]}")
            if kept is not None:
                kept.write_text(json.dumps(done, indent=1))
        found[name] = done[key]
    return found


def _episode(
    folder: Path, profile: str, clips: int, images: int, kills: int, chance: random.Random, first: str = ""
) -> Result:
    channel: dict[str, object] = {"clips": clips, "images": images, "profile": profile, "episode_cap_usd": 15.0}
    if first:
        channel |= {"narration_first": True, "video_model": first, "wordless_shots": clips // 9}
    keys = profiles.keys(profile, clips)
    if "target_usd" in keys:  # the cap is the target: nothing gets past it
        channel["episode_cap_usd"] = keys["target_usd"]
    made = Stage(folder, channel | {"clip_seconds": keys.get("clip_seconds", 10)})
    try:
        said = _said(made, profile)
        made.person().write_entries([("wild_planet", (f"The {profile} river", "brown bears", "A bear waits."))])
        for _ in range(kills):
            made.start()
            time.sleep(chance.uniform(3, 12))
            made.kill()
            time.sleep(0.3)
        made.start()
        made.wait_for("published", times=6)
        made.wait_until_told(times=3)
        assert made.stop() == 0
        return _judged(made, said, kills)
    finally:
        made.close()


def _said(made: Stage, profile: str) -> dict[str, object]:
    """What `videod channels price` says of the channel as it is configured."""
    done = run(
        [sys.executable, "-m", "videod", "channels", "price", "wild_planet", "--json", "--config", str(made.config)],
        env=made.env,
    )
    found: dict[str, object] = json.loads(done.stdout)["channels"][0]["profiles"][0]
    return found


def _judged(made: Stage, said: dict[str, object], kills: int) -> Result:
    charged = sum(float(str(charge["usd"])) for charge in made.charges())
    (task,) = made.rows("SELECT * FROM tasks")
    (booked,) = made.rows("SELECT sum(micros) AS micros FROM charges")
    assert not invariants.broken(made), invariants.broken(made)
    assert abs(charged - booked["micros"] / 1e6) < 0.005, (charged, booked["micros"])
    kinds = Counter(str(charge["kind"]) for charge in made.charges())
    listed = said["lines"]
    assert isinstance(listed, list)
    lines = {str(line["step"]): line for line in listed}
    told, target = float(str(said["total_usd"])), said["target_usd"]
    if not kills:  # a purchase whose answer was lost is made again, and counted
        assert kinds["clip"] == lines["clip"]["count"], kinds
        assert kinds["sound_effect"] <= lines["sound_effect"]["count"], "there may be fewer places"
    assert charged <= told * (1 + NEAR), (charged, told)
    assert task["cost_micros"] <= 15_000_000 if target is None else task["cost_micros"] <= float(str(target)) * 1e6
    asked = [json.loads(row["args"]) for row in made.rows("SELECT args FROM jobs WHERE step = 'clip' ORDER BY key")]
    stills = made.rows("SELECT 1 FROM jobs WHERE step = 'clip' AND service = 'ffmpeg'")
    (film,) = made.rows("SELECT output FROM jobs WHERE step = 'assemble'")
    path = made.state / "workspaces" / "wild_planet" / task["id"] / film["output"]
    return {
        "said_usd": round(told, 3), "charged_usd": round(charged, 3), "ledger_usd": round(booked["micros"] / 1e6, 3),
        "target_usd": target, "clips_bought": kinds["clip"], "still_shots": len(stills),
        "clip_s": dict(sorted(Counter(str(clip_s(one)) for one in asked).items())), "narrations": kinds["speech"],
        "effects": kinds["sound_effect"], "film_s": ffmpeg.probe(path).duration_s, "said_s": said["seconds"],
        "twice": sum(made.bought_twice().values()), "possibly_paid_twice": task["possibly_paid_twice"],
    }  # fmt: skip


def _run(folder: Path, given: argparse.Namespace) -> Result:
    names = tuple(given.profile)
    return campaign(
        folder / "stage", given.clips, given.images, given.kills, given.seed, names, given.kept, given.first
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", type=int, default=18, help="default 18")
    parser.add_argument("--images", type=int, default=22, help="default 22")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 of the daemon so often in each episode")
    parser.add_argument("--profile", nargs="+", default=list(profiles.PROFILES), choices=profiles.PROFILES)
    parser.add_argument("--first", default="", metavar="MODEL", help="narrations first, and clips that fit them")
    parser.add_argument("--kept", type=Path, help="write down finished profiles here, and do not do them again")


CAMPAIGN = Campaign(
    "prices", "an episode by each profile costs what was said before, in all three books", _options, _run
)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
