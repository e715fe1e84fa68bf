"""What the answers of each service prove: the rows of `verdicts.json`, and the failure that follows from an answer.

The rows are those of `videod/core/services/*.py`; `videod docs wires` prints them, and a test compares.
"""

import time
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from scripts.lib import answers, bounds, google_time, http, verdicts
from scripts.lib.answers import Json
from scripts.lib.failures import AnswerLost, Failure, Kind
from scripts.lib.verdicts import Form, Helper, Money, Row, Said, Wait, Wire

TABLE = Path(__file__).with_name("verdicts.json")
DAY_S = 86_400.0


@dataclass(frozen=True)
class Verdict:
    row: Row
    said: Said


@cache
def table() -> dict[str, Wire]:
    """Every wire by its name."""
    found = answers.items(answers.parse(TABLE.read_bytes()))
    return {wire.name: wire for wire in map(_wire, found)}


def _wire(value: Json) -> Wire:
    told = answers.record(value)
    rows = tuple(_row(answers.record(row)) for row in answers.items(told["rows"]))
    paths = {name: tuple(map(str, answers.items(told[name]))) for name in ("own", "words", "message", "delay")}
    texts = {name: str(told[name]) for name in ("name", "calls", "code")}
    return Wire(**texts, **paths, plain=told["plain"] is True, xml=told["xml"] is True, rows=rows)  # type: ignore[arg-type]


def _row(told: dict[str, Json]) -> Row:
    enums = {
        "kind": Kind(str(told["kind"])), "money": Money(str(told["money"])), "helper": Helper(str(told["helper"])),
        "wait": Wait(str(told["wait"])), "forms": tuple(Form(str(form)) for form in answers.items(told["forms"])),
    }  # fmt: skip
    given = {field.name: told[field.name] for field in fields(Row) if field.name not in enums}
    return Row(**enums, **given)  # type: ignore[arg-type]


def judged(name: str, reply: http.Reply) -> Verdict:
    wire = table()[name]
    said = verdicts.read(wire, reply.status, reply.told(), reply.headers.get("retry-after"))
    return Verdict(verdicts.judge(wire, said), said)


def failure(
    name: str, reply: http.Reply, *, model: str = "", about: str = "", retry_after_s: float | None = None,
    free: bool = False,
) -> Failure:  # fmt: skip
    """What an unhappy answer of the wire `name` means; AnswerLost where it may have been carried out and billed.

    `model`: the one that was asked. `about` stands before the service's words. `retry_after_s`: what the caller found
    out for itself. `free`: nothing is bought by the request, so nothing is ever unconfirmed.
    """
    return told(judged(name, reply), reply, model=model, about=about, retry_after_s=retry_after_s, free=free)


def told(
    verdict: Verdict, reply: http.Reply, *, model: str = "", about: str = "", retry_after_s: float | None = None,
    free: bool = False,
) -> Failure:  # fmt: skip
    row, said = verdict.row, verdict.said
    doubtful = row.money is Money.UNKNOWN and not free
    message = row.tells.format(model=model) or f"{about}{_words(said, reply)}"
    return (AnswerLost if doubtful else Failure)(
        row.kind, message, service=reply.service, endpoint=reply.endpoint, http_status=reply.status,
        code=said.words[0] if said.words else None, request_id=reply.request_id,
        retry_after_s=wait_s(row, said) if retry_after_s is None else retry_after_s, next_step=row.does or None,
        until_person=row.kind is Kind.QUOTA and row.wait is Wait.PERSON,
    )  # fmt: skip


def _words(said: Said, reply: http.Reply) -> str:
    if 300 <= reply.status < 400:
        return "the answer is a redirect. Something is between videod and the service"
    if said.form is Form.NONE:
        return "the answer has no body"
    return said.message if said.form is Form.OWN else f"what answered is not the service itself: {said.message!r}"


def wait_s(row: Row, said: Said) -> float | None:
    """How long to wait, seconds; None where the answer does not tell and nothing is agreed."""
    match row.wait:
        case Wait.SAID:
            asked = bounds.wait_s((said.delay or "").strip().removesuffix("s"), round(time.time() * 1000))
            return asked if asked is not None else row.wait_s or None
        case Wait.MIDNIGHT:
            return google_time.quota_wait_s()
        case Wait.DAY:
            return DAY_S
        case _:
            return None
