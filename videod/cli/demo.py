"""`videod demo`: the whole main job on the stand-ins, as a newcomer would want to see it.

Starts the sandbox and the daemon as processes of their own, types entries into the sandbox's Notion board as a person
would, approves each gate there as a person would, shows what happens, ends when every film is published.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import options

if TYPE_CHECKING:
    from videod.config import Paths

#: title, topic and story direction typed into the board, by sample channel
STORIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "wild_planet": (
        ("The Cold Crossing", "brown bears and salmon", "A mother bear must cross a river in flood to feed."),
        ("Wolves of the Long Night", "arctic wolves in winter", "A lone wolf follows a herd it cannot take alone."),
        ("The Fox and the Thaw", "red foxes in early spring", "A vixen digs where the snow is thinnest."),
    ),
    "deep_ocean": (
        ("Where the Whales Turn", "humpback whales", "A calf tires on its first journey north."),
        ("The Turtle's Beach", "green sea turtles", "A turtle returns to the beach where she hatched."),
        ("Night of the Octopus", "the giant Pacific octopus", "A mother octopus guards her last brood."),
    ),
}
#: clips and images of the small demo and of the mission's size
SMALL, FULL = (6, 8), (18, 22)
GIVE_UP_S = 3600.0
DEFAULT = Path("videod.toml")

app = options.app()


@dataclass(frozen=True)
class Stage:
    """Where the demo's files and processes are."""

    folder: Path
    env: dict[str, str]
    page: str


@app.command(epilog=options.examples("videod demo", "videod demo --episodes 1 --clips 4", "videod demo --full"))
def demo(
    episodes: Annotated[int, typer.Option(min=1, max=6, help="How many episodes, spread over two channels.")] = 2,
    full: Annotated[bool, typer.Option("--full", help="The real size: 22 images and 18 of everything else.")] = False,
    clips: Annotated[int | None, typer.Option(min=2, max=24, help="Clips of an episode.")] = None,
    images: Annotated[int | None, typer.Option(min=2, max=40, help="Images of an episode.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where to work; a new folder under state/ if not said.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave board and films open in the browser until Ctrl-C.")
    ] = False,
    config: Annotated[Path, typer.Option(help="The settings file.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Make sample films for free with simulated services.

    The daemon, its scripts and FFmpeg are the real ones. You need no key.
    """
    from videod.cli import rehearsal
    from videod.cli.demo_show import summary, tell
    from videod.config import ConfigError

    size = FULL if full else SMALL
    chosen = (clips or size[0], images or (size[1] if clips is None else max(4, round(clips * 1.3))))
    began = time.monotonic()
    try:
        config, paths = _settings(config)
        stage, sandbox = _set_up(paths.channels, folder or _new_folder(paths.state), chosen)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(78) from None
    except rehearsal.RehearsalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(69) from None
    daemon = _start_daemon(stage, config)
    tell(f"{episodes} episode(s) of {chosen[0]} clips and {chosen[1]} images. Watch the board: {stage.page}")
    tell(f"Everything of this run lies in {stage.folder}")
    try:
        from videod.cli.demo_person import Person

        person = Person(stage.env, stage.folder / "daemon" / "videod.db")
        with contextlib.closing(person):
            person.write_entries(_stories(episodes))
            ended = person.live_with_it(GIVE_UP_S, daemon)
        report = summary(stage.folder, stage.page, time.monotonic() - began)
        typer.echo(json.dumps(report) if as_json else report["text"])
        if keep and ended:
            tell("Left open. Ctrl-C ends it.")
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    except KeyboardInterrupt:
        ended = False
    finally:
        _end(daemon)
        _end(sandbox)
    raise typer.Exit(0 if ended else 1)


def _settings(given: Path) -> "tuple[Path, Paths]":
    """The settings file to use and its paths. Raises ConfigError.

    An installed package brings settings and sample channels for a folder that has none; the films lie in this folder
    all the same.
    """
    from videod.config import PACKAGED, load_settings

    brought = PACKAGED / "videod.toml"
    if given.exists() or given != DEFAULT or not brought.exists():
        return given, load_settings(given).paths
    state = os.environ.get("VIDEOD_PATHS_STATE") or str(Path("state").absolute())
    return brought, load_settings(brought, os.environ | {"VIDEOD_PATHS_STATE": state}).paths


def _new_folder(state: Path) -> Path:
    for number in range(1, 10_000):
        place = state / f"demo-{number}"
        if not place.exists():
            return place
    raise typer.Exit(74)


def _set_up(samples: Path, folder: Path, size: tuple[int, int]) -> tuple[Stage, "subprocess.Popen[bytes] | None"]:
    from videod.cli import rehearsal

    folder.mkdir(parents=True, exist_ok=True)
    channels = _sample_channels(samples, folder / "channels", size)
    quick = ("--generation", "3", "--latency", "gemini=0.3", "--latency", "elevenlabs=0.2")
    found, process = rehearsal.attach_or_start(folder / "sandbox", quick)
    state = folder / "daemon"
    env = rehearsal.environment(folder / "sandbox", found, state)
    env |= {"VIDEOD_PATHS_CHANNELS": str((folder / "channels").resolve()), "VIDEOD_DAEMON_POLL_INTERVAL_S": "3"}
    rehearsal.prepare(env, channels, state)
    return Stage(folder, env, str(found.get("page"))), process


def _sample_channels(source: Path, target: Path, size: tuple[int, int]) -> list[str]:
    """Copies of the sample channels at the wanted size, every gate on so that the demo shows them all."""
    import yaml

    target.mkdir(exist_ok=True)
    for name in STORIES:
        body = yaml.safe_load((source / f"{name}.yaml").read_text())
        body |= {"clips": size[0], "images": size[1], "gates": dict.fromkeys(("assets", "video", "audio"), "review")}
        body["gates"]["final"] = "auto"
        (target / f"{name}.yaml").write_text(yaml.safe_dump(body, allow_unicode=True))
    return sorted(STORIES)


def _stories(episodes: int) -> list[tuple[str, tuple[str, str, str]]]:
    """(channel, story) turn by turn over the channels."""
    turns = [(channel, story) for row in zip(*STORIES.values(), strict=True)
             for channel, story in zip(STORIES, row, strict=True)]  # fmt: skip
    return turns[:episodes]


def _start_daemon(stage: Stage, config: Path) -> "subprocess.Popen[bytes]":
    log = stage.folder / "daemon.log"
    with log.open("ab") as out:
        argv = [sys.executable, "-m", "videod", "run", "--config", str(config)]
        return subprocess.Popen(argv, env=stage.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                start_new_session=True)  # fmt: skip


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
