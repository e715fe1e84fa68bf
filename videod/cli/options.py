"""What the commands share of their command lines: the app of a module, common options, arguments, examples."""

from pathlib import Path
from typing import Annotated

import typer

from videod.cli import complete
from videod.core.tables import ALL, SERVICES

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StateFolder = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="State folder. Default: VIDEOD_STATE, else videod.toml, else ./state."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file. Default: VIDEOD_CONFIG, else ./videod.toml."),
]
Settings = Annotated[Path, typer.Option("--config", metavar="FILE", help="Settings file.")]

_EPISODE = "ID, ID prefix, Notion page ID, or part of the title."
Episode = Annotated[str, typer.Argument(metavar="EPISODE", help=_EPISODE, autocompletion=complete.episodes)]
Episodes = Annotated[
    list[str] | None, typer.Argument(metavar="[EPISODE]...", help=_EPISODE, autocompletion=complete.episodes)
]
OneEpisode = Annotated[str | None, typer.Argument(metavar="[EPISODE]", help=_EPISODE, autocompletion=complete.episodes)]
EachEpisode = Annotated[
    list[str], typer.Argument(metavar="EPISODE...", help=_EPISODE, autocompletion=complete.episodes)
]
What = Annotated[
    str | None,
    typer.Argument(
        metavar="[WHAT]", help=f"{', '.join(SERVICES)}, {ALL}, or an episode.", autocompletion=complete.services
    ),
]
ChannelId = Annotated[
    str | None,
    typer.Option("--channel", metavar="ID", help="Only this channel.", autocompletion=complete.channels),
]


def app(about: str = "") -> typer.Typer:
    """A module's commands, with the one help style that all of them have."""
    return typer.Typer(
        help=about or None,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    return "\n\n".join(("Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)))
