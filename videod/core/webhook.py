"""Notion's webhook as people see it: where it is, and how it is doing. Pure, and light: `status` loads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from videod.core import bounds

PATH = "/webhook/notion"
SECRET = "NOTION_WEBHOOK_TOKEN"  # noqa: S105 - the name of a variable
#: the fact that `status`, `doctor` and the metrics show
FACT = "webhook"


def url_of(host: str) -> str:
    """The address that is entered in Notion."""
    return f"https://{host}{PATH}"


@dataclass(frozen=True)
class Report:
    """How the webhook is doing. `taken`, `repeats` and `refused` (reason -> how many) since `since`; times in ms.

    `signed_at`: when Notion's last signed delivery came, `token_at`: its last verification token, `secret`: whether
    there is one to check signatures with, `problem`: why nothing is listened to.
    """

    on: bool = False
    url: str = ""
    listens: str = ""
    since: int = 0
    secret: bool = False
    signed_at: int | None = None
    token_at: int | None = None
    taken: int = 0
    repeats: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_at: int | None = None
    problem: str = ""

    def as_json(self) -> dict[str, object]:
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()}


def report_of(kept: object) -> Report:
    """What `as_json` gave; one that is off where it cannot be read."""
    if not isinstance(kept, dict) or kept.get("on") is not True:
        at = bounds.whole(kept.get("signed_at")) if isinstance(kept, dict) else None
        return Report(signed_at=at)
    refused = kept.get("refused")
    counts = {str(name): bounds.whole(many) or 0 for name, many in refused.items()} if isinstance(refused, dict) else {}
    return Report(
        True, str(kept.get("url", "")), str(kept.get("listens", "")), bounds.whole(kept.get("since")) or 0,
        kept.get("secret") is True, bounds.whole(kept.get("signed_at")), bounds.whole(kept.get("token_at")),
        bounds.whole(kept.get("taken")) or 0, bounds.whole(kept.get("repeats")) or 0, counts,
        bounds.whole(kept.get("refused_at")), str(kept.get("problem", "")),
    )  # fmt: skip


def why_refused(refused: Mapping[str, int]) -> str:
    """Such as "5 (3 wrong signature, 2 too large)"."""
    parts = sorted(refused.items(), key=lambda one: (-one[1], one[0]))
    return f"{sum(refused.values()):,} ({', '.join(f'{many:,} {reason}' for reason, many in parts)})"
