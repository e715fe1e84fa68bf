"""The receipt of a paid call: `<output>.job.json` (see `notes`), the reason why nothing is bought twice.

    (none) --intent--> intent --remote id known--> submitted --file in place--> received
                         |  ^
                         +--+ withdrawn when the service provably did not take the request

`intent` is on disk before the request leaves. Whoever finds it afterwards, without a later state, cannot know whether
the service was paid: that is `in_doubt`, and a person (or a standing permission) decides. The digest names what was
asked for, so a receipt of another request is no receipt.
"""

import hashlib
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from scripts.lib import answers, atomic, bounds, http, notes
from scripts.lib.failures import AnswerLost, Failure, Kind
from scripts.lib.script_runtime import warn

State = Literal["intent", "submitted", "received"]
VERSION = 1
#: Media of one call is far smaller; running out of disk after paying would leave a paid answer without a place.
ROOM_BYTES = 256 << 20
#: Kept for the answer while it is on its way, whoever fills the disk meanwhile: a picture of 1K takes 2 to 3 MB.
HELD_BYTES = 8 << 20
SKEW_S = 0.05  # file times are taken from a coarser clock than the receipt's


@dataclass(frozen=True)
class Receipt:
    """The file's content. `at` is the ISO time of the last change of state, `usd` what the call was charged.

    `after`: of an order of several requests, how many answers were kept when this one left; None for other orders.
    """

    version: int
    digest: str
    service: str
    state: State
    remote_id: str | None
    at: str
    usd: float | None
    after: int | None = None


def digest(service: str, model: str, prompt: str, settings: Mapping[str, answers.Json], inputs: list[str]) -> str:
    """The SHA-256 of everything that decides what the service would make; `inputs` are digests of input files."""
    request = {
        "service": service,
        "model": model,
        "prompt": prompt,
        "settings": dict(settings),
        "inputs": list(inputs),
    }
    return hashlib.sha256(json.dumps(request, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def path_for(output: Path) -> Path:
    return notes.place(output, output.name + ".job.json")


def refused_digest(output: Path) -> str | None:
    """The SHA-256 of `<output>.refused`: a file that was received, looked at and found useless; None without one.

    Whoever put it there wants another: the same bytes once more, or the same seed, would be of no use.
    """
    try:
        return atomic.fingerprint(output.with_name(output.name + ".refused"))[1]
    except OSError:  # none, or something that no refused file is
        return None


def read(output: Path) -> Receipt | None:
    """The receipt beside `output`. Raises Failure(in_doubt) when there is one that cannot be understood."""
    path = path_for(output)
    try:
        found = answers.record(answers.parse(atomic.read_small(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    state, fingerprint = answers.text(found.get("state")), answers.text(found.get("digest"))
    service, at = answers.text(found.get("service")), answers.text(found.get("at"))
    if (
        found.get("version") != VERSION
        or fingerprint is None
        or service is None
        or bounds.moment(at) is None
        or at is None
    ):
        raise _unreadable(path)
    if state not in {"intent", "submitted", "received"}:
        raise _unreadable(path)
    known: State = "intent" if state == "intent" else "submitted" if state == "submitted" else "received"
    remote = answers.text(found.get("remote_id"))
    after = bounds.whole(found.get("after"))
    return Receipt(VERSION, fingerprint, service, known, remote, at, bounds.usd(found.get("usd")), after)


class Order:
    """One paid request on its way from intent to file."""

    def __init__(self, output: Path, service: str, fingerprint: str) -> None:
        self.output = output
        self.service = service
        self.digest = fingerprint
        self.receipt: Receipt | None = None
        self._hand_back: Callable[[], None] = lambda: None

    @property
    def state(self) -> State | None:
        return self.receipt.state if self.receipt is not None else None

    @property
    def remote_id(self) -> str | None:
        return self.receipt.remote_id if self.receipt is not None else None

    def _keep(self, receipt: Receipt) -> None:
        receipt = replace(receipt, at=datetime.now(UTC).isoformat(timespec="milliseconds"))
        atomic.write(path_for(self.output), json.dumps(asdict(receipt)).encode())
        self.receipt = receipt

    @contextmanager
    def paid(self, after: int | None = None) -> Iterator[None]:
        """Around the request that costs money. Its failure withdraws the intent, unless the answer was lost.

        `after`: how many answers of this order are kept already, where it takes several requests.

        Whatever it is that goes wrong before the request leaves, a bug included: nothing was ordered.

        A request to end (SIGTERM) waits until the block is over: to leave now would lose what is being paid for.
        """
        if atomic.free_bytes(self.output) < ROOM_BYTES:
            raise Failure(Kind.DISK, f"less than {ROOM_BYTES >> 20} MiB free beside {self.output}. Nothing was ordered")
        with atomic.held_room(self.output, HELD_BYTES) as hand_back:
            self._keep(Receipt(VERSION, self.digest, self.service, "intent", None, "", None, after))
            self._hand_back = hand_back
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            departed = http.departures()
            try:
                yield
            except AnswerLost as lost:
                raise _in_doubt(lost) from lost
            except Failure as failure:
                # an answer that found no room was paid for all the same
                if failure.kind not in {Kind.IN_DOUBT, Kind.DISK} or http.departures() == departed:
                    self.withdraw()
                raise
            except BaseException:
                if http.departures() == departed:
                    self.withdraw()
                raise
            finally:
                self._hand_back = lambda: None
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def answered(self) -> None:
        """The answer has arrived: hand back the room that was kept for it, so that it can be written down."""
        self._hand_back()

    def submitted(self, remote_id: str) -> None:
        self.answered()
        self._keep(Receipt(VERSION, self.digest, self.service, "submitted", remote_id, "", None))

    def priced(self, usd: float | None) -> None:
        """Remember that the charge was reported, so that a later run does not report it again."""
        if self.receipt is not None:
            self._keep(replace(self.receipt, usd=bounds.usd(usd)))

    def received(self) -> None:
        if self.receipt is not None:
            self._keep(replace(self.receipt, state="received"))

    def settled(self, usd: float | None) -> None:
        """What was asked for is kept and paid for, `usd` in all: for outputs that take several requests."""
        self._keep(Receipt(VERSION, self.digest, self.service, "received", None, "", bounds.usd(usd)))

    def withdraw(self) -> None:
        """Nothing is owed and nothing will come: forget the request."""
        atomic.remove(path_for(self.output))
        self.receipt = None


def open_order(
    output: Path, service: str, fingerprint: str, *, buy_again: bool, answers_kept: int | None = None
) -> Order:  # fmt: skip
    """The order as an earlier run left it: state None (buy), submitted (ask) or received (nothing to do).

    `answers_kept`: how many answers lie there, where an order takes several requests and each is kept automatically.
    Raises Failure(in_doubt) when an earlier run may have paid without learning of it, unless `buy_again`.
    """
    order = Order(output, service, fingerprint)
    atomic.sweep(output)  # where nothing is left to write, no later writer does it
    try:
        found = read(output)
    except Failure:
        if not buy_again:
            raise
        warn(f"{path_for(output)} cannot be read. Buying again, as you said")
        return order
    if found is None:
        return order
    if found.digest != fingerprint:
        if found.state == "submitted":
            warn(f"the request changed. {found.service} job {found.remote_id} of the earlier one is left behind")
        return order
    order.receipt = found
    if found.state == "intent":
        if _answered(output, found, answers_kept):
            order.received()
        elif buy_again:
            warn("an earlier request may have been paid for. Buying again, as you said")
            order.receipt = None
        else:
            raise Failure(
                Kind.IN_DOUBT,
                f"a request of {found.at} was sent and its answer never seen: it may have been paid for",
                service=service,
            )
    elif found.state == "received" and not output.is_file():
        # a remote job can be fetched once more for nothing; an answer that was only ever sent once cannot
        order.receipt = replace(found, state="submitted") if found.remote_id is not None else None
    return order


def _answered(output: Path, receipt: Receipt, answers_kept: int | None) -> bool:
    """Whether what the intent asked for is here: one more answer than when it left, or the output itself.

    The output is put in place whole, just before the receipt says so.
    """
    if answers_kept is not None:
        return receipt.after is not None and answers_kept > receipt.after
    try:
        written = output.stat().st_mtime
        asked = bounds.moment(receipt.at)
        return asked is not None and written + SKEW_S >= asked.timestamp()
    except FileNotFoundError:
        return False


def _in_doubt(lost: AnswerLost) -> Failure:
    return Failure(
        Kind.IN_DOUBT, f"{lost.message}. The request may have been carried out and paid for", service=lost.service,
        endpoint=lost.endpoint, http_status=lost.http_status, code=lost.code, request_id=lost.request_id,
    )  # fmt: skip


def _unreadable(path: Path) -> Failure:
    return Failure(Kind.IN_DOUBT, f"the receipt {path} cannot be understood. What it paid for is unknown",
                   next_step="look into the file. --buy-again orders again")  # fmt: skip
