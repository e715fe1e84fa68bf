"""`videod cluster check | scheduler | worker | certificates`: film making on other machines."""

import asyncio
import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videod.cli import options, output
from videod.cli.options import AsJson, examples
from videod.cli.output import CommandError

if TYPE_CHECKING:
    from videod.adapters.cluster.check import Found
    from videod.adapters.cluster.processes import Papers
    from videod.config import Settings

app = options.app("Check the cluster, start its scheduler and workers, make certificates.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder.")]
Tls = Annotated[
    Path | None, typer.Option("--tls", metavar="DIR", help="Folder of the certificates. Without: this machine only.")
]


def _needed() -> None:
    from videod.daemon.cluster import installed

    if not installed():
        raise CommandError(
            output.CONFIGURATION, "The extra `cluster` is not installed.", "Run `pip install 'videod[cluster]'`."
        )


@app.command(epilog=examples("videod cluster check", "videod cluster check --json"))
def check(
    quick: Annotated[bool, typer.Option("--quick", help="Do not measure how fast the workers are.")] = False,
    as_json: AsJson = False,
    config: options.Settings = Path("videod.toml"),
) -> int:
    """Show the workers: version, FFmpeg, free space, speed. Exit code 69 if none can be used."""
    settings = _settings(config)
    if not settings.cluster.on:
        raise CommandError(
            output.CONFIGURATION,
            f"{config} has no cluster.",
            "Set `address` in [cluster], see docs/operations/cluster.md.",
        )
    _needed()
    from videod.adapters.cluster.check import look
    from videod.daemon.cluster import reached

    seen = asyncio.run(look(reached(settings, settings.paths.state.resolve()), not quick))
    if as_json:
        output.print_json(seen.as_json())
    else:
        output.say(f"{seen.address}, this is videod {seen.version}")
        for one in seen.workers:
            _show(one)
        if seen.problem:
            output.say(f"The scheduler cannot be used: {seen.problem}", "bad")
        elif not seen.workers:
            output.say("No worker has joined. Start one with `videod cluster worker`.", "bad")
        for warning in seen.warnings:
            output.say(warning, "review")
    return output.OK if any(not one.problem for one in seen.workers) else output.DOWN


def _show(one: "Found") -> None:
    slots = f"{one.slots} slot{'' if one.slots == 1 else 's'}"
    output.say(f"{one.name}: {slots}, {one.address}", "bad" if one.problem else "good")
    if one.version:
        output.say(f"  videod {one.version}, {one.cores} cores, {one.free_bytes / 1e9:.1f} GB free, {one.ffmpeg}")
    if one.speed_s is not None:
        output.say(f"  {one.speed_s:.1f} CPU-seconds for a second of film")
    if one.problem:
        output.say(f"  Gets no jobs: {one.problem}", "bad")


def _settings(config: Path) -> "Settings":
    from videod.config import ConfigError, load_settings

    try:
        return load_settings(config, os.environ)
    except ConfigError as problem:
        raise CommandError(
            output.CONFIGURATION, str(problem), "Correct the file, then run the command again."
        ) from None


@app.command(epilog=examples("videod cluster certificates /etc/videod/cluster"))
def certificates(folder: Folder) -> None:
    """Make the certificates of a cluster: an authority, scheduler, worker and client."""
    from videod import files
    from videod.adapters.cluster.certificates import make

    try:
        for path in make(folder):
            output.say(str(path))
    except FileExistsError as error:
        raise CommandError(
            output.REFUSED, f"{error.filename} exists.", "Name an empty folder: a cluster has one set of certificates."
        ) from None
    except OSError as error:
        raise CommandError(output.MISSING, f"{folder}: {files.reason(error)}.", "Name a folder of your own.") from None
    output.say("Copy ca.pem and the two files of its side to each machine. Who has them may run programs there.")


@app.command(epilog=examples("videod cluster scheduler 10.8.0.1:8786 --tls /etc/videod/cluster"))
def scheduler(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where it listens.")] = "127.0.0.1:8786",
    tls: Tls = None,
) -> None:
    """Run the scheduler, where the daemon and the workers meet, until Ctrl-C."""
    _needed()
    from videod import files
    from videod.adapters.cluster import processes

    host, port = _place(address)
    try:
        asyncio.run(processes.scheduler(host, port, _papers(tls, "scheduler", host), output.say))
    except OSError as error:
        raise CommandError(
            output.DOWN, f"The scheduler cannot listen on {address}: {files.reason(error)}.", "Name another address."
        ) from None


@app.command(
    epilog=examples("videod cluster worker tls://10.8.0.1:8786 --tls ~/cluster --folder ~/films --slots 4")
)  # fmt: skip
def worker(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The scheduler, such as tls://10.8.0.1:8786.")],
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="For its files.")] = Path("videod-worker"),
    slots: Annotated[int, typer.Option("--slots", min=0, max=256, help="Jobs at once. Default: half the cores.")] = 0,
    tls: Tls = None,
    name: Annotated[str, typer.Option("--name", help="What it is called. Default: the name of this host.")] = "",
    cache_gb: Annotated[float, typer.Option("--cache-gb", min=0.1, help="Most space for kept inputs.")] = 20.0,
    ffmpeg: Annotated[Path | None, typer.Option("--ffmpeg", metavar="FILE", help="FFmpeg. Default: from PATH.")] = None,
    shared: Annotated[
        Path | None, typer.Option("--shared", metavar="DIR", help="A folder that the daemon sees at the same path.")
    ] = None,
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Where it listens.")] = "",
    contact: Annotated[str, typer.Option("--contact", metavar="ADDRESS", help="How the scheduler reaches it.")] = "",
) -> None:
    """Run a worker, which makes films for a daemon elsewhere, until Ctrl-C."""
    _needed()
    from videod import files
    from videod.adapters.cluster import processes
    from videod.adapters.cluster.room import Means

    if not address.startswith(("tls://", "tcp://")):
        raise CommandError(output.USAGE, f"{address} is no address.", "Write one such as tls://10.8.0.1:8786.")
    host, port = _place(listen) if listen else ("", 0)
    at = processes.Listening(host, port, contact)
    try:
        (folder / (name or socket.gethostname()).replace("/", "_")).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CommandError(
            output.MISSING, f"{folder}: {files.reason(error)}.", "Name a folder with --folder."
        ) from None
    own = folder.resolve() / (name or socket.gethostname()).replace("/", "_")  # workers of one machine have one each
    means = Means(own, _ffmpeg(ffmpeg), round(cache_gb * 1e9), shared.resolve() if shared else None)
    papers = _papers(tls, "worker", _host_of(address))
    many = slots or max(1, (os.cpu_count() or 2) // 2)
    asyncio.run(processes.worker(address, name, many, means, papers, at, output.say))


def _ffmpeg(chosen: Path | None) -> str:
    import imageio_ffmpeg

    if chosen is not None and not os.access(chosen, os.X_OK):
        raise CommandError(output.MISSING, f"{chosen} cannot be run.", "Name FFmpeg with --ffmpeg, or install it.")
    found = str(chosen.resolve()) if chosen else shutil.which("ffmpeg")
    return found or str(imageio_ffmpeg.get_ffmpeg_exe())


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise CommandError(output.USAGE, f"{address} is no address.", "Write one such as 10.8.0.1:8786.")
    return host.strip("[]"), int(port)


def _host_of(address: str) -> str:
    return address.partition("://")[2].rpartition(":")[0].strip("[]")


def _papers(folder: Path | None, side: str, host: str) -> "Papers | None":
    """The certificates; without any, only this machine can be meant."""
    from videod.adapters.cluster.processes import Papers

    if folder is None:
        if host in ("localhost", "::1") or host.startswith("127."):
            return None
        raise CommandError(
            output.CONFIGURATION, f"{host} is another machine, so the cluster needs certificates.",
            "Run `videod cluster certificates DIR` once, and name that folder with --tls.",
        )  # fmt: skip
    papers = Papers(folder / "ca.pem", folder / f"{side}.pem", folder / f"{side}.key")
    for path in (papers.ca, papers.cert, papers.key):
        if not path.is_file():
            raise CommandError(output.MISSING, f"{path} is missing.", "Run `videod cluster certificates DIR` once.")
    return papers
