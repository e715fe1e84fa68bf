"""What people read is plain English: the words of a translation stay out of help, messages, documents and samples, and
out of comments, docstrings and the names of tests. Spelling is American, and a message is made of sentences, not of two
joined by a semicolon."""

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
#: British -> American. "Cancelled" stays: it is a status on the board
_SPELLINGS = {
    "colour": "color", "artefact": "artifact", "catalogue": "catalog", "authoris": "authoriz", "neighbour": "neighbor",
    "recognis": "recogniz", "organis": "organiz", "judgement": "judgment", "travell": "travel", "harbour": "harbor",
    "behaviour": "behavior", "defence": "defense", "licence": "license", "centre": "center", "favour": "favor",
    "honour": "honor", "programme": "program", "summaris": "summariz", "initialis": "initializ", "labell": "label",
}  # fmt: skip
BRITISH = re.compile(rf"(?<![\w`])(?:re|un|mis)?(?:{'|'.join(list(_SPELLINGS))})(?!\w*[_`])\w*", re.IGNORECASE)
#: file -> sentences in which such a word is the right one
RIGHT = {
    "docs/operations/board.md": {"in the very moment"},
    "CHANGELOG.md": {"`parked`", "`mended`"},
}
#: what is not ours to spell: names of keys and fields, orders to a model whose answers are kept
SPELLED = {
    "docs/operations/films.md": {"    licence: CC BY 4.0"},
    "channels/wild_planet.yaml": {"#     licence: CC BY 4.0"},
    "scripts/generate_asset.py": {"Keep every feature, colour"},
    "videod/core/plan_schema.py": {"lens, texture, colour", "the colour of its background"},
    "videod/core/services/__init__.py": {"catalogue: {", ": catalogue: ", "the catalogue has no price"},
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


def british(name: str, text: str) -> list[str]:
    """The words of `text` that are spelled the British way."""
    for right in SPELLED.get(name, ()):
        text = text.replace(right, "")
    return [match[0] for match in BRITISH.finditer(text)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_spelled_the_american_way(page: str) -> None:
    assert british(page, (ROOT / page).read_text()) == []


#: what a browser shows; the library beside it is not ours
SHOWN = sorted(
    str(path.relative_to(ROOT)) for pattern in ("page/templates/*.html", "page/static/app.js", "sandbox/page_static/*")
    for path in (ROOT / "videod").glob(pattern)
)  # fmt: skip


@pytest.mark.parametrize("shown", SHOWN)
def test_what_a_browser_shows_is_in_plain_english(shown: str) -> None:
    text = (ROOT / shown).read_text().replace("labelledby", "")  # a name of HTML
    assert found(shown, text) == []
    assert british(shown, text) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_in_plain_english(page: str) -> None:
    assert found(page, (ROOT / page).read_text()) == []


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of the nodes that are docstrings, of constants as well."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def messages(tree: ast.AST) -> Iterator[str]:
    """Every text of a program that is a sentence, without docstrings."""
    own = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and id(node) not in own:
            yield node.value


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_messages_of_a_program_are_in_plain_english(program: str) -> None:
    assert [one for text in messages(ast.parse((ROOT / program).read_text())) for one in found(program, text)] == []


#: what only a translation says of a file, a value or a place
_STIFF = re.compile(
    r"\b(?:(?:is|are|was|were) not there|for want of|(?:your|the) own scripts?|a second time|from begin to end"
    r"|(?<!there )is no (?:text|file|list|day|key|path|model|category|placeholder|program|video|step|suffix|latency)"
    r"|(?:lies?|stands?) (?:in|on|outside of) (?:a|an|the|its|no) (?!continuous|way))\b"
)
#: files whose texts no person reads: content types, shell code, orders to a model, what services of others say
NO_SENTENCES = {
    "scripts/generate_asset.py", "scripts/lib/consent_server.py", "scripts/lib/plan_channel.py",
    "scripts/lib/planning.py", "scripts/lib/sources.py", "scripts/lib/video_extras.py", "videod/cli/completion.py",
    "videod/config.py", "videod/core/plan_schema.py", "videod/core/stages.py", "videod/guard/protocol.py",
    "videod/sandbox/kie/models.py", "videod/sandbox/notion/files.py", "videod/sandbox/notion/uploads.py",
    "videod/page/gate.py", "videod/page/media.py", "videod/page/pages.py", "videod/sandbox/page.py",
    "videod/web/metrics.py",
}  # fmt: skip
#: a semicolon between two clauses; the entities of HTML end with one too
_JOINED = re.compile(r"(?<!&amp)(?<!&lt)(?<!&gt);(?= \S| $)")
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|CREATE|DELETE|PRAGMA)\b")


def sentences(tree: ast.AST) -> Iterator[str]:
    """Every message of a program, `{}` in the place of what is filled in."""
    filled = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    own = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in own | filled:
            yield node.value


def joined(program: str, source: str) -> list[str]:
    """The messages of a program that join two sentences by a semicolon."""
    if program in NO_SENTENCES:
        return []
    texts = [text for text in sentences(ast.parse(source)) if " " in text.strip() and not _SQL.search(text)]
    return [text for text in texts if _JOINED.search(text) and not text.startswith("; and ")]  # the end of a list


def test_two_sentences_joined_by_a_semicolon_and_a_british_word_are_found() -> None:
    assert joined("x", 'say("it is full; free some space")') == ["it is full; free some space"]
    assert joined("x", 'say(f"{name} is paused; {hint}")') == ["{} is paused; {}"]
    assert joined("x", 'say("; ".join(found), "&lt; &amp; &gt;", "no; " "yes")') == ["no; yes"]
    assert british("x", "The colour of a licence, recoloured") == ["colour", "licence", "recoloured"]
    assert _STIFF.search("a.png is not there") and _STIFF.search("it lies in the folder")
    assert not british("x", "`colour` and beak_colours, key_colour, colourful_x, Cancelled")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_message_is_made_of_sentences_spelled_the_american_way(program: str) -> None:
    source = (ROOT / program).read_text()
    assert joined(program, source) == []
    said = [] if program in NO_SENTENCES else list(messages(ast.parse(source)))
    assert [one for text in messages(ast.parse(source)) for one in british(program, text)] == []
    assert [match[0] for text in said for match in _STIFF.finditer(text)] == []


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
