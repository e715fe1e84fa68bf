"""Addresses of services that somebody changed (`VIDEOD_URL_*`): the keys go there, so they are named."""

import logging
from collections.abc import Mapping

from videod.credentials import SERVICE_URLS, changed, on_this_host

log = logging.getLogger(__name__)


def note(urls: Mapping[str, str]) -> None:
    """One line in the log at each start."""
    if elsewhere := changed(urls):
        level = logging.INFO if all(map(on_this_host, elsewhere.values())) else logging.WARNING
        log.log(level, "daemon_addresses_changed", extra={"addresses": elsewhere})


def remarks(urls: Mapping[str, str]) -> tuple[str, ...]:
    """What `status` says; nothing in the sandbox, whose addresses are all on this host."""
    elsewhere = changed(urls)
    if all(map(on_this_host, elsewhere.values())) and len(elsewhere) > len(SERVICE_URLS) // 2:
        return ()
    return tuple(
        f"{name} is changed: requests and keys go to {url} instead of {SERVICE_URLS[name]}. Unset it if you did not"
        " mean that"
        for name, url in elsewhere.items()
    )
