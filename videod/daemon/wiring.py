"""From settings, channels and secrets to the parts of a daemon, each ready to be joined with the others.

With `machine`, which joins them, this is the only place that knows all concrete classes.
"""

import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import imageio_ffmpeg

from videod import programs
from videod.adapters import confinement
from videod.adapters.notion_sources import OwnSources
from videod.adapters.oauth import Application
from videod.adapters.previews import FFmpegPosters, FFmpegPreviews
from videod.adapters.r2 import Given, R2Buckets
from videod.adapters.youtube_questions import YouTubeQuestions
from videod.channels import Channel, ChannelSet, telling
from videod.config import Settings
from videod.core import clip_models, film_cost, offers, services, tables
from videod.core.model import ChannelPolicy, Task
from videod.core.music import Track
from videod.core.own_story import NOTHING, Brought, brought
from videod.core.services import LANES
from videod.core.services.youtube import client_secrets
from videod.core.statuses import Gate
from videod.core.step import CommandContext, Served, Step
from videod.credentials import REQUIRED, Secrets
from videod.flow.candidates import InWorkLimits
from videod.flow.edits import OwnStory
from videod.flow.job_command import CommandBuilder
from videod.flow.limits import Lane, Limit
from videod.ledger import Policies
from videod.ports import Brings, Clock, Launcher
from videod.store.database import Store
from videod.store.habits import pace

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DAY_MS = 86_400_000
#: of which length `clip` in `[prices]` is the price
_PRICED_S = 10


def _micros(usd: float) -> int:
    return round(usd * 1_000_000)


def policy_of(settings: Settings, channel: Channel, one_project: bool = True) -> ChannelPolicy:
    """What the core must know of a channel; `one_project`: whether all channels are in one Google project."""
    gates = {Gate.ASSETS: channel.gates.assets, Gate.VIDEO: channel.gates.video, Gate.AUDIO: channel.gates.audio}
    gates[Gate.FINAL] = channel.gates.final
    return replace(
        _gone(settings, channel.id),
        configured=True,
        services=chosen_for(settings, channel),
        clips=channel.clips,
        images=channel.images,
        clip_seconds=clip_seconds(settings, channel),
        clip_micros=clip_micros(settings, channel),
        story_review=channel.gates.story == "review",
        narration_first=channel.narration_first,
        wordless=channel.wordless_shots,
        dissolve_s=channel.dissolve_s,
        stills=channel.stills,
        effects=channel.effects,
        target_micros=None if channel.target_usd is None else _micros(channel.target_usd),
        auto_gates=frozenset(gate for gate, mode in gates.items() if mode == "auto"),
        negative_prompt=channel.negative_prompt,
        daily_budget_micros=_micros(channel.daily_budget_usd),
        episode_cap_micros=_micros(channel.episode_cap_usd),
        rebuy_ceiling_micros=_micros(channel.rebuy_ceiling_usd),
        unreviewed=channel.publish_without_review,
        alike=settings.limits.alike,
        upload_spacing_ms=round(channel.upload_spacing_h * HOUR_MS),
        uploads_per_day=channel.uploads_per_day,
        google_project=channel.google_project,
        one_project=one_project,
    )


def clip_seconds(settings: Settings, channel: Channel) -> int:
    """How long clips are ordered: as the model makes them, where its lengths are known."""
    model = channel.video_model or settings.models.video
    known = clip_models.length(model, channel.clip_seconds) if _at_kie(settings) else None
    return channel.clip_seconds if known is None else known


def clip_micros(settings: Settings, channel: Channel) -> dict[int, int]:
    """Seconds -> the price of a clip of the channel's model, micro-dollars; empty where nobody knows.

    `clip` in `[prices]` is for 10 s of the model of the settings. Where somebody changed it, other lengths of that
    model change with it.
    """
    model = channel.video_model or settings.models.video
    known = clip_models.find(model)
    if known is None or not _at_kie(settings):
        return {}
    published = {
        seconds: _micros(credits * clip_models.USD_PER_CREDIT)
        for seconds in known.lengths if (credits := clip_models.credits(model, seconds)) is not None
    }  # fmt: skip
    usual, ours = published.get(_PRICED_S), settings.prices.micros()["clip"]
    if model == settings.models.video and usual and ours != _micros(services.price_usd("clip")):
        return {seconds: round(micros * ours / usual) for seconds, micros in published.items()}
    return published


def _at_kie(settings: Settings) -> bool:
    """Whether clips are ordered by videod's own script from KIE: of all others only the settings say the price."""
    return settings.services.chosen().get("clip", "kie") == "kie" and settings.scripts.of("clip") is None


def chosen_for(settings: Settings, channel: Channel) -> dict[str, str]:
    """Step -> the service that does it for this channel, for the steps with a choice."""
    own = {"narration": channel.narration.service} if channel.narration.service else {}
    return settings.services.chosen() | own


def policies(settings: Settings, channels: ChannelSet) -> Policies:
    """channel id -> its policy; one that is not configured spends nothing and only has what runs settled."""
    one_project = len({channel.google_project for channel in channels.channels.values()}) <= 1
    known = {name: policy_of(settings, channel, one_project) for name, channel in channels.channels.items()}

    def of(channel_id: str) -> ChannelPolicy:
        return known.get(channel_id) or _gone(settings, channel_id)

    return of


def _gone(settings: Settings, channel_id: str) -> ChannelPolicy:
    """The policy of a channel whose file is gone while episodes of it are in the ledger."""
    return ChannelPolicy(
        channel_id, clips=0, images=0, clip_seconds=10, auto_gates=frozenset(), negative_prompt="",
        prices_micros=settings.prices.micros() | settings.services.micros(),
        daily_budget_micros=0, episode_cap_micros=0, rebuy_ceiling_micros=0,
        retry_waits_ms=tuple(round(wait * MINUTE_MS) for wait in settings.retry.waits_min),
        retry_jitter=settings.retry.jitter, keep_workspace_ms=round(settings.retention.workspace_days * DAY_MS),
        configured=False, services=settings.services.chosen(),
    )  # fmt: skip


def ffmpeg_finder(configured: Path | None) -> Callable[[], str]:
    """FFmpeg: the configured path, then PATH, then the one of the imageio-ffmpeg wheel.

    The finder raises FileNotFoundError saying what to install.
    """

    def find() -> str:
        found = ffmpegs(configured)
        if not found:
            raise FileNotFoundError(
                "FFmpeg is missing: install it (apt install ffmpeg), or name it in [paths].ffmpeg of videod.toml"
            )
        return found[0]

    return find


def ffmpegs(configured: Path | None) -> list[str]:
    """All that are there, in this order: while one is being replaced, the next does its work."""
    chosen = str(configured) if configured is not None and os.access(configured, os.X_OK) else None
    try:
        packaged = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        packaged = None
    return list(dict.fromkeys(one for one in (chosen, shutil.which("ffmpeg"), packaged) if one is not None))


def script_warnings(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """What is wrong, or will be, with the custom scripts, in sentences that say what to do."""
    own, path = settings.scripts.own(), environ.get("PATH")
    told = [programs.problem(step, script, path, settings.paths.state) for step, script in own.items()]
    told.append(no_ffprobe(settings, environ))
    return [text for text in told if text is not None]


def no_ffprobe(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """What is said where custom scripts may call ffprobe and this host has none."""
    try:
        ffmpeg = ffmpeg_finder(settings.paths.ffmpeg)()
    except FileNotFoundError:
        return None  # said elsewhere; without it nothing is made at all
    return programs.no_ffprobe(settings.scripts.own(), ffmpeg, environ.get("PATH"))


#: a clip's script stops asking this long before its time is over, so that it can say how far it is, seconds
LAST_WORDS_S = 120


def deadline_s(settings: Settings, step: Step) -> float:
    """How long one job of the step may take."""
    return settings.services.of(step.service).timeout_s or step.deadline_s


def required(settings: Settings) -> tuple[str, ...]:
    """The secrets without which nothing can be done: of the services in use, and of what is no lane."""
    chosen = settings.services.chosen()
    used = {chosen.get(step.name, step.service) for step in tables.STEPS.values()}
    idle = {secret.name for service in LANES if service.name not in used for secret in service.secrets}
    if settings.board.own:
        idle |= {secret.name for secret in services.SERVICES["notion"].secrets}
    return tuple(name for name in REQUIRED if name not in idle)


def _wait_s(settings: Settings, step: Step) -> int:
    """How long the step's script asks for its remote job."""
    whole = deadline_s(settings, step)
    return round(whole - min(LAST_WORDS_S, whole / 4))


def _served(settings: Settings) -> dict[str, Served]:
    """`offers.key` -> what that service's scripts work with."""
    found = {}
    for service, offer in offers.others():
        wait_s = _wait_s(settings, offers.at(tables.STEPS[offer.step], service))
        found[offers.key(offer.step, service)] = Served(settings.services.model(service, offer.step), wait_s)
    return found


def context_maker(
    settings: Callable[[], Settings], channels: Callable[[], ChannelSet]
) -> Callable[[Task, PurePosixPath, Mapping[str, str]], CommandContext | None]:
    def context(task: Task, workspace: PurePosixPath, outputs: Mapping[str, str]) -> CommandContext | None:
        now = settings()
        models = now.models
        channel = channels().channels.get(task.channel_id)
        if channel is None:
            return None
        voice = channel.voice
        return CommandContext(
            workspace=workspace, task=task, channel_name=channel.name, brand=channel.brand,
            voice_id=channel.voice_id,
            voice={"stability": voice.stability, "similarity": voice.similarity, "style": voice.style},
            language=channel.language, privacy=task.privacy or channel.privacy, category=channel.category,
            made_for_kids=channel.made_for_kids, description_template=channel.description_template,
            tags=tuple(channel.tags), clips=channel.clips, images=channel.images,
            models=models.named() | ({"video": channel.video_model} if channel.video_model else {}),
            image_host=models.image_host, image_size=models.image_size,
            image_host_second=models.image_host_second,
            bucket=now.r2.bucket if "r2" in models.image_hosts else "",
            intro=_existing(channel.intro), outro=_existing(channel.outro), watermark=_existing(channel.watermark),
            burn_captions=channel.burn_captions, title_s=channel.title_s,
            clip_wait_s=_wait_s(now, tables.STEPS["clip"]), outputs=outputs, served=_served(now),
            music=tuple(
                Track(there, tuple(one.mood.split(",")), one.said, one.seconds)
                for one in channel.music if (there := _existing(one.file)) is not None
            ),
            youtube_channel=channel.youtube_channel, clip_seconds=clip_seconds(now, channel),
            stills=film_cost.stills(policy_of(now, channel)), wordless=channel.wordless_shots,
            likes=channel.narration.likes, banned=channel.narration.banned, pace=channel.narration.pace,
            reads="wikipedia" if now.facts.wikipedia else "none", contact=now.facts.contact,
            search=now.facts.search,
        )  # fmt: skip

    return context


def _existing(path: Path | None) -> str | None:
    """An absolute path where the file is there; a missing one was a warning when the channel was loaded (FR11)."""
    return str(path.resolve()) if path and path.is_file() else None


def limits(settings: Settings) -> dict[str, Limit]:
    """The limits of every service of the step table."""
    rows = {service: settings.services.of(service) for service in tables.SERVICES}
    return {
        service: Limit(row.concurrency, row.rate or 0, row.per_s or 1.0, row.daily_quota, row.quota_zone)
        for service, row in rows.items()
    }


def lanes(settings: Settings) -> dict[str, Lane]:
    """One lane per service of the step table."""
    return {service: Lane(service, limit) for service, limit in limits(settings).items()}


def house_rules(settings: Settings, channels: ChannelSet) -> InWorkLimits:
    by_channel = {name: channel.max_concurrent for name, channel in channels.channels.items()}
    spaced = {name for name, one in channels.channels.items() if one.upload_spacing_h or one.uploads_per_day}
    return InWorkLimits(settings.limits.max_episodes_in_work, by_channel, frozenset(spaced))


@dataclass(frozen=True)
class Sources:
    """Everything that comes from outside the process: files read, environment, secrets. `urls` by variable name."""

    settings: Settings
    channels: ChannelSet
    secrets: Secrets
    urls: Mapping[str, str]
    environ: Mapping[str, str]

    @property
    def state(self) -> Path:
        return self.settings.paths.state.resolve()


def command_builder(
    sources: Sources,
    token: Callable[[str], Awaitable[str]],
    channels: Callable[[], ChannelSet] | None = None,
    in_force: Callable[[], Settings] | None = None,
    another_token: Callable[[str], bool] = lambda channel: False,
    own: Brings | None = None,
) -> CommandBuilder:
    """`channels` and `in_force` give what is in force when a command is built (both may be reloaded while running)."""
    settings = sources.settings

    async def known_token(channel_id: str) -> str:
        return sources.secrets.learn(await token(channel_id))

    return CommandBuilder(
        state=sources.state,
        scripts=settings.paths.scripts.resolve(),
        overrides={step: str(path) for step, path in settings.scripts.own().items()},
        urls=addresses(sources),
        ffmpeg=ffmpeg_finder(settings.paths.ffmpeg),
        context=context_maker(in_force or (lambda: settings), channels or (lambda: sources.channels)),
        secret=sources.secrets.get,
        token=known_token,
        another_token=another_token,
        environ=sources.environ,
        sources=(own or OwnSources()).of,
        cluster=settings.cluster.on,
    )


def own_stories(own: Brings, channels: Callable[[], ChannelSet], store: Store) -> OwnStory:
    """Reads what an entry's page brings, and judges it by its channel's voice. The reader raises BoardError."""

    async def story(page_id: str, channel_id: str) -> Brought | None:
        texts = await own.story(page_id)
        channel = channels().channels.get(channel_id)
        if not texts or channel is None:
            return NOTHING
        voice, spoken = channel.voice_id, channel.language
        return brought(texts, telling(channel, await store.read(lambda tx: pace(tx, channel_id, voice, spoken))))

    return story


def google_client(sources: Sources, channels: Callable[[], ChannelSet]) -> Callable[[str], Application]:
    """channel id -> the OAuth client of its Google project."""

    def of(channel_id: str) -> Application:
        channel = channels().channels.get(channel_id)
        project = channel.google_project if channel is not None else ""
        client_id, secret = (sources.secrets.get(name) or "" for name in client_secrets(project))
        return Application(client_id, secret, sources.urls["VIDEOD_URL_GOOGLE_OAUTH"], project)

    return of


def buckets(
    sources: Sources, settings: Callable[[], Settings], channels: Callable[[], ChannelSet], clock: Clock
) -> R2Buckets:  # fmt: skip
    """Which channels keep their files in R2, by what is in force now."""

    def given() -> Given:
        return Given(settings().r2, channels().channels)

    return R2Buckets(given, sources.secrets.get, sources.urls.get("VIDEOD_URL_S3", ""), clock)


def previews(sources: Sources, launcher: Launcher) -> FFmpegPreviews:
    """What makes small previews for a board that takes small files only."""
    return FFmpegPreviews(
        launcher, ffmpeg_finder(sources.settings.paths.ffmpeg), sources.state / "previews", sources.environ
    )  # fmt: skip


def lights(sources: Sources, launcher: Launcher) -> tuple[FFmpegPosters, FFmpegPreviews]:
    """What makes the page's small pictures and its light films."""
    given = launcher, ffmpeg_finder(sources.settings.paths.ffmpeg), sources.state / "lights", sources.environ
    return FFmpegPosters(*given), FFmpegPreviews(*given)


def addresses(sources: Sources) -> dict[str, str]:
    """The services' addresses as scripts need them: that of R2 may stand in the settings as the account."""
    account = {"VIDEOD_URL_S3": sources.settings.r2.url} if sources.settings.r2.account else {}
    return {**account, **sources.urls}


def youtube_questions(
    sources: Sources, launcher: Launcher, token: Callable[[str], Awaitable[str]]
) -> YouTubeQuestions:  # fmt: skip
    """What asks YouTube about channels and videos, each time in a child that ends."""

    async def known_token(channel_id: str) -> str:
        return sources.secrets.learn(await token(channel_id))

    script = sources.settings.paths.scripts.resolve() / "ask_youtube.py"
    return YouTubeQuestions(launcher, known_token, script, sources.state / "asking", sources.urls, sources.environ)


def host_paths(sources: Sources) -> confinement.HostPaths:
    """The paths that children are confined to."""
    file = sources.secrets.file
    kept = (file,) if file is not None else ()
    return confinement.host_paths(sources.state, sources.settings.paths.scripts.resolve(), sources.environ, kept)
