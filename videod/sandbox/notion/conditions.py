"""The conditions a filter may put on one value, by the type of the property."""

from collections.abc import Callable
from typing import Any

from videod.sandbox.notion import checks, dates
from videod.sandbox.notion.errors import invalid, misfit
from videod.sandbox.notion.model import Json

#: Takes the value of a page in comparable form (text, number, milliseconds, list of ids, ...; None when empty).
Test = Callable[[Any], bool]

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "does_not_contain": lambda value, wanted: wanted not in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
}
_NUMBER: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "greater_than": lambda value, wanted: value > wanted,
    "less_than": lambda value, wanted: value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value <= wanted,
}
_DATE: dict[str, Callable[[int, dates.Span], bool]] = {
    "equals": lambda value, wanted: wanted.first <= value < wanted.beyond,
    "before": lambda value, wanted: value < wanted.first,
    "after": lambda value, wanted: value >= wanted.beyond,
    "on_or_before": lambda value, wanted: value < wanted.beyond,
    "on_or_after": lambda value, wanted: value >= wanted.first,
}


def single(condition: Json, path: str) -> tuple[str, Any]:
    """The one operator of a condition such as `{"equals": "Ready"}` with its operand."""
    if len(checks.obj(condition, path)) != 1:
        raise misfit(path, "an object with exactly one condition", condition)
    return next(iter(condition.items()))


def emptiness(operator: str, operand: object, path: str) -> Test | None:
    if operator not in ("is_empty", "is_not_empty"):
        return None
    if operand is not True:
        raise misfit(f"{path}.{operator}", "`true`", operand)
    wanted = operator == "is_empty"
    return lambda value: (value is None or value in ("", [])) == wanted


def _unknown(operator: str, known: dict[str, Any], path: str) -> Exception:
    return misfit(path, "a condition of " + ", ".join(known), operator)


def of_text(operator: str, operand: object, path: str) -> Test:
    """Text compares without regard to case."""
    if operator not in _TEXT:
        raise _unknown(operator, _TEXT, path)
    compare, wanted = _TEXT[operator], checks.text(operand, f"{path}.{operator}").casefold()
    return lambda value: compare((value or "").casefold(), wanted)


def of_number(operator: str, operand: object, path: str) -> Test:
    if isinstance(operand, bool) or not isinstance(operand, int | float):
        raise misfit(f"{path}.{operator}", "a number", operand)
    if operator == "does_not_equal":
        return lambda value: value != operand
    if operator not in _NUMBER:
        raise _unknown(operator, _NUMBER, path)
    compare, wanted = _NUMBER[operator], operand
    return lambda value: value is not None and compare(value, wanted)


def of_checkbox(operator: str, operand: object, path: str) -> Test:
    if operator not in ("equals", "does_not_equal"):
        raise misfit(path, "equals or does_not_equal", operator)
    wanted = checks.boolean(operand, f"{path}.{operator}") == (operator == "equals")
    return lambda value: bool(value) == wanted


def of_date(operator: str, operand: object, path: str, now_ms: int) -> Test:
    """Values are milliseconds. A day covers all its 24 hours (UTC)."""
    within = dates.relative(operator, now_ms)
    if within is not None:
        return lambda value: value is not None and within.first <= value < within.beyond
    if operator not in _DATE:
        raise _unknown(operator, _DATE, path)
    compare, wanted = _DATE[operator], dates.span(operand, f"{path}.{operator}")
    return lambda value: value is not None and compare(value, wanted)


def of_option(operator: str, operand: object, path: str, option_ids: dict[str, str], name: str) -> Test:
    """`equals`/`does_not_equal` take one option name or an array; a name the schema lacks is refused."""
    if operator not in ("equals", "does_not_equal"):
        raise misfit(path, "equals, does_not_equal, is_empty or is_not_empty", operator)
    names = operand if isinstance(operand, list) else [operand]
    wanted = {_option_id(option_ids, entry, name) for entry in checks.array(names, f"{path}.{operator}")}
    inside = operator == "equals"
    return lambda value: (value in wanted) == inside


def of_members(operator: str, operand: object, path: str) -> Test:
    """`contains` and `does_not_contain` over a list of ids (relation, people, multi_select)."""
    if operator not in ("contains", "does_not_contain"):
        raise misfit(path, "contains, does_not_contain, is_empty or is_not_empty", operator)
    inside = operator == "contains"
    return lambda value: (operand in (value or [])) == inside


def _option_id(option_ids: dict[str, str], wanted: object, name: str) -> str:
    if not isinstance(wanted, str) or wanted not in option_ids:
        raise invalid(f'select option "{wanted}" not found for property "{name}".')
    return option_ids[wanted]
