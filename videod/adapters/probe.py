"""Asking the services at start whether keys, models and voices exist: several model ids were retired within 2026.

Nothing here costs money and nothing stops the daemon: what is wrong is said in words, the lanes find out by themselves.
What is asked, and what an answer means, stands in the file of each service (`core.service.Check`).
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping

from videod.adapters.questions import TROUBLE, Questions
from videod.channels import ChannelSet
from videod.config import Settings
from videod.core.service import Check, Configured
from videod.core.services import SERVICES
from videod.credentials import Secrets

log = logging.getLogger(__name__)


async def _problems(questions: Questions, checks: Iterable[Check]) -> list[str]:
    found = []
    for check in checks:
        problem = check.judge(*await questions.ask(check.question))
        if problem is not None and problem.whole:
            return [problem.text]
        if problem is not None:
            found.append(problem.text)
    return found


async def probe(settings: Settings, channels: ChannelSet, secrets: Secrets, urls: Mapping[str, str]) -> list[str]:
    """What is wrong with keys, models and voices, in words that say what to do; empty when all is well.

    Raises nothing, whatever a service answers: the lanes find out by themselves.
    """
    voices = {name: channel.voice_id for name, channel in channels.channels.items()}
    at, questions = Configured(settings.models.named(), voices), Questions(urls, secrets.get)
    asked = {
        service.title: _problems(questions, service.probe(at))
        for service in SERVICES.values()
        if service.probe is not None
    }
    answers = await asyncio.gather(*asked.values(), return_exceptions=True)
    problems: list[str] = []
    for title, answer in zip(asked, answers, strict=True):
        if isinstance(answer, TROUBLE):
            problems.append(f"{title} did not answer at startup ({type(answer).__name__}); jobs retry it automatically")
        elif isinstance(answer, BaseException):
            log.error("probe_answer_failed", extra={"service": title}, exc_info=answer)
            problems.append(f"{title} sent an answer at startup that videod cannot read ({type(answer).__name__})")
        else:
            problems += answer
    return problems
