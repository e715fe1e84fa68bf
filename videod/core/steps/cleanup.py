"""The workspace of a published episode, removed after its time."""

from videod.core.model import ChannelPolicy, Job, Task
from videod.core.plan import Plan
from videod.core.statuses import Status
from videod.core.step import Command, CommandContext, Context, Expectation, Makes, Per, Step, Usual
from videod.core.step_parts import job


def _jobs(task: Task, plan: Plan, policy: ChannelPolicy) -> tuple[Job, ...]:
    return (job(STEP, task, policy, "workspace", {}, ("upload/film",)),)


def _argv(job: Job, at: CommandContext) -> Command:
    return Command(("--workspace", str(at.workspace)))


def _place(job: Job, task: Task) -> str:
    return ""


def _expects(job: Job, context: Context) -> Expectation:
    return Expectation(min_bytes=0)


STEP = Step(
    name="cleanup",
    script="clean_workspace.py",
    service="local",
    after=("upload",),
    per=Per.EPISODE,
    gate=None,
    review=None,
    error=Status.PUBLISHED,
    deadline_s=300,
    price=None,
    makes=Makes.NOTHING,
    suffix="",
    secrets=(),
    noun="cleanup",
    usual=Usual(0.1, 0.1),
    jobs=_jobs,
    argv=_argv,
    place=_place,
    expects=_expects,
    removes_workspace=True,
)
