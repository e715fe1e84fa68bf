"""Plans one episode with Gemini: asks, has the answer checked, sends complaints back, leaves plan.json and papers.

A plan that stands is not asked for again (`<output>.job.json` says for which brief it was made): everything that was
bought for it would have to be bought for another. A run that was ended goes on from the answers that are paid for.
"""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.lib import answers, atomic, gemini, plan_answers, plan_papers, receipt, script_runtime
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.planning import Brief, Checker, Planner
from scripts.lib.script_runtime import Reporter

MODEL = "gemini-3.8-flash"


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_plan.py",
        "Plan an episode: images, clips, narration, sounds, checked against the rules of the craft (about 0.05 USD).\n"
        "Needs GEMINI_API_KEY in the environment. Besides plan.json six readable papers are written next to it.",
        'python scripts/generate_plan.py --title "The River\'s Edge" --topic "brown bears and salmon" \\\n'
        '    --direction "an old bear loses its place and finds another" --channel-name "Wild Minutes" \\\n'
        '    --brand "solemn, dawn light" --clips 18 --images 22 --output plan/plan.json',
    )
    made.add_argument("--title", required=True, help="the episode's title")
    made.add_argument("--topic", required=True, help="what it is about")
    made.add_argument("--direction", required=True, help="the way the story goes")
    made.add_argument("--channel-name", required=True, help="the channel's name")
    made.add_argument("--brand", default="", metavar="TEXT", help="the channel's subject, tone and style")
    made.add_argument("--clips", type=int, default=18, metavar="N", help="default 18")
    made.add_argument("--images", type=int, default=22, metavar="M", help="default 22")
    made.add_argument("--language", default="en", metavar="CODE", help="what is narrated, such as de; default en")
    made.add_argument("--output", type=Path, default=Path("plan/plan.json"), help="default plan/plan.json")
    made.add_argument("--model", default=MODEL, help=f"default {MODEL}")
    made.add_argument("--rounds", type=int, default=3, metavar="N", help="repairs at most, default 3")
    made.add_argument("--checker", metavar="CMD", help='default "<this python> -m videod plan"')
    made.add_argument("--api-version", default="v1beta", choices=("v1beta", "v1"), help="default v1beta")
    made.add_argument("--buy-again", action="store_true", help="ask even if an earlier request may have been paid")
    return made


def read_brief(arguments: argparse.Namespace) -> Brief:
    """The brief of the command line. Raises Failure(usage or input)."""
    if not 1 <= arguments.clips <= 60 or not 1 <= arguments.images <= 120 or not 0 <= arguments.rounds <= 10:
        raise Failure(
            Kind.USAGE, "--clips lies between 1 and 60, --images between 1 and 120, --rounds between 0 and 10"
        )
    for name in ("title", "topic"):
        if not getattr(arguments, name).strip():
            raise Failure(Kind.INPUT, f"the {name} is empty")
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", arguments.language):
        raise Failure(Kind.USAGE, f"--language is a code such as en, de or pt-BR, not {arguments.language[:40]!r}")
    return Brief(
        title=arguments.title, topic=arguments.topic, direction=arguments.direction, channel=arguments.channel_name,
        brand=arguments.brand, clips=arguments.clips, images=arguments.images, language=arguments.language,
    )  # fmt: skip


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    output: Path = arguments.output
    brief = read_brief(arguments)
    secret("GEMINI_API_KEY", "Gemini")
    command = shlex.split(arguments.checker) if arguments.checker else [sys.executable, "-m", "videod", "plan"]
    if not command:
        raise Failure(Kind.USAGE, "--checker names no program")
    checker = Checker(tuple(command))
    settings: dict[str, answers.Json] = asdict(brief)
    if brief.language == "en":  # as it was for plans of before there was a choice
        del settings["language"]
    fingerprint = receipt.digest(gemini.SERVICE, arguments.model, "plan", settings, [])
    kept = plan_answers.Answers(plan_answers.path_for(output))
    order = receipt.open_order(
        output, gemini.SERVICE, fingerprint, buy_again=arguments.buy_again, answer=kept.path
    )  # fmt: skip
    draft = output.with_name(f"{output.stem}.draft.json")
    if order.receipt and order.state == "received" and output.is_file() and not checker.check(output, brief):
        order.settled(order.receipt.usd)  # once more, over what a run that was ended there may have left half written
        finish(output, draft, kept, brief, reporter)
        return
    planner = Planner(arguments.model, arguments.api_version, brief, checker, draft, reporter, order, kept)
    plan = planner.plan(arguments.rounds)
    for name, text in plan_papers.papers(plan, checker.seconds).items():
        atomic.write_text(output.with_name(name), text)
    # last: the plan's presence says that everything else is there
    atomic.write_text(output, json.dumps(plan, ensure_ascii=False, indent=2) + "\n")
    order.settled(kept.usd())
    finish(output, draft, kept, brief, reporter)


def finish(output: Path, draft: Path, kept: plan_answers.Answers, brief: Brief, reporter: Reporter) -> None:
    """The plan stands: clear up what led to it."""
    atomic.remove(draft)
    kept.forget()
    reporter.result(output, clips=brief.clips, images=brief.images)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
