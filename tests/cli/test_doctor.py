"""`videod doctor` against beginners' mistakes made on purpose: each is named, with its fix."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.live.stage import ROOT, Stage
from videod.cli import checkup
from videod.cli.checks import Check, State
from videod.store.schema import migrate

CHANNEL = (ROOT / "channels" / "wild_planet.yaml").read_text()
KEYS = {
    "NOTION_TOKEN": "ntn_" + "k" * 40, "GEMINI_API_KEY": "AIza" + "g" * 35, "KIE_API_KEY": "k" * 32,
    "ELEVENLABS_API_KEY": "sk_" + "e" * 40, "GOOGLE_CLIENT_ID": "1-a.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": "GOCSPX-" + "s" * 20, "VIDEOD_MASTER_KEY": Fernet.generate_key().decode(),
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/X",
}  # fmt: skip


@dataclass
class House:
    """A beginner's folder and environment, right in everything until a mistake is made."""

    folder: Path
    env: dict[str, str]

    @property
    def config(self) -> Path:
        return self.folder / "videod.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def channel(self) -> Path:
        return self.folder / "channels" / "wild_planet.yaml"

    def settings(self, text: str) -> None:
        self.config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\n[notion]\nparent_page = "{"1" * 32}"\n{text}')

    def database(self) -> sqlite3.Connection:
        migrate(self.state / "videod.db")
        return sqlite3.connect(self.state / "videod.db")


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path, {"PATH": os.environ["PATH"]} | KEYS)
    made.state.mkdir(mode=0o700)
    made.channel.parent.mkdir()
    made.channel.write_text(CHANNEL)
    made.settings("")
    return made


def found(config: Path, env: dict[str, str], offline: bool = True) -> list[Check]:
    async def all_of_them() -> list[Check]:
        return [one async for one in checkup.examine(config, env, offline)]

    return asyncio.run(all_of_them())


def wrong(checks: list[Check]) -> list[Check]:
    return [one for one in checks if one.state in (State.FIX, State.NOTE)]


def _old_backup(house: House) -> None:
    connection = house.database()
    connection.close()
    copy = house.state / "backups" / "videod-20200101T000000.000000Z.db"
    copy.parent.mkdir()
    copy.touch()
    os.utime(copy, (1_577_836_800, 1_577_836_800))


def _damaged(house: House) -> None:
    house.database().close()
    (house.state / "videod.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)


def _newer(house: House) -> None:
    with house.database() as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()


def _loose(path: Callable[[House], Path], mode: int) -> Callable[[House], None]:
    def loosen(house: House) -> None:
        path(house).touch(exist_ok=True) if not path(house).is_dir() else None
        path(house).chmod(mode)

    return loosen


def _set(name: str, value: str | None) -> Callable[[House], None]:
    def change(house: House) -> None:
        house.env.pop(name) if value is None else house.env.__setitem__(name, value)

    return change


def _channel(old: str, new: str) -> Callable[[House], None]:
    return lambda house: house.channel.write_text(CHANNEL.replace(old, new, 1)) and None


#: what was done wrong -> (how, words of the sentence that names it, words of its fix)
HERE: dict[str, tuple[Callable[[House], object], str, str]] = {
    "no settings file": (lambda house: house.config.unlink(), "videod.toml", "name the file"),
    "a misspelt setting": (
        lambda house: house.settings("[daemon]\npol_interval_s = 3\n"), "pol_interval_s", "poll_interval_s",
    ),
    "broken TOML": (lambda house: house.config.write_text("[daemon\n"), "videod.toml:1", ""),
    "no board": (
        lambda house: house.config.write_text(f'[paths]\nscripts = "{ROOT / "scripts"}"\n'), "does not know your board",
        "videod notion init --parent",
    ),
    "no channels": (lambda house: house.channel.unlink(), "channel", "wild_planet.yaml"),
    "a channel without a voice": (_channel("voice_id:", "voise_id:"), "voise_id", "voice_id"),
    "a tab in a channel file": (_channel("name:", "\tname:"), "wild_planet.yaml:", "spaces"),
    "the sample's voice": (lambda house: None, "exists only in the sandbox", "Set your own"),
    "no Notion token": (_set("NOTION_TOKEN", None), "NOTION_TOKEN is not set", "Settings, Connections"),
    "no Gemini key": (_set("GEMINI_API_KEY", None), "GEMINI_API_KEY is not set", "aistudio.google.com"),
    "no master key": (_set("VIDEOD_MASTER_KEY", None), "VIDEOD_MASTER_KEY is not set", "videod secrets new-key"),
    "a password for a master key": (_set("VIDEOD_MASTER_KEY", "correct-horse"), "VIDEOD_MASTER_KEY", "new-key"),
    "keys in each other's place": (_set("NOTION_TOKEN", KEYS["GEMINI_API_KEY"]), "NOTION_TOKEN does not look", "ntn_"),
    "quotation marks": (_set("KIE_API_KEY", '"abcdefgh"'), "KIE_API_KEY has quotation marks", "Leave them out"),
    "a placeholder": (_set("ELEVENLABS_API_KEY", "your-api-key"), "still contains a placeholder", "elevenlabs.io"),
    "a line break in a key": (_set("KIE_API_KEY", "abc\ndef"), "KIE_API_KEY contains", "Set it again"),
    "an address without a scheme": (_set("VIDEOD_URL_KIE", "kie.ai"), "VIDEOD_URL_KIE", "https://"),
    "a changed address": (_set("VIDEOD_URL_KIE", "https://proxy.example"), "VIDEOD_URL_KIE sends", "proxy.example"),
    "nobody is alerted": (_set("SLACK_WEBHOOK_URL", None), "only shown on the board", "SLACK_WEBHOOK_URL"),
    "a readable .env": (_loose(lambda house: house.folder / ".env", 0o644), "Other users can read", "chmod 600"),
    "an open state folder": (_loose(lambda house: house.state, 0o755), "Other users can look into", "chmod 700"),
    "no FFmpeg at the path": (
        lambda house: house.config.write_text(f'[paths]\nffmpeg = "/opt/ff"\nscripts = "{ROOT / "scripts"}"\n'),
        "/opt/ff", "",
    ),
    "a damaged database": (_damaged, "cannot be used, it is damaged", "cp -p"),
    "a newer database": (_newer, "newer", ""),
    "an old backup": (_old_backup, "newest backup is", "videod-backup.timer"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", HERE)
def test_a_beginners_mistake_on_this_host_is_named_with_its_fix(mistake: str, house: House) -> None:
    make, words, fix = HERE[mistake]
    make(house)
    told = [one.text for one in wrong(found(house.config, house.env))]
    (named,) = [text for text in told if words in text and fix in text][:1] or [None]
    assert named is not None, told


def test_without_a_mistake_nothing_needs_fixing_on_this_host(house: House) -> None:
    assert [one for one in found(house.config, house.env) if one.state is State.FIX and one.area != "unit"] == []


def test_wikipedias_wish_for_a_contact_is_a_remark(house: House) -> None:
    told = [one for one in found(house.config, house.env) if (one.area, one.name) == ("settings", "facts")]
    assert [one.state for one in told] == [State.NOTE] and "`contact` under [facts]" in told[0].text
    assert not [
        one for one in found(house.config, house.env | {"VIDEOD_FACTS_CONTACT": "me@example.org"})
        if (one.area, one.name) == ("settings", "facts")
    ]  # fmt: skip


def test_no_key_is_shown_and_nothing_is_changed(house: House) -> None:
    house.env["KIE_API_KEY"] = '"quoted-and-secret"'
    before = sorted(str(path) for path in house.folder.rglob("*"))
    told = " ".join(one.text for one in found(house.config, house.env))
    assert not [value for name, value in house.env.items() if name in KEYS and value in told]
    assert sorted(str(path) for path in house.folder.rglob("*")) == before


# ------------------------------------------------------------------------------------------- the outside


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("doctor") / "stage")
    made.state.chmod(0o700)
    yield made
    made.close()


def _file(old: str, new: str) -> Callable[[Stage, dict[str, str]], None]:
    def change(studio: Stage, env: dict[str, str]) -> None:
        path = studio.channels / "wild_planet.yaml"
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def _key(name: str, value: str) -> Callable[[Stage, dict[str, str]], None]:
    return lambda studio, env: env.__setitem__(name, value)


#: what was done wrong -> (how, words of the sentence that names it, words of its fix)
OUTSIDE: dict[str, tuple[Callable[[Stage, dict[str, str]], None], str, str]] = {
    "a wrong Gemini key": (_key("GEMINI_API_KEY", "AIza-wrong"), "Gemini", "GEMINI_API_KEY"),
    "a wrong ElevenLabs key": (_key("ELEVENLABS_API_KEY", "sk_wrong"), "ElevenLabs", "ELEVENLABS_API_KEY"),
    "a wrong KIE key": (_key("KIE_API_KEY", "wrong-key"), "KIE", "KIE_API_KEY"),
    "a wrong Notion token": (_key("NOTION_TOKEN", "ntn_wrong"), "Notion", "NOTION_TOKEN"),
    "a voice that is not there": (_file("sandbox-narrator-1", "nobody-speaks"), "nobody-speaks", "voice_id"),
    "a model that was retired": (_key("VIDEOD_MODELS_TEXT", "gemini-1.0-pro"), "gemini-1.0-pro", "[models]"),
    "a page that is not shared": (_key("VIDEOD_NOTION_PARENT_PAGE", "9" * 32), "", "Share the page"),
    "no consent for a channel": (
        lambda studio, env: (studio.state / "tokens" / "wild_planet.token").unlink(), "wild_planet cannot upload",
        "videod channels authorize wild_planet",
    ),
    "a cap below the price of a film": (
        _file("episode_cap_usd: 15", "episode_cap_usd: 0"), "episode_cap_usd", "Raise it",
    ),
    "a service that nobody reaches": (
        _key("VIDEOD_URL_GEMINI", "http://127.0.0.1:9"), "gemini gave no usable answer", "Try again",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", OUTSIDE)
def test_a_beginners_mistake_outside_is_named_with_its_fix(
    mistake: str, studio: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, words, fix = OUTSIDE[mistake]
    channel, token = studio.channels / "wild_planet.yaml", studio.state / "tokens" / "wild_planet.token"
    before, sealed, env = channel.read_text(), token.read_text(), dict(studio.env)
    try:
        make(studio, env)
        monkeypatch.setattr("os.environ", env)
        checks = found(studio.config, env, offline=False)
    finally:
        channel.write_text(before)
        token.write_text(sealed)
    told = [one.text for one in checks if one.state is not State.OK]
    assert any(words in text and fix in text for text in told), told


def test_the_command_says_what_needs_fixing_and_ends_with_78(studio: Stage) -> None:
    argv = [sys.executable, "-m", "videod", "doctor", "--config", str(studio.config)]
    done = subprocess.run([*argv, "--json"], env=studio.env, capture_output=True, text=True, check=False)
    body = json.loads(done.stdout)
    assert (done.returncode, body["ok"]) == (0, True), body
    done = subprocess.run(argv, env=studio.env | {"KIE_API_KEY": "wrong"}, capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "1 thing needs fixing." in done.stdout and "FIX" in done.stdout
