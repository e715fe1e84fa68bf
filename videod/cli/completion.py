"""`videod completion`: the program that makes a shell complete commands, options, episodes, channels and services."""

from enum import StrEnum
from typing import Annotated

import typer
from typer import completion as scripts

from videod.cli import options, output
from videod.cli.options import examples

#: the variable by which the shell asks for completions
ASKED = "_VIDEOD_COMPLETE"

app = options.app()


class Shell(StrEnum):
    """The shells that typer completes for and that run on Linux."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(
    epilog=examples(
        "videod completion bash > ~/.local/share/bash-completion/completions/videod",
        'videod completion zsh > "${fpath[1]}/_videod"',
        "videod completion fish > ~/.config/fish/completions/videod.fish",
    )
)
def completion(shell: Annotated[Shell, typer.Argument(help="The shell that you use.")]) -> int:
    """Print the tab completion for your shell."""
    made = scripts.get_completion_script(  # type: ignore[attr-defined]  # typer shows it, but does not export it
        prog_name="videod", complete_var=ASKED, shell=shell.value
    )
    print(made)
    return output.OK
