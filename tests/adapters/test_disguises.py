"""Files that pretend to be media, at the daemon's check: nothing else is opened, nobody is called, each is answered."""

from collections.abc import Iterator

import imageio_ffmpeg
import pytest

from tests.harness import disguises
from tests.harness.outside import Outside
from videod.adapters.inspector import MediaInspector
from videod.core.step import Expectation
from videod.ports import BadArtefact, Unchecked

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ANY = Expectation(max_s=60.0)
#: name -> what passes as what, and may: the file is what it says, with something of another kind behind it
PASSES = {
    "png and html": ("image",), "png with a playlist": ("image",), "jpeg and zip": ("image",),
    "film with a lie as title": ("video",), "16 bits of gray": ("image",), "many pictures": ("image",),
    "film of a year": ("video",),
}  # fmt: skip


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[disguises.Parts]:
    folder = tmp_path_factory.mktemp("disguises")
    (folder / "outside").mkdir()
    outside = Outside(folder / "outside")
    yield disguises.parts(folder, outside)
    outside.close()


@pytest.mark.fault("12.8", "12.22")
@pytest.mark.parametrize("name", disguises.ALL)
async def test_a_file_in_disguise_reaches_nothing_and_nobody(
    name: str, parts: disguises.Parts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = tmp_path_factory.mktemp("workspace")
    data = disguises.ALL[name](parts)
    parts.outside.watch.opened()
    passed = []
    for makes in ("video", "image"):
        (workspace / "a.mp4").write_bytes(data)
        try:
            await MediaInspector(lambda: FFMPEG).inspect(workspace / "a.mp4", makes, ANY)
        except (BadArtefact, Unchecked) as refusal:
            assert isinstance(refusal, BadArtefact) or name == "packed index"  # it asks for more than any host has
            assert str(refusal).startswith("a.mp4 ")
        else:
            passed.append(makes)
    assert tuple(passed) == PASSES.get(name, ())
    assert not parts.outside.watch.opened()
    assert not parts.outside.called()
