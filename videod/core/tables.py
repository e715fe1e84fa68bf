"""The step table: every step that has a file in `core/steps/`, in the order of work, and whether it is valid.

The order follows from what the steps say of themselves: first what fewer reviews hold back, then what comes after
what, then the name. `check()` is run at start and names each fault with its file and field.
"""

import pkgutil
import re
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module

from videod.core import offers, services
from videod.core import steps as folder
from videod.core.model import ChannelPolicy, Job, Priority, Task
from videod.core.plan import Arc, Picture, Plan, PlannedClip, PlannedImage
from videod.core.services import LANES
from videod.core.statuses import Gate, Status
from videod.core.step import BOARD_TAKES, Makes, Per, Price, Step

_MISSING = re.compile(r"Step\.__init__\(\) missing ")
_QUOTED = re.compile(r"'(\w+)'")
_GATES = {gate: number for number, gate in enumerate(Gate, start=1)}


def _file(module: str) -> str:
    return f"videod/core/steps/{module}.py"


def _found() -> tuple[dict[str, Step], dict[str, str], list[str]]:
    """The steps by name, their files, and what is wrong with files that hold none."""
    found: dict[str, Step] = {}
    files: dict[str, str] = {}
    faults: list[str] = []
    for module in sorted(one.name for one in pkgutil.iter_modules(folder.__path__)):
        file = _file(module)
        try:
            loaded = import_module(f"{folder.__name__}.{module}")
        except TypeError as error:
            if not _MISSING.search(str(error)):
                raise
            names = ", ".join(f"`{name}`" for name in _QUOTED.findall(str(error)))
            faults.append(f"{file}: {names} missing. videod/core/step.py says what every field is")
            continue
        rows = getattr(loaded, "STEPS", None) or (getattr(loaded, "STEP", None),)
        for step in rows:
            if not isinstance(step, Step):
                faults.append(f"{file}: there is no `STEP`")
            elif step.name in found:
                faults.append(f"{file}: `name` {step.name!r} is taken by {files[step.name]}")
            else:
                found[step.name], files[step.name] = step, file
    return found, files, faults


def _earlier(rows: Mapping[str, Step], name: str) -> set[str]:
    """All steps that come before this one; it is one of them itself where there is a circle."""
    reached: set[str] = set()
    new = set(rows[name].after)
    while new:
        reached |= new
        new = {before for one in new if one in rows for before in rows[one].after} - reached
    return reached


def _stage(rows: Mapping[str, Step], name: str) -> int:
    """How many reviews are passed before the step may start: its own gate's, or one of an earlier step's."""
    gates = [rows[one].gate for one in ({name} | _earlier(rows, name)) if one in rows]
    return max((_GATES.get(gate, 0) for gate in gates if gate is not None), default=0)


def _depth(rows: Mapping[str, Step], name: str) -> int:
    """How many steps come before it one after the other; bounded, so that a circle is reported, not walked."""
    depths = dict.fromkeys(rows, 0)
    for _ in rows:
        for one, step in rows.items():
            depths[one] = max((depths[before] + 1 for before in step.after if before in rows), default=0)
    return depths[name]


def in_order(rows: Mapping[str, Step]) -> dict[str, Step]:
    """The steps in the order of work."""
    return {name: rows[name] for name in sorted(rows, key=lambda one: (_stage(rows, one), _depth(rows, one), one))}


_UNORDERED, FILES, _FAULTS = _found()

STEPS: dict[str, Step] = in_order(_UNORDERED)
ORDER: dict[str, int] = {name: at for at, name in enumerate(STEPS)}
#: the services that the steps' own scripts are for, and with them those that may be chosen in their place
USUAL: tuple[str, ...] = tuple(dict.fromkeys(step.service for step in STEPS.values()))
SERVICES: tuple[str, ...] = tuple(dict.fromkeys((*USUAL, *(service.name for service in LANES))))
#: how a person names all of them at once
ALL = "all"

#: the steps whose failure stops no episode: what needs them continues without
SPARED: frozenset[str] = frozenset(name for name, step in STEPS.items() if step.without)
#: the steps whose results a person looks at, gate by gate; the last gate looks at the film
REVIEWED: dict[Gate, tuple[str, ...]] = {
    gate: tuple(name for name, step in STEPS.items() if step.review == gate) for gate in Gate
}


def step_of(job: Job) -> Step:
    """The job's step as the service of the job does it. Raises LookupError where that one does not (any more)."""
    return offers.at(STEPS[job.step], job.service)


# ------------------------------------------------------------------------------------------------- soundness


def check(secrets: Collection[str] | None = None) -> None:
    """Raise ValueError naming each fault of the table by the file and the field of its step.

    `secrets`: those that there are; None: not compared. Whether the services have what steps need of them is asked by
    `services.check`.
    """
    found = list(_FAULTS)
    for step in STEPS.values():
        wrong = [*_faults(step), *_unread(step, secrets)]
        found += [f"{FILES.get(step.name, step.name)}: {one}" for one in wrong]
    found += _price_faults()
    if not found:
        found += _job_faults()
    if found:
        raise ValueError("; ".join(found))


def _faults(step: Step) -> Iterator[str]:
    for field, kind in (("per", Per), ("makes", Makes), ("error", Status)):
        if getattr(step, field) not in set(kind):
            yield f"`{field}` {getattr(step, field)!r} is none of {', '.join(kind)}"
    if "/" in step.script or not step.script.endswith(".py"):
        yield f"`script` {step.script!r} is not the name of a file in scripts/"
    for field in ("name", "service", "noun"):
        if not getattr(step, field):
            yield f"`{field}` is empty"
    if step.makes != Makes.NOTHING and not step.suffix.startswith("."):
        yield f"`suffix` {step.suffix!r} is not a suffix. Write one such as .png"
    if step.shown_as is not None and step.suffix not in BOARD_TAKES:
        yield f"`shown_as`: the board takes no {step.suffix or 'step without a'} file. Leave `shown_as` out"
    if step.travels and (step.price is not None or step.secrets or _outside(step)):
        yield "`travels`: a step that pays, has secrets or goes online stays at home. Leave `travels` out"
    yield from _place_faults(step)


def _outside(step: Step) -> bool:
    service = services.named(step.service)
    return service is None or service.outside


def _place_faults(step: Step) -> Iterator[str]:
    """What is wrong with its place among the steps and the reviews."""
    if unknown := [name for name in step.after if name not in STEPS]:
        yield f"`after` names {', '.join(unknown)}, which is not a step"
    earlier = _earlier(STEPS, step.name) if step.name in STEPS else set()
    if step.name in earlier:
        ways = [name for name in step.after if step.name in _earlier(STEPS, name) | {name}]
        yield f"`after` makes a circle: {', '.join(ways)} comes after {step.name}"
        return
    stage = _stage(STEPS, step.name)
    if step.review is None and stage < len(_GATES):
        yield "`review` is missing: only steps behind the last review need none"
    if step.review is not None and stage >= _GATES[step.review]:
        yield f"`review` {step.review.value} would wait for a step that waits for it"


def _unread(step: Step, secrets: Collection[str] | None) -> Iterator[str]:
    unread = [name for name in step.secrets if name not in secrets] if secrets is not None else []
    if unread:
        yield f"`secrets`: no service has {', '.join(unread)}"


def _price_faults() -> list[str]:
    """Two steps may have one price, but not two prices of one name."""
    found = []
    by_name: dict[str, Price] = {}
    for name, step in STEPS.items():
        if step.price is not None:
            known = by_name.setdefault(step.price.name, step.price)
            if known.key != step.price.key:
                found.append(f"{FILES[name]}: `price` {step.price.name!r} is another one in another file")
    return found


def _job_faults() -> list[str]:
    """What is wrong with the jobs that the steps make of a small plan: each needs jobs of earlier steps only."""
    jobs: list[tuple[Step, Job]] = []
    found = []
    for step in STEPS.values():
        try:
            jobs += [(step, job) for job in step.jobs(_TASK, _PLAN, _POLICY)]
        except Exception as error:  # whatever it is, the message names the file
            found.append(f"{FILES[step.name]}: `jobs` fails on a small plan: {type(error).__name__}: {error}")
    known = {job.name for _, job in jobs} | {"plan/plan"}
    for step, job in jobs:
        if job.step != step.name:
            found.append(f"{FILES[step.name]}: `jobs` makes {job.name}, a job of another step")
        for need in job.needs:
            if need not in known:
                found.append(f"{FILES[step.name]}: `jobs`: {job.name} needs {need}, which no step makes")
            elif need.split("/", 1)[0] not in step.after:
                found.append(f"{FILES[step.name]}: `after` lacks {need.split('/', 1)[0]}, which {job.name} needs")
    return found


def _image(name: str, kind: str) -> PlannedImage:
    return PlannedImage(name, kind, name, None, None, core=False, prompt="A bear.")


_PLAN = Plan(
    title="T", logline="", description="", tags=(), research=(), arc=Arc("", "", "", "", ""), atmosphere="",
    images=(_image("a", "character"), _image("b", "environment"), _image("c", "environment")),
    clips=tuple(
        PlannedClip(number, "", Picture(kind, images), "It moves.", "", "A bear waits.", "Wind.")
        for number, (kind, images) in enumerate(
            (("full", ("b",)), ("cutout", ("a", "b")), ("split", ("b", "c"))), start=1
        )
    ),
)  # fmt: skip
_TASK = Task("t", "p", "c", "T", "", "", Priority.NORMAL, None, Status.QUEUED, 0, 0)
_POLICY = ChannelPolicy(
    "c", clips=3, images=3, clip_seconds=10, auto_gates=frozenset(), negative_prompt="",
    prices_micros={step.price.name: 1 for step in STEPS.values() if step.price is not None}, rebuy_ceiling_micros=0,
    daily_budget_micros=0, episode_cap_micros=0, retry_waits_ms=(1,), retry_jitter=0.0, keep_workspace_ms=0,
)  # fmt: skip
