"""The report of the content check lies beside the film, and its absence is no reason to refuse a film."""

import json
from pathlib import Path

from videod.core.held_against import WARNINGS
from videod.core.model import Job
from videod.core.statuses import JobState
from videod.flow import film_report


def test_the_report_lists_the_film_and_every_finished_file_with_its_warnings(tmp_path: Path) -> None:
    film = tmp_path / "final.mp4"
    film.write_bytes(b"film")
    odd = Job("t", "wild", "clip", "clip_01", "kie", JobState.DONE, output="videos/clip_01.mp4",
              facts={WARNINGS: ["has black bars above and below"]})  # fmt: skip
    waiting = Job("t", "wild", "clip", "clip_02", "kie", JobState.WAITING)
    film_report.write(film, (odd, waiting), {WARNINGS: ["is very quiet"]})
    told = json.loads((tmp_path / "final.mp4.check.json").read_text())
    assert told["film"] == {"file": "final.mp4", "warnings": ["is very quiet"]}
    assert [(one["job"], one["warnings"]) for one in told["files"]] == [
        ("clip/clip_01", ["has black bars above and below"])
    ]


def test_a_report_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    film_report.write(tmp_path / "gone" / "final.mp4", (), {})
