"""The simulated ElevenLabs against the vendor's own client and plain HTTP."""

import asyncio
import base64
import io
import re
import subprocess
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from elevenlabs import ElevenLabs, VoiceSettings
from elevenlabs.core.api_error import ApiError

from tests.harness.patience import PATIENCE_S
from videod.sandbox import elevenlabs as stand_in
from videod.sandbox.kernel import Context, Fault, Options
from videod.sandbox.render.encoding import ffmpeg

KEY = "sandbox-elevenlabs-key"
VOICE = "sandbox-narrator-1"
SENTENCE = "The brown bear waits where the cold river narrows."

# The vendor's client is built on pydantic models that shadow attributes of their base and on old event-loop calls.
pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore::UserWarning:pydantic.*")]


class Sandbox:
    def __init__(self, context: Context, base: str) -> None:
        self.context = context
        self.base = base
        self.http = httpx.Client(timeout=PATIENCE_S)
        self.client = ElevenLabs(api_key=KEY, base_url=base, httpx_client=self.http)

    def fault(self, kind: str, status: int = 500) -> None:
        self.context.faults.add(Fault("elevenlabs", kind, times=1, status=status))

    async def post(self, path: str, body: object, key: str = KEY) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.base, headers={"xi-api-key": key}, timeout=PATIENCE_S) as http:
            return await http.post(path, json=body)

    async def speak(self, text: str = SENTENCE, voice: str = VOICE, output: str = "mp3_44100_128") -> bytes:
        def call() -> bytes:
            settings = VoiceSettings(stability=0.4, similarity_boost=0.75, style=0.12, use_speaker_boost=True)
            parts = self.client.text_to_speech.convert(
                voice, text=text, model_id="eleven_multilingual_v2", output_format=output, voice_settings=settings
            )
            return b"".join(parts)

        return await asyncio.to_thread(call)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    context = Context(tmp_path, Options())
    server = TestServer(stand_in.build(context))
    await server.start_server()
    sandbox = Sandbox(context, str(server.make_url("")).rstrip("/"))
    yield sandbox
    sandbox.http.close()
    await server.close()


def loudness_and_length(sound: bytes, path: Path) -> tuple[float, float]:
    path.write_bytes(sound)
    command = [ffmpeg(), "-hide_banner", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    hours, minutes, seconds = re.findall(r"time=(\d+):(\d+):([\d.]+)", report)[-1]
    return float(re.findall(r"I:\s+(\S+) LUFS", report)[-1]), int(hours) * 3600 + int(minutes) * 60 + float(seconds)


async def test_the_client_gets_a_narration_of_documentary_pace_and_level(sandbox: Sandbox, tmp_path: Path) -> None:
    sound = await sandbox.speak()
    loudness, seconds = loudness_and_length(sound, tmp_path / "narration.mp3")
    assert 4.2 <= seconds <= 9
    assert -20.5 <= loudness <= -15.5


async def test_speech_is_charged_by_the_character_with_the_price_of_its_model(sandbox: Sandbox) -> None:
    await sandbox.speak()
    answer = await sandbox.post(f"/v1/text-to-speech/{VOICE}", {"text": SENTENCE, "model_id": "eleven_flash_v2_5"})
    full, half = sandbox.context.account.charges("elevenlabs")
    assert (full.kind, full.unit, full.quantity) == ("speech", "character", len(SENTENCE))
    assert full.usd == pytest.approx(len(SENTENCE) * 0.08 / 1000)
    assert half.usd == pytest.approx(full.usd / 2)
    assert answer.headers["character-cost"] == answer.headers["x-character-count"] == str(len(SENTENCE))
    assert answer.headers["maximum-concurrent-requests"] == "10"
    assert answer.headers["request-id"]


async def test_voices_sound_different_and_the_same_request_sounds_the_same(sandbox: Sandbox) -> None:
    first, again = await sandbox.speak(output="pcm_22050"), await sandbox.speak(output="pcm_22050")
    other = await sandbox.speak(voice="sandbox-narrator-2", output="pcm_22050")
    real_looking = await sandbox.speak(voice="JBFqnCBsd6RMkjVDRZzb", output="pcm_22050")
    assert first == again
    assert len({first, other, real_looking}) == 3


async def test_wav_and_telephone_formats_are_what_their_names_say(sandbox: Sandbox) -> None:
    wav = await sandbox.speak(output="wav_48000")
    telephone = await sandbox.speak(output="ulaw_8000")
    with wave.open(io.BytesIO(wav)) as sound:
        assert sound.getframerate() == 48_000
    assert 4.2 * 8000 < len(telephone) < 9 * 8000


async def test_timestamps_cover_every_character_in_rising_order(sandbox: Sandbox) -> None:
    answer = await asyncio.to_thread(
        sandbox.client.text_to_speech.convert_with_timestamps, VOICE, text=SENTENCE, model_id="eleven_v4"
    )
    aligned = answer.alignment
    assert aligned is not None
    assert "".join(aligned.characters) == SENTENCE
    starts = aligned.character_start_times_seconds
    assert len(starts) == len(aligned.character_end_times_seconds) == len(SENTENCE)
    assert starts == sorted(starts)
    assert len(base64.b64decode(answer.audio_base_64)) > 50_000


async def test_words_around_a_text_are_checked_and_cost_nothing(sandbox: Sandbox) -> None:
    path = f"/v1/text-to-speech/{VOICE}"
    around = {"previous_text": "The river falls.", "next_text": "She steps in."}
    told = await sandbox.post(path, {"text": SENTENCE, **around})
    bare = await sandbox.post(path, {"text": SENTENCE})
    assert told.headers["character-cost"] == bare.headers["character-cost"] == str(len(SENTENCE))
    refused = await sandbox.post(path, {"text": SENTENCE, "model_id": "eleven_v3", **around})
    assert refused.status_code == 400 and "previous_text" in refused.text
    wrong = await sandbox.post(path, {"text": SENTENCE, "next_text": 7})
    assert wrong.status_code == 422


async def test_the_alignment_may_be_null(sandbox: Sandbox) -> None:
    sandbox.fault("no_alignment")
    answer = await sandbox.post(f"/v1/text-to-speech/{VOICE}/with-timestamps", {"text": SENTENCE})
    assert answer.json()["alignment"] is None
    assert answer.json()["normalized_alignment"] is None


async def test_only_the_normalized_alignment_may_be_given_and_it_may_be_of_another_text(sandbox: Sandbox) -> None:
    path = f"/v1/text-to-speech/{VOICE}/with-timestamps"
    sandbox.fault("only_normalized")
    answer = (await sandbox.post(path, {"text": SENTENCE})).json()
    assert answer["alignment"] is None and "".join(answer["normalized_alignment"]["characters"]) == SENTENCE
    sandbox.fault("foreign_alignment")
    answer = (await sandbox.post(path, {"text": SENTENCE})).json()
    assert set(answer["alignment"]["characters"]) == {"x"} and answer["audio_base64"]


async def test_the_stream_holds_the_same_sound(sandbox: Sandbox) -> None:
    def call() -> bytes:
        return b"".join(sandbox.client.text_to_speech.stream(VOICE, text=SENTENCE, model_id="eleven_multilingual_v2"))

    assert await asyncio.to_thread(call) == await sandbox.speak()


async def test_a_sound_effect_is_a_stereo_bed_of_the_length_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    def call() -> bytes:
        text = "Continuous cold river ambience with wind in the pines"
        return b"".join(sandbox.client.text_to_sound_effects.convert(text=text, duration_seconds=10))

    sound = await asyncio.to_thread(call)
    loudness, seconds = loudness_and_length(sound, tmp_path / "bed.mp3")
    assert seconds == pytest.approx(10, abs=0.1)
    assert -30 < loudness < -18
    (charge,) = sandbox.context.account.charges("elevenlabs")
    assert (charge.kind, charge.usd) == ("sound_effect", 0.12)


@pytest.mark.fault("11.1")
async def test_voices_models_and_subscription_can_be_looked_up(sandbox: Sandbox) -> None:
    client = sandbox.client
    voices = await asyncio.to_thread(client.voices.get_all)
    page = await asyncio.to_thread(client.voices.search, page_size=2)
    voice = await asyncio.to_thread(client.voices.get, "JBFqnCBsd6RMkjVDRZzb")
    models = await asyncio.to_thread(client.models.list)
    assert {v.voice_id for v in voices.voices} >= {"sandbox-narrator-1", "sandbox-narrator-2", "JBFqnCBsd6RMkjVDRZzb"}
    assert (len(page.voices), page.has_more, page.total_count) == (2, True, 5)
    rest = await asyncio.to_thread(client.voices.search, page_size=10, next_page_token=page.next_page_token)
    assert (len(rest.voices), rest.has_more) == (3, False)
    assert voice.name == "George"
    assert "eleven_v4" in {m.model_id for m in models}
    await sandbox.speak()
    subscription = await asyncio.to_thread(client.user.subscription.get)
    user = await asyncio.to_thread(client.user.get)
    assert isinstance(subscription.max_credit_limit_extension, int)
    assert subscription.professional_voice_slots_used_in_workspace == 0
    assert (user.subscription.tier, user.seat_type) == ("pro", "workspace_admin")
    assert subscription.character_count == len(SENTENCE)


async def test_credits_used_outlive_the_process(sandbox: Sandbox, tmp_path: Path) -> None:
    await sandbox.speak()
    later = stand_in.build(Context(tmp_path, Options()))
    assert later[stand_in.ACCOUNT].used == len(SENTENCE)


@pytest.mark.parametrize("key", ["", "sk_wrong"])
async def test_a_wrong_key_is_401_invalid_api_key_and_costs_nothing(sandbox: Sandbox, key: str) -> None:
    answer = await sandbox.post(f"/v1/text-to-speech/{VOICE}", {"text": SENTENCE}, key=key)
    assert answer.status_code == 401
    assert answer.json()["detail"]["status"] == "invalid_api_key"
    assert sandbox.context.account.charges() == []


async def test_out_of_credits_is_401_quota_exceeded_in_the_old_shape(sandbox: Sandbox) -> None:
    sandbox.fault("quota")
    with pytest.raises(ApiError) as caught:
        await sandbox.speak()
    assert caught.value.status_code == 401
    assert set(caught.value.body["detail"]) == {"status", "message"}
    assert caught.value.body["detail"]["status"] == "quota_exceeded"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("concurrent", "concurrent_limit_exceeded"), ("rate", "rate_limit_exceeded"), ("busy", "system_busy")],
)
async def test_each_kind_of_429_has_its_code(sandbox: Sandbox, kind: str, code: str) -> None:
    sandbox.fault(kind)
    with pytest.raises(ApiError) as caught:
        await sandbox.speak()
    assert (caught.value.status_code, caught.value.body["detail"]["code"]) == (429, code)
    assert sandbox.context.account.charges() == []


async def test_more_requests_at_once_than_the_plan_allows_are_429(tmp_path: Path) -> None:
    context = Context(tmp_path, Options(latency_s={"elevenlabs": 0.2}))
    server = TestServer(stand_in.build(context, concurrent=2))
    await server.start_server()
    sandbox = Sandbox(context, str(server.make_url("")).rstrip("/"))
    path = f"/v1/text-to-speech/{VOICE}"
    answers = await asyncio.gather(*(sandbox.post(path, {"text": f"Wind number {n}."}) for n in range(4)))
    sandbox.http.close()
    await server.close()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    assert len(context.account.charges()) == 2


async def test_an_unknown_voice_is_voice_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError) as caught:
        await sandbox.speak(voice="nobody")
    assert (caught.value.status_code, caught.value.body["detail"]["code"]) == (404, "voice_not_found")
    sandbox.fault("voice_not_found")
    with pytest.raises(ApiError):
        await sandbox.speak()


@pytest.mark.parametrize(("status", "http"), [(500, 400), (403, 403)])
async def test_a_refused_text_is_a_4xx_with_a_code(sandbox: Sandbox, status: int, http: int) -> None:
    sandbox.fault("refuse", status)
    answer = await sandbox.post(f"/v1/text-to-speech/{VOICE}", {"text": SENTENCE})
    assert (answer.status_code, answer.json()["detail"]["code"]) == (http, "content_policy_violation")
    always = await sandbox.post("/v1/sound-generation", {"text": "wind [[refuse]]"})
    assert always.status_code == 400
    assert sandbox.context.account.charges() == []


async def test_any_error_can_come_in_the_old_shape(sandbox: Sandbox) -> None:
    sandbox.fault("busy")
    sandbox.fault("legacy_errors")
    answer = await sandbox.post(f"/v1/text-to-speech/{VOICE}", {"text": SENTENCE})
    assert answer.json() == {"detail": {"status": "system_busy", "message": answer.json()["detail"]["message"]}}


async def test_a_truncated_sound_is_200_and_shorter_than_it_should_be(sandbox: Sandbox) -> None:
    whole = await sandbox.speak()
    sandbox.fault("truncated_audio")
    assert len(await sandbox.speak()) < len(whole) / 2
    assert len(sandbox.context.account.charges()) == 2


async def test_a_silent_sound_has_the_right_length_and_no_level(sandbox: Sandbox) -> None:
    spoken = await sandbox.speak(output="pcm_22050")
    sandbox.fault("silent_audio")
    silent = await sandbox.speak(output="pcm_22050")
    assert len(silent) == len(spoken)
    assert not np.frombuffer(silent, dtype="<i2").any()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/text-to-speech/sandbox-narrator-1", {}, 422),
        ("/v1/text-to-speech/sandbox-narrator-1", {"text": 5}, 422),
        ("/v1/text-to-speech/sandbox-narrator-1", ["text"], 422),
        ("/v1/text-to-speech/sandbox-narrator-1?output_format=mp3_1_1", {"text": "Wind."}, 422),
        ("/v1/text-to-speech/sandbox-narrator-1", {"text": " "}, 400),
        ("/v1/text-to-speech/sandbox-narrator-1", {"text": "x" * 10_001}, 400),
        ("/v1/text-to-speech/sandbox-narrator-1", {"text": "Wind.", "model_id": "eleven_text_to_sound_v2"}, 400),
        ("/v1/text-to-speech/sandbox-narrator-1", {"text": "Wind.", "voice_settings": {"stability": 7}}, 400),
        ("/v1/sound-generation", {"text": "Wind.", "duration_seconds": 31}, 400),
        ("/v1/sound-generation", {"text": "Wind.", "model_id": "eleven_v4"}, 400),
    ],
)
async def test_a_wrong_request_is_refused_and_costs_nothing(
    sandbox: Sandbox, path: str, body: object, status: int
) -> None:
    answer = await sandbox.post(path, body)
    assert answer.status_code == status, answer.text
    assert "detail" in answer.json()
    assert sandbox.context.account.charges() == []


@pytest.mark.fault("11.1")
async def test_what_is_no_endpoint_is_answered_as_the_vendors_framework_does(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.base, timeout=PATIENCE_S) as http:
        lost, wrong = await http.get("/v1/nowhere"), await http.put("/v1/models")
    assert (lost.status_code, lost.json()) == (404, {"detail": "Not Found"})
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
