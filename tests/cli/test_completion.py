"""Tab completion as a real bash asks for it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.factory import NOON, StudioBox, a_full_studio
from videod.cli import main
from videod.core.links import OWN
from videod.store import entry_writes, readonly

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash on this machine")


def offered(words: list[str], state: Path) -> list[str]:
    """What bash offers for the last of `words`."""
    asks = f"""
        shopt -s expand_aliases
        videod() {{ {sys.executable} -m videod "$@"; }}
        export -f videod
        eval "$(videod completion bash)"
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
        COMP_CWORD={len(words) - 1}
        _videod_completion '{Path(sys.executable).with_name("videod")}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert BASH is not None
    env = os.environ | {"VIDEOD_STATE": str(state)}
    done = subprocess.run([BASH, "--norc", "-c", asks], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    a_full_studio(folder, 4).close()
    return folder


def test_bash_completes_commands_and_their_options(state: Path) -> None:
    assert offered(["videod", "sta"], state) == ["status"]
    assert set(offered(["videod", ""], state)) == set(main.COMMANDS)
    assert offered(["videod", "list", "--sta"], state) == ["--status", "--state"]


def test_bash_completes_ids_and_services(tmp_path: Path) -> None:
    box = StudioBox(tmp_path, at=NOON)
    first, second = box.queue("The Cold Crossing"), box.queue("Wolves of the Long Night")
    box.close()
    with closing(sqlite3.connect(box.path)) as connection, connection:
        entry_writes.add(connection, f"{OWN}0a1b2c3d", {"Title": "Otters", "Status": "Draft"}, {}, NOON)
    assert set(offered(["videod", "show", ""], tmp_path)) == {first, second}
    assert offered(["videod", "why", first[:8]], tmp_path) == [first]
    assert offered(["videod", "approve", "wolves-of"], tmp_path) == [second]
    assert offered(["videod", "resume", "gem"], tmp_path) == ["gemini"]
    assert offered(["videod", "entries", "queue", "Ott"], tmp_path) == ["Otters"]


def test_a_folder_without_a_database_offers_no_episode_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(readonly.NoDatabase):
        readonly.look(tmp_path / "videod.db")
    assert offered(["videod", "show", ""], tmp_path) == []
