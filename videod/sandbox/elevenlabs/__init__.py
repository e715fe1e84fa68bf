"""The simulated ElevenLabs: speech, speech with timestamps, sound effects, voices, models, subscription.

Fault kinds of its own: `quota` (401 quota_exceeded, old shape), `concurrent`, `rate`, `busy` (429), `voice_not_found`,
`refuse` (400, or the fault's status when it is a 4xx), `truncated_audio` and `silent_audio` (200 with a broken or
empty sound, charged), `no_alignment` (both timestamps null), `only_normalized` (the first of them null),
`foreign_alignment` (that of another text), `legacy_errors` (any error in the old shape). A text
that holds `[[refuse]]` is always refused. More than `concurrent` requests at once are answered 429.
"""

from aiohttp import web

from videod.sandbox.elevenlabs import effects, lists, speaking
from videod.sandbox.elevenlabs.counter import ACCOUNT, CONTEXT, NAME, Account, counting, guarded, unknown
from videod.sandbox.kernel import Context, Handler, traffic


def build(context: Context, concurrent: int = 10) -> web.Application:
    """The simulated service's application; `concurrent` is the plan's limit of requests at once (10 = Pro)."""
    account = Account(context, concurrent)
    app = web.Application(
        middlewares=[counting(account), traffic(context, NAME), unknown], client_max_size=4 * 1024 * 1024
    )
    app[CONTEXT] = context
    app[ACCOUNT] = account
    routes: list[tuple[str, str, Handler]] = [
        ("POST", "/v1/text-to-speech/{voice}", speaking.text_to_speech),
        ("POST", "/v1/text-to-speech/{voice}/with-timestamps", speaking.with_timestamps),
        ("POST", "/v1/text-to-speech/{voice}/stream", speaking.stream),
        ("POST", "/v1/sound-generation", effects.sound_generation),
        ("GET", "/v1/voices", lists.voices),
        ("GET", "/v2/voices", lists.search_voices),
        ("GET", "/v1/voices/{voice}", lists.voice),
        ("GET", "/v1/models", lists.models),
        ("GET", "/v1/user", lists.user),
        ("GET", "/v1/user/subscription", lists.subscription),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, guarded(handler))
    return app
