"""One message about all that waits for a person: when it is sent, what it says, how long it gets."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from videod.core import digest
from videod.core.digest import Digest, Waiting, What
from videod.core.statuses import Status
from videod.flow.relay import ALERT_CHARACTERS

HOUR = 3_600_000
NOON = 1_795_262_400_000
AFTER, EVERY = 12 * HOUR, 24 * HOUR


def review(name: str, since: int, cost: int = 0, status: Status = Status.ASSETS_READY) -> Waiting:
    return Waiting(f"{name.lower()}-1", name, "wild_earth", status, since, cost)


def due(reviews: Sequence[Waiting], last: Digest, at: int, after: int = AFTER) -> bool:
    return digest.due(reviews, last, at, after, EVERY)


@pytest.mark.fault("7.4")
def test_a_review_is_reported_when_it_has_waited_longer_than_the_setting_says() -> None:
    bears = review("Bears", NOON)
    assert [due([bears], Digest(), NOON + hours * HOUR) for hours in (1, 12, 13)] == [False, False, True]
    assert not due([bears], Digest(), NOON + 1000 * HOUR, after=0)
    assert not due([], Digest(), NOON)


@pytest.mark.fault("7.4")
def test_reviews_are_reported_at_most_once_a_day_and_not_again_while_nothing_new_waits() -> None:
    bears, owls = review("Bears", NOON), review("Owls", NOON + 5 * HOUR)
    sent = Digest(NOON + 13 * HOUR, frozenset({bears.mark}))
    assert not any(due([bears], sent, NOON + hours * HOUR) for hours in range(13, 500))
    assert [due([bears, owls], sent, NOON + hours * HOUR) for hours in (18, 36, 37, 40)] == [False, False, True, True]
    again = review("Bears", NOON + 14 * HOUR, status=Status.VIDEO_READY)
    assert due([again], sent, NOON + 40 * HOUR)  # its next review is another wait
    assert due([owls], sent, NOON - 100 * HOUR) is False  # the clock was set back
    assert due([review("Owls", NOON - 200 * HOUR)], sent, NOON - 100 * HOUR)


@pytest.mark.parametrize("kept", [None, [], {"at": "x"}, {"listed": 3}, {"at": [], "listed": [1]}], ids=repr)
def test_a_kept_digest_that_is_nonsense_counts_as_none(kept: object) -> None:
    assert Digest.of(kept).at is None
    sent = Digest(NOON, frozenset({"a@1"}))
    assert Digest.of(sent.plain()) == sent


def waiting(name: str, what: What, status: Status, cost: int = 0, reason: str = "") -> Waiting:
    return Waiting(f"{name.lower()}-1", name, "wild_earth", status, NOON, cost, what, "aa-bb", reason)


@pytest.mark.fault("7.4")
def test_the_digest_has_price_age_and_link_of_whatever_waits() -> None:
    lines = digest.text(
        [
            review("Owls", NOON + HOUR, 8_400_000, Status.VIDEO_READY),
            replace(review("Bears", NOON, status=Status.AUDIO_READY), title=" Bears\n"),
            waiting("Fish", What.PURCHASE, Status.ERROR_VIDEO, 420_000),
            waiting("Ants", What.STOPPED, Status.ERROR_UPLOAD),
            waiting("Bees", What.PAUSED, Status.GENERATING_VIDEO, 840_000, "prices\nchanged"),
        ],
        NOON + 14 * HOUR,
    ).splitlines()
    link = "https://www.notion.so/aabb"
    assert lines[0] == "2 reviews, 1 unconfirmed purchase, 1 stopped episode and 1 paused episode wait for you:"
    assert lines[1:6] == [
        f"- Ants (wild_earth, ants-1): Error: Upload Failed for 14 h 0 min, retrying costs nothing. {link}",
        "- Bears (wild_earth, bears-1): audio review for 14 h 0 min, approving costs nothing.",
        "- Bees (wild_earth, bees-1): paused (prices changed) for 14 h 0 min, what it would start next costs $0.84."
        f" {link}",
        f"- Fish (wild_earth, fish-1): unconfirmed purchase for 14 h 0 min, buying it once more costs $0.42. {link}",
        "- Owls (wild_earth, owls-1): video review for 13 h 0 min, approving costs $8.40.",
    ]
    assert digest.text([review("Owls", NOON)], NOON).startswith("1 review waits for you:")


@pytest.mark.fault("7.4")
def test_a_digest_leads_to_the_reviews_on_videods_page_where_people_reach_it() -> None:
    (_, line, *_) = digest.text([review("Owls", NOON)], NOON, "https://videod.example.org/").splitlines()
    assert line.endswith(f" https://videod.example.org/episodes/{review('Owls', NOON).task_id}")
    own = replace(review("Owls", NOON), page_id="entry-0a1b2c3d4e5f")
    assert "http" not in digest.text([own], NOON), "an entry of videod's own board has no page in Notion"


def test_a_digest_is_bounded_however_much_waits() -> None:
    many = digest.text([review(f"Film {n}", NOON + n) for n in range(30)], NOON + HOUR).splitlines()
    assert many[0] == "30 reviews wait for you:" and "- and 10 more. `videod status` lists them" in many
    one = replace(waiting("x" * 5000, What.PAUSED, Status.GENERATING_VIDEO, reason="y" * 5000), task_id="x" * 60)
    long = [one] * 500
    assert len(digest.text(long, NOON + HOUR)) < ALERT_CHARACTERS - 100 and "x…" in digest.text(long, NOON)
