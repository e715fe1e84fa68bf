"""No money before it is sure to be worth it: what is wrong is named before the first cent, once, and heals."""

import asyncio
from pathlib import Path

import pytest

from tests.daemon.preflight_stage import Stage, staged
from tests.daemon.wrong_settings import SETTINGS, Wrong
from videod.core.preflight import Finding, Look, standing
from videod.core.suspension import NEW_EPISODES
from videod.daemon.preflight import FRESH_MS, KEPT
from videod.daemon.settings_checks import BoardLook
from videod.sandbox import s3
from videod.sandbox.kernel import Fault
from videod.store import reads
from videod.web.requests import PREFLIGHT_ASKED, RequestHandler

BOTH = {"wild", "deep"}


async def _at_start(stage: Stage, wrong: Wrong) -> None:
    await wrong.breaks(stage)
    stage.reload()
    stage.start()


async def _at_reload(stage: Stage, wrong: Wrong) -> None:
    await stage.preflight.look()
    assert await stage.may_begin() == BOTH
    await wrong.breaks(stage)
    stage.reload()


async def _at_first_paid_step(stage: Stage, wrong: Wrong) -> None:
    """Nothing of videod's own changed: it turned wrong out there, while nobody looked."""
    await stage.preflight.look()
    assert await stage.may_begin() == BOTH
    await wrong.breaks(stage)
    stage.outside_changes()
    stage.clock.at += FRESH_MS + 1


@pytest.mark.fault("4.2")
@pytest.mark.parametrize("moment", [_at_start, _at_reload, _at_first_paid_step])
@pytest.mark.parametrize("wrong", SETTINGS, ids=lambda one: one.name)
async def test_a_wrong_setting_is_named_before_the_first_cent(tmp_path: Path, wrong: Wrong, moment) -> None:  # type: ignore[no-untyped-def]
    async with staged(tmp_path) as stage:
        for channel in BOTH:
            await stage.queue(channel)
        await moment(stage, wrong)
        assert await stage.may_begin() == set(), "nothing begins before the look"
        await stage.preflight.look()
        assert await stage.may_begin() == BOTH - wrong.waits
        for _ in range(3):
            stage.clock.at += 60_000
            await stage.preflight.look()
        told = await stage.alerts()
        assert len(told) == wrong.causes, told
        for word in wrong.named:
            assert all(word in text for text in told), (word, told)
        assert stage.paid == []


@pytest.mark.fault("4.2")
async def test_one_wrong_voice_in_many_channels_is_one_alert_each_and_not_one_a_narration(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.channels["wild"]["voice_id"] = "nobody"
        stage.reload()
        for _ in range(20):
            stage.clock.at += 30_000
            await stage.preflight.look()
        assert len(await stage.alerts()) == 1


@pytest.mark.fault("4.2")
async def test_it_continues_automatically_once_it_is_right_and_is_reported_again_when_it_turns_wrong_again(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        right = stage.channels["wild"]["voice_id"]
        for round_ in range(2):
            stage.channels["wild"]["voice_id"] = "nobody"
            stage.reload()
            await stage.preflight.look()
            assert await stage.may_begin() == set()
            assert {(one.service, one.channel_id) for one in await stage.wrong()} == {
                ("elevenlabs", "wild"), (NEW_EPISODES, "wild"),
            }  # fmt: skip
            assert len(await stage.alerts()) == round_ + 1
            stage.channels["wild"]["voice_id"] = right
            stage.reload()
            stage.clock.at += 1000
            await stage.preflight.look()
            assert await stage.may_begin() == {"wild"}
            assert await stage.wrong() == []


@pytest.mark.fault("4.2")
@pytest.mark.parametrize("kind", ["status", "reset"])
async def test_an_outage_is_no_wrong_setting(tmp_path: Path, kind: str) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        for service in ("gemini", "kie", "elevenlabs", "google"):
            stage.context.faults.add(Fault(service, kind, status=503))
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}
        assert (await stage.alerts(), await stage.wrong()) == ([], [])


@pytest.mark.fault("4.2")
async def test_what_was_wrong_stays_so_through_an_outage_and_a_restart(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        stage.channels["wild"]["voice_id"] = "nobody"
        stage.reload()
        await stage.preflight.look()
        stage.context.faults.add(Fault("elevenlabs", "status", status=503))
        stage.start()
        await stage.preflight.look()
        assert await stage.may_begin() == set()
        assert len(await stage.alerts()) == 1
        stage.context.faults.clear()
        stage.channels["wild"]["voice_id"] = "sandbox-narrator-1"
        stage.reload()
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}


@pytest.mark.fault("4.2")
async def test_the_outage_of_one_service_hides_no_wrong_setting_of_another(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.secrets["KIE_API_KEY"] = "wrong"
        stage.reload()
        stage.context.faults.add(Fault("gemini", "reset"))
        await stage.preflight.look()
        assert [one.service for one in await stage.wrong() if one.service != NEW_EPISODES] == ["kie"]


@pytest.mark.fault("4.2")
async def test_resume_asks_for_a_look_instead_of_spending(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        stage.channels["wild"]["voice_id"] = "nobody"
        stage.reload()
        await stage.preflight.look()
        handler = RequestHandler(stage.ledger, stage.store, stage.clock, "test")
        for service in ("elevenlabs", NEW_EPISODES):
            outcome = await handler.resume(service, None)
            assert "checks the settings again now" in outcome.text and "nobody" in outcome.text
        assert await stage.may_begin() == set()
        assert await stage.store.read(lambda tx: reads.value(tx, PREFLIGHT_ASKED))


@pytest.mark.fault("4.2")
async def test_a_channel_added_while_running_is_looked_at_before_it_begins(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.preflight.look()
        stage.channels["new"] = stage.channels["wild"] | {"name": "New"}
        stage.reload()
        await stage.queue("new")
        await stage.queue("wild")
        assert await stage.may_begin() == set()
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}
        (told,) = await stage.alerts()
        assert "`videod channels authorize new`" in told


@pytest.mark.fault("4.2")
async def test_what_was_found_survives_nonsense_in_the_database(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        await stage.ledger.set_value(KEPT, '[{"cause": 7}, 3, {"cause": "a", "text": "b", "other": 1}]')
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}


@pytest.mark.fault("4.2")
async def test_a_bug_of_the_look_itself_holds_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path) as stage:
        await stage.queue("wild")

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(stage.preflight, "_settle", broken)
        with pytest.raises(ZeroDivisionError):
            await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}


async def test_a_custom_script_that_speaks_needs_no_voice_of_elevenlabs(tmp_path: Path) -> None:
    own = tmp_path / "speak.py"
    own.write_text("print()\n")
    async with staged(tmp_path) as stage:
        await stage.queue("wild")
        stage.channels["wild"]["voice_id"] = "nobody"
        stage.settings = f'[scripts]\nnarration = "{own}"\n'
        stage.reload()
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"}
        assert "nobody" in (await stage.alerts())[0]


def test_a_look_without_an_answer_keeps_what_was_wrong_and_nothing_else() -> None:
    voice, key = Finding("elevenlabs:voice wild", "no voice", ("elevenlabs",), "wild"), Finding("kie:key", "refused")
    assert standing((voice, key), Look(unknown=frozenset({"kie:key"}))) == (key,)
    assert standing((voice, key), Look(channels=frozenset({"wild"}))) == (voice,)
    assert standing((voice,), Look((key,), frozenset({"kie:key"}))) == (key,)


async def test_a_wrong_key_or_bucket_of_r2_is_named_before_an_episode_begins_and_costs_nothing(tmp_path: Path) -> None:
    storage = await s3.start()
    try:
        async with staged(tmp_path) as stage:
            stage.urls["VIDEOD_URL_S3"] = storage.url
            stage.secrets |= {"R2_ACCESS_KEY_ID": s3.ACCESS_KEY_ID, "R2_SECRET_ACCESS_KEY": "wrong"}
            stage.settings = f'[r2]\nbucket = "{s3.BUCKET}"\n'
            stage.channels["wild"]["storage"] = "r2"
            for channel in BOTH:
                await stage.queue(channel)
            stage.reload()
            stage.start()
            assert await stage.may_begin() == set()
            await stage.preflight.look()
            assert await stage.may_begin() == {"deep"}, "another channel begins"
            [told] = await stage.alerts()
            assert "SignatureDoesNotMatch" in told and "R2_SECRET_ACCESS_KEY" in told and stage.paid == []
            stage.secrets["R2_SECRET_ACCESS_KEY"] = s3.SECRET_ACCESS_KEY
            stage.settings = '[r2]\nbucket = "another"\n'
            stage.reload()
            await stage.preflight.look()
            assert await stage.may_begin() == {"deep"} and "NoSuchBucket" in (await stage.wrong())[0].detail
            stage.settings = f'[r2]\nbucket = "{s3.BUCKET}"\nprefix = "other"\n'
            stage.reload()
            await stage.preflight.look()
            assert await stage.may_begin() == BOTH and not await stage.wrong()
            assert storage.gateway.writes[-1] == f"PUT /{s3.BUCKET}/other/wild/videod-check.txt"
    finally:
        await storage.stop()


async def test_an_outage_of_r2_is_no_wrong_setting(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.urls["VIDEOD_URL_S3"] = "http://127.0.0.1:9"
        stage.secrets |= {"R2_ACCESS_KEY_ID": "key", "R2_SECRET_ACCESS_KEY": "secret"}
        stage.settings = '[r2]\nbucket = "films"\n'
        stage.channels["wild"]["storage"] = "r2"
        await stage.queue("wild")
        stage.reload()
        stage.start()
        await stage.preflight.look()
        assert await stage.may_begin() == {"wild"} and await stage.alerts() == []


async def test_a_stop_leaves_no_question_to_the_board_behind() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def check() -> list[str]:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return []

    look = asyncio.create_task(BoardLook(check, lambda: None)())
    await asked.wait()
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    await ended.wait()
