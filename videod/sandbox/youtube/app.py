"""The routes of www.googleapis.com that videod uses."""

from aiohttp import web

from videod.sandbox.kernel import Context, Handler, traffic
from videod.sandbox.youtube.errors import Denied
from videod.sandbox.youtube.library import Library
from videod.sandbox.youtube.reading import Reading
from videod.sandbox.youtube.uploading import Uploading

#: The largest body that is read whole (metadata); chunks are written to disk as they come.
_MOST_BYTES = 1 << 20


def build(context: Context) -> web.Application:
    """The stand-in as a web application; the upload lives under both paths that Google documents."""
    library = Library(context)
    uploading, reading = Uploading(library), Reading(library)

    @web.middleware
    async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Denied as denied:
            return denied.answer()

    app = web.Application(middlewares=[traffic(context, "youtube"), refusals], client_max_size=_MOST_BYTES)
    for path in ("/upload/youtube/v3/videos", "/resumable/upload/youtube/v3/videos"):
        app.add_routes([web.post(path, uploading.start), web.put(path, uploading.put)])
    app.add_routes(
        [
            web.get("/youtube/v3/videos", reading.videos),
            web.put("/youtube/v3/videos", reading.update),
            web.get("/youtube/v3/channels", reading.channels),
            web.get("/youtube/v3/playlistItems", reading.playlist_items),
        ]
    )
    return app
