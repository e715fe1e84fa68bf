"""`videod web ...`: pair devices with the page, see who is in, end sessions. `videod open` opens it here."""

from typing import Annotated

import typer

from videod.cli import client, options, output
from videod.cli.client import Place
from videod.cli.options import AsJson, Config, StateFolder, examples
from videod.cli.output import Cell, Column
from videod.core import moments
from videod.core.sanitize import sanitize_screen
from videod.dashboard.text import ago
from videod.store import reads
from videod.web.sessions import KEPT, Role, Session, kept

app = options.app("Pair devices with the page, see who is signed in, end sessions.")

_LISTED = (Column("session"), Column("name"), Column("role", 2), Column("device", 3, least=10), Column("last seen"))


def link(where: Place, name: str, role: Role, notion: str = "") -> str:
    """The address of a new one-time link. Raises CommandError where the daemon or its page does not answer."""
    return str(
        client.post(
            where, "/api/web/links", {"name": name, "role": role.value} | ({"notion": notion} if notion else {})
        )["url"]
    )


@app.command(epilog=examples("videod web pair"))
def pair(state: StateFolder = None, config: Config = None) -> int:
    """Show a QR code that lets your phone in, once, within ten minutes."""
    _shown(link(client.place(state, config), "owner", Role.OWNER), "your phone")
    return output.OK


@app.command(
    epilog=examples("videod web invite Mina --role editor", "videod web invite Jo --role viewer --notion USER_ID")
)
def invite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name, as the log shows it.")],
    role: Annotated[Role, typer.Option(help="What they may do: everything, review and write, or look.")] = Role.EDITOR,
    notion: Annotated[
        str, typer.Option(metavar="USER_ID", help="Their user in Notion: the log names them, the role counts there.")
    ] = "",
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """Make a link that lets a person in, once, within ten minutes."""
    address = link(client.place(state, config), name, role, notion)
    if as_json:
        output.print_json({"url": address, "name": name, "role": role.value})
        return output.OK
    _shown(address, f"{name} ({role.value})")
    return output.OK


@app.command(
    epilog=examples("videod web sessions", "videod web sessions --end 3f9a2c1b", "videod web sessions --end all")
)
def sessions(
    end: Annotated[
        str | None, typer.Option(metavar="WHICH", help="End this session, all of a person's (their name), or `all`.")
    ] = None,
    as_json: AsJson = False,
    state: StateFolder = None,
    config: Config = None,
) -> int:
    """List the devices that are in on the page, or end their sessions."""
    where = client.place(state, config)
    if end is not None:
        ended = client.post(where, "/api/web/sessions/end", {"which": end})
        output.print_json(ended) if as_json else print(f"{ended['ended']} ended.")
        return output.OK
    with client.looking(where) as connection:
        found = kept(reads.value_json(connection, KEPT))
    found = tuple(sorted(found, key=lambda one: -one.seen_at))
    if as_json:
        output.print_json({"sessions": [_as_json(one) for one in found]})
        return output.OK
    if not found:
        print("Nobody is signed in. `videod open` opens the page here, `videod web pair` lets your phone in.")
        return output.OK
    now = client.now_ms()
    rows: list[list[str | Cell]] = [
        [one.id, Cell(sanitize_screen(one.name), "bold"), one.role.value, sanitize_screen(one.device),
         ago(one.seen_at, now)]
        for one in found
    ]  # fmt: skip
    output.table(_LISTED, rows)
    return output.OK


def _as_json(one: Session) -> dict[str, object]:
    return {
        "id": one.id, "name": one.name, "role": one.role.value, "device": one.device,
        "created_at": moments.iso(one.created_at), "seen_at": moments.iso(one.seen_at),
    }  # fmt: skip


def _shown(address: str, whom: str) -> None:
    """The link and its QR code, as small as a terminal can show it."""
    import segno  # only where a device is paired

    print(f"For {sanitize_screen(whom)}, once, within ten minutes:\n\n{sanitize_screen(address)}\n")
    segno.make(address, error="l").terminal(compact=True, border=2)
    if "://127.0.0.1" in address or "://localhost" in address:
        print(
            "This address works on this machine only. For other devices set [web] listen or public_url (docs/web.md)."
        )
