"""`videod completion`: the program that makes a shell complete commands, options, episodes, channels and services.

The shell calls videod with ASKED set and the words of its line, the last of them incomplete; `videod.cli.complete`
answers with a line for each candidate: the word, a tab, what it is. The shell's own function quotes the word.
"""

from enum import StrEnum
from typing import Annotated

import typer

from videod.cli import options, output
from videod.cli.complete import ASKED
from videod.cli.options import examples

app = options.app()


class Shell(StrEnum):
    """The shells that videod completes for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


# within quotes readline keeps the opening one and adds the closing one; without, the word is quoted here
_BASH = r"""
_videod_completion() {
    local now="${COMP_WORDS[COMP_CWORD]}" word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case "$now" in
            \'*) word=${word//\'/\'\\\'\'} ;;
            \"*) word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//\$/\\\$} word=${word//\`/\\\`} ;;
            *) printf -v word %q "$word" ;;
        esac
        COMPREPLY+=("$word")
    done < <(ASKED=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _videod_completion videod
"""
_ZSH = r"""
#compdef videod

_videod() {
    local -a found shown
    local word what
    while IFS=$'\t' read -r word what; do
        found+=("$word")
        shown+=("$word${what:+  -- $what}")
    done < <(ASKED=zsh $words[1] ${(@Q)words[2,CURRENT-1]} "$PREFIX" 2>/dev/null)
    if (( $#found )); then
        compadd -l -d shown -a found
    else
        _files
    fi
}

# as a file of fpath it is loaded by the first Tab, which it must answer as well
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _videod "$@"
else
    compdef _videod videod
fi
"""
_FISH = r"""
function __videod_complete
    set -l words (commandline -opc)
    set -l now (commandline -ct)
    set -l found (ASKED=fish $words[1] $words[2..] "$now" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$now"
    end
end
complete --command videod --no-files --arguments '(__videod_complete)'
"""
SCRIPTS = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


@app.command(
    epilog=examples(
        "videod completion bash > ~/.local/share/bash-completion/completions/videod",
        'videod completion zsh > "${fpath[1]}/_videod"',
        "videod completion fish > ~/.config/fish/completions/videod.fish",
    )
)
def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="The shell that you use.")]) -> int:
    """Print the tab completion for your shell."""
    print(SCRIPTS[shell].replace("ASKED", ASKED).strip())
    return output.OK
