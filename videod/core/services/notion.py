"""Notion: the board. It has no lane: videod itself talks to it, at a pace of its own."""

from videod.core.service import Needed, Secret, Service, Where

SERVICE = Service(
    name="notion",
    title="Notion",
    place=0,
    where=Where.OUTSIDE,
    secrets=(Secret("NOTION_TOKEN", "the board", Needed.ALWAYS),),
    addresses={"VIDEOD_URL_NOTION": "https://api.notion.com"},
)
