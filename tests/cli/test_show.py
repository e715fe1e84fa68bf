"""`videod show`, `list` and `why`: finding an episode, all that is known of it, and why it stands where it stands."""

import dataclasses
import json
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, JOBS, MINUTE, NOON, StudioBox, a_full_studio
from tests.core import edited
from videod.cli import client
from videod.cli.main import run
from videod.core.failures import Kind
from videod.core.model import Priority
from videod.core.statuses import AT_GATE, Gate, Status
from videod.daemon.lock import hold
from videod.flow.job_command import workspace_of

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    a_full_studio(tmp_path, 20).close()
    return tmp_path


@pytest.fixture
def box(tmp_path: Path):
    made = StudioBox(tmp_path, at=NOON - 2 * HOUR)
    yield made
    made.close()


def text_of(state: Path, capsys: Out, *argv: str) -> str:
    assert run(["show", *argv, "--state", str(state)]) == 0
    return capsys.readouterr().out


def json_of(state: Path, capsys: Out, *argv: str) -> dict:
    assert run(["show", *argv, "--json", "--state", str(state)]) == 0
    return json.loads(capsys.readouterr().out)


# ------------------------------------------------------------------------------------------- finding


@pytest.mark.parametrize(
    "words",
    ["the-ant-road-15-24b862", "the-ant-road-15", "Ant Road 15", "301e90c2047687e2f33953f885ef431f",
     "301E90C2-0476-87E2-F339-53F885EF431F"],
)  # fmt: skip
def test_an_episode_is_found_by_id_prefix_title_or_page(full: Path, capsys: Out, words: str) -> None:
    assert json_of(full, capsys, words)["id"] == "the-ant-road-15-24b862"


def test_words_that_fit_several_episodes_name_them(full: Path, capsys: Out) -> None:
    assert run(["show", "ant road", "--state", str(full)]) == 65
    said = capsys.readouterr().err
    assert "the-ant-road-15-24b862 (The Ant Road 15)" in said
    assert "Type more of the id" in said


@pytest.mark.parametrize("words", ["nobody", "100%", "_", "'; DROP TABLE tasks; --"])
def test_words_that_fit_none_say_where_to_look(full: Path, capsys: Out, words: str) -> None:
    assert run(["show", words, "--state", str(full)]) == 66
    assert "videod list" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- showing


def test_show_has_jobs_costs_timeline_failure_and_files(full: Path, capsys: Out) -> None:
    text = text_of(full, capsys, "the-ant-road-15", "--charges", "--jobs")
    for part in (
        f"Jobs (8 of {JOBS} done)",
        "Cost $0.14",
        "Timeline",
        "Last failure: clip/clip_01",
        "exit code 69",
        "Files",
    ):
        assert part in text
    assert "input: the seed image has no pixels [kie /api/v1/jobs/createTask]" in text
    assert f"{full}/workspaces/tiny_hunters/the-ant-road-15-24b862/plan/plan.bin" in text
    assert text.count("1 piece") == 4


def test_json_gives_jobs_with_absolute_files_charges_and_a_timeline(full: Path, capsys: Out) -> None:
    body = json_of(full, capsys, "the-ant-road-15")
    jobs = {job["name"]: job for job in body["jobs"]}
    assert len(jobs) == JOBS
    assert jobs["clip/clip_01"]["state"] == "failed"
    assert jobs["image/bear_core"]["file"].startswith("/")
    assert [move["status"] for move in body["timeline"]] == [
        "queued", "generating_assets", "assets_ready", "assets_approved", "generating_video", "error_video",
    ]  # fmt: skip
    assert [move["seconds"] for move in body["timeline"]][1] == 8 * 60
    assert body["costs_usd"] == {"gemini": 0.137}
    assert body["last_failure"]["fixed"] is False
    assert body["last_failure"]["failure"]["endpoint"] == "/api/v1/jobs/createTask"


def test_a_failure_that_was_fixed_is_reported_as_such(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.DOWN, "HTTP 503")
    box.clock.at += MINUTE
    box.make(task, "plan/plan")
    assert "Last failure (fixed since): plan/plan" in text_of(tmp_path, capsys, "bears")


def test_stderr_with_escapes_cannot_steer_the_terminal(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.queue("Bears \x1b]0;owned\x07")
    box.fail(task, "plan/plan", Kind.BUG, "\x1b[2Jgone", stderr_tail="line one\n\x9b31mred\u202edetrevni\n")
    text = text_of(tmp_path, capsys, "bears")
    assert all(character == "\n" or character.isprintable() for character in text)
    assert "    line one\n    31mreddetrevni\n" in text
    assert "\x1b" not in json.dumps(json_of(tmp_path, capsys, "bears"))


def test_a_published_episode_shows_its_video(full: Path, capsys: Out) -> None:
    body = json_of(full, capsys, "the-ant-road-9")
    assert (body["status"], body["youtube_url"]) == ("published", "https://youtu.be/dQw4w9WgXcQ")
    assert sum(charge["usd"] for charge in body["charges"]) == pytest.approx(body["cost_usd"])


# ------------------------------------------------------------------------------------------- the list


def listed(state: Path, capsys: Out, *argv: str) -> list[dict]:
    assert run(["list", *argv, "--json", "--state", str(state)]) == 0
    return json.loads(capsys.readouterr().out)["tasks"]


def test_the_list_is_newest_first_and_says_that_there_is_more(full: Path, capsys: Out) -> None:
    assert run(["list", "--limit", "3", "--json", "--state", str(full)]) == 0
    body = json.loads(capsys.readouterr().out)
    assert [one["title"] for one in body["tasks"]] == ["Night Owls 夜の梟 20", "Grizzly Crossing 19", "Otters 18"]
    assert body["more"] is True


@pytest.mark.parametrize(
    ("status", "count"),
    [("review", 6), ("errors", 2), ("work", 8), ("open", 18), ("queued", 2), ("Video Ready", 2), ("assets-ready", 2),
     ("Error: Video Generation Failed", 2)],
)  # fmt: skip
def test_the_list_takes_statuses_groups_and_labels(full: Path, capsys: Out, status: str, count: int) -> None:
    assert len(listed(full, capsys, "--status", status)) == count


def test_the_list_can_be_of_one_channel(full: Path, capsys: Out) -> None:
    assert {one["channel"] for one in listed(full, capsys, "--channel", "deep_sea")} == {"deep_sea"}


def test_an_unknown_status_names_the_known_ones(full: Path, capsys: Out) -> None:
    assert run(["list", "--status", "ready", "--state", str(full)]) == 64
    assert "video_ready" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- why


def said(state: Path, capsys: Out, words: str = "bears") -> dict:
    assert run(["why", words, "--json", "--state", str(state)]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_open_review_waits_for_you_and_names_the_price(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_READY)
    body = said(tmp_path, capsys)
    assert (body["waits_for"], body["command"]) == ("you", f"videod approve {task}")
    assert body["sentence"] == (
        "waits for your review of the assets since 10:08 UTC (1 h 52 min ago): approving it costs about $1.40 and"
        " starts 4 clips"
    )


def test_an_error_names_the_job_the_cause_and_what_to_do(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.queue("Bears")
    box.fail(task, "plan/plan", Kind.INPUT, "the topic is empty.")
    body = said(tmp_path, capsys)
    assert "because plan/plan failed (input: the topic is empty). What to do: change the Topic" in body["sentence"]
    assert body["command"] == f"videod retry {task}"


def test_a_purchase_in_doubt_says_what_a_retry_may_pay_twice(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.IN_DOUBT, "the answer was lost")
    assert "buys 1 job again for $0.35 that may have been paid already" in said(tmp_path, capsys)["sentence"]


def test_work_is_paused_without_a_daemon(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    box.start(box.queue("Bears"), "plan/plan")
    body = said(tmp_path, capsys)
    assert (body["waits_for"], body["command"]) == ("videod", "videod run")
    with hold(tmp_path):
        assert said(tmp_path, capsys)["sentence"] == "is being worked on: plan/plan runs for 2 h, the last one"


def test_a_retry_says_which_of_how_many_and_when(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.queue("Bears")
    box.clock.at = NOON - 30_000
    box.fail(task, "plan/plan", Kind.DOWN, "HTTP 503")
    with hold(tmp_path):
        body = said(tmp_path, capsys)
    assert "waits for retry 1 of 4 of plan/plan at gemini, at 12:00 UTC (in 35 s) (down: HTTP 503)" in body["sentence"]
    assert body["next_at"] == "2026-11-21T12:00:35Z"


def test_a_waiting_service_names_reason_end_and_command(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    box.fail(box.queue("Bears"), "plan/plan", Kind.CREDENTIALS, "API key not valid")
    with hold(tmp_path):
        body = said(tmp_path, capsys)
    assert (body["waits_for"], body["command"], body["next_at"]) == ("gemini", "videod resume gemini", None)
    assert "gemini refused the key GEMINI_API_KEY: API key not valid" in body["sentence"]


def test_a_queued_episode_says_how_many_are_before_it(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    for title in ("First", "Second"):
        box.queue(title)
        box.clock.at += MINUTE
    box.queue("Elsewhere", "deep_sea")
    box.queue("Low", priority=Priority.LOW)
    box.queue("Bears")
    with hold(tmp_path):
        body = said(tmp_path, capsys)
    assert body["waits_for"] == "its turn"
    assert "2 episodes of wild_earth before it, 0 in work" in body["sentence"]


def test_a_free_place_is_waited_for_at_the_service(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    box.make(box.queue("Bears"), "plan/plan")
    with hold(tmp_path):
        body = said(tmp_path, capsys)
    assert body["waits_for"] == "gemini"
    assert (
        "waits for a free slot at gemini since 10:00 UTC (2 h ago), and image/bear_core is the next of 3 ready jobs"
        in (body["sentence"])
    )


@pytest.mark.parametrize("status", [Status.PUBLISHED, Status.CANCELLED])
def test_closed_episodes_have_an_answer_too(box: StudioBox, tmp_path: Path, capsys: Out, status: Status) -> None:
    task = box.queue("Bears")
    if status == Status.CANCELLED:
        box.cancel(task)
    else:
        box.bring_to(task, status)
    body = said(tmp_path, capsys)
    assert body["waits_for"] == ("you" if status == Status.CANCELLED else "nobody")


@pytest.mark.parametrize("gate", list(Gate)[1:])
def test_every_review_says_what_approving_starts(box: StudioBox, tmp_path: Path, capsys: Out, gate: Gate) -> None:
    status = next(status for status, one in AT_GATE.items() if one == gate)
    box.bring_to(box.queue("Bears"), status)
    starts = {
        Gate.ASSETS: "starts 4 clips", Gate.VIDEO: "starts 4 narrations and 4 effects",
        Gate.AUDIO: "1 cut, 1 film and 1 caption file", Gate.FINAL: "uploads the film",
    }  # fmt: skip
    assert starts[gate] in said(tmp_path, capsys)["sentence"]


def test_the_sentence_ends_with_the_command(full: Path, capsys: Out) -> None:
    assert run(["why", "the-ant-road-15", "--state", str(full)]) == 0
    assert capsys.readouterr().out.endswith("Type `videod retry the-ant-road-15-24b862` to change that.\n")


def test_the_titles_to_choose_from_are_shown_with_their_reasons(box: StudioBox, tmp_path: Path, capsys: Out) -> None:
    task = box.task(box.queue("Grizzly Crossing"))
    place = tmp_path / "workspaces" / task.channel_id / task.id / "plan" / "story.json"
    place.parent.mkdir(parents=True)
    titles = [{"title": f"Title {number}", "reason": f"It asks \x1b[2J{number}."} for number in range(5)]
    warned = [{"where": "stories[1]", "rule": "told before", "message": 'is like "The Flood"'}]
    place.write_text(json.dumps({"text": {"titles": titles}, "warnings": warned}))
    said = text_of(tmp_path, capsys, task.id)
    assert all(f"Title {number}" in said for number in range(5)) and "It asks" in said and "\x1b" not in said
    assert 'stories[1]: is like "The Flood"' in said


@pytest.mark.parametrize("text", ["", "[]", '{"text": 7}', '{"text": {"titles": [7, {"title": 1}]}, "warnings": "x"}'])
def test_a_story_of_any_other_shape_shows_nothing(
    box: StudioBox, tmp_path: Path, capsys: Out, text: str
) -> None:  # fmt: skip
    task = box.task(box.queue("Grizzly Crossing"))
    place = tmp_path / "workspaces" / task.channel_id / task.id / "plan" / "story.json"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    assert "Titles" not in text_of(tmp_path, capsys, task.id)


# ------------------------------------------------------------------------------------------- facts


def test_each_line_is_shown_with_the_sources_that_it_stands_on(full: Path, capsys: Out) -> None:
    episode = json_of(full, capsys, "Ant Road 15")
    plan, _ = edited.read("octopus")
    path = workspace_of(full, episode["channel"], episode["id"]) / "plan" / "plan.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.loads(json.dumps(dataclasses.asdict(plan)))
    names = ("id", "kind", "subject", "species", "role", "core", "prompt")
    data["images"] = [{name: image[name] for name in names} for image in data["images"]]
    path.write_text(json.dumps(data))
    told = json_of(full, capsys, "Ant Road 15", "--facts")["facts"]
    assert told["sources"][0]["revision"] == "7" and len(told["lines"]) == 9
    assert (
        told["lines"][7]["stands_on"] == "source" and [one["source"] for one in told["lines"][7]["facts"]] == ["s1"] * 2
    )
    shown = " ".join(text_of(full, capsys, "Ant Road 15", "--facts").split())
    assert "Facts" in shown and "After fifty-three months" in shown


def test_an_episode_without_a_plan_has_no_facts_to_show(full: Path, capsys: Out) -> None:
    assert run(["show", "Ant Road 15", "--facts", "--state", str(full)]) != 0
    assert "no plan yet" in capsys.readouterr().err
