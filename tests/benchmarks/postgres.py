"""A private PostgreSQL cluster for the length of a benchmark: own folder, own user, Unix socket only, fsync on."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_POSTGRES = "PostgreSQL is not installed (apt-get install postgresql)"


def programs() -> Path | None:
    """The folder with initdb, pg_ctl and createdb: Debian's newest, else where PATH leads."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("initdb")
    if debian:
        return debian[-1].parent
    return Path(found).resolve().parent if found else None


def version() -> str:
    folder = programs()
    if folder is None:
        return "none"
    told = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[2]


@contextmanager
def cluster() -> Iterator[str | None]:
    """The base of a connection address (add a database's name to it), or None where there is no PostgreSQL.

    PostgreSQL refuses to run as root: it then runs as `postgres` or `nobody`. Settings are the distribution's, so
    fsync and synchronous_commit are on.
    """
    folder = programs()
    if folder is None:
        yield None
        return
    user = _user()
    with tempfile.TemporaryDirectory(prefix="videod-pg-") as made:
        data, home = Path(made) / "data", Path(made)
        home.chmod(0o755)
        data.mkdir(mode=0o700)
        if user is not None:
            shutil.chown(data, user)
            shutil.chown(home, user)

        def call(*argv: str) -> None:
            subprocess.run(
                argv, check=True, user=user, cwd=home, capture_output=True, extra_groups=[] if user else None
            )

        call(str(folder / "initdb"), "-D", str(data), "-U", "bench", "--auth=trust", "--no-sync", "-E", "UTF8")
        log = str(home / "log")
        options = f"-k {home} -c listen_addresses='' -c port=5432"
        call(str(folder / "pg_ctl"), "-D", str(data), "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://bench@/{{name}}?host={home}"
        finally:
            call(str(folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")


def new_database(address: str, name: str) -> str:
    """Make a database in the cluster and return its address."""
    home = address.split("host=")[1]
    folder = programs()
    assert folder is not None
    subprocess.run([str(folder / "createdb"), "-h", home, "-U", "bench", name], check=True)
    return address.format(name=name)


def _user() -> str | None:
    """Whom the server runs as; None: ourselves."""
    if os.geteuid() != 0:
        return None
    names = {row.pw_name for row in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
