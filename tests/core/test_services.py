"""One file a service: gathered from the folder, complete, and in agreement with what the scripts know."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from scripts.lib import elevenlabs, gemini, imagehost, kie
from videod.config import Models, Prices, Settings
from videod.core import services
from videod.core.service import Check, Configured, Currency, Limits, Offer, Question, Service, Unreadable, Where
from videod.core.services import LANES, SERVICES
from videod.core.tables import STEPS
from videod.credentials import ISSUED, SECRET_NAMES

FOLDER = Path(services.__file__).parent
OWN = {name: step.service for name, step in STEPS.items()}
PAID = {name for name, step in STEPS.items() if step.paid}


def check(**changed: Service) -> None:
    services.check(OWN, PAID, dict(SERVICES) | changed)


def test_every_service_is_sound() -> None:
    check()
    assert set(SERVICES) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


def test_a_file_in_the_folder_is_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (FOLDER / "ffmpeg.py").read_text()
    (tmp_path / "sox.py").write_text(source.replace('"ffmpeg"', '"sox"'))
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    monkeypatch.setitem(sys.modules, "videod.core.services.sox", None)  # so that what is imported goes away again
    monkeypatch.delitem(sys.modules, "videod.core.services.sox")
    found = services._gathered()
    assert set(found) == {*SERVICES, "sox"} and found["sox"].limits == Limits()


@pytest.mark.parametrize("text", ['"""Nothing."""\n', 'SERVICE = "sox"\n', None])
def test_a_file_without_its_service_is_named(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (tmp_path / "sox.py").write_text((FOLDER / "ffmpeg.py").read_text() if text is None else text)
    monkeypatch.setattr(services, "__path__", [str(tmp_path)])
    monkeypatch.setitem(sys.modules, "videod.core.services.sox", None)
    monkeypatch.delitem(sys.modules, "videod.core.services.sox")
    with pytest.raises(ValueError, match=r"videod/core/services/sox\.py: SERVICE must be there and have the name"):
        services._gathered()


KIE, YOUTUBE = SERVICES["kie"], SERVICES["youtube"]
assert KIE.balance is not None and KIE.balance.orders is not None
_ASKED, _ORDER = KIE.balance.question, KIE.balance.orders.question


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("kie", {"title": " "}, "kie.py: title: is empty"),
        ("kie", {"limits": None}, "kie.py: limits: are missing, and the step clip queues there"),
        ("kie", {"limits": Limits(rate=3)}, "kie.py: limits: rate and per_s belong together"),
        ("kie", {"offers": ()}, "kie.py: offers: has none for the step clip, which costs money"),
        ("kie", {"catalogue": ()}, "kie.py: offers: the catalogue has no price of 'kling/v2-5-turbo"),
        ("kie", {"credit_usd": None}, "kie.py: offers: the catalogue has no price of 'kling/v2-5-turbo"),
        ("kie", {"offers": (Offer("dub", "kling-2.6/image-to-video", "5 s"),)}, "offers: there is no step 'dub'"),
        ("kie", {"secrets": ()}, "kie.py: balance: KIE_API_KEY is none of its secrets"),
        ("kie", {"secrets": ()}, "kie.py: probe: KIE_API_KEY is none of its secrets"),
        ("kie", {"addresses": {}}, "kie.py: balance: VIDEOD_URL_KIE is none of its addresses"),
        ("kie", {"addresses": {"KIE": "https://api.kie.ai"}}, "addresses: 'KIE' must be a VIDEOD_URL_ variable"),
        ("kie", {"addresses": {"VIDEOD_URL_KIE": "http://api.kie.ai"}}, "with an address of https"),
        ("kie", {"balance": KIE.balance._replace(orders=KIE.balance.orders._replace(question=_ASKED))},
         "kie.py: balance: the path of an order must hold {reference}"),
        ("kie", {"remarks": {"speed": "fast"}}, "kie.py: remarks: there is no limit 'speed'"),
        ("ffmpeg", {"addresses": {"VIDEOD_URL_FFMPEG": ""}}, "ffmpeg.py: where: what is COMPUTING has no secret"),
        ("youtube", {"secrets": KIE.secrets}, "youtube.py: KIE_API_KEY belongs to videod/core/services/kie.py already"),
        ("youtube", {"offers": KIE.offers, "catalogue": KIE.catalogue, "credit_usd": 1.0},
         "youtube.py: offers: clip needs a script, videod/core/services/kie.py has the step's own"),
    ],
)  # fmt: skip
def test_what_is_forgotten_is_named_with_its_file_and_field(name: str, change: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        check(**{name: replace(SERVICES[name], **change)})  # type: ignore[arg-type]


def test_a_step_whose_service_has_no_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"services/sora\.py: there is no such file, and the step clip names it"):
        services.check(OWN | {"clip": "sora"}, PAID)


def test_every_secret_belongs_to_one_place() -> None:
    assert len(SECRET_NAMES) == len(set(SECRET_NAMES))
    assert set(ISSUED) == {service.issued for service in SERVICES.values()} - {None}


# ------------------------------------------------------------------------------------------- models, prices


def test_settings_leave_out_what_the_catalogs_say() -> None:
    models, prices, settings = Models(), Prices(), Settings()
    assert models.named() == {
        key: services.model(step)
        for key, step in {"text": "plan", "image": "image", "video": "clip", "voice": "narration"}.items()
    } | {"text_light": services.light_model("plan")}
    for step in PAID:
        price = STEPS[step].price
        assert price is not None
        assert prices.micros()[price.name] == round(services.price_usd(step) * 1e6)
    for service in LANES:
        assert service.limits is not None
        assert settings.services.of(service.name).model_dump().items() >= service.limits._asdict().items()


def test_a_price_in_credits_is_one_in_dollars() -> None:
    assert KIE.price_micros("kling/v2-5-turbo-image-to-video-pro", "10 s") == 420_000
    assert KIE.price_micros("kling-3.0/video", "5 s") == 450_000
    assert KIE.price_micros("kling-9/video", "5 s") is KIE.price_micros("kling-3.0/video", "1 h") is None
    assert KIE.micros_per_thousandth == 5


def test_the_longest_name_of_the_catalog_is_the_models_own() -> None:
    short, long = KIE.catalogue[0], KIE.catalogue[0]._replace(name=f"{KIE.catalogue[0].name}-pro")
    for catalogue in ((short, long), (long, short)):
        assert replace(KIE, catalogue=catalogue).model(f"{long.name}-max") == long


def test_the_scripts_tell_the_same_prices() -> None:
    """They do not import videod; where a price changes, it changes in both."""
    assert KIE.credit_usd == kie.USD_PER_CREDIT
    google, speech = SERVICES["gemini"], SERVICES["elevenlabs"]
    pictures = {
        (model.name, piece): usd for model in google.catalogue for piece, usd in model.prices.items() if piece != "plan"
    }
    assert pictures == gemini.IMAGE_PRICES
    spoken = {
        model.name: model.prices["1,000 characters"] for model in speech.catalogue if "effect" not in model.prices
    }
    assert spoken == elevenlabs.SPEECH_PRICES
    assert speech.price_micros("eleven_text_to_sound_v2", "effect") == elevenlabs.EFFECT_USD * 1e6


def test_the_hosts_of_pictures_are_those_that_the_settings_and_the_script_know() -> None:
    hosts = tuple(name for name, service in SERVICES.items() if service.hosts_pictures)
    assert hosts == imagehost.HOSTS == get_args(Models.model_fields["image_host"].annotation)
    assert ("", *hosts) == get_args(Models.model_fields["image_host_second"].annotation)


def test_every_address_that_a_script_reads_belongs_to_a_service() -> None:
    read = set()
    for path in (FOLDER.parents[2] / "scripts").rglob("*.py"):
        read |= set(re.findall(r"VIDEOD_URL_\w+", path.read_text()))
    assert read <= {name for service in SERVICES.values() for name in service.addresses}


# ------------------------------------------------------------------------------------------- balances, probes


def test_the_balance_of_kie_grows_by_buying() -> None:
    used = SERVICES["kie"].balance.used  # type: ignore[union-attr]
    assert used({"code": 200, "data": 84.5}) == -84_500 < used({"code": 200, "data": 42}) == -42_000
    for answer, said in (
        ({"code": 401, "data": 84}, "KIE answers with code 401"), ({}, "KIE answers with code unknown"),
        ({"code": 200}, "the answer holds no balance"), ({"code": 200, "data": -1}, "the answer holds no balance"),
    ):  # fmt: skip
        with pytest.raises(Unreadable, match=said):
            used(answer)


def test_an_order_of_kie_is_known_or_not() -> None:
    read = KIE.balance.orders.read  # type: ignore[union-attr]
    found = read({"code": 200, "data": {"state": "fail", "completeTime": 1_795_000_000_000}})
    assert (found.failed, found.ended_at) == (True, 1_795_000_000_000)
    assert read({"code": 200, "data": {"state": "waiting", "completeTime": None}}).ended_at is None
    with pytest.raises(Unreadable, match="KIE does not know the task"):
        read({"code": 200, "data": None})


AT = Configured(
    {"text": "t-1", "text_light": "t-2", "image": "i-1", "video": "v-1", "voice": "s-1"}, {"wild": "v1", "deep": "v2"}
)


def _told(name: str, status: int, answer: object = None) -> list[tuple[str, bool]]:
    """What each check says; "no verdict" where the answer proves nothing."""
    probe = SERVICES[name].probe
    assert probe is not None
    found = []
    for one in probe(AT):
        try:
            problem = one.judge(status, answer)
        except Unreadable:
            found.append(("no verdict", False))
        else:
            found += [] if problem is None else [(problem.text, problem.whole)]
    return found


_MODELS = "in `[models]` of videod.toml to another"
_GOOGLE = {"error": {"code": 404, "status": "NOT_FOUND", "message": "models/i-1 is not found"}}


@pytest.mark.fault("4.2")
def test_a_probe_says_what_to_do() -> None:
    assert _told("gemini", 404, _GOOGLE)[2] == (f"Gemini does not have the model i-1. Set `image` {_MODELS}", False)
    refused = "Put a valid key into it and restart videod"
    bad_key = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}
    assert _told("gemini", 400, bad_key)[0] == (f"Gemini refused GEMINI_API_KEY (HTTP 400). {refused}", True)
    assert _told("kie", 200, {"code": 401})[0] == (f"KIE refused KIE_API_KEY. {refused}", True)
    assert _told("kie", 200, {"code": 200, "data": 83.5})[0][0].startswith("videod does not know how to order clips")
    voice = {"detail": {"status": "voice_not_found", "message": "A voice was not found."}}
    assert _told("elevenlabs", 404, voice)[2] == (
        "ElevenLabs has no voice v2. Add it to the voices of your account, or fix `voice_id` in channels/deep.yaml",
        False,
    )  # fmt: skip
    denied = {"detail": {"status": "invalid_api_key"}}
    assert _told("elevenlabs", 401, denied)[0] == (f"ElevenLabs refused ELEVENLABS_API_KEY. {refused}", True)


@pytest.mark.fault("4.2")
@pytest.mark.parametrize("status", [0, 200, 201, 204, 400, 401, 402, 403, 404, 405, 407, 410, 418, 422, 451, 460, 499])
@pytest.mark.parametrize("answer", [None, {}, [], "Not Found", 7, {"error": "nope"}, {"detail": "no"}, {"code": None}])
def test_an_answer_without_the_services_own_words_is_no_verdict(status: int, answer: object) -> None:
    """A gateway's page, an empty answer or another shape never says that a setting is wrong."""
    known = Configured(
        {
            "text": "gemini-3.8-flash",
            "text_light": "gemini-3.5-flash-lite",
            "image": "gemini-nano-banana-2.1",
            "video": KIE.offers[0].model,
            "voice": "s-1",
        },
        {"wild": "v1"},
    )
    for service in ("gemini", "kie", "elevenlabs"):
        probe = SERVICES[service].probe
        assert probe is not None
        for check in probe(known):
            try:
                problem = check.judge(status, answer)
            except Unreadable:
                continue
            assert problem is None, (service, check.about, problem)


@pytest.mark.fault("4.2")
def test_a_model_for_something_else_is_refused_without_paying() -> None:
    good = {"name": "models/x", "supportedGenerationMethods": ["generateContent"]}
    probe = SERVICES["gemini"].probe
    assert probe is not None
    light = {"text_light": "gemini-3.5-flash-lite"}
    swapped = probe(Configured({"text": "gemini-nano-banana-2.1", "image": "gemini-3.8-flash"} | light, {}))
    texts = [problem.text for check in swapped if (problem := check.judge(200, good)) is not None]
    assert [text.partition(". ")[0] for text in texts] == [
        "the model gemini-nano-banana-2.1 of Gemini does not make plans",
        "the model gemini-3.8-flash of Gemini does not make images",
    ]


def test_a_price_in_dollars_needs_no_credit() -> None:
    assert all(model.currency == Currency.USD for model in SERVICES["gemini"].catalogue)
    assert {service.where for service in LANES} == set(Where)
    assert isinstance(KIE.probe(AT)[0], Check) and isinstance(_ORDER, Question)  # type: ignore[misc]
