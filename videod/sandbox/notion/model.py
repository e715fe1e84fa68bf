"""What the simulated service keeps: one frozen row per database, data source, page, block, comment and file upload.

Values are kept in the shape closest to their meaning (a select as the id of its option, a file as the id of its
upload); the wire shape is made when an answer is rendered, so a renamed option or a new file address shows at once.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

#: A JSON object of the wire.
Json = dict[str, Any]

WORKSPACE_ID = "22222222-2222-4222-8222-222222222222"
#: The page that is shared with the connection from the start; databases are created under it.
BOARD_PAGE_ID = "11111111-1111-4111-8111-111111111111"
BOT_ID = "b0700000-0000-4000-8000-000000000001"
PERSON_ID = "9e450000-0000-4000-8000-000000000002"
BOT_TOKEN = "ntn_sandbox"  # noqa: S105 - opens nothing but this simulated service
#: Requests with this token count as edits of a person and are free of the rate limit.
PERSON_TOKEN = "ntn_person"  # noqa: S105

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def iso(ms: int) -> str:
    """Milliseconds since 1970 as Notion writes a time, such as `2026-11-21T10:05:00.000Z`."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def whole_minute(ms: int) -> int:
    """Notion shows creation and edit times rounded down to the minute."""
    return ms - ms % MINUTE_MS


def user_reference(user_id: str) -> Json:
    return {"object": "user", "id": user_id}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`serial` counts creations over the whole workspace: the order of rows, independent of the clock."""

    id: str
    serial: int
    created_ms: int
    edited_ms: int
    created_by: str
    edited_by: str
    in_trash: bool = False

    def times(self) -> Json:
        return {
            "created_time": iso(whole_minute(self.created_ms)),
            "last_edited_time": iso(whole_minute(self.edited_ms)),
            "created_by": user_reference(self.created_by),
            "last_edited_by": user_reference(self.edited_by),
        }

    def trash(self) -> Json:
        """Both names: `archived` is the deprecated one, answers of either version carry it."""
        return {"in_trash": self.in_trash, "archived": self.in_trash}


@dataclass(frozen=True, kw_only=True)
class Property:
    """One column. `id` is the percent-encoded form that answers show; `config` is the body under the type's key."""

    id: str
    name: str
    type: str
    config: Json = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Database(Row):
    parent_id: str
    title: list[Json]
    description: list[Json] = field(default_factory=list)
    is_inline: bool = False
    is_locked: bool = False
    icon: Json | None = None
    cover: Json | None = None


@dataclass(frozen=True, kw_only=True)
class DataSource(Row):
    database_id: str
    title: list[Json]
    properties: dict[str, Property]
    icon: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Page(Row):
    """`properties` maps property ids to stored values; `parent_type` is data_source_id, page_id or workspace."""

    parent_type: str
    parent_id: str
    properties: dict[str, Any]
    children: list[str] = field(default_factory=list)
    is_locked: bool = False
    icon: Json | None = None
    cover: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Block(Row):
    parent_type: str
    parent_id: str
    type: str
    body: Json
    children: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Comment(Row):
    parent_type: str
    parent_id: str
    discussion_id: str
    rich_text: list[Json]
    display_name: Json | None = None


@dataclass(frozen=True, kw_only=True)
class View(Row):
    database_id: str
    data_source_id: str
    name: str
    type: str
    filter: Json | None = None
    sorts: list[Json] | None = None
    quick_filters: Json | None = None
    configuration: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Upload(Row):
    """A file on its way in. `state` is pending, uploaded or failed; "expired" follows from the clock.

    `sent` maps part numbers (as text, since it is kept as JSON) to bytes received.
    """

    mode: str
    filename: str | None
    content_type: str | None
    parts: int | None = None
    sent: dict[str, int] = field(default_factory=dict)
    state: str = "pending"
    size: int | None = None
    attached: bool = False
    external_url: str | None = None
    failure: str | None = None

    def status(self, now_ms: int) -> str:
        """An upload that nothing was attached to lapses one hour after its creation."""
        if self.state != "failed" and not self.attached and now_ms >= self.created_ms + HOUR_MS:
            return "expired"
        return self.state


def as_json(row: Row) -> Json:
    return asdict(row)


def data_source_from_json(kept: Json) -> DataSource:
    properties = {key: Property(**value) for key, value in kept["properties"].items()}
    return DataSource(**{**kept, "properties": properties})
