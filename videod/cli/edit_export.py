"""`videod export --timeline`: the edit of a film for other editors, by scripts/export_timeline.py."""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from videod.cli import output
from videod.cli.client import Place
from videod.cli.output import CommandError
from videod.core import bounds
from videod.core.model import Job, Task
from videod.core.statuses import DONE
from videod.core.tables import STEPS

SCRIPT = "export_timeline.py"
#: of the film's own order these go into the edit
SHARED = ("--intro", "--outro", "--music")
LINES_MAX = 100_000


@dataclass(frozen=True)
class Order:
    """What the script is given: its path, the list of clips as JSON, its other words, FFmpeg."""

    script: Path
    manifest: str
    words: tuple[str, ...]
    ffmpeg: str


def order(where: Place, task: Task, jobs: Iterable[Job]) -> Order:
    """Raises CommandError where the episode has no film that was cut here."""
    from videod.channels import ChannelError, load_channels
    from videod.config import ConfigError, load_settings
    from videod.daemon.wiring import context_maker, ffmpeg_finder

    done = {job.name: job for job in jobs if job.state == DONE and job.output}
    film = done.get("assemble/film")
    if film is None or not any(job.step == "cut" for job in done.values()):
        raise CommandError(output.MISSING, f"{task.title} has no cut film yet", f"`videod why {task.id}` says why")
    try:
        settings = load_settings(where.settings, os.environ)
        channels = load_channels(settings.paths.channels)
        ffmpeg = ffmpeg_finder(settings.paths.ffmpeg)()
    except (ConfigError, ChannelError, FileNotFoundError) as error:
        raise CommandError(output.CONFIGURATION, str(error), "fix that, then try again") from error
    workspace = PurePosixPath(where.workspace(task))
    files = {name: str(job.output) for name, job in done.items()}
    context = context_maker(lambda: settings, lambda: channels)(task, workspace, files)
    if context is None:
        hint = "put its file back: it names intro, outro and music"
        raise CommandError(output.CONFIGURATION, f"the channel {task.channel_id} is not configured", hint)
    command = STEPS["assemble"].argv(film, context)
    shared = [word for at, word in enumerate(command.argv) if word in SHARED or (at and command.argv[at - 1] in SHARED)]
    plan = done.get("plan/plan")
    words = ["--title", task.title, *shared]
    words += ["--plan", str(workspace / str(plan.output))] if plan else []
    captions = next((job for job in done.values() if job.step == "captions"), None)
    words += ["--captions", str(workspace / str(captions.output))] if captions else []
    return Order((settings.paths.scripts / SCRIPT).resolve(), next(iter(command.files.values())), tuple(words), ffmpeg)


def write(order: Order, folder: Path) -> list[str]:
    """Write the edit; returns the names of its files. Raises CommandError."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "clips.json"
    listed.write_text(order.manifest)
    argv = [sys.executable, str(order.script), "--manifest", str(listed), "--folder", str(folder), *order.words]
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    done = subprocess.run(
        [*argv, "--events"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, errors="replace",
        env=env | {"VIDEOD_FFMPEG": order.ffmpeg},
    )  # fmt: skip
    last: dict[str, object] = {}
    for line in done.stdout.splitlines()[-LINES_MAX:]:
        try:
            said = bounds.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("type") in ("result", "failure"):
            last = said
    if done.returncode or last.get("type") != "result":
        reason = str(last.get("message") or done.stderr.strip()[-300:] or f"exit code {done.returncode}")
        advice = done.stderr.strip().rpartition("Next: ")[2] if "Next: " in done.stderr else ""
        hint = advice.rstrip(".") or "the other files of the episode are there"
        raise CommandError(output.CONFIGURATION if done.returncode == 78 else output.REFUSED, reason, hint)
    listed.unlink()
    files = last.get("files")
    return [str(name) for name in files] if isinstance(files, list) else []
