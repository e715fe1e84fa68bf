"""What the check of content found of a film and of the files that it is made of, as JSON beside the film."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from videod import files
from videod.core.held_against import WARNINGS
from videod.core.model import Job
from videod.core.statuses import JobState

log = logging.getLogger(__name__)


def write(film: Path, jobs: Sequence[Job], found: Mapping[str, object]) -> None:
    """Leave `<film>.check.json`. A report that cannot be written is no reason to refuse a film."""
    listed = [
        {"job": job.name, "file": job.output, "warnings": job.facts.get(WARNINGS, [])}
        for job in jobs if job.state is JobState.DONE and job.output and job.step != "assemble"
    ]  # fmt: skip
    told = {"film": {"file": film.name, "warnings": found.get(WARNINGS, [])}, "files": listed}
    place = film.with_name(f"{film.name}.check.json")
    try:
        files.write_made(place, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode(), film.parent)
    except OSError as error:
        log.warning("film_report_failed", extra={"file": place.name, "error": files.reason(error)})
