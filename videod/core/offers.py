"""A step as another service than its own does it.

Which service does a step is chosen in the settings (`[services]` of videod.toml) and stands on each job from the
moment it is planned. Another service brings a script, secrets, a model and a price of its own; all else is the step's.
"""

from dataclasses import replace

from videod.core.model import ChannelPolicy
from videod.core.service import Offer
from videod.core.services import LANES, SERVICES, file
from videod.core.step import Command, CommandContext, Step


def at(step: Step, service: str) -> Step:
    """The step as `service` does it. Raises LookupError where that one does not offer it (any more)."""
    if service == step.service:
        return step
    known = SERVICES.get(service)
    offer = None if known is None else known.offer(step.name)
    if offer is None or not offer.script:
        raise LookupError(f"{file(service)} does not offer the step {step.name}. Plan the episode again")
    if offer.by_plan:
        return replace(
            step, service=service, script=offer.script, secrets=(), price=None, fetchable=False, rewordable=False,
            model=None, known_before=_never,
        )  # fmt: skip
    price = None if step.price is None else step.price.of(key(step.name, service))
    return replace(step, service=service, script=offer.script, secrets=offer.secrets, price=price)


def chosen(step: Step, policy: ChannelPolicy) -> Step:
    """The step as the service does it that the settings choose for it."""
    return at(step, policy.services.get(step.name, step.service))


def context(usual: CommandContext, step: Step) -> CommandContext:
    """What the commands of a step need, with the model and the patience of the service that does it."""
    served = usual.served.get(key(step.name, step.service))
    if served is None:
        return usual
    models = {**usual.models, step.model: served.model} if step.model else usual.models
    return replace(usual, models=models, clip_wait_s=served.wait_s)


def others() -> tuple[tuple[str, Offer], ...]:
    """(service, offer) of everything that the settings may choose in the place of a step's own."""
    return tuple(
        (service.name, offer) for service in LANES for offer in service.offers if offer.script and not offer.by_plan
    )


def _never(command: Command) -> bool:
    """No script of before videod does it."""
    return False


def key(step: str, service: str) -> str:
    """How prices, models and times of another service's offer are named."""
    return f"{step}/{service}"
