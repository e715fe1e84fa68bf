"""One thing that `videod doctor` looked at."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a check ended. NOTE: works, and may not be what you want. UNKNOWN: nobody could say now."""

    OK = "ok"
    FIX = "fix"
    NOTE = "note"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `text`: what is there, or what is wrong and how to fix it."""

    area: str
    name: str
    state: State
    text: str


def ok(area: str, name: str, text: str) -> Check:
    return Check(area, name, State.OK, text)


def fix(area: str, name: str, text: str) -> Check:
    return Check(area, name, State.FIX, text)


def note(area: str, name: str, text: str) -> Check:
    return Check(area, name, State.NOTE, text)
