"""A user's older scripts work in the place of ours: legacy arguments, exit code and output file, nothing more."""

import json
import stat
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import Stage, stage
from videod.core.statuses import Status

pytestmark = pytest.mark.live

OWN = Path(__file__).parent / "own_scripts"
STEPS = {
    "image": "generate_asset.py", "composite": "create_composite.py", "clip": "generate_video.py",
    "narration": "generate_audio.py", "sound_effect": "generate_sound_effects.py", "assemble": "assemble_video.py",
}  # fmt: skip
#: two clips, one with a character set into a place, one of a single picture
SMALL = {"clips": 2, "images": 4}
BEAR = ("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
WHALE = ("The dive", "deep_ocean", "humpback whales", "A whale dives for krill.")


def settings(scripts: dict[str, Path]) -> str:
    rows = "".join(f'{step} = "{path}"\n' for step, path in scripts.items())
    return f"[retry]\nwaits_min = [0.01]\n[scripts]\n{rows}"


def with_ffmpeg(folder: Path) -> dict[str, str]:
    """An environment in which "ffmpeg" is a program on PATH, as older scripts expect it."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    return {"PATH": f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"}


def moody(folder: Path, name: str, trouble: str) -> Path:
    """The owner's script `name` that is in trouble first: `trouble` is a shell line with $1, the marker of that.

    It may read the marker; it writes in its workspace only, where it runs.
    """
    path = folder / f"moody_{Path(name).stem}"
    path.write_text(f'#!/bin/sh\nset -- "$0.trouble" "$@"\n{trouble}\nshift\nexec {sys.executable} {OWN / name} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    path.with_name(f"{path.name}.trouble").touch()
    return path


def jobs(made: Stage, task: str, step: str) -> list[dict[str, object]]:
    query = (
        "SELECT jobs.*, json_extract(jobs.facts, '$.width') AS width FROM jobs JOIN tasks ON tasks.id = task_id"
        " WHERE title = ? AND step = ? ORDER BY key"
    )
    return [dict(row) for row in made.rows(query, task, step)]


def test_an_episode_is_published_by_the_owners_own_scripts(tmp_path: Path) -> None:
    scripts = {step: OWN / name for step, name in STEPS.items()}
    env = with_ffmpeg(tmp_path)
    with stage(tmp_path / "stage", channel=SMALL, settings=settings(scripts), env=env) as made:
        made.start()
        with Board(made.env) as board:
            board.write(*BEAR)
        made.wait_for("published")

        # nobody but the planner and the upload asked a service for anything
        assert {str(charge["kind"]) for charge in made.charges()} == {"text", "upload"}
        # the composite of the character is the owner's, the picture that fills the frame was cropped by ours
        spoken = {str(job["key"]): json.loads(str(job["args"])) for job in jobs(made, BEAR[0], "composite")}
        assert sorted(args["type"] for args in spoken.values()) == ["cutout", "full"]
        assert [job["width"] for job in jobs(made, BEAR[0], "composite")] == [1920, 1920]
        # what they made went on: 10 s of video as asked for, and the owner's own film, smaller than ours would be
        assert [job["width"] for job in jobs(made, BEAR[0], "clip")] == [640, 640]
        (film,) = jobs(made, BEAR[0], "assemble")
        assert film["width"] == 640
        uploaded = list((made.root / "youtube" / "videos").glob("*.mp4"))
        assert [path.stat().st_size for path in uploaded] == [film["bytes"]]
        # booked at the list price, since such a script says nothing of money
        assert [job["cost_micros"] for job in jobs(made, BEAR[0], "image")] == [33_600] * 4
        assert [job["cost_micros"] for job in jobs(made, BEAR[0], "clip")] == [420_000] * 2
        assert [job["cost_micros"] for job in jobs(made, BEAR[0], "sound_effect")] == [120_000] * 2
        assert all(job["cost_micros"] == job["price_micros"] for job in jobs(made, BEAR[0], "narration"))
        assert [path.name for path in made.state.rglob("*.job.json")] == ["plan.json.job.json"]  # the planner is ours
        made.kill()  # quicker than a stop, which waits for last words to the board


def test_an_own_scripts_words_say_whether_to_wait_to_stop_or_to_ask_for_a_key(tmp_path: Path) -> None:
    busy = (
        'case "$*" in *deep_ocean*) mkdir busy 2>/dev/null && echo "Error: HTTP 429 Too Many Requests" && exit 1; esac'
    )
    forgetful = 'if [ -e "$1" ]; then echo "All done!"; exit 0; fi'
    refused = 'if [ -e "$1" ]; then echo "❌ 401 Unauthorized: invalid API key" >&2; exit 1; fi'
    scripts = {step: OWN / name for step, name in STEPS.items()}
    scripts |= {
        step: moody(tmp_path, STEPS[step], trouble)
        for step, trouble in (("image", busy), ("clip", forgetful), ("narration", refused))
    }
    env = with_ffmpeg(tmp_path)
    with (
        stage(tmp_path / "stage", channel=SMALL, settings=settings(scripts), env=env) as made,
        Board(made.env) as board,
    ):
        made.start()
        board.write(*WHALE)
        board.write(*BEAR)

        def sees(title: str, column: str, *words: str) -> str:
            def look() -> str:
                text = str(board.entry(title)[column])
                return text if all(word in text for word in words) else ""

            return until(look, lambda: (board.entry(title), made.log_tail()))

        # a script that says it is done and leaves no file: tried again, then an error that names the file
        log = sees(BEAR[0], "Error Log", "clip_01.mp4 is missing", "Tried 2 times")
        assert "clip/clip_01 (kie): the script ended well but clip_01.mp4 is missing" in log
        assert board.entry(BEAR[0])["Status"] == "Error: Video Generation Failed"
        assert [job["cost_micros"] for job in jobs(made, BEAR[0], "clip")] == [0, 0]

        # a key that is refused parks the service, and the board says which key of whom
        scripts["clip"].with_name(f"{scripts['clip'].name}.trouble").unlink()
        board.set_status(board.entry(BEAR[0]), Status.QUEUED)
        log = sees(BEAR[0], "Error Log", "401 Unauthorized: invalid API key", "What to do: ")
        assert "narration/clip_0" in log and "(elevenlabs)" in log and "ELEVENLABS_API_KEY" in log
        assert "elevenlabs refused the key" in sees(BEAR[0], "Progress", "elevenlabs")
        assert [row["until_ms"] for row in made.rows("SELECT * FROM suspensions WHERE service = 'elevenlabs'")] == [
            None
        ]
        assert all(job["attempts"] == 0 for job in jobs(made, BEAR[0], "narration"))

        # "too many requests" is waited for, and no attempt is spent on it
        until(lambda: all(job["state"] == "done" for job in jobs(made, WHALE[0], "image")), made.log_tail)
        outcomes = [row["outcome"] for row in made.rows(
            "SELECT outcome FROM attempts JOIN jobs ON jobs.id = job_id WHERE step = 'image' AND outcome <> 'done'"
        )]  # fmt: skip
        assert outcomes == ["busy"]
        assert [job["cost_micros"] for job in jobs(made, WHALE[0], "image")] == [33_600] * 4
        made.kill()
