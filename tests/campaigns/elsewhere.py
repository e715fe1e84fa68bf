"""An archive made in the middle of an episode is restored into an empty folder while the world continued without it.

Nothing is bought before a person resumes the episode, and nothing is uploaded twice, however it ends.

python -m tests.campaigns elsewhere
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.campaigns.frame import Campaign, Result, main
from tests.live.creator import TOPICS
from tests.live.stage import Stage
from videod.core.statuses import LABELS, Status

_ASSETS = {"gates": {"assets": "review", "video": "auto", "audio": "auto", "final": "auto"}}


def videod(made: Stage, *words: str) -> dict[str, object]:
    """What a command answers, as a person types it."""
    done = subprocess.run(
        [sys.executable, "-m", "videod", *words, "--config", str(made.config), "--json"], env=made.env, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def case(folder: Path, media: bool = False, to_the_end: bool = False) -> Result:
    """One archive, made at the review of the assets, and a world in which the film was published since."""
    made = Stage(folder, channel=_ASSETS)
    try:
        page = _published_after_an_archive(made, media)
        before = len(made.charges())
        made.state = made.folder / "another host"  # nothing is here
        made.env |= {"VIDEOD_PATHS_STATE": str(made.state)}
        told = videod(made, "restore", str(made.folder / "videod.tar.gz"))
        (episode,) = told["paused"]  # type: ignore[misc]
        assert episode["board"] == LABELS[Status.PUBLISHED]
        lost = 0 if media else made.bought("image")
        assert len(episode["files_lost"]) == lost and len(episode["unfinished"]) == 6, episode
        assert told["usd"] == episode["usd"] > 0  # type: ignore[operator]
        made.start()
        made.daemon_looks(4)
        assert len(made.charges()) == before, "something was bought before a person said so"
        (reason,) = made.rows("SELECT paused FROM tasks")[0]
        assert "restored from a backup" in reason and "The board showed Published" in reason, reason
        if to_the_end:
            _resumed(made, page, media)
        made.stop()
        videos = json.loads((made.root / "youtube" / "state.json").read_text())["videos"]
        assert len(videos) == 1, f"uploaded {len(videos)} times"
        return {"asked_usd": told["usd"], "bought_again": len(made.charges()) - before, "videos": len(videos)}
    finally:
        made.close()


def _published_after_an_archive(made: Stage, media: bool) -> str:
    made.start()
    words = ("--channel", "wild_planet", "--topic", TOPICS[0], "--direction", "A bear crosses a cold river.")
    page = str(videod(made, "new", "The crossing", *words)["page_id"])
    made.wait_for(Status.ASSETS_READY.value)
    made.wait_until_told()
    videod(made, "backup", "--archive", str(made.folder / "videod.tar.gz"), *(["--files"] if media else []))
    videod(made, "approve", page)
    made.wait_for(Status.PUBLISHED.value)
    made.wait_until_told()
    made.stop()
    return page


def _resumed(made: Stage, page: str, media: bool) -> None:
    """A person takes it to its end: what only money brings back is asked for once more."""
    before = len(made.charges())
    videod(made, "resume", page)
    made.wait_for(Status.ASSETS_READY.value)
    assert len(made.charges()) == before
    while made.statuses() != [Status.PUBLISHED.value]:
        asked = made.rows("SELECT step || '/' || key AS name FROM jobs WHERE state = 'failed'")
        if asked:
            assert not media
            videod(made, "redo", page, *(row["name"] for row in asked))
        elif made.statuses() == [Status.ASSETS_READY.value]:
            videod(made, "approve", page)
        made.wait_for(Status.ERROR_ASSETS.value, Status.ASSETS_READY.value, Status.PUBLISHED.value)
    made.wait_until_told()


def run(folder: Path, given: argparse.Namespace) -> Result:
    found = {
        name: case(folder / name, media, to_the_end=True) for name, media in (("receipts", False), ("files", True))
    }
    return {f"{name}: {what}": value for name, one in found.items() for what, value in one.items()}


CAMPAIGN = Campaign(
    "elsewhere", "an archive restored into an empty folder buys nothing unasked and uploads nothing twice",
    lambda parser: None, run,
)  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
