"""What browsers load is part of the package, is what its origin says, and holds no script or style in a page."""

import hashlib
import re
from pathlib import Path

from tests.page.browser import Browser
from videod.flow.lights import POSTER_BYTES, SMALL_BYTES
from videod.page import pages

TEMPLATES = sorted((pages.HERE / "templates").glob("*.html"))


def test_files_of_others_are_the_ones_that_their_origin_names() -> None:
    told = (pages.STATIC / "ORIGIN.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|[^|]+\| (\S+) \| (https://\S+) \| (\S+) \| `([0-9a-f]{64})` \|$", told, re.M)
    assert {name: digest for name, _, _, _, digest in rows} == {
        name: hashlib.sha256((pages.STATIC / name).read_bytes()).hexdigest() for name, *_ in rows
    }
    assert "htmx.min.js" in {row[0] for row in rows}
    named = set(re.findall(r"`([\w.]+\.(?:js|css|svg|webmanifest))`", told))
    assert named == {path.name for path in pages.STATIC.iterdir() if path.suffix != ".md"}


def test_no_template_holds_a_script_a_style_or_an_address_elsewhere() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", text), path.name
        assert not re.search(r"""(?:src|href|action)="(?:https?:)?//""", text), path.name


def test_only_the_drawn_code_is_put_into_a_page_as_it_is() -> None:
    unescaped = [
        (path.name, found) for path in TEMPLATES for found in re.findall(r"\{\{[^}]*\|safe[^}]*\}\}", path.read_text())
    ]
    assert unescaped == [("people.html", "{{ invite.code|safe }}")]


async def test_every_answer_tells_the_browser_to_load_nothing_from_elsewhere(mina: Browser) -> None:
    for path in ("/", "/nowhere", "/enter", "/static/app.css", "/episodes/none"):
        await mina.get(path)
        policy = mina.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert mina.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in mina.headers


async def test_files_of_the_package_are_kept_by_browsers_and_nothing_else_is_handed_over(mina: Browser) -> None:
    assert await mina.get(pages.static("app.js")) == 200
    assert "immutable" in mina.headers["Cache-Control"]
    for name in ("ORIGIN.md", "..%2fpages.py", "%2e%2e/pages.py", "nothing.js"):
        assert await mina.get(f"/static/{name}") == 404, name


def test_the_page_is_loaded_only_where_it_is_served() -> None:
    """Templates take memory: `daemon.page` loads them when its port is open."""
    for name in ("videod/daemon/page.py", "videod/daemon/assembly.py", "videod/web/api.py", "videod/web/people.py"):
        text = (Path(pages.HERE).parents[1] / name).read_text()
        top = "\n".join(line for line in text.splitlines() if line.startswith(("import", "from")))
        assert "jinja2" not in top
        assert "videod.page.build" not in top, name


def test_a_review_of_the_full_size_stays_within_what_a_phone_should_load() -> None:
    """22 images, 18 frames and 18 clips, all looked at; the page, its files and their headers take the rest."""
    rest = sum(len(path.read_bytes()) for path in pages.STATIC.iterdir()) + 120_000
    pictures = (22 + 18) * POSTER_BYTES
    assert pictures + rest < 1_500_000
    assert pictures + 18 * (POSTER_BYTES + SMALL_BYTES) + rest < 8_000_000
