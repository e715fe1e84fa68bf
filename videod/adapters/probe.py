"""Asking the services whether keys, models and voices exist: several model ids were retired within 2026.

Nothing here costs money. What is asked, and what an answer means, stands in the file of each service
(`core.service.Check`); an answer that proves nothing (none at all, a gateway's page, 429, 5xx) is no verdict.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from videod.adapters.questions import TROUBLE, Questions
from videod.channels import ChannelSet
from videod.config import Settings
from videod.core.preflight import Finding, Look
from videod.core.service import Check, Clip, Configured, Problem, Service, Unreadable
from videod.core.services import SERVICES
from videod.core.tables import STEPS
from videod.credentials import Secrets

log = logging.getLogger(__name__)

#: these say nothing of what was asked for: too early, too many, slow down
_TOO_MANY = 429
_BUSY = (408, 425, _TOO_MANY)


@dataclass(frozen=True)
class Outside:
    """Whom to ask, and what is asked about. `own`: steps that custom scripts do."""

    settings: Settings
    channels: ChannelSet
    secrets: Secrets
    urls: Mapping[str, str]
    own: Collection[str] = ()


async def _verdict(questions: Questions, check: Check) -> Problem | None:
    """What the answer says. Raises Unreadable, or what went wrong on the way."""
    if check.question is None:
        return check.judge(0, None)
    status, answer = await questions.ask(check.question)
    if check.pace_s and (status == _TOO_MANY or (isinstance(answer, dict) and answer.get("code") == _TOO_MANY)):
        await asyncio.sleep(check.pace_s)
        status, answer = await questions.ask(check.question)
    if status in _BUSY or status >= 500 or 300 <= status < 400:
        raise Unreadable(f"HTTP {status}")
    return check.judge(status, answer)


def _cause(service: Service, check: Check) -> str:
    return f"{service.name}:{check.about} {check.channel}".rstrip()


async def _looked(service: Service, checks: Iterable[Check], questions: Questions, own: Collection[str]) -> Look:
    """One service after the other question, until its key is refused or nobody answers."""
    found: list[Finding] = []
    unknown: set[str] = set()
    refused: Finding | None = None
    silent = False
    for check in checks:
        cause = _cause(service, check)
        if refused is not None or silent:
            unknown.add(cause)
            continue
        try:
            problem = await _verdict(questions, check)
        except (Unreadable, *TROUBLE, ValueError) as error:
            log.info("probe_answer_missing", extra={"service": service.name, "about": cause, "error": str(error)})
            unknown |= {cause, f"{service.name}:key"}
            silent = silent or isinstance(error, TROUBLE)
            continue
        except Exception as error:
            log.error("probe_answer_failed", extra={"service": service.name, "about": cause}, exc_info=error)
            unknown |= {cause, f"{service.name}:key"}
            continue
        if problem is not None and problem.whole:
            refused = Finding(f"{service.name}:key", problem.text, (service.name,), stops=_needed(service, (), own))
            found.append(refused)
            unknown.add(cause)
        elif problem is not None:
            stops = problem.stops and _needed(service, check.steps, own)
            found.append(Finding(cause, problem.text, (service.name,), check.channel, stops))
    return Look(tuple(found), frozenset(unknown - {one.cause for one in found}))


def _needed(service: Service, steps: tuple[str, ...], own: Collection[str]) -> bool:
    """Whether any of the steps (none named: all of the service's) is done by a script of videod's."""
    concerned = steps or tuple(name for name, step in STEPS.items() if step.service == service.name)
    return any(name not in own for name in concerned) or not concerned


async def probe(at: Outside) -> Look:
    """What is wrong with keys, models and voices. Raises nothing, whatever a service answers."""
    usual = at.settings.services.chosen().get("narration", "elevenlabs")
    voices = {
        name: channel.voice_id for name, channel in at.channels.channels.items()
        if (channel.narration.service or usual) == "elevenlabs"
    }  # fmt: skip
    usual = at.settings.models.video
    clips = {name: Clip(one.video_model or usual, one.clip_seconds) for name, one in at.channels.channels.items()}
    configured = Configured(at.settings.models.named(), voices, clips)
    questions = Questions(at.urls, at.secrets.get)
    looks = await asyncio.gather(*(
        _looked(service, service.probe(configured), questions, at.own)
        for service in SERVICES.values() if service.probe is not None
    ))  # fmt: skip
    return Look(
        tuple(one for look in looks for one in look.found), frozenset().union(*(look.unknown for look in looks))
    )
