"""What a person puts on an entry's page for its plan: sources, a script or a whole plan, each under a heading.

Only what stands under such a heading is read, up to the next heading or block of videod's own; what is nested below a
block is left out, except in a heading that can be folded. A story of which something would be left out is not used. How
sources are used is said in `scripts/lib/sources.py`, stories in `core/own_story`.
"""

import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence

from videod.adapters.notion_calls import Budget, Calls
from videod.adapters.notion_pace import Rank
from videod.adapters.notion_shapes import identifier, promised, record
from videod.core import own_story
from videod.core.sanitize import sanitize_line

#: the first is the one that videod writes; the others are how creators call it in their languages
HEADING = "Sources"
ALSO = (
    "Source", "Quellen", "Fuentes", "Références", "Fontes", "Fonti", "Bronnen", "Kilder", "Källor", "Lähteet", "Źródła",
    "Zdroje", "Források", "Kaynaklar", "Sumber", "Джерела", "Источники", "Πηγές", "स्रोत", "المصادر", "מקורות",
    "出典", "参考文献", "来源", "來源", "출처",
)  # fmt: skip
#: heading -> which story of one's own stands under it; a plan is videod's own format and has one name
STORIES = {
    **{heading: name for name, heading in own_story.HEADINGS.items()},
    **dict.fromkeys((
        "Skript", "Drehbuch", "Guion", "Guión", "Scénario", "Roteiro", "Copione", "Sceneggiatura", "Manuskript",
        "Manus", "Käsikirjoitus", "Scenariusz", "Scénář", "Forgatókönyv", "Senaryo", "Naskah", "Сценарій", "Сценарий",
        "Σενάριο", "पटकथा", "السيناريو", "תסריט", "台本", "脚本", "剧本", "劇本", "대본",
    ), own_story.SCRIPT),
}  # fmt: skip
#: so much is read, characters; a page beyond it is cut
MOST = 100_000
#: Notion's bounds of one request: characters of a text, blocks
TEXT_MOST, BLOCKS_MOST = 2000, 100
_HEADINGS = ("heading_1", "heading_2", "heading_3", "heading_4")
_TEXTS = (
    "paragraph", "bulleted_list_item", "numbered_list_item", "quote", "callout", "to_do", "toggle", "code",
)  # fmt: skip
_LINKS = ("bookmark", "embed", "link_preview")
#: may hold text that is not read
_UNREAD = ("table", "column_list", "synced_block", "template", "child_page", "unsupported")


class OwnSources:
    """`calls` is set once there is a connection; no job starts before that.

    `ours`: page id -> the ids of the blocks that videod made on it.
    """

    def __init__(self) -> None:
        self.calls: Calls | None = None
        self.ours: Callable[[str], Awaitable[Collection[str]]] = _none

    async def of(self, page_id: str) -> str:
        """The text under the heading Sources, "" where there is none. Raises BoardError."""
        return "" if self.calls is None else await own_sources(self.calls, page_id, await self.ours(page_id))

    async def story(self, page_id: str) -> Mapping[str, str]:
        """The texts under the headings of a story of one's own, by their names in `own_story`. Raises BoardError."""
        if self.calls is None:
            return {}
        ours = await self.ours(page_id)
        return await own_texts(self.calls, page_id, STORIES, ours, rank=Rank.WISH)  # the entry waits to be taken


async def _none(page_id: str) -> Collection[str]:
    return ()


async def own_sources(calls: Calls, page_id: str, ours: Collection[str] = ()) -> str:
    """Raises BoardError."""
    found = await own_texts(calls, page_id, {word: word for word in (HEADING, *ALSO)}, ours, links=True)
    found.pop(own_story.UNREAD, None)
    return "\n\n".join(found.values())[:MOST]


@promised
async def own_texts(
    calls: Calls, page_id: str, headings: Mapping[str, str], ours: Collection[str], links: bool = False,
    rank: Rank = Rank.TELL,
) -> dict[str, str]:  # fmt: skip
    """The text under each of `headings` (heading -> name) by name; with `links` where it leads as well.

    Several headings of one name are read in their order. Under `own_story.UNREAD` are the headings under which
    something was left out, under `own_story.EMPTY` that of a script without a word. `ours`: ids of the blocks that
    videod made. `rank`: where its requests stand in line. Raises BoardError.
    """
    known = {heading.casefold(): name for heading, name in headings.items()}
    made = {one.replace("-", "") for one in ours}
    found: dict[str, list[str]] = {}
    left: dict[str, None] = {}
    titles: dict[str, str] = {}
    under, title = None, ""
    for block in await _blocks(calls, page_id, Budget(parts=20), rank):
        if str(block.get("id")).replace("-", "") in made:
            under = None
        elif str(block.get("type")) in _HEADINGS:
            title = _said(block).strip().rstrip(": ：")
            name = known.get(title.casefold())
            under = None if name is None else found.setdefault(name, [])
            titles[name or ""] = title
            if under is not None and block.get("has_children") is True:  # folded below its heading
                inner = identifier(block.get("id"), "read the entry's page")
                blocks = await _blocks(calls, inner, Budget(parts=5), rank)
                under += [text for one in blocks for text in _lines(one, links)]
                left |= {title: None} if any(map(_holds_more, blocks)) else {}
        elif under is not None:
            under += _lines(block, links)
            left |= {title: None} if _holds_more(block) else {}
    texts = {name: "\n\n".join(parts) for name, parts in found.items()}
    if not texts.get(own_story.SCRIPT, "-").strip():
        texts[own_story.EMPTY] = titles[own_story.SCRIPT]
    return texts | ({own_story.UNREAD: ", ".join(left)} if left else {})


def _holds_more(block: Mapping[str, object]) -> bool:
    """Whether the block holds text that is not read."""
    kind = str(block.get("type"))
    return kind in _UNREAD or (kind in _TEXTS and block.get("has_children") is True)


async def _blocks(calls: Calls, parent: str, budget: Budget, rank: Rank) -> list[Mapping[str, object]]:
    what, start = "read the entry's page", None
    blocks: list[Mapping[str, object]] = []
    while True:
        part, answer = await calls.part(
            what, lambda api, more: api.blocks.children.list(parent, **more), start, budget, rank
        )
        blocks += [block for item in part if not (block := record(item, what, "a block")).get("in_trash")]
        start = budget.next(answer, what)
        if start is None:
            return blocks


def _lines(block: Mapping[str, object], links: bool) -> Iterator[str]:
    """What a block says, and with `links` where its links lead."""
    kind = str(block.get("type"))
    if kind in _TEXTS and (said := _said(block).strip()):
        yield said
        yield from (link for link in _hrefs(block) if links and link not in said)
    elif kind in _LINKS and links:
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
    """The blocks that put `text` under the heading Sources on a new page. Raises ValueError for more than fits."""
    pieces = [part for piece in text.replace("\r\n", "\n").split("\n\n") for part in _pieces(piece.strip())]
    if len(pieces) >= BLOCKS_MOST:
        raise ValueError(f"has more than {BLOCKS_MOST - 1} paragraphs of {TEXT_MOST} characters")
    return [_block("heading_2", HEADING), *(_block("paragraph", piece) for piece in pieces)]


def story_blocks(args: Mapping[str, object]) -> list[dict[str, object]]:
    """The blocks that put a story of one's own on a new page; `args` as in `own_story.Brought`."""
    found: list[dict[str, object]] = []
    if lines := args.get(own_story.SCRIPT):
        assert isinstance(lines, list)
        found = [_block("heading_2", own_story.HEADINGS[own_story.SCRIPT])]
        found += [_block("paragraph", *_pieces(str(line))) for line in lines]
    if plan := args.get(own_story.PLAN):
        text = json.dumps(plan, ensure_ascii=False, indent=1)
        if len(text) > own_story.PLAN_MAX:
            text = json.dumps(plan, ensure_ascii=False, separators=(",", ":"))
        code = _block("code", *_pieces(text))
        code["code"] = {**_body(code), "language": "json"}
        found += [_block("heading_2", own_story.HEADINGS[own_story.PLAN]), code]
    return found


def _pieces(text: str) -> list[str]:
    """A text in parts that one piece of a block takes: Notion counts what lies beyond the first plane twice."""
    most = TEXT_MOST if max(map(ord, text), default=0) < 1 << 16 else TEXT_MOST // 2
    return [text[at : at + most] for at in range(0, len(text), most)]


def _body(block: Mapping[str, object]) -> Mapping[str, object]:
    body = block[str(block["type"])]
    return body if isinstance(body, Mapping) else {}


def _block(kind: str, *texts: str) -> dict[str, object]:
    parts = [{"type": "text", "text": {"content": text}} for text in texts]
    return {"object": "block", "type": kind, kind: {"rich_text": parts}}
