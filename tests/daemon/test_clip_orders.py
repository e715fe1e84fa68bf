"""What a channel's clips are ordered from, how long, and at what price."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.house.test_channels import GOOD, written
from videod.channels import Channel, ChannelSet, load_files
from videod.config import Settings, load_settings
from videod.core import film_cost
from videod.core.model import ChannelPolicy, Priority, Task
from videod.core.statuses import Status
from videod.core.steps.clip import STEP
from videod.credentials import Secrets
from videod.daemon import settings_checks, wiring
from videod.daemon.settings_checks import Now

SEEDANCE = "bytedance/v1-pro-fast-image-to-video@720p"
TASK = Task("t", "p", "wild", "T", "", "", Priority.NORMAL, None, Status.QUEUED, 0, 0)


def settings(folder: Path, toml: str = "") -> Settings:
    (folder / "videod.toml").write_text(toml)
    return load_settings(folder / "videod.toml", {})


def channel(folder: Path, more: str = "") -> Channel:
    return load_files([written(folder, GOOD + more)]).channels["wild"]


@pytest.mark.parametrize(
    ("toml", "more", "seconds", "usd"),
    [
        ("", "", 10, 0.42),
        ("", "clip_seconds: 5\n", 5, 0.21),
        ("", f"video_model: {SEEDANCE}\n", 10, 0.18),
        ("", f"video_model: {SEEDANCE}\nclip_seconds: 5\n", 5, 0.08),
        ("", "video_model: grok-imagine/image-to-video\nclip_seconds: 6\n", 6, 0.135),
        ('[models]\nvideo = "kling-3.0/video@std"\n', "clip_seconds: 8\n", 8, 0.56),
        # somebody's own figure for the model of the settings, and what another model costs is no matter of that
        ("[prices]\nclip = 0.40\n", "clip_seconds: 5\n", 5, 0.20),
        ("[prices]\nclip = 0.40\n", f"video_model: {SEEDANCE}\n", 10, 0.18),
        # the settings' model does not make 7 s: what it makes is bought
        ("", "clip_seconds: 7\n", 10, 0.42),
        # nobody knows the price of a model: the settings' figure counts
        ('[models]\nvideo = "kling/v2-1-master-image-to-video"\n', "clip_seconds: 5\n", 5, 0.42),
    ],
)
def test_a_clip_is_priced_by_its_model_and_length(
    tmp_path: Path, toml: str, more: str, seconds: int, usd: float
) -> None:
    policy = wiring.policy_of(settings(tmp_path, toml), channel(tmp_path, more))
    assert policy.clip_seconds == seconds
    assert STEP.price is not None
    assert STEP.price.micros({"seconds": policy.clip_seconds}, policy) == round(usd * 1e6)
    assert film_cost.by_service(policy)["kie"] == round(18 * usd * 1e6)


def test_an_own_script_for_clips_costs_what_the_settings_say_whatever_the_model(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    own = settings(tmp_path, '[scripts]\nclip = "mine.py"\n[prices]\nclip = 0.33\n')
    policy = wiring.policy_of(own, channel(tmp_path, f"video_model: {SEEDANCE}\n"))
    assert film_cost.by_service(policy)["kie"] == round(18 * 0.33 * 1e6)


def test_the_script_is_given_the_channels_model_else_that_of_the_settings(tmp_path: Path) -> None:
    found, silent = [], []
    for more in ("", f"video_model: {SEEDANCE}\nwordless_shots: 2\n"):
        of, known = channel(tmp_path, more), settings(tmp_path)
        context = wiring.context_maker(lambda known=known: known, lambda of=of: ChannelSet({"wild": of}))(  # type: ignore[misc]
            TASK, PurePosixPath("/w"), {}
        )
        assert context is not None
        found.append(context.models["video"])
        silent.append(context.wordless)
    assert found == ["kling/v2-5-turbo-image-to-video-pro", SEEDANCE] and silent == [0, 2]


async def test_a_length_that_the_model_does_not_make_is_said_and_stops_nothing(tmp_path: Path) -> None:
    now = Now(settings(tmp_path), ChannelSet({"wild": channel(tmp_path, "clip_seconds: 7\n")}), Secrets({}), {})
    told = [one for one in (await settings_checks.local(lambda: now)).found if one.cause == "kie:seconds wild"]
    assert [(one.stops, one.channel_id) for one in told] == [(False, "wild")]
    assert "makes no clips of 7 s, so those of wild are ordered at 10 s" in told[0].text
    assert "`clip_seconds` in channels/wild.yaml to 10" in told[0].text


def test_the_economy_profile_makes_an_episode_of_18_shots_for_4_dollars_and_100_seconds(tmp_path: Path) -> None:
    economy, standard = (
        wiring.policy_of(settings(tmp_path), channel(tmp_path, more)) for more in ("profile: economy\n", "")
    )
    assert film_cost.total(economy) <= 4_000_000 == economy.target_micros
    assert film_cost.length_s(economy) >= 100
    assert [(line.step, line.count) for line in film_cost.lines(economy)] == [
        ("plan", 1), ("image", 22), ("clip", 12), ("narration", 18), ("sound_effect", 6),
    ]  # fmt: skip
    assert [line.count for line in film_cost.lines(standard)] == [1, 22, 18, 18, 18]
    assert film_cost.total(standard) > 10_000_000 and standard.target_micros is None


def test_a_price_said_before_a_plan_knows_shots_without_words_and_clips_as_long_as_their_narrations(
    tmp_path: Path,
) -> None:
    plain, silent, fitted = (
        wiring.policy_of(settings(tmp_path), channel(tmp_path, "video_model: kling-3.0/video@pro\n" + more))
        for more in ("", "wordless_shots: 3\n", "wordless_shots: 3\nnarration_first: true\n")
    )

    def line(policy: ChannelPolicy, step: str) -> film_cost.Line:
        return next(one for one in film_cost.lines(policy) if one.step == step)

    assert [line(one, "narration").count for one in (plain, silent, fitted)] == [18, 15, 15]
    assert line(silent, "clip") == line(plain, "clip") and film_cost.length_s(silent) < film_cost.length_s(plain)
    # 15 shots of 7.7 s are 8 s of a model that makes every length, 3 of 4 s are 5
    micros = fitted.clip_micros
    assert line(fitted, "clip").count == 18
    assert line(fitted, "clip").each == round((15 * micros[8] + 3 * micros[5]) / 18) < micros[10]


def test_a_target_is_kept_by_a_plan_that_speaks_over_every_shot(tmp_path: Path) -> None:
    more = "profile: economy\nwordless_shots: 9\nnarration_first: true\ntarget_usd: 3.5\n"
    policy = wiring.policy_of(settings(tmp_path), channel(tmp_path, more))
    still = film_cost.stills(policy)[0]
    assert still == film_cost.stills(replace(policy, wordless=0, narration_first=False))[0] > 0
    assert film_cost.total(policy) < film_cost.total(replace(policy, wordless=0), still)


def test_what_a_file_says_counts_more_than_its_profile(tmp_path: Path) -> None:
    own = channel(tmp_path, "profile: economy\nclips: 9\nstills: 1\nvideo_model: kling/v2-1-standard\n")
    assert (own.clips, own.stills, own.effects, own.target_usd) == (9, 1, 3, 2.0)
    assert (own.video_model, own.clip_seconds) == ("kling/v2-1-standard", 10)
