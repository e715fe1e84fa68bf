"""What the answers of services prove, as the page of it and the scripts' own copy are made from `core.verdicts`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from videod.cli.markdown import table
from videod.core import verdicts
from videod.core.services import SERVICES
from videod.core.verdicts import ANY, FIRST, LAST, Row, Wait, Wire


def answers() -> str:
    """What every answer of every service proves: one table for each way of speaking, then what holds for all."""
    parts = [_wire_section(wire) for service in SERVICES.values() for wire in service.wires]
    rest = "These apply to every service when none of its own rows fits, from the first to the last."
    parts.append(f"## Every service\n\n{rest}\n\n{_verdicts((*FIRST, *LAST))}")
    return "\n\n".join(parts)


def _wire_section(wire: Wire) -> str:
    said = f"{wire.calls[0].upper()}{wire.calls[1:]}" if wire.calls[0] != "`" else wire.calls
    return f"## {wire.name}\n\n{said}.\n\n{_verdicts(wire.rows)}"


def _verdicts(rows: Sequence[Row]) -> str:
    head = ("HTTP status", "body", "with the words", "means", "money", "who can help", "for how long", "what you do")
    return table(head, (_verdict(row) for row in rows))


def _verdict(row: Row) -> Sequence[str]:
    forms = "any" if row.forms == ANY else ", ".join(form.value for form in row.forms)
    words = [f"`{row.words}`" if row.words else "", f"`{row.says}` in its message" if row.says else ""]
    wait = row.wait.value
    if row.wait is Wait.SAID:
        wait += f", else {row.wait_s:.0f} s" if row.wait_s else ", else videod's own retries"
    kind = f"`{row.kind.value}`" + (" (another link is asked for)" if row.expired else "")
    named = "a wait" if row.waits else " and ".join(word for word in words if word)
    return row.statuses, forms, named, kind, row.money.value, row.helper.value, wait, row.does


def rows_for_scripts() -> str:
    """`scripts/lib/verdicts.json`: the same rows as JSON."""
    found = [asdict(wire) for service in SERVICES.values() for wire in service.wires]
    return f"{json.dumps(found, indent=1)}\n"


def judge_for_scripts() -> str:
    """`scripts/lib/verdicts.py`: the module that judges, for programs that import nothing of videod."""
    assert verdicts.__file__ is not None
    return Path(verdicts.__file__).read_text().replace("from videod.core", "from scripts.lib")
