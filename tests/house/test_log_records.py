"""No log call uses a name that a log record has of its own: Python raises KeyError where the record is made."""

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESERVED = {*vars(logging.makeLogRecord({})), "message", "asctime"}


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, key) of every dict that is written in an `extra=`, or is called a context for one."""
    for node in ast.walk(tree):
        given = isinstance(node, ast.keyword) and node.arg == "extra"
        kept = isinstance(node, ast.Assign) and {"context", "extra"} & {getattr(one, "id", "") for one in node.targets}
        found = node.value if isinstance(node, ast.keyword | ast.Assign) and (given or kept) else None
        for inner in ast.walk(found) if found is not None else ():
            if isinstance(inner, ast.Dict):
                yield from ((inner.lineno, str(key.value)) for key in inner.keys if isinstance(key, ast.Constant))


@pytest.mark.fault("9.9")
def test_no_log_call_takes_a_name_that_a_record_has_of_its_own() -> None:
    seen, wrong = 0, []
    for path in sorted((ROOT / "videod").rglob("*.py")):
        for line, key in names(ast.parse(path.read_text())):
            seen += 1
            if key in RESERVED:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {key}")
    assert not wrong and seen > 100


@pytest.mark.fault("9.9")
@pytest.mark.parametrize("name", ["message", "name", "args", "msg", "levelname", "asctime"])
def test_such_a_name_would_be_seen(name: str) -> None:
    source = f'log.debug("x_y_done", extra=context | {{"{name}": 1}})'
    assert [key for _, key in names(ast.parse(source))] == [name]
    assert name in RESERVED
