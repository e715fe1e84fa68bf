"""`videod sandbox ...`: run the simulated services, switch their faults, read their account."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from videod.cli import options
from videod.cli.children import sweep
from videod.cli.interrupts import Heard

USAGE, DOWN, BUSY, CONFIGURATION = 64, 69, 75, 78

app = options.app("Run the simulated services on their own.")
fault_app = options.app("Set or clear faults of a running sandbox.")
app.add_typer(fault_app, name="fault")

Root = Annotated[Path, typer.Option(help="Folder of the sandbox's state.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ROOT = Path("state/sandbox")


def _fail(code: int, text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)


def _running(root: Path) -> dict[str, Any]:
    from videod.sandbox.attach import attach

    found = attach(root)
    if found is None:
        raise _fail(DOWN, f"No sandbox runs in {root}. Start one with: videod sandbox run --root {root}")
    return found


def _latencies(given: list[str]) -> dict[str, float]:
    latencies = {}
    for item in given:
        service, _, seconds = item.partition("=")
        try:
            latencies[service] = float(seconds)
        except ValueError:
            raise _fail(USAGE, f"--latency {item}: write SERVICE=SECONDS, such as gemini=0.5") from None
    return latencies


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) % 2 == int(height) % 2 == 0 < int(width)):
        raise _fail(USAGE, f"--size {text}: write WIDTHxHEIGHT in even pixels, such as 1920x1080")
    return int(width), int(height)


@app.command()
def run(
    root: Root = ROOT,
    latency: Annotated[list[str] | None, typer.Option(help="SERVICE=SECONDS before each answer (repeatable).")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="SERVICE:KIND[:name=value,...] (repeatable).")] = None,
    generation: Annotated[float, typer.Option(min=0, help="Seconds that KIE takes for a clip.")] = 5.0,
    size: Annotated[str, typer.Option(help="Size of the clips.")] = "1920x1080",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 7,
    plain: Annotated[
        bool, typer.Option("--plain", help="Cheap media: colors, still clips, a hum for a voice.")
    ] = False,
    fine: Annotated[
        bool, typer.Option("--fine", help="Clips that move smoothly, and a neural voice where it is installed.")
    ] = False,
    notion_rate: Annotated[
        int, typer.Option(min=1, help="Requests a minute that Notion takes: 180 on Free and Plus, 600 on Business.")
    ] = 180,
    notion_file_mib: Annotated[
        int, typer.Option(min=1, max=5120, help="Largest file that Notion takes, in MiB: 5 on its Free plan.")
    ] = 5120,
    s3: Annotated[bool, typer.Option("--s3", help="Also start an S3 endpoint.")] = False,
) -> None:
    """Run the sandbox until Ctrl-C or SIGTERM. Example: videod sandbox run --fault kie:fail_generation:times=1"""
    import asyncio

    from videod.sandbox.attach import parse_fault
    from videod.sandbox.kernel import Options

    options = Options(
        _latencies(latency or []), generation, _size(size), seed, plain, notion_rate, notion_file_mib << 20, fine
    )
    try:
        faults = [parse_fault(text) for text in fault or []]
    except ValueError as problem:
        raise _fail(USAGE, f"--fault {problem}") from None
    asyncio.run(_serve(root, options, faults, s3=s3))


async def _serve(root: Path, options: Any, faults: list[dict[str, Any]], *, s3: bool) -> None:
    import asyncio
    import signal

    from videod.guard import descriptors
    from videod.sandbox import admin, host
    from videod.sandbox.s3 import NotInstalled

    descriptors.take()
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    try:
        running = await host.start(root, options, s3=s3, faults=faults)
    except host.AlreadyRunning as problem:
        raise _fail(BUSY, f"{problem}. See: videod sandbox faults --root {root}") from None
    except admin.BadFault as problem:
        raise _fail(
            CONFIGURATION, f"A fault makes no sense (--fault or {root / admin.FAULTS_FILE}): {problem}"
        ) from None
    except NotInstalled as problem:
        raise _fail(DOWN, f"--s3: {problem}") from None
    async with running:
        for name, url in sorted({**running.urls, "admin": running.admin_url}.items()):
            typer.echo(f"{name:12} {url}")
        typer.echo(f'Ready. In another shell: eval "$(videod sandbox env --root {root})"')
        await ending.wait()
    if Heard.own:
        await asyncio.to_thread(sweep, 0.0)  # what still draws or encodes does it for nobody
    typer.echo("Stopped.")


@app.command()
def stop(root: Root = ROOT) -> None:
    """End a running sandbox; its state stays and the next start continues with it."""
    import os
    import signal

    pid = int(_running(root)["pid"])
    os.kill(pid, signal.SIGTERM)
    typer.echo(f"Told the sandbox (pid {pid}) to end.")


@app.command()
def env(root: Root = ROOT, as_json: AsJson = False) -> None:
    """Print the environment that points videod and its scripts at the running sandbox."""
    import shlex

    from videod.sandbox.notion import BOARD_PAGE_ID

    variables = {"VIDEOD_NOTION_PARENT_PAGE": BOARD_PAGE_ID} | _running(root)["environment"]
    lines = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))
    typer.echo(json.dumps(variables) if as_json else lines)


def _show_faults(faults: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(faults))
        return
    for fault in faults:
        plain = ("service", "kind")
        more = {name: value for name, value in fault.items() if name not in plain and value not in (None, "", {}, 0)}
        typer.echo(f"{fault['service']:12} {fault['kind']:16} {' '.join(f'{name}={more[name]}' for name in more)}")
    if not faults:
        typer.echo("No faults are set.")


@app.command()
def faults(root: Root = ROOT, as_json: AsJson = False) -> None:
    """List the faults in force."""
    from videod.sandbox.attach import call

    _show_faults(call(_running(root)["admin"] + "/faults")["faults"], as_json=as_json)


@fault_app.command("add")
def add(
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="SERVICE:KIND[:name=value,...]")],
    root: Root = ROOT,
    as_json: AsJson = False,
) -> None:
    """Set one more fault. Example: videod sandbox fault add "gemini:status:status=503,times=2" """
    from videod.sandbox.attach import call, parse_fault

    try:
        answer = call(_running(root)["admin"] + "/faults", "POST", parse_fault(fault))
    except ValueError as problem:
        raise _fail(USAGE, str(problem)) from None
    _show_faults(answer["faults"], as_json=as_json)


@fault_app.command("clear")
def clear(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="Only those of this service.")] = None,
    root: Root = ROOT,
) -> None:
    """Clear all faults, or those of one service."""
    from videod.sandbox.attach import call

    query = f"?service={service}" if service else ""
    _show_faults(call(f"{_running(root)['admin']}/faults{query}", "DELETE")["faults"], as_json=False)


@app.command()
def charges(root: Root = ROOT, as_json: AsJson = False) -> None:
    """Show what the simulated services would have charged, by service and kind; works without a running sandbox too."""
    path = root / "charges.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    total = round(sum(entry["usd"] for entry in entries), 6)
    if as_json:
        typer.echo(json.dumps({"charges": entries, "total_usd": total}))
        return
    groups: dict[tuple[str, str, str], list[float]] = {}
    for entry in entries:
        group = groups.setdefault((entry["service"], entry["kind"], entry["unit"]), [0, 0.0, 0.0])
        group[0] += 1
        group[1] += entry["quantity"]
        group[2] += entry["usd"]
    for (service, kind, unit), (calls, quantity, usd) in sorted(groups.items()):
        typer.echo(f"{service:12} {kind:12} {calls:6} calls {quantity:12g} {unit:12} {usd:10.4f} USD")
    typer.echo(f"{'total':12} {'':12} {len(entries):6} calls {'':25} {total:10.4f} USD")
