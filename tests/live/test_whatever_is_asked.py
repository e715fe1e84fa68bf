"""The campaign `api` in small: whatever can be made of the OpenAPI document is answered as the document says."""

from pathlib import Path

import pytest

from tests.campaigns import api
from tests.campaigns.frame import options_of

pytestmark = [pytest.mark.live, pytest.mark.whole]


def test_whatever_can_be_made_of_the_document_is_answered_as_it_says(tmp_path: Path) -> None:
    found = api.CAMPAIGN.run(tmp_path, options_of(api.CAMPAIGN, examples=2, tasks=20, phases="fuzzing"))
    assert int(str(found["requests"])) > 24 and found["failures"] == 0
