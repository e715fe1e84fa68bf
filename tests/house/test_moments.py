"""One function renders moments for people; a changed zone is taken up while videod runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from videod.core import moments
from videod.daemon.live_config import LiveConfig

ROOT = Path(__file__).parents[2]
#: what writes moments for machines: file names, logs, Notion's dates, the lock, signed addresses
MACHINES = {
    "videod/core/moments.py", "videod/daemon/logs.py", "videod/daemon/lock.py", "videod/adapters/notion_tables.py",
    "videod/adapters/notion_assets.py",
    "videod/store/copies.py", "videod/adapters/sigv4.py",
}  # fmt: skip
WORDS = re.compile(r"strftime\(|:%[HYbdm]|%H:%M|\.isoformat\(timespec")
NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z


@pytest.fixture(autouse=True)
def _utc_again() -> Iterator[None]:
    yield
    moments.show_in("UTC")


def test_nothing_else_renders_a_moment_for_people() -> None:
    files = [path for path in (ROOT / "videod").rglob("*.py") if "sandbox" not in path.parts]
    found = {str(path.relative_to(ROOT)) for path in files if WORDS.search(path.read_text())}
    assert found - MACHINES == set()


def test_a_changed_zone_is_taken_up_and_a_wrong_one_leaves_the_old_in_force(tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    config = tmp_path / "videod.toml"
    config.write_text('[daemon]\ntimezone = "Europe/Berlin"\n')
    current = LiveConfig(config, {})
    assert moments.clock(NOON) == "2026-11-21 13:00 CET"
    config.write_text('[daemon]\ntimezone = "Asia/Tokyo"\n')
    assert current.reload() and moments.clock(NOON) == "2026-11-21 21:00 JST"
    config.write_text('[daemon]\ntimezone = "Asia/Nowhere"\n')
    assert not current.reload() and moments.clock(NOON) == "2026-11-21 21:00 JST"
    assert current.settings.daemon.timezone == "Asia/Tokyo" and "Asia/Nowhere" in (current.problem or "")
