"""A real browser over a real daemon with simulated services: whole lives of episodes by page alone.

Needs Debian's chromium (`.ci/browser` installs it) and axe-core (`.ci/npm`). Each part that is missing is said.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness import patience
from tests.page.browser import free_port

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: .ci/browser installs it"),
]
PHONE, DESK = (390, 844), (1440, 900)
CLIPS, IMAGES = 2, 4
ROOMS = ("/", "/board", "/new", "/channels", "/services", "/money", "/report", "/people")


class Studio:
    """A daemon on simulated services in a folder of its own."""

    def __init__(self, folder: Path, board: str) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "channels").mkdir(parents=True)
        sample = yaml.safe_load((ROOT / "channels" / "wild_planet.yaml").read_text())
        gates = dict.fromkeys(("assets", "video", "audio", "final"), "review")
        sample |= {"clips": CLIPS, "images": IMAGES, "music": [], "gates": gates}
        for name in ("intro", "outro", "watermark"):
            sample.pop(name, None)
        (folder / "channels" / "wild_planet.yaml").write_text(yaml.safe_dump(sample, allow_unicode=True))
        (folder / "videod.toml").write_text(
            f'[paths]\nscripts = "{ROOT / "scripts"}"\n[web]\nport = {self.port}\n[daemon]\nstop_grace_s = 2\n'
        )
        argv = [sys.executable, "-m", "videod", "run", "--sandbox", "--board", board]
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            argv, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=self._log, stderr=self._log,
            start_new_session=True,
        )  # fmt: skip
        self.base = f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        """A one-time link, as soon as the page answers."""
        argv = [sys.executable, "-m", "videod", "open", "--print", "--state", "state/sandbox/daemon"]

        def asked() -> str:
            done = subprocess.run(argv, cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
                                  capture_output=True, text=True, check=False)  # fmt: skip
            return done.stdout.strip()

        return until(asked, "the page answers", self)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        patience.ended(self.process)
        self._log.close()


def until(look: Callable[[], Any], what: str, studio: Studio) -> Any:
    def log() -> str:
        return (studio.folder / "log").read_text()[-2000:]

    def seen() -> Any:
        found = look()
        assert found or studio.process.poll() is None, f"{what}: {log()}"
        return found

    return patience.until(seen, lambda: f"{what}: {log()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


def axe() -> Path | None:
    """Where .ci/npm put axe-core."""
    given = os.environ.get("VIDEOD_AXE")
    where = subprocess.run(
        [ROOT / ".ci" / "npm", "--where"], capture_output=True, text=True, check=False
    ).stdout.strip()
    found = Path(given) if given else Path(where) / "node_modules" / "axe-core" / "axe.min.js"
    return found if found.is_file() else None


class Person:
    """Somebody at the page. `taps` counts what they press, `size` of the screen."""

    def __init__(self, chromium: Any, studio: Studio, size: tuple[int, int], theme: str, shots: Path) -> None:
        self.studio, self.size, self.shots, self.theme = studio, size, shots, theme
        self.context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, has_touch=size == PHONE,
            reduced_motion="reduce",
        )  # fmt: skip
        self.page = self.context.new_page()
        self.page.set_default_timeout(patience.PATIENCE_S * 1000)
        self.taps = 0
        self.loaded = 0
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("requestfinished", self._finished)
        self.page.goto(studio.link())
        self.page.wait_for_url(f"{studio.base}/")

    def _said(self, message: Any) -> None:
        # 503: a picture that is still being made; 409: a form that comes back with what is wrong
        if message.type == "error" and not re.search("503|409", message.text):
            self.problems.append(message.text)

    def _finished(self, request: Any) -> None:
        with contextlib.suppress(Exception):
            self.loaded += request.sizes()["responseBodySize"]

    def tap(self, what: str) -> None:
        self.taps += 1
        self.page.locator(what).first.click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.shots / f"{self.size[0]}-{self.theme}-{name}.png")

    def check(self, name: str) -> None:
        """axe finds nothing, and every target is large enough."""
        self.shot(name)
        small = self.page.evaluate(
            "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]"
            ".filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])"
            ".filter(([, r]) => r.width && (r.width < 24 || r.height < 24) && r.width > 2)"
            ".map(([t, r]) => t + r.width + 'x' + r.height)"
        )
        inline = [one for one in small if "<a" not in one]  # links in a sentence are as high as their line
        assert inline == [], name
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} is {wide} pixels too wide"
        if (path := axe()) is None:
            return
        self.page.evaluate(path.read_text())
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        said = [
            (one["id"], one["nodes"][0]["html"][:160], one["nodes"][0]["failureSummary"][:300])
            for one in found["violations"]
        ]
        assert said == [], f"{name}: {said}"

    def review(self, what: str) -> None:
        """Wait until the review is in the inbox, and open it there."""

        def there() -> bool:
            self.page.goto(self.studio.base + "/")
            return bool(self.page.locator(f".item:has-text('Review the {what}')").count())

        until(there, f"review of the {what}", self.studio)

    def told(self) -> str:
        return str(self.page.locator("[role=status]").first.inner_text())


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    made = Path(os.environ.get("VIDEOD_SHOTS") or tmp_path / "shots")
    made.mkdir(parents=True, exist_ok=True)
    return made


@contextlib.contextmanager
def a_studio(folder: Path, board: str) -> Iterator[Studio]:
    made = Studio(folder, board)
    try:
        yield made
    finally:
        made.end()


def picture(folder: Path) -> Path:
    from PIL import Image

    path = folder / "own.png"
    Image.effect_noise((1280, 720), 60).convert("RGB").save(path)
    return path


def test_an_episode_lives_from_entry_to_publication_on_a_phone(chromium: Any, tmp_path: Path, shots: Path) -> None:
    with a_studio(tmp_path / "studio", "notion") as studio:
        me = Person(chromium, studio, PHONE, "light", shots)
        new_entry(me)
        me.review("pictures")
        me.check("inbox")
        corrections(me, tmp_path)
        me.review("pictures")
        # two taps from the link of a message: the link itself, and Approve
        me.page.goto(studio.base + str(me.page.locator("[data-open]").first.get_attribute("href")))
        me.taps = 1
        me.tap("#approve button")
        assert "approved" in me.told()
        assert me.taps == 2
        me.review("clips")
        me.tap("[data-open]")
        me.page.wait_for_selector("video")
        me.check("episode-clips")
        redo_a_clip(me)
        for what in ("clips", "sound", "film"):
            me.review(what)
            me.tap("[data-open]")
            if what == "sound":
                me.check("episode-sound")
                rough_cut(me)
            me.page.locator("#approve button").click()
        published(me)
        rooms(me)
        assert me.problems == []


def test_an_episode_lives_by_keys_alone_on_a_desk_without_notion(chromium: Any, tmp_path: Path, shots: Path) -> None:
    with a_studio(tmp_path / "studio", "none") as studio:
        me = Person(chromium, studio, DESK, "dark", shots)
        a_draft(me)
        page = me.page
        page.goto(studio.base + "/new")
        page.locator("#title").focus()
        page.keyboard.type("A river in the dark")
        me.press("Tab")
        page.keyboard.type("Grizzly bears and salmon")
        me.press("Tab")
        page.keyboard.type("One mother bear, one river; the flood is the turn")
        page.locator("button:has-text('Queue it')").focus()
        me.press("Enter")
        page.wait_for_url(f"{studio.base}/")
        for what in ("pictures", "clips", "sound", "film"):
            me.review(what)
            me.press("j", "Enter")
            page.wait_for_selector("#approve")
            if what == "pictures":
                me.check("episode-pictures")
                me.press("j", "r")
                assert page.locator(".marked b").inner_text() == "1 marked"
                me.press("r")
                assert not page.locator(".marked").is_visible()
                me.press("?")
                assert page.locator("#keys").is_visible()
                me.press("Escape")
            me.press("a")
            assert page.evaluate("document.activeElement.innerText").startswith("Approve")
            me.press("Enter")
            page.wait_for_selector("[role=status]")
        published(me)
        rooms(me)
        assert me.problems == []


def new_entry(me: Person) -> None:
    page = me.page
    me.tap("nav a:has-text('New')")
    page.fill("#title", "A <bear>")
    assert "does not allow" in page.locator("#title-said").inner_text()
    page.fill("#title", "The river bear")
    page.fill("#topic", "Grizzly bears and the salmon run")
    page.fill("#direction", "One mother bear, one river too high to cross; the flood is the turn")
    me.check("new")
    page.locator("button:has-text('Queue it')").click()
    page.wait_for_url(f"{me.studio.base}/")
    assert "is queued" in me.told()


def a_draft(me: Person) -> None:
    """Written, completed and thrown away on the board of an installation without Notion."""
    page, base = me.page, me.studio.base
    page.goto(base + "/new")
    page.fill("#title", "Otters hand in hand")
    page.fill("#topic", "Sea otters")
    page.fill("#direction", "A raft of otters sleeps; the swell takes one away")
    page.locator("[name=draft]").check()
    page.locator("button:has-text('Queue it')").click()
    page.wait_for_url(f"{base}/")
    page.goto(base + "/board")
    me.check("board-drafts")
    page.locator(".mini a:has-text('Edit')").click()
    page.fill("#topic", "")
    me.check("draft")
    page.locator("button:has-text('Save the draft')").click()
    assert page.locator("[role=alert]").is_visible()
    page.fill("#topic", "Sea otters of Monterey")
    page.locator("button:has-text('Save the draft')").click()
    page.wait_for_url(f"{base}/board")
    assert "is a draft" in me.told()
    page.locator(".mini button:has-text('Remove')").click()
    page.locator(".sure button.main").click()
    page.wait_for_url(f"{base}/board")
    assert "Otters" not in page.locator(".columns").inner_text()


def corrections(me: Person, folder: Path) -> None:
    """Correct a narration, redo a picture with a note, put in a file of one's own, choose the older take again."""
    page = me.page
    me.tap("[data-open]")
    me.check("episode-pictures")
    words = page.locator(".piece.audio:has(h3:text('Narration'))").first
    words.locator("summary:has-text('Edit')").click()
    words.locator("textarea[name=text]").fill("The bear waits at the water, and the water does not wait for her.")
    words.locator("button:has-text('Save')").click()
    page.wait_for_selector("[role=status]")
    assert page.locator("text=and the water does not wait").first.is_visible()

    image = page.locator(".piece.image:has(h3:text('Picture'))").first
    name = image.get_attribute("id")
    image.locator("[data-redo]").click()
    page.wait_for_selector(".sure")
    assert re.search(r"costs about \$0\.0\d", page.locator(".sure .lead").inner_text())
    page.fill("#note", "closer, morning light")
    me.check("sure")
    page.locator(".sure button.main").click()
    page.wait_for_selector("[role=status]")
    me.review("pictures")
    me.tap("[data-open]")
    image = page.locator(f"#{name}")
    assert "closer, morning light" in image.inner_text()
    image.locator("summary:has-text('Takes')").click()
    me.shot("takes")
    image.locator("button:has-text('Use take 1')").click()
    if page.locator(".sure").count():
        page.locator(".sure button.main").click()
    page.wait_for_selector("[role=status]")

    me.review("pictures")
    me.tap("[data-open]")
    other = page.locator(".piece.image:has(h3:text('Picture'))").nth(1)
    other.locator("summary:has-text('Own file')").click()
    other.locator("input[type=file]").set_input_files(str(picture(folder)))
    other.locator("button:has-text('Use it')").click()
    page.wait_for_selector("text=yours")


def redo_a_clip(me: Person) -> None:
    """From the link: Redo, the note, Redo for its price: within four taps."""
    page = me.page
    me.taps = 1
    me.tap(".piece.video [data-redo]")
    page.fill("#note", "slower")
    me.tap(".sure button.main")
    page.wait_for_selector("[role=status]")
    assert me.taps <= 4


def rough_cut(me: Person) -> None:
    """One tap plays it."""
    page = me.page
    page.locator("#play").click()
    page.wait_for_selector("#viewer video")
    # asked from outside: Playwright's own polling is evaluated under the page's policy, which forbids that
    patience.until(lambda: page.evaluate("document.querySelector('#viewer video').readyState > 0"))
    me.shot("rough-cut")
    page.locator("#viewer [data-close]").click()


def published(me: Person) -> None:
    def there() -> bool:
        me.page.goto(me.studio.base + "/board")
        return bool(me.page.locator(".column:last-child .mini.good").count())

    until(there, "published", me.studio)


def rooms(me: Person) -> None:
    for room in ROOMS:
        me.page.goto(me.studio.base + room)
        me.check(f"room{room.replace('/', '-')}")
    me.page.locator(".more summary").click()
    me.check("more")
    episode = me.studio.base + "/board"
    me.page.goto(episode)
    me.page.locator(".column:last-child a").first.click()
    me.check("episode-published")
    me.page.locator("a:has-text('Log')").first.click()
    me.check("log")
    me.context.clear_cookies()
    me.page.goto(me.studio.base + "/")
    me.check("enter")
