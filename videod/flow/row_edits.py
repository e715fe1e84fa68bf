"""What a person writes on the rows of files: their texts are corrections, their notes go with a redo.

A text that differs from what videod left there is a person's. What was not bought yet changes at once; a finished file
is regenerated when the person confirms the price, by the status that regenerates marked files. Until then the text
stands on its row, and the entry says what it would cost. What can never count is answered and put back.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from videod.board_rows import AssetRow
from videod.core import answers, bounds, outlook, row_texts
from videod.core.derive import opens_itself
from videod.core.events import EditRefused, JobCorrected, RedoAsked, TextsRewritten
from videod.core.model import Job, Task
from videod.core.ops import SaveJob
from videod.core.row_texts import ARGUMENTS, NOTE_CHARACTERS, WORDS_CHARACTERS, clean, mark
from videod.core.statuses import AT_GATE, DONE, Gate
from videod.core.wishes import Obstacle, Verb
from videod.flow.turns import Turns
from videod.ledger import Ledger
from videod.ports import Board, BoardError, Clock
from videod.store import reads
from videod.store import row_texts as kept
from videod.store.database import Store

log = logging.getLogger(__name__)

CURSOR = "rows_cursor"
#: the board rounds to the minute, and its list may lag
OVERLAP_MS = 150_000
#: a time of the board further ahead of our clock than this is nonsense
SKEW_MS = 300_000
#: the text counts later: its file is being made, or no review shows it
_LATER = (Obstacle.BEING_MADE, Obstacle.UNCONFIRMED, Obstacle.NO_REVIEW)


@dataclass(frozen=True)
class Marks:
    """What the rows of an entry ask for: `flagged` row -> job, `words` job -> argument -> text, `notes` by job.

    `clears`: row -> the mark of the note on it that is taken; `said`: key -> the mark of the text that is.
    `problem`: why none of it can be taken.
    """

    flagged: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    clears: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def rows(self) -> list[str]:
        """The rows to be tidied when this was taken."""
        return list(dict.fromkeys((*self.flagged, *self.clears)))

    def kept(self) -> dict[str, object]:
        """What must be remembered to tidy up after a crash."""
        return {"assets": self.rows, "clears": dict(self.clears), "said": dict(self.said)}


NO_MARKS = Marks()


def kept_marks(kept: Mapping[str, object]) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """The arguments of `RowEdits.taken` from `Marks.kept`, also of an earlier videod's."""
    rows, clears, said = kept.get("assets"), kept.get("clears"), kept.get("said")
    return (
        [str(one) for one in rows] if isinstance(rows, list) else [],
        {str(row): str(one) for row, one in clears.items()} if isinstance(clears, dict) else {},
        {str(key): str(one) for key, one in said.items()} if isinstance(said, dict) else {},
    )


class RowEdits:
    """`turns` are those of the intake and the relay."""

    def __init__(self, board: Board, ledger: Ledger, store: Store, clock: Clock, turns: Turns) -> None:
        self._board = board
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._turns = turns
        self._failed = ""
        #: the reviews at which the texts that waited for one were answered with their price
        self._priced: set[tuple[str, Gate]] = set()

    # ------------------------------------------------------------------------------------------ the look at all rows

    async def look(self) -> int:
        """Look at the rows that were edited since the last look; returns how many texts were taken or answered.

        Raises BoardError where the board is down; a table of files that cannot be read is logged once.
        """
        now = self._clock.now_ms()
        since = bounds.whole(await self._store.read(lambda tx: reads.value(tx, CURSOR)))
        since = now if since is None or since > now + SKEW_MS else since
        try:
            rows = await self._board.edited_rows(max(0, since - OVERLAP_MS))
        except BoardError as error:
            if error.kind not in ("gone", "rejected"):
                raise
            if self._failed != str(error):
                log.warning("intake_rows_unreadable", extra={"error": str(error)})
            self._failed = str(error)
            return 0
        self._failed, taken = "", 0
        for task_id in dict.fromkeys(_task_of(row) for row in await self._changed(rows)):
            taken += await self._look_at(task_id, rows)
        newest = max((row.edited_at for row in rows if row.edited_at <= now + SKEW_MS), default=0)
        if newest > since or taken:
            await self._ledger.set_value(CURSOR, str(max(newest, since)))
        return taken + await self._come()

    async def _come(self) -> int:
        """Say the price of texts that waited for a review, once it is open; returns how many entries say it."""
        waiting = await self._store.read(lambda tx: kept.waiting(tx, row_texts.LATER))
        at_review = {(task.id, gate): task for task in waiting if (gate := AT_GATE.get(task.status)) is not None}
        self._priced &= at_review.keys()
        new = at_review.keys() - self._priced
        for one in sorted(new):
            async with self._turns.of(at_review[one].page_id):
                await self._offer(at_review[one])
            self._priced.add(one)
        return len(new)

    async def _changed(self, rows: list[AssetRow]) -> list[AssetRow]:
        """The rows whose text videod neither left there nor answered."""
        told = [row for row in rows if row.text is not None and "/" in row.key]
        known = await self._store.read(lambda tx: kept.texts(tx, [row.key for row in told]))
        return [row for row in told if (one := known.get(row.key)) and one.page_id == row.id and _is_new(row, one)]

    async def _look_at(self, task_id: str, rows: list[AssetRow]) -> int:
        task, _ = await self._ledger.look(task_id)
        if task is None:
            return 0
        async with self._turns.of(task.page_id):
            fresh = [row for row in await self._changed(rows) if _task_of(row) == task_id]
            return await self._take(task_id, fresh) if fresh else 0

    async def _take(self, task_id: str, rows: list[AssetRow]) -> int:
        """Take what counts at once, answer the rest. The entry's turn is held."""
        taken = 0
        waiting: list[tuple[AssetRow, str]] = []
        for row in rows:
            task, jobs = await self._ledger.look(task_id)
            job = next((one for one in jobs if f"{task_id}/{one.name}" == row.key), None)
            if task is None or job is None:
                continue
            text = clean(row.text or "")
            known = (await self._store.read(lambda tx, key=row.key: kept.texts(tx, [key])))[row.key]  # type: ignore[misc]
            if text == row_texts.said(job) or known.ours(mark(text)):  # the old text again, or what it is anyway
                taken += await self._back(task, row, known)
                continue
            taken += 1
            obstacle = outlook.correction(task, jobs, job.name)
            if (wrong := row_texts.wrong(job, text)) is not None:
                await self._put_back(task, row, job, wrong)
            elif obstacle not in (None, *_LATER):
                await self._put_back(task, row, job, answers.on_board(Verb.CORRECT, obstacle, task))
            elif job.state is DONE or obstacle in _LATER:
                waiting.append((row, job.key))
            elif (wrong := row_texts.too_long(job.key, "Text", text, WORDS_CHARACTERS)) is not None:
                await self._put_back(task, row, job, wrong)
            else:
                await self._correct(task, row, job, text)
        if waiting:
            await self._answer(task_id, waiting)
        return taken

    async def _back(self, task: Task, row: AssetRow, known: kept.RowText) -> int:
        """The row says again what videod left there; an answer about it is over."""
        await self._ledger.row_says(row.key, mark(row.text or ""))
        if known.heard is None or not task.error.startswith(row_texts.BEGINS):
            return 0
        await self._offer(task)
        return 1

    async def _put_back(self, task: Task, row: AssetRow, job: Job, why: str) -> None:
        reason = why.rstrip(".")
        await self._ledger.apply(EditRefused(self._clock.now_ms(), task.id, f"Text of {job.key}", reason))
        await self._ledger.row_says(row.key, mark(row.text or ""))  # known now: the true one is written over it
        log.info("intake_text_refused", extra=_context(task, job) | {"reason": reason})

    async def _correct(self, task: Task, row: AssetRow, job: Job, text: str) -> None:
        event = JobCorrected(self._clock.now_ms(), task.id, job.name, {ARGUMENTS[job.step]: text}, "notion")
        applied = await self._ledger.apply(event)
        if applied.decision.accepted:
            await self._ledger.row_says(row.key, mark(text))
            log.info("intake_text_taken", extra=_context(task, job))

    async def _answer(self, task_id: str, rows: list[tuple[AssetRow, str]]) -> None:
        """Say on the entry what the texts that wait would cost, and remember that it was said."""
        task, _ = await self._ledger.look(task_id)
        assert task is not None
        await self._offer(task, [key for _, key in rows])
        for row, _ in rows:
            await self._ledger.row_heard(row.key, mark(row.text or ""))
            log.info("intake_text_waits", extra={"task": task.id, "channel": task.channel_id, "key": row.key})

    async def _offer(self, task: Task, waiting: Sequence[str] = ()) -> None:
        marks = await self._marks(task, await self._board.rows_of(task.page_id))
        note = await self.note(task, marks)
        if not note and waiting:
            note = self._later(task, waiting)
        await self._ledger.apply(TextsRewritten(self._clock.now_ms(), task.id, tuple(marks.words), note))

    # ------------------------------------------------------------------------------------------ the rows of one entry

    async def marks(self, task: Task, steps: frozenset[str]) -> Marks:
        """What the rows of the entry ask for, of those of `steps`: the others stay for their own review."""
        return await self._marks(task, await self._board.rows_of(task.page_id), steps)

    async def _marks(self, task: Task, rows: list[AssetRow], steps: frozenset[str] | None = None) -> Marks:
        _, jobs = await self._ledger.look(task.id)
        named = {f"{task.id}/{job.name}": job for job in jobs}
        known = await self._store.read(lambda tx: kept.texts(tx, named))
        flagged: dict[str, str] = {}
        words: dict[str, Mapping[str, object]] = {}
        notes: dict[str, str] = {}
        clears: dict[str, str] = {}
        said: dict[str, str] = {}
        problem = ""
        for row in rows:
            job = named.get(row.key)
            if job is None:
                step = _step_of(task, row)
                if row.redo and step and (steps is None or step in steps):
                    flagged[row.id] = row.key.removeprefix(f"{task.id}/")
                continue
            if steps is not None and job.step not in steps:
                continue
            if row.redo:
                flagged[row.id] = job.name
            edit = _edit(row, job, known.get(row.key))
            if edit is not None:
                words[job.name], said[row.key] = {ARGUMENTS[job.step]: edit}, mark(edit)
                problem = problem or row_texts.too_long(job.key, "Text", edit, WORDS_CHARACTERS) or ""
            note = clean(row.note)
            if note and (row.redo or edit is not None):
                notes[job.name], clears[row.id] = note, mark(row.note)
                problem = problem or row_texts.too_long(job.key, "Note", note, NOTE_CHARACTERS) or ""
                problem = problem or row_texts.deaf(job.name) or ""
        return Marks(flagged, words, notes, clears, said, problem)

    async def note(self, task: Task, marks: Marks) -> str:
        """What the entry says of texts that wait; "" where none does."""
        gate = AT_GATE.get(task.status)
        if marks.problem:
            return f"{marks.problem}."
        if not marks.words:
            return ""
        if gate is None:
            return self._later(task, [_key(name) for name in marks.words])
        now = [name for name in marks.words if name.split("/", 1)[0] in outlook.sent_back_at(gate)]
        count, micros = await self.price(task, marks)
        if not now or not count:
            return row_texts.later([_key(name) for name in marks.words])
        return row_texts.waits([_key(name) for name in now], gate, count, micros)

    def _later(self, task: Task, keys: Sequence[str]) -> str:
        """What is said of texts that no review shows now, and perhaps none will."""
        policy = self._ledger.policies(task.channel_id)
        left = policy is None or any(
            gate not in task.approved and not opens_itself(task, policy, gate) for gate in Gate
        )  # fmt: skip
        return row_texts.later(keys) if left else row_texts.too_late(keys)

    async def price(self, task: Task, marks: Marks) -> tuple[int, int]:
        """How many files taking the rewritten texts would regenerate, and what that costs, micro-dollars."""
        gate = AT_GATE[task.status]
        _, jobs = await self._ledger.look(task.id)
        event = RedoAsked(self._clock.now_ms(), task.id, gate, (), notes=marks.notes, words=marks.words)
        decision = await self._ledger.foresee(event)
        done = {job.name for job in jobs if job.state is DONE}
        saved = [op.job for op in decision.ops if isinstance(op, SaveJob)]
        remade = [job for job in saved if job.name in done and job.state is not DONE]
        return len(remade), sum(job.price_micros for job in remade)

    async def taken(self, rows: list[str], clears: Mapping[str, str], said: Mapping[str, str]) -> None:
        """What these rows asked for was taken: clear the marks on them. Raises BoardError."""
        for key, text in said.items():
            await self._ledger.row_says(key, text)
        await self._board.unflag_assets(rows, clears)


def _is_new(row: AssetRow, known: kept.RowText) -> bool:
    if known.said is None and not clean(row.text or ""):
        return False  # a row from before there were texts
    now = mark(row.text or "")
    return known.heard is not None if known.ours(now) else now != known.heard


def _edit(row: AssetRow, job: Job, known: kept.RowText | None) -> str | None:
    """The text that a person wrote on the row of a finished file, and that can be ordered."""
    text = clean(row.text or "")
    if known is None or known.page_id != row.id or job.state is not DONE or row_texts.wrong(job, text) is not None:
        return None
    return None if text == row_texts.said(job) or known.ours(mark(text)) else text


def _key(name: str) -> str:
    return name.split("/", 1)[1]


def _task_of(row: AssetRow) -> str:
    return row.key.split("/", 1)[0]


def _step_of(task: Task, row: AssetRow) -> str:
    """The step of a row whose job is not known; "" for another episode's."""
    return row.key.removeprefix(f"{task.id}/").split("/")[0] if row.key.startswith(f"{task.id}/") else ""


def _context(task: Task, job: Job) -> dict[str, object]:
    return {"task": task.id, "channel": task.channel_id, "job": job.name}
