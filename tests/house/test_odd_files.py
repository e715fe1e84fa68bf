"""Settings and channel files that no file can be, or that say what no setting is: refused with file, line and reason.

At a start that is exit 78; while the daemon runs the old ones stay. No error of the file system leaves a validator.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from videod import files
from videod.channels import ChannelError, load_channels
from videod.config import ConfigError, load_settings
from videod.credentials import CredentialsError, load_secrets
from videod.daemon.live_config import LiveConfig
from videod.documents import state_folder

GOOD = 'name: Wild\nyoutube_channel: UCabc\nvoice_id: voice\nbrand: "Wild animals in their own calm world."\n'
LONG = "x" * 300
#: paths that no file can have, and a part of what is said
PATHS = {
    "~nosuchuser/x.mp4": "an unknown home folder", LONG + ".mp4": "longer than a path can be",
    "a/" * 3_000 + "x": "longer than a path can be", "loop": "cannot be read", "folder": "is a folder, not a file",
    "fifo": "is not a plain file", "loop/x.mp4": "cannot be read",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of settings with one good channel, and traps beside it."""
    for folder in (tmp_path, tmp_path / "channels"):
        folder.mkdir(exist_ok=True)
        (folder / "loop").symlink_to(folder / "loop")
        (folder / "folder").mkdir()
        os.mkfifo(folder / "fifo")
    (tmp_path / "channels" / "wild.yaml").write_text(GOOD)
    (tmp_path / "videod.toml").write_text("")
    return tmp_path


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("key", ["intro", "outro", "watermark"])
@pytest.mark.parametrize(("path", "says"), PATHS.items())
def test_an_impossible_path_in_a_channel_file_is_refused_with_its_line(
    place: Path, key: str, path: str, says: str
) -> None:
    file = place / "channels" / "wild.yaml"
    file.write_text(f"{GOOD}{key}: {path}\n")
    with pytest.raises(ChannelError) as refused:
        load_channels(place / "channels")
    assert f"{file}:5: {key}: " in str(refused.value) and says in str(refused.value)


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("text", ['"\\0"', '"\\ud800"', '"\\UFFFFFFFF"', '"\\xZZ"', "!!binary x", "{a: b}", "[x]", "1"])
def test_a_path_of_no_text_is_refused(place: Path, text: str) -> None:
    (place / "channels" / "wild.yaml").write_text(f"{GOOD}intro: {text}\n")
    with pytest.raises(ChannelError, match=r"wild\.yaml"):
        load_channels(place / "channels")


@pytest.mark.fault("1.5")
def test_an_intro_that_may_not_be_looked_at_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "channels" / "wild.yaml").write_text(f"{GOOD}intro: private/intro.mp4\n")
    _forbid(monkeypatch, "private")
    with pytest.raises(ChannelError, match=r"wild\.yaml:5: intro: .*Permission denied"):
        load_channels(place / "channels")


def _forbid(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """What has `part` in its path cannot be looked at, as in another user's folder (root may look at all)."""
    look = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if part in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("home", [None, "", "~x"])
def test_no_home_is_a_sentence(place: Path, home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    (place / "channels" / "wild.yaml").write_text(f"{GOOD}intro: ~/intro.mp4\n")
    try:
        load_channels(place / "channels")
    except ChannelError as refused:
        assert "wild.yaml:5: intro: " in str(refused)


def _nobody(uid: int) -> object:
    raise KeyError(uid)


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("value", ["~nosuch/x", LONG, "a/" * 3_000, "\ud800"])
@pytest.mark.parametrize("key", ["STATE", "CHANNELS", "SCRIPTS", "FFMPEG"])
def test_an_impossible_path_of_the_environment_is_refused_by_its_name(place: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"VIDEOD_PATHS_{key}"):
        load_settings(place / "videod.toml", {f"VIDEOD_PATHS_{key}": value})
    state_folder(place / "videod.toml", {f"VIDEOD_PATHS_{key}": value})


@pytest.mark.fault("1.5")
@pytest.mark.parametrize(("path", "says"), PATHS.items())
@pytest.mark.parametrize(("section", "key"), [("paths", "ffmpeg"), ("scripts", "clip")])
def test_an_impossible_program_is_refused_with_its_line(
    place: Path, section: str, key: str, path: str, says: str
) -> None:
    file = place / "videod.toml"
    file.write_text(f'[{section}]\n{key} = "{path}"\n')
    with pytest.raises(ConfigError) as refused:
        load_settings(file, {})
    assert f"{file}:2: {section}.{key}: " in str(refused.value) and says in str(refused.value)


TOML = {
    "deep list": "x = " + "[" * 5_000, "deep keys": ".".join("a" * 2_000) + " = 1", "digits": "x = " + "9" * 5_000,
    "hex": "[limits]\nmin_free_mb = 0x" + "f" * 5_000, "big": "[services.kie]\nrate = 99999999999999999999",
    "date": "[daemon]\nhttp_port = 2026-11-29", "no date": "x = 2026-13-99", "nan": "[prices]\nclip = nan",
    "inf": "[notion]\nrequests_per_s = inf", "minus": "[prices]\nclip = -1", "nul": "x = \0",
    "float": "[prices]\nclip = 1e999",
    "text": "[prices]\nclip = true", "table": "prices = 3", "bom": "\ufeff\ufeff", "tables": "[[prices]]\nclip = 1",
    "waits": "[retry]\nwaits_min = [nan]", "huge wait": "[retry]\nwaits_min = [1e300]",
    "zone": '[services.kie]\nquota_zone = "' + LONG + '"',
}  # fmt: skip
YAML = {
    "deep": "a: " + "[" * 5_000, "deep maps": "".join(f"{' ' * n}a:\n" for n in range(300)),
    "laughs": "a: &a [x]\nb: [*a, *a]",
    "digits": "clips: " + "9" * 5_000, "inf": "daily_budget_usd: 1e999", "nan": "daily_budget_usd: .nan",
    "nan word": "daily_budget_usd: nan", "date": "clips: 2026-11-29", "minus": "daily_budget_usd: -1",
    "nul": "name: \0",
    "merge": "<<: {a: b}", "pair": 'name: "\\ud800"', "control": "name: \x07", "tag": "a: !!python/object:os.system x",
    "twice": "clips: 1\nclips: 2", "number key": "1: 2", "null key": "? \n: 1", "list": "- a", "two": "a: b\n---\nc: d",
    "tab": "a:\n\t- b", "bool": "clips: true", "octal": "clips: 0777",
}  # fmt: skip


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("kind", TOML)
def test_a_setting_of_nonsense_is_refused(place: Path, kind: str) -> None:
    (place / "videod.toml").write_text(TOML[kind])
    with pytest.raises(ConfigError) as refused:
        load_settings(place / "videod.toml", {})
    assert "videod.toml" in str(refused.value)
    str(refused.value).encode()


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("kind", YAML)
def test_a_channel_file_of_nonsense_is_refused(place: Path, kind: str) -> None:
    (place / "channels" / "wild.yaml").write_text(GOOD + YAML[kind] + "\n")
    with pytest.raises(ChannelError) as refused:
        load_channels(place / "channels")
    assert "wild.yaml" in str(refused.value)
    str(refused.value).encode()


def _fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 300 << 30)


def _link(target: str) -> Callable[[Path], None]:
    def lay(path: Path) -> None:
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return lay


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


TRAPS: dict[str, Callable[[Path], object]] = {
    "fifo": _fifo, "folder": _folder, "sparse": _sparse, "broken link": _link("nowhere"), "loop": _link("wild.yaml"),
    "self": _link("videod.toml"), "device": _link("/dev/zero"), "utf-16": _bytes("name: x".encode("utf-16")),
    "latin-1": _bytes(b"name: \xe9"), "binary": _bytes(bytes(range(256))), "too large": _bytes(b"#" * 300_000),
}  # fmt: skip


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("trap", [name for name in TRAPS if name != "self"])
def test_a_trap_in_the_place_of_a_channel_file_is_refused_and_the_old_ones_stay(place: Path, trap: str) -> None:
    current = LiveConfig(place / "videod.toml", {})
    TRAPS[trap](place / "channels" / "wild.yaml")
    assert current.changed()
    assert not current.reload() and "wild.yaml" in current.remark and not current.changed()
    assert list(current.channels.channels) == ["wild"] and current.policy("wild") is not None
    with pytest.raises(ChannelError):
        LiveConfig(place / "videod.toml", {})


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("trap", [name for name in TRAPS if name != "loop"])
def test_a_trap_in_the_place_of_the_settings_is_refused_and_the_old_ones_stay(place: Path, trap: str) -> None:
    current = LiveConfig(place / "videod.toml", {})
    TRAPS[trap](place / "videod.toml")
    assert current.changed()
    assert not current.reload() and "videod.toml" in current.remark
    with pytest.raises(ConfigError):
        LiveConfig(place / "videod.toml", {})


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("kind", ["gone", "file", "link", "forbidden"])
def test_a_folder_of_channels_that_vanishes_is_refused_and_the_old_ones_stay(
    place: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = LiveConfig(place / "videod.toml", {})
    folder = place / "channels"
    if kind == "forbidden":
        monkeypatch.setattr(Path, "iterdir", _refuse)
        _forbid(monkeypatch, "channels")
    else:
        folder.rename(place / "elsewhere")
        if kind == "file":
            folder.touch()
        elif kind == "link":
            folder.symlink_to(folder)
    assert current.changed()
    assert not current.reload() and "channels" in current.remark and not current.changed()
    assert current.policy("wild") is not None and current.names() == {"wild": "Wild"}


def _refuse(path: Path) -> object:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_folder_that_comes_back_is_taken_up_again(place: Path) -> None:
    current = LiveConfig(place / "videod.toml", {})
    (place / "channels").rename(place / "elsewhere")
    assert current.changed() and not current.reload()
    (place / "elsewhere").rename(place / "channels")
    assert current.changed() and current.reload() and not current.remark


@pytest.mark.parametrize("name", [".#wild.yaml", ".wild.yaml.swp.yaml"])
def test_what_editors_leave_is_no_channel(place: Path, name: str) -> None:
    (place / "channels" / name).symlink_to("me@host.1234")
    assert list(load_channels(place / "channels").channels) == ["wild"]


@pytest.mark.parametrize("name", [LONG, "a\0b", "\ud800", "a/" * 3_000])
def test_a_settings_file_that_can_have_no_such_name_is_refused(place: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(place / name, {})
    state_folder(place / name, {})


def test_a_current_folder_that_is_gone_is_a_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "cwd").mkdir()
    monkeypatch.chdir(place / "cwd")
    (place / "cwd").rmdir()
    with pytest.raises(ConfigError):
        load_settings(Path("videod.toml"), {})


@pytest.mark.fault("1.5")
@pytest.mark.parametrize("trap", ["fifo", "folder", "sparse", "loop", "device", "binary"])
def test_a_trap_in_the_place_of_a_credential_is_a_sentence(tmp_path: Path, trap: str) -> None:
    path = tmp_path / "kie_api_key"
    (_link("kie_api_key") if trap == "loop" else TRAPS[trap])(path)
    with pytest.raises(CredentialsError, match="kie_api_key"):
        load_secrets({}, tmp_path)


def test_what_a_path_may_be_is_reported_in_one_place(tmp_path: Path) -> None:
    assert files.placed("a/b", tmp_path) == tmp_path / "a/b" and files.placed("/x", tmp_path) == Path("/x")
    assert files.trouble(tmp_path / "nothing") is None and not files.exists(tmp_path / "a\0b")
