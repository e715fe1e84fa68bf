"""docs/security.md says what the attacks find: what custom scripts may do, which tests hold each wall."""

import re
from pathlib import Path

from tests.security import expected, hostile

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def part(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_what_custom_scripts_may_do_is_what_the_page_says() -> None:
    rows = re.findall(r"^\|[^|]+\| (`[^|]+`) \|$", part("What custom scripts may do"), re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(expected.OWN_MAY)


def test_every_wall_names_tests_that_are_there() -> None:
    rows = [row for row in part("The walls").splitlines() if row.startswith("| ")][2:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`((?:tests/)?[\w/]+(?:\.py)?)`", row.split("|")[4])
        assert named, row
        # a file beside the one before it goes without the folder
        folder = ROOT
        for name in named:
            path = ROOT / name if name.startswith("tests/") else folder / name
            folder = path.parent
            assert path.exists(), name


def test_the_page_does_not_promise_acts_that_are_not_there() -> None:
    assert set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", part("What custom scripts may do"))) <= set(hostile.ACTS)


def test_where_to_report_is_linked_and_no_address_is_invented() -> None:
    report = (ROOT / "docs" / "SECURITY.md").read_text()
    assert "private" in report and not re.search(r"[\w.]+@[\w.]+", report)
    for page in ("README.md", "docs/operations.md"):
        text = (ROOT / page).read_text()
        assert "security.md" in text and "SECURITY.md" in text, page
