"""Where each service is, and where a key may go: to the scheme, host and port of its own service, and nowhere else.

`videod/core/services/*.py` have the addresses for the daemon; `tests/scripts/test_origins.py` compares the two.
"""

import ipaddress
import os
import socket
from urllib.parse import urlsplit

from scripts.lib.failures import Failure, Kind

#: variable -> the usual address; empty: there is none
ADDRESSES = {
    "VIDEOD_URL_GEMINI": "https://generativelanguage.googleapis.com",
    "VIDEOD_URL_KIE": "https://api.kie.ai",
    "VIDEOD_URL_KIE_UPLOAD": "https://kieai.redpandaai.co",
    "VIDEOD_URL_ELEVENLABS": "https://api.elevenlabs.io",
    "VIDEOD_URL_YOUTUBE": "https://www.googleapis.com",
    "VIDEOD_URL_GOOGLE_OAUTH": "https://oauth2.googleapis.com",
    "VIDEOD_URL_GOOGLE_ACCOUNTS": "https://accounts.google.com",
    "VIDEOD_URL_CATBOX": "https://catbox.moe",
    "VIDEOD_URL_S3": "",
    # each language has a host below this name, such as en.wikipedia.org; no key goes there
    "VIDEOD_URL_WIKIPEDIA": "https://wikipedia.org",
}
#: one service under several names: an upload that begins at one may be answered with a session at another
SAME = (frozenset({("https", "www.googleapis.com", 443), ("https", "youtube.googleapis.com", 443)}),)
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def address(variable: str) -> str:
    """The address of a service, without a slash at its end; "" where it has none.

    Raises Failure(configuration) for one that no key may be sent to: no web address, with a name or a password in it,
    or plain http beyond this machine.
    """
    told = os.environ.get(variable) or ADDRESSES[variable]
    if not told:
        return ""
    found = of(told)
    usual = ADDRESSES[variable] or "https://host"
    if found is None:
        raise _wrong(variable, f"is no address such as {usual}")
    if found[0] == "http" and inside(found[1]) != "loopback":
        raise _wrong(variable, f"sends keys unencrypted to {found[1]}: write https, or an address of this machine")
    return told.rstrip("/")


def _wrong(variable: str, why: str) -> Failure:
    return Failure(
        Kind.CONFIGURATION, f"{variable} {why}. Nothing was sent", next_step=f"correct {variable} or unset it"
    )


def of(url: str) -> Origin | None:
    """Scheme, host and port of a web address; None for what is none, or hides another one."""
    if not url.isprintable() or "\\" in url or any(letter.isspace() for letter in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or not host.isascii():
        return None
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port


def belongs(url: str, base: str) -> bool:
    """Whether a key of the service at `base` may go to `url`."""
    found, home = of(url), of(base)
    if found is None or home is None:
        return False
    return found == home or any({found, home} <= same for same in SAME)


# ------------------------------------------------------------------------------------------------- addresses

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: translated and tunnelled addresses: network -> how far the IPv4 address that they lead to stands from their end, bits
_CARRIERS = (
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),
    (ipaddress.ip_network("::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)
#: nobody's media is there: networks that this Python counts as global, or not by every version
_CLOSED = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
    "168.63.129.16/32", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
    "fec0::/10",
)))  # fmt: skip


def inside(host: str) -> str | None:
    """What kind of address of this machine or its network `host` is, None for names and public addresses."""
    if host == "localhost" or host.endswith(".localhost"):
        return "loopback"
    try:
        # also the short and the decimal forms, which name resolution takes
        return kind(ipaddress.ip_address(host if ":" in host else socket.inet_aton(host)))
    except (OSError, ValueError):
        return None


def kind(found: Address) -> str | None:
    """None for a public address; else what it is in its place: "loopback", "link-local" or "private"."""
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_loopback:
            return "loopback"
        carried = _carried(found)
        if carried is not None:
            return kind(carried)
    if found.is_link_local:
        return "link-local"
    if found.is_loopback:
        return "loopback"
    closed = any(found in network for network in _CLOSED)
    return "private" if closed or found.is_multicast or found.is_unspecified or not found.is_global else None


def _carried(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    for network, shift in _CARRIERS:
        if found in network and not found.is_unspecified:
            return ipaddress.IPv4Address(int(found) >> shift & 0xFFFFFFFF)
    return None
