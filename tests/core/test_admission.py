from hypothesis import given
from hypothesis import strategies as st

from videod.core.admission import Candidate, InWork, Occupancy, choose, turns
from videod.core.model import Priority


def candidate(task: str, channel: str = "a", *, admitted: bool = False, priority: int = 1, queued: int = 0,
              started: int | None = None, job: int = 1) -> Candidate:  # fmt: skip
    return Candidate(task, f"clip/{job}", job, channel, priority, admitted, queued, started)


def house(limit: int = 20, per_channel: int = 2, **in_work: tuple[int, int]) -> Occupancy:
    return Occupancy(limit, dict.fromkeys("abcdefgh", per_channel), in_work)


def test_nothing_is_chosen_from_nothing() -> None:
    assert choose([], house()) is None


def test_high_overtakes_even_an_older_episode_in_work() -> None:
    old = candidate("old", admitted=True, started=1)
    high = candidate("high", priority=Priority.HIGH, queued=99)
    chosen = choose([old, high], house())
    assert chosen is high


def test_an_episode_in_work_comes_before_a_new_one_the_oldest_first() -> None:
    new, young, old = (
        candidate("new", queued=1),
        candidate("young", admitted=True, started=9),
        candidate("old", admitted=True, started=5),
    )
    assert choose([new, young, old], house()) is old


def test_channels_take_turns_when_episodes_are_admitted() -> None:
    flood = candidate("flood", "a", queued=1)
    small = candidate("small", "b", queued=50)
    assert choose([flood, small], house(a=(1, 100), b=(0, 0))) is small
    assert choose([flood, small], house(a=(1, 100), b=(1, 200))) is flood


def test_a_channel_never_has_more_in_work_than_it_may() -> None:
    full = candidate("more", "a")
    assert choose([full], house(per_channel=2, a=(2, 5))) is None
    assert choose([full], house(per_channel=3, a=(2, 5))) is full


def test_the_house_never_has_more_in_work_than_it_may() -> None:
    assert choose([candidate("more", "a")], house(limit=2, b=(2, 5))) is None


def test_a_full_house_still_finishes_what_it_began() -> None:
    begun = candidate("begun", "a", admitted=True, started=3)
    assert choose([begun], house(limit=1, a=(1, 3))) is begun


def test_a_channel_s_second_episode_waits_for_every_other_channel_s_first() -> None:
    rows = [InWork("flood-1", "a", 1, 1), InWork("flood-2", "a", 1, 2), InWork("small", "b", 1, 60)]
    order = turns(rows, {})
    assert sorted(order, key=order.__getitem__) == ["flood-1", "small", "flood-2"]
    second, small = (
        candidate("flood-2", "a", admitted=True, started=2),
        candidate("small", "b", admitted=True, started=60),
    )
    assert choose([second, small], Occupancy(20, {}, {}, order)) is small
    assert choose([second], Occupancy(20, {}, {}, order)) is second, "a slot that no other can use is used"


def test_after_a_film_it_is_the_turn_of_the_other_channels() -> None:
    rows = [InWork("flood-2", "a", 1, 2), InWork("small", "b", 1, 60)]
    assert turns(rows, {})["flood-2"] < turns(rows, {})["small"]
    order = turns(rows, {"a": 700})
    assert order["small"] < order["flood-2"] == (0, 700)


def test_a_high_episode_is_the_foremost_of_its_channel() -> None:
    rows = [InWork("normal", "a", 1, 1), InWork("high", "a", 0, 90)]
    assert turns(rows, {}) == {"high": (0, 90), "normal": (1, 1)}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(0, 2), st.integers(0, 9)), max_size=30))
def test_the_choice_is_always_among_the_most_urgent(rows: list[tuple[str, bool, int, int]]) -> None:
    candidates = [
        candidate(f"t{at}", channel, admitted=admitted, priority=priority, queued=queued, job=at,
                  started=queued if admitted else None)
        for at, (channel, admitted, priority, queued) in enumerate(rows)
    ]  # fmt: skip
    chosen = choose(candidates, house(limit=1000, per_channel=1000))
    assert (chosen is None) == (not candidates)
    if chosen is not None:
        assert chosen.priority == min(one.priority for one in candidates)
