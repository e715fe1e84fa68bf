"""A few forms of everything through every step; `python -m tests.campaigns media` takes them all."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.lib.film import loudness
from tests.campaigns import media as campaign
from tests.harness import forms
from tests.scripts import media
from videod.core import media_checks

SOUNDS = ("wav streamed FFFFFFFF", "wav streamed 0", "wav odd byte 8 kHz", "mp3 two of other rates joined", "webm",
          "case two joined", "case 150 bytes missing")  # fmt: skip
CLIPS = ("uneven", "4:4:4", "case late", "case intro 30 ms")
PICTURES = ("cmyk", "exif 5", "apng")


def some(names: tuple[str, ...], all_: Mapping[str, forms.Form]) -> dict[str, forms.Form]:
    return {name: all_[name] for name in names}


@pytest.mark.long
@pytest.mark.live
@pytest.mark.fault("4.4")
def test_sound_of_every_form_is_cut_as_it_was_checked_or_refused_with_a_sentence(tmp_path: Path) -> None:
    with media.films("320x180"):
        found = campaign.sounds(tmp_path, some(SOUNDS, forms.SOUNDS))
    assert not found.wrong
    assert (found.right, list(found.told)) == (6, ["webm"])


@pytest.mark.live
@pytest.mark.fault("6.2", "6.3", "6.4")
def test_clips_of_every_form_come_out_right(tmp_path: Path) -> None:
    with media.films("320x180"):
        found = campaign.clips(tmp_path, some(CLIPS, forms.CLIPS))
    assert not found.wrong
    assert found.right == len(CLIPS)


@pytest.mark.live
@pytest.mark.fault("6.5")
def test_pictures_of_every_form_come_out_right(tmp_path: Path) -> None:
    found = campaign.stills(tmp_path, some(PICTURES, forms.PICTURES))
    assert not found.wrong
    assert found.right == len(PICTURES)


@pytest.mark.fault("4.4")
def test_scripts_and_check_have_one_opinion_on_what_can_be_heard() -> None:
    assert (loudness.SILENT_PEAK_DB, loudness.SILENT_MEAN_DB) == (
        media_checks.SILENT_PEAK_DB, media_checks.SILENT_MEAN_DB
    )  # fmt: skip
    assert (loudness.LACK_S, loudness.LACK_SHARE) == (media_checks.LACK_S, media_checks.LACK_SHARE)
    for peak in (-80.0, -60.1, -59.9, -10.0):
        for mean in (-90.0, -70.1, -69.9, -20.0):
            ours = media_checks.Heard("mp3", 44_100, 3.0, mean, peak).silent
            theirs = loudness.Measured(None, None, 3 * 48_000, mean, peak).silent
            assert ours == theirs, (peak, mean)
