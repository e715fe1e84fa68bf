"""Why a start ended, in one sentence with what to do, and the exit code (sysexits) that it means."""

import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from videod.store import soundness

log = logging.getLogger(__name__)

BUG, OUT_OF_MEMORY, GROUND, BUSY, CONFIGURATION = 70, 71, 74, 75, 78
_PROXIES = ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class StartError(Exception):
    """The daemon cannot start; the text says what to do. `code` is the exit code (sysexits)."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def of(error: Exception, redact: Callable[[str], str] = str) -> StartError:
    """What any error of a start means for the person who starts videod; `redact` takes secrets out of its words."""
    match error:
        case StartError():
            return error
        case sqlite3.DatabaseError() if soundness.busy(error):
            return StartError(f"another program holds the database: {error}. Close it and start videod again.", BUSY)
        case sqlite3.Error():
            return StartError(f"the database cannot be used: {error}. Check the disk, then start videod again.", GROUND)
        case OSError():
            what = f"{error.filename} cannot be used" if error.filename else "the host refused a call"
            return StartError(f"{what}: {error.strerror or error}. Fix that, then run the command again.", GROUND)
        case MemoryError():
            return StartError("there is not enough memory to start. Free some, then start videod again.", OUT_OF_MEMORY)
    log.critical("daemon_start_failed", exc_info=error)
    told = redact(f"{type(error).__name__}: {' '.join(str(error).split())}")[:300]
    return StartError(f"videod could not start because of a bug ({told}). The log has the traceback.", BUG)


def of_connections(error: Exception, env: Mapping[str, str]) -> StartError:
    """Why no connection to the outside can be made: a proxy or a certificate of the environment."""
    if isinstance(error, OSError):
        named = next((name for name in _CERTIFICATES if env.get(name) and not os.access(env[name], os.R_OK)), None)
        named = named or next((name for name in _CERTIFICATES if env.get(name)), None)
        if named is None:
            return StartError(f"the certificates of this host cannot be loaded: {error}.", CONFIGURATION)
        why = error.strerror or "it holds no certificate"
        return StartError(
            f"{named} names {env[named]}, which cannot be used: {why}. Correct the path or unset {named}.",
            CONFIGURATION,
        )
    named = next((name for name in _PROXIES if env.get(name) and not _usable(env[name])), "a proxy variable")
    return StartError(
        f"{named} names a proxy that videod cannot use. Set it to http://HOST:PORT or https://HOST:PORT, or unset it.",
        CONFIGURATION,
    )


def _usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
