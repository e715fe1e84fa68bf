"""The review: what is seen is what is approved, everything that costs says so first, every act carries a name."""

import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli import factory
from tests.cli.factory import MINUTE, StudioBox
from tests.page.browser import Browser, entered
from videod.core import moments
from videod.core.breaker import Breaker
from videod.core.events import FileChosen
from videod.core.statuses import Gate, Status
from videod.daemon.page import Page
from videod.store import writes
from videod.web.sessions import Role


def fields(browser: Browser, action: str) -> list[tuple[str, str]]:
    """What the form of the last page that goes to `action` sends, as a browser would."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', browser.text, re.S)
    assert form is not None, action
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1])
    found += re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', form[1], re.S)
    return [(name, html.unescape(value)) for name, value in found if name != "form_key"]


async def at_assets(box: StudioBox, title: str = "Bears") -> str:
    return box.bring_to(box.queue(title), Status.ASSETS_READY)


async def test_a_review_is_approved_with_its_price_on_the_button(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    assert await mina.get(f"/episodes/{task}") == 200
    assert "Approve pictures · $1.40" in mina.text
    assert await mina.post(f"/episodes/{task}/approve", fields(mina, f"/episodes/{task}/approve")) == 200
    assert mina.told.startswith("Assets approved")
    assert Gate.ASSETS in box.task(task).approved
    await mina.get(f"/episodes/{task}/log")
    assert "assets approved by Mina" in mina.text


async def test_what_changed_since_one_looked_is_not_approved(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    await mina.get(f"/episodes/{task}")
    form = fields(mina, f"/episodes/{task}/approve")
    await mina.post(f"/episodes/{task}/redo", [("jobs", "image/bear_core"), ("sure", "1")])
    box.bring_to(task, Status.ASSETS_READY)
    await mina.post(f"/episodes/{task}/approve", form)
    assert "changed since you looked" in mina.told
    assert box.task(task).status is Status.ASSETS_READY


async def test_a_dearer_price_than_the_one_on_the_button_is_asked_for_again(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    await mina.get(f"/episodes/{task}")
    form = dict(fields(mina, f"/episodes/{task}/approve")) | {"cost": "10"}
    await mina.post(f"/episodes/{task}/approve", form)
    assert mina.told.startswith("Approving costs $1.40 now.")
    assert box.task(task).status is Status.ASSETS_READY


async def test_redo_says_what_hangs_on_it_and_what_it_costs_before_it_is_spent(box: StudioBox, mina: Browser) -> None:
    task = box.bring_to(box.queue("Bears"), Status.VIDEO_READY)
    path = f"/episodes/{task}/redo"
    await mina.get(f"/episodes/{task}")
    assert await mina.post(path, [("jobs", "image/bear_core"), ("jobs", "clip/clip_01")]) == 200
    assert "<h1>Redo for $" in mina.text
    assert "would be regenerated" in mina.text
    assert box.task(task).status is Status.VIDEO_READY
    sent = [*fields(mina, path), ("note", "closer, morning light")]
    assert [value for name, value in sent if name == "jobs"] == ["image/bear_core", "clip/clip_01"]
    assert await mina.post(path, sent) == 200
    assert "will be regenerated" in mina.told
    job = box.jobs(task)["image/bear_core"]
    assert (job.revision, job.args["note"]) == (1, "closer, morning light")
    await mina.get(f"/episodes/{task}/log")
    assert "by Mina" in mina.text


async def test_each_of_several_files_has_a_note_of_its_own_in_one_redo(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    path = f"/episodes/{task}/redo"
    await mina.get(f"/episodes/{task}")
    await mina.post(path, [("jobs", "image/bear_core"), ("jobs", "image/place_01")])
    assert re.findall(r'name="(note[^"]*)"', mina.text) == ["note", "note:image/bear_core", "note:image/place_01"]
    notes = [("note", "dawn"), ("note:image/bear_core", "older,\r\nscarred"), ("note:image/place_01", " ")]
    await mina.post(path, [*fields(mina, path), *notes])
    jobs = box.jobs(task)
    assert jobs["image/bear_core"].args["note"] == "older,\nscarred"
    assert jobs["image/place_01"].args["note"] == "dawn"


async def test_money_is_drawn_for_each_channel_to_one_scale(box: StudioBox, mina: Browser) -> None:
    for channel in ("wild_earth", "deep_sea"):
        box.bring_to(box.queue(f"Bears of {channel}", channel), Status.ASSETS_READY)
    assert await mina.get("/money") == 200
    assert mina.text.count('<svg class="chart"') == 3
    assert "deep_sea by day, newest right. Most on " in mina.text
    assert await mina.get("/report") == 200
    assert 'aria-label="deep_sea: $' in mina.text


async def test_services_say_since_when_one_is_silent_and_when_it_is_tried_next(box: StudioBox, mina: Browser) -> None:
    silent = Breaker("kie", 5, "other", box.clock.at, box.clock.at + MINUTE, 2, reason="no connection to KIE")
    await box.store.write(lambda tx: writes.save_breaker(tx, silent))
    assert await mina.get("/services") == 200
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", mina.text[mina.text.index("No answer since") - 9 :]))
    assert facts["No answer since"] == moments.clock(box.clock.at, box.clock.at)
    assert facts["Next try"] == moments.clock(box.clock.at + MINUTE, box.clock.at)
    assert (facts["Failed tries since"], facts["Failed jobs in a row"]) == ("2", "5")
    assert mina.text.count("no connection to KIE") == 1


async def test_a_text_that_is_not_made_yet_is_corrected_at_once(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    body = {"job": "narration/clip_01", "field": "narration", "text": "The bear waits.\r\nThen it goes."}
    await mina.post(f"/episodes/{task}/correct", body)
    assert box.jobs(task)["narration/clip_01"].args["text"] == "The bear waits.\nThen it goes."
    assert "nothing is thrown away" in mina.told


async def test_several_reviews_are_approved_after_their_sum_is_said(box: StudioBox, mina: Browser) -> None:
    first, second = await at_assets(box, "Bears"), await at_assets(box, "Owls")
    await mina.get("/")
    chosen = [("task", one) for one in re.findall(r'name="task" value="([^"]+)"', mina.text)]
    assert len(chosen) == 2
    await mina.post("/approve", chosen)
    assert "Approving 2 reviews costs about $2.80 in all." in mina.text
    assert box.task(first).status is Status.ASSETS_READY
    await mina.post("/approve", fields(mina, "/approve"))
    assert mina.told == "2 reviews approved."
    assert box.task(first).status is box.task(second).status is Status.ASSETS_APPROVED


async def test_a_page_that_refreshes_itself_takes_no_message_away(box: StudioBox, mina: Browser) -> None:
    await mina.get("/services")
    await mina.post("/services/kie/pause", allow_redirects=False)
    await mina.get("/", headers={"HX-Request": "true"})
    assert not mina.told
    await mina.get("/services")
    assert "Kie is paused" in mina.told or "kie is paused" in mina.told.lower()


async def test_a_viewer_looks_and_changes_nothing(box: StudioBox, page: Page) -> None:
    task = await at_assets(box)
    async with entered(page, "Jo", Role.VIEWER) as jo:
        for room in ("/", f"/episodes/{task}", "/board", "/services", "/people"):
            assert await jo.get(room) == 200
            assert set(re.findall(r'<form method="post" action="([^"]+)"', jo.text)) <= {"/leave"}, room
        await jo.get("/")
        for path in (f"/episodes/{task}/approve", "/services/all/pause", "/new", "/people", f"/episodes/{task}/cancel"):
            assert await jo.post(path, {"sure": "1"}) == 403, path
        assert box.task(task).status is Status.ASSETS_READY


async def test_an_editor_lets_nobody_in(page: Page) -> None:
    async with entered(page, "Ed", Role.EDITOR) as ed:
        assert await ed.get("/people") == 200
        assert "Show the QR code" not in ed.text
        assert await ed.post("/people", {"name": "x", "role": "owner"}) == 403


async def test_all_spending_is_stopped_by_one_press_and_resumed_by_another(box: StudioBox, mina: Browser) -> None:
    await mina.get("/money")
    assert await mina.post("/services/all/pause", {"back": "/money"}) == 200
    assert "All spending is stopped." in mina.text
    assert "<h1>Money</h1>" in mina.text
    await mina.post("/services/all/resume", {"back": "/money"})
    assert "All spending is stopped." not in mina.text


async def test_hostile_words_are_shown_as_words(box: StudioBox, mina: Browser) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp.exe {{ 7*7 }}" + "A" * 300
    task = await at_assets(box, hostile)
    await mina.post(f"/episodes/{task}/redo", {"jobs": "image/bear_core", "note": "</textarea><script>1</script>"})
    assert "<script>1" not in mina.text
    for room in ("/", f"/episodes/{task}", f"/episodes/{task}/log", "/board", "/money", "/report"):
        await mina.get(room)
        assert "<script>alert" not in mina.text, room
        assert "<img src=x" not in mina.text, room
        assert "\u202e" not in mina.text, room
        assert "49" + "A" * 9 not in mina.text


async def test_the_story_stands_first_and_clips_follow_in_order(box: StudioBox, mina: Browser) -> None:
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    one = box.task(task)
    folder = box.state / "workspaces" / one.channel_id / task
    plan = box.jobs(task)["plan/plan"].output
    assert plan is not None
    path = folder / plan
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({
        "logline": "A bear crosses a river.", "description": "About a bear.", "tags": ["bear"],
        "arc": {"want": "salmon", "turn": "the flood"}, "clips": [{"beat": "dawn"}, {"beat": "the stones"}],
        "story": {"chosen": 2, "stories": ["One.", "Two."]},
    }))  # fmt: skip
    await mina.get(f"/episodes/{task}")
    places = [mina.text.index(word) for word in ("A bear crosses", "salmon", "About a bear", "the stones", "step 3")]
    assert places == sorted(places)
    assert "Approve sound" in mina.text


async def test_what_is_worth_a_look_stands_beside_its_file(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    facts = {"warnings": ["The picture is one color", 7]}
    box.apply(FileChosen(box.clock.at, task, "image/bear_core", "a.png", 9, "a" * 64, facts, True, "Jo"))
    await mina.get(f"/episodes/{task}")
    assert mina.text.count("Worth a look: The picture is one color") == 1


async def test_a_plan_that_cannot_be_read_leaves_the_rest_of_the_page(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    one = box.task(task)
    folder = box.state / "workspaces" / one.channel_id / task
    path = folder / str(box.jobs(task)["plan/plan"].output)
    path.parent.mkdir(parents=True)
    for content in ("{", '{"arc": 7, "story": [], "clips": {"a": 1}, "tags": "no"}', "[]"):
        path.write_text(content)
        assert await mina.get(f"/episodes/{task}") == 200
        assert "Approve pictures" in mina.text


def made(box: StudioBox, task: str, job: str, file: str, content: bytes) -> str:
    """Put a real file in the place of a job's; its digest."""
    one = box.task(task)
    path = box.state / "workspaces" / one.channel_id / task / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha = hashlib.sha256(content).hexdigest()
    box.apply(FileChosen(box.clock.at, task, job, file, len(content), sha, {}, True, "Jo"))
    return sha


async def test_files_are_handed_over_in_ranges_and_only_those_of_takes(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    name = "image/bear_core"
    sha = made(box, task, name, "images/a.png", b"0123456789")
    place = f"/media/{task}/{name}/{sha[:16]}"
    assert await mina.get(place) == 200
    assert mina.text == "0123456789"
    assert mina.headers["Content-Type"] == "image/png"
    assert "sandbox" in mina.headers["Content-Security-Policy"]
    for given, status, text in (("bytes=2-4", 206, "234"), ("bytes=7-", 206, "789"), ("bytes=-2", 206, "89"),
                                ("bytes=50-", 416, ""), ("bytes=5-2", 416, ""), ("lines=1", 200, "0123456789"),
                                ("bytes=0-1,3-4", 200, "0123456789")):  # fmt: skip
        assert await mina.get(place, headers={"Range": given}) == status, given
        assert mina.text == text, given
    for wrong in (f"/media/{task}/{name}/{'0' * 16}", f"/media/{task}/plan/plan/{'0' * 16}",
                  f"/media/{task}/image/..%2f..%2f..%2fvideod.db/{sha[:16]}", f"/media/../videod.db/a/b/{sha[:16]}",
                  f"/media/{task}/{name}/{sha[:16]}%00", f"/media/..%2f..%2f/{name}/{sha[:16]}"):  # fmt: skip
        assert await mina.get(wrong) == 404, wrong


async def test_a_link_in_the_place_of_a_file_leads_nowhere(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    name = "image/bear_core"
    sha = made(box, task, name, "images/a.png", b"0123456789")
    one = box.task(task)
    path = box.state / "workspaces" / one.channel_id / task / "images" / "a.png"
    path.unlink()
    path.symlink_to(box.path)
    assert await mina.get(f"/media/{task}/{name}/{sha[:16]}") == 404
    assert "SQLite" not in mina.text
    path.unlink()
    path.parent.rmdir()
    Path(path.parent).symlink_to(box.state)
    assert await mina.get(f"/media/{task}/{name}/{sha[:16]}") == 404


async def test_a_shot_without_words_has_no_empty_narration_and_no_caption(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *others = factory.a_plan().clips
    plan = replace(factory.a_plan(), clips=(first, replace(second, narration=""), *others))
    monkeypatch.setattr(factory, "a_plan", lambda: plan)
    task = box.bring_to(box.queue("Bears"), Status.AUDIO_READY)
    assert await mina.get(f"/episodes/{task}") == 200
    assert "narration/clip_01" in mina.text and "narration/clip_02" not in mina.text
    assert await mina.get(f"/captions/{task}/clip_01") == 200 and "-->" in mina.text
    assert await mina.get(f"/captions/{task}/clip_02") == 200 and mina.text == "WEBVTT\n"
    assert await mina.get(f"/captions/{task}/clip_77") == 404
