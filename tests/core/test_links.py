"""Where messages lead."""

import pytest

from videod.core import links

PAGE = "https://studio.example.com/"


@pytest.mark.parametrize(
    ("key", "task", "leads"),
    [
        ("owls-1:clip:input@5", "owls-1", "episodes/owls-1"), ("report:17@5", None, "report"), ("disk@5", None, ""),
        ("kie:credit@5", "owls-1", "episodes/owls-1"),
    ],
)  # fmt: skip
def test_an_alert_leads_to_its_episode_the_report_or_the_inbox(key: str, task: str | None, leads: str) -> None:
    for page in (PAGE, PAGE.rstrip("/")):
        assert links.of_alert(page, key, task) == PAGE + leads
    assert links.of_alert("", key, task) == ""


def test_a_digest_has_addresses_of_its_own() -> None:
    assert links.of_alert(PAGE, "reviews:17@5", None) == ""


def test_the_address_takes_the_place_of_the_entrys_in_notion_and_is_never_cut() -> None:
    entry = links.of_entry("0a1b-2c3d")
    assert links.led(f"Owls: failed. {entry}", f"{PAGE}episodes/o", 90) == f"Owls: failed. {PAGE}episodes/o"
    assert links.led(f"Owls: failed. {entry}", "", 90) == f"Owls: failed. {entry}"
    assert links.led("The week\n- Owls", f"{PAGE}report", 90) == f"The week\n- Owls\n{PAGE}report"
    cut = links.led("x" * 500, f"{PAGE}episodes/o", 90)
    assert (len(cut), cut.endswith(f"x… {PAGE}episodes/o")) == (90, True)
    assert links.led("x" * 91, "", 90) == "x" * 89 + "…"
