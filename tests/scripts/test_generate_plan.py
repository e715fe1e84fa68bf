import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts import generate_plan
from scripts.lib import plan_papers, wrapping
from tests.harness.patience import happened, said, until
from tests.scripts.conftest import Ran, Run
from tests.scripts.planned import (
    ANSWERS,
    BAD,
    CHECKER,
    LIGHT_PATH,
    PLAN,
    STAGES,
    STRONG,
    STRONG_PATH,
    answered,
    asked_for,
    model,
    stage_of,
)
from tests.scripts.wire import Asked, Say, Wire, say

PATHS = (STRONG_PATH, LIGHT_PATH)


def wish(folder: Path, *more: object) -> list[object]:
    checker = folder / "checker.py"
    checker.write_text(CHECKER)
    return [
        "--title", "The Edge", "--topic", "brown bears", "--direction", "an old bear\nfinds a place", "--clips", 1,
        "--images", 1, "--channel-name", "Wild Minutes", "--brand", "solemn\nslow", "--facts", "none",
        "--output", folder / "plan/plan.json", "--checker", f"{sys.executable} {checker}", *more,
    ]  # fmt: skip


def lay(wire: Wire, **first: Sequence[Say]) -> None:
    """Both models answer every stage well, after what is said `first` for some of them."""
    give = model(**first)
    for path in PATHS:
        wire.on("POST", path, give)


def checks(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "checks.jsonl").read_text().splitlines()]


def test_a_good_plan_is_kept_with_six_papers_and_its_story(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    ran = run(generate_plan.main, *wish(tmp_path))
    assert ran.code == 0 and json.loads((tmp_path / "plan/plan.json").read_text()) == PLAN
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == [
        "01_research.md", "02_story_script.md", "03_assets.md", "04_video_prompts.md", "05_audio_generation.md",
        "06_sound_effects_prompts.md", "plan.json", "plan.json.job.json", "story.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "plan/story.json").read_text()) == {**ANSWERS, "seconds": [5.5]}
    charged = ran.of("charged")
    assert [(one["quantity"], one["unit"]) for one in charged] == [(6_500, "token")] * len(STAGES)
    assert json.loads((tmp_path / "plan/plan.json.job.json").read_text())["usd"] == pytest.approx(
        sum(one["usd"] for one in charged)
    )
    assert 0.03 < sum(one["usd"] for one in charged) < 0.25


def test_each_stage_is_asked_for_by_its_model_with_what_it_needs(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    run(generate_plan.main, *wish(tmp_path))
    assert asked_for(wire.asked) == list(STAGES)
    assert tuple(asked_for(wire.asked_for(STRONG_PATH))) == STRONG
    for at, asked in enumerate(wire.asked):
        body = asked.json()
        said = body["contents"][0]["parts"][0]["text"]
        for line in ("Title: The Edge", "Topic: brown bears", "Story direction: an old bear finds a place", "Clips: 1",
                     "Channel: Wild Minutes", "Brand: solemn slow", "Images: 1"):  # fmt: skip
            assert line in said.splitlines()
        assert [f"## {name.capitalize()}, as they stand" in said for name in STAGES] == [
            before < at for before in range(len(STAGES))
        ]
        config = body["generationConfig"]
        assert config["responseMimeType"] == "application/json"
        assert config["responseJsonSchema"] == {"type": "object", "title": STAGES[at]}
    facts, stories, beats, text, edit, pictures = (
        one.json()["contents"][0]["parts"][0]["text"] for one in wire.asked
    )  # fmt: skip
    assert "One fact a sentence" in facts and "five different stories" in stories and "Beat 1 is the hook" in beats
    assert "A line that describes the picture is a wasted line" in text and "editor" in edit
    assert "One `core` image per character" in pictures


def test_later_stages_see_only_the_story_that_was_chosen(wire: Wire, run: Run, tmp_path: Path) -> None:
    two = {"stories": [{"number": 1, "logline": "A bear leaves."}, {"number": 2, "logline": "A bear waits."}]}
    lay(wire, stories=[answered({**two, "chosen": 2, "why": "cold"})])
    run(generate_plan.main, *wish(tmp_path))
    beats = next(one for one in wire.asked if stage_of(one) == "beats").body.decode()
    assert "A bear waits." in beats and "A bear leaves." not in beats
    assert json.loads((tmp_path / "plan/story.json").read_text())["stories"]["stories"] == two["stories"]


def test_complaints_go_back_to_the_model_with_rule_and_place(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, text=[BAD])
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    first, second = (one.json()["contents"] for one in wire.asked if stage_of(one) == "text")
    assert [turn["role"] for turn in second] == ["user", "model", "user"] and first == second[:1]
    assert "lines[0].text breaks duration: it takes 11 s" in second[2]["parts"][0]["text"]


@pytest.mark.parametrize("stage", ["facts", "stories", "beats", "text", "pictures"])
def test_a_stage_that_stays_bad_fails_with_every_complaint(wire: Wire, run: Run, tmp_path: Path, stage: str) -> None:
    lay(wire, **{stage: [BAD] * 9})
    ran = run(generate_plan.main, *wish(tmp_path, "--rounds", 2))
    assert (ran.code, ran.failure["kind"], asked_for(wire.asked).count(stage)) == (65, "input", 3)
    assert f"the {stage} still break 1 rules after 2 repairs" in ran.failure["message"]
    assert "lines[0].text breaks duration: it takes 11 s" in ran.failure["message"]
    assert not (tmp_path / "plan/plan.json").exists()


def test_an_edit_that_stays_bad_leaves_the_text_as_it_was(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, edit=[BAD] * 9)
    ran = run(generate_plan.main, *wish(tmp_path, "--rounds", 1))
    assert ran.code == 0 and "the edit still breaks 1 rules. The text stays as it was" in ran.stderr
    kept = json.loads((tmp_path / "plan/story.json").read_text())
    assert kept["edit"] == {"lines": ANSWERS["text"]["lines"], "changes": []}


BROKEN = [
    answered('{"title": "cut', "MAX_TOKENS"), answered("no json"), answered("[]"), answered("Ich kann das nicht."), BAD,
]  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_an_answer_that_is_no_whole_object_costs_one_repair_round(
    wire: Wire, run: Run, tmp_path: Path, stage: str
) -> None:
    lay(wire, **{stage: BROKEN})
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", len(BROKEN))).code == 0
    assert len(wire.asked) == len(STAGES) + len(BROKEN)


TEXT = json.dumps(ANSWERS["text"])
WRAPPED = (
    f"```json\n{TEXT}\n```", f"```\n{TEXT}```", f"~~~json\n{TEXT}\n~~~", f"\ufeff{TEXT}",
    f"\ufeff```json\n{TEXT}\n```\n",
    f"Here is {{the plan}} you asked for:\n\n{TEXT}\n\nTell me if it is {{good}}.",
    f"‘‘‘json\n{TEXT}\n’’’", f"“{TEXT}”",
    f"\u200b{TEXT}\u200b", json.dumps({"plan": ANSWERS["text"]}), json.dumps(TEXT), f'{{"note": 1}}\n{TEXT}',
    f"JSON: {TEXT},", f"```json\n{TEXT}",
)  # fmt: skip


@pytest.mark.fault("4.6")
@pytest.mark.parametrize("text", WRAPPED, ids=range(len(WRAPPED)))
def test_a_good_answer_is_taken_out_of_its_wrapping(wire: Wire, run: Run, tmp_path: Path, text: str) -> None:
    lay(wire, text=[answered(text)])
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, len(wire.asked)) == (0, len(STAGES))
    assert json.loads((tmp_path / "plan/story.json").read_text()) == {**ANSWERS, "seconds": [5.5]}


@pytest.mark.fault("4.6")
@pytest.mark.parametrize(
    "answer",
    [answered(text) for text in ("", " \n", "\ufeff", "```json\n```", "```\n\n```", "{}", "null")]
    + [answered("", "MAX_TOKENS"), answered("", "OTHER"), say({"candidates": [{"finishReason": "STOP"}]}), say({})],
)
def test_an_empty_answer_is_nonsense_of_the_service_and_costs_one_call(
    wire: Wire, run: Run, tmp_path: Path, answer: Say
) -> None:
    lay(wire, facts=[answer])
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["service"], len(wire.asked)) == (76, "nonsense", "gemini", 1)
    assert "the model gave an empty answer" in ran.failure["message"] and "topic" not in ran.stderr
    # what was paid is reported; the next run asks again
    assert len(ran.of("charged")) == 1
    assert run(generate_plan.main, *wish(tmp_path)).code == 0 and len(wire.asked) == 1 + len(STAGES)


def test_a_text_of_nothing_but_braces_is_no_plan() -> None:
    for text in ("{" * 100_000, "[" * 100_000, "{" * 500 + "}" * 500, '{"a": {"b": 1e999}', "no {object}", "[]", "5"):
        with pytest.raises(ValueError, match="the answer is"):
            wrapping.unwrapped(text)


def test_a_cut_answer_is_not_repeated_to_the_model(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, facts=[answered('{"title": "cut', "MAX_TOKENS")])
    run(generate_plan.main, *wish(tmp_path))
    assert [turn["role"] for turn in wire.asked[1].json()["contents"]] == ["user", "user"]


def test_a_refused_topic_is_a_refusal(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, facts=[say({"promptFeedback": {"blockReason": "SAFETY"}})])
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (65, "refused")


def test_prompts_are_shown_without_asking_anybody(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    assert generate_plan.main([str(word) for word in wish(tmp_path, "--show-prompts")]) == 0
    shown = capsys.readouterr().out
    assert wire.asked == [] and not (tmp_path / "plan").exists()
    heads = [line for line in shown.splitlines() if line.startswith("====")]
    assert [head.split()[1] for head in heads] == list(STAGES)
    assert shown.count("Topic: brown bears") == len(STAGES)


def test_a_plan_is_written_again_from_a_stage(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    del wire.asked[:]
    lay(wire, text=[answered({**ANSWERS["text"], "title": "Another"})])
    ran = run(generate_plan.main, *wish(tmp_path, "--from", "beats"))
    assert ran.code == 0 and asked_for(wire.asked) == ["beats", "text", "edit", "pictures"]
    kept = json.loads((tmp_path / "plan/story.json").read_text())
    assert kept["facts"] == ANSWERS["facts"] and kept["text"]["title"] == "Another"
    # run again, the same order is done
    assert run(generate_plan.main, *wish(tmp_path, "--from", "beats")).of("charged") == []


def test_what_a_plan_cannot_be_written_again_from_is_said(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    unknown = run(generate_plan.main, *wish(tmp_path, "--from", "beat"))
    assert (unknown.code, "--from is one of facts, stories" in unknown.failure["message"]) == (64, True)
    nothing = run(generate_plan.main, *wish(tmp_path, "--from", "beats"))
    assert (nothing.code, nothing.failure["kind"]) == (65, "input") and "story.json" in nothing.failure["message"]
    (tmp_path / "plan").mkdir(exist_ok=True)
    (tmp_path / "plan/story.json").write_text('{"facts": {}}')
    partly = run(generate_plan.main, *wish(tmp_path, "--from", "beats"))
    assert "has no stories" in partly.failure["message"] and wire.asked == []


TWO = {**ANSWERS["stories"], "stories": [{"number": number, "logline": f"Story {number}."} for number in (1, 2)]}
FROM_BEATS = STAGES[2:]


def another(folder: Path, number: object = 2) -> list[object]:
    """The order of a plan that tells another story: a take of its own beside the first."""
    return [*wish(folder, "--story", number), "--output", folder / "plan/plan_r1.json"]


def test_another_story_is_written_without_asking_for_facts_and_stories_again(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    lay(wire, stories=[answered(TWO)])
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    del wire.asked[:]
    ran = run(generate_plan.main, *another(tmp_path))
    assert ran.code == 0 and asked_for(wire.asked) == list(FROM_BEATS)
    assert "Story 2." in wire.asked[0].body.decode() and "Story 1." not in wire.asked[0].body.decode()
    kept = json.loads((tmp_path / "plan/story.json").read_text())
    assert kept["stories"] == {**TWO, "chosen": 2, "why": "chosen by the creator"}
    assert run(generate_plan.main, *another(tmp_path)).of("charged") == [], "the same order is done"


@pytest.mark.parametrize("stage", FROM_BEATS[1:])
def test_a_kill_on_the_way_to_another_story_asks_nothing_twice(
    wire: Wire, run: Run, tmp_path: Path, stage: str
) -> None:
    lay(wire, stories=[answered(TWO)])
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    del wire.asked[:]
    lay(wire, **{stage: [DOWN]})
    assert run(generate_plan.main, *another(tmp_path)).failure["kind"] == "down"
    assert run(generate_plan.main, *another(tmp_path)).code == 0
    at = FROM_BEATS.index(stage)
    assert asked_for(wire.asked) == [*FROM_BEATS[:at], stage, *FROM_BEATS[at:]]


def test_a_story_that_there_is_not_cannot_be_chosen(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, stories=[answered(TWO)])
    assert run(generate_plan.main, *another(tmp_path)).failure["kind"] == "input"
    run(generate_plan.main, *wish(tmp_path))
    del wire.asked[:]
    for number in (0, 3):
        ran = run(generate_plan.main, *another(tmp_path, number))
        assert ran.code == 64 and "--story lies between 1 and 2" in ran.failure["message"]
    assert run(generate_plan.main, *another(tmp_path), "--from", "text").code == 64 and wire.asked == []


def test_what_the_program_finds_in_the_text_goes_to_its_editor(wire: Wire, run: Run, tmp_path: Path) -> None:
    stale = {"where": "lines[0].text", "rule": "stock phrase", "message": '"circle of life" has been said before'}
    left = {"where": "lines", "rule": "no source", "message": "clip 1 claims something"}
    lay(wire, text=[answered({**ANSWERS["text"], "found": [stale]})],
        edit=[DOWN, answered({**ANSWERS["edit"], "found": [left]})])  # fmt: skip
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "down"
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    questions = [one.body for one in wire.asked if asked_for([one]) == ["edit"]]
    assert len(questions) == 2 and questions[0] == questions[1], "a kill changes no question"
    assert b"What a program found in the text" in questions[0] and b"circle of life" in questions[0]
    others = [one.body for one in wire.asked if asked_for([one]) != ["edit"]]
    assert len(others) == len(STAGES) - 1 and not any(b"What a program found" in one for one in others)
    # the review sees what is left, not what the edit was for
    assert json.loads((tmp_path / "plan/story.json").read_text())["warnings"] == [left]


# ------------------------------------------------------------------------------------------- paying once

DOWN = say({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}, 503)


def left(folder: Path) -> set[str]:
    """What lies beside a plan, the papers left out."""
    return {path.name for path in (folder / "plan").iterdir() if not path.name.startswith("0")}


def turns(wire: Wire) -> list[int]:
    """How many turns each question had."""
    return [len(asked.json()["contents"]) for asked in wire.asked]


def references(ran: Ran) -> list[object]:
    return [event["remote_id"] for event in ran.of("charged")]


def test_a_plan_whose_answer_was_lost_is_in_doubt_until_told_to_buy_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, stories=[Say(cut=True)])
    first, second = run(generate_plan.main, *wish(tmp_path)), run(generate_plan.main, *wish(tmp_path))
    assert [(ran.code, ran.failure["kind"]) for ran in (first, second)] == [(75, "in_doubt")] * 2
    assert asked_for(wire.asked) == ["facts", "stories"]
    assert run(generate_plan.main, *wish(tmp_path, "--buy-again")).code == 0
    # what was answered is not asked for again
    assert asked_for(wire.asked) == ["facts", "stories", *STAGES[1:]]


def test_a_service_that_is_down_leaves_no_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, facts=[DOWN])
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "down"
    assert left(tmp_path) == set()
    assert run(generate_plan.main, *wish(tmp_path)).code == 0


def test_a_finished_plan_is_not_asked_for_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire)
    first, second = run(generate_plan.main, *wish(tmp_path)), run(generate_plan.main, *wish(tmp_path))
    assert (second.result, second.of("charged"), len(wire.asked)) == (first.result, [], len(STAGES))
    assert left(tmp_path) == {"plan.json", "plan.json.job.json", "story.json"}


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_run_that_ended_between_two_calls_continues_from_the_answers_that_are_paid_for(
    wire: Wire, run: Run, tmp_path: Path, stage: str
) -> None:
    lay(wire, **{stage: [BAD, DOWN]})
    broken = run(generate_plan.main, *wish(tmp_path))
    assert (broken.failure["kind"], left(tmp_path)) == ("down", {"plan.answers.json"})
    ran = run(generate_plan.main, *wish(tmp_path))
    before = STAGES.index(stage)
    assert ran.code == 0
    assert asked_for(wire.asked) == [*STAGES[:before], stage, stage, stage, *STAGES[before + 1 :]]
    assert wire.asked[before + 1].json() == wire.asked[before + 2].json()
    # the charge of the last kept answer is reported under the same reference: whoever heard it before drops it
    assert references(broken)[-1] == references(ran)[0]
    paid = {event["remote_id"]: event["usd"] for event in [*broken.of("charged"), *ran.of("charged")]}
    assert len(paid) == len(STAGES) + 1
    assert left(tmp_path) == {"plan.json", "plan.json.job.json", "story.json"}
    usd = json.loads((tmp_path / "plan/plan.json.job.json").read_text())["usd"]
    assert usd == pytest.approx(sum(paid.values()))


def test_an_answer_that_was_kept_settles_the_intent_that_a_kill_left_behind(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    lay(wire, beats=[DOWN])
    run(generate_plan.main, *wish(tmp_path))
    # the digest is that of the brief, learned from a run elsewhere
    run(generate_plan.main, *wish(tmp_path, "--output", tmp_path / "other/plan.json"))
    digest = json.loads((tmp_path / "other/plan.json.job.json").read_text())["digest"]
    receipt = {"version": 1, "service": "gemini", "state": "intent", "remote_id": None, "usd": None, "digest": digest,
               "at": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    path = tmp_path / "plan/plan.json.job.json"
    # that of the second answer, which is there; then one that left after it, however near in time
    path.write_text(json.dumps(receipt | {"after": 2}))
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "in_doubt"
    path.write_text(json.dumps(receipt | {"after": 1}))
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    assert asked_for(wire.asked)[-4:] == list(STAGES[2:])


def test_another_brief_is_another_question(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, facts=[BAD, DOWN])
    run(generate_plan.main, *wish(tmp_path))
    assert run(generate_plan.main, *wish(tmp_path, "--topic", "grey wolves")).code == 0
    assert turns(wire) == [1, 3, *[1] * len(STAGES)]


def test_answers_that_led_nowhere_are_not_kept_for_the_next_try(wire: Wire, run: Run, tmp_path: Path) -> None:
    lay(wire, facts=[BAD, BAD])
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", 1)).failure["kind"] == "input"
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", 1)).code == 0
    assert turns(wire) == [1, 3, *[1] * len(STAGES)]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"digest": "x"}]'])
def test_answers_that_cannot_be_read_are_asked_for_again(wire: Wire, run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan/plan.answers.json").write_text(text)
    lay(wire)
    assert run(generate_plan.main, *wish(tmp_path)).code == 0


def held(answer: Say, go: threading.Event) -> Callable[[Asked], Say]:
    """The answer, but not before `go`."""

    def give(_: Asked) -> Say:
        happened(go)
        return answer

    return give


@contextmanager
def started(words: list[object], wire: Wire) -> Iterator[subprocess.Popen[str]]:
    """A run of its own, whose first question has arrived."""
    command = [sys.executable, "scripts/generate_plan.py", *map(str, words), "--events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, text=True) as child:
        until(lambda: wire.asked)
        yield child


@pytest.mark.live
def test_a_request_to_end_waits_for_the_answer_that_is_being_paid_for(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    lay(wire)
    wire.on("POST", LIGHT_PATH, held(BAD, go), model())
    with started(wish(tmp_path), wire) as child:
        child.terminate()
        go.set()
        out, _ = said(child)
    assert child.returncode == 143 and '"charged"' in out
    assert left(tmp_path) == {"plan.answers.json", "plan.json.job.json"}
    assert json.loads((tmp_path / "plan/plan.json.job.json").read_text())["state"] == "received"
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    assert turns(wire) == [1, 3, *[1] * (len(STAGES) - 1)]


@pytest.mark.live
def test_a_plan_killed_on_its_way_is_in_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    lay(wire)
    wire.on("POST", LIGHT_PATH, held(answered(ANSWERS["facts"]), go))
    with started(wish(tmp_path), wire) as child:
        child.kill()
        said(child)
    go.set()
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "in_doubt"
    assert len(wire.asked) == 1


# ------------------------------------------------------------------------------------------- the checker, the papers


@pytest.mark.parametrize("checker", ["/nowhere/checker", f"{sys.executable} -c raise(SystemExit(3))"])
def test_a_checker_that_does_not_work_is_a_matter_of_configuration(
    wire: Wire, run: Run, tmp_path: Path, checker: str
) -> None:
    ran = run(generate_plan.main, *wish(tmp_path, "--checker", checker))
    assert (ran.code, ran.failure["kind"], wire.asked) == (78, "configuration", [])


def test_the_papers_map_clips_to_images_and_keep_bars_inside_their_cells() -> None:
    made = plan_papers.papers(json.loads(json.dumps(PLAN)), [5.0])
    assert "| 1 | full | bear_core | 1 |" in made["03_assets.md"]
    assert "| bear_core | protagonist character | bear, Ursus arctos | yes | 1 |" in made["03_assets.md"]
    assert "| 1 | The old bear waits. | 5.0 |" in made["05_audio_generation.md"]
    spiked = {**PLAN, "clips": [{**PLAN["clips"][0], "motion": "one | two\nthree"}]}
    assert "| 1 | bear_core | one \\| two three | blur |" in plan_papers.papers(spiked)["04_video_prompts.md"]


@pytest.mark.fault("3.7")
@pytest.mark.parametrize("code", ["de", "zh-Hans", "en"])
def test_the_language_reaches_the_planner_and_the_checker(wire: Wire, run: Run, tmp_path: Path, code: str) -> None:
    lay(wire)
    ran = run(generate_plan.main, *wish(tmp_path, "--language", code))
    assert ran.code == 0, ran.stderr
    for asked in wire.asked:
        assert (f"Language: {code}" in asked.body.decode()) == (code != "en")
    assert {one["language"] for one in checks(tmp_path)} == {code}
    assert "written in that language" in wire.asked_for(STRONG_PATH)[1].body.decode()
    assert "| 1 | The old bear waits. | 5.5 |" in (tmp_path / "plan/05_audio_generation.md").read_text()


def test_a_language_that_is_no_code_is_a_wrong_command_line(wire: Wire, run: Run, tmp_path: Path) -> None:
    assert run(generate_plan.main, *wish(tmp_path, "--language", "German please")).code == 64


def test_a_conflict_is_asked_of_the_creator_before_more_is_bought(wire: Wire, run: Run, tmp_path: Path) -> None:
    why = "brand and topic: the brand shows no people and the topic is a fisherman"
    lay(wire, facts=[answered({**ANSWERS["facts"], "conflicts": [why]})])
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], asked_for(wire.asked)) == (65, "input", ["facts"])
    assert why in ran.failure["message"] and "say in the direction that it is meant so" in ran.stderr
    assert run(generate_plan.main, *wish(tmp_path)).code == 0, "whoever asks again gets another look"
    assert asked_for(wire.asked) == ["facts", *STAGES]
