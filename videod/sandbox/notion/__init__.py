"""The simulated Notion: databases, data sources, pages, blocks, comments, users and file uploads over HTTP.

Speaks versions 2022-06-28 (a database is its one data source), 2025-09-03 and 2026-03-11, with search and views. At
the start one page is shared with the connection (`BOARD_PAGE_ID`); databases are created under it, everything else
answers 404. Besides the general faults it knows one of its own:

  503_saved   a write is kept, yet answered with 503 and `additional_data` (retry_guidance, committed_resource_id,
              committed_child_ids)

It calls a webhook when pages change (`webhooks`, which has two more faults). It takes files of up to 5 GiB, as paid
plans do, until `PUT /set/notion/plan` with `{"file_bytes": 5242880}` makes its plan the Free one.

Requests with `PERSON_TOKEN` are edits of a person: they are free of the rate limit and show in `last_edited_by`.
"""

from aiohttp import web

from videod.sandbox.kernel import Context, traffic
from videod.sandbox.notion import gate, users
from videod.sandbox.notion.blocks import Blocks
from videod.sandbox.notion.comments import Comments
from videod.sandbox.notion.databases import Databases
from videod.sandbox.notion.model import BOARD_PAGE_ID, BOT_ID, BOT_TOKEN, PERSON_ID, PERSON_TOKEN, Json
from videod.sandbox.notion.pages import Pages
from videod.sandbox.notion.search import Search
from videod.sandbox.notion.store import SERVICE
from videod.sandbox.notion.uploads import Uploads
from videod.sandbox.notion.views import Views
from videod.sandbox.notion.webhooks import Webhooks
from videod.sandbox.notion.workspace import QUERY_CAP, Workspace

__all__ = ["BOARD_PAGE_ID", "BOT_ID", "BOT_TOKEN", "PERSON_ID", "PERSON_TOKEN", "build"]

#: Above every limit of the API, so that the refusal is Notion's 400 and not the server library's.
_BODY_MAX_BYTES = 64 << 20


def build(context: Context, *, requests_per_minute: int | None = None, query_cap: int = QUERY_CAP) -> web.Application:
    """The simulated service as a web application. `requests_per_minute` is per token (None: the option), `query_cap`
    in rows."""
    workspace = Workspace(context, query_cap)
    uploads = Uploads(workspace)
    admission = gate.middleware(context, requests_per_minute or context.options.notion_per_minute)
    app = web.Application(middlewares=[traffic(context, SERVICE), admission], client_max_size=_BODY_MAX_BYTES)
    databases = Databases(workspace)
    rooms = (databases, Pages(workspace), Blocks(workspace), Comments(workspace), Views(workspace), uploads)
    for room in (*rooms, Search(workspace, databases)):
        app.add_routes(room.routes())
    app.add_routes(users.routes(workspace))
    uploads.attach_to(app)
    webhooks = Webhooks(workspace)
    app.cleanup_ctx.append(webhooks.run)

    def switch(what: str, given: Json) -> object:
        return workspace.set_plan(given) if what == "plan" else webhooks.set(what, given)

    context.switches[SERVICE] = switch
    return app
