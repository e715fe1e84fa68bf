"""What the pages for contributors cite exists: every file, folder, class, function, method and table."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("docs/architecture.md", "docs/CONTRIBUTING.md",
         *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/decisions").glob("*.md")))  # fmt: skip
_CITED = re.compile(r"`((?:videod|scripts|tests|docs|systemd|channels)/[\w./*-]*)(?:::([\w.]+))?`")


def defined(tree: ast.AST) -> set[str]:
    """Names of a module's classes, functions and values, and `Class.name` of what stands in a class."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for name in defined(node)}
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def missing(text: str) -> list[str]:
    found = []
    for path, name in _CITED.findall(text):
        if not list(ROOT.glob(path.replace("NAME", "*").rstrip("/"))):
            found.append(path)
        elif name and name not in defined(ast.parse((ROOT / path).read_text())):
            found.append(f"{path}::{name}")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_everything_that_a_page_for_contributors_names_exists(page: str) -> None:
    assert missing((ROOT / page).read_text()) == []


def test_a_name_that_is_gone_would_be_found() -> None:
    text = (
        "`videod/ledger.py::Ledger.apply`, `videod/ledger.py::Ledger.forgotten`, `videod/nothing.py`, `tests/harness/`"
    )
    assert missing(text) == ["videod/ledger.py::Ledger.forgotten", "videod/nothing.py"]


def test_the_four_walks_cite_names_that_can_be_looked_up() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    walks = ("An entry becomes a film", "A job fails", "A person sends something back", "A purchase is unconfirmed")
    for walk in walks:
        told = text.split(f"## {walk}\n")[1].split("\n## ")[0]
        assert len(_CITED.findall(told)) >= 5, walk


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    pages = [path.name for path in (ROOT / "docs/decisions").glob("0*.md")]
    assert len(pages) >= 10 and all(f"({name})" in listed for name in pages)
