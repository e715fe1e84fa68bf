"""The columns of a data source: creating them, changing them, and how a GET shows them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, unquote

from videod.sandbox.notion import checks
from videod.sandbox.notion.errors import invalid, misfit, not_found
from videod.sandbox.notion.model import DataSource, Json, Property
from videod.sandbox.notion.store import Store

COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
OPTION_NAME_MAX = 100
OPTION_TYPES = ("select", "multi_select", "status")
READ_ONLY_TYPES = ("created_time", "last_edited_time", "created_by", "last_edited_by")
PLAIN_TYPES = ("title", "rich_text", "url", "date", "checkbox", "files", "people", "email", "phone_number")
TYPES = (*PLAIN_TYPES, *READ_ONLY_TYPES, *OPTION_TYPES, "number", "relation")
#: What `{status: {}}` gets; the group of an option that the API made is always the first (To-do).
DEFAULT_STATUSES = (("Not started", "default"), ("In progress", "blue"), ("Done", "green"))
STATUS_GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))
#: Property ids are four characters that need escaping now and then, which is how clients find out they must.
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:;<=>?@[]^_`{|}~"

NewId = Callable[[], str]


def find(source: DataSource, name_or_id: str) -> Property | None:
    wanted = unquote(name_or_id)
    for prop in source.properties.values():
        if prop.name == name_or_id or unquote(prop.id) == wanted:
            return prop
    return None


def create(store: Store, raw: object, path: str) -> dict[str, Property]:
    """The properties of a new data source. Without any, there is one title property called Name."""
    wanted = {"Name": {"title": {}}} if raw is None else checks.obj(raw, path)
    properties: dict[str, Property] = {}
    for name, body in wanted.items():
        prop = _new(store, name, checks.obj(body, f"{path}.{name}"), f"{path}.{name}")
        if prop.id in properties:
            raise invalid("Cannot create multiple title properties.")
        properties[prop.id] = prop
    if "title" not in properties:
        raise invalid("Title is not provided")
    return properties


def patch(store: Store, source: DataSource, raw: object, path: str) -> dict[str, Property]:
    """The properties after a PATCH: null removes, `{name}` renames, a type's key configures or adds."""
    properties = dict(source.properties)
    for key, body in checks.obj(raw, path).items():
        where = f"{path}.{key}"
        known = find(replace(source, properties=properties), key)
        if body is None:
            _remove(properties, known, key)
        elif known is None:
            prop = _new(store, key, checks.obj(body, where), where)
            if prop.id in properties:
                raise invalid("Cannot create multiple title properties.")
            properties[prop.id] = prop
        else:
            properties[known.id] = _changed(store, known, checks.obj(body, where), where)
    names = [prop.name for prop in properties.values()]
    if len(set(names)) != len(names):
        raise invalid("Cannot create multiple properties with the same name.")
    return properties


def _remove(properties: dict[str, Property], known: Property | None, key: str) -> None:
    if known is None:
        raise invalid(f"Could not find property with name or id: {key}")
    if known.type == "title":
        raise invalid("Cannot delete the title property.")
    del properties[known.id]


def _type_of(body: Json, path: str) -> str:
    kinds = [key for key in body if key in TYPES]
    if len(kinds) != 1:
        known = " or ".join(f"`{kind}`" for kind in TYPES)
        raise invalid(f"body failed validation: {path} should have exactly one of {known}.")
    return kinds[0]


def _new(store: Store, name: str, body: Json, path: str) -> Property:
    checks.only(body, (*TYPES, "type", "name", "description"), path)
    kind = _type_of(body, path)
    name = checks.text(body.get("name", name), f"{path}.name", OPTION_NAME_MAX)
    config = _config(store, kind, checks.obj(body[kind], f"{path}.{kind}"), None, f"{path}.{kind}")
    return Property(
        id="title" if kind == "title" else _new_property_id(store.new_id), name=name, type=kind, config=config
    )


def _changed(store: Store, known: Property, body: Json, path: str) -> Property:
    checks.only(body, (*TYPES, "type", "name", "id", "description"), path)
    name = checks.text(body.get("name", known.name), f"{path}.name", OPTION_NAME_MAX)
    if not any(key in TYPES for key in body):
        return replace(known, name=name)
    kind = _type_of(body, path)
    if (kind == "title") != (known.type == "title"):
        raise invalid("The type of the title property cannot be changed, and no other can become the title.")
    before = known.config if kind == known.type else None
    config = _config(store, kind, checks.obj(body[kind], f"{path}.{kind}"), before, f"{path}.{kind}")
    return replace(known, name=name, type=kind, config=config)


def _config(store: Store, kind: str, body: Json, before: Json | None, path: str) -> Json:
    if kind in OPTION_TYPES:
        return _option_config(store.new_id, kind, body, before, path)
    if kind == "number":
        return {"format": checks.text(body.get("format", "number"), f"{path}.format")}
    if kind == "relation":
        return _relation(store, body, path)
    return {}


def _relation(store: Store, body: Json, path: str) -> Json:
    checks.only(body, ("data_source_id", "database_id", "type", "single_property", "dual_property"), path)
    target = checks.identifier(body.get("data_source_id"), f"{path}.data_source_id")
    if target not in store.data_sources:
        raise not_found("data source", target)
    if "dual_property" in body:
        raise invalid(f"{path}.dual_property is not offered by this simulated service. Use single_property.")
    checks.obj(body.get("single_property"), f"{path}.single_property")
    return {"data_source_id": target}


def _option_config(new_id: NewId, kind: str, body: Json, before: Json | None, path: str) -> Json:
    old: list[Json] = before["options"] if before else []
    if "options" in body:
        options = _options(new_id, checks.array(body["options"], f"{path}.options"), old, f"{path}.options")
    elif kind == "status" and not old:
        options = [option(new_id, name, color) for name, color in DEFAULT_STATUSES]
    else:
        options = old
    if kind != "status":
        return {"options": options}
    groups = before["groups"] if before else [
        {"id": new_id(), "name": name, "color": color, "option_ids": []} for name, color in STATUS_GROUPS
    ]  # fmt: skip
    return {"options": options, "groups": _grouped(groups, options, by_default="options" not in body and not old)}


def _grouped(groups: list[Json], options: list[Json], by_default: bool) -> list[Json]:
    """Each option in its group: one of each for the default options, else what is new goes to To-do."""
    ids = [str(entry["id"]) for entry in options]
    if by_default:
        return [{**group, "option_ids": [ids[at]]} for at, group in enumerate(groups)]
    kept = [[known for known in group["option_ids"] if known in ids] for group in groups]
    placed = {known for group in kept for known in group}
    kept[0] += [fresh for fresh in ids if fresh not in placed]
    return [{**group, "option_ids": members} for group, members in zip(groups, kept, strict=True)]


def option_name(value: object, path: str) -> str:
    name = checks.text(value, path, OPTION_NAME_MAX)
    if not name:
        raise misfit(path, "a non-empty string", value)
    if "," in name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    return name


def option(new_id: NewId, name: str, color: str | None = None) -> Json:
    """A new option; without a color it gets one that follows from its name."""
    picked = color or COLORS[hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % len(COLORS)]
    return {"id": new_id(), "name": name, "color": picked, "description": None}


def _options(new_id: NewId, raw: list[object], old: list[Json], path: str) -> list[Json]:
    """The new list of options. One that is left out is removed; a kept one keeps its id, name and color."""
    options: list[Json] = []
    for at, item in enumerate(raw):
        where = f"{path}[{at}]"
        body = checks.obj(item, where)
        checks.only(body, ("id", "name", "color", "description"), where)
        color = body.get("color")
        if color is not None and color not in COLORS:
            raise misfit(f"{where}.color", " or ".join(f'"{known}"' for known in COLORS), color)
        known = next((o for o in old if body.get("id") == o["id"] or body.get("name") == o["name"]), None)
        if known is None:
            options.append(option(new_id, option_name(body.get("name"), f"{where}.name"), color))
            continue
        if color is not None and color != known["color"]:
            raise invalid(f"Cannot update color of select with name: {known['name']}.")
        if body.get("name", known["name"]) != known["name"]:
            raise invalid(f"Cannot update name of select with name: {known['name']}.")
        options.append(known)
    names = [entry["name"] for entry in options]
    if len(set(names)) != len(names):
        raise invalid("Cannot create multiple options with the same name.")
    return options


def _new_property_id(new_id: NewId) -> str:
    digest = hashlib.sha256(new_id().encode()).digest()
    return quote("".join(_ID_ALPHABET[byte % len(_ID_ALPHABET)] for byte in digest[:4]), safe="")


def render(store: Store, prop: Property) -> Json:
    config = prop.config
    if prop.type == "relation":
        target = store.data_sources.get(config["data_source_id"])
        database_id = target.database_id if target else None
        config = {"database_id": database_id, **config, "type": "single_property", "single_property": {}}
    shown = {"id": prop.id, "name": prop.name, "description": prop.description, "type": prop.type}
    return {**shown, prop.type: config}
