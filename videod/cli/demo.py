"""`videod demo`: everything that videod does, on the simulated services, as a newcomer would want to see it.

Starts the sandbox and the daemon as processes of their own, types entries into the sandbox's Notion board as a person
would, approves each gate there as a person would, and shows what happens until every film is published. On a terminal
the board and the films then stay open in the browser until Ctrl-C.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import interrupts, options
from videod.cli.demo_show import Work, summary, tell, working
from videod.files import private_folder

if TYPE_CHECKING:
    from videod.cli.children import Children
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
#: of the track under the demo's films; a longer film hears it again
MUSIC_S = 64
DEFAULT = Path("videod.toml")
#: the samples that these stories are for; those in a folder of channels may be gone, or somebody's own by now
SAMPLES = Path(__file__).parents[1] / "samples"
#: what each clip of an episode takes on the disk, with its share of the film and of the services' copies, MB
CLIP_MB = 40
ELSEWHERE = "Choose another place with `--folder`."
TEMPORARY = "tmp"

app = options.app()


class DemoError(Exception):
    """The demo cannot continue; the text is for the person at the terminal, `code` the exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


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
    folder: Annotated[Path | None, typer.Option(help="Where to work (default: a new folder under state/).")] = None,
    keep: Annotated[
        bool | None,
        typer.Option("--keep/--no-keep", help="Keep board and films open until Ctrl-C. Default: on a terminal."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The settings file.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Make sample films for free with simulated services.

    The daemon, its scripts and FFmpeg are the real ones. You need no key.
    """
    from videod.cli.children import Children

    size = FULL if full else SMALL
    chosen = (clips or size[0], images or (size[1] if clips is None else max(4, round(clips * 1.3))))
    began = time.monotonic()
    done, place = False, None
    try:
        config, paths = _settings(config)
        place = folder or _new_folder(paths.state)
        with Children() as children:
            with working("Starting the simulated services and the daemon"):
                stage = _set_up(place, chosen, config, episodes, children)
                daemon = _start_daemon(stage, config, children)
            many = "1 episode" if episodes == 1 else f"{episodes} episodes"
            tell(f"Making {many} of {chosen[0]} clips and {chosen[1]} images. Watch the board: {stage.page}")
            tell(f"All files of this run are in {stage.folder}.")
            done = _live(stage, daemon, Work(episodes, *chosen))
            report = summary(stage.folder, stage.page, time.monotonic() - began)
            if as_json or done:
                typer.echo(json.dumps(report) if as_json else report["text"])
            if done and (_watched(as_json) if keep is None else keep):
                _stay_open(stage)
            tell("Stopping the daemon and the simulated services.")
        if done and not as_json:
            tell(_next(stage.folder))
    except DemoError as error:
        tell(str(error))
        raise typer.Exit(error.code) from None
    except KeyboardInterrupt:
        raise typer.Exit(interrupts.code() or 130) from None
    finally:
        if place is not None:
            _tidy(place)
    raise typer.Exit(0 if done else 1)


def _watched(as_json: bool) -> bool:
    """Whether a person sits at a terminal and may want to look at the board and the films."""
    return not as_json and sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def _stay_open(stage: Stage) -> None:
    """Wait for Ctrl-C: the way on from here, and no failure. Other signals end the command as they always do."""
    tell(f"The board and the films stay open at {stage.page}. Press Ctrl-C to end the demo.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        if interrupts.code() not in (None, 130):
            raise


def _next(folder: Path) -> str:
    """What to type next, and what this run left behind."""
    name = "videod" if shutil.which("videod") else "./run"
    return (
        f"Next: `{name} run --sandbox` lets you write your own entries for free. `{name} doctor` lists what the real "
        f"services need. To remove this demo, delete {folder}."
    )


def _settings(given: Path) -> "tuple[Path, Paths]":
    """The settings file to use and its paths. Raises DemoError.

    A folder without settings uses those that videod brought, an installed package's or a checkout's; the films lie in
    this folder all the same.
    """
    from videod.config import CHECKOUT, PACKAGED, ConfigError, load_settings

    try:
        brought = next((one / given for one in (PACKAGED, CHECKOUT) if (one / DEFAULT).exists()), None)
        if given.exists() or given != DEFAULT or brought is None:
            return given, load_settings(given).paths
        state = os.environ.get("VIDEOD_PATHS_STATE") or str(Path("state").absolute())
        return brought, load_settings(brought, os.environ | {"VIDEOD_PATHS_STATE": state}).paths
    except ConfigError as error:
        raise DemoError(78, str(error)) from None


def _new_folder(state: Path) -> Path:
    for number in range(1, 10_000):
        place = state / f"demo-{number}"
        if not place.exists():
            return place
    raise typer.Exit(74)


def _set_up(folder: Path, size: tuple[int, int], config: Path, episodes: int, children: "Children") -> Stage:
    """Everything that the daemon needs, in `folder`. Raises DemoError."""
    from videod.cli import rehearsal
    from videod.config import load_settings

    try:
        private_folder(folder / TEMPORARY)
        limits = load_settings(config).limits
        _check_room(folder, limits.min_free_mb + limits.reserve_mb + CLIP_MB * size[0] * episodes)
        os.environ["TMPDIR"] = str((folder / TEMPORARY).resolve())
        channels = _sample_channels(folder / "channels", size)
        quick = ("--fine", "--generation", "3", "--latency", "gemini=0.3", "--latency", "elevenlabs=0.2")
        rate = ("--notion-rate", "600")
        found, _ = rehearsal.attach_or_start(folder / "sandbox", (*quick, *rate), children)
        state = folder / "daemon"
        env = rehearsal.environment(folder / "sandbox", found, state)
        env |= {"VIDEOD_PATHS_CHANNELS": str((folder / "channels").resolve()), "VIDEOD_DAEMON_POLL_INTERVAL_S": "1"}
        env |= {"VIDEOD_DAEMON_STOP_GRACE_S": "3"}  # nothing of it is worth a longer wait
        rehearsal.prepare(env, channels, state)
    except OSError as error:
        raise DemoError(74, f"The demo cannot work in {folder}: {error.strerror or error}. {ELSEWHERE}") from None
    except rehearsal.RehearsalError as error:
        raise DemoError(69, str(error)) from None
    return Stage(folder, env, str(found.get("page")))


def _check_room(folder: Path, needed: int) -> None:
    """Raises DemoError where the disk has less than `needed` MB: the daemon would wait for more forever."""
    from videod.adapters.disk import MB, room

    free = room(folder).free // MB
    if free < needed:
        raise DemoError(
            75, f"The demo needs {needed:,} MB of free disk space and {folder} has {free:,} MB. {ELSEWHERE}"
        )


def _sample_channels(target: Path, size: tuple[int, int]) -> list[str]:
    """The package's sample channels at the wanted size, every gate on so that the demo shows them all."""
    import yaml

    target.mkdir(exist_ok=True)
    for name in STORIES:
        body = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
        body |= {"clips": size[0], "images": size[1], "gates": dict.fromkeys(("assets", "video", "audio"), "review")}
        body["gates"]["final"] = "auto"
        body["music"] = [_music(target, name)]
        (target / f"{name}.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    return sorted(STORIES)


def _music(channels: Path, name: str) -> dict[str, object]:
    """The track that lies under a channel's films, composed here: nobody else's license is needed."""
    from videod.sandbox.render import score
    from videod.sandbox.render.ambience import stereo_wav

    track = channels / "music" / f"{name}.wav"
    track.parent.mkdir(exist_ok=True)
    track.write_bytes(stereo_wav(score.render_score(name, MUSIC_S), score.RATE))
    return {"file": f"music/{name}.wav", "seconds": MUSIC_S, "licence": "CC0 1.0", "credit": "Music: videod's demo"}


def _stories(episodes: int) -> list[tuple[str, tuple[str, str, str]]]:
    """(channel, story) turn by turn over the channels."""
    turns = [(channel, story) for row in zip(*STORIES.values(), strict=True)
             for channel, story in zip(STORIES, row, strict=True)]  # fmt: skip
    return turns[:episodes]


def _start_daemon(stage: Stage, config: Path, children: "Children") -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "videod", "run", "--config", str(config)]
    return children.start(argv, stage.folder / "daemon.log", stage.env)


def _live(stage: Stage, daemon: "subprocess.Popen[bytes]", work: Work) -> bool:
    """Play the person until the films are published; whether they are. Raises DemoError if the services die."""
    import httpx

    from videod.cli import rehearsal
    from videod.cli.demo_person import Person

    try:
        with contextlib.closing(Person(stage.env, stage.folder / "daemon" / "videod.db")) as person:
            person.write_entries(_stories(work.episodes))
            return person.live_with_it(GIVE_UP_S, daemon, work)
    except httpx.HTTPError:
        log = stage.folder / "sandbox" / "sandbox.log"
        said = f"The simulated services do not answer any more: {rehearsal.last_words(log)} Full log: {log}"
        raise DemoError(69, said) from None


def _tidy(folder: Path) -> None:
    """Remove what only a process that was killed leaves: its socket, its half-written and temporary files."""
    for left in (folder / TEMPORARY, folder / "daemon" / "tmp"):
        shutil.rmtree(left, ignore_errors=True)
    daemon = folder / "daemon"
    files = (daemon / "videod.sock", daemon / "control.token", folder / "sandbox" / "sandbox.json")
    for left in (*files, *folder.rglob("*.part")):
        with contextlib.suppress(OSError):
            left.unlink()
