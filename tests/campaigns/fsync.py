"""The order of durable calls: no rename before the fsync of what is renamed, its folder's fsync next, then the word.

Every script that leaves a file is traced against the simulated services, and the start of the daemon through its
migrations."""

import argparse
import re
import shutil
import sys
from pathlib import Path

from tests.campaigns import old_schemas, tracing
from tests.campaigns.frame import Campaign, Result, main, say
from tests.campaigns.shop import LOCAL, PAID, open_shop
from tests.campaigns.tracing import Call

CALLS = (
    "openat", "write", "pwrite64", "writev", "sendfile", "copy_file_range", "ftruncate", "fsync", "fdatasync",
    "rename", "renameat", "renameat2", "unlink", "unlinkat",
)  # fmt: skip
_PATH = re.compile(r"^\d+<([^>]+)>")
_COPIED_TO = re.compile(r"^(?:\d+<[^>]+>, )(?:\S+, )?\d+<([^>]+)>")
_NAMES = re.compile(r'"([^"]*)"')
_WRITES = ("write", "pwrite64", "writev", "ftruncate")
#: what is taken away durably: a receipt or a journal that came back would mean a debt that is none
_KEPT = (".job.json", ".session.json")


def violations(calls: tuple[Call, ...], root: Path) -> list[str]:
    """What is out of order among `calls`, for files under `root`."""
    dirty: set[str] = set()
    pending: set[str] = set()
    found: list[str] = []
    for call in calls:
        if "= -1" in call.text:
            continue
        path = _path_of(call)
        if call.name in (*_WRITES, "sendfile", "copy_file_range"):
            if path.startswith(str(root)):
                dirty.add(path)
                if ".part" not in Path(path).name and ".work/" not in path:
                    found.append(f"{path} is written in place")
            if '"type\\": \\"result' in call.text and pending:
                found.append(f"the result was told before {sorted(pending)} was durable")
        elif call.name in ("fsync", "fdatasync"):
            dirty.discard(path)
            pending = {one for one in pending if str(Path(one).parent) != path}
        elif call.name.startswith("rename"):
            source, target = _NAMES.findall(call.text)[:2]
            if target.startswith(str(root)) and ".part" in Path(target).name:
                # not yet its own name: what was written counts for the part, which is forced before it gets that
                dirty |= {target} if source in dirty else set()
            elif target.startswith(str(root)):
                found += [f"{target} was renamed before its fsync"] if source in dirty else []
                pending.add(target)
            dirty.discard(source)
        elif call.name.startswith("unlink"):
            gone = _NAMES.findall(call.text)[0]
            pending |= {gone} if gone.startswith(str(root)) and gone.endswith(_KEPT) else set()
    return found + [f"the folder of {one} was never forced to disk" for one in sorted(pending)]


def _path_of(call: Call) -> str:
    matched = (_COPIED_TO if call.name == "copy_file_range" else _PATH).match(call.text)
    return matched[1] if matched else ""


def run(folder: Path, given: argparse.Namespace) -> Result:
    renames = 0
    with open_shop(folder) as shop:
        for kind in given.kinds.split(","):
            order = shop.order(kind, 1)
            traced = tracing.run(order.argv, CALLS, env=shop.env)
            assert traced.code == 0, f"{kind}: {traced.err}"
            found = violations(traced.calls, order.output.parent)
            assert not found, f"{kind}: {found}"
            count = sum(call.name.startswith("rename") and str(folder) in call.text for call in traced.calls)
            assert count, f"{kind}: nothing was renamed into place"
            renames += count
        _check_token(folder)
    for version in old_schemas.versions():
        _check_migration(folder, version)
    say("scripts, token, migrations: in order")
    return {"scripts": len(given.kinds.split(",")), "renames": renames, "violations": 0}


def _check_token(folder: Path) -> None:
    path = folder / "tokens" / "deep.token"
    program = "import sys; from pathlib import Path; from scripts.lib import google_oauth as oauth\n"
    program += "oauth.keep(Path(sys.argv[1]), 'deep', 'refresh', oauth.SCOPES)"
    key = {"VIDEOD_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "GOOGLE_CLIENT_ID": "client"}
    traced = tracing.run([sys.executable, "-c", program, str(path)], CALLS, env=key)
    assert traced.code == 0, traced.err
    found = violations(traced.calls, path.parent)
    assert not found, found


def _check_migration(folder: Path, version: int) -> None:
    """The copy is durable under its name before the first page of the migration is written."""
    state = folder / f"schema-{version}"
    old_schemas.make(state / "videod.db", version)
    traced = tracing.run([sys.executable, "-m", "tests.campaigns.opener", str(state)], CALLS)
    assert traced.code == 0, traced.err
    copies = [call for call in traced.calls if ".before-" in call.text]
    at = traced.calls.index
    renamed = [call for call in copies if call.name == "rename"]
    assert renamed, f"from schema {version}: no copy was made"
    forced = [call for call in copies if call.name in ("fsync", "fdatasync") and at(call) < at(renamed[0])]
    last = [call for call in copies if call.name == "pwrite64" and at(call) < at(renamed[0])][-1]
    assert forced and at(forced[-1]) > at(last), f"from schema {version}: the copy was renamed before its fsync"
    folder_forced = next(
        (call for call in traced.calls[at(renamed[0]) :] if call.name == "fsync" and _path_of(call) == str(state)), None
    )  # fmt: skip
    first = next(call for call in traced.calls if call.name == "pwrite64" and _path_of(call).endswith("videod.db-wal"))
    assert folder_forced is not None and at(folder_forced) < at(first), (
        f"from schema {version}: the migration began before the copy was durable"
    )
    shutil.rmtree(state)


def _options(parser: argparse.ArgumentParser) -> None:
    kinds = ",".join((*PAID, *LOCAL, "upload"))
    parser.add_argument("--kinds", default=kinds, help=f"default {kinds}")


CAMPAIGN = Campaign("fsync", "nothing is renamed, or told, before it is durable", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
