"""A new step is one file: every table, the settings, the pages and the scheduler take it from there."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent / "cases" / "new_step.txt"
#: a videod in whose folder of steps one more file lies
PROGRAM = """
import json, sys
from videod.core import steps
steps.__path__.append(sys.argv[1])
from tests.core.book import Book, small_plan
from tests.harness.world import policy
from tests.simulation import plants
from videod.cli import docs
from videod.config import Scripts, Settings
from videod.core import board, services, tables
from videod.core.expand import jobs_of
from videod.core.expect import expectation
from videod.credentials import SECRET_NAMES
from videod.simulation.latency import Latencies
from videod.simulation.run import Arrival, simulate

tables.check(SECRET_NAMES)
services.check({name: step.service for name, step in tables.STEPS.items()})
book = Book()
book.queue()
job = next(job for job in jobs_of(book.one, small_plan(), policy()) if job.step == "subtitles")
log = simulate(plants.plant([plants.policy("a")]), [Arrival(0, "a")], Latencies())
print(json.dumps({
    "order": list(tables.STEPS), "review": [gate.value for gate, names in tables.REVIEWED.items() if job.step in names],
    "needs": job.needs, "output": tables.STEPS[job.step].output(job, book.one).replace(book.one.id, "ID"),
    "most_bytes": expectation(job).max_bytes, "settings": list(Scripts.model_fields),
    "pages": [name for name in ("diagram", "steps", "settings") if "subtitles" in docs.BLOCKS[name]()],
    "ran": [one.name for one in log.jobs if one.step == job.step], "ended": [one.status for one in log.episodes],
    "board": board._counts([job], ("subtitles",)),
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("steps")
    shutil.copy(FILE, folder / "subtitles.py")
    argv = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_its_place_follows_from_what_it_says(seen: dict[str, object]) -> None:
    order = seen["order"]
    assert isinstance(order, list)
    assert order.index("narration") < order.index("subtitles") < order.index("assemble")
    assert seen["review"] == ["final"]
    assert seen["needs"] == ["narration/clip_01", "narration/clip_02"]
    assert (seen["output"], seen["most_bytes"]) == ("subtitles/ID.srt", 1 << 20)


def test_a_user_may_name_a_program_for_it_and_pages_and_board_show_it(seen: dict[str, object]) -> None:
    settings = seen["settings"]
    assert isinstance(settings, list) and "subtitles" in settings
    assert seen["pages"] == ["diagram", "steps", "settings"]
    assert seen["board"] == "subtitles 0/1"


def test_an_episode_with_it_is_published(seen: dict[str, object]) -> None:
    assert seen["ran"] == ["subtitles/film"]
    assert seen["ended"] == ["published"]
