"""What stands for the scripts in virtual time: the same contract (receipts, events, exit codes) without processes.

`Vendors` keeps the outside's own books: what was bought, how often, how many calls ran at once. A purchase happens
at one instant inside a call, so that a power cut can fall before it, or between it and its receipt.
"""

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.harness.power import Power, PowerCut
from tests.harness.virtual_loop import VirtualLoop
from videod.core import offers
from videod.core.service import CREDIT, Remote
from videod.core.step import Expectation
from videod.core.tables import STEPS
from videod.ports import Artefact, BadArtefact, NoAnswer, Spawn

SERVICE = {step.script: step.service for step in STEPS.values()} | {one.script: name for name, one in offers.others()}
#: the script of another service's offer -> the step's own, which it does as
STANDS_FOR = {one.script: STEPS[one.step].script for _, one in offers.others()}
#: seconds a call takes, lowest and highest: the usual ones, but for two clips a film is joined faster
LATENCY = {step.script: (step.usual.low, step.usual.high) for step in STEPS.values()} | {"assemble_video.py": (5, 10)}
PRICE = {
    "generate_plan.py": 0.02, "generate_asset.py": 0.0336, "generate_video.py": 0.42, "generate_audio.py": 0.01,
    "generate_sound_effects.py": 0.12,
}  # fmt: skip


#: what the services that tell a balance take for it
CREDITS = {"generate_video.py": 84, "generate_audio.py": 53, "generate_sound_effects.py": 400}
PIECE = {"quantity": 1, "unit": "piece"}


@dataclass
class Trouble:
    """A fault of a service: with probability `share` a call ends as `failure` before anything is bought."""

    service: str
    share: float
    failure: dict[str, object]
    until_s: float = float("inf")
    left: int | None = None


@dataclass
class Vendors:
    """The outside's books. `bought` counts by request, `uploaded` by task marker."""

    chance: random.Random
    bought: Counter[str] = field(default_factory=Counter)
    uploaded: Counter[str] = field(default_factory=Counter)
    usd: float = 0.0
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    remote: dict[str, float] = field(default_factory=dict)
    #: what each account was used for, thousandths of a credit; how many of the next clips fail in the end, and which
    used: Counter[str] = field(default_factory=Counter)
    failing_clips: int = 0
    failing: set[str] = field(default_factory=set)
    #: the next orders of clips whose answer is lost, "before" or "after" they were taken
    lost: list[str] = field(default_factory=list)
    #: the share of all paid requests and uploads whose answer is lost, half of them after they were carried out
    losing: float = 0.0
    #: whether accounts can be asked for, and what others did with them meanwhile, thousandths of a credit
    mute: bool = False
    others: Counter[str] = field(default_factory=Counter)
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: how many of the next clips are made so that the gate refuses them, and how many of the next downloads are
    spoilt_clips: int = 0
    spoilt_downloads: int = 0
    spoilt: set[str] = field(default_factory=set)
    #: script -> the exit codes with which its next runs end after they paid; they leave no file
    ends: dict[str, list[int]] = field(default_factory=dict)
    last_words: str = "Error: the result could not be fetched"
    #: script -> how often it says its charge
    repeats: Counter[str] = field(default_factory=Counter)

    #: what a film holds that is made now
    film: str = "assemble_video.py"
    #: what the planner makes of a plan before it is written
    planned: Callable[[dict[str, object]], dict[str, object]] = dict

    def now(self) -> str:
        """The time of receipts, ISO."""
        return self.wall().isoformat(timespec="milliseconds")

    def fate(self, clip: bool) -> str | None:
        """What becomes of the answer to a paid request: None, or lost "before" or "after" the request was taken."""
        if clip and self.lost:
            return self.lost.pop(0)
        if self.losing and self.chance.random() < self.losing:
            return self.chance.choice(("before", "after"))
        return None

    def trouble(self, service: str, now: float) -> dict[str, object] | None:
        for one in self.troubles:
            if one.service == service and now < one.until_s and one.left != 0 and self.chance.random() < one.share:
                if one.left is not None:
                    one.left -= 1
                return one.failure
        return None


SOUND = (
    "Continuous river ambience with soft wind over wet stones and slow water number {n} while distant birds call from"
    " the far bank and heavy paws press into cold gravel, subtle nature documentary sound effect"
)


def plan_document(clips: int, images: int, title: str) -> dict[str, object]:
    """A plan that obeys the craft's rules, for any size from 2 clips and 3 images to 18 and 22."""
    poses = ["bear_core"] if clips < 12 else ["bear_core", "bear_sits", "bear_drinks", "bear_rests"]
    props = ["track"] if images >= 8 else []
    places = [f"place_{n}" for n in range(1, images - len(poses) - len(props) + 1)]
    rows: list[dict[str, object]] = [
        {"id": name, "kind": "character", "subject": "bear", "species": "brown bear", "role": "protagonist",
         "core": name == "bear_core", "prompt": f"The brown bear {name.removeprefix('bear_')} on moss."}
        for name in poses
    ]  # fmt: skip
    rows += [_still(name, "prop", "track", "A paw track in wet sand.") for name in props]
    rows += [_still(name, "environment", name, f"A river bend called {name} under mist.") for name in places]
    scenes = [_scene(number, clips, poses, props, places) for number in range(1, clips + 1)]
    arc = {name: name for name in ("want", "obstacle", "escalation", "turn", "resolution")}
    return {
        "version": 1, "title": title, "logline": "A bear crosses.", "description": "A bear crosses a river.",
        "tags": ["bear"], "research": ["Bears fish."], "arc": arc, "atmosphere": "Dawn mist, soft light.",
        "images": rows, "clips": scenes,
    }  # fmt: skip


def _still(name: str, kind: str, subject: str, prompt: str) -> dict[str, object]:
    return {"id": name, "kind": kind, "subject": subject, "species": None, "role": None, "core": False,
            "prompt": prompt}  # fmt: skip


def _scene(number: int, clips: int, poses: list[str], props: list[str], places: list[str]) -> dict[str, object]:
    scale = round(0.3 + 0.02 * number, 2)
    picture = {
        "type": "cutout",
        "images": [poses[number % len(poses)], places[(number - 1) % len(places)]],
        "scale": scale,
    }
    if props and number == clips:
        picture = {"type": "full", "images": props, "scale": 1.0}
    return {
        "number": number, "beat": f"beat {number}", "picture": picture, "negative": "blur",
        "motion": f"The bear lifts its head {number} times. Slow push in.",
        "narration": f"The bear waits beside the cold river for hour {number}.", "sound": SOUND.format(n=number),
    }  # fmt: skip


#: what a file begins with that the gate refuses
SPOILT = "spoilt"


class ScriptDouble:
    """One running script: a coroutine that obeys the contract. Implements ports.Child."""

    pid = 0

    def __init__(self, spawn: Spawn, vendors: Vendors, power: Power) -> None:
        self._vendors = vendors
        self._power = power
        self._argv = spawn.argv
        self._journal = spawn.env.get("VIDEOD_JOURNAL")
        self._name = Path(next(part for part in spawn.argv if part.endswith(".py"))).name
        self._events: asyncio.Queue[str | None] = asyncio.Queue()
        self._code = 0
        self._service = SERVICE[self._name]
        self._name = STANDS_FOR.get(self._name, self._name)
        self._task = asyncio.create_task(self._live())

    def _value(self, flag: str, default: str = "") -> str:
        tied = next((part for part in self._argv if part.startswith(f"{flag}=")), None)
        if tied is not None:  # a value that begins like an option
            return tied.removeprefix(f"{flag}=")
        return self._argv[self._argv.index(flag) + 1] if flag in self._argv else default

    def _emit(self, event: str, **fields: object) -> None:
        self._events.put_nowait(json.dumps({"type": event, **fields}))

    async def _live(self) -> None:
        vendors = self._vendors
        vendors.at_once[self._service] += 1
        vendors.calls[self._service] += 1
        vendors.most_at_once[self._service] = max(vendors.most_at_once[self._service], vendors.at_once[self._service])
        try:
            self._code = await self._work()
        except asyncio.CancelledError:
            self._code = -15
        except PowerCut:
            self._code = -9  # it dies with its daemon
        finally:
            vendors.at_once[self._service] -= 1
            self._events.put_nowait(None)

    async def _work(self) -> int:
        now = asyncio.get_running_loop().time()
        low, high = LATENCY[self._name]
        latency = self._vendors.chance.uniform(low, high)
        await asyncio.sleep(0.1)
        failure = self._vendors.trouble(self._service, now)
        if failure is not None:
            await asyncio.sleep(min(latency, 1))
            self._emit("failure", service=self._service, **failure)
            return 75
        if self._name == "clean_workspace.py":
            return 0
        output = Path(self._value("--output"))
        if self._name == "upload_video.py":
            return await self._upload(output, latency)
        if self._name not in PRICE:
            await asyncio.sleep(latency)
            self._write(output, self._vendors.film if self._name == "assemble_video.py" else self._name)
            return 0
        if "--events" not in self._argv:
            return await self._buy_without_a_word(output, latency)
        return await self._buy(output, latency)

    async def _buy_without_a_word(self, output: Path, latency: float) -> int:
        """A custom script: it keeps no receipt and tells nothing, it buys whenever it is started."""
        await asyncio.sleep(latency / 4)
        self._power.point("before a purchase")
        self._vendors.bought[f"{self._name} {self._request()}"] += 1
        spoken = self._name == "generate_audio.py"
        self._vendors.usd += 0.08 * len(self._value("--text")) / 1000 if spoken else PRICE[self._name]
        self._vendors.used[self._service] += CREDITS.get(self._name, 0) * CREDIT
        self._power.point("after a purchase")
        await asyncio.sleep(latency * 3 / 4)
        if ends := self._vendors.ends.get(self._name):
            self._events.put_nowait(self._vendors.last_words)
            return ends.pop(0)
        self._write(output, self._content())
        return 0

    def _write(self, path: Path, text: str) -> None:
        self._power.point(f"child writes {path.name}")
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(text)
        temporary.replace(path)
        self._power.point(f"child wrote {path.name}")

    def _noted(self, output: Path, name: str) -> Path:
        return Path(self._journal, name) if self._journal else output.with_name(name)

    def _request(self) -> str:
        skipped = {"--buy-again", "--events", "--fetch-only"}
        return hashlib.sha256("\0".join(part for part in self._argv if part not in skipped).encode()).hexdigest()

    async def _buy(self, output: Path, latency: float) -> int:
        request, path = self._request(), self._noted(output, f"{output.name}.job.json")
        kept = json.loads(path.read_text()) if path.exists() else {"state": None, "digest": request}
        state = kept["state"] if kept["digest"] == request else None
        if state == "received" and output.exists():
            return 0
        if state == "intent" and "--buy-again" not in self._argv:
            self._emit("failure", kind="in_doubt", message="maybe paid", service=self._service)
            return 75

        def keep(new: str, remote: str | None = None) -> None:
            kept = {"state": new, "digest": request, "remote_id": remote, "usd": price, "at": self._vendors.now()}
            self._write(path, json.dumps(kept))

        price, remote = PRICE[self._name], str(kept.get("remote_id"))
        clip, refused = self._name == "generate_video.py", output.with_name(f"{output.name}.refused")
        if clip and state == "received":
            # a finished clip can be fetched once more; where it is the one that was refused, another is bought
            self._emit("submitted", service=self._service, remote_id=remote)
            content = self._fetched(remote)
            if not refused.exists() or refused.read_text() != content:
                self._write(output, content)
                return 0
        if "--fetch-only" in self._argv and state != "submitted":
            self._emit("failure", kind="input", message="there is no order to fetch", service=self._service)
            return 65
        if state != "submitted":
            keep("intent")
            await asyncio.sleep(latency / 4)
            self._power.point("before a purchase")
            lost = self._vendors.fate(clip)
            if lost == "before":
                return self._lose()
            anew = f" after {refused.read_text()}" if refused.exists() else ""
            self._vendors.bought[f"{self._name} {request}{anew}"] += 1
            self._vendors.usd += price
            self._vendors.used[self._service] += CREDITS.get(self._name, 0) * CREDIT
            remote = f"remote-{len(self._vendors.remote)}"
            self._vendors.remote[remote] = asyncio.get_running_loop().time() + latency
            if clip and self._vendors.failing_clips:
                self._vendors.failing_clips -= 1
                self._vendors.failing.add(remote)
            if clip and self._vendors.spoilt_clips:
                self._vendors.spoilt_clips -= 1
                self._vendors.spoilt.add(remote)
            self._power.point("after a purchase")
            if lost == "after":
                return self._lose()
        if clip:
            keep("submitted", remote)
            self._emit("submitted", service=self._service, remote_id=remote)
            await asyncio.sleep(max(0.0, self._vendors.remote[remote] - asyncio.get_running_loop().time()))
            if remote in self._vendors.failing:
                path.unlink()
                self._emit("failure", kind="nonsense", message="the task failed", service=self._service)
                return 76
        else:
            await asyncio.sleep(latency * 3 / 4)
        unit = {"quantity": CREDITS[self._name], "unit": "credit"} if self._name in CREDITS else PIECE
        for number in range(max(1, self._vendors.repeats[self._name])):
            told = {"usd": 0.0, "remote_id": f"{remote} {number}"} if number else {"usd": price, "remote_id": remote}
            self._emit("charged", service=self._service, kind=self._name, **told, **unit)
        self._write(output, self._fetched(remote) if clip else self._content())
        keep("received", remote)
        return 0

    def _lose(self, kind: str = "in_doubt") -> int:
        self._emit("failure", kind=kind, message="the connection broke", service=self._service, endpoint="POST /x")
        return 75

    def _fetched(self, remote: str) -> str:
        if self._vendors.spoilt_downloads:
            self._vendors.spoilt_downloads -= 1
            return f"{SPOILT} download"
        return f"{SPOILT} {remote}" if remote in self._vendors.spoilt else self._content()

    def _content(self) -> str:
        if self._name == "generate_plan.py":
            document = plan_document(int(self._value("--clips")), int(self._value("--images")), self._value("--title"))
            return json.dumps(self._vendors.planned(document))
        return self._request()

    async def _upload(self, output: Path, latency: float) -> int:
        marker = self._value("--marker")
        await asyncio.sleep(latency)
        if not self._vendors.uploaded[marker]:  # looks before it leaps, as upload_video.py does
            self._power.point("before an upload")
            lost = self._vendors.fate(clip=False)
            if lost == "before":
                return self._lose("down")
            self._vendors.uploaded[marker] += 1
            self._power.point("after an upload")
            if lost == "after":
                return self._lose("down")
        told = json.dumps({"video_id": f"v-{marker[-6:]}", "url": f"https://youtu.be/v-{marker[-6:]}"})
        for place in dict.fromkeys((self._noted(output, output.name), output)):
            self._write(place, told)
        return 0

    async def lines(self) -> AsyncIterator[str]:
        while (line := await self._events.get()) is not None:
            yield line

    async def wait(self) -> int:
        await asyncio.wait([self._task])
        return self._code

    async def kill(self, grace_s: float) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    def stderr_tail(self) -> str:
        return ""


class BalanceDouble:
    """The accounts of the services that tell one. Implements ports.BalanceClient."""

    services = ("kie", "elevenlabs")

    def __init__(self, vendors: Vendors, power: Power) -> None:
        self._vendors = vendors
        self._power = power

    def _ended(self, remote: str) -> bool:
        return asyncio.get_running_loop().time() >= self._vendors.remote[remote]

    async def _asked(self) -> None:
        await asyncio.sleep(0.2)
        self._power.point("an account is asked for")
        if self._vendors.mute:
            raise NoAnswer("HTTP 503")

    async def used(self, service: str) -> int:
        await self._asked()
        back = sum(map(self._ended, self._vendors.failing)) * CREDITS["generate_video.py"] * CREDIT
        return self._vendors.used[service] + self._vendors.others[service] - (back if service == "kie" else 0)

    async def remote(self, service: str, reference: str) -> Remote:
        await self._asked()
        if not self._ended(reference):
            return Remote(failed=False)
        left_s = asyncio.get_running_loop().time() - self._vendors.remote[reference]
        ended_at = round((self._vendors.wall().timestamp() - left_s) * 1000)
        return Remote(reference in self._vendors.failing, ended_at)


class LauncherDouble:
    """Starts doubles; `running` are those alive (a power cut ends them without a word)."""

    def __init__(self, vendors: Vendors, power: Power) -> None:
        self._vendors = vendors
        self._power = power
        self.spawns: list[Spawn] = []
        self.observe: Callable[[Spawn], None] | None = None

    async def start(self, spawn: Spawn) -> ScriptDouble:
        self._power.point("before a child")
        self.spawns.append(spawn)
        if self.observe is not None:
            self.observe(spawn)
        return ScriptDouble(spawn, self._vendors, self._power)


class InspectorDouble:
    """Takes any file that is there and not spoilt; the plan is really parsed by the runner."""

    async def inspect(self, path: Path, makes: str, expected: Expectation) -> Artefact:
        if makes == "nothing":
            return Artefact(0, "")
        if not path.is_file():
            raise BadArtefact(f"{path.name} is missing")
        data = path.read_bytes()
        if data.startswith(SPOILT.encode()):
            raise BadArtefact(f"{path.name} is black from start to end")
        facts = json.loads(data) if path.name.startswith("result") else {}
        return Artefact(len(data), hashlib.sha256(data).hexdigest(), facts)


def current_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
