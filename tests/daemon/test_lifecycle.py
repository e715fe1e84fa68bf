"""The daemon's life: what runs for months must not heap anything up."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tests.harness.virtual_loop import run_virtual
from videod.daemon import config_watch
from videod.daemon.assembly import Assembly
from videod.daemon.live_config import LiveConfig
from videod.ledger import Ledger, Wakeups
from videod.store import reads
from videod.store.database import InlineDatabase
from videod.store.schema import migrate

HOUR_S = 3600.0


class Unchanged(LiveConfig):
    """Settings of a folder in which nobody writes; counts the looks."""

    looks = 0

    def changed(self) -> bool:
        self.looks += 1
        return super().changed()


def settings(folder: Path) -> Unchanged:
    (folder / "channels").mkdir()
    config = folder / "videod.toml"
    config.write_text(f'[paths]\nchannels = "{folder / "channels"}"\n')
    return Unchanged(config, {})


def test_watching_the_settings_for_hours_leaves_no_waiting_task_behind(tmp_path: Path) -> None:
    current = settings(tmp_path)
    migrate(tmp_path / "videod.db")

    async def story() -> None:
        store = InlineDatabase(tmp_path / "videod.db", durable=False)
        ledger = Ledger(store, current.policy, Wakeups())
        machine = cast(Assembly, SimpleNamespace(store=store, ledger=ledger))
        watching = asyncio.create_task(config_watch.watch(current, machine, asyncio.Event()))
        await asyncio.sleep(3 * HOUR_S)
        assert current.looks > 2 * HOUR_S / config_watch.WATCH_S  # it did watch, and did not stop at the first look
        assert await store.read(lambda tx: reads.value(tx, "config_remark")) == ""
        assert asyncio.all_tasks() == {asyncio.current_task(), watching}
        watching.cancel()
        await store.close()

    run_virtual(story())
