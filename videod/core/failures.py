"""What can go wrong with a job, how failures are distinguished, and what is done about each.

`scripts/lib/failures.py` has the kinds that a script can report; `tests/core/test_failures.py` compares the two.

`Failure` is one failure as a script, a vendor or the daemon reported it. `classify` finds its kind where the script
said nothing (a foreign script knows only exit codes and free text). `POLICY` says for each kind what happens next;
`retry_delay_ms` how long a retry waits (FR28: 1, 5, 15 and 60 minutes with jitter).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum


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
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    BUDGET = "budget"
    BUG = "bug"


@dataclass(frozen=True)
class Failure:
    """One failure. `retry_after_ms` is what the service asked us to wait; None where it did not say.

    `until_person`: no wait helps, only somebody who acts. `at`: when it was booked, ms UTC; the workflow sets it.
    """

    kind: Kind
    message: str
    service: str | None = None
    endpoint: str | None = None
    http_status: int | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after_ms: int | None = None
    at: int | None = None
    until_person: bool = False

    def told(self, clean: Callable[[str], str]) -> "Failure":
        """The same failure, its texts as `clean` gives them."""

        def cleaned(text: str | None) -> str | None:
            return None if text is None else clean(text)

        return replace(
            self, message=clean(self.message), service=cleaned(self.service), endpoint=cleaned(self.endpoint),
            code=cleaned(self.code), request_id=cleaned(self.request_id),
        )  # fmt: skip


class Answer(StrEnum):
    """What the workflow does with a failed job."""

    AGAIN_FREE = "retries without counting an attempt"
    AGAIN = "retries after the next wait, until no wait is left"
    SUSPEND = "suspends the service and keeps the job ready"
    REWORD = "rewords the prompt once, then stops"
    IN_DOUBT = "checks before it buys again"
    STOP = "stops: a person must fix something"


class Blame(StrEnum):
    """Where the cause lies."""

    SERVICE = "the service does not work"
    LIMIT = "a limit of the service or of the user"
    REQUEST = "what was asked for"
    SETTINGS = "what the user set up"
    HOST = "this machine"
    NOBODY = "nobody can know, or it is a program's own fault"


@dataclass(frozen=True)
class Policy:
    """One kind. `exit_codes`: the sysexits that stand for it where a script says no more.

    `answered`: only a service that answers can cause it. `quiet`: part of ordinary work, neither news nor progress.
    """

    answer: Answer
    blame: Blame
    exit_codes: tuple[int, ...] = ()
    #: wait of AGAIN_FREE and SUSPEND where the service named none, ms
    wait_ms: int = 0
    alert: bool = False
    answered: bool = False
    quiet: bool = False
    advice: str = ""


_MINUTE = 60_000

#: `Failure.code` of a file that was made and found useless; a paid one is bought again once, then a person asks
USELESS_FILE = "useless_file"
#: `Failure.code` of a finished job whose file a later step needs and which is gone, or of no use
LOST_FILE, BAD_FILE = "lost_file", "bad_file"
#: tries after which no more is bought: the first, a free fetch where the service has one, and one new purchase
USELESS_TRIES = 2
#: `Failure.service` where this host itself lacks something
HOST = "host"
#: `Failure.code` of a file that a program without receipts bought and videod could not check: another run buys again,
#: so a person decides at once
BOUGHT_UNCHECKED = "bought_unchecked"
#: `Failure.code` of a custom script that ended without a file and may have paid: another run would pay again, so only a
#: person starts one
PAID_WITHOUT_FILE = "paid_without_file"
#: `Failure.code` of a file that a custom script bought and that could not be checked in time: it is booked, and checked
#: again
BOOKED_UNCHECKED = "booked_unchecked"
#: `Failure.code` of a custom script that cannot be run, lacks a package or asks for what is no more
OWN_PROGRAM = "own_program"

#: `Failure.code` of a film that YouTube refused after it was uploaded
REJECTED = "rejected_later"
#: `Failure.code` of a plan or film that was made before: a person decides
ALIKE = "alike"

_RETRIES = "nothing. videod retries automatically"

#: `advice` is the general one; what is said of a job names its own key, file and command (`core.advice`)
POLICY: dict[Kind, Policy] = {
    Kind.BUSY: Policy(
        Answer.AGAIN_FREE,
        Blame.LIMIT,
        (75,),
        wait_ms=15_000,
        answered=True,
        quiet=True,
        advice="nothing. videod waits and asks again",
    ),
    Kind.QUOTA: Policy(
        Answer.SUSPEND,
        Blame.LIMIT,
        wait_ms=60 * _MINUTE,
        alert=True,
        answered=True,
        advice="nothing. videod resumes automatically at that time. If credit is used up, buy some and run"
        " `videod resume` with the name of the service",
    ),
    Kind.DOWN: Policy(Answer.AGAIN, Blame.SERVICE, (69,), advice=_RETRIES),
    Kind.TIMEOUT: Policy(Answer.AGAIN, Blame.SERVICE, advice=_RETRIES),
    Kind.NONSENSE: Policy(Answer.AGAIN, Blame.SERVICE, (76,), advice=_RETRIES),
    Kind.LOST: Policy(Answer.AGAIN, Blame.NOBODY, advice=_RETRIES),
    Kind.BUG: Policy(
        Answer.AGAIN,
        Blame.NOBODY,
        (70,),
        advice="nothing at first. `videod show` with the episode has the script's own words",
    ),
    Kind.REFUSED: Policy(
        Answer.REWORD,
        Blame.REQUEST,
        alert=True,
        answered=True,
        advice="set Queued to try once more. If it is refused again, cancel this entry and make a new one with another"
        " Story Direction",
    ),
    Kind.CREDENTIALS: Policy(
        Answer.SUSPEND,
        Blame.SETTINGS,
        (77,),
        alert=True,
        answered=True,
        advice="put a valid key into the variable that the Error Log names and restart videod. For an upload run"
        " `videod channels authorize` and `videod resume youtube` for the channel",
    ),
    Kind.INPUT: Policy(
        Answer.STOP,
        Blame.REQUEST,
        (65, 66),
        alert=True,
        advice="fix the input that the Error Log names, then set Queued",
    ),
    Kind.USAGE: Policy(
        Answer.STOP,
        Blame.SETTINGS,
        (64,),
        alert=True,
        advice="make the program in `[scripts]` accept these arguments, then set Queued",
    ),
    Kind.CONFIGURATION: Policy(
        Answer.STOP,
        Blame.SETTINGS,
        (78,),
        alert=True,
        advice="fix the key that the Error Log names, in the channel's file or in videod.toml, then set Queued",
    ),
    Kind.DISK: Policy(
        Answer.AGAIN_FREE,
        Blame.HOST,
        (74,),
        wait_ms=_MINUTE,
        alert=True,
        advice="free disk space. videod resumes automatically",
    ),
    Kind.IN_DOUBT: Policy(
        Answer.IN_DOUBT,
        Blame.NOBODY,
        wait_ms=_MINUTE,
        alert=True,
        advice="look at the service's own log. Set Queued to buy it again, or Cancelled",
    ),
    Kind.BUDGET: Policy(
        Answer.STOP,
        Blame.LIMIT,
        alert=True,
        advice="raise `episode_cap_usd` in the channel's file if the episode is worth it, then set Queued",
    ),
    Kind.INTERRUPTED: Policy(Answer.AGAIN_FREE, Blame.NOBODY, quiet=True),
}

#: the kind that an exit code stands for
BY_EXIT_CODE: dict[int, Kind] = {code: kind for kind, policy in POLICY.items() for code in policy.exit_codes}
#: kinds that are part of ordinary work
QUIET = tuple(kind for kind, policy in POLICY.items() if policy.quiet)

#: what free text of a script that knows no sysexits tells, first match wins. Compiled at the first failure, since
#: commands that only look never need them
_BY_TEXT: tuple[tuple[str, Kind], ...] = (
    (r"no space left|disk quota exceeded|errno 28", Kind.DISK),
    (r"cannot allocate memory|\bmemoryerror\b|can't start new thread|resource temporarily unavailable"
     r"|failed to map segment|std::bad_alloc", Kind.LOST),
    (r"per day|quota[ _]?exceeded|insufficient (credits|balance|funds)|out of credits|uploadLimitExceeded",
     Kind.QUOTA),
    (r"\bmodels?\b.{0,120}(not found|not supported|does not exist|no longer|retired|deprecated|decommissioned)"
     r"|\b404\b.{0,200}\bmodels?\b|ModuleNotFoundError|ImportError:", Kind.CONFIGURATION),
    (r"\b429\b|rate.?limit|too many (concurrent )?requests|concurrent_limit|system_busy|resource.?exhausted",
     Kind.BUSY),
    (r"api.?key.{0,20}(invalid|missing|not (set|found|valid))|(invalid|missing|no) .{0,20}api.?key|invalid_grant"
     r"|unauthorized|\b401\b|authentication failed|access permissions", Kind.CREDENTIALS),
    (r"content policy|safety|prohibited|blocked|moderation|inappropriate", Kind.REFUSED),
    (r"\b(500|502|503|504|529)\b|timed? ?out|connection (reset|refused|aborted|error)|unavailable|overloaded"
     r"|temporary failure|name resolution|network", Kind.DOWN),
    (r"usage:|unrecognized arguments|the following arguments are required", Kind.USAGE),
    (r"no such file|file not found|does not exist|cannot identify image|invalid data", Kind.INPUT),
)  # fmt: skip


#: a traceback's line that only says where: the folders and line numbers in it are no words of the error
_WHERE = re.compile(r'^\s*File "[^"]*", line \d+.*$', re.MULTILINE)


def classify(exit_code: int, text: str) -> Kind:
    """The kind of a failure of which only the exit code (negative: the signal) and the tail of stderr are known.

    Sysexits are believed; any other code is judged by the text, and text that says nothing is a bug.
    """
    if exit_code in BY_EXIT_CODE:
        return BY_EXIT_CODE[exit_code]
    if exit_code < 0:
        return Kind.LOST
    said = _WHERE.sub("", text)
    for pattern, kind in _BY_TEXT:
        if re.search(pattern, said, re.IGNORECASE):
            return kind
    return Kind.BUG


def retry_delay_ms(attempts: int, waits_ms: tuple[int, ...], jitter: float, u: float) -> int | None:
    """The wait before the next try after `attempts` spent ones, or None when all waits are spent.

    `u` is chance in [0, 1); the wait varies by +-`jitter` of itself so that many jobs do not knock together.
    """
    if attempts < 1 or attempts > len(waits_ms):
        return None
    return round(waits_ms[attempts - 1] * (1 + jitter * (2 * u - 1)))
