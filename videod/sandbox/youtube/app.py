"""The routes of www.googleapis.com that videod uses, and those that films are looked after with."""

from aiohttp import web

from videod.sandbox.kernel import Context, Handler, traffic
from videod.sandbox.youtube.errors import Denied
from videod.sandbox.youtube.extras import Captions, Thumbnails
from videod.sandbox.youtube.library import Library
from videod.sandbox.youtube.playlists import Playlists
from videod.sandbox.youtube.reading import Reading
from videod.sandbox.youtube.uploading import Uploading

#: The largest body that is read whole (metadata); chunks are written to disk as they come.
_MOST_BYTES = 1 << 20


def build(context: Context) -> web.Application:
    """The simulated service as a web application; the upload lives under both paths that Google documents."""
    library = Library(context)
    uploading, reading, playlists = Uploading(library), Reading(library), Playlists(library)
    thumbnails, captions = Thumbnails(library), Captions(library)

    @web.middleware
    async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Denied as denied:
            return denied.answer()
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return Denied(404, "global", "notFound", "Not Found").answer()

    app = web.Application(middlewares=[traffic(context, "youtube"), refusals], client_max_size=_MOST_BYTES)
    for path in ("/upload/youtube/v3/videos", "/resumable/upload/youtube/v3/videos"):
        app.add_routes([web.post(path, uploading.start), web.put(path, uploading.put)])
    app.add_routes(
        [
            web.get("/youtube/v3/videos", reading.videos),
            web.put("/youtube/v3/videos", reading.update),
            web.get("/youtube/v3/channels", reading.channels),
            web.delete("/youtube/v3/videos", reading.delete),
            web.get("/youtube/v3/search", reading.search),
            web.get("/youtube/v3/captions", captions.list),
            web.get("/youtube/v3/captions/{id}", captions.download),
            web.delete("/youtube/v3/captions", captions.delete),
            web.get("/youtube/v3/playlists", playlists.list),
            web.post("/youtube/v3/playlists", playlists.insert),
            web.put("/youtube/v3/playlists", playlists.update),
            web.delete("/youtube/v3/playlists", playlists.delete),
            web.get("/youtube/v3/playlistItems", playlists.items),
            web.post("/youtube/v3/playlistItems", playlists.add),
            web.put("/youtube/v3/playlistItems", playlists.move),
            web.delete("/youtube/v3/playlistItems", playlists.remove),
        ]
    )
    for upload in ("", "/upload", "/resumable/upload"):
        app.add_routes(
            [
                web.post(f"{upload}/youtube/v3/thumbnails/set", thumbnails.set),
                web.put(f"{upload}/youtube/v3/thumbnails/set", thumbnails.set),
                web.post(f"{upload}/youtube/v3/captions", captions.insert),
                web.put(f"{upload}/youtube/v3/captions", captions.change),
            ]
        )
    return app
