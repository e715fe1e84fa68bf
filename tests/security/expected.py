"""Which acts may get through, and for whom. Everything else must be held, in the place of every script.

`ONLINE` is what steps that ask a service need, `OWN` what the user's own scripts may do as well: docs/security.md says
the same to users, and a test compares them. `KNOWN_OPEN` is what should be held and is not yet: a cell that is held
again must be taken off it, so the list cannot grow old. It is empty when the walls are whole.
"""

from collections.abc import Iterable

from tests.security.town import ASKING, OURS, OWN, Tried, service_of
from videod.core.services import SERVICES

#: our scripts that talk to a service
ASKS = {who for who in OURS if who == ASKING or SERVICES[service_of(who)].outside}
#: act -> what it is needed for
ONLINE = {
    "connect_tcp": "its service",
    "connect_tcp6": "its service",
    "send_udp": "asking for addresses of names",
}
_MARKS = "change modes, owners, attributes and times of what belongs to videod's user"
_WATCH = "see that something changes in a folder, not what"
_PROGRAMS = "speak to other programs that listen on Unix sockets"
_SOCKETS = "use the network"
#: act -> what the docs say of it
OWN_MAY = dict.fromkeys(
    (*ONLINE, "receive_udp", "connect_mptcp", "listen_tcp", "listen_without_bind", "listen_mptcp", "send_udplite",
     "open_netlink_route", "open_netlink_audit", "open_netlink_netfilter"), _SOCKETS,
) | dict.fromkeys(
    ("chmod_state_folder", "chmod_database", "chmod_socket", "chmod_by_descriptor", "chmod_by_newer_call",
     "chmod_other_workspace", "chmod_own_script", "chown_database", "lchown_state_folder", "utime_database",
     "setxattr_database", "setxattr_list_of_access", "removexattr_state_folder", "make_file_with_setuid"), _MARKS,
) | {
    "read_home": "read what videod's user may read",
    "read_shadow": "read what videod's user may read",
    "make_in_dev_shm": "use shared memory",
    "symlink_to_database": "make links in its workspace",
    "run_what_was_made": "run what it made",
    "run_from_memory": "run what it made",
    "become_another_machine": "run what it made",
    "watch_state_folder": _WATCH, "watch_other_workspace": _WATCH,
    "connect_unix_socket_elsewhere": _PROGRAMS, "send_to_unix_datagram_elsewhere": _PROGRAMS,
    "speak_to_service_manager": _PROGRAMS,
}  # fmt: skip


def may(act: str, who: str) -> bool:
    if who == OWN:
        return act in OWN_MAY
    if (act, who) == ("forge_session_of_upload", "upload"):
        return True  # it is its own
    return who in ASKS and act in ONLINE


#: (act, environment, "ours" or "own"): what got through when this was last measured
KNOWN_OPEN: frozenset[tuple[str, str, str]] = frozenset()


def side(who: str) -> str:
    return "own" if who == OWN else "ours"


def wrong(place: str, found: Iterable[Tried], strict: bool = True) -> list[str]:
    """Sentences on cells that are not as they should be. `strict`: all programs were tried, so that what is known to
    be open must be."""
    through: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        if one.result == "through" and not may(one.act, one.who):
            through.setdefault((one.act, place, side(one.who)), []).append(f"{one.who} {one.why}".strip())
    lines = [
        f"{act} got through ({where}, {whose}): {', '.join(told[:4])}{' ...' if told[4:] else ''}"
        for (act, where, whose), told in through.items()
        if (act, where, whose) not in KNOWN_OPEN
    ]
    if strict:
        lines += [
            f"{act} is held now ({where}, {whose}): take it off KNOWN_OPEN"
            for act, where, whose in sorted(KNOWN_OPEN)
            if where == place and (act, where, whose) not in through
        ]
    return lines
