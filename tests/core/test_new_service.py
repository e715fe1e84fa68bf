"""A new service is one file: lane, limits, secrets, pages and the choice of who makes the clips follow from it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent / "cases" / "new_service.txt"
#: a videod in whose folder of services one more file lies
PROGRAM = """
import dataclasses, importlib.util, json, sys
from pathlib import Path, PurePosixPath

import videod.core

spec = importlib.util.find_spec("videod.core.services")
spec.submodule_search_locations.append(sys.argv[1])
services = importlib.util.module_from_spec(spec)
videod.core.services = sys.modules["videod.core.services"] = services
spec.loader.exec_module(services)

from tests.core.book import Book
from tests.simulation import plants
from videod.channels import Channel
from videod.cli import client, docs
from videod.config import ConfigError, Settings, load_settings
from videod.core import breaker, offers, tables
from videod.core.failures import Failure, Kind
from videod.core.model import Job
from videod.core.advice import advice
from videod.credentials import SECRET_NAMES, service_urls
from videod.daemon import wiring
from videod.adapters.credit import ServiceBalances
from videod.simulation.latency import Latencies
from videod.simulation.run import Arrival, simulate

steps = {name: step.service for name, step in tables.STEPS.items()}
services.check(steps, {name for name, step in tables.STEPS.items() if step.paid})

file = Path(sys.argv[1]) / "videod.toml"


def settings(text, **env):
    file.write_text(text)
    return load_settings(file, env)


def refused(text):
    try:
        settings(text)
    except ConfigError as error:
        return str(error).replace(str(file), "videod.toml")


plain = settings("")
env = {"VIDEOD_SERVICES_CLIP": "mirror", "VIDEOD_SERVICES_MIRROR_TIMEOUT_S": "80"}
chosen = settings("[services.mirror]\\nclip_usd = 0.3", **env)
channel = Channel(id="a", name="a", youtube_channel="UCa", voice_id="v", brand="A made-up channel to play with.")
policy = wiring.policy_of(chosen, channel)
book = Book()
book.queue()
task = book.one
context = wiring.context_maker(lambda: chosen, lambda: type("S", (), {"channels": {task.channel_id: channel}}))
at = context(task, PurePosixPath("/w"), {"composite/clip_01": "a.png"})
args = {"picture": "composite/clip_01", "prompt": "p", "negative": "n", "seconds": 10}
job = Job(task.id, task.channel_id, "clip", "clip_01", "mirror", "ready", args=args)
step = tables.step_of(job)
argv = step.argv(job, offers.context(at, step)).argv
ours = tables.STEPS["clip"].argv(job, offers.context(at, tables.STEPS["clip"])).argv

small = dataclasses.replace(
    plants.policy("a"), services=policy.services, prices_micros=plants.PRICES | chosen.services.micros()
)
log = simulate(plants.plant([small]), [Arrival(0, "a")], Latencies())
usual = simulate(plants.plant([plants.policy("a")]), [Arrival(0, "a")], Latencies())
print(json.dumps({
    "choice": [plain.services.chosen(), chosen.services.chosen(), policy.services],
    "refused": [refused('[services]\\nclip = "sora"'), refused('[services]\\nimage = "mirror"')],
    "limits": [plain.services.of("mirror").concurrency, wiring.limits(plain)["mirror"].rate],
    "price": [policy.prices_micros["clip"], policy.prices_micros["clip/mirror"], step.price.micros({}, policy)],
    "step": [step.script, step.secrets, step.deadline_s, wiring.deadline_s(chosen, step)],
    "argv": [argv[argv.index("--model") + 1], argv[argv.index("--wait") + 1]],
    "ours": [ours[ours.index("--model") + 1], ours[ours.index("--wait") + 1]],
    "jobs": sorted({(one.step, one.service) for one in log.jobs if one.step in ("clip", "image")}),
    "usual": sorted({(one.step, one.service) for one in usual.jobs if one.step in ("clip", "image")}),
    "ended": [one.status for one in (*log.episodes, *usual.episodes)],
    "required": [name for name in wiring.required(chosen) if name in ("KIE_API_KEY", "MIRROR_API_KEY")],
    "required before": [name for name in wiring.required(plain) if name in ("KIE_API_KEY", "MIRROR_API_KEY")],
    "secret": "MIRROR_API_KEY" in SECRET_NAMES, "url": service_urls({})["VIDEOD_URL_MIRROR"],
    "balance": "mirror" in ServiceBalances.services, "guarded": "mirror" in breaker.GUARDED,
    "screens": client.CONCURRENCY["mirror"], "lane": "mirror" in tables.SERVICES,
    "advice": advice(job, Failure(Kind.CREDENTIALS, "no", "mirror")),
    "pages": [name for name in docs.BLOCKS if name != "scripts" and "mirror" in docs.BLOCKS[name]().lower()],
    "toml": docs.services(), "settings": docs.settings(),
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("services")
    shutil.copy(FILE, folder / "mirror.py")
    argv = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_a_setting_chooses_who_makes_the_clips(seen: dict[str, object]) -> None:
    said = {"narration": "elevenlabs"}
    assert seen["choice"] == [{"clip": "kie"} | said, {"clip": "mirror"} | said, {"clip": "mirror"} | said]
    wrong, unknown = seen["refused"]  # type: ignore[misc]
    assert re.match(r"videod\.toml:2: services\.clip: must be 'kie'.* or 'mirror', not \"sora\". Write for", wrong)
    assert unknown.startswith(
        "videod.toml:2: services.image: is not a known key. Known here: clip, narration, gemini, kie, "
    )


def test_every_job_is_planned_for_the_service_that_is_chosen(seen: dict[str, object]) -> None:
    assert seen["jobs"] == [["clip", "mirror"], ["image", "gemini"]]
    assert seen["usual"] == [["clip", "kie"], ["image", "gemini"]]
    assert seen["ended"] == ["published", "published"]


def test_it_brings_script_secrets_model_price_and_patience_of_its_own(seen: dict[str, object]) -> None:
    assert seen["step"] == ["mirror_video.py", ["MIRROR_API_KEY"], 1800, 80]
    assert seen["argv"] == ["mirror-1-fast", "60"]
    assert seen["ours"] == ["kling/v2-5-turbo-image-to-video-pro", "1680"]
    assert seen["price"] == [420_000, 300_000, 300_000]


def test_its_lane_its_key_and_its_balance_are_there(seen: dict[str, object]) -> None:
    assert (seen["limits"], seen["screens"], seen["lane"]) == ([3, 5], 3, True)
    assert (seen["secret"], seen["url"]) == (True, "https://api.mirror.example")
    assert (seen["balance"], seen["guarded"]) == (True, True)
    assert seen["advice"] == "put a valid key into MIRROR_API_KEY and restart videod"


def test_only_who_is_in_use_needs_a_key(seen: dict[str, object]) -> None:
    assert seen["required"] == ["MIRROR_API_KEY"]
    assert seen["required before"] == ["KIE_API_KEY"]


def test_pages_and_the_file_of_settings_show_it(seen: dict[str, object]) -> None:
    assert seen["pages"] == ["steps", "settings", "services", "secrets", "credentials"]
    toml, page = str(seen["toml"]), str(seen["settings"])
    assert re.match(
        r'\[services\]\nclip = "kie"                      # kie .*or mirror\nnarration = .*\n\n\[services.gemini\]\n',
        toml,
    )
    assert (
        "[services.mirror]\nconcurrency = 3                   # what their free plan allows\nrate = 5\nper_s = 60\n"
        'clip_model = "mirror-1-fast"\nclip_usd = 0.25\n'
    ) in toml
    assert re.search(r"\| `\[services\] clip` \| `kie` \| `kie` .*or `mirror` \| `VIDEOD_SERVICES_CLIP` \|", page)
    assert "| `[services.mirror] clip_usd` | `0.25` | a number from 0 up to 10000 |" in page
    assert "| `[services.mirror]` | `3` | `5` | `60` | none | `UTC` | none |" in page
