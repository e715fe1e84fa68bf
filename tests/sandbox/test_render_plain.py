"""The cheap media of `videod sandbox run --plain`: scripts take them for whole, and each request has its own file."""

import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.generate_audio import FASTEST_CHARACTERS_PER_S
from scripts.lib import cutout, figure_check
from scripts.lib.film import segment
from videod.core.key_colours import GROUNDS
from videod.core.steps.image import isolated
from videod.sandbox.render import plain
from videod.sandbox.render.clips import RenderError
from videod.sandbox.render.encoding import ffmpeg
from videod.sandbox.render.scene import read_scene
from videod.sandbox.render.soundscape import RATE

TEXT = "The brown bear waits where the cold river narrows, and the river does not wait."


def test_a_request_has_one_picture_and_another_request_another() -> None:
    first, again, other = (plain.picture(words, (64, 36), None) for words in ("a bear", "a bear", "a whale"))
    assert first.tobytes() == again.tobytes() != other.tobytes()


def test_a_figure_before_a_plain_ground_can_be_cut_out() -> None:
    prompt = "A brown bear." + isolated("green")
    ground = read_scene(prompt).plain
    assert ground is not None
    figure = cutout.cut_out(plain.picture(prompt, (320, 180), ground), "--character")
    assert 100 < figure.colours.width < 200


@pytest.mark.parametrize("hue", GROUNDS)
def test_no_figure_has_the_hue_of_its_ground(hue: str) -> None:
    for number in range(12):
        prompt = f"A bear, number {number}." + isolated(hue)
        drawn = plain.picture(prompt, (344, 192), read_scene(prompt).plain)
        assert figure_check.objection(drawn, hue, group=False) is None


async def test_a_clip_is_as_long_as_asked_for_and_its_pictures_can_be_copied_into_a_film(tmp_path: Path) -> None:
    seed = tmp_path / "seed.png"
    Image.effect_noise((1376, 768), 60).convert("RGB").save(seed)
    await plain.clip(seed, tmp_path / "clip.mp4", 5, (1920, 1080), ffmpeg())
    found = segment.open_clip(tmp_path / "clip.mp4", "clip", 24)
    assert (found.pictures, found.odd) == (120, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "seed.png"]


async def test_a_picture_that_is_none_makes_no_clip_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "seed.png").write_bytes(b"<html>502</html>")
    with pytest.raises(RenderError):
        await plain.clip(tmp_path / "seed.png", tmp_path / "clip.mp4", 5, (1920, 1080), ffmpeg())
    assert [path.name for path in tmp_path.iterdir()] == ["seed.png"]


def test_a_voice_is_heard_for_as_long_as_a_reading_may_last_with_its_words_in_order() -> None:
    spoken = plain.voice(TEXT, 1.0)
    assert spoken.duration_ms >= len(TEXT) / FASTEST_CHARACTERS_PER_S * 1000
    assert [TEXT[word.at : word.at + word.length] for word in spoken.words] == re.findall(r"\S+", TEXT)
    assert 0 <= spoken.words[0].begin_ms < spoken.words[-1].begin_ms < spoken.duration_ms
    with wave.open(io.BytesIO(spoken.wav)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
        assert round(len(samples) / sound.getframerate() * 1000) == spoken.duration_ms
    assert np.abs(samples).max() > 5000


def test_a_bed_lasts_as_long_as_asked_for_and_can_be_heard() -> None:
    bed = plain.ambience("rain", 2.5)
    assert bed.shape == (2, round(2.5 * RATE)) and np.sqrt(np.mean(bed**2)) > 0.03
