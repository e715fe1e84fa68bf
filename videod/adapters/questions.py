"""Sends what a service's file asks (`core.service.Question`): one adapter for all of them.

Nothing of it costs money. A key goes to the address it is meant for and nowhere else.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import aiohttp

from videod.core import bounds
from videod.core.service import Question

CALL_S = 15.0
ANSWER_BYTES = 1 << 20
#: what may go wrong on the way
TROUBLE = (aiohttp.ClientError, TimeoutError, OSError)


class TooLong(ValueError):
    """The answer is longer than any that is worth reading."""


class Questions:
    """`urls` gives a service's address by its variable, `secret` a key by its name."""

    def __init__(self, urls: Mapping[str, str], secret: Callable[[str], str | None]) -> None:
        self._urls = urls
        self._secret = secret

    async def ask(self, question: Question, reference: str = "") -> tuple[int, object]:
        """HTTP status and JSON of the answer (None: not JSON). Raises TooLong, one of TROUBLE or ValueError."""
        url = self._urls[question.address] + question.path.replace("{reference}", quote(reference, safe=""))
        key = f"{question.key.before}{self._secret(question.key.secret) or ''}"
        headers = {"Accept-Encoding": "identity", question.key.header: key}
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S), auto_decompress=False) as session,
            session.request(question.method, url, headers=headers, allow_redirects=False) as response,
        ):
            raw = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                raw += chunk
                if len(raw) > ANSWER_BYTES:
                    raise TooLong(f"more than {ANSWER_BYTES} bytes")
        try:
            return response.status, bounds.loads(raw)
        except ValueError:
            return response.status, None
