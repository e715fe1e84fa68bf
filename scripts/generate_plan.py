"""Plans one episode with Gemini in stages: facts, stories, beats, text, edit, pictures. Leaves plan.json and papers.

Each answer is checked, and complaints go back to the model. story.json keeps what each stage came to, so that a plan
can be written again from any of them (`--from beats`).

A plan that stands is not asked for again (`<output>.job.json` says for which brief it was made): everything that was
bought for it would have to be bought for another. A run that was ended continues from the answers that are paid for.
"""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from scripts.lib import (
    answers,
    atomic,
    gemini,
    own_words,
    plan_answers,
    plan_channel,
    plan_papers,
    receipt,
    script_runtime,
    sources,
)
from scripts.lib.failures import Failure, Kind, secret
from scripts.lib.plan_checker import Checker, Stage
from scripts.lib.planning import Brief, Models, Planner
from scripts.lib.script_runtime import Reporter

MODEL, LIGHT = "gemini-3.8-flash", "gemini-3.5-flash-lite"
#: what each stage came to, beside the plan
STORY = "story.json"
STORY_BYTES = 16 << 20
#: what is written first once another story is chosen
CHOSEN_FROM = "beats"


def parser() -> script_runtime.Arguments:
    made = script_runtime.Arguments(
        "generate_plan.py",
        "Plan an episode: images, clips, narration, sounds, checked against the rules of the craft (about 0.12 USD).\n"
        "Needs GEMINI_API_KEY in the environment. Also writes six readable documents next to plan.json.",
        'python scripts/generate_plan.py --title "The River\'s Edge" --topic "brown bears and salmon" \\\n'
        '    --direction "an old bear loses its place and finds another" --channel-name "Wild Minutes" \\\n'
        '    --brand "solemn, dawn light" --clips 18 --images 22 --output plan/plan.json',
    )
    made.add_argument("--title", required=True, help="the episode's title")
    made.add_argument("--topic", required=True, help="what it is about")
    made.add_argument("--direction", required=True, help="how the story goes")
    made.add_argument("--channel-name", required=True, help="the channel's name")
    made.add_argument("--brand", default="", metavar="TEXT", help="the channel's subject, tone and style")
    made.add_argument("--clips", type=int, default=18, metavar="N", help="default 18")
    made.add_argument("--images", type=int, default=22, metavar="M", help="default 22")
    made.add_argument(
        "--language", default="en", metavar="CODE", help="language of the narration, such as de (default en)"
    )
    made.add_argument("--channel-file", type=Path, metavar="FILE", help="JSON: pace, likes, banned, before")
    made.add_argument(
        "--facts", default="wikipedia", choices=("wikipedia", "none"), help="where to read (default wikipedia)"
    )
    made.add_argument("--sources", type=Path, metavar="FILE", help="your own sources: links, or text by paragraphs")
    own = made.add_mutually_exclusive_group()
    own.add_argument("--script", type=Path, metavar="FILE", help="your own narration: a paragraph for each clip")
    own.add_argument("--plan", type=Path, metavar="FILE", help="your own plan: checked, then used as it is, at no cost")
    made.add_argument("--search", action="store_true", help="also let the model search the web (0.014 USD a search)")
    made.add_argument(
        "--contact", default="", metavar="TEXT", help="e-mail address or web page for Wikipedia to contact you"
    )
    made.add_argument("--output", type=Path, default=Path("plan/plan.json"), help="default plan/plan.json")
    made.add_argument("--model", default=MODEL, help=f"for stories, text and edit (default {MODEL})")
    made.add_argument("--light-model", default=LIGHT, help=f"for facts, beats and pictures (default {LIGHT})")
    made.add_argument("--rounds", type=int, default=3, metavar="N", help="repairs of a stage at most, default 3")
    made.add_argument("--from", dest="start", metavar="STAGE", help="keep story.json up to this stage, such as beats")
    made.add_argument("--story", type=int, metavar="N", help="tell another story of story.json, from the beats on")
    made.add_argument("--show-prompts", action="store_true", help="print the prompts, and ask nothing")
    made.add_argument("--checker", metavar="CMD", help='default "<this python> -m videod plan"')
    made.add_argument("--api-version", default="v1beta", choices=("v1beta", "v1"), help="default v1beta")
    made.add_argument("--buy-again", action="store_true", help="ask even if an earlier request may have been paid for")
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
    script = own_words.lines(arguments.script) if arguments.script else ()
    return Brief(
        title=arguments.title, topic=arguments.topic, direction=arguments.direction, channel=arguments.channel_name,
        brand=arguments.brand, clips=len(script) or arguments.clips, script=script,
        images=arguments.images, language=arguments.language,
        habits=plan_channel.read(arguments.channel_file),
    )  # fmt: skip


def work(arguments: argparse.Namespace, reporter: Reporter) -> None:
    brief = read_brief(arguments)
    own = own_words.plan(arguments.plan) if arguments.plan else None
    command = shlex.split(arguments.checker) if arguments.checker else [sys.executable, "-m", "videod", "plan"]
    if not command:
        raise Failure(Kind.USAGE, "--checker names no program")
    if own is not None:
        take(arguments.output, own, brief, tuple(command), reporter)
        return
    if not arguments.show_prompts:
        secret("GEMINI_API_KEY", "Gemini")
    kept = plan_answers.Answers(plan_answers.path_for(arguments.output))
    if not arguments.show_prompts:
        brief = replace(brief, habits=plan_channel.begun(arguments.output, brief.habits, going_on=bool(kept.kept)))
    with Checker(tuple(command), brief.clips, brief.images, brief.language, brief.habits.size()) as checker:
        if brief.script:
            checker.tell(brief.script)
        stages = checker.stages()
        brief = replace(brief, lengths=checker.lengths)
        if arguments.show_prompts:
            show(brief, stages)
        else:
            write(arguments, brief, checker, stages, kept, reporter)


def take(
    output: Path, plan: dict[str, answers.Json], brief: Brief, command: tuple[str, ...], reporter: Reporter
) -> None:
    """A plan that a person wrote: nothing is asked, nothing is paid. Raises Failure(input) with what is wrong."""
    clips, images = (len(answers.items(plan.get(name))) for name in ("clips", "images"))
    size = brief.habits.size()
    with Checker(command, max(1, clips), max(1, images), brief.language, size) as checker:
        found = checker.complaints(plan)
        told = "; ".join(complaint.line() for complaint in found)
    if found:
        raise Failure(Kind.INPUT, f"the plan breaks {len(found)} rules: {told}", next_step="correct the plan")
    for name, text in plan_papers.papers(plan).items():
        atomic.write_text(output.with_name(name), text)
    atomic.write_text(output, json.dumps(plan, ensure_ascii=False, indent=2) + "\n")
    reporter.result(output, clips=clips, images=images)


def show(brief: Brief, stages: Sequence[Stage]) -> None:
    """Print what the model would be told in each stage; what earlier stages answer is left out."""
    for stage in stages:
        print(f"{'=' * 20} {stage.name} ({'strong' if stage.strong else 'light'} model)\n\n{brief.prompt(stage, {})}\n")


def write(
    arguments: argparse.Namespace, brief: Brief, checker: Checker, stages: Sequence[Stage],
    kept: plan_answers.Answers, reporter: Reporter,
) -> None:  # fmt: skip
    output: Path = arguments.output
    models = Models(arguments.model, arguments.light_model, arguments.api_version)
    given = kept_before(arguments, stages)
    wanted = sources.Wanted(
        brief.topic, brief.title, brief.language, sources.given(arguments.sources) if arguments.sources else "",
        arguments.facts == "wikipedia", arguments.contact,
    )  # fmt: skip
    settings: dict[str, answers.Json] = {**brief.order(), "light": models.light, "given": given}
    settings |= {"own": wanted.given} if wanted.given else {}
    settings |= {"search": True} if arguments.search else {}
    fingerprint = receipt.digest(gemini.SERVICE, models.strong, "plan", settings, [])
    order = receipt.open_order(
        output, gemini.SERVICE, fingerprint, buy_again=arguments.buy_again, answers_kept=len(kept.kept)
    )  # fmt: skip
    if order.receipt and order.state == "received" and stands(output, checker):
        order.settled(order.receipt.usd)  # once more, over what a run that was ended there may have left half written
        finish(output, kept, brief, reporter)
        return
    planner = Planner(models, brief, checker, reporter, order, kept, dict(given))
    if given:
        about = listed(output)
    elif brief.script:
        about = []
    else:
        cited = read(wanted, output, planner if arguments.search else None, reporter)
        planner.brief, about = replace(brief, sources=cited.prompt()), [one.cited() for one in cited.sources]
    checker.cite(about)
    verdict = planner.plan(stages, arguments.rounds)
    if verdict.plan is None:
        raise Failure(Kind.CONFIGURATION, "the plan checker returned no plan after the last stage")
    story: dict[str, answers.Json] = dict(planner.written)
    story |= {"warnings": [asdict(one) for one in planner.warnings]} if planner.warnings else {}
    story |= {"sources": about} if about else {}
    story |= {"seconds": list(verdict.seconds)} if verdict.seconds else {}
    atomic.write_text(output.with_name(STORY), json.dumps(story, ensure_ascii=False, indent=2) + "\n")
    for name, text in plan_papers.papers(verdict.plan, verdict.seconds, story).items():
        atomic.write_text(output.with_name(name), text)
    # last: the plan's presence says that everything else is there
    atomic.write_text(output, json.dumps(verdict.plan, ensure_ascii=False, indent=2) + "\n")
    order.settled(kept.usd())
    finish(output, kept, brief, reporter)


def kept_before(arguments: argparse.Namespace, stages: Sequence[Stage]) -> dict[str, answers.Json]:
    """What stays of the last plan: nothing, the stages before --from, or with --story those before the beats.

    Raises Failure(usage or input).
    """
    number, start = arguments.story, arguments.start
    if number is None:
        return earlier(arguments.output, stages, start) if start else {}
    if start not in (None, CHOSEN_FROM):
        raise Failure(Kind.USAGE, f"--story writes the {CHOSEN_FROM} and all that follows. Leave out --from")
    given = earlier(arguments.output, stages, CHOSEN_FROM)
    written = answers.record(given["stories"])
    stories = answers.items(written.get("stories"))
    if not 1 <= number <= len(stories):
        raise Failure(Kind.USAGE, f"--story lies between 1 and {len(stories)}, the stories of {STORY}, not {number}")
    if written.get("chosen") != number:
        given["stories"] = {**written, "chosen": number, "why": "chosen by the creator"}
    return given


def earlier(output: Path, stages: Sequence[Stage], start: str) -> dict[str, answers.Json]:
    """The answers of the stages before `start`, as the last plan left them. Raises Failure(usage or input)."""
    names = [stage.name for stage in stages]
    if start not in names:
        raise Failure(Kind.USAGE, f"--from is one of {', '.join(names)}, not {start[:40]!r}")
    path = output.with_name(STORY)
    try:
        found = answers.record(answers.parse(atomic.read_small(path, STORY_BYTES)))
    except (OSError, ValueError) as error:
        raise Failure(
            Kind.INPUT, f"{path} cannot be read: {error}", next_step="plan it whole, without --from"
        ) from error
    wanted = names[: names.index(start)]
    if missing := [name for name in wanted if not isinstance(found.get(name), dict)]:
        raise Failure(Kind.INPUT, f"{path} has no {missing[0]}", next_step="plan it whole, without --from")
    return {name: found[name] for name in wanted}


def read(wanted: sources.Wanted, output: Path, searcher: Planner | None, reporter: Reporter) -> sources.Read:
    """What the facts are taken from; nothing that is missing there keeps a plan from being made.

    `searcher` looks the topic up on the web: a paid question, whose outages are those of the other questions.
    """
    reporter.progress(0.0, "reading sources")
    found = sources.collected(wanted, output)
    if searcher is not None:
        try:
            found = found.with_found(searcher.look_up())
        except Failure as problem:
            if problem.kind not in (Kind.INPUT, Kind.CONFIGURATION, Kind.REFUSED):
                raise
            found = found.without(f"The web could not be searched: {problem}")
    reporter.progress(0.0, found.sentence())
    return found


def listed(output: Path) -> list[answers.Json]:
    """The sources of the plan that is written again, as its story has them."""
    return answers.items(answers.dig(answers.parse(atomic.read_small(output.with_name(STORY), STORY_BYTES)), "sources"))


def stands(output: Path, checker: Checker) -> bool:
    """Whether there is a plan without complaints."""
    try:
        return checker.approves(answers.parse(atomic.read_small(output)))
    except (OSError, ValueError):
        return False


def finish(output: Path, kept: plan_answers.Answers, brief: Brief, reporter: Reporter) -> None:
    """The plan stands: clear up what led to it."""
    kept.forget()
    atomic.remove(plan_channel.noted(output))
    sources.forget(output)
    reporter.result(output, clips=brief.clips, images=brief.images)


def main(argv: Sequence[str] | None = None) -> int:
    return script_runtime.run(parser(), work, argv)


if __name__ == "__main__":
    raise SystemExit(main())
