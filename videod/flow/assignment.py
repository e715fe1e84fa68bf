"""What the scheduler hands to the runner."""

from dataclasses import dataclass

from videod.core.model import Job, Task
from videod.core.step import Command


@dataclass(frozen=True)
class Assignment:
    """A claimed job: what to run and under which attempt its outcome is reported."""

    task: Task
    job: Job
    attempt: int
    command: Command
