"""Fetch and check the picture of a task, as KIE's servers do before they accept it."""

import asyncio
import io

import aiohttp
from PIL import Image, UnidentifiedImageError

FETCH_S = 30
MOST_BYTES = 10 * 1024 * 1024


class Unreachable(Exception):
    """The picture could not be had; the text says why."""


async def fetch(url: str) -> bytes:
    """The bytes behind `url`, a whole JPEG or PNG of at most 10 MB. Raises Unreachable."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_S)) as session,
            session.get(url) as response,
        ):
            if response.status != 200:
                raise Unreachable(f"HTTP {response.status}")
            data = await response.content.read(MOST_BYTES + 1)
            while len(data) <= MOST_BYTES and (more := await response.content.read(MOST_BYTES + 1)):
                data += more
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        raise Unreachable(type(problem).__name__) from problem
    if len(data) > MOST_BYTES:
        raise Unreachable("file larger than 10MB")
    await asyncio.to_thread(_check, data)
    return data


def _check(data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as problem:
        raise Unreachable("file type not supported, jpeg or png needed") from problem
