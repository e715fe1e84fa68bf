"""Which films are the same, or nearly: the threshold stands between measured examples.

`python -m tests.core.test_likeness` prints the shares.
"""

import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.core.book import Book, small_plan
from tests.harness.world import policy
from videod.core.events import EntryEdited, EntryQueued
from videod.core.failures import Kind
from videod.core.likeness import ALIKE, ALIKE_BY_TITLE, Film, content, share, twin_of_plan
from videod.core.model import Priority
from videod.core.ops import Alert, Snapshot
from videod.core.plan import Plan
from videod.core.statuses import JobState, Status

CASES = Path(__file__).parent.parent / "cases" / "likeness.txt"


def examples() -> dict[str, str]:
    parts = re.split(r"^\[(.+)\]$", CASES.read_text(), flags=re.MULTILINE)[1:]
    return {name: told.strip() for name, told in zip(parts[::2], parts[1::2], strict=True)}


def reworded(text: str, every: int, seed: int = 1) -> str:
    """The text with one word in `every` replaced by another one that it does not have."""
    words = text.split(" ")
    chosen = set(random.Random(seed).sample(range(len(words)), len(words) // every))
    return " ".join(f"other{at}" if at in chosen else word for at, word in enumerate(words))


def shares() -> list[tuple[str, float, bool]]:
    """(what, share, whether it is the same film) of every example."""
    told = examples()
    wolf = told["wolf"]
    lines = wolf.splitlines()
    mixed = lines.copy()
    random.Random(2).shuffle(mixed)
    found = [
        ("the very same", share(wolf, wolf), True),
        ("its clips in another order", share(wolf, "\n".join(mixed)), True),
        ("other capitals and signs", share(wolf, wolf.upper().replace(".", " !")), True),
        ("another animal's name", share(wolf, wolf.replace("wolf", "fox").replace("moose", "elk")), True),
        ("one clip left out", share(wolf, "\n".join(lines[1:])), True),
        ("three clips of another film", share(wolf, "\n".join(lines[3:] + told["otter"].splitlines()[:3])), True),
        ("one word in ten replaced", share(wolf, reworded(wolf, 10)), True),
        ("one word in seven replaced", share(wolf, reworded(wolf, 7)), True),
        ("one word in three replaced", share(wolf, reworded(wolf, 3)), False),
        (
            "half of the clips of another film",
            share(wolf, "\n".join(lines[9:] + told["otter"].splitlines()[:9])),
            False,
        ),
    ]
    names = list(told)
    found += [(f"{one} and {two}", share(told[one], told[two]), False) for one, two in pairwise([*names, names[0]])]
    return found


def test_the_threshold_stands_between_the_examples() -> None:
    same = [found for _, found, alike in shares() if alike]
    others = [found for _, found, alike in shares() if not alike]
    assert min(same) >= ALIKE + 0.03
    assert max(others) <= ALIKE - 0.1
    assert share(examples()["wolf"], examples()["wolf, another film"]) < ALIKE_BY_TITLE - 0.1


def test_signs_without_spaces_are_compared_one_by_one() -> None:
    one = "雪覆盖了山谷四十天没有间断一只灰狼独自行走"
    assert share(one, one.replace("灰", "白")) > ALIKE
    assert share(one, "母水獭把幼崽裹在海藻里她必须现在潜水否则会冻死") < ALIKE_BY_TITLE


def test_a_few_words_prove_nothing() -> None:
    assert share("A bear crosses.", "A bear crosses a river.") == 0
    assert share("A bear crosses.", "a BEAR crosses") == 1


def _plan(narrations: str, title: str = "Wolf") -> Plan:
    plan = small_plan()
    lines = narrations.splitlines()
    clips = (
        replace(plan.clips[0], narration=" ".join(lines[:9])),
        replace(plan.clips[1], narration=" ".join(lines[9:])),
    )
    return replace(plan, title=title, clips=clips)


def test_the_same_title_makes_less_suffice() -> None:
    told = examples()["wolf"]
    film = Film("old", "wild", "The Wolf", reworded(told, 4))
    assert ALIKE_BY_TITLE <= share(told, film.told) < ALIKE
    assert twin_of_plan("Another", _plan(told), (), [film]) is None
    found = twin_of_plan("the wolf!", _plan(told), (), [film])
    assert found is not None and 'nearly that of "The Wolf" (wild, old)' in found.words
    assert twin_of_plan("the wolf!", _plan(told), (), [film], most=0) is None


def test_a_plan_is_the_same_whatever_its_title_says() -> None:
    plan = small_plan()
    assert content(plan) == content(replace(plan, title="Other", description="Other", tags=("x",)))
    assert content(plan) != content(replace(plan, clips=plan.clips[:1]))


# ------------------------------------------------------------------------------------------- what follows


class Paper(Book):
    """A book whose snapshots know of another film."""

    same_films: tuple[Film, ...] = ()
    last_films: tuple[Film, ...] = ()

    def snapshot(self, event: object = None) -> Snapshot:
        step = str(getattr(event, "job", "")).partition("/")[0]
        seen = super().snapshot(event)  # type: ignore[arg-type]
        return replace(seen, same=self.same_films, last=self.last_films) if step in ("plan", "upload") else seen


TWIN = Film("old-1", "deep", "The Old Film", what="plan")


@pytest.fixture
def paper() -> Paper:
    made = Paper(policy=replace(policy(), alike=ALIKE))
    made.queue()
    return made


def test_a_repeated_plan_stops_before_an_image_is_bought_and_a_person_may_allow_it(paper: Paper) -> None:
    paper.same_films = (TWIN,)
    paper.start("plan/plan")
    decision = paper.succeed("plan/plan")
    assert paper.one.status is Status.ERROR_PLANNING
    assert paper.ready() == []
    (alert,) = [op for op in decision.ops if isinstance(op, Alert)]
    assert 'the same as that of "The Old Film" (deep, old-1)' in alert.text
    assert "set Queued to make this film anyway" in alert.text
    attempts = paper.attempts
    paper.queue()
    assert paper.jobs["plan/plan"].state is JobState.DONE
    assert any(name.startswith("image/") for name in paper.ready()) and "plan/plan" not in paper.ready()
    assert paper.attempts == attempts, "the plan is not paid again"
    paper.run()
    assert paper.one.status is Status.PUBLISHED, "what a person allowed is not asked again at the upload"


def test_another_direction_asks_for_another_plan(paper: Paper) -> None:
    paper.same_films = (TWIN,)
    paper.do("plan/plan")
    task = paper.one
    paper.apply(EntryEdited(paper.now(), task.id, Priority.NORMAL, None, task.title, task.topic, "else", "wild"))
    paper.apply(EntryQueued(paper.now(), "page", "wild", task.title, task.topic, "else", Priority.NORMAL, None))
    assert paper.ready() == ["plan/plan"]
    paper.same_films = ()
    paper.run()
    assert paper.one.status is Status.PUBLISHED


def test_a_film_that_was_uploaded_meanwhile_is_not_uploaded_again(paper: Paper) -> None:
    paper.run(until="upload/film")
    paper.same_films = (replace(TWIN, what="film"),)
    paper.start("upload/film")
    upload = paper.jobs["upload/film"]
    assert (paper.one.status, upload.state) == (Status.ERROR_UPLOAD, JobState.FAILED)
    assert upload.failure is not None and upload.failure.kind is Kind.INPUT
    assert "The film is the same" in upload.failure.message
    paper.queue()
    paper.run()
    assert paper.one.status is Status.PUBLISHED


def test_a_nearly_equal_narration_stops_it_too(paper: Paper) -> None:
    plan = _plan(examples()["wolf"])
    paper.last_films = (Film("old", "wild", "Alone", reworded(examples()["wolf"], 10)),)
    paper.start("plan/plan")
    paper.succeed("plan/plan", plan)
    failure = paper.jobs["plan/plan"].failure
    assert failure is not None and 'nearly that of "Alone"' in failure.message and "% of the words" in failure.message


def test_where_films_are_not_compared_nothing_stops() -> None:
    made = Paper(policy=policy())
    made.queue()
    made.run()
    assert made.one.status is Status.PUBLISHED


if __name__ == "__main__":
    for what, found, alike in sorted(shares(), key=lambda row: -row[1]):
        print(f"{found:.2f} {'same ' if alike else 'other'} {what}")
