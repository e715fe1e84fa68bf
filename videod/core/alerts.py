"""Everything that videod alerts people to: how urgent it is, when the alert is repeated and what clears it. Pure.

A cause is found by the key of its alert (`ops.Alert`), so whoever tells of something adds one row here and no more.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How urgent a message is, from the least on."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return tuple(Level).index(self)


_ONCE = "never: it happened once"
_DAILY = "every day while it lasts"


@dataclass(frozen=True)
class AlertCause:
    """One row of the table. `key`: a pattern of the whole key of its alerts; `sample`: a message as people get it.

    `again`: when the alert is repeated; `over`: what clears it, so that the next occurrence is reported at once.
    `asked`: somebody asked for it in the settings, so it goes wherever alerts go, whatever their level.
    """

    name: str
    level: Level
    key: str
    what: str
    sample: str
    again: str = _DAILY
    over: str = ""
    asked: bool = False

    def fits(self, key: str) -> bool:
        return re.fullmatch(self.key, key, re.DOTALL) is not None


#: a part of a key: a service, a step, a channel, an episode, a number
_P = "[^:]*"
_DAY = r"\d{4}-\d\d-\d\d"

_WHOLE = (
    AlertCause(
        "died", Level.CRITICAL, r"deaths( .*)?", "videod's process ended without being asked to",
        "videod died 3 times in 4 minutes. The last reason: no heartbeat for 180 s. It runs again since 14:02.",
        "at the 3rd and 10th death of a series, then once an hour", "an hour without a death",
    ),
    AlertCause(
        "heartbeat", Level.WARNING, r"heartbeat:.*", "videod was dead or frozen, or its host was off, for minutes",
        "videod was away for 3 h 10 min, from 02:00 to 05:10: this host was off or restarted. It works again.",
        _ONCE, "at once: it is back",
    ),
    AlertCause(
        "board-lost", Level.CRITICAL, r"board lost", "another videod took the board, and this one stopped",
        "videod on studio stops: another videod has the board now (host attic, since 14:02).",
        over="the next start that gets the board",
    ),
    AlertCause(
        "board-refused", Level.CRITICAL, r"board refused", "Notion refuses the token or the board, until you change it",
        "The Notion board cannot be read: unauthorized. Put a valid token into NOTION_TOKEN and restart videod.",
        over="the board answers",
    ),
    AlertCause(
        "board-unreachable", Level.WARNING, r"board unreachable",
        "Notion has not answered for `board_after_min` minutes",
        "The Notion board has been unreachable since 14:02: no answer. videod keeps asking.",
        over="the board answers",
    ),
    AlertCause(
        "board-back", Level.INFO, r"board back:.*", "the board answers again, after an alert that it did not",
        "The Notion board answers again after 42 minutes. videod is sending what waited for it.", _ONCE, "at once",
    ),
    AlertCause(
        "disk", Level.CRITICAL, r"disk", "too little disk space: nothing starts",
        "videod is paused: the disk of state has 310 MB left (work resumes at 1250 MB). Free some.",
        over="there is enough space again",
    ),
    AlertCause(
        "held", Level.CRITICAL, r"held", "another program holds videod's database, so every change waits",
        "videod waits: another program holds the database (60 s so far): `fuser -v state/videod.db` names it.",
        "each time it happens", "the program lets go",
    ),
    AlertCause(
        "loop", Level.WARNING, r"loop .*", "a part of videod failed and restarts automatically",
        'videod\'s loop "verdicts" failed (ValueError) and restarts automatically. Everything else continues.',
        over="half an hour without an error",
    ),
    AlertCause(
        "crash", Level.WARNING, rf"{_P}:{_P}:crash:.*|intake:.*|relay:.*",
        "a bug in videod stopped one episode, one edit or one message",
        "clip/clip_07 of episode owls-1: videod itself failed. videod leaves this episode alone until it is restarted.",
        over="the same work succeeds",
    ),
)  # fmt: skip

_SERVICES = (
    AlertCause(
        "quota-near", Level.INFO, rf"{_P}:quota:{_DAY}", "80 % of your own `daily_quota` of a service is used",
        "80 of 100 gemini jobs of 2026-11-30 are used. Jobs after the last one wait for the next day.",
        _ONCE, "the day ends",
    ),
    AlertCause(
        "quota-full", Level.INFO, rf"{_P}:quota:{_DAY}:full", "your own `daily_quota` of a service is used up",
        "The day's quota of gemini is used up: 100 of 100 jobs of 2026-11-30. Further jobs wait until midnight.",
        _ONCE, "the day ends",
    ),
    AlertCause(
        "credentials", Level.CRITICAL, rf"{_P}:credentials(:{_P})?", "a service refuses a key, or Google a consent",
        "Owls (wild_earth), upload: Google refused the consent. Run `videod channels authorize wild_earth`.",
        over="a job that needs the same key succeeds",
    ),
    AlertCause(
        "consent-ends", Level.WARNING, rf"{_P}:consent-ends:{_P}", "a channel's consent ends within days",
        "The consent of channel wild_earth ends at 2026-12-07 14:00 UTC. Run `videod channels authorize wild_earth`.",
        over="the channel has another consent",
    ),
    AlertCause(
        "credit", Level.CRITICAL, rf"{_P}:credit(:{_P})?", "a service's credit is used up until you buy some",
        "Owls (wild_earth), clip/clip_07: 402 insufficient credits. Top up, then run `videod resume kie`.",
        over="a job of the service succeeds",
    ),
    AlertCause(
        "quota", Level.WARNING, rf"{_P}:quota(:{_P})?", "a service's own quota is used up. videod resumes at its reset",
        "Owls (wild_earth), image/owl: daily limit reached. Resumes at 08:00.",
        over="a job of the service succeeds",
    ),
    AlertCause(
        "down", Level.WARNING, rf"{_P}:down", "a service has not answered for half an hour",
        "kie has not answered since 14:02: connection refused. videod asks every 5 minutes.",
        over="any answer of the service",
    ),
    AlertCause(
        "limit", Level.WARNING, rf"limit:{_P}", 'a service answers "too many requests" although its limit is kept',
        "kie refused 12 requests as too many in the last 30 minutes. Lower `rate` in [services.kie] of videod.toml.",
        over="half an hour without such an answer",
    ),
    AlertCause(
        "setting", Level.WARNING, r"setting:.*", "a setting, model, voice or program is wrong, so entries wait",
        "channels/wild_earth.yaml: there is no voice abc. New entries of wild_earth wait.",
        over="the next check finds it right",
    ),
    AlertCause(
        "budget-near", Level.INFO, rf"{_P}:budget:{_P}:near", "80 % of a channel's daily budget is used",
        "wild_earth has used $16.20 of $20.00 of its day's budget. Jobs that do not fit into the rest wait.",
        _ONCE, "the day ends",
    ),
    AlertCause(
        "budget", Level.WARNING, rf"{_P}:budget:{_P}:{_P}", "a channel's daily budget is spent",
        "Owls: wild_earth has spent its daily budget of $20.00. Wait, or raise `daily_budget_usd`.",
        _ONCE, "midnight UTC, or another budget",
    ),
    AlertCause(
        "balance", Level.INFO, r"imbalance:.*", "one channel fills the queue while another's entry waits for a day",
        "wild_earth holds 18 of 20 queued entries, and the oldest of deep_sea has waited since yesterday.",
        over="the queue is balanced again",
    ),
)  # fmt: skip

_EPISODES = (
    AlertCause(
        "stuck", Level.WARNING, r"stuck:.*", "an episode in which nothing finishes, for no known reason",
        "Owls (wild_earth) is stuck: nothing has finished since 14:02. `videod why owls-1` shows its jobs.",
        over="something in it finishes",
    ),
    AlertCause(
        "slow", Level.WARNING, r"slow:.*", "an episode has one status for three times its usual time",
        "Owls (wild_earth) has been at Generating Video for 9 h. Usually it takes 3 h. `videod why owls-1` says more.",
        _ONCE, "the next status",
    ),
    AlertCause(
        "waiting", Level.WARNING, r"reviews:.*", "reviews, stopped and paused episodes that wait for you",
        "2 reviews and 1 stopped episode wait for you: Owls (wild_earth, owls-1): assets review for 13 h.",
        "at most once in `reviews_every_h`, and only with something new", "at once: each message lists all",
    ),
    AlertCause(
        "charge", Level.WARNING, rf"{_P}:{_P}:charge:.*", "a script reported a charge that cannot be right",
        "clip/clip_07 of Owls (wild_earth): its script reported charges of $420.00 in one run.", _ONCE, "at once",
    ),
    AlertCause(
        "report", Level.INFO, r"report:.*", "the measures of a week, where `weekly = true` in `[alerts]`",
        "videod from 2026-11-23 to 2026-11-30: 12 published, 10 of them without help.", _ONCE, "at once", asked=True,
    ),
    AlertCause(
        "film", Level.WARNING, rf"{_P}:film:.*", "an approved film was lost and made again. Approve it once more",
        "Owls (wild_earth): the film that was approved was lost or replaced. videod made it again.", _ONCE, "at once",
    ),
    AlertCause(
        "late-cancel", Level.WARNING, rf"{_P}:late:.*", "an episode was cancelled too late, its film is on YouTube",
        "Owls (wild_earth): it was cancelled while its upload was ending, so the film is on YouTube.", _ONCE, "at once",
    ),
    AlertCause(
        "verdict", Level.WARNING, rf"{_P}:overdue:.*", "YouTube has not finished processing a film after a week",
        "Owls (wild_earth): YouTube has not finished processing the film after a week.", _ONCE, "at once",
    ),
    AlertCause(
        "file", Level.WARNING, r"changed:.*", "a file changed after videod checked it, so it is not used",
        "clip/clip_07 of Owls changed on the disk. Put the file back, or run `videod redo owls-1 clip/clip_07`.",
        over="the file is right again",
    ),
    AlertCause(
        "board-write", Level.WARNING, r"board:(entry|asset):.*", "Notion refuses statuses or files that videod writes",
        "The Notion board does not take files for the reviews: this workspace is full.",
        over="no message waits for that reason",
    ),
    AlertCause(
        "without", Level.WARNING, rf"{_P}:without:{_P}", "captions or a thumbnail failed: the film goes without",
        "Owls (wild_earth), captions/film: no font has these letters. What to do: nothing: the film is"
        " published without captions.",
        "at most once in ten minutes for each step of an episode", "you queue the episode again",
    ),
    AlertCause(
        "stopped", Level.WARNING, rf"{_P}:{_P}:{_P}(:{_P})?",
        "an episode stopped: retries are spent, or the failure is permanent, or a purchase is unconfirmed",
        "Owls (wild_earth), clip/clip_07: Kling refused the prompt. What to do: set Queued to try once more.",
        "at most once in ten minutes for each step of an episode", "you queue the episode again",
    ),
)  # fmt: skip

#: in the order in which a key is looked up: the last rows take what fits no other
CAUSES: tuple[AlertCause, ...] = (*_WHOLE, *_SERVICES, *_EPISODES)
#: of a key that no row names, which a test rules out: better too loud than silent
UNKNOWN = AlertCause("other", Level.CRITICAL, r".*", "anything else", "")


def cause_of(key: str) -> AlertCause:
    """The row of an alert's key."""
    return next((one for one in CAUSES if one.fits(key)), UNKNOWN)


@dataclass(frozen=True)
class Note:
    """One message to people. `key` is of this message alone: sent once more, it has the same."""

    text: str
    level: Level = Level.CRITICAL
    key: str = ""
    #: it goes to every way, whatever its level
    asked: bool = False

    @classmethod
    def of(cls, key: str, text: str) -> "Note":
        """The message of an outbox row: its key is the alert's and when it was posted."""
        cause = cause_of(key.rpartition("@")[0] or key)
        return cls(text, cause.level, key, cause.asked)
