"""The table of everything that videod alerts people to (docs/alerts.md)."""

from videod.cli.markdown import table
from videod.core.alerts import CAUSES


def alerts() -> str:
    """Every cause: its level, when its alert is repeated, what clears it, and how it reads."""
    head = ("cause", "level", "what happened", "again", "cleared by", "for example")
    rows = (
        (f"`{one.name}`", one.level.value, one.what, one.again, one.over or "nothing: it is one occurrence", one.sample)
        for one in CAUSES
    )
    return table(head, rows)
