"""Why a script gave up: the kinds, what each means, and the one exception for an expected error.

`videod/core/failures.py` has the same kinds for the daemon; `tests/core/test_failures.py` compares the two. Secrets of
the environment are struck out of every text.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from scripts.lib import bounds
from scripts.lib.redaction import Redactor
from scripts.lib.sanitize import sanitize_line


class Kind(StrEnum):
    BUSY = "busy"
    QUOTA = "quota"
    DOWN = "down"
    REFUSED = "refused"
    NONSENSE = "nonsense"
    CREDENTIALS = "credentials"
    INPUT = "input"
    USAGE = "usage"
    CONFIGURATION = "configuration"
    DISK = "disk"
    IN_DOUBT = "in_doubt"


class Blame(StrEnum):
    """Where the cause lies."""

    SERVICE = "the service does not work"
    LIMIT = "a limit of the service or of the user"
    REQUEST = "what was asked for"
    SETTINGS = "what the user set up"
    HOST = "this machine"
    NOBODY = "nobody can know, or it is a program's own fault"


@dataclass(frozen=True)
class Meaning:
    """`passing`: the same request may succeed within minutes, with nobody doing anything."""

    exit_code: int
    blame: Blame
    next_step: str
    passing: bool = False


MEANING = {
    Kind.BUSY: Meaning(75, Blame.LIMIT, "run the same command again later", passing=True),
    Kind.QUOTA: Meaning(75, Blame.LIMIT, "wait for the quota's reset or add credit, then run it again"),
    Kind.DOWN: Meaning(69, Blame.SERVICE, "run the same command again in some minutes", passing=True),
    Kind.REFUSED: Meaning(65, Blame.REQUEST, "reword the prompt. The same request will be refused again"),
    Kind.NONSENSE: Meaning(
        76, Blame.SERVICE, "run it again. If it repeats, the service has changed its answers", passing=True
    ),
    Kind.CREDENTIALS: Meaning(77, Blame.SETTINGS, "check the key or token named above"),
    Kind.INPUT: Meaning(65, Blame.REQUEST, "fix the input named above"),
    Kind.USAGE: Meaning(64, Blame.SETTINGS, "see --help"),
    Kind.CONFIGURATION: Meaning(78, Blame.SETTINGS, "fix the setting named above"),
    Kind.DISK: Meaning(74, Blame.HOST, "make room on the disk, then run it again"),
    Kind.IN_DOUBT: Meaning(75, Blame.NOBODY, "check the service's own records. --buy-again orders a second one"),
}
PASSING = frozenset(kind for kind, meaning in MEANING.items() if meaning.passing)

#: what a service says of itself, endlessly as it may be
MESSAGE_CHARACTERS, CODE_CHARACTERS = 4_000, 200

SECRETS = (
    "NOTION_TOKEN", "GEMINI_API_KEY", "KIE_API_KEY", "ELEVENLABS_API_KEY", "GOOGLE_CLIENT_SECRET",
    "YOUTUBE_ACCESS_TOKEN", "SLACK_WEBHOOK_URL", "R2_SECRET_ACCESS_KEY", "R2_ACCESS_KEY_ID", "CATBOX_USERHASH",
    "VIDEOD_MASTER_KEY",
)  # fmt: skip

#: their addresses may hold a password
PROXIES = tuple(
    name for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (proxy, proxy.lower())
)  # fmt: skip

#: it goes into no header, and whoever opens it tells what is wrong with it
MASTER_KEY = "VIDEOD_MASTER_KEY"

Fact = str | int | float | bool | list[str] | None


class Failure(Exception):
    """An expected error. `retry_after_s` is set when the service, or its calendar, says when to come back.

    `until_person`: no wait helps, only somebody who acts.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        service: str | None = None,
        endpoint: str | None = None,
        http_status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        next_step: str | None = None,
        until_person: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.service = service
        self.endpoint = endpoint
        self.http_status = http_status
        self.code = code if code is None or len(code) <= CODE_CHARACTERS else None
        self.request_id = request_id
        # a calendar may name a day of 25 hours or the end of a month: whoever waits so long asks once more in between
        wait_s = bounds.number(retry_after_s, 0.0, bounds.MOST_WHOLE)
        self.retry_after_s = None if wait_s is None else min(wait_s, bounds.LONGEST_WAIT_S)
        self.next_step = next_step
        self.until_person = until_person

    def sentence(self) -> str:
        """What happened, where, and what to do next, on one line."""
        where = " ".join(part for part in (self.service, self.endpoint) if part)
        marks = [f"HTTP {self.http_status}" if self.http_status is not None else "",
                 f"code {self.code}" if self.code else "",
                 f"request {self.request_id}" if self.request_id else "",
                 f"retry after {self.retry_after_s:.0f} s" if self.retry_after_s is not None else ""]  # fmt: skip
        detail = ", ".join(mark for mark in marks if mark)
        told = bounds.text(redact(self.message), MESSAGE_CHARACTERS)
        text = f"{where + ': ' if where else ''}{told}{f' ({detail})' if detail else ''}"
        return redact(f"{self.kind.value}: {text}. Next: {self.next_step or MEANING[self.kind].next_step}.")

    def event(self) -> dict[str, Fact]:
        told: dict[str, Fact] = {
            "type": "failure", "kind": self.kind.value, "service": self.service, "endpoint": self.endpoint,
            "http_status": self.http_status, "code": self.code,
            "message": bounds.text(redact(self.message), MESSAGE_CHARACTERS),
            "request_id": self.request_id, "retry_after_s": self.retry_after_s,
            **({"until_person": True} if self.until_person else {}),
        }  # fmt: skip
        return {name: strike(value) if isinstance(value, str) else value for name, value in told.items()}


class AnswerLost(Failure):
    """The request left this machine, yet no usable answer came back: the service may have done, and billed, it."""


def redact(text: str) -> str:
    """`text` as one harmless line, with every secret struck out. What must be cut is cut after it."""
    return sanitize_line(strike(text))


def strike(text: str) -> str:
    """`text` with every secret of the environment, and those that were learnt, struck out; all else stays."""
    return _redactor(tuple(os.environ.get(name, "") for name in (*SECRETS, *PROXIES)), len(_learnt))(text)


def holds_secret(text: str) -> bool:
    return strike(text) != text


#: secrets that did not come from the environment
_learnt: list[str] = []


def learn(secret: str | None) -> None:
    """Strike this one out too from now on: a token that a service gave, or a code for one."""
    if secret and secret not in _learnt:
        _learnt.append(secret)


@lru_cache(4)
def _redactor(values: tuple[str, ...], _learnt_count: int) -> Redactor:
    found = Redactor()
    for address in values[len(SECRETS) :]:
        with suppress(ValueError):
            password = urlsplit(address).password or ""
            found.add(password, "(password)")
            found.add(unquote(password), "(password)")
    for name, value in zip(SECRETS, values, strict=False):
        for part in {value.strip(), *(line.strip() for line in value.splitlines())}:
            found.add(part, f"({name})")
    for value in _learnt:
        found.add(value, "(token)")
    return found


def secret(name: str, purpose: str) -> str:
    """The value of a secret, which comes from the environment only.

    Raises Failure(credentials) when it is unset, or holds what no key does and no header takes.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise Failure(Kind.CREDENTIALS, f"{name} is not set. It is needed for {purpose}",
                      next_step=f"put {name} into the environment")  # fmt: skip
    if name != MASTER_KEY and not all(32 < ord(letter) < 127 for letter in value):
        message = f"{name} holds a space, a line break or a letter that no key has. Nothing was sent"
        raise Failure(Kind.CREDENTIALS, message, next_step=f"copy the key into {name} once more")
    return value
