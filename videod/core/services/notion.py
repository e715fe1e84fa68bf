"""Notion: the board. It has no lane: videod itself talks to it, at a pace of its own."""

from videod.core.failures import Kind
from videod.core.service import Needed, Secret, Service, Where
from videod.core.verdicts import Row, Wait, Wire, by_person

WIRE = Wire(
    name="notion",
    calls="every call (free)",
    own=("code",),
    words=("code",),
    message=("message",),
    delay=("additional_data.retry_after",),
    rows=(
        by_person("401", Kind.CREDENTIALS, does="check NOTION_TOKEN"),
        by_person("403, 404", Kind.CONFIGURATION,
            does="share the page with the connection, and look at the plan's block limit"),
        # a collision inside Notion, safe to repeat
        Row("409", Kind.DOWN),
        Row("529", Kind.BUSY, wait=Wait.SAID),
        by_person("400", Kind.INPUT, does="change the value that is named", words="validation_error|invalid_json"
            "|invalid_request|invalid_request_url|invalid_beta|missing_version"),
    ),
)  # fmt: skip

SERVICE = Service(
    name="notion",
    title="Notion",
    place=0,
    where=Where.OUTSIDE,
    secrets=(
        Secret("NOTION_TOKEN", "the board", Needed.ALWAYS),
        Secret("NOTION_WEBHOOK_TOKEN", "the webhook: Notion's verification token", Needed.OPTIONAL),
    ),
    addresses={"VIDEOD_URL_NOTION": "https://api.notion.com"},
    wires=(WIRE,),
)
