"""What an upload must report: a video's id, however its script names it."""

import json

import pytest

from tests.core.book import Book
from tests.harness.world import policy
from videod.core.events import JobSucceeded
from videod.core.failures import Kind
from videod.core.reports import lacking, published
from videod.core.statuses import JobState, Status


@pytest.mark.fault("1.2")
@pytest.mark.parametrize(
    ("told", "video"),
    [
        ({"video_id": "dQw4w9WgXcQ", "url": "https://youtu.be/dQw4w9WgXcQ"}, "dQw4w9WgXcQ"),
        ({"id": "abc"}, "abc"),
        ({"videoId": " dQw4w9WgXcQ "}, "dQw4w9WgXcQ"),
        ({"kind": "youtube#video", "id": "dQw4w9WgXcQ", "etag": "x"}, "dQw4w9WgXcQ"),
        ({"url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1s"}, "dQw4w9WgXcQ"),
        ({"url": "https://www.youtube.com/watch?list=x&v=dQw4w9WgXcQ"}, "dQw4w9WgXcQ"),
        ({"youtube_url": "https://youtu.be/dQw4w9WgXcQ?si=1"}, "dQw4w9WgXcQ"),
        ({"link": "https://m.youtube.com/shorts/dQw4w9WgXcQ"}, "dQw4w9WgXcQ"),
        ({"url": "https://studio.youtube.com/video/dQw4w9WgXcQ/edit"}, "dQw4w9WgXcQ"),
        ({"id": "https://youtu.be/dQw4w9WgXcQ"}, "dQw4w9WgXcQ"),
        ({"id": "run-17", "url": "https://youtu.be/dQw4w9WgXcQ"}, "dQw4w9WgXcQ"),
    ],
)
def test_an_own_upload_may_name_its_video_in_many_ways(told: dict[str, object], video: str) -> None:
    found = published(told)
    assert found is not None
    assert found[0] == video
    assert video in found[1] and found[1].startswith("https://")


@pytest.mark.fault("1.2")
@pytest.mark.parametrize(
    "told",
    [
        {}, {"id": ""}, {"id": None}, {"id": 7}, {"id": True}, {"video_id": "two words"}, {"id": ["abc"]},
        {"url": "https://example.com/watch?v=dQw4w9WgXcQ"}, {"url": "https://notyoutube.com/watch?v=dQw4w9WgXcQ"},
        {"url": "https://www.youtube.com/@channel"}, {"status": "uploaded"}, {"id": "x" * 65}, {"id": float("nan")},
    ],
)  # fmt: skip
def test_what_names_no_video_fails_the_job_and_says_what_the_file_must_hold(told: dict[str, object]) -> None:
    own, ours = lacking("upload", told, own=True), lacking("upload", told)
    assert own is not None and ours is not None
    assert (own.kind, ours.kind) == (Kind.CONFIGURATION, Kind.NONSENSE)
    assert "`video_id`" in own.message and "`url`" in own.message


@pytest.mark.fault("1.2")
@pytest.mark.parametrize("facts", [{}, {"id": None}, json.loads('{"url": NaN}')])
def test_a_success_without_what_must_follow_from_it_is_a_failure(facts: dict[str, object]) -> None:
    paper = Book(policy=policy())
    paper.queue()
    paper.run(until="upload/film")
    paper.start("upload/film")
    job = paper.jobs["upload/film"]
    paper.apply(JobSucceeded(paper.now(), paper.one.id, job.name, job.attempt, "result.json", 9, "sha", facts))
    assert paper.jobs["upload/film"].state == JobState.READY
    assert paper.jobs["upload/film"].attempts == 1


@pytest.mark.fault("1.2")
def test_a_plan_that_nobody_read_is_no_plan() -> None:
    paper = Book(policy=policy())
    paper.queue()
    paper.start("plan/plan")
    job = paper.jobs["plan/plan"]
    paper.apply(JobSucceeded(paper.now(), paper.one.id, job.name, job.attempt, "plan.json", 9, "sha"))
    assert paper.jobs["plan/plan"].state == JobState.READY
    assert len(paper.jobs) == 1
    assert paper.one.status == Status.GENERATING_ASSETS
