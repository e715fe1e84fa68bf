"""videod.toml, the environment over it, secrets and addresses: strict, complete, and silent about secrets."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videod.config import ConfigError, Settings, load_secrets, load_settings, service_urls
from videod.core.redaction import REDACTED
from videod.core.tables import SERVICES, STEPS
from videod.credentials import SECRET_NAMES, SERVICE_URLS, CredentialsError, Secrets
from videod.documents import BYTES_MAX, state_folder

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    path = folder / "videod.toml"
    path.write_text(text)
    return path


def refusal(path: Path, env: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as refused:
        load_settings(path, env or {})
    return str(refused.value)


# ---------------------------------------------------------------- the file


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""), {})
    assert settings.services.gemini.concurrency == 12
    assert (settings.services.kie.rate, settings.services.kie.per_s) == (20, 10)
    assert settings.services.youtube.daily_quota == 100
    assert settings.retry.waits_min == (1, 5, 15, 60)
    assert settings.paths.state == tmp_path / "state"


def test_the_file_in_the_repository_states_exactly_the_defaults(tmp_path: Path) -> None:
    shipped = load_settings(ROOT / "videod.toml", {})
    defaults = load_settings(written(tmp_path, ""), {})
    assert shipped.model_dump(exclude={"paths"}) == defaults.model_dump(exclude={"paths"})
    assert shipped.paths.channels == ROOT / "channels"


def test_the_file_in_the_repository_names_every_setting() -> None:
    document = tomllib.loads((ROOT / "videod.toml").read_text())
    shown = {f"{section}.{key}" for section, table in document.items() for key in table}
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        if section != "scripts":
            assert {f"{section}.{key}" for key in model.model_fields} <= shown, section


def test_every_step_and_service_of_the_step_table_has_its_settings(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, ""), {})
    assert set(type(settings.scripts).model_fields) == set(STEPS)
    assert set(type(settings.services).model_fields) - set(settings.services.chosen()) == set(SERVICES)
    assert {step.price.name for step in STEPS.values() if step.price} <= set(settings.prices.micros())
    assert settings.services.of("kie") == settings.services.kie


def test_one_key_of_a_service_leaves_its_other_defaults(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "[services.kie]\nconcurrency = 3\n"), {})
    assert (settings.services.kie.concurrency, settings.services.kie.rate) == (3, 20)


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    path = written(tmp_path, '[paths]\nstate = "var"\nchannels = "/srv/channels"\n[scripts]\nclip = "mine.py"\n')
    settings = load_settings(path, {})
    assert settings.paths.state == tmp_path / "var"
    assert settings.paths.channels == Path("/srv/channels")
    assert settings.scripts.of("clip") == tmp_path / "mine.py"
    assert settings.scripts.of("image") is None
    assert settings.paths.ffmpeg is None


def test_a_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, '[scripts]\nclip = "mine.py"\n'))
    assert f"there is no file {tmp_path / 'mine.py'}" in said


def test_all_faults_are_listed_with_line_key_and_what_to_type(tmp_path: Path) -> None:
    path = written(
        tmp_path, '# top\n[daemon]\npoll_interval_s = "x"\nhttp_prt = 1\n\n[limits]\nmax_episodes_in_work=0\n'
    )
    lines = refusal(path).splitlines()
    assert lines == [
        f'{path}:3: daemon.poll_interval_s: must be a valid number, not "x". Write for example poll_interval_s = 3',
        f"{path}:4: daemon.http_prt: is not a known key. Did you mean http_port?",
        f"{path}:7: limits.max_episodes_in_work: must be greater than or equal to 1, not 0. "
        "Write for example max_episodes_in_work = 20",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nonsense]\na = 1", "is not a known key"),
        ("daemon = 3", "must hold keys and values of its own"),
        ("[alerts]\nslack = 1", "must be true or false"),
        ('[alerts]\nslack = "yes"', "must be true or false"),
        ('[alerts]\nemail_to = "me@example.org"', "needs smtp_host"),
        ("[notion]\nversion = 2026-03-11", "must be text in quotes"),
        ("[notion]\nrequests_per_s = 11", "less than or equal to 10"),
        ("[services.gemini]\nrate = 5", "rate and per_s belong together"),
        ("[services.kie]\nconcurrency = 2.5", "valid integer"),
        ("[services.kie]\nconcurrency = true", "valid integer"),
        ("[services.sora]\nconcurrency = 1", "gemini, kie"),
        ("[retry]\nwaits_min = []", "must not be empty"),
        ("[retry]\nwaits_min = [1, 0]", "greater than 0"),
        ("[retry]\njitter = nan", "finite"),
        ("[retry]\nwaits_min = [inf]", "finite"),
        ("[prices]\nclip = -1", "greater than or equal to 0"),
        ('[models]\nimage_host = "imgur"', "'kie', 'catbox' or 'r2'"),
        ('[models]\nimage_host_second = "kie"', "another host than image_host"),
        ('[models]\ntext = ""', "pattern"),
        ("[daemon]\nhttp_port = 70000", "65535"),
        ('[r2]\nbucket = "No Bucket"', "pattern"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(written(tmp_path, text))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"[daemon\n", ":1: is not valid TOML"),
        (b"a = 1\nb =\n", ":2: is not valid TOML"),
        (b"a = 1\na = 2\n", "is not valid TOML"),
        (b"ok = 1\nname = '\xff'\n", ":2: is not UTF-8"),
        (b"#" * (BYTES_MAX + 1), "is larger than 256 kB"),
        (b"a = " + b"[" * 3000, "nested too deeply"),
    ],
)
def test_an_unreadable_file_is_refused_with_its_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "videod.toml"
    path.write_bytes(data)
    assert says in refusal(path)


def test_a_missing_file_says_where_to_start(tmp_path: Path) -> None:
    assert "Start videod in the folder" in refusal(tmp_path / "videod.toml")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "videod.toml"
    path.write_bytes(b"\xef\xbb\xbf[daemon]\nhttp_port = 8080\n")
    assert load_settings(path, {}).daemon.http_port == 8080


# ---------------------------------------------------------------- the environment over it


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[daemon]\nhttp_port = 1\n[alerts]\nslack = true\n")
    env = {
        "VIDEOD_DAEMON_HTTP_PORT": "8080", "VIDEOD_ALERTS_SLACK": "false", "VIDEOD_SERVICES_KIE_RATE": "5",
        "VIDEOD_RETRY_WAITS_MIN": "[2, 4]",
        "VIDEOD_PATHS_STATE": "elsewhere", "VIDEOD_R2_BUCKET": "films", "VIDEOD_NOTION_DATABASE_ID": "123",
    }  # fmt: skip
    settings = load_settings(path, env)
    assert settings.daemon.http_port == 8080
    assert settings.alerts.slack is False
    assert settings.services.kie.rate == 5
    assert settings.retry.waits_min == (2, 4)
    assert settings.paths.state == tmp_path / "elsewhere"
    assert settings.r2.bucket == "films"
    assert settings.notion.database_id == "123"


def test_a_wrong_variable_is_named_and_not_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    said = refusal(path, {"VIDEOD_DAEMON_HTTP_PORT": "99999", "VIDEOD_DAEMON_COLOUR": "red"})
    assert "VIDEOD_DAEMON_HTTP_PORT: must be" in said
    assert "VIDEOD_DAEMON_COLOUR: is not a known key" in said
    assert str(path) not in said


@pytest.mark.parametrize(
    "name",
    ["VIDEOD_URL_KIE", "VIDEOD_FFMPEG", "VIDEOD_MASTER_KEY", "VIDEOD_CONFIG", "VIDEOD_STATE", "KIE_API_KEY", "PATH"],
)
def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "")
    assert load_settings(path, {name: "whatever"}) == load_settings(path, {})


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, ""), {"VIDEOD_DAEMON_HTTP_PORT": ""}).daemon.http_port == 0


def test_a_variable_cannot_bring_in_a_second_key(tmp_path: Path) -> None:
    assert "VIDEOD_DAEMON_HTTP_PORT" in refusal(
        written(tmp_path, ""), {"VIDEOD_DAEMON_HTTP_PORT": "1\nstop_grace_s = 9"}
    )


def test_the_state_folder_alone_is_found_as_the_settings_find_it(tmp_path: Path) -> None:
    for text in ("", '[paths]\nstate = "var"\n', '[paths]\nstate = "/srv/videod"\n'):
        path = written(tmp_path, text)
        for env in ({}, {"VIDEOD_PATHS_STATE": "other"}):
            assert state_folder(path, env) == load_settings(path, env).paths.state
    assert state_folder(tmp_path / "none.toml", {}) == tmp_path / "state"
    assert state_folder(written(tmp_path, "paths = 3"), {}) == tmp_path / "state"


def test_prices_become_micro_dollars_without_rounding_loss(tmp_path: Path) -> None:
    micros = load_settings(written(tmp_path, "[prices]\nimage = 0.0336\n"), {}).prices.micros()
    assert micros["image"] == 33_600
    assert micros["narration"] == 80_000


# ---------------------------------------------------------------- secrets and addresses


def test_a_secret_comes_from_the_environment_or_from_its_credential_file(tmp_path: Path) -> None:
    (tmp_path / "kie_api_key").write_text("from-file-1234\n")
    (tmp_path / "notion_token").write_text("ntn_not_used")
    secrets = load_secrets({"NOTION_TOKEN": "ntn_from_env", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert secrets.get("KIE_API_KEY") == "from-file-1234"
    assert secrets.get("NOTION_TOKEN") == "ntn_from_env"
    assert secrets.get("GEMINI_API_KEY") is None
    assert secrets.missing(["GEMINI_API_KEY", "KIE_API_KEY"]) == ("GEMINI_API_KEY",)
    assert load_secrets({}, tmp_path).get("KIE_API_KEY") == "from-file-1234"


def test_a_child_gets_exactly_the_secrets_it_needs() -> None:
    secrets = load_secrets({name: f"value-of-{name}" for name in SECRET_NAMES})
    assert secrets.for_child(["KIE_API_KEY", "CATBOX_USERHASH"]) == {
        "KIE_API_KEY": "value-of-KIE_API_KEY", "CATBOX_USERHASH": "value-of-CATBOX_USERHASH",
    }  # fmt: skip


def test_a_secret_shows_in_no_text_of_its_holder() -> None:
    secrets = load_secrets({"KIE_API_KEY": "kie-very-secret"})
    assert "very-secret" not in f"{secrets} {secrets!r} {[secrets]}"
    assert "KIE_API_KEY" in repr(secrets)


@pytest.mark.fault("9.8")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "all_proxy"])
def test_the_password_of_a_proxy_is_taken_out_of_texts_and_given_to_nobody(name: str) -> None:
    secrets = load_secrets({name: "http://me:s3cret%21word@proxy:3128"})
    said = "cannot connect to http://me:s3cret%21word@proxy:3128 (s3cret!word)"
    assert secrets.redact(said) == "cannot connect to http://me:(redacted)@proxy:3128 ((redacted))"
    assert secrets.get(name) is None and "s3cret" not in repr(secrets)
    assert load_secrets({name: "http://[proxy"}).redact("http://[proxy") == "http://[proxy"


def test_redacting_finds_secrets_in_urls_json_and_inside_each_other() -> None:
    secrets = Secrets({
        "KIE_API_KEY": "abc/def+ghi", "GEMINI_API_KEY": "abc/def+ghi-longer",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T000/B000/XYZ",
    })  # fmt: skip
    assert secrets.redact("key=abc/def+ghi-longer.") == f"key={REDACTED}."
    assert secrets.redact("?key=abc%2Fdef%2Bghi&x=1") == f"?key={REDACTED}&x=1"
    assert secrets.redact("POST /services/T000/B000/XYZ failed") == f"POST {REDACTED} failed"
    assert secrets.redact("nothing here") == "nothing here"


def test_a_short_value_does_not_blank_out_ordinary_words() -> None:
    assert Secrets({"CATBOX_USERHASH": "a"}).redact("a banana") == "a banana"
    assert Secrets({}).redact("a banana") == "a banana"


_KEY = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="()")


@given(secret=st.text(_KEY, min_size=8, max_size=60).filter(lambda key: key not in REDACTED), around=st.text())
def test_no_text_keeps_a_secret(secret: str, around: str) -> None:
    assert secret not in Secrets({"KIE_API_KEY": secret}).redact(f"{around}{secret}{around}")


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ключ"])
def test_a_secret_that_no_header_can_carry_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(CredentialsError, match="KIE_API_KEY") as refused:
        load_secrets({"KIE_API_KEY": value})
    assert value not in str(refused.value)


def test_an_unreadable_credential_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kie_api_key").mkdir()
    with pytest.raises(CredentialsError, match="kie_api_key"):
        load_secrets({}, tmp_path)
    (tmp_path / "kie_api_key").rmdir()
    (tmp_path / "kie_api_key").write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="not text"):
        load_secrets({}, tmp_path)


def test_addresses_have_defaults_lose_their_slash_and_may_be_missing_for_s3_only() -> None:
    urls = service_urls({"VIDEOD_URL_KIE": "http://127.0.0.1:4000/"})
    assert urls["VIDEOD_URL_KIE"] == "http://127.0.0.1:4000"
    assert urls["VIDEOD_URL_NOTION"] == "https://api.notion.com"
    assert set(SERVICE_URLS) - set(urls) == {"VIDEOD_URL_S3"}


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://host", "https://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CredentialsError, match="VIDEOD_URL_KIE"):
        service_urls({"VIDEOD_URL_KIE": url})
