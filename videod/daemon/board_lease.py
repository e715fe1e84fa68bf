"""One daemon for one board: getting the board at a start, keeping it, and noticing that it went to another one.

See `core.lease` for the rules. Where the board cannot be asked, what was begun goes on and no entry is taken: nobody
else can take one either.
"""

import asyncio
import hashlib
import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from videod.core import lease
from videod.core.lease import Claim, Holder, Standing
from videod.daemon.refusals import BUSY, StartError
from videod.ports import BoardError, Clock, LeaseBoard

log = logging.getLogger(__name__)

#: who takes over gives up after so many times the wait, and looks so often during one
TRIES, LOOKS = 5, 10
#: the board has so long for an answer, seconds
ASK_S = 15.0
#: while a start waits it gives a sign of life this often, seconds
BEAT_S = 1.0
#: errors of the board that waiting does not mend: then it carries no line, and videod works without
HELPLESS = ("rejected", "gone", "credentials")
MACHINE_ID = Path("/etc/machine-id")


def machine() -> str:
    """A name of this machine that outlives a start: of its operating system where it has one, else its host's name."""
    try:
        named = MACHINE_ID.read_text().strip() or socket.gethostname()
    except OSError:
        named = socket.gethostname()
    return hashlib.sha256(f"videod {named}".encode()).hexdigest()[:12]


def this_holder(installation: str) -> Holder:
    return lease.holder(installation, machine(), socket.gethostname())


class BoardLease:
    """`lost(sentence)` is called once, when the board went to another one; `beat()` while a start waits."""

    def __init__(
        self, board: LeaseBoard, clock: Clock, me: Holder, lost: Callable[[str], object],
        beat: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._board = board
        self._clock = clock
        self._me = me
        self._lost = lost
        self._beat = beat
        self._claim: Claim | None = None
        self._take_over = False
        self._gone: str | None = None
        #: when the claim was last seen on the board, on the steady clock, ms; None: not since the start
        self._seen_ms: int | None = None
        self._renewed_ms = 0
        self._trouble = ""
        self._asking = asyncio.Lock()

    @property
    def installation(self) -> str:
        """The name of this state folder."""
        return self._me.installation

    # ------------------------------------------------------------------------------------------ a start

    async def acquire(self, take_over: bool = False) -> None:
        """Get the board, or leave that to `admitted` where it cannot be asked now.

        Raises StartError when another one has it.
        """
        self._take_over = take_over
        try:
            await self._acquire()
        except BoardError as error:
            log.warning("lease_unasked", extra={"kind": error.kind, "error": str(error)})
            self._helpless(error)

    async def _acquire(self) -> None:
        asked = self._clock.steady_ms()
        claim, now = await self._read()
        match lease.standing(claim, self._me, now):
            case Standing.OURS:
                assert claim is not None
                self._claim = claim
                self._saw()
                await self._renew(now)
            case Standing.FREE:
                await self._take(now, asked, claim, lease.SETTLE_MS, insist=False)
            case Standing.LAPSED:
                assert claim is not None
                log.warning("lease_lapsed", extra={"host": claim.holder.host, "last_sign_ms": claim.sign_ms})
                await self._take(now, asked, claim, lease.OUSTED_MS, insist=True)
            case Standing.HELD:
                assert claim is not None
                if not self._take_over:
                    raise StartError(lease.refused(claim, self._me), BUSY)
                log.warning("lease_taken_over", extra={"host": claim.holder.host, "waits_ms": lease.OUSTED_MS})
                await self._take(now, asked, claim, lease.OUSTED_MS, insist=True)

    async def _take(self, now: int, asked: int, before: Claim | None, wait_ms: int, insist: bool) -> None:
        """Write our claim, and read it back until it has stood for `wait_ms`.

        `insist`: write again over the one whom we take the board from, which may renew its own claim at that moment.
        `asked`: when the board was asked, on the steady clock. A write that came long after may have come after another
        one's look at its own claim: that one must have time to notice.
        """
        mine = Claim(self._me, now, now, secrets.token_hex(4))
        await self._write(mine)
        since = began = self._clock.steady_ms()
        need_ms = wait_ms if since - asked <= lease.SETTLE_MS else max(wait_ms, lease.OUSTED_MS)
        while True:
            await self._wait(min(need_ms, max(lease.SETTLE_MS, need_ms // LOOKS)))
            found, now = await self._read()
            if found is not None and found.nonce == mine.nonce and found.holder.same(self._me):
                if self._clock.steady_ms() - since < need_ms:
                    continue
                self._claim, self._take_over = found, False
                self._renewed_ms = self._clock.steady_ms()
                self._saw()
                log.info("lease_held", extra={"host": self._me.host})
                return
            theirs = found is not None and before is not None and found.holder.same(before.holder)
            if not insist or not theirs or self._clock.steady_ms() - began > TRIES * need_ms:
                break
            mine = replace(mine, sign_ms=now)
            await self._write(mine)
            since = self._clock.steady_ms()
        if found is None:
            raise BoardError("down", "Notion does not show who works on the board, although it was written")
        raise StartError(lease.refused(found, self._me), BUSY)

    async def _read(self) -> tuple[Claim | None, int]:
        """What the board says, within a bound: a board that hangs must not hold up a start."""
        try:
            async with asyncio.timeout(ASK_S):
                return await self._board.read()
        except TimeoutError:
            raise BoardError("down", "Notion did not say in time who works on the board") from None

    async def _write(self, claim: Claim) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                await self._board.write(claim)
        except TimeoutError:
            raise BoardError("down", "Notion did not take in time who works on the board") from None

    async def _wait(self, wait_ms: int) -> None:
        until = self._clock.steady_ms() + wait_ms
        while (left_ms := until - self._clock.steady_ms()) > 0:
            await self._clock.sleep(min(BEAT_S, left_ms / 1000))
            self._beat()

    # ------------------------------------------------------------------------------------------ while it works

    async def admitted(self) -> None:
        """Return when entries may be taken. Raises BoardError while the board cannot be asked whose it is."""
        if self._gone is not None:
            await asyncio.Event().wait()  # the process is about to end
        seen = self._seen_ms
        if seen is None or self._clock.steady_ms() - seen > lease.FRESH_MS:
            await self.look()
            if self._gone is not None:
                await asyncio.Event().wait()

    async def run(self) -> None:
        """Look at the claim and renew it, until cancelled."""
        while self._gone is None:
            await self._clock.sleep(lease.LOOK_MS / 1000)
            try:
                await self.look()
            except BoardError as error:
                log.debug("lease_look_failed", extra={"kind": error.kind, "error": str(error)})
        await asyncio.Event().wait()

    async def look(self) -> None:
        """See whether the board is still ours, and renew the claim when it is time. Raises BoardError."""
        async with self._asking:
            if self._gone is not None:
                return
            try:
                await self._look()
            except StartError as error:  # it could not be asked at the start, and now it turns out to be another one's
                self._give_up(f"videod on {self._me.host} stops: {error}")
            except BoardError as error:
                if not self._helpless(error):
                    raise
            else:
                self._trouble = ""

    async def _look(self) -> None:
        if self._claim is None:
            await self._acquire()
            return
        asked = self._clock.steady_ms()
        found, now = await self._read()
        if found is None:
            await self._take(now, asked, None, lease.SETTLE_MS, insist=False)  # somebody removed the line
        elif not found.holder.same(self._me) and not found.released:
            self._give_up(lease.lost(found, self._me))
        else:
            self._saw()
            if self._clock.steady_ms() - self._renewed_ms >= lease.RENEW_MS or not found.holder.same(self._me):
                await self._renew(now)

    async def _renew(self, now: int) -> None:
        assert self._claim is not None
        self._claim = replace(self._claim, sign_ms=max(now, self._claim.sign_ms), released=False)
        try:
            await self._write(self._claim)
        except BoardError as error:
            # it stays ours as long as nobody else takes it
            log.debug("lease_renewal_failed", extra={"kind": error.kind, "error": str(error)})
            return
        self._renewed_ms = self._clock.steady_ms()

    def _saw(self) -> None:
        self._seen_ms = self._clock.steady_ms()

    def _give_up(self, sentence: str) -> None:
        self._gone = sentence
        log.critical("lease_lost", extra={"error": sentence})
        self._lost(sentence)

    def _helpless(self, error: BoardError) -> bool:
        """Whether the board takes no line at all: then videod works without one, and says so."""
        if error.kind not in HELPLESS:
            return False
        self._trouble = (
            f"Notion does not let videod note on the board that it works here ({error}): see to it that no other videod"
            " works on this board"
        )
        self._saw()
        return True

    def problems(self) -> tuple[str, ...]:
        return (self._trouble,) if self._trouble else ()

    async def release(self) -> None:
        """The work has ended well: the next one need not wait. Raises BoardError."""
        if self._claim is None or self._gone is not None:
            return
        found, now = await self._read()
        if found is not None and found.holder.same(self._me):
            await self._write(replace(self._claim, sign_ms=max(now, found.sign_ms), released=True))
