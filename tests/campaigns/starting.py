"""A start killed at every durable call it makes: lock, check, copy, migrations, first commit.

The next start must find one version whole with every row in its place, whatever the last one was doing.
"""

import argparse
import shutil
import sys
from pathlib import Path

from tests.campaigns import invariants, old_schemas, tracing
from tests.campaigns.frame import Campaign, Result, main, say
from videod.store.schema import migrate, migrations


def _argv(state: Path) -> list[str]:
    return [sys.executable, "-m", "tests.campaigns.opener", str(state)]


def run(folder: Path, given: argparse.Namespace) -> Result:
    made = {}
    for name, version in (("nothing", 0), ("an older schema", 1)):
        model = folder / name.replace(" ", "-")
        model.mkdir()
        before = old_schemas.make(model / "videod.db", version) if version else {}
        counted = _fresh(folder, model)
        traced = tracing.run(_argv(counted), tracing.DURABLE)
        assert traced.code == 0, traced.err
        points = tracing.points(traced, tracing.DURABLE)
        chosen = points[given.seed % given.every :: given.every]
        for number, (call, at) in enumerate(chosen):
            state = _fresh(folder, model)
            killed = tracing.run(_argv(state), tracing.DURABLE, inject=f"{call}:signal=KILL:when={at}")
            assert tracing.killed(killed), f"{call} {at}: ended with {killed.code}: {killed.err}"
            _check(state, version, before, f"from {name}, killed at {call} {at}")
            if (number + 1) % 25 == 0:
                say(f"from {name}: {number + 1} of {len(chosen)} kills")
        made[name] = f"{len(chosen)} of {len(points)}"
    return {"kills": made}


def _fresh(folder: Path, model: Path) -> Path:
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(model, state)
    return state


def _check(state: Path, version: int, before: old_schemas.Rows, when: str) -> None:
    path = state / "videod.db"
    if version:
        found = old_schemas.neither(path, version, before)
        assert not found, f"{when}: {found}"
    assert migrate(path) == migrations()[-1][0], when
    found = old_schemas.neither(path, version, before) if version else invariants.of_database(path)
    found += invariants.leftovers(state)
    assert not found, f"{when}, started again: {found}"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", type=int, default=1, help="kill at every n-th point only (default 1)")


CAMPAIGN = Campaign("start", "a start killed at any durable call is taken up by the next one", _options, run)

if __name__ == "__main__":
    raise SystemExit(main(CAMPAIGN))
