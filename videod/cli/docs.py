"""`videod docs PART` prints a part of the documentation that is made from the code; `update FILE...` sets it in files.

A file holds such a part between the lines `<!-- generated: NAME -->` and `<!-- end -->` (`# generated: NAME` and
`# end` in videod.toml and the unit). A test compares what stands there with what is printed now, so that neither
diagrams nor tables can grow old.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from videod.cli import alert_docs, answer_docs, api_docs, options, output, price_docs, status_docs
from videod.cli.markdown import table
from videod.cli.options import examples
from videod.core import offers
from videod.core.failures import BY_EXIT_CODE, POLICY, Kind
from videod.core.service import Limits, Service
from videod.core.services import LANES
from videod.core.statuses import ERRORS, LABELS, Gate
from videod.core.step import Step
from videod.core.tables import REVIEWED, STEPS

_BLOCK = re.compile(r"((?:<!--|#) generated: ([a-z]+)(?: -->)?\n).*?^((?:<!--|#) end\b)", re.DOTALL | re.MULTILINE)


app = options.app()


@app.command("docs", epilog=examples("videod docs failures", "videod docs update README.md docs/*.md"))
def print_part(
    what: Annotated[str, typer.Argument(metavar="PART", help="The part, or `update` to write all parts into files.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="With `update`: the files.")] = None,
) -> int:
    """Print or update the parts of the documentation that come from the code."""
    if what in BLOCKS:
        print(BLOCKS[what]())
        return output.OK
    if what != "update":
        raise output.CommandError(output.USAGE, f"there is no part {what!r}", f"name one of: {', '.join(BLOCKS)}")
    if not files:
        raise output.CommandError(output.USAGE, "update needs files", "name them: videod docs update README.md")
    for path in files:
        old = _read(path)
        new = WHOLE[path.name]() if path.name in WHOLE else renewed(old)
        if new != old:
            path.write_text(new)
        output.say(f"{path}: {'updated' if new != old else 'up to date'}")
    return output.OK


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        hint = "name a Markdown file"
        raise output.CommandError(output.MISSING, f"{path} cannot be read: {error.strerror}", hint) from error


def renewed(text: str) -> str:
    """`text` with every generated part as it is now. Raises CommandError where a part's name is not known."""

    def block(found: re.Match[str]) -> str:
        make = BLOCKS.get(found[2])
        if make is None:
            hint = f"the parts are: {', '.join(BLOCKS)}"
            raise output.CommandError(output.REFUSED, f"there is no part {found[2]}", hint)
        return f"{found[1]}{make()}\n{found[3]}"

    return _BLOCK.sub(block, text)


# ------------------------------------------------------------------------------------------- the step table

_PER = {"episode": "once", "image": "each image", "clip": "each clip"}


def diagram() -> str:
    """The steps and the review gates between them, as a mermaid flowchart of the shortest ways."""
    lines = ["```mermaid", "flowchart TD"]
    for step in STEPS.values():
        paid = "<br/>costs money" if step.paid else ""
        lines.append(f'    {step.name}["{step.name}<br/>{_PER[step.per]}, {step.service}{paid}"]')
    lines += [f'    gate_{gate.value}{{{{"review: {gate.value}"}}}}' for gate in Gate]
    ways = _ways()
    lines += [f"    {start} --> {end}" for start in ways for end in ways[start] if not _detour(ways, start, end)]
    paid_steps = ",".join(step.name for step in STEPS.values() if step.paid)
    lines += ["    classDef paid stroke-width:3px", f"    class {paid_steps} paid", "```"]
    return "\n".join(lines)


def _ways() -> dict[str, list[str]]:
    """node -> nodes that wait for it, gates included: a gate waits for what it reviews, a step for its gate."""
    ways: dict[str, list[str]] = {name: [] for name in (*STEPS, *(f"gate_{gate.value}" for gate in Gate))}
    for step in STEPS.values():
        for name in step.after:
            ways[name].append(step.name)
        if step.gate is not None:
            ways[f"gate_{step.gate.value}"].append(step.name)
    for gate, names in REVIEWED.items():
        for name in names:
            ways[name].append(f"gate_{gate.value}")
    return ways


def _detour(ways: dict[str, list[str]], start: str, end: str) -> bool:
    """Whether `end` is also reached over another node, so that the direct arrow says nothing new."""
    seen: set[str] = set()
    open_nodes = [node for node in ways[start] if node != end]
    while open_nodes:
        node = open_nodes.pop()
        if node == end:
            return True
        if node not in seen:
            seen.add(node)
            open_nodes += ways[node]
    return False


def steps() -> str:
    """The step table."""
    head = ("step", "script", "service", "made", "after", "gate before it", "paid", "deadline", "error status")
    return table(head, (_step_row(step) for step in STEPS.values()))


def _step_row(step: Step) -> Sequence[str]:
    error = LABELS[step.error] if step.error in ERRORS and not step.without else "none"
    error += f": {step.without}" if step.without else ""
    deadline = f"{step.deadline_s // 60} min" if step.deadline_s < 3600 else f"{step.deadline_s // 3600} h"
    return (
        step.name, ", ".join(_scripts(step)), " or ".join(_doers(step)), _PER[step.per],
        ", ".join(step.after) or "queued",
        step.gate.value if step.gate else "", "yes" if step.paid else "", deadline, error,
    )  # fmt: skip


def _scripts(step: Step) -> Iterator[str]:
    yield f"`{step.script}`"
    yield from (f"`{offer.script}` ({service})" for service, offer in offers.others() if offer.step == step.name)


# ------------------------------------------------------------------------------------------- failures


def failures() -> str:
    """What is done about each kind of failure."""
    codes = {kind: sorted(code for code, one in BY_EXIT_CODE.items() if one == kind) for kind in Kind}
    head = ("kind", "exit code", "what videod does", "alert", "what you do")
    rows = (
        (f"`{kind.value}`", ", ".join(map(str, codes[kind])), policy.answer.value, "yes" if policy.alert else "",
         policy.advice or "nothing")
        for kind, policy in POLICY.items()
    )  # fmt: skip
    return table(head, rows)


# ------------------------------------------------------------------------------------------- scripts


def older() -> str:
    """The arguments that a user's own script of a step is called with, where it may be of before videod."""
    rows = [(step.name, f"`{' '.join(step.legacy_args)}`") for step in STEPS.values() if step.legacy_args]
    return table(("step", "arguments"), iter([*rows, ("all others", "all arguments of our script, see below")]))


#: a program of its own, since videod imports no script: the --help of each script of a folder, as JSON
_HELPS = """
import contextlib, io, json, runpy, sys
folder, *names = sys.argv[1:]
found = {}
for name in names:
    said, sys.argv = io.StringIO(), [name, "--help"]
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        runpy.run_path(f"{folder}/{name}", run_name="__main__")
    found[name] = said.getvalue()
print(json.dumps(found))
"""


@cache
def scripts() -> str:
    """A section for each script, those of the steps first: what it does, its arguments, its example."""
    from videod.config import PACKAGED

    packaged = PACKAGED / "scripts"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[2] / "scripts"
    own = list(dict.fromkeys(step.script for step in STEPS.values()))
    others = sorted(path.name for path in folder.glob("*.py") if path.name not in (*own, "__init__.py"))
    argv = [sys.executable, "-c", _HELPS, str(folder), *own, *others]
    there = folder if folder == packaged else folder.parent
    done = subprocess.run(argv, env=os.environ | {"COLUMNS": "1000"}, cwd=there, capture_output=True, check=True)
    return "\n\n".join(_script_section(name, text) for name, text in json.loads(done.stdout).items())


def _script_section(name: str, text: str) -> str:
    _, about, rest = text.split("\n\n", 2)
    options, _, example = rest.partition("\n\nexample:\n")
    rows = (
        (", ".join(f"`{option}`" for option in names), _plain(told))
        for names, told in _options(options)
        if not {"--help", "--events"}.intersection(names)
    )
    shown = f"```text\nexample:\n{example.rstrip()}\n```"
    return f"## {name}\n\n{_plain(about.strip())}\n\n{table(('argument', 'meaning'), rows)}\n\n{shown}"


def _plain(text: str) -> str:
    """Text whose <names> Markdown does not take for tags."""
    return text.replace("<", "&lt;")


def _options(text: str) -> Iterator[tuple[list[str], str]]:
    """(names, meaning) of each option in argparse's list; its choices belong to the meaning."""
    for one in re.split(r"\n  (?=-)", text)[1:]:
        head, _, told = re.sub(r"\n\s+", "  ", one.strip()).partition("  ")
        choices = re.search(r"\{(.+)\}", head)
        words = [choices[1].replace(",", ", ")] if choices else []
        yield re.findall(r"(?<![\w-])--[a-z][a-z-]*", head), "; ".join([*words, *([told.strip()] if told else [])])


# ------------------------------------------------------------------------------------------- settings, commands


def settings() -> str:
    """Every key of videod.toml: default, what is allowed, its variable. Services and scripts have one shape each."""
    from videod.config import Service, Services, Settings

    head = ("setting", "default", "allowed", "variable")
    plain = ((path, field) for path, field in _fields(Settings) if not _of_atable(path, Service.model_fields))
    general = table(head, (_setting_row(path, field) for path, field in plain))
    allowed = ("allowed", *(_allowed(field) for _, field in _fields(Service)))
    rows = [_service_row(one.name, Services.model_fields[one.name].annotation) for one in LANES]
    services = table(("service", *(f"`{name}`" for name in Service.model_fields)), iter([*rows, allowed]))
    return f"{general}\n\n{services}\n\n`[scripts]` takes a program for each of: {', '.join(STEPS)}."


def _service_row(name: str, model: object) -> Sequence[str]:
    from videod.config import Service

    assert isinstance(model, type) and issubclass(model, BaseModel)
    limits = (field for path, field in _fields(model) if path[0] in Service.model_fields)
    return (f"`[services.{name}]`", *map(_default, limits))


def _of_atable(path: tuple[str, ...], limits: Collection[str]) -> bool:
    """Whether a setting stands in the tables of services and scripts."""
    return path[0] == "scripts" or (path[0] == "services" and len(path) == 3 and path[2] in limits)


#: the column in which remarks stand in videod.toml
_REMARK_AT = 34


def services() -> str:
    """The sections of the services in videod.toml."""
    parts = ["\n".join(_section_lines(service)) for service in LANES]
    choices = [_choice_line(step) for step in STEPS.values() if _doers(step)[1:]]
    return "\n\n".join((["\n".join(("[services]", *choices))] if choices else []) + parts)


def _doers(step: Step) -> tuple[str, ...]:
    """The services that may do a step, its own first."""
    return (step.service, *(service for service, offer in offers.others() if offer.step == step.name))


def _choice_line(step: Step) -> str:
    line = f'{step.name} = "{step.service}"'
    return f"{line:<{_REMARK_AT - 1}} # {' or '.join(_doers(step))}"


def _section_lines(service: Service) -> Iterator[str]:
    yield f"[services.{service.name}]"
    limits = service.limits or Limits()
    for name, value in limits._asdict().items():
        if value is None or (name == "quota_zone" and limits.daily_quota is None):
            continue
        line = f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value:g}"
        remark = service.remarks.get(name)
        yield f"{line:<{_REMARK_AT - 1}} # {remark}" if remark else line
    for offer in service.offers:
        if offer.script and not offer.by_plan:
            micros = service.price_micros(offer.model, offer.piece) or 0
            yield f'{offer.step}_model = "{offer.model}"'
            yield f"{offer.step}_usd = {micros / 1_000_000}"


def secrets() -> str:
    """Every secret that a person sets: what it is for and when it must be there."""
    from videod.core.service import Needed
    from videod.credentials import ALL

    rows: dict[tuple[str, Needed], list[str]] = {}
    for needed in (Needed.ALWAYS, Needed.TO_PUBLISH, Needed.OPTIONAL):
        for one in ALL:
            if one.needed == needed:
                rows.setdefault((one.purpose, needed), []).append(f"`{one.name}`")
    cells = ((", ".join(names), purpose, needed.value) for (purpose, needed), names in rows.items())
    return table(("variable", "for", "needed"), cells)


def credentials() -> str:
    """The lines of the unit that hand the secrets over."""
    from videod.credentials import ISSUED, SECRET_NAMES

    names = (name.lower() for name in SECRET_NAMES if name not in ISSUED)
    return "\n".join(f"LoadCredential={name}:videod.{name}" for name in names)


def channel() -> str:
    """Every key of a channel's file."""
    from videod.channels import Channel

    required = {name: "required" for name, field in Channel.model_fields.items() if field.is_required()}
    given = required | {"id": "the file's name"}
    rows = (
        (f"`{'.'.join(path)}`", given.get(path[0]) or _default(field), _allowed(field))
        for path, field in _fields(Channel)
    )
    return table(("key", "default", "allowed"), rows)


def _fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    """(path of the key, its JSON schema) of every plain key of a model and the models within."""
    properties = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, (*path, name))
        else:
            yield (*path, name), properties[name]


def _setting_row(path: tuple[str, ...], field: dict[str, object]) -> Sequence[str]:
    variable = f"VIDEOD_{'_'.join(path).upper()}"
    return f"`[{'.'.join(path[:-1])}] {path[-1]}`", _default(field), _allowed(field), f"`{variable}`"


def _default(field: dict[str, object]) -> str:
    value = field.get("default")
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{', '.join(f'{one:g}' for one in value) if isinstance(value, list) else value}`"


def _allowed(field: dict[str, object]) -> str:
    """What the schema lets through, in words."""
    choices = field.get("anyOf")
    if isinstance(choices, list):
        return _allowed(next(one for one in choices if one.get("type") != "null"))
    if "enum" in field:
        values = field["enum"]
        assert isinstance(values, list)
        return " or ".join(f"`{one}`" if one else "empty" for one in values)
    kind = {"boolean": "`true` or `false`", "array": "a list", "integer": "a whole number", "number": "a number"}
    if field.get("format") == "path":
        return "a file or folder"
    words = [kind.get(str(field.get("type")), "text")]
    for name, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "up to")):
        bound = field.get(name)
        if isinstance(bound, int | float):
            words.append(f"{word} {bound:g}")
    if isinstance(longest := field.get("maxLength"), int):
        words.append(f"of at most {longest} characters")
    return " ".join(words)


def commands() -> str:
    """The commands of videod."""
    from videod.cli.main import COMMANDS

    rows = ((f"`videod {name}`", row.help) for name, row in COMMANDS.items())
    return table(("command", "what it does"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "diagram": diagram, "steps": steps, "older": older, "statuses": status_docs.statuses,
    "moves": status_docs.moves, "failures": failures,
    "settings": settings, "services": services, "secrets": secrets, "credentials": credentials, "channel": channel,
    "scripts": scripts, "commands": commands, "answers": answer_docs.answers,
    "clips": price_docs.clips, "alerts": alert_docs.alerts, "paths": api_docs.paths, "codes": api_docs.codes,
}  # fmt: skip
#: files that are made as a whole, by their names
WHOLE: dict[str, Callable[[], str]] = {
    "verdicts.json": answer_docs.rows_for_scripts, "verdicts.py": answer_docs.judge_for_scripts,
    "openapi.json": api_docs.document,
}  # fmt: skip
