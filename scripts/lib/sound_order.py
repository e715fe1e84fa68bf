"""The way of one paid sound: receipt, request, proof that it can be heard, file. Speech and effects share it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib import answers, atomic, audio, elevenlabs, receipt
from scripts.lib.failures import Fact, Failure, Kind, secret
from scripts.lib.film import ffmpeg
from scripts.lib.script_runtime import Reporter
from scripts.lib.workroom import workroom

#: How much of the length that was asked for, or that the words must take, has to be there.
SHORTEST_SHARE = 0.7


@dataclass(frozen=True)
class Wanted:
    """What to order and what to make of it.

    `request` and `settings` decide the digest. `kind`, `quantity`, `unit` and `usd` are those of the price list; where
    the answer's header tells the credits that it took, these are the quantity. `shortest_s` is the length below
    which the sound was cut off. `finish` turns the raw file into the output's bytes at the path it is given.
    """

    output: Path
    model: str
    prompt: str
    settings: dict[str, answers.Json]
    raw_suffix: str
    kind: str
    quantity: float
    unit: str
    usd: float | None
    shortest_s: float
    ask: Callable[[], elevenlabs.Audio]
    finish: Callable[[Path, Path], None]
    buy_again: bool
    #: keeps what else an answer holds, before its sound is in place
    aside: Callable[[elevenlabs.Audio, Path], None] = field(default=lambda answer, raw: None)
    #: what is reported of it besides what can be heard
    told: Mapping[str, Fact] = field(default_factory=dict)


def make(wanted: Wanted, reporter: Reporter) -> audio.Sound:
    """Order the sound unless it is there already, put it in place and report it. Raises Failure."""
    fingerprint = receipt.digest(elevenlabs.SERVICE, wanted.model, wanted.prompt, wanted.settings, [])
    order = receipt.open_order(wanted.output, elevenlabs.SERVICE, fingerprint, buy_again=wanted.buy_again)
    ffmpeg.ffmpeg_path()  # without it the sound could not be checked: find that out before paying
    if order.state != "received":
        secret("ELEVENLABS_API_KEY", "ElevenLabs")
        reporter.progress(0.0, f"asking {wanted.model} for {wanted.output.name}")
        with order.paid():
            _receive(wanted, order, reporter)
        order.priced(wanted.usd)
        order.received()
    heard = audio.measure(wanted.output)
    reporter.result(wanted.output, **_facts(heard), **wanted.told)
    return heard


def _receive(wanted: Wanted, order: receipt.Order, reporter: Reporter) -> None:
    answer = wanted.ask()
    order.answered()
    told = answer.credits is not None
    quantity, unit = (answer.credits or 0.0, "credit") if told else (wanted.quantity, wanted.unit)
    reporter.charged(elevenlabs.SERVICE, wanted.kind, quantity, unit, wanted.usd, answer.reply.request_id)
    reporter.progress(0.6, f"received {len(answer.data):,} bytes, checking")
    # beside the output, where the room for it was held; the system's folder may be full, or a memory of its own
    with workroom(wanted.output) as room:
        raw = room / f"raw{wanted.raw_suffix}"
        raw.write_bytes(audio.with_lengths(answer.data))
        try:
            _check(audio.measure(raw), wanted)
        except Failure as failure:
            if failure.kind is not Kind.INPUT:
                raise
            # paid for and useless: the charge was reported, and another try is another sound
            raise _verdict(Kind.NONSENSE, f"the sound is no good: {failure.message}", answer) from failure
        wanted.aside(answer, raw)
        try:
            with atomic.replacing(wanted.output) as (_, part):
                wanted.finish(raw, part)
        except Failure as failure:
            if failure.kind is not Kind.INPUT:
                raise
            # the sound is good, so it is this FFmpeg that cannot; buying another one would not help
            raise _verdict(Kind.CONFIGURATION, f"FFmpeg cannot make the file: {failure.message}", answer) from failure


def _verdict(kind: Kind, message: str, answer: elevenlabs.Audio) -> Failure:
    return answer.reply.failure(kind, message)


def _check(heard: audio.Sound, wanted: Wanted) -> None:
    if heard.objection is not None:
        raise Failure(Kind.INPUT, f"it {heard.objection}")
    if heard.duration_s < wanted.shortest_s:
        raise Failure(Kind.INPUT, f"it lasts {heard.duration_s:.2f} s, at least {wanted.shortest_s:.1f} s were due")


def _facts(heard: audio.Sound) -> dict[str, Fact]:
    return {
        "duration_s": round(heard.duration_s, 3),
        "lufs": round(heard.lufs, 1),
        "peak_dbfs": round(heard.peak_dbfs, 1),
    }
