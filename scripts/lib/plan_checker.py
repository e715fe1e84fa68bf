"""The program that knows the stages of a plan, their schemas and the rules of the craft: one process, asked by lines.

`command` and `judge` (see videod/cli/plan_judge.py); any program that answers the same lines may stand in its place.
"""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from scripts.lib import answers
from scripts.lib.answers import Json, dig
from scripts.lib.failures import SECRETS, Failure, Kind
from scripts.lib.sanitize import sanitize_line

#: how long one answer may take, seconds
ANSWER_S = 120.0
#: what is read of one answer at most, bytes
ANSWER_BYTES = 16 << 20
_ERROR_BYTES = 4096


@dataclass(frozen=True)
class Stage:
    """One question of the plan: `strong` for the better model, `needs` the earlier answers, `spare` see stages.py."""

    name: str
    strong: bool
    needs: tuple[str, ...]
    spare: str | None
    schema: Json


@dataclass(frozen=True)
class Complaint:
    where: str
    rule: str
    message: str

    def line(self) -> str:
        return f"{self.where or 'the answer'} breaks {self.rule}: {self.message}"


@dataclass(frozen=True)
class Verdict:
    """`plan`: the whole plan, after the last stage. `seconds`: how long each narration takes, once there are any."""

    complaints: tuple[Complaint, ...]
    seconds: tuple[float, ...]
    plan: dict[str, Json] | None
    warnings: tuple[Complaint, ...] = ()
    conflicts: tuple[str, ...] = ()


class Checker:
    """A running checker; a context manager. Every method raises Failure(configuration) when it does not answer."""

    def __init__(
        self, command: tuple[str, ...], clips: int, images: int, language: str, more: Mapping[str, Json] | None = None
    ) -> None:  # fmt: skip
        """`more`: what it must know of the channel besides, see `plan_channel.Habits.size`."""
        self._command = command
        self._size: dict[str, Json] = {"clips": clips, "images": images, "language": language, **(more or {})}
        #: characters of a line: least, average, most; known after `stages`
        self.lengths: dict[str, int] = {}
        self._buffer = b""
        bare = {name: value for name, value in os.environ.items() if name not in SECRETS}
        try:
            self._process = subprocess.Popen(
                [*command, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=bare
            )
        except OSError as error:
            raise Failure(Kind.CONFIGURATION, f"the plan checker {command[0]} does not run: {error}") from error

    def __enter__(self) -> "Checker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self._process.kill()
        with self._process:
            pass

    def cite(self, sources: Sequence[Json]) -> None:
        """Name the sources that facts may stand on; see videod/cli/plan_judge.py."""
        self._size["sources"] = list(sources)

    def tell(self, script: Sequence[str]) -> None:
        """Name what is said over each clip, where it is there already: the stages are others then."""
        self._size["script"] = list(script)

    def complaints(self, plan: Json) -> tuple[Complaint, ...]:
        """What is wrong with a whole plan, for whichever voice it was written."""
        return self._complaints(self._ask({"ask": "check", "plan": plan}))

    def stages(self) -> tuple[Stage, ...]:
        said = self._ask({"ask": "stages"})
        found = [
            Stage(
                answers.text(dig(one, "name")) or "", dig(one, "strong") is True,
                tuple(name for need in answers.items(dig(one, "needs")) if (name := answers.text(need))),
                answers.text(dig(one, "spare")), dig(one, "schema"),
            )
            for one in answers.items(dig(said, "stages"))
        ]  # fmt: skip
        if not found or any(not stage.name or not isinstance(stage.schema, dict) for stage in found):
            raise self._broken("names no stages")
        told = {name: answers.number(dig(said, "lines", name), 1, 10_000) for name in ("least", "average", "most")}
        self.lengths = {name: round(count) for name, count in told.items() if count is not None}
        if len(self.lengths) < len(told):
            self.lengths = {}
        return tuple(found)

    def judge(self, stage: str, given: Mapping[str, Json]) -> Verdict:
        """What is wrong with the answer of `stage`; `given`: stage -> answer, up to this one."""
        said = self._ask({"ask": "judge", "stage": stage, "answers": dict(given)})
        complaints = self._complaints(said)
        lengths = [answers.number(one, 0.0, 1000.0) for one in answers.items(dig(said, "seconds"))]
        plan = dig(said, "plan")
        seconds = tuple(one for one in lengths if one is not None)
        warnings = _listed(dig(said, "warnings"))
        told = tuple(text for one in answers.items(dig(said, "conflicts")) if (text := answers.text(one)))
        return Verdict(complaints, seconds, plan if isinstance(plan, dict) else None, warnings, told)

    def approves(self, plan: Json) -> bool:
        """Whether nothing is wrong with a whole plan, for whichever voice it was written."""
        return not self.complaints(plan)

    def _complaints(self, said: Json) -> tuple[Complaint, ...]:
        if not isinstance(dig(said, "complaints"), list):
            raise self._broken(answers.text(dig(said, "error")) or "gives no verdict")
        return _listed(dig(said, "complaints"))

    def _ask(self, question: dict[str, Json]) -> Json:
        line = json.dumps(question | self._size) + "\n"
        try:
            _pipe(self._process.stdin).write(line.encode())
            _pipe(self._process.stdin).flush()
            return answers.parse(self._line())
        except (OSError, ValueError) as error:
            raise self._broken(str(error) or "does not answer") from error

    def _line(self) -> bytes:
        """The next line that it writes. Raises OSError."""
        out, until = _pipe(self._process.stdout), time.monotonic() + ANSWER_S
        with selectors.DefaultSelector() as waiting:
            waiting.register(out, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not waiting.select(max(0.0, until - time.monotonic())):
                    raise TimeoutError(f"does not answer within {ANSWER_S:g} s")
                more = os.read(out.fileno(), 1 << 16)
                if not more or len(self._buffer) > ANSWER_BYTES:
                    raise OSError("ends without an answer" if not more else "answers without an end")
                self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _broken(self, what: str) -> Failure:
        self._process.kill()
        said = sanitize_line(_pipe(self._process.stderr).read(_ERROR_BYTES).decode("utf-8", "replace"))[-300:]
        return Failure(Kind.CONFIGURATION, f"the plan checker {self._command[0]} {what}{f': {said}' if said else ''}")


def _listed(found: Json) -> tuple[Complaint, ...]:
    return tuple(
        Complaint(
            answers.text(dig(one, "where")) or "",
            answers.text(dig(one, "rule")) or "a rule",
            answers.text(dig(one, "message")) or "no message",
        )
        for one in answers.items(found)
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("there is no pipe")
    return pipe
