"""One daemon for one board: getting the board at a start, keeping it, and noticing that it went to another one.

See `core.lease` for the rules. Where the board cannot be asked, started work continues and no entry is taken: nobody
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
from typing import NoReturn

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
#: errors of the board that waiting does not fix: then it carries no line, and videod works without
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
        claim, now = await self._read()
        match lease.standing(claim, self._me, now):
            case Standing.OURS:
                assert claim is not None
                self._claim = claim
                self._saw()
                await self._renew(now)
            case Standing.FREE:
                await self._take_free(now)
            case Standing.LAPSED:
                assert claim is not None
                log.warning("lease_lapsed", extra={"host": claim.holder.host, "last_sign_ms": claim.sign_ms})
                await self._take(claim, now)
            case Standing.HELD:
                assert claim is not None
                if not self._take_over:
                    self._refuse(claim)
                log.warning("lease_taken_over", extra={"host": claim.holder.host, "waits_ms": lease.OUSTED_MS})
                await self._take(claim, now)

    async def _take_free(self, now: int) -> None:
        """Write our claim on an unclaimed board, and read it back after a moment: another one may come at that moment.

        If the write came long after the look that it goes with, another one may have seen its own claim in between and
        work: then it gets the time to notice.
        """
        mine = Claim(self._me, now, now, secrets.token_hex(4))
        looked = self._clock.steady_ms()
        if not await self._write(mine, lambda found: lease.standing(found, self._me, now) is Standing.FREE):
            await self._acquire()  # somebody came meanwhile
            return
        quick = self._clock.steady_ms() - looked <= lease.SETTLE_MS
        found = await self._stands(mine, lease.SETTLE_MS if quick else lease.OUSTED_MS)
        if found is not None:
            self._refuse(found)

    async def _take(self, before: Claim, now: int) -> None:
        """Write our claim over another one's, again where it renews its own at that moment, until it has noticed."""
        mine = Claim(self._me, now, now, secrets.token_hex(4))
        began = self._clock.steady_ms()
        while True:
            await self._write(mine, lambda _: True)
            found = await self._stands(mine, lease.OUSTED_MS)
            if found is None:
                return
            if not found.holder.same(before.holder) or self._clock.steady_ms() - began > TRIES * lease.OUSTED_MS:
                self._refuse(found)
            mine = replace(mine, sign_ms=max(mine.sign_ms, found.sign_ms))

    async def _stands(self, mine: Claim, need_ms: int) -> Claim | None:
        """Look until our claim has stood for `need_ms`: then it is ours, and None; else the claim in its place."""
        since = self._clock.steady_ms()
        while True:
            await self._wait(min(need_ms, max(lease.SETTLE_MS, need_ms // LOOKS)))
            found, _ = await self._read()
            if found is None:
                raise BoardError("down", "Notion does not show who works on the board, although it was written")
            if found.nonce != mine.nonce or not found.holder.same(self._me):
                return found
            if self._clock.steady_ms() - since >= need_ms:
                self._claim, self._take_over = found, False
                self._renewed_ms = self._clock.steady_ms()
                self._saw()
                log.info("lease_held", extra={"host": self._me.host})
                return None

    def _refuse(self, claim: Claim) -> NoReturn:
        raise StartError(lease.refused(claim, self._me), BUSY)

    async def _read(self) -> tuple[Claim | None, int]:
        """What the board says, within a bound: a board that hangs must not hold up a start."""
        try:
            async with asyncio.timeout(ASK_S):
                return await self._board.read()
        except TimeoutError:
            raise BoardError("down", "Notion did not say in time who works on the board") from None

    async def _write(self, claim: Claim, may: Callable[[Claim | None], bool]) -> bool:
        try:
            async with asyncio.timeout(ASK_S):
                return await self._board.write(claim, may)
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
            except StartError as error:  # it could not be asked at startup, and now it turns out to be another one's
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
        found, now = await self._read()
        if found is None:
            await self._take_free(now)  # somebody removed the line
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
            if not await self._write(self._claim, self._may_renew):
                return  # it is another one's since a moment ago: the next look tells
        except BoardError as error:
            # it stays ours as long as nobody else takes it
            log.debug("lease_renewal_failed", extra={"kind": error.kind, "error": str(error)})
            return
        self._renewed_ms = self._clock.steady_ms()

    def _may_renew(self, found: Claim | None) -> bool:
        return found is None or found.released or found.holder.same(self._me)

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
            ended = replace(self._claim, sign_ms=max(now, found.sign_ms), released=True)
            await self._write(ended, lambda there: there is not None and there.holder.same(self._me))
