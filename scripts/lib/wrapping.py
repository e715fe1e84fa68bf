"""The JSON object in a model's answer, whatever stands around it: a code fence, a BOM, words before and after."""

import json
import re

from scripts.lib import answers
from scripts.lib.answers import Json

#: what an answer may begin with that cannot be seen
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\0"
#: so many places in a text where an object might begin are tried
TRIES = 200


def is_empty(text: str) -> bool:
    """Whether an answer says nothing at all, with or without a fence around it."""
    bare = "".join(letter for letter in text if letter not in INVISIBLE).strip()
    inside = bare.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    return inside in {"", "{}", "null", '""'}


def unwrapped(text: str) -> dict[str, Json]:
    """The object that `text` holds; the largest where there are several. Raises ValueError with what is wrong."""
    bare = text.strip(INVISIBLE + " \t\r\n")
    try:
        value = answers.parse(bare)
        if isinstance(value, str):  # packed twice
            value = answers.parse(value.strip(INVISIBLE))
    except ValueError as error:
        value = _largest(bare)
        if value is None:
            raise ValueError(f"the answer is not valid JSON: {error}") from error
    while isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
        value = inner  # such as {"plan": {...}}
    if not isinstance(value, dict):
        raise ValueError("the answer is not one JSON object")
    return value


#: an object with a name in it
_BEGINS = re.compile(r'\{\s*"')


def _largest(text: str) -> Json:
    decoder, found, at = json.JSONDecoder(), "", -1
    for _ in range(TRIES):
        at = text.find("{", at + 1)
        if at < 0:
            break
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            if _BEGINS.match(text, at):
                break  # an object that was cut off or is broken: what lies within it is not the plan
            continue  # braces in a sentence
        found, at = max(found, text[at:end], key=len), end - 1
    return answers.parse(found) if len(found) > len("{}") else None
