"""What keys do on the dashboard: from a state and a key to the next state and perhaps a wish. Pure.

The wishes are those of the commands (`videod approve`, `redo`, `pause`, `resume`), so they cost and change the same.
Whatever spends money is asked first, with its price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from videod.core.statuses import Gate
from videod.dashboard.detail import Detail, JobLine
from videod.dashboard.reason import REVIEWS
from videod.dashboard.view import Line, View

#: characters of a filter, of a note
FILTER_MOST, NOTE_MOST = 100, 1_000
_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1}
_ENDS = {"home": -1_000_000, "g": -1_000_000, "end": 1_000_000, "G": 1_000_000}
_PAGE = 10

HELP = (
    ("j k, arrows", "choose (g and G: the first and the last)"),
    ("Enter", "show the episode's jobs and their reasons"),
    ("Esc", "back, or clear the filter"),
    ("a", "approve the open review, with its price asked"),
    ("r", "regenerate the chosen job, with its price asked"),
    ("p", "pause the episode, or resume it"),
    ("o", "open its film or folder"),
    ("/", "show only rows with these words"),
    ("q", "leave"),
)


class Room(Enum):
    LIST = "list"
    JOBS = "jobs"


class Typing(Enum):
    """What letters go into."""

    FILTER = "filter"
    NOTE = "note"


@dataclass(frozen=True)
class Wish:
    """A request: verb, episode, JSON body. With `foresee` it only says what it would cost."""

    verb: str
    task: str
    title: str
    body: Mapping[str, object] = field(default_factory=dict)
    foresee: bool = False
    noted: bool = False


class Open(NamedTuple):
    """Show an episode's film or folder."""

    task: str


class Leave(NamedTuple):
    """End the dashboard."""


Act = Wish | Open | Leave


@dataclass(frozen=True)
class Answer:
    """What became of a wish, in words, with its price as the daemon says it ("" for nothing)."""

    text: str
    price: str = ""
    refused: bool = False


@dataclass(frozen=True)
class State:
    """`task` and `job`: what is chosen, `at` and `job_at`: on which line it was; `asked`: what waits for a yes."""

    room: Room = Room.LIST
    task: str = ""
    at: int = 0
    job: str = ""
    job_at: int = 0
    words: str = ""
    job_words: str = ""
    typing: Typing | None = None
    text: str = ""
    asked: Wish | None = None
    question: str = ""
    said: str = ""
    bad: bool = False
    busy: bool = False
    help: bool = False


# ------------------------------------------------------------------------------------------- what is shown


def filtered(view: View, words: str) -> View:
    """The view with those episodes alone that have the words in title, channel or status."""
    if not words.strip():
        return view

    def fits(lines: Sequence[Line]) -> tuple[Line, ...]:
        return tuple(one for one in lines if _has(words, one.title, one.channel, one.label, one.id))

    return replace(
        view, reviews=fits(view.reviews), errors=fits(view.errors), work=fits(view.work), queue=fits(view.queue)
    )


def jobs_of(detail: Detail, words: str) -> tuple[JobLine, ...]:
    return tuple(one for one in detail.jobs if _has(words, one.name, one.state, one.note))


def _has(words: str, *texts: str) -> bool:
    whole = " ".join(texts).casefold()
    return all(word in whole for word in words.casefold().split())


def settled(state: State, view: View, detail: Detail | None) -> State:
    """The state with its choice on something that is there: where it went, what stands in its place is chosen."""
    task, at = _chosen(state.task, state.at, [one.id for one in view.lines])
    state = replace(state, task=task, at=at)
    if state.room is Room.LIST:
        return state
    if detail is None:  # the episode is gone
        return replace(state, room=Room.LIST, typing=None, asked=None)
    names = [one.name for one in jobs_of(detail, state.job_words)]
    begun = state.job or (detail.first if detail.first in names else "")
    job, at = _chosen(begun, state.job_at, names)
    return replace(state, job=job, job_at=at)


def _chosen(name: str, at: int, names: Sequence[str]) -> tuple[str, int]:
    if name in names:
        return name, names.index(name)
    at = min(max(at, 0), len(names) - 1)
    return (names[at], at) if names else ("", 0)


# ------------------------------------------------------------------------------------------- keys


def press(state: State, key: str, view: View, detail: Detail | None) -> tuple[State, Act | None]:
    """What a key does. `view` and `detail` are what is shown: filtered, and settled with this state."""
    if state.help:
        return replace(state, help=False), Leave() if key == "q" else None
    if state.typing is not None:
        return _type(state, state.typing, key)
    if state.asked is not None:
        return _confirm(state, state.asked, key)
    state = state if state.busy else replace(state, said="", bad=False)
    if key == "q":
        return state, Leave()
    if key == "?":
        return replace(state, help=True), None
    if key == "/" and not state.busy:  # a question may come at any moment, and a letter would answer it
        return replace(state, typing=Typing.FILTER, text=_words(state)), None
    if state.room is Room.JOBS and detail is not None:
        return _in_jobs(state, key, view, detail)
    return _in_list(state, key, view)


def _in_list(state: State, key: str, view: View) -> tuple[State, Act | None]:
    line = next((one for one in view.lines if one.id == state.task), None)
    if (by := _moved(key)) is not None:
        names = [one.id for one in view.lines]
        task, at = _chosen("", state.at + by, names)
        return replace(state, task=task, at=at), None
    if key in ("esc", "left", "h", "backspace"):
        return replace(state, words=""), None
    if line is None:
        return _telling(state, "No episode is chosen.") if key in "arpo" or key == "enter" else (state, None)
    if key in ("enter", "right", "l"):
        return _entered(state), None
    if key == "r":
        return replace(_entered(state), said="Choose a job, then press r."), None
    return _of_episode(state, key, line)


def _entered(state: State) -> State:
    return replace(state, room=Room.JOBS, job="", job_at=0, job_words="")


def _in_jobs(state: State, key: str, view: View, detail: Detail) -> tuple[State, Act | None]:
    jobs = jobs_of(detail, state.job_words)
    if (by := _moved(key)) is not None:
        job, at = _chosen("", state.job_at + by, [one.name for one in jobs])
        return replace(state, job=job, job_at=at), None
    if key in ("esc", "left", "h", "backspace"):
        return (replace(state, job_words="") if state.job_words else replace(state, room=Room.LIST)), None
    if key == "r":
        return _redo(state, detail, next((one for one in jobs if one.name == state.job), None))
    line = next((one for one in view.lines if one.id == detail.id), None)
    return _of_episode(state, key, line) if line is not None else (state, None)


def _of_episode(state: State, key: str, line: Line) -> tuple[State, Act | None]:
    if key == "o":
        return state, Open(line.id)
    if key not in ("a", "p"):
        return state, None
    if state.busy:
        return _telling(state, "videod is still working on the last request.")
    if key == "p":
        verb = "resume" if line.paused else "pause"
        return _asking(state, Wish(verb, line.id, line.title, {} if line.paused else {"reason": None}))
    if not line.gate:
        return _telling(state, f"{line.title} has no open review.")
    price = f"costs about {line.cost_of_approval}" if line.cost_of_approval else "costs nothing"
    wish = Wish("approve", line.id, line.title, {"gate": line.gate})
    question = f"Approve {REVIEWS[Gate(line.gate)]} of {line.title}? It {price}."
    return replace(state, asked=wish, question=question), None


def _redo(state: State, detail: Detail, job: JobLine | None) -> tuple[State, Act | None]:
    if state.busy:
        return _telling(state, "videod is still working on the last request.")
    if job is None or not job.redo:
        name = "no job" if job is None else job.name
        return _telling(state, f"{name} cannot be regenerated now." if job else "No job is chosen.")
    wish = Wish("redo", detail.id, detail.title, {"jobs": [job.name], "note": None}, foresee=True, noted=job.noted)
    return _asking(state, wish)


def _asking(state: State, wish: Wish) -> tuple[State, Act | None]:
    return replace(state, busy=True, said="asking videod …", bad=False), wish


def _telling(state: State, text: str) -> tuple[State, None]:
    return replace(state, said=text, bad=True), None


def _moved(key: str) -> int | None:
    pages = {"pageup": -_PAGE, "pagedown": _PAGE}
    return (_STEPS | _ENDS | pages).get(key)


def _words(state: State) -> str:
    return state.words if state.room is Room.LIST else state.job_words


def _type(state: State, typing: Typing, key: str) -> tuple[State, Act | None]:
    """A key while something is typed. A filter counts as it is typed."""
    most = FILTER_MOST if typing is Typing.FILTER else NOTE_MOST
    if key == "esc":
        left = replace(state, typing=None, text="", asked=None, question="")
        return (_filter(left, "") if typing is Typing.FILTER else replace(left, said="Nothing was changed.")), None
    if key == "enter":
        done = replace(state, typing=None, text="")
        if typing is Typing.FILTER or state.asked is None:
            return done, None
        wish = replace(state.asked, body={**state.asked.body, "note": state.text.strip() or None})
        return _asking(replace(done, asked=None, question=""), wish)
    text = {"backspace": state.text[:-1], "clear": ""}.get(key, state.text + key if len(key) == 1 else state.text)
    state = replace(state, text=text[:most])
    return (_filter(state, state.text) if typing is Typing.FILTER else state), None


def _filter(state: State, words: str) -> State:
    return replace(state, words=words) if state.room is Room.LIST else replace(state, job_words=words)


def _confirm(state: State, wish: Wish, key: str) -> tuple[State, Act | None]:
    left = replace(state, asked=None, question="")
    if key in ("y", "Y"):
        return _asking(left, wish)
    if key in ("n", "N", "esc", "q"):
        return replace(left, said="Nothing was changed."), None
    return state, None  # only a yes is one


def answered(state: State, wish: Wish, answer: Answer) -> State:
    """What videod said to a wish; of one that was foreseen, the question whether it is meant."""
    state = replace(state, busy=False)
    if answer.refused or not wish.foresee:
        said = answer.text if answer.refused else f"{wish.title}: {answer.text}"
        return replace(state, said=said, bad=answer.refused)
    price = f" This would cost about {answer.price}." if answer.price else " This costs nothing."
    meant, question = replace(wish, foresee=False), f"{answer.text}.{price}"
    typing = Typing.NOTE if wish.noted else None
    return replace(state, asked=meant, question=question, typing=typing, text="", said="", bad=False)
