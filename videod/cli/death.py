"""`videod report-death`: what the unit's ExecStopPost= runs when the daemon's process is gone, however it ended.

It works without the database and without a word of the daemon, and is done within half a minute whatever hangs. A
series of deaths is reported at the first, the third and the tenth, then once an hour (`daemon.lives`).
"""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from videod.cli import options, output
from videod.cli.options import Config, StateFolder, examples
from videod.cli.output import CommandError
from videod.core.sanitize import sanitize_screen
from videod.documents import DocumentError, read_toml, state_folder

if TYPE_CHECKING:
    from videod.config import Settings
    from videod.credentials import Secrets

#: for the message, and for everything, seconds
SEND_S, WHOLE_S = 15.0, 25.0
#: the exit code after which the unit does not start videod again
CONFIGURATION = 78
_RESULTS = {
    "timeout": "it did not start or stop in time, and systemd killed it",
    "watchdog": "it wrote no heartbeat for a minute, and systemd killed it",
    "oom-kill": "the kernel killed it because the host or the unit ran out of memory (OOM)",
    "protocol": "it exited before it was ready",
    "resources": "systemd could not start it for lack of resources",
    "exec-condition": "systemd could not start it",
    "start-limit-hit": "systemd gave up starting it",
}


app = options.app()


@app.command("report-death", epilog=examples("videod report-death --config /etc/videod/videod.toml"))
def report(state: StateFolder = None, config: Config = None) -> int:
    """Alert people that the daemon's process ended. For the unit's ExecStopPost=, which sets $SERVICE_RESULT."""
    result = os.environ.get("SERVICE_RESULT")
    if not result:
        raise CommandError(output.USAGE, "SERVICE_RESULT is not set", "systemd sets it for the unit's ExecStopPost=")
    if result == "success":
        return output.OK
    from videod.daemon import ending, lives

    ending.within(WHOLE_S, output.OK)
    settings = config or Path(os.environ.get("VIDEOD_CONFIG") or "videod.toml")
    folder = state or state_folder(settings, os.environ)
    secrets = _secrets(settings)
    book = lives.Lives.of(folder, os.environ, lambda: time.time_ns() // 1_000_000, secrets.redact)
    kept = book.read()
    now = book.now()
    record = lives.died(kept, now, kept.words or _why(os.environ))
    book.write(record)
    final = os.environ.get("EXIT_STATUS") == str(CONFIGURATION)
    if not (final or lives.due(record, now)):
        return output.OK
    following = (
        "It is not started again until you fix that and run `systemctl start videod`." if final
        else "systemd starts it again. Running jobs are resumed."
    )  # fmt: skip
    text = secrets.redact(f"{lives.sentence(record).rstrip('.')}. {following} See `journalctl -u videod`.")
    print(sanitize_screen(text), file=sys.stderr)
    if asyncio.run(_send(_settings(settings), secrets, text)):
        book.write(lives.told(record, now))
    return output.OK


def _why(env: Mapping[str, str]) -> str:
    """What systemd knows of the end, in words."""
    result, status = env.get("SERVICE_RESULT", ""), env.get("EXIT_STATUS", "")
    if result in _RESULTS:
        return _RESULTS[result]
    if env.get("EXIT_CODE") in ("killed", "dumped"):
        return f"it was killed by signal {status[:20]}"
    return f"it exited with code {status[:20]}" if status else f"systemd says {result[:40]}"


def _secrets(settings: Path) -> "Secrets":
    from videod.config import CredentialsError, Secrets, load_secrets

    try:
        return load_secrets(os.environ, settings=settings)
    except CredentialsError:
        return Secrets({})


def _settings(config: Path) -> "Settings":
    """The settings; of a file that is refused the ways to people alone, as far as they can be read."""
    from pydantic import ValidationError

    from videod.config import Alerts, ConfigError, Settings, load_settings

    try:
        return load_settings(config)
    except (ConfigError, OSError):
        pass
    try:
        return Settings(alerts=Alerts.model_validate(read_toml(config).values.get("alerts", {})))
    except (DocumentError, ValidationError, OSError):
        return Settings()


async def _send(settings: "Settings", secrets: "Secrets", text: str) -> bool:
    """Whether any way took it, or there is none that could."""
    from videod.adapters import notifiers
    from videod.core.alerts import Note
    from videod.ports import BoardError

    try:
        async with asyncio.timeout(SEND_S):
            await notifiers.configured(settings.alerts, secrets.get, secrets.redact).send(Note.of("deaths", text))
    except (BoardError, TimeoutError) as error:
        why = sanitize_screen(secrets.redact(str(error))) or "no answer"
        print(f"videod: the alert could not be sent: {why}", file=sys.stderr)
        return False
    return True
