import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts import generate_plan
from scripts.lib import plan_papers, wrapping
from tests.harness.patience import happened, said, until
from tests.scripts.conftest import Ran, Run
from tests.scripts.wire import Asked, Say, Wire, say

PATH = "/v1beta/models/gemini-3.8-flash:generateContent"
PLAN = {
    "version": 1, "title": "The Edge", "logline": "A bear waits.", "description": "Bears.", "tags": ["bear"],
    "research": ["Salmon climb in autumn."],
    "arc": {"want": "food", "obstacle": "a rival", "escalation": "a fight", "turn": "it leaves", "resolution": "snow"},
    "atmosphere": "cold dawn",
    "images": [
        {"id": "bear_core", "kind": "character", "subject": "bear", "species": "Ursus arctos", "role": "protagonist",
         "core": True, "prompt": "A bear | standing"},
    ],
    "clips": [
        {"number": 1, "beat": "it waits", "picture": {"type": "full", "images": ["bear_core"], "scale": 1.0},
         "motion": "It lifts its head.", "negative": "blur", "narration": "The old bear waits.",
         "sound": "Continuous wind"},
    ],
}  # fmt: skip

CHECKER = """
import json, os, pathlib, sys
seen = pathlib.Path(__file__).with_name("checks.jsonl")
assert "GEMINI_API_KEY" not in os.environ
if sys.argv[1] == "schema":
    print(json.dumps({"type": "object", "title": "plan"}))
else:
    plan = json.loads(pathlib.Path(sys.argv[2]).read_text())
    with seen.open("a") as out:
        out.write(json.dumps(sys.argv[3:]) + "\\n")
    bad = plan["title"] == "bad"
    complaint = {"where": "clips[0].narration", "rule": "narration-length", "message": "it takes 11 s"}
    print(json.dumps({"ok": not bad, "complaints": [complaint] if bad else [], "seconds": [5.5]}))
    sys.exit(65 if bad else 0)
"""


def planned(plan: object, finish: str = "STOP") -> Say:
    text = plan if isinstance(plan, str) else json.dumps(plan)
    usage = {"promptTokenCount": 4000, "candidatesTokenCount": 10_000, "thoughtsTokenCount": 2000}
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    return say({"candidates": [candidate], "usageMetadata": usage})


BAD = planned({**PLAN, "title": "bad"})


def wish(folder: Path, *more: object) -> list[object]:
    checker = folder / "checker.py"
    checker.write_text(CHECKER)
    return [
        "--title", "The Edge", "--topic", "brown bears", "--direction", "an old bear\nfinds a place", "--clips", 1,
        "--images", 1, "--channel-name", "Wild Minutes", "--brand", "solemn\nslow",
        "--output", folder / "plan/plan.json", "--checker", f"{sys.executable} {checker}", *more,
    ]  # fmt: skip


def test_a_good_plan_is_kept_with_six_papers(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, planned(PLAN))
    ran = run(generate_plan.main, *wish(tmp_path))
    assert ran.code == 0 and json.loads((tmp_path / "plan/plan.json").read_text()) == PLAN
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == [
        "01_research.md", "02_story_script.md", "03_assets.md", "04_video_prompts.md", "05_audio_generation.md",
        "06_sound_effects_prompts.md", "plan.json", "plan.json.job.json",
    ]  # fmt: skip
    charged = ran.of("charged")[0]
    assert (charged["quantity"], charged["unit"]) == (16_000, "token") and 0.04 < charged["usd"] < 0.11
    assert json.loads((tmp_path / "checks.jsonl").read_text()) == ["--clips", "1", "--images", "1", "--json"]


def test_the_request_holds_the_brief_line_by_line_the_rules_and_the_schema(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    wire.on("POST", PATH, planned(PLAN))
    run(generate_plan.main, *wish(tmp_path))
    body = wire.asked[0].json()
    lines = body["contents"][0]["parts"][0]["text"].splitlines()
    for line in ("Title: The Edge", "Topic: brown bears", "Story direction: an old bear finds a place", "Clips: 1",
                 "Channel: Wild Minutes", "Brand: solemn slow", "Images: 1"):  # fmt: skip
        assert line in lines
    assert any("No em-dashes, no ellipses" in line for line in lines)
    assert any("words / 2 + 2 x (periods + commas) + 1" in line for line in lines)
    config = body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == {"type": "object", "title": "plan"}


def test_complaints_go_back_to_the_model_with_rule_and_place(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, BAD, planned(PLAN))
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    turns = wire.asked[1].json()["contents"]
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert "clips[0].narration breaks narration-length: it takes 11 s" in turns[2]["parts"][0]["text"]


def test_a_plan_that_stays_bad_fails_with_every_complaint(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, BAD)
    ran = run(generate_plan.main, *wish(tmp_path, "--rounds", 2))
    assert (ran.code, ran.failure["kind"], len(wire.asked)) == (65, "input", 3)
    assert "clips[0].narration breaks narration-length: it takes 11 s" in ran.failure["message"]
    assert not (tmp_path / "plan/plan.json").exists()


@pytest.mark.parametrize("answer", [planned('{"title": "cut', "MAX_TOKENS"), planned("no json"), planned("[]")])
def test_an_answer_that_is_no_whole_object_costs_one_repair_round(
    wire: Wire, run: Run, tmp_path: Path, answer: Say
) -> None:
    wire.on("POST", PATH, answer, planned(PLAN))
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", 1)).code == 0
    assert len(wire.asked) == 2


TEXT = json.dumps(PLAN)
WRAPPED = (
    f"```json\n{TEXT}\n```", f"```\n{TEXT}```", f"~~~json\n{TEXT}\n~~~", f"\ufeff{TEXT}",
    f"\ufeff```json\n{TEXT}\n```\n",
    f"Here is {{the plan}} you asked for:\n\n{TEXT}\n\nTell me if it is {{good}}.",
    f"‘‘‘json\n{TEXT}\n’’’", f"“{TEXT}”",
    f"\u200b{TEXT}\u200b", json.dumps({"plan": PLAN}), json.dumps(TEXT), f'{{"note": 1}}\n{TEXT}', f"JSON: {TEXT},",
    f"```json\n{TEXT}",
)  # fmt: skip


@pytest.mark.fault("4.6")
@pytest.mark.parametrize("text", WRAPPED, ids=range(len(WRAPPED)))
def test_a_good_plan_is_taken_out_of_its_wrapping(wire: Wire, run: Run, tmp_path: Path, text: str) -> None:
    wire.on("POST", PATH, planned(text))
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, len(wire.asked)) == (0, 1)
    assert json.loads((tmp_path / "plan/plan.json").read_text()) == PLAN


@pytest.mark.fault("4.6")
@pytest.mark.parametrize(
    "answer",
    [planned(text) for text in ("", " \n", "\ufeff", "```json\n```", "```\n\n```", "{}", "null")]
    + [planned("", "MAX_TOKENS"), planned("", "OTHER"), say({"candidates": [{"finishReason": "STOP"}]}), say({})],
)
def test_an_empty_answer_is_nonsense_of_the_service_and_costs_one_call(
    wire: Wire, run: Run, tmp_path: Path, answer: Say
) -> None:
    wire.on("POST", PATH, answer, planned(PLAN))
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"], ran.failure["service"], len(wire.asked)) == (76, "nonsense", "gemini", 1)
    assert "the model gave an empty answer" in ran.failure["message"] and "topic" not in ran.stderr
    # what was paid is told; the next run asks anew
    assert len(ran.of("charged")) == 1
    assert run(generate_plan.main, *wish(tmp_path)).code == 0 and len(wire.asked) == 2


def test_a_text_of_nothing_but_braces_is_no_plan() -> None:
    for text in ("{" * 100_000, "[" * 100_000, "{" * 500 + "}" * 500, '{"a": {"b": 1e999}', "no {object}", "[]", "5"):
        with pytest.raises(ValueError, match="the answer is"):
            wrapping.unwrapped(text)


def test_a_cut_answer_is_not_repeated_to_the_model(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, planned('{"title": "cut', "MAX_TOKENS"), planned(PLAN))
    run(generate_plan.main, *wish(tmp_path))
    assert [turn["role"] for turn in wire.asked[1].json()["contents"]] == ["user", "user"]


def test_a_refused_topic_is_a_refusal(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, say({"promptFeedback": {"blockReason": "SAFETY"}}))
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (65, "refused")


# ------------------------------------------------------------------------------------------- paying once

DOWN = say({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}, 503)


def left(folder: Path) -> set[str]:
    """What lies beside a plan, the papers left out."""
    return {path.name for path in (folder / "plan").iterdir() if not path.name.startswith("0")}


def references(ran: Ran) -> list[object]:
    return [event["remote_id"] for event in ran.of("charged")]


def test_a_plan_whose_answer_was_lost_is_in_doubt_until_told_to_buy_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, Say(cut=True), planned(PLAN))
    first, second = run(generate_plan.main, *wish(tmp_path)), run(generate_plan.main, *wish(tmp_path))
    assert [(ran.code, ran.failure["kind"]) for ran in (first, second)] == [(75, "in_doubt")] * 2
    assert len(wire.asked) == 1
    assert run(generate_plan.main, *wish(tmp_path, "--buy-again")).code == 0
    assert len(wire.asked) == 2


def test_a_service_that_is_down_leaves_no_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, DOWN, planned(PLAN))
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "down"
    assert left(tmp_path) == set()
    assert run(generate_plan.main, *wish(tmp_path)).code == 0


def test_a_finished_plan_is_not_asked_for_again(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, planned(PLAN))
    first, second = run(generate_plan.main, *wish(tmp_path)), run(generate_plan.main, *wish(tmp_path))
    assert (second.result, second.of("charged"), len(wire.asked)) == (first.result, [], 1)
    assert left(tmp_path) == {"plan.json", "plan.json.job.json"}


def test_a_run_that_ended_between_two_calls_goes_on_from_the_answer_that_is_paid_for(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    wire.on("POST", PATH, BAD, DOWN, planned(PLAN))
    broken = run(generate_plan.main, *wish(tmp_path))
    assert (broken.failure["kind"], left(tmp_path)) == ("down", {"plan.answers.json", "plan.draft.json"})
    ran = run(generate_plan.main, *wish(tmp_path))
    assert (ran.code, len(wire.asked)) == (0, 3)
    assert wire.asked[1].json() == wire.asked[2].json()
    # the charge of the kept answer is told under the same reference: whoever heard it the first time drops it
    assert references(broken) == references(ran)[:1] and len(set(references(ran))) == 2
    assert left(tmp_path) == {"plan.json", "plan.json.job.json"}
    usd = json.loads((tmp_path / "plan/plan.json.job.json").read_text())["usd"]
    assert usd == pytest.approx(sum(event["usd"] for event in ran.of("charged")))


def test_an_answer_that_was_kept_settles_the_intent_that_a_kill_left_behind(
    wire: Wire, run: Run, tmp_path: Path
) -> None:
    wire.on("POST", PATH, BAD, DOWN, planned(PLAN))
    run(generate_plan.main, *wish(tmp_path))
    receipt = {"version": 1, "service": "gemini", "state": "intent", "remote_id": None, "usd": None}
    # one whose answer came after it; the digest is that of the brief, learnt from a run elsewhere
    run(generate_plan.main, *wish(tmp_path, "--output", tmp_path / "other/plan.json"))
    digest = json.loads((tmp_path / "other/plan.json.job.json").read_text())["digest"]
    path = tmp_path / "plan/plan.json.job.json"
    path.write_text(json.dumps(receipt | {"digest": digest, "at": "2026-01-01T00:00:00+00:00"}))
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    # one that left after the last answer is in doubt
    (tmp_path / "plan/plan.json").unlink()
    path.write_text(json.dumps(receipt | {"digest": digest, "at": "2099-01-01T00:00:00+00:00"}))
    assert run(generate_plan.main, *wish(tmp_path)).failure["kind"] == "in_doubt"


def test_another_brief_is_another_question(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, BAD, DOWN, planned(PLAN))
    run(generate_plan.main, *wish(tmp_path))
    assert run(generate_plan.main, *wish(tmp_path, "--topic", "grey wolves")).code == 0
    assert [len(asked.json()["contents"]) for asked in wire.asked] == [1, 3, 1]


def test_answers_that_led_nowhere_are_not_kept_for_the_next_try(wire: Wire, run: Run, tmp_path: Path) -> None:
    wire.on("POST", PATH, BAD, BAD, planned(PLAN))
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", 1)).failure["kind"] == "input"
    assert run(generate_plan.main, *wish(tmp_path, "--rounds", 1)).code == 0
    assert [len(asked.json()["contents"]) for asked in wire.asked] == [1, 3, 1]


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"digest": "x"}]'])
def test_answers_that_cannot_be_read_are_asked_for_again(wire: Wire, run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan/plan.answers.json").write_text(text)
    wire.on("POST", PATH, planned(PLAN))
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
    wire.on("POST", PATH, held(BAD, go), planned(PLAN))
    with started(wish(tmp_path), wire) as child:
        child.terminate()
        go.set()
        out, _ = said(child)
    assert child.returncode == 143 and '"charged"' in out
    assert left(tmp_path) == {"plan.answers.json", "plan.json.job.json"}
    assert json.loads((tmp_path / "plan/plan.json.job.json").read_text())["state"] == "received"
    assert run(generate_plan.main, *wish(tmp_path)).code == 0
    assert [len(asked.json()["contents"]) for asked in wire.asked] == [1, 3]


@pytest.mark.live
def test_a_plan_killed_on_its_way_is_in_doubt(wire: Wire, run: Run, tmp_path: Path) -> None:
    go = threading.Event()
    wire.on("POST", PATH, held(planned(PLAN), go))
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
    wire.on("POST", PATH, planned(PLAN))
    ran = run(generate_plan.main, *wish(tmp_path, "--language", code))
    assert ran.code == 0, ran.stderr
    asked = wire.asked[0].body.decode()
    checks = (tmp_path / "checks.jsonl").read_text()
    assert (f"Language: {code}" in asked, f'"--language", "{code}"' in checks) == (code != "en", code != "en")
    assert "written in that language" in asked
    assert "| 1 | The old bear waits. | 5.5 |" in (tmp_path / "plan/05_audio_generation.md").read_text()


def test_a_language_that_is_no_code_is_a_wrong_command_line(wire: Wire, run: Run, tmp_path: Path) -> None:
    assert run(generate_plan.main, *wish(tmp_path, "--language", "German please")).code == 64
