"""The receipts of paid scripts: `<output name>.job.json`, where one lies, what it says, and what follows from it.

    (none) -> intent -> submitted -> received

A script writes "intent" before a paid request leaves, "submitted" as soon as it knows the service's ID of the order,
and "received" once the file is in place. So "intent" without a running script means that the purchase is unconfirmed.
Those of our scripts lie in a journal, a folder for each output that no other job may write (`journal_of`); those of
the owner's own lie beside the output. `scripts/lib/receipt.py` writes them; `tests/house/test_receipts.py` compares the
two.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from videod import files
from videod.core import bounds
from videod.core.failures import Failure, Kind
from videod.core.model import Job

#: a receipt has some hundred bytes
MOST_BYTES = 64_000
#: where journals lie: beside the workspaces, so that both are moved and copied together; ids of channels are lower case
JOURNALS = "JOURNALS"
#: a service's ID of an order, such as an upload's address; a longer one is none, and half of one is none either
REFERENCE_CHARACTERS = 2_000


class State(StrEnum):
    INTENT = "intent"
    SUBMITTED = "submitted"
    RECEIVED = "received"


@dataclass(frozen=True)
class Receipt:
    """What a receipt says; None where it does not say it, or says nonsense. `at`: its last change, ms UTC.

    `digest` names the request, `remote_id` the order at the service; `micros` is the price that the script reported.
    """

    state: State | None
    digest: str | None = None
    service: str | None = None
    remote_id: str | None = None
    at: int | None = None
    micros: int | None = None

    def standing(self, made: bool) -> State | None:
        """The state; `made` says whether the file is there, which is put in place just before the receipt says so."""
        return State.RECEIVED if made and self.state is State.INTENT else self.state


def journal_of(workspace: Path, output: str) -> Path:
    """The folder of the journal of one output, a path in a workspace, which is workspaces/CHANNEL/TASK."""
    channel, task = workspace.parts[-2:]
    return workspace.parent.parent / JOURNALS / channel / task / output.replace("/", ",")


def noted(workspace: Path, output: str) -> Path:
    """The name of an output in its journal; its receipt and other notes lie beside it."""
    return journal_of(workspace, output) / output.rpartition("/")[2]


def path_for(output: Path) -> Path:
    return output.with_name(f"{output.name}.job.json")


def read(output: Path) -> Receipt | None:
    """The receipt beside `output` (in a journal: beside its place there), or None when none can be read. Raises OSError
    where the host lacks what it takes to look: a purchase is not forgotten for that.

    Its folder belongs to scripts: what stands there may be a FIFO, a link or a file endlessly.
    """
    try:
        loaded = bounds.loads(files.read_made(path_for(output), MOST_BYTES))
    except (OSError, ValueError) as error:
        if files.lacking(error):
            raise
        return None
    if not isinstance(loaded, dict):
        return None
    return Receipt(
        _state(loaded.get("state")), _word(loaded.get("digest")), _word(loaded.get("service")),
        reference(loaded.get("remote_id")), bounds.moment_ms(loaded.get("at")), bounds.micros(loaded.get("usd")),
    )  # fmt: skip


def reference(value: object) -> str | None:
    """A service's ID of an order, whole or not at all."""
    told = bounds.text(value, REFERENCE_CHARACTERS + 1)
    return told if told and len(told) <= REFERENCE_CHARACTERS else None


def _state(value: object) -> State | None:
    return State(value) if isinstance(value, str) and value in tuple(State) else None


def _word(value: object) -> str | None:
    return bounds.text(value, 200)


def withdraw(output: Path) -> None:
    """Remove the receipt durably: nothing is owed and nothing will come. Raises OSError."""
    files.remove_made(path_for(output))


def doubt(output: Path, job: Job, silent: bool) -> Failure | None:
    """The doubt that an ended paid attempt leaves behind, judged by its receipt; None where nothing was bought.

    Our scripts write "intent" before the paid request and know the rest; a `silent` one (the user's own) that was
    killed may have bought at any moment.
    """
    kept = read(output)
    state = None if kept is None else kept.state
    if state is State.INTENT or (state is None and silent):
        price = f"${job.price_micros / 1e6:.2f}"
        return Failure(
            Kind.IN_DOUBT, f"{job.name} was ended while its request was on the way. It may already be paid ({price})",
            service=job.service,
        )  # fmt: skip
    return None
