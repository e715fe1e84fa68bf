"""The only file that knows all concrete classes: from settings, channels and secrets to a daemon ready to run."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import imageio_ffmpeg

from videod.channels import Channel, ChannelSet
from videod.config import Secrets, Settings
from videod.core import steps
from videod.core.model import ChannelPolicy, Task
from videod.core.statuses import Gate
from videod.core.steps import Studio
from videod.flow.bench import Bench
from videod.flow.limits import Lane, Limit
from videod.flow.scheduler import HouseRules
from videod.ledger import Policies

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def _micros(usd: float) -> int:
    return round(usd * 1_000_000)


def policy_of(settings: Settings, channel: Channel) -> ChannelPolicy:
    """What the core must know of a channel."""
    prices = settings.prices
    gates = {Gate.ASSETS: channel.gates.assets, Gate.VIDEO: channel.gates.video, Gate.AUDIO: channel.gates.audio}
    gates[Gate.FINAL] = channel.gates.final
    return ChannelPolicy(
        channel_id=channel.id,
        clips=channel.clips,
        images=channel.images,
        clip_seconds=channel.clip_seconds,
        auto_gates=frozenset(gate for gate, mode in gates.items() if mode == "auto"),
        negative_prompt=channel.negative_prompt,
        prices_micros={
            "plan": _micros(prices.plan),
            "image": _micros(prices.image),
            "clip": _micros(prices.clip),
            "narration": _micros(prices.narration_per_1000_characters),
            "effect": _micros(prices.effect),
        },
        rebuy_ceiling_micros=_micros(channel.rebuy_ceiling_usd),
        retry_waits_ms=tuple(round(wait * MINUTE_MS) for wait in settings.retry.waits_min),
        retry_jitter=settings.retry.jitter,
        keep_workspace_ms=round(settings.retention.workspace_days * DAY_MS),
    )


def policies(settings: Settings, channels: ChannelSet) -> Policies:
    """channel id -> its policy, None for a channel that is not configured."""
    known = {name: policy_of(settings, channel) for name, channel in channels.channels.items()}
    return known.get


def ffmpeg_finder(configured: str) -> Callable[[], str]:
    """FFmpeg: the configured path, then PATH, then the one of the imageio-ffmpeg wheel.

    The finder raises FileNotFoundError saying what to install.
    """

    def find() -> str:
        if configured:
            if shutil.which(configured) is None:
                raise FileNotFoundError(f"[paths].ffmpeg names {configured}, which is no program; mend videod.toml")
            return configured
        found = shutil.which("ffmpeg")
        if found is not None:
            return found
        try:
            return str(imageio_ffmpeg.get_ffmpeg_exe())
        except RuntimeError as error:
            raise FileNotFoundError(
                "FFmpeg is missing: install it (apt install ffmpeg), or name it in [paths].ffmpeg of videod.toml"
            ) from error

    return find


def studio_maker(
    settings: Settings, channels: ChannelSet
) -> Callable[[Task, PurePosixPath, Mapping[str, str]], Studio | None]:
    models = settings.models

    def studio(task: Task, workspace: PurePosixPath, outputs: Mapping[str, str]) -> Studio | None:
        channel = channels.channels.get(task.channel_id)
        if channel is None:
            return None
        voice = channel.voice
        return Studio(
            workspace=workspace, task=task, channel_name=channel.name, brand=channel.brand,
            voice_id=channel.voice_id,
            voice={"stability": voice.stability, "similarity": voice.similarity, "style": voice.style},
            language=channel.language, privacy=task.privacy or channel.privacy, category=channel.category,
            made_for_kids=channel.made_for_kids, description_template=channel.description_template,
            tags=tuple(channel.tags), clips=channel.clips, images=channel.images,
            models={"text": models.text, "image": models.image, "video": models.video, "voice": models.voice},
            image_host=models.image_host, image_size=models.image_size,
            intro=_existing(channel.intro), outro=_existing(channel.outro), watermark=_existing(channel.watermark),
            outputs=outputs,
        )  # fmt: skip

    return studio


def _existing(path: Path | str | None) -> str | None:
    """An absolute path where the file is there; a missing one was a warning when the channel was loaded (FR11)."""
    return str(Path(path).resolve()) if path and Path(path).is_file() else None


def lanes(settings: Settings) -> dict[str, Lane]:
    """One lane per service of the step table; "local" housekeeping needs no setting."""
    made = {}
    for service in steps.SERVICES:
        row = settings.services.get(service)
        limit = Limit(row.concurrency, row.rate, row.per_s) if row else Limit(2)
        made[service] = Lane(service, limit)
    return made


def house_rules(settings: Settings, channels: ChannelSet) -> HouseRules:
    by_channel = {name: channel.max_concurrent for name, channel in channels.channels.items()}
    return HouseRules(settings.limits.max_episodes_in_work, by_channel)


@dataclass(frozen=True)
class Sources:
    """Everything that comes from outside the process: files read, environment, secrets."""

    settings: Settings
    channels: ChannelSet
    secrets: Secrets
    urls: Mapping[str, str]
    state: Path
    scripts: Path


def bench(sources: Sources, token: "Callable[[str], object]") -> Bench:
    overrides = {name: path for name, path in sources.settings.scripts.items() if path}
    return Bench(
        state=sources.state,
        scripts=sources.scripts,
        overrides=overrides,
        urls=sources.urls,
        ffmpeg=ffmpeg_finder(sources.settings.paths.ffmpeg),
        studio=studio_maker(sources.settings, sources.channels),
        secret=sources.secrets.get,
        token=token,  # type: ignore[arg-type]
        environ=dict(os.environ),
    )
