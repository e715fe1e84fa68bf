"""Property values of pages: taking what is written, showing what is read."""

from dataclasses import dataclass, field, replace
from typing import Any

from videod.sandbox.notion import checks, dates, files, schema, text
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import (
    DataSource,
    Json,
    Page,
    Property,
    iso,
    user_reference,
    whole_minute,
)
from videod.sandbox.notion.store import Store

#: A page answer shows at most so many related pages; the rest is behind the property item endpoint.
RELATION_SHOWN = 25
SHORT_TEXT_MAX = 200
PLAIN_PAGE_TITLE = Property(id="title", name="title", type="title")


@dataclass
class Writing:
    """One write of property values: the schema grows with select options it meets, uploads become attached."""

    store: Store
    source: DataSource | None
    now_ms: int
    attached: list[str] = field(default_factory=list)

    def take(self, raw: object, path: str) -> dict[str, Any]:
        """Stored values by property id for the `properties` of a request body."""
        taken: dict[str, Any] = {}
        for key, value in checks.obj(raw, path).items():
            prop = self._property(key)
            body = checks.obj(value, f"{path}.{key}")
            if prop.type in schema.READ_ONLY_TYPES:
                raise invalid(f"{prop.name} is a read only property and cannot be written.")
            if prop.type not in body or body.get("type", prop.type) != prop.type:
                raise invalid(f"{prop.name} is expected to be {prop.type}.")
            taken[prop.id] = self._value(prop, body[prop.type], f"{path}.{key}.{prop.type}")
        return taken

    def _property(self, key: str) -> Property:
        if self.source is None:
            if key != "title":
                raise invalid(f"{key} is not a property that exists.")
            return PLAIN_PAGE_TITLE
        prop = schema.find(self.source, key)
        if prop is None:
            raise invalid(f"{key} is not a property that exists.")
        return prop

    def _value(self, prop: Property, raw: object, path: str) -> Any:
        if prop.type in ("title", "rich_text"):
            return text.parse(raw, path)
        if prop.type == "checkbox":
            return checks.boolean(raw, path)
        if prop.type == "multi_select":
            return [self._option(prop, item, f"{path}[{at}]") for at, item in enumerate(checks.array(raw, path))]
        if prop.type == "relation":
            return [self._related(prop, item, f"{path}[{at}]") for at, item in enumerate(checks.array(raw, path))]
        if prop.type == "people":
            return [checks.obj(item, path).get("id") for item in checks.array(raw, path)]
        if prop.type == "files":
            parsed = [
                files.parse(self.store, item, f"{path}[{at}]", self.now_ms)
                for at, item in enumerate(checks.array(raw, path))
            ]
            self.attached += [item["upload"] for item in parsed if "upload" in item]
            return parsed
        if raw is None:
            return None
        return self._single(prop, raw, path)

    def _single(self, prop: Property, raw: object, path: str) -> Any:
        if prop.type in ("select", "status"):
            return self._option(prop, raw, path)
        if prop.type == "number":
            if isinstance(raw, bool) or not isinstance(raw, int | float):
                raise misfit(path, "a number or `null`", raw)
            return raw
        if prop.type == "url":
            return checks.url(raw, path)
        if prop.type == "date":
            return dates.normal(raw, path)
        return checks.text(raw, path, SHORT_TEXT_MAX)

    def _option(self, prop: Property, raw: object, path: str) -> str:
        """The id of the option. An unknown name becomes a new option, but never in a status property."""
        body = checks.obj(raw, path)
        assert self.source is not None
        options: list[Json] = self.source.properties[prop.id].config["options"]
        known = next((o for o in options if body.get("id") == o["id"] or body.get("name") == o["name"]), None)
        if known is not None:
            return str(known["id"])
        if prop.type == "status":
            raise invalid(f'Invalid status option. Status option "{body.get("name")}" does not exist".')
        if "name" not in body:
            raise invalid(f"{prop.name} has no select option with ID: {body.get('id')}.")
        fresh = schema.option(self.store.new_id, schema.option_name(body["name"], f"{path}.name"))
        grown = replace(self.source.properties[prop.id], config={**prop.config, "options": [*options, fresh]})
        self.source = replace(self.source, properties={**self.source.properties, prop.id: grown})
        return str(fresh["id"])

    def _related(self, prop: Property, raw: object, path: str) -> str:
        wanted = checks.identifier(checks.obj(raw, path).get("id"), f"{path}.id")
        page = self.store.pages.get(wanted)
        if page is None or page.parent_id != prop.config["data_source_id"]:
            raise not_found("page", wanted)
        return wanted


def empty(prop: Property) -> Any:
    """The stored value of a property that nobody has written."""
    if prop.type in ("title", "rich_text", "multi_select", "relation", "files", "people"):
        return []
    if prop.type == "checkbox":
        return False
    return prop.config["options"][0]["id"] if prop.type == "status" and prop.config["options"] else None


def stored(page: Page, prop: Property) -> Any:
    """The stored value, or the empty one; a value that no longer fits (its column changed type) counts as empty."""
    if prop.type in schema.READ_ONLY_TYPES:
        return getattr(page, {"created_time": "created_ms", "last_edited_time": "edited_ms"}.get(prop.type, ""), None)
    value = page.properties.get(prop.id)
    default = empty(prop)
    if value is None or isinstance(value, list) != isinstance(default, list):
        return default
    return value


def option_by_id(prop: Property, option_id: object) -> Json | None:
    found = next((entry for entry in prop.config["options"] if entry["id"] == option_id), None)
    return None if found is None else {key: found[key] for key in ("id", "name", "color")}


def render(store: Store, page: Page, prop: Property, base: str, now_ms: int) -> Json:
    """`{id, type, <type>: value}` as a page answer shows it (a relation cut to 25, with `has_more`)."""
    shown: Json = {"id": prop.id, "type": prop.type, prop.type: _shown(store, page, prop, base, now_ms)}
    if prop.type == "relation":
        shown["has_more"] = len(shown["relation"]) > RELATION_SHOWN
        shown["relation"] = shown["relation"][:RELATION_SHOWN]
    return shown


def _shown(store: Store, page: Page, prop: Property, base: str, now_ms: int) -> Any:
    if prop.type == "created_time":
        return iso(whole_minute(page.created_ms))
    if prop.type == "last_edited_time":
        return iso(whole_minute(page.edited_ms))
    if prop.type in ("created_by", "last_edited_by"):
        return user_reference(page.created_by if prop.type == "created_by" else page.edited_by)
    value = stored(page, prop)
    if prop.type in ("select", "status"):
        return option_by_id(prop, value)
    if prop.type == "multi_select":
        return [found for entry in value if (found := option_by_id(prop, entry))]
    if prop.type == "relation":
        return [{"id": related} for related in value if not store.pages[related].in_trash]
    if prop.type == "people":
        return [user_reference(person) for person in value]
    if prop.type == "files":
        return [files.render(store, item, base, now_ms) for item in value]
    return value


def whole(store: Store, page: Page, prop: Property, base: str, now_ms: int) -> Any:
    """The value without the cut of long relations, for the property item endpoint."""
    return _shown(store, page, prop, base, now_ms)
