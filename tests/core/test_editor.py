"""The editor notices what was planted in good plans, and leaves good plans alone.

The plans are in tests/cases/editor: seven topics in English, two in German, one in Japanese. `faults.txt` was written
with the rules, `faults_fresh.txt` after them.
"""

import dataclasses
import json
import statistics
from pathlib import Path

import pytest

from tests.core import plans
from tests.core.edited import NAMES, faults, planted, read, said
from videod.core.craft import Telling, complaints
from videod.core.editor.numbers import numbers
from videod.core.editor.remarks import Remark, remarks
from videod.core.editor.words import guess, length, opening, start
from videod.core.plan import integrity, parse
from videod.core.plan import read as read_plan

STORIES = Path(__file__).parent.parent / "cases" / "stories"


@pytest.mark.parametrize("name", NAMES)
def test_a_good_plan_is_not_refused_and_warned_of_once_at_most(name: str) -> None:
    found = remarks(*read(name))
    assert not [one for one in found if one.refused]
    assert len(found) <= 1, found


def _noticed(name: str) -> list[bool]:
    """Whether each planted fault brings a remark of its rule that the good plan has not."""
    noticed = []
    for fault in faults(name):
        before = {(one.clip, one.rule) for one in remarks(*read(fault.plan))}
        noticed.append(
            any(one.rule == fault.rule and (one.clip, one.rule) not in before for one in remarks(*planted(fault)))
        )
    return noticed


@pytest.mark.parametrize(("name", "count", "least"), [("faults", 50, 47), ("faults_fresh", 40, 36)])
def test_planted_faults_are_noticed(name: str, count: int, least: int) -> None:
    noticed = _noticed(name)
    assert len(noticed) == count
    assert sum(noticed) >= least


def test_faults_of_every_kind_are_planted() -> None:
    assert {fault.rule for fault in faults()} == {
        "stakes", "rhythm", "caption", "repeated word", "opening", "stock phrase", "neighbors", "light", "weather",
        "place", "character", "turn", "set-up", "fact",
    }  # fmt: skip


def test_a_line_is_named_with_its_remark() -> None:
    plan, spoken = read("octopus")
    (found,) = remarks(said(plan, {7: "In the deep, this is the circle of life."}), spoken)
    assert found == Remark(
        "clips[6].narration", "stock phrase",
        '"circle of life" has been said in too many films. Say what happens here and nowhere else', 7,
    )  # fmt: skip


def test_a_number_that_no_fact_holds_is_refused_and_one_of_another_fact_is_warned_of() -> None:
    plan, spoken = read("octopus")
    (lost,) = remarks(said(plan, {8: "After sixty-one months the machine finds nobody."}), spoken)
    assert lost.refused and '"sixty-one"' in lost.message
    (elsewhere,) = remarks(said(plan, {3: "What she breathes out has three degrees."}), spoken)
    assert not elsewhere.refused and "the line does not name" in elsewhere.message
    assert [
        one.rule for one in complaints(said(plan, {8: "After sixty-one months, nobody."}), 9, 9, Telling(spoken))
    ].count("fact") == 1


def test_without_a_story_a_number_is_only_warned_of() -> None:
    found = [one for one in remarks(parse(plans.good_plan())) if one.rule == "fact"]
    assert [one.clip for one in found] == [4, 8, 9]
    assert not any(one.refused for one in found)


def test_eighteen_lines_of_one_length_are_a_metronome() -> None:
    found = remarks(parse(plans.good_plan()))
    assert "nearly every line is about 10 words long" in next(one.message for one in found if one.rule == "rhythm")


def test_a_small_count_is_held_by_the_picture_that_shows_it() -> None:
    plan, spoken = read("sandgrouse")
    assert not remarks(said(plan, {9: "Three of them drink. It is tomorrow, and they are alive."}), spoken)
    (many,) = remarks(said(plan, {9: "Seven of them drink. It is tomorrow, and they are alive."}), spoken)
    assert many.refused


@pytest.mark.parametrize(
    ("text", "base", "values"),
    [
        ("Forty-five of two hundred and ten reach 1,500 meters in 2.5 hours.", "en", [1500, 2.5, 45, 210]),
        ("One night two bears meet.", "en", []),
        ("Two hours without air, and half of the brood is gone.", "en", [50, 2]),
        ("For half his life it beats, and all at once it stops.", "en", []),
        ("Nine in ten eggs are lost.", "en", [9, 10]),
        ("Zweiundzwanzig Tage und dreihundertfünfzig Kilometer, 1.500 Meter tief.", "de", [1500, 22, 350]),
        ("Ein Fisch geht an Land.", "de", []),
        ("Gib acht.", "de", [8]),
        ("二十五日間、三千メートルを旅する。一羽で、三日月の夜に。", "ja", [25, 3000]),
        ("Trois mille, et 12 %.", "fr", [12]),
    ],
)  # fmt: skip
def test_numbers_are_read_in_digits_and_words(text: str, base: str, values: list[float]) -> None:
    assert [one.value for one in numbers(text, base)] == values


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("The bear waits by the river and does not move.", "en"),
        ("Der Bär wartet am Fluss und rührt sich nicht.", "de"),
        ("熊は川のそばで待っている。", "ja"),
        ("L'ours attend près de la rivière.", ""),
        ("12 3", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_language_is_guessed_from_small_words(text: str, base: str) -> None:
    assert guess(text) == base


def test_marks_on_letters_part_no_word() -> None:
    assert opening("बूढ़ा भालू वहाँ") == "बूढ़ा"
    assert opening("“Who’s there?”") == "who’s"
    assert start("Nothing moves: not yet, she thinks.", 3) == "Nothing moves: not"


def test_a_plan_in_any_language_and_of_any_text_is_read() -> None:
    plan, _ = read("otter")
    for text in ("", " ", "...", "。。。", "बूढ़ा भालू", "a" * 10_000, "all " * 2_500, "1," * 5_000, "三" * 10_000):
        remarks(dataclasses.replace(said(plan, dict.fromkeys(range(1, 10), text)), title=text))


def test_a_story_names_only_what_it_has() -> None:
    plan, _ = read("octopus")
    assert plan.story is not None and not [one for one in integrity(plan) if one.rule == "story"]
    story = dataclasses.replace(plan.story, shots=plan.story.shots[1:], sources=(), turn=12)
    shot = dataclasses.replace(story.shots[0], facts=("f99",))
    story = dataclasses.replace(story, shots=(shot, *story.shots[1:]))
    found = [one.where for one in integrity(dataclasses.replace(plan, story=story)) if one.rule == "story"]
    assert found == [
        "story.shots",
        *(f"story.facts[{at}].source" for at in range(6)),
        "story.shots[0].facts",
        "story.turn",
    ]


def test_a_story_is_read_from_json_and_may_be_missing() -> None:
    plan, _ = read("octopus")
    assert plan.story is not None
    data = plans.good_plan()
    assert parse(data).story is None
    data["story"] = json.loads(json.dumps(dataclasses.asdict(plan.story)))
    found, wrong = read_plan(data)
    assert not wrong and found is not None and found.story == plan.story
    data["story"] = {"sources": 3, "facts": [{"id": 1}], "turn": True, "more": 1}
    assert {one.where for one in read_plan(data)[1]} == {
        "story.shots", "story.sources", "story.facts[0].id", "story.facts[0].says", "story.facts[0].source",
        "story.turn", "story.more",
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(STORIES.glob("*.json")), ids=lambda path: path.stem)
def test_the_lines_that_judges_preferred_vary_more_in_length(path: Path) -> None:
    """What the judges found tiring in the other texts is what the editor measures."""
    told = json.loads(path.read_text())
    staged, single = ([length(line) for line in told[way]] for way in ("staged", "single"))
    assert len(staged) == len(single) == 18
    assert statistics.pstdev(staged) / statistics.mean(staged) > statistics.pstdev(single) / statistics.mean(single)
