"""Every service, gathered from the files of this folder: a file with a `SERVICE` is all that a new one needs.

A fault of a file is named with the file and the field: at once where the table cannot be made without, else by
`check`, which is run at start.
"""

import pkgutil
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module

from videod.core.failures import Failure, Kind
from videod.core.service import Clip, Configured, Offer, Question, Service, Where

_ADDRESS = re.compile(r"VIDEOD_URL_[A-Z0-9_]+")
#: whatever a probe asks about is there
_ANYTHING = Configured(defaultdict(str), {"channel": "voice"}, {"channel": Clip("", 10)})
#: the step that every episode begins with
FIRST = "plan"
_SECRET = re.compile(r"[A-Z][A-Z0-9_]+")


def _gathered() -> dict[str, Service]:
    found = []
    for module in pkgutil.iter_modules(__path__):
        service = getattr(import_module(f"{__name__}.{module.name}"), "SERVICE", None)
        if not isinstance(service, Service) or service.name != module.name:
            raise ValueError(f"{file(module.name)}: SERVICE must be there and have the name {module.name!r}")
        found.append(service)
    return {service.name: service for service in sorted(found, key=lambda service: (service.place, service.name))}


def file(name: str) -> str:
    """The file of a service, for messages."""
    return f"videod/core/services/{name}.py"


#: all of them by name, in the order in which people see them
SERVICES: Mapping[str, Service] = _gathered()
#: those that jobs queue for
LANES = tuple(service for service in SERVICES.values() if service.limits is not None)
#: what the services that tell a balance say of it, by name
BALANCES = {service.name: service.balance for service in LANES if service.balance is not None}
#: those that go on while everything else is paused
TIDYING = tuple(service.name for service in LANES if service.where == Where.TIDYING)


def named(name: str | None, otherwise: str = "") -> Service | None:
    """The service that a script's failure names, else the one called `otherwise`; None where videod knows neither."""
    return SERVICES.get(name or otherwise)


def out_of_credit(failure: Failure, otherwise: str) -> Service | None:
    """The service whose credit is used up, where the failure says so: only topping up helps."""
    service = named(failure.service, otherwise)
    if failure.kind != Kind.QUOTA or service is None or service.credit_at is None:
        return None
    return service if failure.code in service.codes_of_credit or failure.http_status == 402 else None


def account(service: str, project: str) -> str:
    """How the use of a daily quota is counted: "youtube", and "youtube/wild" for a Google project with a name."""
    found = SERVICES.get(service)
    return f"{service}/{project}" if project and found is not None and found.by_project else service


def title(name: str) -> str:
    """How people know a service."""
    return SERVICES[name].title if name in SERVICES else name


def model(step: str) -> str:
    """The model that the step's own script uses where the settings name no other. Raises LookupError: it is unknown."""
    return _own(step)[1].model


def light_model(step: str) -> str:
    """The model for its lighter parts. Raises LookupError: it is unknown."""
    return _own(step)[1].light


def price_usd(step: str) -> float:
    """What a piece of the step costs with that model, US dollars. Raises LookupError."""
    service, offer = _own(step)
    micros = service.price_micros(offer.model, offer.piece)
    if micros is None:
        raise LookupError(f"{file(service.name)}: catalogue: {offer.model} has no price for {offer.piece}")
    return micros / 1_000_000


def _own(step: str) -> tuple[Service, Offer]:
    for service in LANES:
        offer = service.offer(step)
        if offer is not None and not offer.script:
            return service, offer
    raise LookupError(f"no file of videod/core/services offers {step}")


def check(
    steps: Mapping[str, str], paid: Collection[str] = (), services: Mapping[str, Service] = SERVICES
) -> None:  # fmt: skip
    """Raise ValueError naming every fault with its file and field.

    `steps`: name -> service whose lane it queues in; `paid`: those that cost money.
    """
    faults = [f"{file(name)}: {fault}" for name, service in services.items() for fault in _faults(service, steps)]
    faults += _without(steps, paid, services)
    faults += _unknown_secrets(services)
    said: dict[str, str] = {}
    for name, service in services.items():
        for given in (*(secret.name for secret in service.secrets), *service.addresses):
            if said.setdefault(given, name) != name:
                faults.append(f"{file(name)}: {given} belongs to {file(said[given])} already")
        for offer in service.offers:
            if not offer.script and said.setdefault(f"step {offer.step}", name) != name:
                other = said[f"step {offer.step}"]
                faults.append(f"{file(name)}: offers: {offer.step} needs a script, {file(other)} has the step's own")
    if faults:
        raise ValueError("; ".join(faults))


def _unknown_secrets(services: Mapping[str, Service]) -> Iterator[str]:
    known = {secret.name for service in services.values() for secret in service.secrets}
    for name, service in services.items():
        for offer in service.offers:
            yield from (f"{file(name)}: offers: no service has {one}" for one in offer.secrets if one not in known)


def _without(steps: Mapping[str, str], paid: Collection[str], services: Mapping[str, Service]) -> Iterator[str]:
    """What the steps need and no file says."""
    for step, name in steps.items():
        if name not in services:
            yield f"{file(name)}: there is no such file, and the step {step} names it"
            continue
        if services[name].limits is None:
            yield f"{file(name)}: limits: are missing, and the step {step} queues there"
        offer = services[name].offer(step)
        if step in paid and (offer is None or offer.script):
            yield f"{file(name)}: offers: has none for the step {step}, which costs money"


def _faults(service: Service, steps: Mapping[str, str]) -> Iterator[str]:
    secrets = {secret.name for secret in service.secrets}
    if not service.title.strip():
        yield "title: is empty"
    for name in secrets:
        if not _SECRET.fullmatch(name):
            yield f"secrets: {name!r} is no name of a variable"
    for name, address in service.addresses.items():
        if not _ADDRESS.fullmatch(name) or not (address == "" or address.startswith("https://")):
            yield f"addresses: {name!r} must be a VIDEOD_URL_ variable with an address of https, or with none"
    if service.limits is None and (service.offers or service.balance):
        yield "limits: a service that offers something or has a balance needs a lane"
    if service.limits is not None and (service.limits.rate is None) != (service.limits.per_s is None):
        yield "limits: rate and per_s belong together"
    if not service.outside and (secrets or service.addresses or service.balance or service.probe):
        yield f"where: what is {service.where.name} has no secret, address, balance or probe"
    for name in service.remarks:
        if service.limits is None or not hasattr(service.limits, name):
            yield f"remarks: there is no limit {name!r}"
    for field, question in _questions(service):
        if question.key.secret not in secrets:
            yield f"{field}: {question.key.secret} is none of its secrets"
        if question.address not in service.addresses:
            yield f"{field}: {question.address} is none of its addresses"
    orders = None if service.balance is None else service.balance.orders
    if orders is not None and "{reference}" not in orders.question.path:
        yield "balance: the path of an order must hold {reference}"
    for offer in service.offers:
        if offer.step not in steps:
            yield f"offers: there is no step {offer.step!r}"
        if service.price_micros(offer.model, offer.piece) is None:
            yield f"offers: the catalogue has no price of {offer.model!r} for {offer.piece!r}"
        if offer.script and (not offer.script.endswith(".py") or "/" in offer.script):
            yield f"offers: script {offer.script!r} is not the name of a file in scripts/"
        if offer.script and offer.step == FIRST:
            yield f"offers: the step {FIRST} has no choice of services: it is queued before an episode is planned"
        if steps.get(offer.step) == service.name and offer.script:
            yield f"offers: {offer.step} is the service's own step, whose script the step names"


def _questions(service: Service) -> Iterator[tuple[str, Question]]:
    """(field, question) of everything that is asked of a service."""
    if service.balance is not None:
        yield "balance", service.balance.question
        if service.balance.orders is not None:
            yield "balance", service.balance.orders.question
    if service.probe is not None:
        yield from (("probe", one.question) for one in service.probe(_ANYTHING) if one.question is not None)
