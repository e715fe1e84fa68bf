"""What travels to a worker: an order whose paths are relative, and its files by their digests. Nothing of Dask here.

A place on one machine means nothing on another, so paths beneath the job's folder are written with a token in its
stead, which the other side replaces by its own folder. The same is done with what a script says.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import videod
from videod import __version__, files

#: the resource of a worker that one job takes
SLOT = "videod-slot"
#: how the plugin of a worker is called
PLUGIN = "videod"
#: so much of a file travels in one message, bytes
CHUNK = 4 << 20
#: of a text that names other files, and of a small file beside an output, bytes
TEXT_BYTES = 4 << 20
#: of one output, bytes
OUTPUT_BYTES = 8 << 30
#: what a script's environment is on any machine; all else it gets there
_SAME = ("LANG", "LC_ALL", "TZ", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Reached:
    """How the scheduler is reached; files by their paths, "" for none. `owner`: this
    installation; `scripts`: its programs."""

    address: str
    owner: str
    scripts: str
    ca: str = ""
    cert: str = ""
    key: str = ""
    shared: str = ""


@dataclass(frozen=True)
class Piece:
    """A file of an order: its place in the job's folder."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Order:
    """One job on a worker. `token` stands for the job's folder; `writes`: the one folder to write in ("": all)."""

    key: str
    version: str
    label: str
    script: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    pieces: tuple[Piece, ...]
    texts: Mapping[str, str]
    output: str
    beside: tuple[str, ...]
    writes: str
    nice: int
    token: str


@dataclass(frozen=True)
class Left:
    """What a job left on a worker: how its script ended, what it said, the files to fetch."""

    code: int
    lines: tuple[str, ...]
    stderr: str
    cpu_ms: int
    made: tuple[Piece, ...] = ()
    #: digests of inputs that the worker does not have (any more)
    missing: tuple[str, ...] = ()
    #: why the worker itself could not do it
    trouble: str = ""


@dataclass(frozen=True)
class Told:
    """A child as the daemon tells its helper of it, in JSON."""

    id: int
    label: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    nice: int
    writes: list[str] | None
    inputs: dict[str, str]
    brought: list[str]
    texts: list[str]
    output: str
    beside: list[str]


def order_of(told: Told, key: str) -> tuple[Order, dict[str, Path]]:
    """The order, and where its files lie here, by digest. Raises OSError where one cannot be read."""
    cwd, token = Path(told.cwd), f"@{secrets.token_hex(8)}@"
    sources: dict[str, Path] = {}
    pieces: dict[str, Piece] = {}
    for name, sha256 in told.inputs.items():
        with files.open_made(Path(name)) as source:
            size = source.seek(0, 2)
        sources[sha256] = Path(name)
        place = str(Path(name).relative_to(cwd))
        pieces[place] = Piece(place, sha256, size)
    moved = {}
    for number, name in enumerate(told.brought):
        path = Path(name)
        inside = path.is_relative_to(cwd)
        place = str(path.relative_to(cwd)) if inside else f"brought/{number}/{path.name}"
        size, sha256 = _known(path, inside)
        sources[sha256], pieces[place] = path, Piece(place, sha256, size)
        if not inside:
            moved[name] = f"{token}/{place}"

    def there(text: str) -> str:
        return moved.get(text) or text.replace(f"{cwd}/", f"{token}/")

    texts = {
        str(Path(name).relative_to(cwd)): there(files.read_made(Path(name), TEXT_BYTES, cwd).decode())
        for name in told.texts
    }
    env = {name: value for name, value in told.env.items() if name in _SAME}
    within = Path(told.output).parent
    folder = "" if told.writes is None else str(within.relative_to(cwd))
    script, *rest = told.argv[1:]
    order = Order(
        key=key,
        version=version(Path(script).parent),
        label=told.label,
        script=Path(script).name,
        argv=tuple(map(there, rest)),
        env=env,
        pieces=tuple(pieces.values()),
        texts=texts,
        output=str(Path(told.output).relative_to(cwd)),
        beside=tuple(str(Path(name).relative_to(cwd)) for name in told.beside),
        writes="" if folder == "." else folder,
        nice=told.nice,
        token=token,
    )
    return order, sources


def _known(path: Path, inside: bool) -> tuple[int, str]:
    """Size and digest of a file that the daemon never measured: the channel's own, or a small one beside another."""
    with files.open_made(path) if inside else files.open_plain(path, follow=True) as source:
        return files.fingerprint(source, OUTPUT_BYTES)


@cache
def version(programs: Path | None = None) -> str:
    """This videod, told from any other by what its programs are: "0.1.0+1f2e3d4c". `programs`: its scripts."""
    found = hashlib.sha256()
    for root in (Path(videod.__file__).parent, programs or scripts()):
        for path in sorted(root.rglob("*.py")):
            found.update(f"{path.relative_to(root)}\0".encode())
            found.update(path.read_bytes())
    return f"{__version__}+{found.hexdigest()[:8]}"


def scripts() -> Path:
    """The scripts of this installation: beside the package in a checkout, within it elsewhere."""
    package = Path(videod.__file__).resolve().parent
    packaged = package / "_packaged" / "scripts"
    return packaged if packaged.is_dir() else package.parent / "scripts"
