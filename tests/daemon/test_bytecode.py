"""Scripts are compiled once by the daemon: their confinement lets none of them write its own bytecode."""

import importlib.util
from pathlib import Path

from videod.daemon.bytecode import compile_scripts


def compiled(source: Path) -> bool:
    return Path(importlib.util.cache_from_source(str(source))).exists()


def test_scripts_and_what_they_import_are_compiled(tmp_path: Path) -> None:
    sources = [tmp_path / "make.py", tmp_path / "lib" / "film" / "cut.py"]
    for source in sources:
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("answer = 42\n")
    assert compile_scripts(tmp_path)
    assert all(map(compiled, sources))


def test_a_script_that_does_not_compile_is_left_as_it_is_and_the_others_are_compiled(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "good.py").write_text("answer = 42\n")
    assert not compile_scripts(tmp_path)
    assert compiled(tmp_path / "good.py")


def test_a_folder_that_is_not_there_raises_nothing(tmp_path: Path) -> None:
    compile_scripts(tmp_path / "missing")
