"""Secrets and service addresses from the environment; no other room looks there for them.

A secret is read from its variable, or from the file of the same name in lower case in $CREDENTIALS_DIRECTORY
(systemd's LoadCredential=), or from the `.env` beside videod.toml, which must be its owner's alone. It leaves this room
only by `get` and `for_child`, never by repr, log or error.
"""

import errno
import ipaddress
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from videod import files
from videod.core import dotenv
from videod.core.dotenv import DotenvError
from videod.core.redaction import LEAST, Redactor
from videod.core.service import Needed, Secret
from videod.core.services import SERVICES
from videod.core.services.youtube import OF_PROJECT

#: secrets of no service: of the ways to reach a person, and videod's own
OTHERS = (
    Secret("SLACK_WEBHOOK_URL", "alerts", Needed.OPTIONAL),
    Secret("SMTP_PASSWORD", "alerts", Needed.OPTIONAL),
    Secret("VIDEOD_MASTER_KEY", "encrypts the YouTube authorizations on disk", Needed.ALWAYS),
)
ALL = (*(secret for service in SERVICES.values() for secret in service.secrets), *OTHERS)
SECRET_NAMES = tuple(secret.name for secret in ALL)
#: passwords: they may hold spaces and any letter
IN_NO_HEADER = ("SMTP_PASSWORD",)
#: those without which nothing can be done, and those that videod asks for itself
REQUIRED = tuple(secret.name for secret in ALL if secret.needed == Needed.ALWAYS)
ISSUED = tuple(secret.name for secret in ALL if secret.needed == Needed.ISSUED)
#: issued tokens that are remembered for redaction; each lives an hour, so this serves 50 channels
ISSUED_MAX = 100
#: a file of keys is small
MOST_BYTES = 64_000
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

#: variable -> the usual address; empty: there is none
SERVICE_URLS = {name: url for service in SERVICES.values() for name, url in service.addresses.items()}


class CredentialsError(ValueError):
    """A secret or address cannot be used as it is given; the text names it, never its value."""


class Secrets:
    """The secrets that were found. Neither repr nor str shows a value."""

    def __init__(self, values: Mapping[str, str], hidden: Iterable[str] = (), file: Path | None = None) -> None:
        """`hidden`: what is taken out of texts as well, and given to nobody. `file`: the `.env` of the installation,
        whether it is there or not."""
        self.file = file
        self._values = dict(values)
        self._hidden = tuple(hidden)
        self._issued: list[str] = []
        self._redactor = self._new_redactor()

    def _new_redactor(self) -> Redactor:
        found = Redactor()
        for value in (*self._values.values(), *self._hidden, *self._issued):
            found.add(_secret_of(value))
        return found

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in self._values)

    def for_child(self, names: Iterable[str]) -> dict[str, str]:
        """The environment entries for a script that needs `names`; what is not set is left out."""
        return {name: self._values[name] for name in names if name in self._values}

    def learn(self, issued: str) -> str:
        """Take out this one too from now on: a token that a service issued. Returns it."""
        if issued not in self._issued:
            self._issued.append(issued)
            if len(self._issued) <= ISSUED_MAX:
                self._redactor.add(issued)
            else:
                del self._issued[: ISSUED_MAX // 2]
                self._redactor = self._new_redactor()
        return issued

    def redact(self, text: str) -> str:
        """`text` with every secret replaced, long parts of it and its disguises among it (`core.redaction`)."""
        return self._redactor(text)

    def redact_page(self, text: str) -> str:
        """The same of a page, of which most was looked at before."""
        return self._redactor.page(text)


def _secret_of(value: str) -> str:
    """Of a webhook address the path is the secret, and errors often show only that."""
    if value.startswith(("http://", "https://")):
        with suppress(ValueError):
            path = urlsplit(value).path
            return path if len(path) >= LEAST else value
    return value


def load_secrets(
    env: Mapping[str, str], credentials_directory: str | Path | None = None, settings: Path | None = None
) -> Secrets:  # fmt: skip
    """The secrets of `SECRET_NAMES` that are set: in the environment, else as a credential, else in the `.env` beside
    the file of `settings`. The directory is $CREDENTIALS_DIRECTORY unless given.

    Raises CredentialsError when a file cannot be read or a value has characters that no header may carry.
    """
    folder = credentials_directory or env.get("CREDENTIALS_DIRECTORY")
    values, file = {}, None if settings is None else env_file(settings)
    kept = {} if file is None else _from_env_file(file)
    for name in (*SECRET_NAMES, *_of_projects((*env, *kept), folder)):
        value = env.get(name, "").strip() or (_from_file(Path(folder) / name.lower()) if folder else "")
        value = value or kept.get(name, "").strip()
        if any(not 32 < ord(letter) < 127 for letter in value) and not (name in IN_NO_HEADER and value.isprintable()):
            raise CredentialsError(
                f"{name} contains spaces, line breaks or other characters that no key has. Set it again"
            )
        if value.startswith("http://") and _is_address(value) and not on_this_host(value):
            raise CredentialsError(f"{name} is a credential that would be sent unencrypted. Write https")
        if value:
            values[name] = value
    return Secrets(values, _of_proxies(env), file)


def env_file(settings: Path) -> Path:
    """Where the `.env` of an installation lies: beside its settings file."""
    return settings.absolute().parent / ".env"


def _from_env_file(path: Path) -> dict[str, str]:
    """What a `.env` holds, {} if there is none. Raises CredentialsError where others may read or change it."""
    try:
        with files.open_plain(path) as source:
            found, text = os.fstat(source.fileno()), source.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as problem:
        linked = problem.errno == errno.ELOOP
        why = "it is a link. Put the file itself there" if linked else files.reason(problem)
        raise CredentialsError(f"{path} cannot be read ({why})") from None
    if found.st_uid != os.geteuid():
        raise CredentialsError(f"{path} belongs to another user. Run `chown {os.geteuid()} {path}`")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise CredentialsError(f"Other users can read {path} (mode {mode:04o}). Run `chmod 600 {path}`")
    try:
        if len(text) > MOST_BYTES:
            raise DotenvError(f"it is larger than {MOST_BYTES:,} bytes")
        kept = dotenv.parse(text.decode())
    except UnicodeDecodeError:
        raise CredentialsError(f"{path} cannot be used: it is not UTF-8 text") from None
    except DotenvError as problem:
        raise CredentialsError(f"{path} cannot be used: {problem}") from None
    misplaced = [name for name in kept if name.startswith("VIDEOD_") and not is_secret(name)]
    if misplaced:
        raise CredentialsError(
            f"{path} contains {misplaced[0]}, which is not a key. Write settings into videod.toml, and addresses into"
            " the environment"
        )
    return kept


def is_secret(name: str) -> bool:
    """Whether an environment variable holds one of videod's secrets."""
    return name in SECRET_NAMES or OF_PROJECT.fullmatch(name) is not None


def _of_projects(names: Iterable[str], folder: str | Path | None) -> list[str]:
    """The OAuth clients of named Google projects that are set."""
    found = {name for name in names if OF_PROJECT.fullmatch(name)}
    if folder:
        with suppress(OSError, ValueError):
            files_there = (path.name.upper() for path in Path(folder).iterdir())
            found |= {name for name in files_there if OF_PROJECT.fullmatch(name)}
    return sorted(found)


def _of_proxies(env: Mapping[str, str]) -> list[str]:
    """The passwords in the addresses of proxies, which scripts are given too."""
    found = []
    for name in _PROXIES:
        with suppress(ValueError):
            password = urlsplit(env.get(name) or env.get(name.lower()) or "").password
            found += [password, unquote(password)] if password else []
    return found


def _from_file(path: Path) -> str:
    try:
        return files.read_bytes(path, MOST_BYTES, follow=True).decode().strip()
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise CredentialsError(f"the credential file {path} cannot be read ({files.reason(problem)})") from None
    except UnicodeDecodeError:
        raise CredentialsError(f"the credential file {path} is not text") from None


def service_urls(env: Mapping[str, str]) -> dict[str, str]:
    """Variable name -> base address without trailing slash, for all VIDEOD_URL_*; S3 is left out where it is not set.

    Raises CredentialsError when one is no http(s) address, hides another one, or would send keys in the open.
    """
    urls = {name: (env.get(name) or default).rstrip("/") for name, default in SERVICE_URLS.items()}
    for name, url in urls.items():
        if url and not _is_address(url):
            raise CredentialsError(f"{name} must be an address such as {SERVICE_URLS[name] or 'https://host'}")
        if url and _in_the_open(url):
            raise CredentialsError(
                f"{name} sends keys unencrypted to {urlsplit(url).hostname}. Write https, or an address of this host"
            )
    return {name: url for name, url in urls.items() if url}


def changed(urls: Mapping[str, str]) -> dict[str, str]:
    """Those of `service_urls` that are not the usual ones: keys go there."""
    return {name: url for name, url in urls.items() if SERVICE_URLS[name] and url != SERVICE_URLS[name].rstrip("/")}


def _is_address(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or any(letter in url for letter in " \\@?#"):
        return False  # a name before an @ makes one address look like another
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        return False


def on_this_host(url: str) -> bool:
    """Whether an address is a loopback one."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_the_open(url: str) -> bool:
    return urlsplit(url).scheme == "http" and not on_this_host(url)
