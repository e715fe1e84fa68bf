"""The `.env` beside videod.toml: read where it is its owner's alone, after everything else, and shown to no child."""

import os
import shutil
from pathlib import Path

import pytest

from videod.adapters.confinement import host_paths
from videod.channels import ChannelSet
from videod.config import load_settings
from videod.core import dotenv
from videod.credentials import ISSUED, SECRET_NAMES, CredentialsError, load_secrets
from videod.daemon import wiring

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "videod.toml").write_text("")
    return tmp_path / "videod.toml"


def kept(settings: Path, text: str, mode: int = 0o600) -> Path:
    path = settings.with_name(".env")
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_of_the_environment_goes_before_a_credential_and_that_before_the_file(settings: Path) -> None:
    kept(settings, "GEMINI_API_KEY=file\nKIE_API_KEY=file\nNOTION_TOKEN=file\nGOOGLE_CLIENT_ID_WILD='file'\nOTHER=x\n")
    credentials = settings.parent / "credentials"
    credentials.mkdir()
    for name in ("gemini_api_key", "kie_api_key"):
        (credentials / name).write_text("credential")
    secrets = load_secrets({"GEMINI_API_KEY": "environment"}, credentials, settings)
    found = [secrets.get(name) for name in ("GEMINI_API_KEY", "KIE_API_KEY", "NOTION_TOKEN", "GOOGLE_CLIENT_ID_WILD")]
    assert found == ["environment", "credential", "file", "file"]
    assert secrets.get("OTHER") is None and "OTHER" not in os.environ
    assert load_secrets({}, None, settings.parent / "elsewhere" / "videod.toml").get("NOTION_TOKEN") is None
    assert load_secrets({}).get("NOTION_TOKEN") is None


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_read_or_change_is_refused_with_the_command_that_fixes_it(
    settings: Path, mode: int
) -> None:
    path = kept(settings, "NOTION_TOKEN=secret-abc", mode)
    with pytest.raises(CredentialsError) as problem:
        load_secrets({}, None, settings)
    told = str(problem.value)
    assert f"Other users can read {path} (mode {mode:04o}). Run `chmod 600 {path}`" in told and "secret-abc" not in told
    path.chmod(0o400)
    assert load_secrets({}, None, settings).get("NOTION_TOKEN") == "secret-abc"


def test_a_link_a_folder_and_odd_bytes_are_refused(settings: Path) -> None:
    path = kept(settings, "NOTION_TOKEN=abc")
    path.rename(path.with_name("kept"))
    path.symlink_to("kept")
    with pytest.raises(CredentialsError, match="it is a link"):
        load_secrets({}, None, settings)
    path.unlink()
    path.mkdir()
    with pytest.raises(CredentialsError, match="cannot be read"):
        load_secrets({}, None, settings)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(CredentialsError, match="cannot be read"):
        load_secrets({}, None, settings)
    path.unlink()
    path.write_bytes(b"NOTION_TOKEN=\xff")
    path.chmod(0o600)
    with pytest.raises(CredentialsError, match="UTF-8"):
        load_secrets({}, None, settings)
    kept(settings, "X=" + "a" * 70_000)
    with pytest.raises(CredentialsError, match="larger than"):
        load_secrets({}, None, settings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(settings: Path) -> None:
    path = kept(settings, "NOTION_TOKEN=abc")
    os.chown(path, 65534, 65534)
    with pytest.raises(CredentialsError, match=r"belongs to another user. Run `chown 0"):
        load_secrets({}, None, settings)


@pytest.mark.parametrize("name", ["VIDEOD_DAEMON_HTTP_PORT", "VIDEOD_URL_KIE"])
def test_settings_and_addresses_do_not_belong_there(settings: Path, name: str) -> None:
    kept(settings, f"{name}=1")
    with pytest.raises(CredentialsError, match=rf"{name}, which is not a key. Write settings into videod.toml"):
        load_secrets({}, None, settings)


def test_its_keys_are_taken_out_of_texts_and_no_script_may_read_it(settings: Path) -> None:
    path = kept(settings, "GOOGLE_CLIENT_SECRET=file-secret-1234")
    secrets = load_secrets({}, None, settings)
    assert "file-secret" not in secrets.redact("it was file-secret-1234") and "file-secret" not in repr(secrets)
    at = wiring.host_paths(wiring.Sources(load_settings(settings, {}), ChannelSet({}), secrets, {}, {}))
    assert str(path.resolve()) in at.closed
    assert str(path.resolve()) not in host_paths(settings.parent / "state", ROOT / "scripts", {}).closed


def test_the_example_names_every_key_and_is_kept_out_of_the_repository_only_as_env(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    uncommented = "\n".join(line.removeprefix("# ") if "=" in line else line for line in example.splitlines())
    named = dotenv.parse(uncommented)
    assert set(named) >= set(SECRET_NAMES) - set(ISSUED) and not any(named.values())
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    (tmp_path / ".env").chmod(0o600)
    assert load_secrets({}, None, tmp_path / "videod.toml").missing(SECRET_NAMES) == tuple(SECRET_NAMES)
