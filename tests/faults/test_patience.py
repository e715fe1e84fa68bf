"""No test's verdict hangs on time: the test tree itself is read for limits, clocks and naps that are not patience's."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import patience

pytestmark = pytest.mark.usefixtures("undisturbed")

TESTS = Path(__file__).resolve().parents[1]
#: campaigns and benchmarks measure; they are no verdict of `./test`
ELSEWHERE = ("campaigns", "benchmarks")
PATIENCE = TESTS / "harness" / "patience.py"
#: programs of an owner's or an attacker's, and a command for people, whose limits and naps are their own
SAMPLES = {
    TESTS / "live" / "own_scripts", TESTS / "security" / "hostile.py", TESTS / "harness" / "flooding.py",
    TESTS / "advisories.py",
}  # fmt: skip
#: run on a loop whose clock jumps: a sleep there takes no time. The others are real
VIRTUAL = ("crash", "daemon", "faults", "harness", "scenarios", "simulation")
#: what measures how long something took
STOPWATCHES = {
    "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "thread_time",
    "elapsed", "ru_utime", "ru_stime",
}  # fmt: skip
#: the limit is their first argument
WAITS = {"wait", "join", "timeout", "timeout_at", "wait_for"}
#: what limits may be called
THEIRS = {"PATIENCE_S", "SHORT_S", "TEST_S"}
LIMITS = {"timeout", "timeout_s", "seconds_max", "deadline"}

CLIENTS = {"Client", "AsyncClient", "get", "post", "put", "patch", "delete", "request", "stream"}


def modules() -> list[Path]:
    found = [path for path in TESTS.rglob("*.py") if path.relative_to(TESTS).parts[0] not in ELSEWHERE]
    return sorted(path for path in found if path != PATIENCE and not SAMPLES & {path, *path.parents})


def number(node: ast.AST | None) -> bool:
    """Whether it is written as a bare number; none and nothing are no time."""
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def own_limit(node: ast.AST | None) -> bool:
    """Whether a limit is a bare number or a constant that is not patience's."""
    return number(node) or (isinstance(node, ast.Name) and node.id.isupper() and node.id not in THEIRS)


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def limit_of(call: ast.Call) -> ast.expr | None:
    """What is given as a limit of time."""
    given = next((word.value for word in call.keywords if word.arg in LIMITS), None)
    if given is None and name_of(call) == "wait_for" and len(call.args) > 1:
        return call.args[1]
    return call.args[0] if given is None and name_of(call) in WAITS and call.args else given


def impatient(call: ast.Call) -> bool:
    """A client that gives up after httpx's own five seconds."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    mine = isinstance(owner, ast.Name) and owner.id == "httpx" and name_of(call) in CLIENTS
    return mine and not any(word.arg == "timeout" for word in call.keywords)


def is_nap(call: ast.Call, real: bool) -> bool:
    """A sleep of so many seconds on a real clock, to let something happen or not happen meanwhile."""
    if name_of(call) != "sleep" or not call.args or not number(call.args[0]):
        return False
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    loop = isinstance(owner, ast.Name) and owner.id == "asyncio"
    thread = isinstance(owner, ast.Name) and owner.id == "time"
    return thread or (loop and real)


def in_loops(tree: ast.AST) -> set[ast.AST]:
    """Everything inside of a loop: a nap between two looks is none that a verdict hangs on."""
    return {inner for node in ast.walk(tree) if isinstance(node, ast.While | ast.For) for inner in ast.walk(node)}


def findings(text: str, real: bool) -> Iterator[str]:
    """`LINE: what hangs on time` of one module. `real`: it runs on a real clock."""
    tree = ast.parse(text)
    looping = in_loops(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in STOPWATCHES:
            yield f"{node.lineno}: {node.attr} measures how long something took"
        if not isinstance(node, ast.Call):
            continue
        if own_limit(limit_of(node)):
            yield f"{node.lineno}: {name_of(node)} has a limit of its own"
        if impatient(node):
            yield f"{node.lineno}: httpx.{name_of(node)} has httpx's own limit of five seconds"
        if is_nap(node, real) and node not in looping:
            yield f"{node.lineno}: {name_of(node)} lets time pass and proves nothing"


@pytest.mark.fault("8.10")
def test_no_test_has_a_limit_a_stopwatch_or_a_nap_of_its_own() -> None:
    found = []
    for path in modules():
        real = path.relative_to(TESTS).parts[0] not in VIRTUAL
        found += [f"{path.relative_to(TESTS.parent)}:{line}" for line in findings(path.read_text(), real)]
    assert found == [], "use tests/harness/patience.py"


@pytest.mark.parametrize(
    "line",
    [
        "subprocess.run(['x'], timeout=30)", "child.wait(5)", "said(child, timeout=END_S)",
        "child.communicate(timeout=1.5)", "thread.join(2)",
        "began = time.monotonic()", "assert answer.elapsed.total_seconds() < 1", "time.sleep(3)",
        "@settings(deadline=400)\ndef test(): ...", "httpx.Client(timeout=30)", "event.wait(timeout=10)",
        "httpx.get('http://x')",
        "async def test():\n    async with asyncio.timeout(5): ...",
        "async def test():\n    await asyncio.sleep(0.2)\n    assert not done",
        "async def test():\n    await asyncio.wait_for(work(), timeout=3)",
        "async def test():\n    await asyncio.wait_for(work(), 3)",
    ],
)  # fmt: skip
def test_the_reader_sees_them(line: str) -> None:
    assert list(findings(line, real=True))


@pytest.mark.parametrize(
    "line",
    [
        "run(['x'])", "child.wait()", "until(lambda: done)", "event.wait(PATIENCE_S)", "time.sleep(answer.drip_s)",
        "async def test():\n    await asyncio.sleep(0)", "while True:\n    time.sleep(0.1)", "world.clock.sleep(60)",
        "calls = Calls(timeout_s=PATIENCE_S)", "gone.wait(door)",
    ],
)  # fmt: skip
def test_the_reader_lets_others_be(line: str) -> None:
    assert list(findings(line, real=True)) == []


def test_a_whole_test_may_take_longer_than_one_of_its_waits(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getoption("timeout") >= patience.TEST_S > patience.PATIENCE_S >= 60
