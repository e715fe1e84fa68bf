"""`videod simulate`: your limits, prices and channels against a load, in virtual time, before anything is bought.

The daemon's own scheduler and ledger play it (see `videod.simulation`). `--json` prints {"question", "figures"}: the
options in force, and what `report.Figures` holds with money in USD and times in minutes.
"""

import math
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from videod.cli import options, output, simulate_setup, simulate_show
from videod.cli.options import AsJson, Settings, examples
from videod.cli.output import CommandError

#: a load no daemon of one host will ever see; what is above is a slip of the finger
EPISODES_MAX, CHANNELS_MAX = 5000, 200
CONFIG = Path("videod.toml")


app = options.app()


class Per(StrEnum):
    """When the entries come."""

    WEEK = "week"
    DAY = "day"
    AT_ONCE = "at-once"


@app.command(
    epilog=examples(
        "videod simulate --episodes 100 --per week",
        "videod simulate --episodes 100 --set services.kie.concurrency=16 --set channel.daily_budget_usd=500",
        "videod simulate --episodes 20 --per at-once --channels 10 --latency clip=200-400 --review-minutes 30",
    )
)
def simulate(
    episodes: Annotated[int, typer.Option(min=1, max=EPISODES_MAX, metavar="N", help="How many entries.")] = 100,
    per: Annotated[Per, typer.Option(help="When they arrive: spread over a week or a day, or all at once.")] = Per.WEEK,
    channels: Annotated[
        int | None,
        typer.Option(min=1, max=CHANNELS_MAX, metavar="N", help="Use N made-up channels instead of yours."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a setting, such as services.kie.concurrency=16, prices.clip=0.5, or channel.KEY=VALUE for"
            " all channels. Repeat for several.",
        ),
    ] = None,
    latency: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP=LOW-HIGH", help="Seconds that a step takes, such as clip=120-300."),
    ] = None,
    review_minutes: Annotated[
        float,
        typer.Option(min=0, max=10_080, metavar="MIN", help="Minutes that a person takes for a review. 0: no wait."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of arrivals and latencies.")] = 1,
    config: Settings = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Estimate throughput, bottlenecks and cost before you spend anything."""
    from videod.simulation.latency import Latencies
    from videod.simulation.plan import PlanError
    from videod.simulation.report import figures
    from videod.simulation.run import arrivals
    from videod.simulation.run import simulate as play

    if not math.isfinite(review_minutes):
        raise CommandError(output.USAGE, f"--review-minutes {review_minutes}", "write 0 to 10080 (a week)")
    set_to, slow = changes or [], latency or []
    settings, known = simulate_setup.configuration(config, channels, set_to)
    plant = simulate_setup.plant(settings, known)
    latencies = Latencies(seed, simulate_setup.latencies(slow))
    load = arrivals(episodes, per.value, sorted(known), seed)
    began = time.monotonic()
    try:
        found = figures(play(plant, load, latencies, review_minutes * 60, _progress(episodes)))
    except PlanError as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "correct clips and images of the channel") from None
    finally:
        _tell("")
    question = {
        "episodes": episodes, "per": per.value, "channels": sorted(known), "seed": seed,
        "review_minutes": review_minutes, "changes": set_to, "latency": slow,
    }  # fmt: skip
    if as_json:
        output.print_json({"question": question, "figures": simulate_show.as_json(found)})
    else:
        simulate_show.show(found, episodes, per.value, len(known))
        output.say(f"Played in {time.monotonic() - began:.1f} s.", "dim")
    return output.OK


def _progress(episodes: int) -> Callable[[int, int], None]:
    return lambda done, started: _tell(f"{done} of {episodes} episodes, {started} jobs")


def _tell(text: str) -> None:
    """One line on stderr that the next one replaces; only a person at a terminal sees it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
