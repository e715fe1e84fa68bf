"""The task API: createTask, recordInfo, credit, download-url, and the media it hands out."""

import asyncio
import hashlib
import json
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from videod.sandbox.kernel import Context, Fault, traffic
from videod.sandbox.kie import links, models, pictures
from videod.sandbox.kie.envelope import answer, has_key, refusal
from videod.sandbox.kie.tasks import Fate, Task, Tasks

#: "20 new generation requests per 10 s per account, excess gets 429 and is not queued" (docs.kie.ai, 2026).
CREATES, CREATES_WINDOW_MS = 20, 10_000
#: What the simulated service says for each fault that is only an envelope code.
CODES = {
    "no_credit": (402, "Your current balance isn't enough to run this request. Please top up to continue."),
    "sub_key_limit": (433, "The sub-key usage limit has been exceeded."),
    "code_429": (429, "You are calling too frequently. Please try again later."),
    "code_500": (500, "Server exception, please try again later or contact customer service"),
    "maintenance": (455, "The service is currently undergoing maintenance. Please try again later."),
    "unreachable_image": (451, "Failed to fetch the image. Please check any access limits set by you."),
}
FAILURES = {
    "fail_generation": ("500", "Internal Error, Please try again later."),
    "fail_refused": (
        "400",
        "Your prompt or image was flagged by our content policy as violating the usage guidelines.",
    ),
}


class Api:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._creates: deque[int] = deque()
        self.tasks = Tasks(context)

    async def create_task(self, request: web.Request) -> web.Response:
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        if self._too_many():
            return refusal(429, CODES["code_429"][1], http=429)
        fault = self._context.faults.take("kie", "POST /api/v1/jobs/createTask", CODES)
        if fault is not None:
            return refusal(*CODES[fault.kind])
        body = await _json_object(request)
        if body is None or not isinstance(body.get("input"), dict):
            return refusal(422, "The input parameter is missing or not valid JSON")
        model = models.MODELS.get(str(body.get("model")))
        if model is None:
            return refusal(404, "The model does not exist, please check the model name")
        try:
            order = models.check(model, body["input"])
            pictured = [await pictures.fetch(url) for url in order.image_urls]
        except models.Invalid as problem:
            return refusal(422, str(problem))
        except pictures.Unreachable as problem:
            return refusal(451, f"Failed to fetch the image: {problem}")
        if order.credits > self.tasks.credits_left():
            return refusal(*CODES["no_credit"])
        return answer({"taskId": self._accept(order, json.dumps(body), pictured).id})

    def _accept(self, order: models.Order, param: str, pictured: list[bytes]) -> Task:
        return self.tasks.create(order, param, _key(order, pictured), pictured[0], self._fate(order.prompt))

    def _fate(self, prompt: str) -> Fate:
        def take(*kinds: str) -> Fault | None:
            return self._context.faults.take("kie", "POST /api/v1/jobs/createTask", kinds)

        ending, media, late = take(*FAILURES, "stuck"), take("short_clip", "corrupt_clip"), take("late")
        ends = "fail_generation" if "[[fail]]" in prompt else ending.kind if ending else "success"
        code, message = FAILURES.get(ends, ("", ""))
        return Fate(
            ending="fail" if ends in FAILURES else ends, fail_code=code, fail_msg=message,
            media=media.kind if media else "clip", late_ms=int(late.seconds * 1000) if late else 0,
        )  # fmt: skip

    def _too_many(self) -> bool:
        now = self._context.now_ms()
        while self._creates and self._creates[0] <= now - CREATES_WINDOW_MS:
            self._creates.popleft()
        if len(self._creates) >= CREATES:
            return True
        self._creates.append(now)
        return False

    async def record_info(self, request: web.Request) -> web.Response:
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        task = self.tasks.find(request.query.get("taskId", ""))
        lost = self._context.faults.take("kie", f"GET {request.path}", ("null_record",))
        if task is None or lost is not None:
            return refusal(422, "recordInfo is null")
        task = self.tasks.settle(task)
        state = self.tasks.state(task)
        ended = task.completed_ms
        media = links.link(self._context, task.id, (ended or 0) + links.RESULT_LIFE_MS)
        return answer(
            {
                "taskId": task.id, "model": task.model, "state": state, "param": task.param,
                "resultJson": json.dumps({"resultUrls": [media]}) if state == "success" else None,
                "failCode": task.fail_code if state == "fail" else None,
                "failMsg": task.fail_msg if state == "fail" else None,
                "costTime": ended - task.created_ms if ended is not None else None,
                "completeTime": ended, "createTime": task.created_ms,
                "updateTime": ended if ended is not None else self._context.now_ms(),
                "creditsConsumed": task.credits if state == "success" else 0,
            }
        )  # fmt: skip

    async def credit(self, request: web.Request) -> web.Response:
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        self.tasks.settle_all()
        left = self.tasks.credits_left()
        return answer(int(left) if left == int(left) else left)

    async def models(self, request: web.Request) -> web.Response:
        """The free catalog."""
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        return answer([{"id": name, "type": "video"} for name in models.MODELS])

    async def model(self, request: web.Request) -> web.Response:
        """What is said of one model, also free: its price in words, or the form of its input."""
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        found = models.MODELS.get(request.match_info["model"])
        if found is None:
            return refusal(404, "The model does not exist, please check the model name")
        if request.match_info["about"] == "schema":
            return answer(models.schema(found))
        fault = self._context.faults.take("kie", f"GET {request.path}", ("another_price",))
        said = "999 credits ($4.995) for each video" if fault is not None else found.price
        return answer({"model": found.name, "pricingDesc": said})

    async def download_url(self, request: web.Request) -> web.Response:
        if not has_key(request):
            return refusal(401, "You do not have access permissions")
        body = await _json_object(request)
        url = str((body or {}).get("url", ""))
        ours = links.task_of(urlsplit(url).path) if url.startswith(self._context.urls["kie"] + "/") else None
        if ours is None or self.tasks.find(ours[0]) is None:
            return refusal(422, "The url is not a file generated by this service")
        return answer(links.link(self._context, ours[0], self._context.now_ms() + links.FRESH_LIFE_MS))

    async def media(self, request: web.Request) -> web.Response:
        wanted = links.task_of(request.path)
        gone = self._context.faults.take("kie", f"GET {request.path}", ("expired_result",)) is not None
        if gone or wanted is None or wanted[1] < self._context.now_ms() or not self.tasks.clip(wanted[0]).exists():
            return web.Response(status=404, text="404 page not found")
        return web.Response(
            body=await asyncio.to_thread(self.tasks.clip(wanted[0]).read_bytes), content_type="video/mp4"
        )


def _key(order: models.Order, pictured: list[bytes]) -> str:
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(data).digest() for data in pictured))
    digest.update(json.dumps([order.model, order.prompt, str(order.seconds), order.negative_prompt]).encode())
    return digest.hexdigest()


async def _json_object(request: web.Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def build(context: Context) -> web.Application:
    """The app of api.kie.ai; unfinished tasks of an earlier process go on as soon as it starts."""
    api = Api(context)
    app = web.Application(middlewares=[traffic(context, "kie")])
    app.add_routes(
        [
            web.post("/api/v1/jobs/createTask", api.create_task),
            web.get("/api/v1/jobs/recordInfo", api.record_info),
            web.get("/api/v1/chat/credit", api.credit),
            web.get("/api/v1/models", api.models),
            web.get("/api/v1/models/{model:.+}/{about:schema|price}", api.model),
            web.post("/api/v1/common/download-url", api.download_url),
            web.get("/media/{until}/{mark}/{name}", api.media),
        ]
    )

    async def resume(_: web.Application) -> None:
        api.tasks.resume()

    async def close(_: web.Application) -> None:
        await api.tasks.close()

    app.on_startup.append(resume)
    app.on_cleanup.append(close)
    return app
