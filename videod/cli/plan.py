"""`videod plan schema | check`: the schema of a plan, and what is wrong with one. `judge`: the same for its stages.

scripts/generate_plan.py asks `judge`, so that the rules of the craft have one home. The answers of `check --json` are
{"ok": bool, "complaints": [{"where", "rule", "message"}], "warnings": [{"where", "rule", "message", "clip", "line"}],
"seconds": [of each narration]}; the exit code is 0 or 65. Warnings are what an editor would say; they change no exit
code.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from videod.cli import options, output, plan_judge
from videod.cli.options import AsJson, examples
from videod.cli.output import CommandError
from videod.core.craft import Complaint, Telling, complaints
from videod.core.editor.remarks import Remark, remarks
from videod.core.languages import Language, language
from videod.core.plan import PlanError, parse
from videod.core.plan_schema import schema
from videod.core.speech import RATE_MAX, RATE_MIN, Pace, narration_seconds

#: a plan of 60 clips has about 100 kB
BYTES_MAX = 4_000_000


app = options.app("Check a plan, or print the JSON schema for plans.")

Clips = Annotated[int | None, typer.Option(min=1, max=200, metavar="N", help="The required number of clips.")]
Images = Annotated[int | None, typer.Option(min=1, max=200, metavar="N", help="The required number of images.")]

VoiceRate = Annotated[
    float | None,
    typer.Option("--pace", min=RATE_MIN, max=RATE_MAX, metavar="N", help="Characters per second of its voice."),
]
Wordless = Annotated[
    int, typer.Option("--wordless", min=0, max=200, metavar="N", help="How many shots may have no narration.")
]
Spoken = Annotated[str, typer.Option("--language", metavar="CODE", help="Language of its narrations, such as de.")]


@app.command("schema", epilog=examples("videod plan schema --clips 18 --images 22"))
def print_schema(clips: Clips = None, images: Images = None, wordless: Wordless = 0) -> int:
    """Print the JSON schema that the planning model answers in."""
    output.print_json(schema(clips, images, wordless=wordless > 0))
    return output.OK


@app.command(epilog=examples("videod plan check plan.json --clips 18 --images 22", "videod plan check - --json"))
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A plan.json, or - for standard input.")],
    clips: Clips = None,
    images: Images = None,
    spoken: Spoken = "",
    pace: VoiceRate = None,
    wordless: Wordless = 0,
    as_json: AsJson = False,
) -> int:
    """Check a plan against the rules of the craft, and read it like an editor."""
    told = Telling(_language(spoken), Pace(pace), wordless=wordless)
    text = _text(file)
    try:
        data: object = json.loads(text, parse_constant=_no_number)
        found = _judge(data, clips, images, told)
    except (ValueError, RecursionError) as problem:
        reason = "is nested too deeply" if isinstance(problem, RecursionError) else f"is not valid JSON: {problem}"
        data, found = None, (Complaint("(file)", "json", reason),)
    if as_json:
        listed = [asdict(complaint) for complaint in found]
        seconds, warned = _seconds(data, pace), [_warning(*one) for one in _warnings(data, told.language)]
        output.print_json({"ok": not found, "complaints": listed, "warnings": warned, "seconds": seconds})
    else:
        _print(data, found, told)
    return output.REFUSED if found else output.OK


@app.command(hidden=True)
def judge() -> int:
    """Answer the questions of scripts/generate_plan.py, one JSON object on a line."""
    plan_judge.run()
    return output.OK


def _language(code: str) -> Language | None:
    try:
        return language(code) if code else None
    except ValueError as unknown:
        raise CommandError(output.USAGE, str(unknown), "give the language of the channel") from None


def _seconds(data: object, rate: float | None) -> list[float]:
    """How long each clip's narration would take; nothing for what is no plan."""
    try:
        return [narration_seconds(clip.narration, rate) for clip in parse(data).clips]
    except PlanError:
        return []


def _warnings(data: object, spoken: Language | None) -> list[tuple[Remark, str]]:
    """What an editor would say of a plan, each with the line that it is about; nothing of what is no plan."""
    try:
        plan = parse(data)
    except PlanError:
        return []
    return [
        (remark, plan.clips[remark.clip - 1].narration if remark.clip else "")
        for remark in remarks(plan, spoken)
        if not remark.refused
    ]


def _warning(remark: Remark, line: str) -> dict[str, object]:
    return {
        "where": remark.where, "rule": remark.rule, "message": remark.message, "clip": remark.clip,
        "line": line or None,
    }  # fmt: skip


def _text(name: str) -> str:
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as source:
            data = source.read(BYTES_MAX + 1)
    except OSError as problem:
        raise CommandError(output.REFUSED, f"{name} cannot be read: {problem.strerror}", "name a plan.json") from None
    if len(data) > BYTES_MAX:
        raise CommandError(output.REFUSED, f"{name} is larger than {BYTES_MAX // 1_000_000} MB", "name a plan.json")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(output.REFUSED, f"{name} is not UTF-8 text", "name a plan.json") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _judge(
    data: object, clips: int | None, images: int | None, told: Telling
) -> tuple[Complaint, ...]:  # fmt: skip
    """A count that was not given is the plan's own."""
    body = data if isinstance(data, dict) else {}
    own = {name: len(body[name]) if isinstance(body.get(name), list) else 1 for name in ("clips", "images")}
    wanted = clips or own["clips"] or 1, images or own["images"] or 1
    return complaints(data if isinstance(data, dict) else {"plan": data}, *wanted, told)


def _print_warnings(told: Sequence[tuple[Remark, str]]) -> None:
    output.heading(f"{len(told)} warning{'s' if len(told) > 1 else ''}, as an editor would read it")
    for remark, line in told:
        if line:
            output.say(f'  Clip {remark.clip}, "{line}"')
        output.say(f"  {'  ' if line else ''}({remark.rule}) {remark.message}")


def _print(data: object, found: Sequence[Complaint], asked: Telling) -> None:
    if told := _warnings(data, asked.language):
        _print_warnings(told)
    if found:
        output.heading(f"{len(found)} complaint{'s' if len(found) > 1 else ''}")
        for complaint in found:
            output.say(f"  {complaint.where} ({complaint.rule}): {complaint.message}")
        return
    try:
        plan = parse(data)
    except PlanError as problem:
        raise AssertionError(f"a plan without complaints cannot be read: {problem}") from problem
    seconds = sum(_seconds(data, asked.pace.rate))
    verdict = "The plan can be used as it is." if told else "No problems found."
    output.say(f"{plan.title}: {len(plan.clips)} clips, {len(plan.images)} images, about {seconds:.0f} s. {verdict}")
