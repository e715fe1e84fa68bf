"""Prices of every paid step, so that a new one needs no edit of any test."""

from videod.core.tables import STEPS

#: of a step that no test knows, micro-dollars
OTHERS = 10_000


def prices(**given: int) -> dict[str, int]:
    """Name of a price -> micro-dollars: those that are given, and OTHERS for the rest."""
    return {step.price.name: OTHERS for step in STEPS.values() if step.price is not None} | given
