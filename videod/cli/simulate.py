"""`videod simulate`: your limits, prices and channels against a load, in virtual time, before anything is bought.

The daemon's own scheduler and ledger play it (see `videod.simulation`). `--json` prints {"question", "figures"}: the
options in force, and what `report.Figures` holds with money in USD and times in minutes.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from videod.cli import output, simulate_setup, simulate_show
from videod.cli.output import CommandError, Parser

_EXAMPLE = """examples:
  videod simulate --episodes 100 --per week
  videod simulate --episodes 100 --per week --set services.kie.concurrency=16 --set channel.daily_budget_usd=500
  videod simulate --episodes 20 --per at-once --channels 10 --latency clip=200-400 --review-minutes 30"""
#: a load no daemon of one host will ever see; what is above is a slip of the finger
EPISODES_MAX, CHANNELS_MAX = 5000, 200


def main(argv: Sequence[str]) -> int:
    return output.run(_simulate, argv)


def _parser() -> Parser:
    made = Parser(
        prog="videod simulate",
        description="Play a load in virtual time: how many episodes a day, what holds them up, what they cost.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--episodes", type=int, default=100, metavar="N", help="how many entries (default: 100)")
    per = "when they come: spread by chance over one week or day, or all at once (default: week)"
    made.add_argument("--per", choices=("week", "day", "at-once"), default="week", help=per)
    made.add_argument("--channels", type=int, metavar="N", help="N made-up channels instead of those configured")
    more = (
        "another setting, such as services.kie.concurrency=16, prices.clip=0.5, or channel.KEY=VALUE for all channels"
    )
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes", help=more)
    slow = "seconds a step takes, such as clip=120-300; the step names are those of the README's table"
    made.add_argument("--latency", action="append", default=[], metavar="STEP=LOW-HIGH", help=slow)
    review = "what a person takes for each review that a channel asks for (default: 0, approved at once)"
    made.add_argument("--review-minutes", type=float, default=0.0, metavar="MIN", help=review)
    made.add_argument("--seed", type=int, default=1, metavar="N", help="chance of arrivals and latencies (default: 1)")
    made.add_argument("--config", type=Path, default=Path("videod.toml"), help="default ./videod.toml")
    made.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    return made


def _simulate(argv: Sequence[str]) -> int:
    from videod.simulation.latency import Latencies
    from videod.simulation.plan import PlanError
    from videod.simulation.report import figures
    from videod.simulation.run import arrivals, simulate

    given = _parser().parse_args(argv)
    _check(given)
    settings, channels = simulate_setup.configuration(given.config, given.channels, given.changes)
    plant = simulate_setup.plant(settings, channels)
    latencies = Latencies(given.seed, simulate_setup.latencies(given.latency))
    load = arrivals(given.episodes, given.per, sorted(channels), given.seed)
    began = time.monotonic()
    try:
        found = figures(simulate(plant, load, latencies, given.review_minutes * 60, _progress(given.episodes)))
    except PlanError as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "correct clips and images of the channel") from None
    finally:
        _tell("")
    question = {
        "episodes": given.episodes, "per": given.per, "channels": sorted(channels), "seed": given.seed,
        "review_minutes": given.review_minutes, "changes": given.changes, "latency": given.latency,
    }  # fmt: skip
    if given.as_json:
        output.print_json({"question": question, "figures": simulate_show.as_json(found)})
    else:
        simulate_show.show(found, given.episodes, given.per, len(channels))
        output.say(f"Played in {time.monotonic() - began:.1f} s.", "dim")
    return output.OK


def _check(given: argparse.Namespace) -> None:
    if not 1 <= given.episodes <= EPISODES_MAX:
        raise CommandError(output.USAGE, f"--episodes {given.episodes}", f"write 1 to {EPISODES_MAX}")
    if given.channels is not None and not 1 <= given.channels <= CHANNELS_MAX:
        raise CommandError(output.USAGE, f"--channels {given.channels}", f"write 1 to {CHANNELS_MAX}")
    if not 0 <= given.review_minutes <= 10_080:
        raise CommandError(output.USAGE, f"--review-minutes {given.review_minutes:g}", "write 0 to 10080 (a week)")


def _progress(episodes: int) -> Callable[[int, int], None]:
    return lambda done, started: _tell(f"{done} of {episodes} episodes, {started} jobs")


def _tell(text: str) -> None:
    """One line on stderr that the next one replaces; only a person at a terminal sees it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
