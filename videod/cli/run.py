"""`videod run`: the daemon itself, on the real services or on the simulated services."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from videod.cli import options
from videod.core.sanitize import sanitize_screen_lines

if TYPE_CHECKING:
    from videod.cli.children import Children

USAGE, CONFIGURATION, BUSY, BROKEN, CREDENTIALS = 64, 78, 75, 74, 77

app = options.app()


def _fail(code: int, text: str) -> NoReturn:
    # names of files, of columns on the board, a library's words: they must not steer the terminal
    typer.echo("\n".join(sanitize_screen_lines(text)), err=True)
    raise typer.Exit(code)


def _leave_word(config: Path, env: Mapping[str, str], text: str) -> None:
    """Leave the reason where `videod report-death` finds it, under a service manager that will run that."""
    from videod.daemon import lives
    from videod.documents import state_folder

    if lives.runtime(env):
        lives.Lives.of(state_folder(config, env), env, lambda: time.time_ns() // 1_000_000).say(text)


@app.command(epilog=options.examples("videod run --sandbox", "videod run --config /etc/videod/videod.toml"))
def run(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("videod.toml"),
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Work on the simulated services: nothing leaves this host.")
    ] = False,
    board: Annotated[
        Literal["notion", "none"] | None,
        typer.Option(help="With --sandbox: the simulated Notion, or none. Default: as videod.toml says."),
    ] = None,
    verbose: Annotated[bool, typer.Option(help="Also log the output of scripts.")] = False,
    take_over: Annotated[bool, typer.Option("--take-over", help="Take over the board from another videod.")] = False,
) -> None:
    """Start the daemon. Use `--sandbox` to try it without keys or costs.

    It runs until Ctrl-C or SIGTERM.
    """
    if board is not None and not sandbox:
        _fail(USAGE, "--board goes with --sandbox. Set `kind` under [board] of videod.toml.")
    if not sandbox:
        raise typer.Exit(serve(config, os.environ, verbose, take_over))
    from videod.cli.children import Children

    with Children() as stand_ins:  # those that were here before stay
        code = serve(config, _rehearse(config, stand_ins, board), verbose, take_over)
    raise typer.Exit(code)


def _rehearse(config: Path, stand_ins: "Children", board: str | None) -> dict[str, str]:
    """The environment that points at the simulated services, which are started where none are here."""
    from videod.channels import ChannelError, load_channels
    from videod.cli import rehearsal
    from videod.cli.board import own
    from videod.config import ConfigError, load_settings

    try:
        settings = load_settings(config)
        known = load_channels(settings.paths.channels).channels
        channels, projects = sorted(known), {name: one.google_project for name, one in known.items()}
        root = settings.paths.state / "sandbox"
        found, _ = rehearsal.attach_or_start(root, (), stand_ins)
    except (ConfigError, ChannelError, rehearsal.RehearsalError) as error:
        _fail(CONFIGURATION, str(error))
    except OSError as error:
        _fail(BROKEN, f"The simulated services cannot work in {error.filename or 'the state folder'}: {error.strerror}")
    state = root / "daemon"
    kind = board or ("none" if own(settings, state) else "notion")
    env = rehearsal.environment(root, found, state, kind) | rehearsal.clients(projects.values())
    rehearsal.prepare(env, channels, state, projects)
    if settings.webhook.port and kind == "notion":
        env |= rehearsal.called_back(found, settings.webhook.port)
    here = "videod's own. `videod new` adds an entry, `videod watch` shows all of them"
    typer.echo(f"Simulated services are up. The board: {found.get('page') if kind == 'notion' else here}", err=True)
    return env


def serve(config: Path, env: Mapping[str, str], verbose: bool = False, take_over: bool = False) -> int:
    """Run the daemon with this environment; returns its exit code, or says why it cannot start and exits."""
    from videod.channels import ChannelError
    from videod.config import ConfigError, CredentialsError, Secrets, load_secrets, service_urls
    from videod.credentials import is_secret
    from videod.daemon import lifecycle, logs, refusals, signals
    from videod.daemon.lock import LockHeld
    from videod.daemon.refusals import StartError
    from videod.store.database import DatabaseError

    secrets = Secrets({})

    def refuse(code: int, text: str) -> NoReturn:
        text = secrets.redact(text)
        _leave_word(config, env, text)
        _fail(code, text)

    try:
        secrets = load_secrets(env, settings=config)
        for name in filter(is_secret, tuple(os.environ)):
            os.environ.pop(name, None)  # read once: what libraries start of themselves inherits what is left here
        logs.set_up(secrets.redact, verbose=verbose)
        return lifecycle.run(config, env, secrets, service_urls(env), take_over)
    except (ConfigError, ChannelError, CredentialsError) as error:
        refuse(CONFIGURATION, str(error))
    except LockHeld as error:
        _fail(BUSY, str(error))
    except DatabaseError as error:
        refuse(BROKEN, str(error))
    except StartError as error:
        refuse(error.code, str(error))
    except signals.Stopped:
        return 0
    except Exception as error:  # the last line of defense: whoever starts videod gets a sentence, never a traceback
        refused = refusals.of(error, secrets.redact)
        refuse(refused.code, str(refused))
