"""`videod channels price`: what a film of a channel costs as its file says, and by each profile, line by line.

`--json` prints {"channels": [{"channel", "profiles": [{"profile", "configured", "model", "clip_seconds", "still_shots",
"lines": [{"step", "what", "service", "count", "each_usd", "usd"}], "total_usd", "seconds", "usd_a_minute",
"target_usd", "within_target"}]}]}.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from videod.channels import Channel, ChannelError, load_channels
from videod.cli import complete, options, output
from videod.cli.options import AsJson, Settings, examples
from videod.cli.output import Cell, Column, CommandError
from videod.config import ConfigError, load_settings
from videod.config import Settings as Configured
from videod.core import film_cost, profiles
from videod.core.model import ChannelPolicy
from videod.daemon import wiring

app = options.app()

#: what the channel's file says, whichever profile it begins with
AS_IT_IS = "as configured"


@dataclass(frozen=True)
class Offered:
    """A way to make the channel's films, and what they cost then."""

    name: str
    model: str
    policy: ChannelPolicy

    @property
    def still(self) -> int:
        return film_cost.stills(self.policy)[0]

    @property
    def a_minute(self) -> int:
        return round(film_cost.total(self.policy) * 60 / film_cost.length_s(self.policy))

    @property
    def within(self) -> bool | None:
        """Whether it costs no more than it is meant to; None: nothing is said of that."""
        target = self.policy.target_micros
        return None if target is None else film_cost.total(self.policy) <= target


@app.command("price", epilog=examples("videod channels price", "videod channels price wild_planet --json"))
def price(
    channel: Annotated[
        str | None,
        typer.Argument(metavar="[CHANNEL]", help="Default: all channels.", autocompletion=complete.channels),
    ] = None,
    as_json: AsJson = False,
    config: Settings = Path("videod.toml"),
) -> int:
    """Compare what a film costs as configured, with paid clips only, and with economy."""
    try:
        settings = load_settings(config)
        known = load_channels(settings.paths.channels).channels
    except (ConfigError, ChannelError) as problem:
        raise CommandError(output.CONFIGURATION, str(problem), "fix that and run the command again") from None
    if channel is not None and channel not in known:
        raise CommandError(output.USAGE, f"there is no channel {channel!r}", f"the channels are {', '.join(known)}")
    chosen = {name: one for name, one in known.items() if channel in (None, name)}
    if as_json:
        found = [
            {"channel": name, "profiles": [_json(way) for way in offered(settings, one)]}
            for name, one in chosen.items()
        ]
        output.print_json({"channels": found})
        return output.OK
    for number, (name, one) in enumerate(chosen.items()):
        if number:
            output.say("")
        _print(name, tuple(offered(settings, one)))
    return output.OK


def offered(settings: Configured, channel: Channel) -> Iterator[Offered]:
    """The channel as it is, and as each profile makes it."""
    plain = {name: Channel.model_fields[name].default for name in profiles.KEYS}
    for name in (AS_IT_IS, *profiles.PROFILES):
        keys: Mapping[str, object] = {} if name == AS_IT_IS else {**plain, **profiles.keys(name, channel.clips)}
        made = channel.model_copy(update=dict(keys))
        yield Offered(name, made.video_model or settings.models.video, wiring.policy_of(settings, made))


def _print(channel: str, ways: tuple[Offered, ...]) -> None:
    output.heading(f"{channel}: {ways[0].policy.clips} shots")
    head: tuple[str | Column, ...] = ("", *(Column(way.name) for way in ways))
    by_way = [{line.step: line for line in film_cost.lines(way.policy)} for way in ways]
    rows: list[list[str | Cell]] = [
        [line.noun, *(_cell(lines[line.step]) for lines in by_way)] for line in by_way[0].values()
    ]
    rows.append(["still shots", *(f"{way.still} x $0" if way.still else "" for way in ways)])
    rows.append([Cell("one film", "bold"), *(Cell(_usd(film_cost.total(way.policy)), "bold") for way in ways)])
    rows.append(["about", *(f"{film_cost.length_s(way.policy):.0f} s" for way in ways)])
    rows.append(["a minute", *(_usd(way.a_minute) for way in ways)])
    rows.append(["target", *(_target(way) for way in ways)])
    rows.append(["clips by", *(way.model for way in ways)])
    rows.append(["of", *(f"{way.policy.clip_seconds} s" for way in ways)])
    output.table(head, rows)
    cheap = next(way for way in ways if way.name == profiles.ECONOMY)
    if film_cost.total(ways[0].policy) > film_cost.total(cheap.policy):
        output.say(f"`profile: {profiles.ECONOMY}` in channels/{channel}.yaml makes cheaper films.", "dim")


def _cell(line: film_cost.Line) -> str:
    return f"{line.count} x ${line.each / 1e6:.4g} = {_usd(line.micros)}"


def _target(way: Offered) -> str | Cell:
    if way.policy.target_micros is None:
        return "none"
    said = f"{_usd(way.policy.target_micros)}, {'kept' if way.within else 'missed'}"
    return Cell(said, "good" if way.within else "bad")


def _usd(micros: int) -> str:
    return f"${micros / 1e6:.2f}"


def _json(way: Offered) -> dict[str, object]:
    policy = way.policy
    lines = [
        {"step": line.step, "what": line.noun, "service": line.service, "count": line.count,
         "each_usd": line.each / 1e6, "usd": line.micros / 1e6}
        for line in film_cost.lines(policy)
    ]  # fmt: skip
    return {
        "profile": way.name, "configured": way.name == AS_IT_IS, "model": way.model,
        "clip_seconds": policy.clip_seconds, "still_shots": way.still, "lines": lines,
        "total_usd": film_cost.total(policy) / 1e6, "seconds": round(film_cost.length_s(policy), 1),
        "usd_a_minute": way.a_minute / 1e6,
        "target_usd": None if policy.target_micros is None else policy.target_micros / 1e6, "within_target": way.within,
    }  # fmt: skip
