"""An access token that runs out during a long upload is nobody's business; a dead consent is a person's."""

from pathlib import Path

import pytest

from tests.harness.checkers import check
from tests.harness.scripts import Trouble
from tests.harness.virtual_loop import run_virtual
from tests.harness.world import World
from videod.core.statuses import Status
from videod.store import reads

REFUSED: dict[str, object] = {
    "kind": "credentials", "message": "Invalid Credentials", "http_status": 401, "endpoint": "PUT upload session",
}  # fmt: skip


@pytest.mark.parametrize("another", [True, False])
def test_an_upload_continues_with_another_token_where_there_may_be_one(tmp_path: Path, another: bool) -> None:
    async def story() -> None:
        async with World(tmp_path) as world:
            asked: list[str] = []

            def another_token(channel: str) -> bool:
                asked.append(channel)
                return another

            object.__setattr__(world.builder, "another_token", another_token)
            world.vendors.troubles.append(Trouble("youtube", 1.0, REFUSED, left=1))
            await world.queue("Film")
            await world.rest(7200)
            (task,) = await world.tasks()
            found = await world.store.read(lambda tx: reads.suspensions(tx, world.clock.now_ms()))
            assert asked == ["wild"]
            if another:
                assert (task.status, found, world.notifier.sent) == (Status.PUBLISHED, (), [])
                await check(world)
            else:
                assert task.status == Status.UPLOADING
                assert [(row.service, row.channel_id) for row in found] == [("youtube", "wild")]
                assert len(world.notifier.sent) == 1

    run_virtual(story())
