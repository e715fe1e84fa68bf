"""The settings: videod.toml, then VIDEOD_<SECTION>_<KEY> of the environment over it, checked as a whole.

A missing section or key means its default. Relative paths start at the folder of videod.toml. Secrets and service
addresses never stand in the file: `credentials` reads them from the environment (also offered here).
"""

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from videod import environment, files
from videod.core import offers, services
from videod.core.days import USUAL_ZONE
from videod.core.service import Service as KnownService
from videod.core.tables import STEPS
from videod.credentials import CredentialsError, Secrets, load_secrets, service_urls
from videod.documents import DocumentError, Fault, faults_of, read_toml
from videod.sections import Place, Program, Section, Usd, Word, Zone, host_name, own_address, page_address, placed

__all__ = ["ConfigError", "CredentialsError", "Secrets", "Settings", "load_secrets", "load_settings", "service_urls"]


#: What the wheel brings of a checkout: scripts/, the sample channels/, videod.toml. A checkout has no such folder.
PACKAGED = Path(__file__).with_name("_packaged")
CHECKOUT = Path(__file__).resolve().parents[1]


class ConfigError(ValueError):
    """The settings cannot be used. The text lists every fault: file, line, key, reason, what to type."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


def _scripts(value: object, info: ValidationInfo) -> object:
    """Like `placed`; where no folder `scripts` lies beside the settings, it is the one of the installed package."""
    path, brought = placed(value, info), PACKAGED / "scripts"
    left_out = str(value) == "scripts" and isinstance(path, Path) and not files.exists(path)
    return brought if left_out and files.exists(brought) else path


class Paths(Section):
    state: Place = Field(default=Path("state"), examples=["state"])
    channels: Place = Field(default=Path("channels"), examples=["channels"])
    scripts: Annotated[Path, BeforeValidator(_scripts)] = Field(default=Path("scripts"), examples=["scripts"])
    ffmpeg: Program = Field(default=None, examples=["/usr/bin/ffmpeg"])


class Daemon(Section):
    poll_interval_s: float = Field(default=3, ge=0.1, le=3600)
    http_port: int = Field(default=0, ge=0, le=65535)
    stop_grace_s: float = Field(default=20, ge=0, le=600)
    look_after_s: float = Field(default=180, ge=0, le=3600)
    timezone: Zone = Field(default=USUAL_ZONE, examples=["Europe/Berlin"])


class Board(Section):
    kind: Literal["notion", "none"] = "notion"

    @property
    def own(self) -> bool:
        """Whether videod keeps the board itself, without Notion."""
        return self.kind == "none"


class Notion(Section):
    parent_page: str = ""
    database_id: str = ""
    version: str = Field(default="2026-03-11", pattern=r"^\d{4}-\d\d-\d\d$")
    #: 180 a minute on the Free and Plus plans, 600 on Business and Enterprise
    requests_per_s: float = Field(default=3, gt=0, le=10)


class Webhook(Section):
    """Where videod listens for Notion's webhook (port 0: nowhere), and the public name by which Notion reaches it."""

    port: int = Field(default=0, ge=0, le=65535)
    host: Annotated[str, AfterValidator(host_name)] = Field(default="", examples=["hooks.example.com"])
    address: Annotated[str, AfterValidator(own_address)] = "127.0.0.1"

    @model_validator(mode="after")
    def _port_has_a_name(self) -> Self:
        if self.port and not self.host:
            raise ValueError('port needs host as well, the name that Notion calls, such as host = "hooks.example.com"')
        return self


class Web(Section):
    """Where the page answers (port 0: nowhere), the address by which browsers and messages know it, its certificate."""

    port: int = Field(default=8420, ge=0, le=65535)
    listen: Annotated[str, AfterValidator(own_address)] = "127.0.0.1"
    public_url: Annotated[str, AfterValidator(page_address)] = Field(
        default="", examples=["https://videod.example.com"]
    )
    tls_cert: Program = Field(default=None, examples=["/etc/videod/page.pem"])
    tls_key: Program = Field(default=None, examples=["/etc/videod/page.key"])

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together; name both files, or none")
        if ipaddress.ip_address(self.listen).is_unspecified and not self.public_url:
            raise ValueError("listen on all addresses needs public_url as well, the address that browsers open")
        return self

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.listen).is_loopback


class Service(Section):
    """Limits of one service. `rate` requests in any `per_s` seconds; `daily_quota` counts jobs, None is no quota.

    `timeout_s`: how long one job may take, None is what its step says; `quota_zone`: where the quota's day begins.
    """

    concurrency: int = Field(default=2, ge=1, le=200)
    rate: int | None = Field(default=None, ge=1, examples=[20])
    per_s: float | None = Field(default=None, gt=0, le=86_400, examples=[10])
    daily_quota: int | None = Field(default=None, ge=1, examples=[100])
    quota_zone: Zone = "UTC"
    timeout_s: int | None = Field(default=None, ge=10, le=86_400, examples=[900])

    @model_validator(mode="after")
    def _rate_has_a_period(self) -> Self:
        if (self.rate is None) != (self.per_s is None):
            raise ValueError("rate and per_s belong together. Write for example rate = 20 and per_s = 10")
        return self


def _section(service: KnownService) -> type[Service]:
    """The section of one service: the keys of all of them, with the defaults of its file."""
    fields: dict[str, Any] = {}
    for name, field in Service.model_fields.items():
        own = copy(field)
        own.default = getattr(service.limits, name)
        fields[name] = (Service.__annotations__[name], own)
    for offer in service.offers:
        if (
            offer.script and not offer.by_plan
        ):  # the model and the price of a step's own service are in [models] and [prices]
            micros = service.price_micros(offer.model, offer.piece) or 0
            fields[f"{offer.step}_model"] = (Word, offer.model)
            fields[f"{offer.step}_usd"] = (Usd, micros / 1_000_000)
    made: type[Service] = create_model(service.title, __base__=Service, **fields)
    return made


def _sections() -> Any:
    """A key for each step that several services offer, and a section for each service."""
    fields: dict[str, Any] = {}
    for step in STEPS.values():
        names = (step.service, *(name for name, offer in offers.others() if offer.step == step.name))
        if len(names) > 1:
            fields[step.name] = (Literal[names], step.service)
    for service in services.LANES:
        section = _section(service)
        fields[service.name] = (section, Field(default_factory=section))
    return create_model("Sections", __base__=Section, **fields)


class Services(_sections()):  # type: ignore[misc]
    """Which service does a step where there is a choice, and a section for each service that jobs queue for."""

    def chosen(self) -> dict[str, str]:
        """Step -> the service that does it, for the steps with a choice."""
        return {key: value for key, value in self if isinstance(value, str)}

    def model(self, service: str, step: str) -> str:
        """The model of what a service does in the place of a step's own service."""
        return str(getattr(self.of(service), f"{step}_model"))

    def micros(self) -> dict[str, int]:
        """`offers.key` -> micro-dollars of what services do in the place of a step's own."""
        prices = {(name, offer.step): getattr(self.of(name), f"{offer.step}_usd") for name, offer in offers.others()}
        return {offers.key(step, name): round(usd * 1_000_000) for (name, step), usd in prices.items()}

    def of(self, name: str) -> Service:
        """The limits of the service that a step names. Raises KeyError for an unknown one."""
        return {known: limits for known, limits in self if isinstance(limits, Service)}[name]


class Models(Section):
    text: Word = services.model("plan")
    text_light: Word = services.light_model("plan")
    image: Word = services.model("image")
    video: Word = services.model("clip")
    voice: Word = services.model("narration")
    image_host: Literal["kie", "catbox", "r2"] = "kie"
    image_host_second: Literal["", "kie", "catbox", "r2"] = ""
    image_size: Literal["1K", "2K", "4K"] = "1K"

    @model_validator(mode="after")
    def _two_hosts_differ(self) -> Self:
        if self.image_host_second == self.image_host:
            raise ValueError("image_host_second must be another host than image_host. Leave it out for none")
        return self

    @property
    def image_hosts(self) -> tuple[str, ...]:
        """The hosts of first pictures, the one that is tried first at the beginning."""
        return tuple(host for host in (self.image_host, self.image_host_second) if host)

    def named(self) -> dict[str, str]:
        """Key -> model."""
        return {
            "text": self.text,
            "text_light": self.text_light,
            "image": self.image,
            "video": self.video,
            "voice": self.voice,
        }


class _Prices(Section):
    """USD. What is bought is estimated and reserved with these; where a service says the true cost, that is booked."""

    def micros(self) -> dict[str, int]:
        """Name of a step's price -> micro-dollars; `narration` is per 1,000 characters."""
        keys = {price.name: price.key for price in _PRICES.values()} | {"upload": "upload"}
        return {name: round(getattr(self, key) * 1_000_000) for name, key in keys.items()}


_PRICES = {name: step.price for name, step in STEPS.items() if step.price is not None}
if TYPE_CHECKING:
    Prices = _Prices
else:  # a key for the price of every step that costs money, as the catalogs of the services have it
    _USUAL = {price.key: (Usd, services.price_usd(name)) for name, price in _PRICES.items()}
    Prices = create_model("Prices", __base__=_Prices, **_USUAL, upload=(Usd, 0.0))


#: mail servers at this port speak TLS from the start
_TLS_PORT = 465
_ADDRESS = re.compile(r"[^\s@<>,;\"()]+@[^\s@<>,;\"()]+")
Minutes = Annotated[float, Field(gt=0, le=10_080)]


class Retry(Section):
    waits_min: Annotated[tuple[Minutes, ...], Field(strict=False, min_length=1, max_length=20)] = (1.0, 5.0, 15.0, 60.0)
    jitter: float = Field(default=0.1, ge=0, le=0.5)
    deaths: int = Field(default=3, ge=1, le=1000)


class Limits(Section):
    max_episodes_in_work: int = Field(default=20, ge=1, le=1000)
    min_free_mb: int = Field(default=1000, ge=0, le=500_000)
    reserve_mb: int = Field(default=200, ge=0, le=10_000)
    alike: float = Field(default=0.7, ge=0, le=1)


AlertLevel = Literal["info", "warning", "critical"]


class Alerts(Section):
    slack: bool = True
    slack_level: AlertLevel = "info"
    email_to: str = ""
    email_from: str = ""
    email_level: AlertLevel = "warning"
    smtp_host: str = ""
    smtp_port: int = Field(default=0, ge=0, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    board_after_min: float = Field(default=10, ge=1, le=10_080)
    reviews_after_h: float = Field(default=12, ge=0, le=720)
    reviews_every_h: float = Field(default=24, ge=0.1, le=720)
    weekly: bool = False

    @property
    def security(self) -> str:
        """How TLS is used; port 465 knows one way only."""
        return "tls" if self.smtp_port == _TLS_PORT else self.smtp_security

    @property
    def port(self) -> int:
        return self.smtp_port or {"none": 25, "starttls": 587, "tls": _TLS_PORT}[self.smtp_security]

    @property
    def recipients(self) -> tuple[str, ...]:
        """The bare addresses of `email_to`, with or without names, apart by commas or spaces."""
        return tuple(_ADDRESS.findall(self.email_to))

    @model_validator(mode="after")
    def _mail_can_be_sent(self) -> Self:
        if self.email_to and not (self.smtp_host and self.email_from):
            raise ValueError('email_to needs smtp_host and email_from as well, such as smtp_host = "localhost"')
        nameless = self.email_to if "<" not in self.email_to else ""
        if self.email_to and (_ADDRESS.sub("", nameless).strip(" ,;\n") or not self.recipients):
            raise ValueError('email_to takes addresses such as "you@example.org, me@example.org"')
        if self.email_to and not _ADDRESS.search(self.email_from):
            raise ValueError('email_from takes one address such as "videod@example.org"')
        if self.smtp_user and self.security == "none":
            raise ValueError('smtp_user needs smtp_security = "starttls" or "tls": a password is sent inside TLS only')
        return self


class Facts(Section):
    wikipedia: bool = True
    search: bool = False
    contact: str = Field(default="", pattern=r"^[ -~]*$", max_length=200)


class Retention(Section):
    workspace_days: float = Field(default=7, gt=0, le=3650)
    cancelled_days: float = Field(default=14, gt=0, le=3650)
    failed_days: float = Field(default=60, gt=0, le=3650)
    history_days: float = Field(default=90, gt=0, le=3650)


class R2(Section):
    #: of an account's buckets in the European Union the name of the host has an ".eu" in it
    account: str = Field(default="", pattern=r"^([0-9a-f]{32}(\.eu|\.fedramp)?)?$")
    bucket: str = Field(default="", pattern=r"^([a-z0-9][a-z0-9-]{1,61}[a-z0-9])?$")
    prefix: str = Field(default="videod", pattern=r"^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$", max_length=200)
    link_days: float = Field(default=7, ge=0.01, le=7)
    renew_days: float = Field(default=365, ge=0, le=3650)

    @property
    def url(self) -> str:
        """The address of the account; empty where none is named."""
        return f"https://{self.account}.r2.cloudflarestorage.com" if self.account else ""


class Cluster(Section):
    """Other machines for what costs nothing but time. Without an address none of it is even loaded."""

    address: str = Field(
        default="", pattern=r"^((tls|tcp)://[A-Za-z0-9.:\[\]-]+:\d{1,5})?$", examples=["tls://10.8.0.1:8786"]
    )
    ca: Program = Field(default=None, examples=["/etc/videod/cluster/ca.pem"])
    cert: Program = Field(default=None, examples=["/etc/videod/cluster/client.pem"])
    key: Program = Field(default=None, examples=["/etc/videod/cluster/client.key"])
    shared: Program = Field(default=None, examples=["/mnt/films/videod"])
    home: bool = True
    when_lost: Literal["local", "wait"] = "local"

    @model_validator(mode="after")
    def _is_reached_safely(self) -> Self:
        given = [path is not None for path in (self.ca, self.cert, self.key)]
        if self.address.startswith("tls:") and not all(given):
            raise ValueError("a tls:// address needs ca, cert and key. `videod cluster certificates DIR` makes them")
        if self.address.startswith("tcp:") and not _loopback(self.address):
            raise ValueError("a tcp:// address is for this machine only. Use tls:// for others")
        return self

    @property
    def on(self) -> bool:
        return bool(self.address)


def _loopback(address: str) -> bool:
    host = address.split("://")[1].rpartition(":")[0].strip("[]")
    return host == "localhost" or host.startswith("127.") or host == "::1"


class _Scripts(Section):
    """The owner's own programs in the place of ours, by step."""

    def of(self, step: str) -> Path | None:
        return dict(self).get(step)

    def own(self) -> dict[str, Path]:
        """Step -> the program that does it in the place of ours, by the name that was given."""
        return {step: path.absolute() for step, path in self if isinstance(path, Path)}


if TYPE_CHECKING:
    Scripts = _Scripts
else:  # a key for every step
    Scripts = create_model("Scripts", __base__=_Scripts, **dict.fromkeys(STEPS, (Program, None)))


class Settings(Section):
    """All of videod.toml. Equal settings compare equal, so a reload can see whether anything changed."""

    paths: Paths = Field(default_factory=Paths)
    daemon: Daemon = Field(default_factory=Daemon)
    board: Board = Field(default_factory=Board)
    notion: Notion = Field(default_factory=Notion)
    webhook: Webhook = Field(default_factory=Webhook)
    web: Web = Field(default_factory=Web)
    services: Services = Field(default_factory=Services)
    models: Models = Field(default_factory=Models)
    prices: Prices = Field(default_factory=Prices)
    retry: Retry = Field(default_factory=Retry)
    limits: Limits = Field(default_factory=Limits)
    alerts: Alerts = Field(default_factory=Alerts)
    facts: Facts = Field(default_factory=Facts)
    retention: Retention = Field(default_factory=Retention)
    r2: R2 = Field(default_factory=R2)
    cluster: Cluster = Field(default_factory=Cluster)
    scripts: Scripts = Field(default_factory=Scripts)


def load_settings(path: Path, env: Mapping[str, str] | None = None) -> Settings:
    """The settings in `path` with the environment (os.environ unless given) over them. Raises ConfigError."""
    try:
        document = read_toml(path)
    except DocumentError as problem:
        hint = "" if files.exists(path) else f". Start videod in the folder of videod.toml or name the file{_example()}"
        raise ConfigError([Fault(str(path), problem.line, "", f"{problem.reason}{hint}")]) from None
    values = document.values
    given = environment.overlay(Settings, values, os.environ if env is None else env)
    for name in Settings.model_fields:
        # a section that is left out is validated like an empty one, so that its default paths find their folder
        values.setdefault(name, {})
    try:
        return Settings.model_validate(values, context={"folder": _folder(path)})
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        faults = faults_of(errors, Settings, str(path), document.lines, " = ")
        raise ConfigError([environment.from_env(fault, given) for fault in faults]) from None


def _example() -> str:
    """Where the installed package has a file to begin with; a checkout has it in front of everyone's eyes."""
    example = PACKAGED / "videod.toml"
    return f" (there is one to copy: {example})" if files.exists(example) else ""


def _folder(path: Path) -> Path:
    """The folder of the settings file. Raises ConfigError where the current one, from which it is named, is gone."""
    try:
        return path.absolute().parent
    except OSError as problem:
        reason = f"its folder is unknown ({files.reason(problem)}). Name the whole path"
        raise ConfigError([Fault(str(path), None, "", reason)]) from None
