"""How a campaign becomes a test: a short round of it, skipped with its own words where the machine lacks something."""

from pathlib import Path

import pytest

from tests.campaigns.frame import Campaign, Missing, Result, options_of


def short(campaign: Campaign, folder: Path, **options: object) -> Result:
    try:
        return campaign.run(folder, options_of(campaign, **options))
    except Missing as missing:
        pytest.skip(str(missing))
