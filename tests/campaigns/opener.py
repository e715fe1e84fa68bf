"""What every start does first, as a program of its own: lock, examine, migrate, open, one durable sign of life.

python -m tests.campaigns.opener STATE [--stay]   (--stay: hold the lock until stdin ends)
"""

import asyncio
import sys
from pathlib import Path

from videod.daemon.lock import LockHeld, hold
from videod.ledger import Ledger, Wakeups
from videod.store.database import Database
from videod.store.schema import migrate


async def live(state: Path) -> None:
    store = await Database.open(state / "videod.db")
    ledger = Ledger(store, lambda channel: None, Wakeups())
    await ledger.set_value("heartbeat", "1")
    await store.close()


def main(argv: list[str]) -> int:
    state = Path(argv[0])
    try:
        with hold(state):
            migrate(state / "videod.db")
            asyncio.run(live(state))
            print("ready", flush=True)
            if "--stay" in argv:
                sys.stdin.read()
    except LockHeld as error:
        print(error, file=sys.stderr)
        return 75
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
