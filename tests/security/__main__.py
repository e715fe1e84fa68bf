"""python -m tests.security [--in ENVIRONMENT ...] [--as PROGRAM,...] [--only ACT,...] [--all]

The table of attacks: every act of the hostile program, in the place of each of our scripts and as a script of the
user's, as root, as uid 65534 and under the real unit. It ends with 1 where a cell is not as `expected` says.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.security import expected, hostile, rig
from tests.security.town import OURS, OWN, Tried


def tried(environment: str, folder: Path, programs: Sequence[str] = (), only: Sequence[str] = ()) -> list[Tried]:
    """Attack there. Raises AssertionError where the daemon did not live to tell."""
    attack = rig.Attack(environment, folder, "tests.security.town", [",".join(programs), ",".join(only)])
    try:
        attack.wait()
        report = attack.folder / "tried.json"
        assert report.exists(), f"the daemon died under attack ({environment}): {attack.said()}"
        return [Tried(**one) for one in json.loads(report.read_text())]
    finally:
        attack.close()


def cell(acts: Iterable[Tried]) -> str:
    """One word for what an act came to in the place of several scripts."""
    found = Counter(one.result for one in acts)
    if not found:
        return "-"
    if found["through"]:
        return "through" if found["through"] == found.total() else f"through {found['through']} of {found.total()}"
    return "absent" if found["absent"] == found.total() else "held"


def table(results: dict[str, list[Tried]], everything: bool) -> list[str]:
    """The lines of the table; without `everything` only acts that got through somewhere."""
    columns = [(place, who) for place in results for who in ("ours", "own")]
    width = max(map(len, hostile.ACTS)) + 2
    lines = [" " * width + "".join(f"{f'{place}, {who}':<22}" for place, who in columns)]
    for act in hostile.ACTS:
        cells = [
            cell(one for one in results[place] if one.act == act and (one.who == OWN) == (who == "own"))
            for place, who in columns
        ]
        if everything or any(one.startswith("through") for one in cells):
            lines.append(f"{act:<{width}}" + "".join(f"{one:<22}" for one in cells))
    return lines


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security", description="The table of attacks.")
    parser.add_argument("--in", dest="places", action="append", choices=rig.ENVIRONMENTS, help="default: all three")
    parser.add_argument("--as", dest="programs", default="", help=f"of {', '.join((*OURS, OWN))}")
    parser.add_argument("--only", default="", help="acts by name")
    parser.add_argument("--all", action="store_true", help="also acts that were held everywhere")
    given = parser.parse_args(argv)
    programs = [name for name in given.programs.split(",") if name]
    results: dict[str, list[Tried]] = {}
    with tempfile.TemporaryDirectory(prefix="videod-attacks-") as folder:
        for place in given.places or rig.ENVIRONMENTS:
            if why := rig.missing(place):
                print(f"{place}: not run, {why}")
                continue
            where = Path(folder, place.replace(" ", "-"))
            results[place] = tried(place, where, programs, [name for name in given.only.split(",") if name])
    print("\n".join(table(results, given.all)))
    wrong = [line for place, found in results.items() for line in expected.wrong(place, found)]
    for place, found in results.items():
        ours = Counter(one.result for one in found if one.who != OWN)
        own = Counter(one.result for one in found if one.who == OWN)
        print(f"{place}: ours {dict(ours)}, own {dict(own)}, of {len(hostile.ACTS)} acts")
    print("\n".join(wrong) or "as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
