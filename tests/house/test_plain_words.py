"""What people read is plain English: the words of a translation stay out of help, messages, documents and samples, and
out of comments, docstrings and the names of tests."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: what was said -> what is said
_DIALECT = {
    r"mend(ed|s|ing)?": "fix", r"anew": "again", r"shall": "will or must", r"(is|are|was|were) told": "is alerted",
    r"goes? on|going on|went on": "continue, resume", r"st(and|ands|ood) still": "is paused", r"the begin": "the start",
    r"needs? you": "needs your attention", r"for ever": "forever", r"without end": "endlessly",
    r"by itself|by themselves": "automatically", r"stand-ins?": "simulated services, the sandbox", r"parked": "waiting",
    r"put right": "fixed", r"at (its|the) start": "at startup", r"in doubt": "unconfirmed", r"the very": "the same",
    r"where it is none": "without one", r"lacking": "missing", r"is to be|are to be": "must be, will be",
}  # fmt: skip
_WORDS = re.compile(rf"\b({'|'.join(list(_DIALECT))})\b", re.IGNORECASE)
#: file -> sentences in which such a word is the right one
RIGHT = {
    "docs/operations.md": {"in the very moment"},
    "CHANGELOG.md": {"`parked`", "`mended`"},
}
PAGES = (
    "README.md", "CHANGELOG.md", "videod.toml",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
    *(f"channels/{path.name}" for path in (ROOT / "channels").glob("*.yaml")),
)  # fmt: skip
#: pictures that the sandbox draws have poses "at rest", which no person reads about
PROGRAMS = sorted(
    str(path.relative_to(ROOT)) for room in ("videod", "scripts") for path in (ROOT / room).rglob("*.py")
    if "render" not in path.parts
)  # fmt: skip


def found(name: str, text: str) -> list[str]:
    for right in RIGHT.get(name, ()):
        text = text.replace(right, "")
    return [
        f"{match[0]!r} in {text[max(0, match.start() - 40) : match.end() + 40]!r}" for match in _WORDS.finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_in_plain_english(page: str) -> None:
    assert found(page, (ROOT / page).read_text()) == []


def messages(tree: ast.AST) -> Iterator[str]:
    """Every text of a program that is a sentence, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    own = {id(node.body[0].value) for node in ast.walk(tree)
           if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and id(node) not in own:
            yield node.value


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_messages_of_a_program_are_in_plain_english(program: str) -> None:
    assert [one for text in messages(ast.parse((ROOT / program).read_text())) for one in found(program, text)] == []


#: words that are dialect in a message, and plain in code: a state is named `in_doubt`, a sound has a start
CODE = re.compile(rf"\b({'|'.join(one for one in _DIALECT if one not in ('in doubt', 'at (its|the) start'))})\b", re.I)
_SAYS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def notes(source: str) -> Iterator[str]:
    """The comments and docstrings of a program, and the names of its tests in words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _SAYS):
            yield ast.get_docstring(node) or ""
            name = getattr(node, "name", "")
            if name.startswith("test_"):
                yield name.replace("_", " ")


@pytest.mark.parametrize("room", ["videod", "scripts", "tests"])
def test_comments_docstrings_and_names_of_tests_are_in_plain_english(room: str) -> None:
    programs = [path for path in sorted((ROOT / room).rglob("*.py")) if path != Path(__file__)]
    assert len(programs) > 20
    odd = [
        f"{path.relative_to(ROOT)}: {match[0]!r} in {text[max(0, match.start() - 40) : match.end() + 40]!r}"
        for path in programs if CODE.search(path.read_text().replace("_", " "))  # else there is nothing to take apart
        for text in notes(path.read_text()) for match in CODE.finditer(text)
    ]  # fmt: skip
    assert odd == []


def test_dialect_is_found_in_comments_docstrings_and_names() -> None:
    source = 'def test_it_goes_on() -> None:\n    """It shall end."""\n    x = 1  # made anew\n'
    assert sorted(match[0] for text in notes(source) for match in CODE.finditer(text)) == ["anew", "goes on", "shall"]


def test_the_words_of_a_translation_are_found() -> None:
    assert found("x", "Mend the input; it goes on by itself.") and not found("x", "Fix the input.")
