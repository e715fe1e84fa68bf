"""The planner's conversation: what the model is told, and asking until the checker has no complaint.

The rules of the craft stand in planning_rules.md for the model; the program that judges a plan is the checker, a
command of two verbs (`schema` and `check FILE --clips N --images M --json`), so they stand in one place.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib import answers, atomic, gemini, plan_answers, wrapping
from scripts.lib.answers import Json, dig
from scripts.lib.failures import SECRETS, Failure, Kind
from scripts.lib.plan_answers import Answers, Kept
from scripts.lib.receipt import Order
from scripts.lib.sanitize import sanitize_line
from scripts.lib.script_runtime import Reporter

RULES = Path(__file__).with_name("planning_rules.md")
CHECKER_S = 120
DEADLINE_S = 280.0
#: The model's own ceiling; a plan of 18 clips takes about 12,000 tokens.
TOKENS = 65_536


@dataclass(frozen=True)
class Brief:
    """What the plan is about. `brand` may have several lines; it is handed over as one."""

    title: str
    topic: str
    direction: str
    channel: str
    brand: str
    clips: int
    images: int
    language: str = "en"

    def prompt(self) -> str:
        lines = {
            "Title": self.title, "Topic": self.topic, "Story direction": self.direction, "Channel": self.channel,
            "Brand": self.brand, "Clips": str(self.clips), "Images": str(self.images),
        }  # fmt: skip
        if self.language != "en":
            lines["Language"] = self.language
        told = "\n".join(f"{name}: {' '.join(text.split())}" for name, text in lines.items())
        return (
            "Plan one episode by the rules below. Answer with one JSON object that fits the given schema.\n\n"
            f"{told}\n\n{RULES.read_text('utf-8')}"
        )


@dataclass(frozen=True)
class Complaint:
    where: str
    rule: str
    message: str

    def line(self) -> str:
        return f"{self.where or 'plan'} breaks {self.rule}: {self.message}"


@dataclass(frozen=True)
class Checker:
    """The program that knows the plan's schema and rules; `command` is what comes before its verb.

    `seconds`: how long each narration of the plan that was checked last takes, as far as the checker says.
    """

    command: tuple[str, ...]
    seconds: list[float] = field(default_factory=list)

    def schema(self) -> Json:
        """The JSON schema of a plan. Raises Failure(configuration) when the checker does not give one."""
        done = self._run("schema")
        try:
            schema = answers.parse(done.stdout)
        except ValueError:
            schema = None
        if done.returncode != 0 or not isinstance(schema, dict):
            raise self._broken("schema", done)
        return schema

    def check(self, file: Path, brief: Brief) -> list[Complaint]:
        """What is wrong with the plan in `file`; an empty list when it is good."""
        done = self._checked(file, brief)
        try:
            verdict = answers.parse(done.stdout)
        except ValueError:
            raise self._broken("check", done) from None
        good = dig(verdict, "ok")
        if done.returncode not in {0, 65} or not isinstance(good, bool) or good != (done.returncode == 0):
            raise self._broken("check", done)
        found = [
            Complaint(
                answers.text(dig(entry, "where")) or "",
                answers.text(dig(entry, "rule")) or "a rule",
                answers.text(dig(entry, "message")) or "no message",
            )
            for entry in answers.items(dig(verdict, "complaints"))
        ]
        if not good and not found:
            raise self._broken("check", done)
        lengths = [answers.number(one, 0.0, 1000.0) for one in answers.items(dig(verdict, "seconds"))]
        self.seconds[:] = [one for one in lengths if one is not None]
        return [] if good else found

    def _checked(self, file: Path, brief: Brief) -> "subprocess.CompletedProcess[str]":
        spoken = ("--language", brief.language) if brief.language != "en" else ()
        return self._run(
            "check", str(file), "--clips", str(brief.clips), "--images", str(brief.images), "--json", *spoken
        )  # fmt: skip

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        bare = {name: value for name, value in os.environ.items() if name not in SECRETS}
        try:
            return subprocess.run(
                [*self.command, *words], capture_output=True, text=True, check=False, timeout=CHECKER_S, env=bare,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(Kind.CONFIGURATION, f"the plan checker {self.command[0]} does not run: {error}") from error

    def _broken(self, verb: str, done: subprocess.CompletedProcess[str]) -> Failure:
        tail = sanitize_line(done.stderr)[-300:] or "it says nothing"
        return Failure(Kind.CONFIGURATION, f"the plan checker's {verb!r} ended with code {done.returncode}: {tail}")


@dataclass(frozen=True)
class Planner:
    """Asks `model` for a plan and keeps an answer in `draft` while it is judged.

    `order` is the receipt of all calls together: "intent" while one is on its way, "received" once its answer is among
    `answers`.
    """

    model: str
    version: str
    brief: Brief
    checker: Checker
    draft: Path
    reporter: Reporter
    order: Order
    answers: Answers

    def plan(self, rounds: int) -> dict[str, Json]:
        """A plan without complaints, after at most `rounds` repairs.

        Raises Failure(input) with every complaint of the last round, Failure(nonsense) for an answer that says nothing,
        or what the service's own failures are. Answers that led to no plan are forgotten: who asks again wants others.
        """
        schema = self.checker.schema()
        opening = gemini.turn("user", [gemini.text_part(self.brief.prompt())])
        talk: list[Json] = [opening]
        complaints: list[Complaint] = []
        for number in range(rounds + 1):
            share = number / (rounds + 1)
            self.reporter.progress(share, "asking for a plan" if number == 0 else f"repair round {number} of {rounds}")
            answer = self._ask(number, talk, schema)
            if wrapping.is_empty(answer.text):
                self._forget()
                # not the fault of the topic, and no complaint would fix it
                reason = f" ({answer.finish})" if answer.finish else ""
                raise Failure(Kind.NONSENSE, f"the model gave an empty answer{reason}", service=gemini.SERVICE,
                              endpoint=gemini.endpoint(self.model, self.version), http_status=200)  # fmt: skip
            plan, complaints = self._judge(answer)
            if plan is not None and not complaints:
                return plan
            for complaint in complaints:
                self.reporter.progress(share, complaint.line())
            # only the last attempt goes along: older ones would cost tokens and invite their own mistakes
            talk = [opening, *_reply(answer, complaints)]
        self._forget()
        told = "; ".join(complaint.line() for complaint in complaints)
        message = f"the plan still breaks {len(complaints)} rules after {rounds} repairs: {told}"
        raise Failure(Kind.INPUT, message, service=gemini.SERVICE, next_step="change the topic or the story direction")

    def _forget(self) -> None:
        self.answers.forget()
        self.order.withdraw()

    def _ask(self, number: int, talk: Sequence[Json], schema: Json) -> Kept:
        """The answer to the `number`-th question: the one that an earlier run paid for, or a new one."""
        config: dict[str, Json] = {
            "responseMimeType": "application/json", "responseJsonSchema": schema, "maxOutputTokens": TOKENS,
        }  # fmt: skip
        digest = plan_answers.question(self.model, talk, config)
        kept = self.answers.recall(number, digest)
        if kept is not None:
            if self.answers.newest(kept):  # the run that paid for it may have ended before it could tell
                self._charge(kept)
            return kept
        with self.order.paid():
            answer = gemini.generate(self.model, talk, config, version=self.version, deadline_s=DEADLINE_S)
            self.order.answered()
            kept = self.answers.keep(digest, answer, gemini.text_usd(self.model, answer))
            self._charge(kept)
            # inside, for a request to end takes effect where the block ends
            self.order.settled(self.answers.usd())
        return kept

    def _charge(self, kept: Kept) -> None:
        self.reporter.charged(gemini.SERVICE, "plan", kept.tokens, "token", kept.usd, kept.reference)

    def _judge(self, answer: Kept) -> tuple[dict[str, Json] | None, list[Complaint]]:
        if answer.finish == "MAX_TOKENS":
            return None, [Complaint("", "length", "the answer was cut at the token limit; be briefer everywhere")]
        try:
            plan = wrapping.unwrapped(answer.text)
        except ValueError as error:
            return None, [Complaint("", "json", str(error))]
        atomic.write_text(self.draft, json.dumps(plan, ensure_ascii=False))
        return plan, self.checker.check(self.draft, self.brief)


def _reply(answer: Kept, complaints: list[Complaint]) -> list[Json]:
    listed = "\n".join(f"- {complaint.line()}" for complaint in complaints)
    request = f"The plan breaks these rules:\n{listed}\n\nFix exactly these and give the whole plan again as JSON."
    turns: list[Json] = []
    # an answer that was cut off cannot be fixed, and repeating it would only make the next one longer
    if answer.finish != "MAX_TOKENS" and answer.text:
        turns.append(gemini.turn("model", [gemini.text_part(answer.text)]))
    return [*turns, gemini.turn("user", [gemini.text_part(request)])]
