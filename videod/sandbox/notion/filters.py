"""Filters and sorts of a query, compiled once against the schema into functions over pages."""

from collections.abc import Callable
from functools import partial
from typing import Any

from videod.sandbox.notion import checks, conditions, dates, schema, text, values
from videod.sandbox.notion.errors import invalid, misfit
from videod.sandbox.notion.model import DataSource, Json, Page, Property, whole_minute

Predicate = Callable[[Page], bool]

TEXT_TYPES = ("title", "rich_text", "url", "email", "phone_number")
TIMESTAMPS = ("created_time", "last_edited_time")
#: An `and`/`or` may hold another, but no deeper.
DEPTH_MAX = 2


def compile_filter(
    source: DataSource, raw: object, now_ms: int, path: str = "body.filter", depth: int = 1
) -> Predicate:
    body = checks.obj(raw, path)
    for word, join in (("and", all), ("or", any)):
        if word in body:
            if depth > DEPTH_MAX:
                raise invalid(f"body failed validation: {path}.{word} is nested deeper than {DEPTH_MAX} levels.")
            checks.only(body, (word,), path)
            parts = [
                compile_filter(source, part, now_ms, f"{path}.{word}[{at}]", depth + 1)
                for at, part in enumerate(checks.array(body[word], f"{path}.{word}"))
            ]
            return partial(_joined, join, parts)
    if "timestamp" in body:
        return _timestamp(body, now_ms, path)
    if "property" in body:
        return _property(source, body, now_ms, path)
    raise misfit(path, "a filter with `and`, `or`, `property` or `timestamp`", body)


def _joined(join: Callable[[Any], bool], parts: list[Predicate], page: Page) -> bool:
    return join(part(page) for part in parts)


def _timestamp(body: Json, now_ms: int, path: str) -> Predicate:
    kind = body["timestamp"]
    if kind not in TIMESTAMPS:
        raise misfit(f"{path}.timestamp", " or ".join(TIMESTAMPS), kind)
    checks.only(body, ("timestamp", kind), path)
    operator, operand = conditions.single(body.get(kind, {}), f"{path}.{kind}")
    test = conditions.of_date(operator, operand, f"{path}.{kind}", now_ms)
    return lambda page: test(_moment(page, kind))


def _moment(page: Page, kind: str) -> int:
    return whole_minute(page.created_ms if kind == "created_time" else page.edited_ms)


def _lookup(source: DataSource, name_or_id: object) -> Property:
    prop = schema.find(source, name_or_id) if isinstance(name_or_id, str) else None
    if prop is None:
        raise invalid(f"Could not find property with name or id: {name_or_id}")
    return prop


def _property(source: DataSource, body: Json, now_ms: int, path: str) -> Predicate:
    prop = _lookup(source, body["property"])
    kinds = [key for key in body if key not in ("property", "type")]
    if len(kinds) != 1:
        raise misfit(path, "a filter with exactly one type of condition", body)
    kind = kinds[0]
    fits = kind == prop.type or (kind in ("title", "rich_text") and prop.type in TEXT_TYPES)
    if not fits:
        raise invalid(
            "The property type in the database does not match the property type of the filter provided: "
            f"database property {prop.type} does not match filter {kind}"
        )
    test = _test(prop, body[kind], f"{path}.{kind}", now_ms)
    return lambda page: test(comparable(page, prop))


def _test(prop: Property, condition: Json, path: str, now_ms: int) -> conditions.Test:
    operator, operand = conditions.single(condition, path)
    by_emptiness = conditions.emptiness(operator, operand, path)
    if by_emptiness is not None:
        return by_emptiness
    if prop.type in TEXT_TYPES:
        return conditions.of_text(operator, operand, path)
    if prop.type == "number":
        return conditions.of_number(operator, operand, path)
    if prop.type == "checkbox":
        return conditions.of_checkbox(operator, operand, path)
    if prop.type in ("date", *TIMESTAMPS):
        return conditions.of_date(operator, operand, path, now_ms)
    if prop.type in ("select", "status"):
        return conditions.of_option(operator, operand, path, _option_ids(prop), prop.name)
    if prop.type == "multi_select":
        return conditions.of_members(operator, _option_ids(prop).get(str(operand)), path)
    if prop.type == "relation":
        return conditions.of_members(operator, checks.identifier(operand, f"{path}.{operator}"), path)
    return conditions.of_members(operator, operand, path)


def _option_ids(prop: Property) -> dict[str, str]:
    return {entry["name"]: entry["id"] for entry in prop.config["options"]}


def comparable(page: Page, prop: Property) -> Any:
    """The value in the form that conditions and sorts compare."""
    if prop.type in TIMESTAMPS:
        return _moment(page, prop.type)
    if prop.type in ("created_by", "last_edited_by"):
        return [page.created_by if prop.type == "created_by" else page.edited_by]
    value = values.stored(page, prop)
    if prop.type in ("title", "rich_text"):
        return text.plain(value)
    if prop.type == "date":
        return None if value is None else dates.span(value["start"], "start").first
    if prop.type in ("select", "status"):
        return value if values.option_by_id(prop, value) else None
    return value


def sort(source: DataSource, pages: list[Page], raw: object) -> list[Page]:
    """Pages by the given sorts, empty values last; without sorts the newest first. Options sort in schema order."""
    ordered = list(reversed(pages))
    wanted = checks.array([] if raw is None else raw, "body.sorts")
    for at, entry in reversed(list(enumerate(wanted))):
        path = f"body.sorts[{at}]"
        body = checks.obj(entry, path)
        direction = body.get("direction", "ascending")
        if direction not in ("ascending", "descending"):
            raise misfit(f"{path}.direction", '"ascending" or "descending"', direction)
        key = _sort_key(source, body, path)
        full = [page for page in ordered if key(page) is not None]
        bare = [page for page in ordered if key(page) is None]
        ordered = sorted(full, key=key, reverse=direction == "descending") + bare
    return ordered


def _sort_key(source: DataSource, body: Json, path: str) -> Callable[[Page], Any]:
    if "timestamp" in body:
        kind = body["timestamp"]
        if kind not in TIMESTAMPS:
            raise misfit(f"{path}.timestamp", " or ".join(TIMESTAMPS), kind)
        return lambda page: _moment(page, kind)
    prop = _lookup(source, body.get("property"))
    if prop.type in ("select", "status"):
        ranks = {entry["id"]: rank for rank, entry in enumerate(prop.config["options"])}
        return lambda page: ranks.get(comparable(page, prop))
    if prop.type in TEXT_TYPES:
        return lambda page: (comparable(page, prop) or "").casefold() or None
    if prop.type in ("number", "checkbox", "date", *TIMESTAMPS):
        return lambda page: comparable(page, prop)
    return lambda page: len(comparable(page, prop) or []) or None
