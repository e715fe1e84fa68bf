"""The whole main job at its smallest, as a newcomer starts it: `videod demo`, then a look at everything it left."""

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.patience import run as run_program
from videod.core.statuses import LABELS, Status
from videod.core.tables import STEPS

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.live, pytest.mark.long]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object], str]:
    """Folder, summary and everything said of one demo with one episode of two clips."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    argv = ["-m", "videod", "demo", "--episodes", "1", "--clips", "2", "--folder", str(folder), "--json"]
    done = run_program([sys.executable, *argv], cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:] + (folder / "daemon.log").read_text()[-3000:]
    return folder, json.loads(done.stdout), done.stderr


def test_the_film_is_published_and_the_summary_says_where_it_lies(run: tuple[Path, dict, str]) -> None:
    _, summary, said = run
    (film,) = summary["films"]
    assert film["status"] == "Published"
    assert Path(film["film"]).stat().st_size > 100_000
    assert film["length_s"] > 8
    assert {"Generating Assets", "Generating Video", "Generating Audio"} <= {name for name, _ in film["stages"]}
    assert "Approved - Assets" in said


def test_youtube_holds_exactly_the_bytes_of_the_film_once(run: tuple[Path, dict, str]) -> None:
    folder, summary, _ = run
    (film,) = summary["films"]
    videos = json.loads((folder / "sandbox" / "youtube" / "state.json").read_text())["videos"]
    (video,) = videos.values()
    held = (folder / "sandbox" / "youtube" / video["file"]).read_bytes()
    assert hashlib.sha256(held).digest() == hashlib.sha256(Path(film["film"]).read_bytes()).digest()
    assert film["url"].endswith(video["id"])
    snippet, status = video["snippet"], video["status"]
    assert snippet["title"] == film["title"]
    assert f"videod:{film['task']}" in snippet["description"]
    assert snippet["tags"]
    assert status["privacyStatus"] == "private"
    assert status["selfDeclaredMadeForKids"] is False
    assert status["containsSyntheticMedia"] is True


def test_what_was_paid_is_what_the_entry_says(run: tuple[Path, dict, str]) -> None:
    folder, summary, _ = run
    (film,) = summary["films"]
    charges = [json.loads(line) for line in (folder / "sandbox" / "charges.jsonl").read_text().splitlines()]
    assert sum(charge["usd"] for charge in charges) == pytest.approx(film["cost_usd"], abs=0.01)
    keys = [(charge["service"], charge["kind"], charge["key"]) for charge in charges]
    assert len(keys) == len(set(keys)), "something was bought twice"
    assert sum(charge["kind"] == "upload" for charge in charges) == 1


def test_the_board_shows_published_the_url_the_cost_and_every_file(run: tuple[Path, dict, str]) -> None:
    folder, summary, _ = run
    (film,) = summary["films"]
    connection = sqlite3.connect(folder / "daemon" / "videod.db")
    made = connection.execute("SELECT step || '/' || key FROM jobs WHERE state = 'done'").fetchall()
    shown = {row[0].split("/", 1)[1] for row in connection.execute("SELECT key FROM asset_pages WHERE page_id <> ''")}
    assert connection.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
    seen = json.loads(connection.execute("SELECT seen FROM notion_pages").fetchone()[0])
    connection.close()
    assert shown == {name for (name,) in made if STEPS[name.split("/")[0]].shown_as}
    assert seen["Status"] == LABELS[Status.PUBLISHED]
    assert seen["YouTube URL"] == film["url"]
    assert seen["Error Log"] == ""
    assert seen["Cost"] == pytest.approx(film["cost_usd"])


def test_the_film_is_what_youtube_and_viewers_want(run: tuple[Path, dict, str]) -> None:
    import imageio_ffmpeg

    _, summary, _ = run
    path = Path(summary["films"][0]["film"])
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    argv = [ffmpeg, "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    assert re.search(r"Video: h264 \(High\).*yuv420p.*1920x1080.*24 fps", said)
    assert re.search(r"Audio: aac \(LC\).*48000 Hz, stereo", said)
    loudness = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])
    peak = float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", said)[-1])
    assert abs(loudness + 14) <= 1
    assert peak <= -1
    head = path.read_bytes()[:1_000_000]
    assert head.index(b"moov") < head.index(b"mdat"), "it cannot be played while it loads"
