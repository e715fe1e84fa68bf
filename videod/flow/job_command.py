"""The workbench: from a claimed job to the child that does it.

Builds the command line, the folders, the small files a step wants beforehand and the environment: only what the
script needs, only the secrets of its own service, never the daemon's own environment.
"""

import logging
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from videod import files, programs, receipts
from videod.core import offers
from videod.core.legacy_args import ALSO_CALLED, legacy_command, options, words
from videod.core.model import Job, Task
from videod.core.plan import ITEMS_MAX
from videod.core.service import Where
from videod.core.services import SERVICES
from videod.core.statuses import DONE
from videod.core.step import Command, CommandContext, Input, Recalled, Step
from videod.core.step import digest as digest_of
from videod.core.tables import ORDER, step_of
from videod.ports import Confinement, Errand, Spawn

log = logging.getLogger(__name__)

#: what a child may know of its surroundings; everything else stays with the daemon
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
#: what a child that goes online may know besides
ONLINE = (*programs.PROXIES, *programs.CERTIFICATES)
#: folder of the state in which custom scripts find FFmpeg by its name
TOOLS = "bin"
#: where the script finds a person's own sources, in the workspace
OWN_SOURCES = "plan/sources.txt"
#: how far behind the daemon children stand, as `nice` counts: those that compute, and those that ask a service
COMPUTING_NICE, ASKING_NICE = 10, 5
#: options whose value is a file of the channel; no other text of a command opens a file to its script
BRAND_FILES = ("--intro", "--outro", "--watermark", "--music")


#: (voice, language) -> what the channel made before
Recall = Callable[[str, str], Recalled]


def _none_other(channel_id: str) -> bool:
    return False


async def _no_sources(page_id: str) -> str:
    return ""


@dataclass(frozen=True)
class CommandBuilder:
    """What spawning needs of the configuration, as plain values and callables.

    `context(task, workspace, outputs)` gives the channel's and the settings' values for commands (None: the channel is
    not configured); `secrets` the values of the secrets a script may have; `token` a fresh upload token.
    """

    state: Path
    scripts: Path
    overrides: Mapping[str, str]
    urls: Mapping[str, str]
    ffmpeg: Callable[[], str]
    context: Callable[[Task, PurePosixPath, Mapping[str, str]], CommandContext | None]
    secret: Callable[[str], str | None]
    token: Callable[[str], Awaitable[str]]
    environ: Mapping[str, str]
    #: called when the token of a channel was refused: whether another may still be good
    another_token: Callable[[str], bool] = _none_other
    #: what a person put on an entry's page for the plan to stand on; raises BoardError
    sources: Callable[[str], Awaitable[str]] = _no_sources
    #: whether steps that travel may run on a worker of the cluster
    cluster: bool = False

    def workspace(self, task: Task) -> Path:
        return workspace_of(self.state, task.channel_id, task.id)

    def journal(self, task: Task, job: Job) -> Path:
        """The folder for what must outlive an attempt of this job: no other job may write there."""
        return receipts.journal_of(self.workspace(task), step_of(job).output(job, task))

    def noted(self, task: Task, job: Job) -> Path:
        """The name of the job's output in its journal; notes about it lie beside it."""
        return receipts.noted(self.workspace(task), step_of(job).output(job, task))

    def papers(self, task: Task, job: Job) -> Path:
        """The path beside which the job's receipt lies: in its journal, a custom script's beside its output."""
        step = step_of(job)
        return self.workspace(task) / step.output(job, task) if self.silent(step) else self.noted(task, job)

    def forget(self, task: Task) -> None:
        """Remove the journals of an episode whose files are gone."""
        shutil.rmtree(receipts.journal_of(self.workspace(task), ""), ignore_errors=True)

    def foreign(self, step: Step, command: Command) -> bool:
        """True where a script of the owner's does this in place of ours: only exit code and file count then."""
        return step.name in self.overrides and step.known_before(command)

    def silent(self, step: Step) -> bool:
        """True where a killed attempt leaves no receipt that says whether it had bought."""
        return step.name in self.overrides

    def extras(self, task: Task) -> bool:
        """Whether the channel puts an intro or an outro to its films; True where nobody knows."""
        context = self.context(task, PurePosixPath(self.workspace(task)), {})
        return context is None or context.intro is not None or context.outro is not None

    def wordless(self, task: Task) -> int:
        """Over how many shots of its plan nobody may speak; as many as it likes where its channel is not known."""
        context = self.context(task, PurePosixPath(self.workspace(task)), {})
        return ITEMS_MAX if context is None else context.wordless

    def script(self, step: Step, command: Command) -> Path:
        return _script_of(self.scripts, self.overrides[step.name] if self.foreign(step, command) else step.script)

    def command(
        self, task: Task, job: Job, jobs: tuple[Job, ...], recall: Recall | None = None
    ) -> tuple[Command, str] | None:  # fmt: skip
        """The job's command and the digest of what it will make, or None when its channel is not configured.

        `recall` tells what the channel made before, with a voice in a language.
        """
        done = {other.name: other for other in jobs if other.state == DONE and other.output}
        workspace = PurePosixPath(self.workspace(task))
        context = self.context(task, workspace, {name: str(other.output) for name, other in done.items()})
        step = step_of(job)
        if context is None:
            return self._without_channel(step, workspace)
        if step.recalls and recall is not None:
            known = recall(context.voice_id, context.language)
            context = replace(context, pace=context.pace or known.pace, before=known.before, lessons=known.lessons)
        measured = {name: other.facts for name, other in done.items()}
        ordered = {other.name: other.args for other in jobs}
        at = offers.context(replace(context, facts=measured, ordered=ordered), step)
        command = step.argv(job, at)
        if self.foreign(step, command):
            command = legacy_command(step, step.legacy_units(job, at, command))
        elif step.besides is not None:
            command = replace(command, argv=(*command.argv, *step.besides(job, at)))
        inputs = {f"{workspace}/{other.output}": other.sha256 or "" for other in done.values()}
        digest = digest_of(step, command, workspace, inputs)
        command = replace(command, argv=(*command.argv, *command.aside), aside=())
        film = done.get("assemble/film")
        if job.step == "upload" and not self.foreign(step, command):
            # a film or a consent that was replaced since: neither is part of what is made
            sealed = ("--digest", film.sha256) if film is not None and film.sha256 else ()
            named = ("--youtube-channel", context.youtube_channel) if context.youtube_channel else ()
            command = replace(command, argv=(*command.argv, *sealed, *named))
        return self._with_inputs(step, command, done), digest

    def _with_inputs(self, step: Step, command: Command, done: Mapping[str, Job]) -> Command:
        """The command with the files that it names, where they may have to travel."""
        if not self.cluster or not step.travels or self.foreign(step, command):
            return command
        told = "\n".join((*command.argv, *command.files.values()))
        named = [job for job in done.values() if job.output and job.sha256 and job.output in told]
        inputs = (
            Input(str(job.output), str(job.sha256), step_of(job).companions(str(job.output))) for job in named
        )  # fmt: skip
        return replace(command, inputs=tuple(inputs))

    def _without_channel(self, step: Step, workspace: PurePosixPath) -> tuple[Command, str] | None:
        """Of a channel whose file is gone nothing is made, but what it made is removed in its time."""
        if not step.removes_workspace:
            return None
        command = Command(("--workspace", str(workspace)))
        return command, digest_of(step, command, workspace, {})

    def prepare(self, task: Task, job: Job, command: Command) -> Path:
        """Make the folders and files the script expects; return where its output will lie. Raises OSError.

        The folder is the scripts': where a link stands on the way, nothing is made or written behind it.
        """
        workspace = self.workspace(task)
        place = step_of(job).output(job, task)
        output = workspace / place
        files.make_folder(output.parent if place else workspace, workspace)
        if _keeps_journal(step_of(job)):
            files.make_folder(self.journal(task, job), workspace.parent.parent, durable=True)
        for name, text in command.files.items():
            files.write_made(workspace / name, text.encode(), workspace)
        return output

    async def spawn(self, task: Task, job: Job, command: Command) -> Spawn:
        """Raises TokenError when the upload's token cannot be had, BoardError when the entry's page cannot be read,
        programs.Unrunnable for a custom script."""
        step = step_of(job)
        foreign, ffmpeg = self.foreign(step, command), self.ffmpeg()
        if step.name == "plan" and not foreign:
            command = await self._with_sources(task, command)
        if step.paid:
            self._check_what_follows(step)
        confinement = self._confinement(task, job, command, ffmpeg)
        passed = (*PASSED_ON, *(ONLINE if confinement.network else ()))
        env = {name: self.environ[name] for name in passed if name in self.environ}
        env |= self.urls
        env |= {"VIDEOD_FFMPEG": ffmpeg, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        for name in step.secrets:
            issued = name == SERVICES[step.service].issued
            value = await self.token(task.channel_id) if issued else self.secret(name)
            if value:
                env |= dict.fromkeys((name, *(ALSO_CALLED.get(name, ()) if foreign else ())), value)
        env |= command.env
        if _keeps_journal(step) and not self.silent(step):
            env["VIDEOD_JOURNAL"] = str(self.journal(task, job))
        script = self.script(step, command)
        if foreign:
            start = programs.start_of(script, self.environ.get("PATH"))
            env |= self._tools(ffmpeg)
        else:
            start = (sys.executable, str(script))
        events = () if foreign else ("--events",)
        nice = COMPUTING_NICE if SERVICES[step.service].where == Where.COMPUTING else ASKING_NICE
        finishes = step.paid and not self.silent(step)
        argv = (*start, *words(command), *events)
        errand = self._errand(task, job, command) if self.cluster and step.travels and not foreign else None
        return Spawn(argv, env, self.workspace(task), f"{task.id} {job.name}", nice, finishes, confinement, errand)

    def _errand(self, task: Task, job: Job, command: Command) -> Errand:
        """What the script needs on a worker of the cluster."""
        step, workspace = step_of(job), self.workspace(task)
        place = step.output(job, task)
        inputs = {workspace / one.path: one.sha256 for one in command.inputs}
        small = [workspace / name for one in command.inputs for name in one.beside]
        return Errand(
            service=step.service,
            inputs=inputs,
            brought=(*_brand(command), *(path for path in small if files.made(path))),
            texts=tuple(workspace / name for name in command.files),
            output=workspace / place,
            beside=tuple(workspace / name for name in step.companions(place)),
        )

    async def _with_sources(self, task: Task, command: Command) -> Command:
        """The command with the sources that stand on the entry's page now; they are no part of the plan's digest, but
        of what its receipt is for."""
        text = await self.sources(task.page_id)
        if not text.strip():
            return command
        workspace = self.workspace(task)
        files.write_made(workspace / OWN_SOURCES, text.encode("utf-8", "replace"), workspace)
        return replace(command, argv=(*command.argv, "--sources", str(workspace / OWN_SOURCES)))

    def _check_what_follows(self, step: Step) -> None:
        """Raises programs.Unrunnable where a custom script of this step or a later one cannot run: nothing is bought
        for an episode that cannot be finished."""
        for name, script in self.overrides.items():
            if ORDER[name] >= ORDER[step.name]:
                wrong = programs.problem(name, _script_of(self.scripts, script), self.environ.get("PATH"))
                if wrong is not None:
                    raise programs.Unrunnable(wrong)

    def _tools(self, ffmpeg: str) -> dict[str, str]:
        """A PATH on which FFmpeg is found by its name, as older scripts call it."""
        folder, path = self.state / TOOLS, self.environ.get("PATH", os.defpath)
        try:
            programs.tools(folder, ffmpeg, path)
        except OSError as error:
            log.warning("job_tools_failed", extra={"folder": str(folder), "reason": str(error)})
            return {}
        return {"PATH": f"{folder.resolve()}{os.pathsep}{path}"}

    def _confinement(self, task: Task, job: Job, command: Command, ffmpeg: str) -> Confinement:
        """Ours may touch what the job needs; of the owner's own nobody knows whether it asks a service of its own."""
        step = step_of(job)
        foreign = self.foreign(step, command)
        tools = (self.state / TOOLS,) if foreign else ()
        return Confinement(
            reads=(Path(ffmpeg), self.script(step, command), *_brand(command), *tools),
            trusted=foreign,
            network=foreign or SERVICES[step.service].outside,
            removes_workspace=step.removes_workspace,
            writes=None if foreign else self._written(task, job),
        )

    def _written(self, task: Task, job: Job) -> tuple[Path, ...] | None:
        """Where a script of ours writes: beside its output, and in its journal. None: in all of the workspace, where
        the film lies."""
        step, workspace = step_of(job), self.workspace(task)
        folder = (workspace / step.output(job, task)).parent
        if workspace not in folder.parents:
            return None
        return (folder, self.journal(task, job)) if _keeps_journal(step) and not self.silent(step) else (folder,)


def _brand(command: Command) -> tuple[Path, ...]:
    """The channel's own files that a command names."""
    return tuple(Path(option[1]) for option in options(command) if option[0] in BRAND_FILES)


def _keeps_journal(step: Step) -> bool:
    """Whether its script notes what it must know when it is started again."""
    return step.paid or step.name == "upload"


@lru_cache(maxsize=256)
def workspace_of(state: Path, channel_id: str, task_id: str) -> Path:
    """`state/workspaces/{channel_id}/{task_id}` (FR44), absolute. Asked many times for each job, so it is kept."""
    return (state / "workspaces" / channel_id / task_id).resolve()


@lru_cache(maxsize=64)
def _script_of(scripts: Path, name: str) -> Path:
    chosen = Path(name)
    return chosen if chosen.is_absolute() else (scripts / chosen).resolve()
