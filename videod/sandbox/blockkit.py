"""Which blocks Slack takes in a message: the types of Block Kit with their texts, elements and lengths.

What an element of a known type holds besides its texts is not looked at.
"""

from collections.abc import Callable
from typing import Any

MOST_BLOCKS = 50
_ID = 255
Block = dict[str, Any]


def valid(blocks: object) -> bool:
    """Whether Slack would show these blocks; where not, it answers 400 `invalid_blocks`."""
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return False
    if not all(isinstance(one, dict) and one.get("type") in _KINDS and _named(one) for one in blocks):
        return False
    names = [one["block_id"] for one in blocks if "block_id" in one]
    return len(set(names)) == len(names) and all(_KINDS[one["type"]](one) for one in blocks)


def _named(block: Block) -> bool:
    name = block.get("block_id", "one")
    return isinstance(name, str) and 0 < len(name) <= _ID


def _letters(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most


def _text(value: object, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    if not isinstance(value, dict) or value.get("type") not in kinds or not _letters(value.get("text"), most):
        return False
    known = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}
    return set(value) <= known[value["type"]]


def _plain(value: object, most: int) -> bool:
    return _text(value, most, ("plain_text",))


def _each(value: object, most: int, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and 0 < len(value) <= most and all(map(fits, value))


def _section(block: Block) -> bool:
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        return False
    fits = text is None or _text(text, 3000)
    return (
        fits and (fields is None or _each(fields, 10, lambda one: _text(one, 2000))) and _optional(block, "accessory")
    )


def _image(block: Block) -> bool:
    source = _letters(block.get("image_url"), 3000) or isinstance(block.get("slack_file"), dict)
    titled = "title" not in block or _plain(block["title"], 2000)
    return source and _letters(block.get("alt_text"), 2000) and titled


def _in_context(one: object) -> bool:
    return _text(one, 3000) or (isinstance(one, dict) and one.get("type") == "image" and _image(one))


def _element(one: object) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("type"), str):
        return False
    return one["type"] != "button" or _plain(one.get("text"), 75)


def _optional(block: Block, name: str) -> bool:
    return name not in block or _element(block[name])


def _input(block: Block) -> bool:
    return _plain(block.get("label"), 2000) and _element(block.get("element"))


def _video(block: Block) -> bool:
    addresses = all(_letters(block.get(name), 3000) for name in ("video_url", "thumbnail_url", "alt_text"))
    return addresses and _plain(block.get("title"), 200)


_KINDS: dict[str, Callable[[Block], bool]] = {
    "section": _section,
    "header": lambda block: _plain(block.get("text"), 150),
    "divider": lambda _: True,
    "image": _image,
    "context": lambda block: _each(block.get("elements"), 10, _in_context),
    "actions": lambda block: _each(block.get("elements"), 25, _element),
    "rich_text": lambda block: _each(block.get("elements"), 100, _element),
    "markdown": lambda block: _letters(block.get("text"), 12_000),
    "input": _input,
    "video": _video,
    "file": lambda block: _letters(block.get("external_id"), 255) and block.get("source") == "remote",
    "table": lambda block: _each(block.get("rows"), 100, lambda row: isinstance(row, list)),
}
