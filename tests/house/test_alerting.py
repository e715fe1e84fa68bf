"""Whatever people are informed of comes to an end: a cause that nothing ends would be silent when it comes again."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undisturbed")

ROOT = Path(__file__).parents[2] / "videod"
#: parts of a key that differ from one occurrence to the next
ONCE = re.compile(r"\b(\w*since\w*|first_at|attempt|day|at|ended)\b")


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.expr, within: ast.AST) -> str:
    """The expression's source; that of the value where it is a name set in the same function."""
    if isinstance(node, ast.Name):
        for one in ast.walk(within):
            if isinstance(one, ast.Assign) and isinstance(target := one.targets[0], ast.Name | ast.Tuple):
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
                for name, value in zip(names, values, strict=False):
                    if isinstance(name, ast.Name) and name.id == node.id:
                        return ast.unparse(value)
    return ast.unparse(node)


def _head(text: str) -> str:
    """What is fixed at the beginning of a key, such as "loop " of f"loop {name}"; of a call its function."""
    found = re.match(r"""f?['"]([^{'"]*)""", text)
    return found[1] if found and found[1] else text.partition("(")[0]


@functools.cache
def calls() -> tuple[tuple[str, str, ast.Call, ast.AST], ...]:
    """The calls that tell people or end what was reported."""
    names = ("alert", "_alarm", "_ring", "Alert", "alert_over", "alerts_over", "_over")
    return tuple(one for one in every_call() if one[1] in names)


def every_call() -> Iterator[tuple[str, str, ast.Call, ast.AST]]:
    """(file, name of the call, the call, the function around it) of every call in videod."""
    for path in sorted(ROOT.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call):
                        yield path.relative_to(ROOT).as_posix(), _name(node), node, function


def endings() -> set[str]:
    """The heads of all keys and `ends` that some call ends."""
    return {
        _head(_text(node.args[0], function))
        for path, name, node, function in calls()
        if name in ("alert_over", "alerts_over", "_over")
        and node.args
        and path not in ("ledger.py", "alerting.py", "store/writes.py")
    }


def told() -> list[tuple[str, str, str]]:
    """(where, key, `ends`) of everything that people are alerted."""
    found = []
    for path, name, node, function in calls():
        inside = getattr(function, "name", "")
        if (
            name not in ("alert", "_alarm", "_ring", "Alert")
            or path in ("ledger.py", "alerting.py")
            or inside in ("_alarm", "_ring")
        ):
            continue
        key = [one for one in node.args if _text(one, function) not in ("assembly",)][:1]
        if not key or (path.startswith("core/told.py") and name == "alert"):
            continue
        if name == "alert" and _text(key[0], function) in ("work.task", "task"):
            continue  # `told.alert`: the causes of jobs, which name their ends below
        if _text(key[0], function) == "one.key":
            continue  # a reminder of a cause that is open
        ends = [_text(word.value, function) for word in node.keywords if word.arg == "ends"]
        if name == "Alert" and len(node.args) > 2:
            ends = [_text(node.args[2], function)]
        found.append((f"{path}:{node.lineno}", _text(key[0], function), "".join(ends)))
    return found


@pytest.mark.fault("7.4")
def test_every_alarm_of_the_house_has_an_end_or_is_of_one_occurrence() -> None:
    over = endings()
    causes = told()
    assert len(causes) >= 12, causes
    for where, key, ends in causes:
        once = any(ONCE.search(part) for part in re.findall(r"{([^}]*)}", key))
        ended = _head(key) in over or bool(ends)
        assert once or ended, f"{where}: nothing ends what is told as {key}"
        if ends and not where.startswith("core/"):
            assert _head(ends) in over, f"{where}: nothing ends {ends}"
