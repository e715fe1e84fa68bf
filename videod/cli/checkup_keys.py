"""Credentials: what is set, whether it can be what it should be, who hears of trouble."""

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from videod import files
from videod.adapters.oauth import vault
from videod.cli.checks import Check, State, fix, note, ok
from videod.config import Settings
from videod.core import dotenv
from videod.credentials import (
    MOST_BYTES,
    SECRET_NAMES,
    SERVICE_URLS,
    CredentialsError,
    Secrets,
    env_file,
    is_secret,
    load_secrets,
    service_urls,
)  # fmt: skip
from videod.daemon import wiring

#: how tokens of a service begin, or end; a key put into the wrong variable is the commonest mistake of all
_FORMS: Mapping[str, tuple[str, str]] = {
    "NOTION_TOKEN": (r"(ntn_|secret_).+", "begins with ntn_"),
    "GOOGLE_CLIENT_ID": (r".+\.apps\.googleusercontent\.com", "ends with .apps.googleusercontent.com"),
    "SLACK_WEBHOOK_URL": (r"https?://.+", "is an address that begins with https://hooks.slack.com/"),
}
_PLACEHOLDER = re.compile(r"(?i)<.*>|\.{3,}|x{4,}|change.?me|your[-_ ]?(api[-_ ]?)?(key|token|secret).*|todo|secret")


def credentials(
    settings: Settings | None, env: Mapping[str, str], config: Path
) -> tuple[Secrets | None, Mapping[str, str], list[Check]]:  # fmt: skip
    """What is set, whether it can be what it should be, and addresses that lead elsewhere."""
    area = "credentials"
    try:
        found, urls = load_secrets(env, settings=config), service_urls(env)
    except CredentialsError as error:
        return None, {}, [fix(area, "values", f"{error}.")]
    told = list(_elsewhere(urls))
    needed = wiring.required(settings) if settings is not None else ()
    missing = found.missing(needed)
    told += [fix(area, name, f"{name} is not set. {_where(name)}") for name in missing]
    told += [one for name in (*needed, "SLACK_WEBHOOK_URL") for one in _formed(name, found.get(name), urls)]
    try:
        if found.get("VIDEOD_MASTER_KEY"):
            vault(found.get("VIDEOD_MASTER_KEY") or "")
    except ValueError as error:
        told.append(fix(area, "VIDEOD_MASTER_KEY", f"{error}."))
        missing = ("VIDEOD_MASTER_KEY", *missing)
    if not any(one.state is State.FIX for one in told):
        told.insert(0, ok(area, "values", f"All {len(needed)} credentials are set."))
    return (None if missing else found), urls, told


def _elsewhere(urls: Mapping[str, str]) -> Iterator[Check]:
    """Addresses that lead elsewhere than to the service; those of the sandbox in one sentence."""
    changed = {name: url for name, url in urls.items() if url != SERVICE_URLS[name].rstrip("/")}
    here = [name for name, url in changed.items() if urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")]
    if here:
        yield note("credentials", "addresses", f"{len(here)} addresses lead to simulated services on this host"
                   f" ({', '.join(here)}).")  # fmt: skip
    for name in changed.keys() - set(here):
        told = f"{name} sends requests and keys to {changed[name]} instead of the service."
        yield note("credentials", name, told)


#: where a key comes from
_SOURCES: Mapping[str, str] = {
    "NOTION_TOKEN": "Create an internal connection in Notion (Settings, Connections, Develop).",
    "GEMINI_API_KEY": "Create one at https://aistudio.google.com/apikey.",
    "KIE_API_KEY": "Create one at https://kie.ai/api-key.",
    "ELEVENLABS_API_KEY": "Create one at https://elevenlabs.io/app/settings/api-keys.",
    "GOOGLE_CLIENT_ID": "Create an OAuth client of type Desktop app at https://console.cloud.google.com/apis/credentials.",
    "GOOGLE_CLIENT_SECRET": "It is next to the client ID at https://console.cloud.google.com/apis/credentials.",
    "VIDEOD_MASTER_KEY": "Create one with `videod secrets new-key`, and keep a copy of it elsewhere.",
}


def _where(name: str) -> str:
    return (
        f"{_SOURCES.get(name, '')} Put it into the environment, into .env, or into /etc/credstore for the unit.".strip()
    )


def _formed(name: str, value: str | None, urls: Mapping[str, str]) -> Iterator[Check]:
    """What cannot be the key that its name says; nothing of the value is shown."""
    if value is None:
        return
    if value[0] in "\"'" and value[-1] == value[0]:
        yield fix("credentials", name, f"{name} has quotation marks around it. Leave them out.")
    elif _PLACEHOLDER.fullmatch(value):
        yield fix("credentials", name, f"{name} still contains a placeholder. {_where(name)}")
    elif name in _FORMS and _real(name, urls) and not re.fullmatch(_FORMS[name][0], value):
        yield fix(
            "credentials",
            name,
            f"{name} does not look right: a valid one {_FORMS[name][1]}. Did you paste another key?",
        )


def _real(name: str, urls: Mapping[str, str]) -> bool:
    """Whether the service is asked at its own address: the sandbox has keys of its own form."""
    url = {"NOTION_TOKEN": "VIDEOD_URL_NOTION", "GOOGLE_CLIENT_ID": "VIDEOD_URL_GOOGLE_OAUTH"}.get(name)
    return url is None or urls.get(url) == SERVICE_URLS[url].rstrip("/")


def environment_file(config: Path) -> Iterator[Check]:
    """Lines of the `.env` beside the settings that are no key of videod."""
    path = env_file(config)
    try:
        names = dotenv.parse(files.read_bytes(path, MOST_BYTES).decode())
    except (OSError, ValueError):
        return  # there is none, or `credentials` says what is wrong with it
    for name in names:
        if not is_secret(name):
            close = difflib.get_close_matches(name, SECRET_NAMES, n=1)
            meant = f"Did you mean {close[0]}?" if close else "Remove the line if it is not for another program."
            yield note("credentials", name, f"{path} has {name}, which videod does not know. {meant}")
