"""Events as they may be kept: whoever reads the database, reads no secret. Pure."""

from collections.abc import Callable
from dataclasses import replace

from videod.core.events import Event, JobCrashed, JobFailed, JobSetAside, JobSucceeded, VideoLooked


def without_secrets(event: Event, redact: Callable[[str], str]) -> Event:
    """The event as it may be kept: whoever reads the database, reads no secret."""
    match event:
        case JobFailed():
            return replace(event, failure=event.failure.told(redact), stderr_tail=redact(event.stderr_tail))
        case JobCrashed() | JobSetAside():
            return replace(event, failure=event.failure.told(redact))
        case VideoLooked():
            return replace(event, reason=redact(event.reason))
        case JobSucceeded():
            facts = {name: redact(fact) if isinstance(fact, str) else fact for name, fact in event.facts.items()}
            return event if facts == event.facts else replace(event, facts=facts)
    return event
