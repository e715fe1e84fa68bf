"""Rich text: what may be written, and the fuller objects that are read back."""

from videod.sandbox.notion import checks
from videod.sandbox.notion.errors import misfit
from videod.sandbox.notion.model import Json

CONTENT_MAX = 2000
EXPRESSION_MAX = 1000
_PLAIN: Json = {
    "bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default",
}  # fmt: skip


def parse(value: object, path: str) -> list[Json]:
    """The array as it is read back. Refuses more than 100 objects and more than 2000 characters in one object."""
    return [
        _item(checks.obj(item, f"{path}[{at}]"), f"{path}[{at}]") for at, item in enumerate(checks.array(value, path))
    ]


def _item(item: Json, path: str) -> Json:
    kind = item.get("type") or next((key for key in ("text", "mention", "equation") if key in item), "text")
    annotations = {**_PLAIN, **checks.obj(item.get("annotations") or {}, f"{path}.annotations")}
    if kind == "text":
        body = checks.obj(item.get("text"), f"{path}.text")
        content = checks.text(body.get("content"), f"{path}.text.content", CONTENT_MAX)
        link = body.get("link")
        href = (
            None
            if link is None
            else checks.url(checks.obj(link, f"{path}.text.link").get("url"), f"{path}.text.link.url")
        )
        inner: Json = {"content": content, "link": None if href is None else {"url": href}}
        return {"type": "text", "text": inner, "annotations": annotations, "plain_text": content, "href": href}
    if kind == "equation":
        body = checks.obj(item.get("equation"), f"{path}.equation")
        expression = checks.text(body.get("expression"), f"{path}.equation.expression", EXPRESSION_MAX)
        inner = {"expression": expression}
        return {"type": kind, kind: inner, "annotations": annotations, "plain_text": expression, "href": None}
    if kind == "mention":
        mention = checks.obj(item.get("mention"), f"{path}.mention")
        plain = item.get("plain_text")
        shown = plain if isinstance(plain, str) else "Untitled"
        return {"type": kind, kind: mention, "annotations": annotations, "plain_text": shown, "href": None}
    raise misfit(f"{path}.type", '"text", "mention" or "equation"', kind)


def plain(items: list[Json]) -> str:
    return "".join(item["plain_text"] for item in items)


def of(content: str) -> list[Json]:
    """Rich text of one plain run."""
    return parse([{"text": {"content": content}}], "text")
