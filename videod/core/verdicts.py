"""What an answer of a service proves: about money, about who can help, and for how long. Pure.

A `Wire` says how a service's own errors look and has its rows; `judge` finds the row that fits an answer, the service's
own first, then those that hold for every service. The service's own documented words alone blame what was asked for; a
page of something between us and it is no verdict of the service. docs/answers.md is made from the same rows.

The scripts have this module as `scripts/lib/verdicts.py`, word for word but for its imports, and the rows as
`verdicts.json`; `tests/house/test_answers.py` compares both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from videod.core import bounds
from videod.core.failures import Kind


class Money(StrEnum):
    """What the answer to a request that costs money says of it."""

    NOTHING = "nothing was taken"
    TAKEN = "taken"
    UNKNOWN = "unknown"


class Helper(StrEnum):
    """Who can change the answer."""

    TIME = "time"
    PERSON = "a person"
    EITHER = "time or a person"
    NOBODY = "nobody"


class Wait(StrEnum):
    """For how long it stays so."""

    RETRIES = "videod's own retries"
    SAID = "as long as the answer says"
    MIDNIGHT = "until midnight in California"
    DAY = "24 hours"
    RENEWAL = "until the plan's credits are renewed"
    HOUR = "asked again every hour"
    PERSON = "until somebody acts"
    NEVER = "for good"


class Form(StrEnum):
    """Whose body it is."""

    OWN = "its own"
    PAGE = "a page"
    NONE = "none"


@dataclass(frozen=True)
class Row:
    """One verdict, and the answers that it is for.

    `statuses`: such as "400-499, 530". `words`: a pattern that one of the answer's codes is, whole; `says`: one that
    stands in its message; `waits`: only where the answer names a wait. `wait_s`: seconds where it ought to and does
    not. `does`: what a person does. `tells`: what is said in place of the service's words; `{model}` is the one that
    was asked. `expired`: a link is dead, another may be had.
    """

    statuses: str
    kind: Kind
    money: Money = Money.NOTHING
    helper: Helper = Helper.TIME
    wait: Wait = Wait.RETRIES
    forms: tuple[Form, ...] = (Form.OWN,)
    words: str = ""
    says: str = ""
    waits: bool = False
    wait_s: float = 0.0
    does: str = ""
    tells: str = ""
    expired: bool = False


def by_person(
    statuses: str, kind: Kind, does: str, words: str = "", says: str = "", forms: tuple[Form, ...] = (Form.OWN,),
    tells: str = "",
) -> Row:  # fmt: skip
    """A row of what nothing was taken for and only a person can change."""
    return Row(statuses, kind, Money.NOTHING, Helper.PERSON, Wait.PERSON, forms, words, says, does=does, tells=tells)


@dataclass(frozen=True)
class Wire:
    """How one service speaks. Paths go through its JSON; `*` is every item of a list.

    `own`: one of these is there in its own answers; `words`, `message`, `delay`: where codes, reason and a wait stand.
    `code`: the number that counts in place of the HTTP status. `plain`: its errors are bare text; `xml`: those of S3.
    `calls`: the requests that it is for.
    """

    name: str
    calls: str
    own: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    delay: tuple[str, ...] = ()
    code: str = ""
    plain: bool = False
    xml: bool = False
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Said:
    """An answer as it is judged. `status`: HTTP's, or the one in its body; `delay`: a wait as it was written."""

    status: int
    form: Form
    words: tuple[str, ...]
    message: str
    delay: str | None = None


#: whoever wrote the body
ANY = tuple(Form)
#: so much of a foreign body is shown
EXCERPT = 200

#: asked before a service's own rows: a proxy speaks for itself
FIRST = (
    by_person(
        "407", Kind.CONFIGURATION, "put user and password of the proxy into HTTPS_PROXY", forms=ANY,
        tells="The proxy of this machine asks for a login (HTTP 407). Nothing reached the service.",
    ),
)  # fmt: skip

#: asked after them: what holds for every service
LAST = (
    Row("200", Kind.NONSENSE, Money.UNKNOWN, forms=ANY),
    # every service here answers a good request with 200; another 2xx comes from something in between
    Row("201-399", Kind.DOWN, forms=ANY),
    Row("408, 425, 529", Kind.DOWN, wait=Wait.SAID, forms=ANY),
    Row("429", Kind.BUSY, wait=Wait.SAID, forms=ANY, wait_s=60.0),
    Row("400-499", Kind.DOWN, forms=ANY),
    # a captive portal, and an edge that never reached the service
    Row("511, 521-523, 525, 526, 530", Kind.DOWN, forms=ANY),
    Row("500-599", Kind.DOWN, Money.UNKNOWN, wait=Wait.SAID, forms=ANY),
    Row("0-99999", Kind.NONSENSE, Money.UNKNOWN, forms=ANY),
)  # fmt: skip


def judge(wire: Wire, said: Said) -> Row:
    """The first row that fits; the last fits everything."""
    return next(row for row in (*FIRST, *wire.rows, *LAST) if fits(row, said))


def fits(row: Row, said: Said) -> bool:
    if said.form not in row.forms or not _within(row.statuses, said.status):
        return False
    if row.words and not any(re.fullmatch(row.words, word, re.IGNORECASE) for word in said.words):
        return False
    if row.says and not re.search(row.says, said.message, re.IGNORECASE):
        return False
    return said.delay is not None or not row.waits


@cache
def _spans(statuses: str) -> tuple[tuple[int, int], ...]:
    ends = (span.strip().split("-") for span in statuses.split(","))
    return tuple((int(span[0]), int(span[-1])) for span in ends)


def _within(statuses: str, status: int) -> bool:
    return any(first <= status <= last for first, last in _spans(statuses))


# ------------------------------------------------------------------------------------------------- reading


def read(wire: Wire, status: int, body: bytes, retry_after: str | None = None) -> Said:
    """What was answered; `retry_after`: the header's text. Nothing here raises for a strange body."""
    text = body.decode("utf-8", "replace")
    if not text.strip():
        return Said(status, Form.NONE, (), "", retry_after)
    if wire.xml:
        return _read_xml(status, text, retry_after)
    try:
        value = bounds.loads(body)
    except ValueError:
        own = wire.plain and not text.lstrip().startswith("<")
        return Said(status, Form.OWN if own else Form.PAGE, (), excerpt(text), retry_after)
    if not any(_is_there(found) for path in wire.own for found in _found(value, path)):
        return Said(status, Form.PAGE, (), excerpt(text), retry_after)
    told = tuple(dict.fromkeys([*_texts(value, wire.words), *_named(value, wire.words)]))
    reason = next(iter(_texts(value, wire.message, "message")), "") or _listed(value, wire) or excerpt(text)
    named = (found for path in wire.delay for found in _found(value, path) if isinstance(found, str))
    delay = next((found[:100] for found in named), retry_after)
    return Said(_meant(wire, value, status), Form.OWN, told, reason, delay)


def _read_xml(status: int, text: str, retry_after: str | None) -> Said:
    code = re.search(r"<Code>\s*([\w.]{1,100})\s*</Code>", text)
    reason = re.search(r"<Message>(.{1,2000}?)</Message>", text, re.DOTALL)
    words = () if code is None else (code[1],)
    message = excerpt(text) if reason is None else " ".join(reason[1].split())
    return Said(status, Form.PAGE if code is None else Form.OWN, words, message, retry_after)


def _meant(wire: Wire, value: object, status: int) -> int:
    """The status in the body where there is one and it says that something went wrong."""
    code = bounds.number(next(iter(_found(value, wire.code)), None), 0, 99_999) if wire.code else None
    return status if code is None or code == 200 else int(code)


def _found(value: object, path: str) -> Iterator[object]:
    """What stands at the end of `path`."""
    name, _, rest = path.partition(".")
    inner: list[object] = []
    if isinstance(value, dict) and name in value:
        inner = [value[name]]
    elif isinstance(value, list):
        inner = list(value) if name == "*" else value[int(name) : int(name) + 1] if name.isdecimal() else []
    for one in inner:
        if rest:
            yield from _found(one, rest)
        else:
            yield one


def _is_there(value: object) -> bool:
    return value is not None and value != ""


def _texts(value: object, paths: tuple[str, ...], what: str = "word") -> Iterator[str]:
    most = 4000 if what == "message" else 200
    for path in paths:
        for found in _found(value, path):
            text = bounds.text(found, most)
            if text:
                yield text


def _named(value: object, paths: tuple[str, ...]) -> Iterator[str]:
    """The codes with the name of their field before them: "blockReason:OTHER"."""
    for path in paths:
        yield from (f"{path.rpartition('.')[2]}:{found}" for found in _texts(value, (path,)))


def _listed(value: object, wire: Wire) -> str:
    """The complaints of a validation list: "body.text: Field required"."""
    told = []
    for path in wire.own:
        for found in _found(value, path):
            for entry in found if isinstance(found, list) else []:
                where = ".".join(_texts(entry, ("loc.*",)))
                told += [f"{where}: {reason}" for reason in _texts(entry, ("msg",), "message")]
    return "; ".join(told)


def excerpt(text: str) -> str:
    """A foreign body as one short line, without the marks of HTML."""
    bare = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^<>]{0,1000}>", " ", text[:4_000])
    return " ".join((bare if bare.strip() else text[: 4 * EXCERPT]).split())[:EXCERPT]
