"""A file of a person's own on its way to a job: opened with suspicion, checked behind the wall, kept in the workspace.

The command line leaves a copy in `incoming/` of the state folder, where no script can write. It is checked there as a
made file is, then moved to a place of its own in the workspace: its name carries its digest, so that no take of the job
and no other file of a person's is ever written over. What a crash leaves in `incoming/` goes at the next start.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from videod import files
from videod.core.events import FileChosen
from videod.core.expect import expectation
from videod.core.model import Job, Task
from videod.core.step import Makes, Step
from videod.core.tables import STEPS
from videod.guard.errors import Code, Refused
from videod.ports import Artefact, BadArtefact, Clock, Inspector, Unchecked

INCOMING = "incoming"
#: the folder of the workspace that holds what people gave
FOLDER = "own"
#: what our scripts, FFmpeg and the services take, by what the step makes
SUFFIXES: dict[Makes, tuple[str, ...]] = {
    Makes.IMAGE: (".png", ".jpg", ".jpeg"),
    Makes.VIDEO: (".mp4", ".mov", ".m4v", ".mkv", ".webm"),
    Makes.AUDIO: (".mp3", ".wav", ".m4a", ".aac", ".ogg", ".flac"),
}
#: a name in `incoming/`
HANDED = r"^[0-9a-f]{32}\.[a-z0-9]{1,5}$"


class Placing:
    """Takes files for jobs. `workspace`: where the files of a task lie."""

    def __init__(self, state: Path, inspector: Inspector, workspace: Callable[[Task], Path], clock: Clock) -> None:
        self._incoming = state / INCOMING
        self._inspector = inspector
        self._workspace = workspace
        self._clock = clock

    def clear(self) -> None:
        """Remove what a crash left of files on their way, before the daemon listens."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    async def placed(self, task: Task, jobs: tuple[Job, ...], job: Job, name: str, by: str) -> FileChosen:
        """The event that puts the file `name` of `incoming/` in the job's place. Raises Refused, the file removed."""
        step = STEPS[job.step]
        if not re.match(HANDED, name):
            raise Refused(Code.INVALID, "the file was not handed over", "use `videod put`")
        handed = self._incoming / name
        try:
            found = await self._checked(handed, step, job, jobs)
            output = await asyncio.to_thread(self._kept, handed, task, job, found)
        finally:
            await asyncio.to_thread(handed.unlink, missing_ok=True)
        now = self._clock.now_ms()
        return FileChosen(now, task.id, job.name, output, found.bytes, found.sha256, found.facts, True, by)

    async def _checked(self, handed: Path, step: Step, job: Job, jobs: tuple[Job, ...]) -> Artefact:
        if handed.suffix not in SUFFIXES[step.makes]:
            allowed = ", ".join(SUFFIXES[step.makes])
            raise Refused(Code.CONFLICT, f"{job.name} takes no {handed.suffix} file", f"give one of: {allowed}")
        try:
            return await self._inspector.inspect(handed, step.makes, expectation(job, jobs, foreign=True))
        except BadArtefact as error:
            said = str(error).removeprefix(handed.name).lstrip(": ")
            said = f"it {said}" if said.startswith(("is ", "has ")) else said
            raise Refused(
                Code.CONFLICT, f"the file cannot be used for {job.name}: {said}", "give another file"
            ) from error
        except (Unchecked, OSError) as error:
            raise Refused(Code.CONFLICT, f"the file could not be checked: {error}", "try again in a moment") from error

    def _kept(self, handed: Path, task: Task, job: Job, found: Artefact) -> str:
        """The file's place in the workspace, relative to it. Raises Refused where what was checked is not there."""
        workspace = self._workspace(task)
        relative = f"{FOLDER}/{job.step}-{job.key}-{found.sha256[:16]}{handed.suffix}"
        try:
            with files.open_plain(handed) as source:
                if files.fingerprint(source) != (found.bytes, found.sha256):
                    raise Refused(Code.CONFLICT, "the file changed while it was checked", "try again")
                os.fsync(source.fileno())
            files.bring(handed, workspace / relative, workspace)
        except OSError as error:
            why = files.reason(error)
            raise Refused(Code.CONFLICT, f"the file could not be kept: {why}", "fix that, then try again") from error
        return relative
