"""Every row of section 12 of the table of faults, as the attacks in `./test` that hold it, run in each environment.

    python -m tests.security.rows [--in ENVIRONMENT ...]

Inside an environment: `FOLDER` (as `rig.Attack` gives it); what each test came to goes to FOLDER/rows.json.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.rows import ROWS, holders
from tests.security import rig

SECTION = "12."
#: tests whose own preparation or look the unit forbids; what they try is tried there by the hostile program
_WALLS, _JAIL = "tests/adapters/test_seccomp.py", "tests/adapters/test_confinement.py"
NOT_IN_THE_UNIT = {
    f"{_WALLS}::test_a_program_that_was_taken_over_is_refused_what_its_wall_says": "it gives files away",
    f"{_JAIL}::test_a_state_folder_that_a_custom_script_opened_to_others_is_closed_when_it_ends": "it makes one open",
    "tests/adapters/test_decoding_room.py": "it looks for children in a /proc that the unit hides",
    "tests/live/test_secrets.py": "it reads the environments of scripts in such a /proc",
}  # fmt: skip


def attacks() -> dict[str, list[str]]:
    """row -> its tests, but for those that start environments themselves."""
    own = "tests/security/"
    return {
        row: [one for one in tests if not one.startswith(own)]
        for row, tests in holders().items()
        if row.startswith(SECTION)
    }


class Outcomes:
    """A plug-in of pytest: test (without parameters) -> how its runs ended."""

    def __init__(self) -> None:
        self.seen: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.seen.setdefault(report.nodeid.split("[")[0], Counter())[report.outcome] += 1


def here(folder: Path) -> int:
    outcomes = Outcomes()
    folder.chmod(0o755)  # some of them become another user
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    names = sorted({one for tests in attacks().values() for one in tests})
    options = [
        "-p",
        "no:cacheprovider",
        f"--basetemp={folder / 'pytest-tmp'}",
        "--rootdir",
        str(rig.ROOT),
        "--tb=line",
        "-q",
    ]
    pytest.main([*options, *(str(rig.ROOT / name) for name in names)], plugins=[outcomes])
    (folder / "rows.json").write_text(json.dumps(outcomes.seen))
    return 0


def seen(environment: str, folder: Path) -> dict[str, dict[str, int]]:
    attack = rig.Attack(environment, folder, "tests.security.rows")
    try:
        attack.wait()
        report = attack.folder / "rows.json"
        assert report.exists(), attack.said()
        found: dict[str, dict[str, int]] = json.loads(report.read_text())
        for line in attack.said().splitlines():
            if ": " in line and ("Error" in line or "assert" in line):
                print(f"  {environment}: {line}")
        return found
    finally:
        attack.close()


def cell(tests: list[str], outcomes: dict[str, dict[str, int]], unit: bool) -> str:
    found = Counter[str]()
    for one in tests:
        seen = Counter(outcomes.get(one, {"not run": 1}))
        if unit and (one in NOT_IN_THE_UNIT or one.split("::")[0] in NOT_IN_THE_UNIT):
            seen["skipped"] += seen.pop("failed", 0)
        found.update(seen)
    if found["failed"] or found["not run"]:
        return f"FAILED {found['failed'] + found['not run']} of {found.total()}"
    return f"held ({found['passed']})" + (f", {found['skipped']} skipped" if found["skipped"] else "")


def main(argv: list[str]) -> int:
    if argv and not argv[0].startswith("-"):
        return here(Path(argv[0]))
    parser = argparse.ArgumentParser(prog="python -m tests.security.rows", description="Rows of attacks.")
    parser.add_argument("--in", dest="places", action="append", choices=rig.ENVIRONMENTS, help="default: all three")
    given = parser.parse_args(argv)
    results: dict[str, dict[str, dict[str, int]]] = {}
    with tempfile.TemporaryDirectory(prefix="videod-rows-") as folder:
        Path(folder).chmod(0o755)
        for place in given.places or rig.ENVIRONMENTS:
            if why := rig.missing(place):
                print(f"{place}: not run, {why}")
                continue
            results[place] = seen(place, Path(folder, place.replace(" ", "-")))
    bad = 0
    print(f"{'':7}{'':<66}" + "".join(f"{place:<24}" for place in results))
    for row, tests in sorted(attacks().items(), key=lambda one: int(one[0].split(".")[1])):
        cells = [cell(tests, results[place], place == rig.UNIT) for place in results]
        bad += sum(one.startswith("FAILED") for one in cells)
        print(f"{row:<7}{ROWS[row][:64]:<66}" + "".join(f"{one:<24}" for one in cells))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
