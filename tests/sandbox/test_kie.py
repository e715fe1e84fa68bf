"""The simulated KIE over plain HTTP: tasks, money, media and misbehavior."""

import asyncio
import base64
import hashlib
import io
import itertools
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from tests.harness.patience import PATIENCE_S, patience
from tests.sandbox.running import Clock, running
from videod.core import clip_checks, clip_models
from videod.sandbox.kernel import Context, Fault, Options
from videod.sandbox.kie import models
from videod.sandbox.kie.models import CLIP_MODEL
from videod.sandbox.kie.tasks import Task, clip_size, delivered
from videod.sandbox.render import clips
from videod.sandbox.render.encoding import ffmpeg

SIZE = (320, 180)
OPTIONS = Options(generation_s=0.2, clip_size=SIZE)


def picture(width: int = 640, height: int = 360, mode: str = "PNG") -> bytes:
    image = Image.new("RGB", (width, height), (20, 60, 90))
    draw = ImageDraw.Draw(image)
    for at in range(0, width, 40):
        draw.rectangle((at, at % height, at + 18, at % height + 60), fill=(at % 255, 200 - at % 200, 80))
    out = io.BytesIO()
    image.save(out, mode)
    return out.getvalue()


class Kie:
    def __init__(self, context: Context, http: httpx.AsyncClient) -> None:
        self.context = context
        self.http = http
        self.api = context.urls["kie"] + "/api/v1"

    def fault(self, kind: str, **more: Any) -> None:
        self.context.faults.add(Fault("*", kind, **({"times": 1} | more)))

    async def upload(self, data: bytes | None = None, name: str = "seed.png", path: str = "videod/t1") -> str:
        form = {"uploadPath": path, "fileName": name}
        url = self.context.urls["kie_upload"] + "/api/file-stream-upload"
        answer = (await self.http.post(url, data=form, files={"file": (name, data or picture(), "image/png")})).json()
        assert answer["success"] is True
        return str(answer["data"]["downloadUrl"])

    async def create(self, url: str, model: str = CLIP_MODEL, **wanted: Any) -> dict[str, Any]:
        body = {"model": model, "input": {"image_url": url, "prompt": "pan left", "duration": "5"} | wanted}
        answer = await self.http.post(f"{self.api}/jobs/createTask", json=body)
        return dict(answer.json()) | {"http": answer.status_code}

    async def info(self, task_id: str) -> dict[str, Any]:
        return dict((await self.http.get(f"{self.api}/jobs/recordInfo", params={"taskId": task_id})).json())

    async def ended(self, task_id: str) -> dict[str, Any]:
        async with patience():
            while (found := (await self.info(task_id))["data"])["state"] not in ("success", "fail"):
                await asyncio.sleep(0.05)
        return dict(found)

    async def clip(self, **wanted: Any) -> dict[str, Any]:
        return await self.ended((await self.create(await self.upload(), **wanted))["data"]["taskId"])

    async def credit(self) -> float:
        return float((await self.http.get(f"{self.api}/chat/credit")).json()["data"])


def media_of(record: dict[str, Any]) -> str:
    return str(json.loads(record["resultJson"])["resultUrls"][0])


def frames(file: Path) -> list[bytes]:
    command = [ffmpeg(), "-v", "error", "-i", str(file), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    area = SIZE[0] * SIZE[1]
    return [raw[at : at + area] for at in range(0, len(raw) - area + 1, area)]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer sandbox-kie-key", "User-Agent": "videod/0.1"}
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
async def kie(tmp_path: Path, http: httpx.AsyncClient) -> AsyncIterator[Kie]:
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS) as context:
        yield Kie(context, http)


async def test_a_clip_walks_through_its_states_and_can_be_fetched(tmp_path: Path, http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with running(
        tmp_path, "kie", "kie_upload", options=Options(generation_s=100, clip_size=SIZE), clock=clock
    ) as context:
        kie = Kie(context, http)
        task_id = (await kie.create(await kie.upload()))["data"]["taskId"]
        seen = []
        for age_s in (0, 15, 60):
            clock.now_s = clock.now_s + age_s
            seen.append((await kie.info(task_id))["data"]["state"])
        clock.now_s += 100
        record = await kie.ended(task_id)
        assert [*seen, record["state"]] == ["waiting", "queuing", "generating", "success"]
        assert record["creditsConsumed"] == 42
        assert record["costTime"] == record["completeTime"] - record["createTime"]
        assert json.loads(record["param"])["input"]["prompt"] == "pan left"
        assert (await http.get(media_of(record))).content[4:8] == b"ftyp"


async def test_the_clip_has_exactly_its_frames_and_shows_the_moving_upload(kie: Kie, tmp_path: Path) -> None:
    record = await kie.clip(prompt="pan left")
    file = tmp_path / "clip.mp4"
    file.write_bytes((await kie.http.get(media_of(record))).content)
    shown = frames(file)
    first, last = (Image.frombytes("L", SIZE, shown[at]) for at in (0, -1))
    source = Image.open(io.BytesIO(picture())).convert("L").resize(SIZE)
    assert len(shown) == 5 * 24
    assert ImageStat.Stat(ImageChops.difference(first, last)).mean[0] > 5
    assert abs(ImageStat.Stat(first).mean[0] - ImageStat.Stat(source).mean[0]) < 12


@pytest.mark.parametrize("prompt", ["slow push in", "pull back quickly", "tilt up", "the bear waits"])
async def test_every_motion_moves_and_shares_its_codec_parameters(prompt: str, tmp_path: Path) -> None:
    image, reference, made = tmp_path / "in.png", tmp_path / "reference.mp4", tmp_path / "made.mp4"
    image.write_bytes(picture())
    await clips.render_clip(image, reference, 1, "pan right", SIZE, ffmpeg())
    await clips.render_clip(image, made, 1, prompt, SIZE, ffmpeg())
    shown = frames(made)
    moved = ImageChops.difference(Image.frombytes("L", SIZE, shown[0]), Image.frombytes("L", SIZE, shown[-1]))
    assert len(shown) == 24
    assert ImageStat.Stat(moved).mean[0] > 1
    assert avc_configuration(made) == avc_configuration(reference)


@pytest.mark.parametrize("prompt", ["slow push in", "the bear waits"])
async def test_a_fine_clip_moves_a_little_with_every_picture(prompt: str, tmp_path: Path) -> None:
    image, made, usual = tmp_path / "in.png", tmp_path / "made.mp4", tmp_path / "usual.mp4"
    image.write_bytes(picture())
    await clips.render_clip(image, made, 2, prompt, SIZE, ffmpeg(), fine=True)
    await clips.render_clip(image, usual, 2, prompt, SIZE, ffmpeg())
    shown = [Image.frombytes("L", SIZE, one) for one in frames(made)]
    steps = [ImageStat.Stat(ImageChops.difference(*pair)).mean[0] for pair in itertools.pairwise(shown)]
    assert len(shown) == 48 and min(steps) > 0.02 and max(steps) < 12 * sorted(steps)[24]
    assert avc_configuration(made) == avc_configuration(usual)


def avc_configuration(file: Path) -> bytes:
    """The avcC box: profile, level, SPS and PPS, which joined clips must have in common."""
    data = file.read_bytes()
    at = data.index(b"avcC")
    return data[at : at - 4 + int.from_bytes(data[at - 4 : at])]


async def test_every_second_begins_with_a_key_frame_and_no_picture_waits_for_a_later_one(tmp_path: Path) -> None:
    image, made = tmp_path / "in.png", tmp_path / "made.mp4"
    image.write_bytes(picture())
    await clips.render_clip(image, made, 3, "pan right", SIZE, ffmpeg())
    command = [ffmpeg(), "-v", "info", "-i", str(made), "-vf", "showinfo", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    kinds = [line.partition("type:")[2][0] for line in said.splitlines() if "showinfo" in line and "type:" in line]
    assert kinds == (["I"] + ["P"] * 23) * 3


async def test_a_picture_that_ffmpeg_cannot_read_raises_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(b"no picture")
    with pytest.raises(clips.RenderError, match=r"(?i)invalid|error"):
        await clips.render_clip(tmp_path / "in.png", tmp_path / "out.mp4", 1, "pan", SIZE, ffmpeg())
    assert list(tmp_path.glob("out*")) == []


async def test_the_words_of_the_prompt_decide_the_motion() -> None:
    assert clips.motion_of("Camera pans left").dx < 0 < clips.motion_of("tracking right, then still").dx
    assert clips.motion_of("tilt up to the sky").dy < 0 < clips.motion_of("crane down").dy
    assert clips.motion_of("Slow push-in").zoom < clips.motion_of("fast zoom in").zoom
    assert clips.motion_of("pulls back").zoom < 0
    assert clips.motion_of("a bear breathes").dx != 0


async def test_a_clip_follows_the_shape_of_its_picture() -> None:
    assert clip_size((1344, 768), (1920, 1080)) == (1920, 1080)
    assert clip_size((768, 1376), (1920, 1080)) == (1080, 1920)
    assert clip_size((1000, 1000), (1920, 1080)) == (1080, 1080)


@pytest.mark.parametrize(
    ("model", "mode", "sizes"),
    [
        ("kling/v2-5-turbo-image-to-video-pro", "", {(1920, 1080), (1928, 1072)}),
        ("kling-2.6/image-to-video", "", {(1924, 1076), (1928, 1076)}),
        ("kling-3.0/video", "pro", {(1928, 1072)}), ("kling-3.0/video", "std", {(1284, 716)}),
        ("kling/v2-1-standard", "", {(1280, 720)}), ("grok-imagine/image-to-video", "720p", {(1280, 720)}),
        ("bytedance/v1-pro-fast-image-to-video", "1080p", {(1920, 1080), (1920, 1088)}),
    ],
)  # fmt: skip
def test_a_clip_has_the_size_that_its_model_really_gives(model: str, mode: str, sizes: set[tuple[int, int]]) -> None:
    tasks = [
        Task("t", model, json.dumps({"input": dict.fromkeys(("mode", "resolution"), mode)}), "p", 10, 84.0,
             hashlib.sha256(bytes([number])).hexdigest(), 0, 0,
             "success", "", "", "clip")
        for number in range(40)
    ]  # fmt: skip
    assert {delivered(task, (1920, 1080))[0] for task in tasks} == sizes
    assert {delivered(task, (640, 360))[0] for task in tasks} == {(640, 360)}, "but for the size of a full film only"


async def test_clips_may_come_without_colors_with_b_pictures_and_long_groups(tmp_path: Path) -> None:
    Image.new("RGB", (320, 180), "teal").save(tmp_path / "in.png")
    await clips.render_clip(
        tmp_path / "in.png", tmp_path / "out.mp4", 3, "pan right", SIZE, ffmpeg(), clips.Coded(250, 2, False)
    )
    said = subprocess.run([ffmpeg(), "-hide_banner", "-i", str(tmp_path / "out.mp4")], capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert "bt709" not in said.stderr
    command = [ffmpeg(), "-v", "error", "-i", str(tmp_path / "out.mp4"), "-c", "copy", "-f", "framecrc", "-"]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [row for row in rows if not row.startswith("#")]
    assert len(rows) == 72 and sum("F=" not in row for row in rows) == 1, "one key picture"
    assert any(row.split(",")[1].strip() != row.split(",")[2].strip() for row in rows), "shown in another order"


async def test_credits_are_taken_at_once_and_given_back_for_a_failed_task(kie: Kie) -> None:
    url = await kie.upload()
    await kie.create(url, duration="10")
    assert await kie.credit() == 20_000 - 84
    failed = await kie.ended((await kie.create(url, prompt="a bear [[fail]]"))["data"]["taskId"])
    charges = [(charge.kind, charge.usd) for charge in kie.context.account.charges("kie")]
    assert (failed["state"], failed["failCode"], failed["resultJson"]) == ("fail", "500", None)
    assert await kie.credit() == 20_000 - 84
    assert charges == [("clip", 0.42), ("clip", 0.21), ("refund", -0.21)]


async def test_the_same_request_has_the_same_key_wherever_its_picture_lies(kie: Kie) -> None:
    for name in ("one.png", "two.png"):
        await kie.create(await kie.upload(name=name))
    await kie.create(await kie.upload(), prompt="another")
    keys = [charge.key for charge in kie.context.account.charges("kie")]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


async def test_a_task_continues_after_the_service_was_restarted(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS) as context:
        kie = Kie(context, http)
        task_id = (await kie.create(await kie.upload()))["data"]["taskId"]
    async with running(tmp_path, "kie", options=OPTIONS) as context:
        again = Kie(context, http)
        record = await again.ended(task_id)
        assert (await http.get(media_of(record))).status_code == 200
        assert await again.credit() == 20_000 - 42
        assert len(context.account.charges("kie")) == 1


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"duration": 5}, "duration"),
        ({"duration": "7"}, "duration"),
        ({"prompt": "x" * 2501}, "prompt"),
        ({"prompt": ""}, "prompt is required"),
        ({"image_url": None}, "image_url is required"),
        ({"negative_prompt": "x" * 501}, "negative_prompt"),
        ({"cfg_scale": 2}, "cfg_scale"),
        ({"image_url": "file:///etc/passwd"}, "valid URL"),
    ],
)
async def test_a_bad_input_is_code_422_in_http_200_and_costs_nothing(
    kie: Kie, wanted: dict[str, Any], words: str
) -> None:
    answer = await kie.create(await kie.upload(), **wanted)
    assert (answer["http"], answer["code"]) == (200, 422)
    assert words in answer["msg"]
    assert kie.context.account.charges() == []


async def test_later_models_take_image_urls_and_have_their_own_price(kie: Kie) -> None:
    url = await kie.upload()
    for model, more, price in (
        ("kling-2.6/image-to-video", {"sound": False}, 55),
        ("kling-3.0/video", {"sound": False, "mode": "pro", "duration": "3"}, 54),
        ("kling/v3-turbo-image-to-video", {"resolution": "1080p", "duration": "4"}, 90),
        ("grok-imagine/image-to-video", {"resolution": "720p", "duration": "6"}, 27),
    ):
        before = await kie.credit()
        assert (await kie.create("", model, image_urls=[url], **more))["code"] == 200
        assert before - await kie.credit() == price
    assert (await kie.create(url, "kling-2.6/image-to-video", sound=False))["msg"] == "image_urls is required"


@pytest.mark.parametrize("name", clip_models.names())
def test_every_model_is_taken_as_videod_orders_it_at_the_published_price(name: str) -> None:
    model = clip_models.find(name)
    assert model is not None
    simulated = models.MODELS[clip_models.parts(name)[0]]
    for seconds in (model.lengths[0], model.lengths[-1]):
        wanted = clip_models.order(name, "https://x/p.png", "It moves. Slow push in.", "blur", seconds, None)
        assert models.check(simulated, wanted).credits == clip_models.credits(name, seconds)
        assert clip_checks.price(name, seconds, {"pricingDesc": simulated.price}) is None
        assert clip_checks.schema(name, seconds, models.schema(simulated)) is None
    mode = clip_models.mode_of(model, name)
    sizes = simulated.other_sizes.get(mode, simulated.sizes)
    assert set(model.sizes.get(mode, model.sizes.get("", ()))) == set(sizes) or mode == "720p" or mode == "4K"


@pytest.mark.parametrize("name", ["kling-3.0/video@std", "grok-imagine/image-to-video"])
def test_an_order_in_the_form_of_another_model_is_refused(name: str) -> None:
    wanted = clip_models.order(name, "https://x/p.png", "It moves.", "", 10, None)
    with pytest.raises(models.Invalid, match="image_url is required"):
        models.check(models.MODELS["kling/v2-1-standard"], wanted)
    with pytest.raises(models.Invalid, match="allowed options"):
        models.check(models.MODELS[clip_models.parts(name)[0]], wanted | {"mode": "8K"})


async def test_a_model_tells_its_price_and_its_form_to_who_has_the_key(kie: Kie) -> None:
    path = f"{kie.api}/models/grok-imagine/image-to-video"
    assert "4.5 credits" in (await kie.http.get(f"{path}/price")).json()["data"]["pricingDesc"]
    assert (await kie.http.get(f"{kie.api}/models/grok-9/schema")).json()["code"] == 404
    kie.http.headers["Authorization"] = "Bearer wrong"
    assert (await kie.http.get(f"{path}/schema")).json()["code"] == 401


async def test_an_unknown_model_is_404_and_a_wrong_key_401(kie: Kie) -> None:
    assert (await kie.create("http://127.0.0.1:9/x.png", "kling/v2-1-master-image-to-video"))["code"] == 404
    kie.http.headers["Authorization"] = "Bearer wrong"
    assert (await kie.create("http://127.0.0.1:9/x.png"))["code"] == 401
    assert (await kie.info("x"))["code"] == 401


async def test_a_picture_that_cannot_be_fetched_or_read_is_451(kie: Kie) -> None:
    gone = (await kie.upload()).replace("seed", "other")
    text = await kie.upload(b"not a picture", "text.png")
    broken = await kie.upload(picture()[:-200], "broken.png")
    codes = [(await kie.create(url))["code"] for url in ("http://127.0.0.1:9/x.png", gone, text, broken)]
    assert codes == [451] * 4
    assert kie.context.account.charges() == []


async def test_the_twenty_first_create_in_ten_seconds_is_http_429(tmp_path: Path, http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with running(tmp_path, "kie", options=OPTIONS, clock=clock) as context:
        kie = Kie(context, http)
        codes = [(await kie.create("http://127.0.0.1:9/x.png"))["http"] for _ in range(21)]
        clock.now_s += 10
        assert codes == [200] * 20 + [429]
        assert (await kie.create("http://127.0.0.1:9/x.png"))["http"] == 200


@pytest.mark.parametrize(
    ("kind", "code"),
    [("no_credit", 402), ("sub_key_limit", 433), ("code_429", 429), ("code_500", 500), ("maintenance", 455)],
)
async def test_a_fault_answers_its_code_in_http_200_and_charges_nothing(kie: Kie, kind: str, code: int) -> None:
    kie.fault(kind)
    answer = await kie.create(await kie.upload())
    assert (answer["http"], answer["code"]) == (200, code)
    assert kie.context.account.charges() == []
    assert (await kie.create(await kie.upload()))["code"] == 200


async def test_an_empty_purse_is_402(tmp_path: Path, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videod.sandbox.kie.tasks.START_CREDITS", 100.0)
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS) as context:
        kie = Kie(context, http)
        url = await kie.upload()
        assert [(await kie.create(url, duration="10"))["code"] for _ in range(2)] == [200, 402]


async def test_a_refused_generation_ends_in_fail_while_the_envelope_says_200(kie: Kie) -> None:
    kie.fault("fail_refused")
    record = await kie.clip()
    assert record["state"] == "fail"
    assert "content policy" in record["failMsg"]


async def test_record_info_may_be_null_for_a_task_that_exists(kie: Kie) -> None:
    task_id = (await kie.create(await kie.upload()))["data"]["taskId"]
    kie.fault("null_record")
    first, second = await kie.info(task_id), await kie.info(task_id)
    assert (first["code"], first["msg"]) == (422, "recordInfo is null")
    assert second["data"]["taskId"] == task_id


async def test_a_stuck_task_stays_generating_and_a_late_one_needs_its_seconds(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    clock = Clock()
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS, clock=clock) as context:
        kie = Kie(context, http)
        kie.fault("stuck")
        stuck = (await kie.create(await kie.upload()))["data"]["taskId"]
        kie.fault("late", seconds=500)
        late = (await kie.create(await kie.upload()))["data"]["taskId"]
        clock.now_s += 499
        assert [(await kie.info(task_id))["data"]["state"] for task_id in (stuck, late)] == ["generating"] * 2
        clock.now_s += 10
        assert (await kie.ended(late))["state"] == "success"
        assert (await kie.info(stuck))["data"]["state"] == "generating"


@pytest.mark.parametrize(("kind", "seconds"), [("short_clip", 2), ("corrupt_clip", None)])
async def test_bad_media_can_be_asked_for(kie: Kie, tmp_path: Path, kind: str, seconds: int | None) -> None:
    kie.fault(kind)
    file = tmp_path / "clip.mp4"
    file.write_bytes((await kie.http.get(media_of(await kie.clip()))).content)
    assert len(frames(file)) == 24 * seconds if seconds is not None else len(frames(file)) < 5 * 24


async def test_a_result_address_expires_and_a_fresh_one_can_be_had(tmp_path: Path, http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS, clock=clock) as context:
        kie = Kie(context, http)
        task_id = (await kie.create(await kie.upload()))["data"]["taskId"]
        clock.now_s += 1
        url = media_of(await kie.ended(task_id))
        kie.fault("expired_result")
        assert [(await http.get(url)).status_code for _ in range(2)] == [404, 200]
        clock.now_s += 24 * 3600 + 1
        assert (await http.get(url)).status_code == 404
        fresh = (await http.post(f"{kie.api}/common/download-url", json={"url": url})).json()["data"]
        assert (await http.get(fresh)).status_code == 200
        clock.now_s += 20 * 60 + 1
        assert (await http.get(fresh)).status_code == 404
        foreign = await http.post(f"{kie.api}/common/download-url", json={"url": "https://example.org/x.mp4"})
        assert foreign.json()["code"] == 422


async def test_an_answer_that_is_lost_was_charged(kie: Kie) -> None:
    kie.fault("reset_after", endpoint="POST */createTask")
    url = await kie.upload()
    with pytest.raises(httpx.TransportError):
        await kie.create(url)
    assert [charge.usd for charge in kie.context.account.charges("kie")] == [0.21]


async def test_uploads_come_as_stream_base64_and_url(kie: Kie) -> None:
    upload, data = kie.context.urls["kie_upload"], picture(mode="JPEG")
    text = "data:image/jpeg;base64," + base64.b64encode(data).decode()
    streamed = await kie.upload(data)
    bodies = [
        ("file-base64-upload", {"base64Data": text, "uploadPath": "a/b", "fileName": "two.jpg"}),
        ("file-url-upload", {"fileUrl": streamed, "uploadPath": "a/b", "fileName": "three.jpg"}),
    ]
    for call, body in bodies:
        facts = (await kie.http.post(f"{upload}/api/{call}", json=body)).json()["data"]
        assert facts["filePath"] == f"a/b/{body['fileName']}"
        assert facts["fileSize"] == len(data)
        assert (await kie.http.get(facts["downloadUrl"])).content == data


async def test_an_upload_needs_its_path_its_key_and_an_ordinary_agent(kie: Kie) -> None:
    url = kie.context.urls["kie_upload"] + "/api/file-stream-upload"
    files = {"file": ("a.png", picture(), "image/png")}
    pathless = await kie.http.post(url, files=files)
    outside = await kie.http.post(url, files=files, data={"uploadPath": "../../etc"})
    keyless = await kie.http.post(url, files=files, headers={"Authorization": "Bearer wrong"})
    robot = await kie.http.post(url, files=files, headers={"User-Agent": "Python-urllib/3.11"})
    assert pathless.json() == {"success": False, "code": 400, "msg": "Missing required parameter: uploadPath"}
    assert outside.json()["code"] == 400
    assert (keyless.status_code, keyless.json()["msg"]) == (401, "Authentication failed: Invalid API Key")
    assert (robot.status_code, robot.text) == (403, "error code: 1010")


async def test_an_uploaded_file_is_gone_after_a_day(tmp_path: Path, http: httpx.AsyncClient) -> None:
    clock = Clock()
    async with running(tmp_path, "kie", "kie_upload", options=OPTIONS, clock=clock) as context:
        kie = Kie(context, http)
        url = await kie.upload()
        assert (await http.get(url)).status_code == 200
        clock.now_s += 24 * 3600 + 1
        assert (await http.get(url)).status_code == 404
        assert (await kie.create(url))["code"] == 451
