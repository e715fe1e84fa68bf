"""The page of an entry in Notion: blocks that videod makes, changes in place and removes, last of all in the line."""

from collections.abc import Sequence

from videod.adapters.notion_calls import Budget
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_shapes import Json, asked_for, identifier, items, promised, record
from videod.adapters.notion_tables import NotionTables
from videod.adapters.notion_values import plain, rich
from videod.core.entry_page import MEDIA, Block, Seen

_MEDIA = frozenset(MEDIA.values())


class NotionPages(NotionTables):
    """See the module's text."""

    @promised
    async def page_blocks(self, page_id: str) -> list[Seen]:
        what, start, budget = "read the entry's page", None, Budget(parts=50)
        asked_for(page_id, what)
        found: list[Seen] = []
        while True:
            part, answer = await self._calls.part(
                what, lambda api, more: api.blocks.children.list(page_id, **more), start, budget, Rank.RENEW
            )
            blocks = [record(item, what, "a block") for item in part]
            found += [_seen(block, what) for block in blocks if not block.get("in_trash")]
            start = budget.next(answer, what)
            if start is None:
                return found

    @promised
    async def add_blocks(self, page_id: str, blocks: Sequence[Block], after: str) -> list[str]:
        what = "write the entry's page"
        asked_for(page_id, what)
        place: Json = {"type": "after_block", "after_block": {"id": after}} if after else {"type": "end"}
        answer = await self._calls.call(
            what,
            lambda api: api.blocks.children.append(
                page_id, children=[_body(block) for block in blocks], position=place
            ),
            rank=Rank.RENEW,
        )  # fmt: skip
        made = items(answer.get("results"), what, "results")
        return [identifier(record(one, what, "a block").get("id"), what, "the id of a block") for one in made]

    @promised
    async def change_block(self, block_id: str, block: Block) -> None:
        what, body = "change the entry's page", _body(block)
        asked_for(block_id, what)
        del body["type"]
        await self._calls.call(what, lambda api: api.blocks.update(block_id, **body), rank=Rank.RENEW)

    @promised
    async def remove_block(self, block_id: str) -> None:
        what = "change the entry's page"
        asked_for(block_id, what)
        await self._calls.call(what, lambda api: api.blocks.delete(block_id), rank=Rank.RENEW)


def _seen(block: Json, what: str) -> Seen:
    kind = str(block.get("type"))
    body = block.get(kind)
    said = body.get("caption" if kind in _MEDIA else "rich_text") if isinstance(body, dict) else None
    return Seen(identifier(block.get("id"), what, "the id of a block"), kind, plain(said, what) if said else "")


def _body(block: Block) -> Json:
    if block.kind in _MEDIA:
        file: Json = {"type": "file_upload", "file_upload": {"id": block.media}, "caption": rich(block.text)}
        return {"type": block.kind, block.kind: file}
    return {"type": block.kind, block.kind: {"rich_text": rich(block.text)}}
