"""A file that was refused is put aside, not thrown away: `<name>.refused` beside its place, one for each output.

A person can look at it, and its place is free: a script that finds its receipt but no file fetches it once more (where
that is free) or buys again, instead of reporting the same file again. The paying scripts read `<name>.refused` too,
so as not to take the same bytes a second time.
"""

import logging
from pathlib import Path

from videod import files

log = logging.getLogger(__name__)


def put_aside(output: Path, mark: str = "refused") -> Path | None:
    """Where `output` lies now, with `mark` behind its name; None: it was not there or could not be moved and stays."""
    place = output.with_name(f"{output.name}.{mark}")
    try:
        files.move_made(output, place.name)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("runner_refused_kept", extra={"file": output.name, "reason": str(error)})
        return None
    return place
