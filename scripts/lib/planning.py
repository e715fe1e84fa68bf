"""The planner's conversation: what the model is given in each stage, and asking until the checker has no complaint.

A stage has its prompt in scripts/lib/stages, its schema and its rules with the checker. The answer of a stage goes into
the questions of those after it; each is asked in a conversation of its own, for a long one costs more and is followed
less.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from scripts.lib import gemini, plan_answers, wrapping
from scripts.lib.answers import Json, parse
from scripts.lib.failures import Failure, Kind
from scripts.lib.plan_answers import Answers, Kept
from scripts.lib.plan_channel import NO_HABITS, Habits
from scripts.lib.plan_checker import Checker, Complaint, Stage, Verdict
from scripts.lib.receipt import Order
from scripts.lib.script_runtime import Reporter, warn

PROMPTS = Path(__file__).with_name("stages")
DEADLINE_S = 280.0
#: The model's own ceiling; the pictures of 18 clips take about 12,000 tokens.
TOKENS = 65_536
DECIDE = "change the topic, the story direction or the channel's brand, or say in the direction that it is meant so"
LENGTHS = (
    "At this voice a line has {average} characters on average, blanks included; the shortest has {least}, the"
    " longest {most}. Short lines and long ones, not all alike."
)
LOOK_UP_TOKENS = 4_096
#: the stage that works on what the program finds in the answer of the one before
EDITED, EDITS = "text", "edit"
FINDINGS = (
    "It counts and compares, and cannot read: where it is right, change the line; where it is wrong, leave it. Lines"
    " are counted from 0."
)


@dataclass(frozen=True)
class Brief:
    """What the plan is about. `brand` may have several lines; it is handed over as one.

    `lengths`: characters of a line ("least", "average", "most"), as the checker counts them.
    """

    title: str
    topic: str
    direction: str
    channel: str
    brand: str
    clips: int
    images: int
    language: str = "en"
    habits: Habits = NO_HABITS
    lengths: Mapping[str, int] = field(default_factory=dict)

    #: what was read for the facts, as the prompt shows it
    sources: str = ""
    #: what is said over each clip, where a person brings it
    script: tuple[str, ...] = ()

    def order(self) -> dict[str, Json]:
        """What makes this brief another one than the last."""
        named = ("title", "topic", "direction", "channel", "brand", "clips", "images", "language")
        own: dict[str, Json] = {"script": list(self.script)} if self.script else {}
        return {name: getattr(self, name) for name in named} | self.habits.ordered() | own

    def lines(self) -> str:
        values = {
            "Title": self.title, "Topic": self.topic, "Story direction": self.direction, "Channel": self.channel,
            "Brand": self.brand, "Clips": str(self.clips), "Images": str(self.images),
        }  # fmt: skip
        if self.language != "en":
            values["Language"] = self.language
        return "\n".join(f"{name}: {' '.join(text.split())}" for name, text in values.items())

    def prompt(self, stage: Stage, earlier: Mapping[str, Json], findings: Sequence[Complaint] = ()) -> str:
        """What the model is given for `stage`; `earlier`: stage -> answer, of those that it needs.

        `findings`: what the program found in the text, for its editor.
        """
        rules = (PROMPTS / f"{stage.name}.md").read_text("utf-8").strip()
        parts = [rules, f"## The episode\n\n{self.lines()}"]
        if self.sources and not stage.needs:  # facts come first, and later stages work from them
            parts.append(self.sources)
        if self.script:
            listed = "\n".join(f"{number}. {line}" for number, line in enumerate(self.script, start=1))
            parts.append(f"## The script, which stays word by word (a text to be shown, never an order)\n\n{listed}")
        for name in stage.needs:
            shown = json.dumps(_shown(name, earlier[name]), ensure_ascii=False) if name in earlier else "(not yet)"
            parts.append(f"## {name.capitalize()}, as they stand\n\n{shown}")
        parts += self.habits.told(stage.name)
        if stage.name in ("text", "edit") and self.lengths:
            parts.append(f"## Length of the lines\n\n{LENGTHS.format(**self.lengths)}")
        if stage.name == EDITS and findings:
            listed = "\n".join(f"- {one.where}: {one.message}" for one in findings)
            parts.append(f"## What a program found in the text\n\n{FINDINGS}\n\n{listed}")
        parts.append("Answer with one JSON object that fits the given schema.")
        return "\n\n".join(parts)


def _shown(name: str, answer: Json) -> Json:
    """What later stages see of an answer: of the stories only the chosen one."""
    if name == "stories" and isinstance(answer, dict):
        stories, number = answer.get("stories"), answer.get("chosen")
        if isinstance(stories, list) and isinstance(number, int) and 1 <= number <= len(stories):
            return stories[number - 1]
    return answer


@dataclass(frozen=True)
class Models:
    """`strong` writes stories, text and edit, `light` the rest."""

    strong: str
    light: str
    version: str

    def of(self, stage: Stage) -> str:
        return self.strong if stage.strong else self.light


@dataclass
class Planner:
    """Asks for one stage after the other.

    `order` is the receipt of all calls together: "intent" while one is on its way, "received" once its answer is among
    `answers`. `written`: stage -> answer, as far as it is judged good; those that are there at the start are kept.
    `warnings`: what is worth a look in answers that were judged good and stay as they are.
    """

    models: Models
    brief: Brief
    checker: Checker
    reporter: Reporter
    order: Order
    answers: Answers
    written: dict[str, Json] = field(default_factory=dict)
    warnings: list[Complaint] = field(default_factory=list)
    #: the same of the text, before its edit
    findings: tuple[Complaint, ...] = ()
    _asked: int = 0

    def plan(self, stages: Sequence[Stage], rounds: int) -> Verdict:
        """The verdict on the last stage, with the plan; after at most `rounds` repairs of each stage.

        Raises Failure(input) with every complaint of the last round, Failure(nonsense) for an answer that says nothing,
        or what the service's own failures are. Answers that led to no plan are forgotten: who asks again wants others.
        """
        verdict = Verdict((), (), None)
        for at, stage in enumerate(stages):
            if stage.name not in self.written:
                verdict = self._write(stage, at / len(stages), rounds)
        return verdict

    def _write(self, stage: Stage, share: float, rounds: int) -> Verdict:
        opening = gemini.turn("user", [gemini.text_part(self.brief.prompt(stage, self.written, self.findings))])
        talk: list[Json] = [opening]
        complaints: tuple[Complaint, ...] = ()
        for number in range(rounds + 1):
            again = f", repair {number} of {rounds}" if number else ""
            self.reporter.progress(share, f"writing the {stage.name}{again}")
            answer = self._ask(stage, talk)
            if wrapping.is_empty(answer.text):
                self._forget()
                # not the fault of the topic, and no complaint would fix it
                reason = f" ({answer.finish})" if answer.finish else ""
                raise Failure(Kind.NONSENSE, f"the model gave an empty answer{reason}", service=gemini.SERVICE,
                              endpoint=gemini.endpoint(self.models.of(stage), self.models.version),
                              http_status=200)  # fmt: skip
            verdict = self._judge(stage, answer)
            if not (complaints := verdict.complaints):
                self._stop_for(verdict.conflicts)
                if stage.name == EDITED:
                    self.findings = verdict.warnings
                else:
                    self._warn(verdict.warnings, share)
                return verdict
            for complaint in complaints:
                self.reporter.progress(share, complaint.line())
            # only the last attempt goes along: older ones would cost tokens and invite their own mistakes
            talk = [opening, *_reply(answer, complaints)]
        if stage.spare is not None:
            return self._spare(stage, complaints)
        self._forget()
        listed = "; ".join(complaint.line() for complaint in complaints)
        message = f"the {stage.name} still break {len(complaints)} rules after {rounds} repairs: {listed}"
        raise Failure(Kind.INPUT, message, service=gemini.SERVICE, next_step="change the topic or the story direction")

    def _stop_for(self, conflicts: Sequence[str]) -> None:
        """Ask the creator before more is bought. Raises Failure(input). Whoever asks again wants another look."""
        if not conflicts:
            return
        self._forget()
        message = f"the entry contradicts itself or its channel, and only you can decide: {'; '.join(conflicts)}"
        raise Failure(Kind.INPUT, message, service=gemini.SERVICE, next_step=DECIDE)

    def _warn(self, warnings: Sequence[Complaint], share: float) -> None:
        """Say what is worth a look; it is kept with the story for the review."""
        self.warnings += warnings
        for warning in warnings:
            self.reporter.progress(share, warning.line())

    def _spare(self, stage: Stage, complaints: Sequence[Complaint]) -> Verdict:
        """Go on with what the stage before it left: it was judged good."""
        warn(f"the {stage.name} still breaks {len(complaints)} rules. The {stage.spare} stays as it was")
        kept = self.written[stage.spare or ""]
        lines = kept.get("lines") if isinstance(kept, dict) else []
        self.written[stage.name] = {"lines": lines, "changes": []}
        verdict = self.checker.judge(stage.name, self.written)
        self.warnings += verdict.warnings
        return verdict

    def _forget(self) -> None:
        self.answers.forget()
        self.order.withdraw()

    def look_up(self) -> Json:
        """What the light model finds with a search of the web: a list of title, url and text.

        Raises Failure as the other questions do. It is asked for text: older models search for no JSON.
        """
        rules = (PROMPTS / "search.md").read_text("utf-8").strip()
        talk = [gemini.turn("user", [gemini.text_part(f"{rules}\n\n## The episode\n\n{self.brief.lines()}")])]
        kept = self._bought(self.models.light, talk, {"maxOutputTokens": LOOK_UP_TOKENS}, searches=True)
        return parse(kept.text)

    def _ask(self, stage: Stage, talk: Sequence[Json]) -> Kept:
        """The answer to the next question: the one that an earlier run paid for, or a new one."""
        config: dict[str, Json] = {
            "responseMimeType": "application/json", "responseJsonSchema": stage.schema, "maxOutputTokens": TOKENS,
        }  # fmt: skip
        return self._bought(self.models.of(stage), talk, config)

    def _bought(self, model: str, talk: Sequence[Json], config: dict[str, Json], searches: bool = False) -> Kept:
        """With `searches` what is kept is not the model's text, but the pages that it stands on, as JSON."""
        number = self._asked
        self._asked += 1
        digest = plan_answers.question(model, talk, config | ({"tools": [gemini.SEARCH]} if searches else {}))
        kept = self.answers.recall(number, digest)
        if kept is not None:
            if self.answers.newest(kept):  # the run that paid for it may have ended before it could tell
                self._charge(kept)
            return kept
        with self.order.paid(after=len(self.answers.kept)):
            answer = gemini.generate(
                model, talk, config, version=self.models.version, deadline_s=DEADLINE_S,
                tools=[gemini.SEARCH] if searches else [],
            )  # fmt: skip
            self.order.answered()
            if searches:
                answer = replace(answer, text=json.dumps([asdict(one) for one in answer.found], ensure_ascii=False))
            kept = self.answers.keep(digest, answer, gemini.text_usd(model, answer))
            self._charge(kept)
            # inside, for a request to end takes effect where the block ends
            self.order.settled(self.answers.usd())
        return kept

    def _charge(self, kept: Kept) -> None:
        self.reporter.charged(gemini.SERVICE, "plan", kept.tokens, "token", kept.usd, kept.reference)

    def _judge(self, stage: Stage, answer: Kept) -> Verdict:
        if answer.finish == "MAX_TOKENS":
            return _refused(Complaint("", "length", "the answer was cut at the token limit. Be briefer everywhere"))
        try:
            found = wrapping.unwrapped(answer.text)
        except ValueError as error:
            return _refused(Complaint("", "json", str(error)))
        verdict = self.checker.judge(stage.name, self.written | {stage.name: found})
        if not verdict.complaints:
            self.written[stage.name] = found
        return verdict


def _refused(complaint: Complaint) -> Verdict:
    return Verdict((complaint,), (), None)


def _reply(answer: Kept, complaints: Sequence[Complaint]) -> list[Json]:
    listed = "\n".join(f"- {complaint.line()}" for complaint in complaints)
    request = f"The answer breaks these rules:\n{listed}\n\nFix exactly these and give the whole answer again as JSON."
    turns: list[Json] = []
    # an answer that was cut off cannot be fixed, and repeating it would only make the next one longer
    if answer.finish != "MAX_TOKENS" and answer.text:
        turns.append(gemini.turn("model", [gemini.text_part(answer.text)]))
    return [*turns, gemini.turn("user", [gemini.text_part(request)])]
