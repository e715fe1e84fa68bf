"""`videod plan schema | check`: the schema that the planning model answers in, and what is wrong with a plan.

scripts/generate_plan.py asks these two commands, so that the rules of the craft stand in one place. Its answers with
`--json` are {"ok": bool, "complaints": [{"where", "rule", "message"}]}; the exit code is 0 or 65.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from videod.cli import output
from videod.cli.output import CommandError, Parser
from videod.core.craft import Complaint, complaints
from videod.core.plan import PlanError, narration_seconds, parse
from videod.core.plan_schema import schema

#: a plan of 60 clips has about 100 kB
BYTES_MAX = 4_000_000


def main(argv: Sequence[str]) -> int:
    return output.run(_plan, argv)


def _plan(argv: Sequence[str]) -> int:
    given = _parser().parse_args(argv)
    if given.verb == "schema":
        output.print_json(schema(given.clips, given.images))
        return output.OK
    return _check(given)


def _parser() -> Parser:
    made = Parser(prog="videod plan", description="Plans of episodes: their JSON schema, and checking one.")
    verbs = made.add_subparsers(dest="verb", required=True, metavar="schema|check", parser_class=Parser)
    of_schema = verbs.add_parser("schema", help="print the JSON schema of a plan", description=schema.__doc__)
    check = verbs.add_parser(
        "check", help="say what is wrong with a plan", description="Say what is wrong with a plan."
    )
    check.add_argument("file", metavar="FILE", help="a plan.json, or - for standard input")
    check.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    for verb in (of_schema, check):
        verb.add_argument("--clips", type=_count, metavar="N", help="how many clips there must be")
        verb.add_argument("--images", type=_count, metavar="M", help="how many images there must be")
    return made


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 200:
        raise argparse.ArgumentTypeError("must be a number from 1 to 200")
    return int(text)


def _check(given: argparse.Namespace) -> int:
    text = _text(given.file)
    try:
        data: object = json.loads(text, parse_constant=_no_number)
        found = _judge(data, given.clips, given.images)
    except (ValueError, RecursionError) as problem:
        reason = "is nested far too deep" if isinstance(problem, RecursionError) else f"is not valid JSON: {problem}"
        data, found = None, (Complaint("(file)", "json", reason),)
    if given.as_json:
        output.print_json({"ok": not found, "complaints": [asdict(complaint) for complaint in found]})
    else:
        _print(data, found)
    return output.REFUSED if found else output.OK


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


def _judge(data: object, clips: int | None, images: int | None) -> tuple[Complaint, ...]:
    """A count that was not given is the plan's own."""
    body = data if isinstance(data, dict) else {}
    own = {name: len(body[name]) if isinstance(body.get(name), list) else 1 for name in ("clips", "images")}
    wanted = clips or own["clips"] or 1, images or own["images"] or 1
    return complaints(data if isinstance(data, dict) else {"plan": data}, *wanted)


def _print(data: object, found: Sequence[Complaint]) -> None:
    if found:
        output.heading(f"{len(found)} complaint{'s' if len(found) > 1 else ''}")
        for complaint in found:
            output.say(f"  {complaint.where} ({complaint.rule}): {complaint.message}")
        return
    try:
        plan = parse(data)
    except PlanError as problem:
        raise AssertionError(f"a plan without complaints cannot be read: {problem}") from problem
    seconds = sum(narration_seconds(clip.narration) for clip in plan.clips)
    output.say(
        f"{plan.title}: {len(plan.clips)} clips, {len(plan.images)} images, about {seconds:.0f} s. No problems found."
    )
