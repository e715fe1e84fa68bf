"""YAML for files that people write, without YAML's surprises, and with the line of every key.

Against the ordinary safe loader: aliases, anchors, merge keys, tags and duplicate keys are refused, depth and size
are bounded (an alias bomb of 400 bytes fills the memory of whoever prints it; 5,000 brackets raise RecursionError),
and only true/false, decimal numbers and null are more than text: `no` is no boolean, `0777` no 511, `1:30` no 90,
and a date stays text.
"""

import re
from pathlib import Path

import yaml
from yaml.events import AliasEvent, NodeEvent, ScalarEvent

from videod.documents import DEPTH_MAX, Document, DocumentError, Key, read_text

_BOOL, _INT, _FLOAT, _NULL, _TEXT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null", "str"))


class _Loader(yaml.SafeLoader):
    """Composes nodes; `_value` turns them into values, so nothing of PyYAML's constructor runs."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, AliasEvent):
            raise DocumentError("aliases (*name) are not allowed. Write the value out", line)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise DocumentError("anchors (&name) are not allowed. Leave it out, or put the text in quotes", line)
        if getattr(event, "tag", None) is not None:
            raise DocumentError("tags (!name) are not allowed. Leave it out, or put the text in quotes", line)
        if isinstance(event, ScalarEvent) and event.style is None and event.value == "<<":
            raise DocumentError("merge keys (<<) are not allowed. Write the keys out", line)
        if self.depth >= DEPTH_MAX:
            raise DocumentError(f"is nested deeper than {DEPTH_MAX} levels", line)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


for _tag, _pattern, _first in (
    (_BOOL, r"true|false", "tf"),
    (_INT, r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (_FLOAT, r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    (_NULL, r"null|~|", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read_yaml(path: Path) -> Document:
    """The mapping in the file. Raises DocumentError with the line."""
    return parse(read_text(path))


def parse(text: str) -> Document:
    """The mapping in `text`. Raises DocumentError with the line."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = " ".join(part for part in (problem.context, problem.problem) if part)
        if "'\\t'" in reason:
            reason = "a line is indented with a tab. Use spaces"
        raise DocumentError(f"is not valid YAML: {reason}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as problem:
        raise DocumentError(f"is not valid YAML: {str(problem).splitlines()[0]}") from None
    except RecursionError:
        raise DocumentError("is nested too deeply") from None
    except DocumentError:
        raise
    except (ValueError, OverflowError) as problem:  # PyYAML's own: an escape such as "\\UFFFFFFFF" is no character
        raise DocumentError(f"is not valid YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode):
        raise DocumentError("must be lines of `key: value`", node.start_mark.line + 1 if node else None)
    lines: dict[Key, int] = {}
    return Document(_mapping(node, (), lines), lines)


def _mapping(node: yaml.MappingNode, at: Key, lines: dict[Key, int]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DocumentError("a key must be one word", line)
        key = str(key_node.value)
        if key in values:
            raise DocumentError(f"the key {key[:40]!r} appears twice. Keep one of the two", line)
        lines[(*at, key)] = line
        values[key] = _value(value_node, (*at, key), lines)
    return values


def _value(node: yaml.Node, at: Key, lines: dict[Key, int]) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, at, lines)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*at, index)] = item.start_mark.line + 1
            items.append(_value(item, (*at, index), lines))
        return items
    return _scalar(node)


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    if node.tag == _BOOL:
        return text == "true"
    if node.tag == _INT and len(text) < 20:
        return int(text)
    if node.tag == _FLOAT:
        return float(text)
    return None if node.tag == _NULL else text
