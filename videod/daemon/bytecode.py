"""Compiles the scripts once. Their confinement lets no script write beside itself, so each start of one would compile
all of its modules again: 0.3 CPU-seconds, some 100 times an episode."""

import compileall
import logging
from pathlib import Path

log = logging.getLogger(__name__)

#: how deep a folder of scripts is: scripts/lib/film
LEVELS = 3


def compile_scripts(folder: Path) -> bool:
    """Bring the bytecode in `folder` up to date; False where something could not be compiled or written.

    A folder that nobody may write, or a custom script in another language's syntax, costs time and nothing else.
    """
    done = bool(compileall.compile_dir(folder, maxlevels=LEVELS, quiet=2))
    if not done:
        log.info("daemon_bytecode_incomplete", extra={"folder": str(folder)})
    return done
