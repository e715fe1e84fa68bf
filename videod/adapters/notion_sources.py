"""A person's own sources on an entry's page: links and text under the heading Sources.

Only what stands under that heading is read, up to the next heading; what is nested below a block is left out, except
in a heading that can be folded. How it is used is said in `scripts/lib/sources.py`.
"""

from collections.abc import Iterator, Mapping, Sequence

from videod.adapters.notion_calls import Budget, Calls
from videod.adapters.notion_shapes import identifier, promised, record
from videod.core.sanitize import sanitize_line

HEADING = "Sources"
#: so much is read, characters; a page beyond it is cut
MOST = 100_000
#: Notion's bounds of one request: characters of a text, blocks
TEXT_MOST, BLOCKS_MOST = 2000, 100
_HEADINGS = ("heading_1", "heading_2", "heading_3", "heading_4")
_TEXTS = (
    "paragraph", "bulleted_list_item", "numbered_list_item", "quote", "callout", "to_do", "toggle", "code",
)  # fmt: skip
_LINKS = ("bookmark", "embed", "link_preview")


class OwnSources:
    """`calls` is set once there is a connection; no job starts before that."""

    def __init__(self) -> None:
        self.calls: Calls | None = None

    async def of(self, page_id: str) -> str:
        """The text under the heading, "" where there is none. Raises BoardError."""
        return "" if self.calls is None else await own_sources(self.calls, page_id)


@promised
async def own_sources(calls: Calls, page_id: str) -> str:
    """Raises BoardError."""
    found: list[str] = []
    under = False
    for block in await _blocks(calls, page_id, Budget(parts=20)):
        kind = str(block.get("type"))
        if kind in _HEADINGS:
            under = _said(block).strip().rstrip(":").casefold() == HEADING.casefold()
            if under and block.get("has_children") is True:  # folded below its heading
                inner = identifier(block.get("id"), "read the sources")
                found += [text for one in await _blocks(calls, inner, Budget(parts=5)) for text in _lines(one)]
        elif under:
            found += _lines(block)
    return "\n\n".join(found)[:MOST]


async def _blocks(calls: Calls, parent: str, budget: Budget) -> list[Mapping[str, object]]:
    what, start = "read the sources", None
    blocks: list[Mapping[str, object]] = []
    while True:
        part, answer = await calls.part(what, lambda api, more: api.blocks.children.list(parent, **more), start, budget)
        blocks += [block for item in part if not (block := record(item, what, "a block")).get("in_trash")]
        start = budget.next(answer, what)
        if start is None:
            return blocks


def _lines(block: Mapping[str, object]) -> Iterator[str]:
    """What a block says, and where its links lead."""
    kind = str(block.get("type"))
    if kind in _TEXTS and (said := _said(block).strip()):
        yield said
        yield from (link for link in _hrefs(block) if link not in said)
    elif kind in _LINKS:
        body = block.get(kind)
        url = body.get("url") if isinstance(body, Mapping) else None
        if isinstance(url, str) and url:
            yield sanitize_line(url)


def _parts(block: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    body = block.get(str(block.get("type")))
    listed = body.get("rich_text") if isinstance(body, Mapping) else None
    return [part for part in listed if isinstance(part, Mapping)] if isinstance(listed, list) else []


def _said(block: Mapping[str, object]) -> str:
    return "".join(text for part in _parts(block) if isinstance(text := part.get("plain_text"), str))


def _hrefs(block: Mapping[str, object]) -> list[str]:
    found = [part.get("href") for part in _parts(block)]
    return [sanitize_line(link) for link in found if isinstance(link, str) and link.startswith(("http://", "https://"))]


def blocks_of(text: str) -> list[dict[str, object]]:
    """The blocks that put `text` under the heading on a new page. Raises ValueError for more than fits in one."""
    pieces = [
        piece[at : at + TEXT_MOST]
        for piece in text.replace("\r\n", "\n").split("\n\n")
        if piece.strip()
        for at in range(0, len(piece.strip()), TEXT_MOST)
    ]
    if len(pieces) >= BLOCKS_MOST:
        raise ValueError(f"has more than {BLOCKS_MOST - 1} paragraphs of {TEXT_MOST} characters")
    return [_block("heading_2", HEADING), *(_block("paragraph", piece.strip()) for piece in pieces)]


def _block(kind: str, text: str) -> dict[str, object]:
    return {"object": "block", "type": kind, kind: {"rich_text": [{"type": "text", "text": {"content": text}}]}}
