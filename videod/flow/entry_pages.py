"""The page of each entry shows its story, and each clip with its texts beside its files.

What a page must show follows from the jobs and from the files on the rows. What videod made there is remembered block
by block, and what differs is written, in as few requests as can be, after everything else. A block is written once and
changed in place. A block that a person removed is not made again, one that they changed is theirs. Between ours they
may write what they like. Before a block is made that is noted: after a crash it is looked for, never made twice.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from videod.core import entry_page
from videod.core.entry_page import Block, Seen
from videod.core.model import Task
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Clock
from videod.store import page_blocks, reads, row_texts
from videod.store.database import Store
from videod.store.page_blocks import Known

log = logging.getLogger(__name__)

#: how long nothing is written after the board did not take it, ms
RESTS_MS = 30_000
#: a page waits for files that are on their way to the board, but not longer, ms
FILES_MS = 600_000


class EntryPages:
    """See the module's text."""

    def __init__(self, board: Board, ledger: Ledger, store: Store, clock: Clock) -> None:
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._since: int | None = None
        self._tasks: set[str] = set()
        self._rests_until = 0

    async def deliver(self) -> int:
        """Bring the pages up to date, until the board takes no more; returns how many requests changed something."""
        if self._clock.steady_ms() < self._rests_until:
            return 0
        await self._news()
        done = 0
        for task_id in sorted(self._tasks):
            task, _ = await self._ledger.look(task_id)
            if task is None:
                self._tasks.discard(task_id)
                continue
            if await self._files_to_come(task_id):
                continue
            try:
                done += await self._page(task)
            except BoardError as error:
                about = {"task": task.id, "channel": task.channel_id, "kind": error.kind, "error": str(error)}
                log.warning("relay_page_failed", extra=about)
                if error.kind not in ("gone", "rejected"):
                    self._rests_until = self._clock.steady_ms() + max(
                        RESTS_MS, round((error.retry_after_s or 0) * 1000)
                    )
                    return done
            self._tasks.discard(task_id)
        return done

    async def _news(self) -> None:
        """Note the episodes with news; of the first look all that are open."""
        newest, since = await self._store.read(row_texts.newest), self._since
        if since is None:
            self._tasks |= {task.id for task in await self._store.read(reads.open_tasks)}
        elif newest > since:
            self._tasks |= await self._store.read(lambda tx: row_texts.news(tx, since, newest))
        self._since = newest

    async def _files_to_come(self, task_id: str) -> bool:
        messages = await self._store.read(lambda tx: reads.unsent_assets(tx, task_id))
        return any(self._clock.now_ms() - one.made_at < FILES_MS for one in messages)

    async def _page(self, task: Task) -> int:
        """How many requests changed the page. Raises BoardError."""
        _, jobs = await self._ledger.look(task.id)
        media, known = await self._store.read(
            lambda tx: (page_blocks.media(tx, task.id), page_blocks.known(tx, task.id))
        )
        wanted = entry_page.blocks(task, jobs, media)
        if not wanted or not _differs(wanted, known):
            return 0
        seen = await self._board.page_blocks(task.page_id)
        known = await self._found_again(task, wanted, known, seen)
        done = await self._changed(task, wanted, known)
        done += await self._removed(task, wanted, known)
        for before, part in entry_page.grouped(wanted, _names(known, "there"), _names(known, "left")):
            done += await self._made(task, part, before, known)
        log.info("relay_page_delivered", extra={"task": task.id, "channel": task.channel_id, "requests": done})
        return done

    async def _found_again(
        self, task: Task, wanted: Sequence[Block], known: Mapping[str, Known], seen: Sequence[Seen]
    ) -> dict[str, Known]:
        """What is known, held against what the page has: what people removed or changed, what a crash left."""
        on_page = {one.id: one for one in seen}
        ours = {one.block_id for one in known.values() if one.block_id}
        free = [one for one in seen if one.id not in ours]
        by_name = {block.name: block for block in wanted}
        found: dict[str, Known] = {}
        for name, one in known.items():
            if one.state == "begun":
                block = next((other for other in free if other.mark == one.begun), None)
                if block is not None:
                    free.remove(block)
                    found[name] = replace(one, block_id=block.id, said=one.begun, begun="", state="there")
                continue
            there = on_page.get(one.block_id)
            if one.state == "left" or there is None or there.mark not in (one.said, one.begun):
                found[name] = replace(one, state="left")
            elif one.begun and there.mark == one.begun and name in by_name:
                found[name] = replace(one, said=one.begun, begun="")
            else:
                found[name] = one
        changed = [one for name, one in found.items() if known[name] != one]
        gone = known.keys() - found.keys()
        if changed or gone:
            await self._ledger.page_has(task.id, changed, gone)
        return found

    async def _changed(self, task: Task, wanted: Sequence[Block], known: dict[str, Known]) -> int:
        done = 0
        for block in wanted:
            one = known.get(block.name)
            if one is None or one.state != "there" or (one.said, one.media) == (block.mark, block.media):
                continue
            await self._ledger.page_has(task.id, [replace(one, begun=block.mark)])
            await self._board.change_block(one.block_id, block)
            known[block.name] = replace(one, said=block.mark, begun="", media=block.media)
            await self._ledger.page_has(task.id, [known[block.name]])
            done += 1
        return done

    async def _removed(self, task: Task, wanted: Sequence[Block], known: dict[str, Known]) -> int:
        """Blocks of ours that the page needs no more, such as those of a clip that another plan does not have."""
        names = {block.name for block in wanted}
        old = [one for name, one in known.items() if name not in names]
        for one in old:
            if one.state == "there":
                await self._board.remove_block(one.block_id)
            del known[one.name]
            await self._ledger.page_has(task.id, (), [one.name])
        return len(old)

    async def _made(self, task: Task, part: Sequence[Block], before: str, known: dict[str, Known]) -> int:
        """Make these blocks behind the one named `before`; one that the board refuses is left out from then on."""
        after = known[before].block_id if before in known else ""
        begun = [Known(block.name, "", "", block.mark, block.media, "begun") for block in part]
        await self._ledger.page_has(task.id, begun)
        try:
            ids = await self._board.add_blocks(task.page_id, part, after)
        except BoardError as error:
            if error.kind != "rejected":
                raise
            if len(part) == 1:
                log.warning("relay_block_refused", extra={"task": task.id, "block": part[0].name, "error": str(error)})
                known[part[0].name] = replace(begun[0], state="left")
                await self._ledger.page_has(task.id, [known[part[0].name]])
                return 0
            done = 0
            for block in part:  # one of them is the reason
                done += await self._made(task, [block], before, known)
                before = block.name if known.get(block.name, begun[0]).state == "there" else before
            return done
        made = [
            replace(one, block_id=block_id, said=one.begun, begun="", state="there")
            for one, block_id in zip(begun, ids, strict=False)
        ]
        await self._ledger.page_has(task.id, made)
        known.update((one.name, one) for one in made)
        return 1


def _names(known: Mapping[str, Known], state: str) -> frozenset[str]:
    return frozenset(name for name, one in known.items() if one.state == state)


def _differs(wanted: Sequence[Block], known: Mapping[str, Known]) -> bool:
    """Whether the page lacks something, says something else, or has something of ours too much."""
    if known.keys() - {block.name for block in wanted}:
        return True
    for block in wanted:
        one = known.get(block.name)
        if one is None or one.state == "begun":
            return True
        if one.state == "there" and (one.begun or (one.said, one.media) != (block.mark, block.media)):
            return True
    return False
