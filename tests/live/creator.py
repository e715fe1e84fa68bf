"""A person who writes entries, reads their cards and fixes them, and where else this person would look."""

import json
from pathlib import Path

import httpx
import yaml

from tests.harness.patience import PATIENCE_S, until
from tests.live.stage import Stage
from videod.adapters.notion_values import decode, encode
from videod.cli.demo_person import VERSION
from videod.core.statuses import BY_LABEL, LABELS, Status
from videod.sandbox.notion import PERSON_TOKEN

#: kind of each property that a person types
_KINDS = {"Title": "title", "Topic": "rich_text", "Story Direction": "rich_text"}


TOPICS = ("humpback whales", "brown bears", "arctic wolves", "green sea turtles", "red foxes", "elephants", "penguins",
          "snow leopards", "giraffes", "owls")  # fmt: skip


class Creator:
    """Speaks Notion's API as a person does. One for one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._client = httpx.Client(
            base_url=stage.env["VIDEOD_URL_NOTION"],
            headers={"Authorization": f"Bearer {PERSON_TOKEN}", "Notion-Version": VERSION},
            timeout=PATIENCE_S,
        )
        parent = stage.env["VIDEOD_NOTION_PARENT_PAGE"]
        blocks = self._client.get(f"/v1/blocks/{parent}/children").raise_for_status().json()["results"]
        board = next(row for row in blocks if row.get("child_database", {}).get("title") == "videod")
        found = self._client.get(f"/v1/databases/{board['id']}").raise_for_status().json()
        self._source = str(found["data_sources"][0]["id"])
        self._written = 0

    def close(self) -> None:
        self._client.close()

    def write(self, title: str, channel: str = "deep_ocean", direction: str = "A whale dives deep for squid.") -> str:
        """A new entry, queued; returns its page id. A topic each: two plain films of one are the same."""
        topic = TOPICS[self._written % len(TOPICS)]
        self._written += 1
        page = self.draft({"Title": title, "Channel": channel, "Topic": topic, "Story Direction": direction})
        self.edit(page, Status=LABELS[Status.QUEUED])
        return page

    def draft(self, fields: dict[str, str]) -> str:
        values = _properties(fields | {"Status": LABELS[Status.DRAFT]})
        body = {"parent": {"type": "data_source_id", "data_source_id": self._source}, "properties": values}
        return str(self._client.post("/v1/pages", json=body).raise_for_status().json()["id"])

    def edit(self, page: str, fields: dict[str, str] | None = None, **more: str) -> None:
        body = {"properties": _properties((fields or {}) | more)}
        self._client.patch(f"/v1/pages/{page}", json=body).raise_for_status()

    def card(self, page: str) -> dict[str, str]:
        """Property -> its text, "" for an empty one."""
        found = self._client.get(f"/v1/pages/{page}").raise_for_status().json()["properties"]
        return {name: "" if (value := decode(prop)) is None else str(value) for name, prop in found.items()}

    def wait(self, page: str, *statuses: Status, fixed: bool = False, **parts: str) -> dict[str, str]:
        """The card, once it shows one of `statuses` (none: any), each property of `parts` ("_" for a blank) holds its
        text and, where `fixed`, the Error Log is empty.

        Raises AssertionError with the card and the log's end at once on any other error status.
        """

        def look() -> dict[str, str]:
            daemon = self._stage.daemon
            assert daemon is None or daemon.poll() is None, f"the daemon ended: {self._stage.log_tail()}"
            card = self.card(page)
            status = BY_LABEL[card["Status"]]
            held = all(part in card[name.replace("_", " ")] for name, part in parts.items())
            held = held and not (fixed and card["Error Log"])
            if held and (not statuses or status in statuses):
                return card
            wrong = status.value.startswith("error_") and status not in statuses and Status.QUEUED not in statuses
            assert parts or not wrong, (statuses, card, self._stage.log_tail())
            return {}

        return until(look, lambda: (statuses, parts, self.card(page), self._stage.log_tail()))

    # ------------------------------------------------------------------------------------------ where else to look

    def alerts(self) -> list[str]:
        """What Slack was sent."""
        path = self._stage.root / "slack" / "state.json"
        return [str(one["text"]) for one in json.loads(path.read_text())["messages"]] if path.exists() else []

    def wait_for_alert(self, *parts: str) -> str:
        def look() -> str:
            return next((text for text in self.alerts() if all(part in text for part in parts)), "")

        return until(look, lambda: (parts, self.alerts(), self._stage.log_tail()))

    def wait_for_rest(self) -> None:
        """Until no job can go on automatically."""
        query = "SELECT step, key, state FROM jobs WHERE state IN ('ready', 'running') AND step <> 'cleanup'"
        until(lambda: not self._stage.rows(query), lambda: [dict(row) for row in self._stage.rows(query)])

    def log(self, event: str) -> list[dict[str, object]]:
        """The daemon's log lines of this event."""
        lines = self._stage.log.read_text().splitlines() if self._stage.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def task(self, page: str) -> dict[str, object]:
        (row,) = self._stage.rows("SELECT * FROM tasks WHERE page_id = ?", page)
        return dict(row)

    def jobs(self, page: str, step: str) -> dict[str, str]:
        """Key -> state of the entry's jobs of one step."""
        query = "SELECT key, state FROM jobs JOIN tasks ON tasks.id = task_id WHERE page_id = ? AND step = ?"
        return {row["key"]: row["state"] for row in self._stage.rows(query, page, step)}

    def bought(self, kind: str) -> int:
        """Purchases of this kind in the vendors' own books."""
        return self._stage.bought(kind)


def _properties(fields: dict[str, str]) -> dict[str, object]:
    return {name: encode(_KINDS.get(name, "select"), text) for name, text in fields.items()}


def channel_file(stage: Stage, name: str) -> Path:
    return stage.channels / f"{name}.yaml"


def review(stage: Stage, channel: str, *gates: str) -> None:
    """Write into the channel's file that its films stop at these gates."""
    path = channel_file(stage, channel)
    body = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(body | {"gates": body["gates"] | dict.fromkeys(gates, "review")}))
