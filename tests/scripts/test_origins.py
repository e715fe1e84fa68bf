"""A key goes to its own service, and a service's link to the public network; whatever an answer says."""

import io
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts import generate_audio, upload_video
from scripts.lib import google_oauth, http, kie, origins, upload_session
from scripts.lib.failures import AnswerLost, Failure, Kind
from tests.harness.patience import PATIENCE_S
from tests.scripts.conftest import Run
from tests.scripts.test_generate_sounds import speech
from tests.scripts.test_upload_video import INSERT, SESSION, SIZE, Tube, wish
from tests.scripts.wire import Say, Wire, say
from videod.core.services import SERVICES

HOME = "https://api.kie.ai"


@pytest.fixture
def elsewhere() -> Iterator[Wire]:
    """Another server of this host, which must hear nothing."""
    other = Wire()
    yield other
    other.close()


def test_scripts_and_daemon_know_the_same_addresses() -> None:
    ours = {name: url for service in SERVICES.values() for name, url in service.addresses.items()}
    assert ours.items() - {("VIDEOD_URL_NOTION", "https://api.notion.com")} == origins.ADDRESSES.items()


# ------------------------------------------------------------------------------------------------- origins


@pytest.mark.fault("12.4", "12.14")
@pytest.mark.parametrize(
    "url",
    ["http://api.kie.ai/x", "https://api.kie.ai:444/x", "https://api.kie.ai.evil.example/x", "https://evil.example/x",
     "https://api.kie.ai@evil.example/x", "https://api.kie.ai\\@evil.example/x", "https://evil.example#@api.kie.ai/",
     "https://evil.example/?https://api.kie.ai/", "//evil.example/x", "/\\evil.example", "ftp://api.kie.ai/x",
     "https:api.kie.ai/x", "https:///api.kie.ai/x", "https://api.kie.ai:x/", "https://[api.kie.ai/", "javascript:1",
     "https://аpi.kie.ai/x", "https://api.kie.ai\t.evil.example/", "https://api.kie.ai%2eevil.example/",
     "https://user:pass@api.kie.ai/x", " https://evil.example", "https://evil.example/\nhttps://api.kie.ai/", ""],
)  # fmt: skip
def test_an_address_outside_is_none_of_the_services(url: str) -> None:
    assert not origins.belongs(url, HOME)
    service = http.Service("kie", HOME, {"Authorization": "Bearer x"})
    with pytest.raises(Failure, match=r"is outside of api\.kie\.ai. Nothing was sent there"):
        service.send("GET", url if not url.startswith("/") else "x" + url, deadline_s=1)


@pytest.mark.parametrize("url", [HOME, f"{HOME}/", f"{HOME}:443/x?a=b", "HTTPS://API.KIE.AI/x", "https://api.kie.ai./"])
def test_the_same_origin_may_be_written_in_several_ways(url: str) -> None:
    assert origins.belongs(url, HOME)


@pytest.mark.parametrize("one", ["www", "youtube"])
def test_the_two_names_of_youtubes_api_are_one(one: str) -> None:
    assert origins.belongs(f"https://{one}.googleapis.com/upload/x", "https://www.googleapis.com")
    assert not origins.belongs(f"https://{one}.googleapis.com/upload/x", HOME)


# ------------------------------------------------------------------------------------------------- redirects


@pytest.mark.fault("12.14")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("service", ["elevenlabs", "google", "kie"])
def test_no_key_follows_a_redirect(
    wire: Wire, elsewhere: Wire, status: int, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Say(status=status, headers={"Location": f"{elsewhere.url}/taken"})
    wire.on("POST", "/v1/sound-generation", away)
    wire.on("POST", "/token", away)
    wire.on("GET", "/api/v1/jobs/recordInfo", away)
    from scripts.lib import elevenlabs

    asked: dict[str, Callable[[], object]] = {
        "elevenlabs": lambda: elevenlabs.sound({"text": "rain"}, "mp3"),
        "google": lambda: google_oauth.refresh("refresh-token-of-mine-1"),
        "kie": lambda: kie.ask("t1"),
    }
    with pytest.raises(Failure, match="the answer is a redirect"):
        asked[service]()
    assert elsewhere.asked == [] and len(wire.asked) == 1


# ------------------------------------------------------------------------------------------------- uploads


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(upload_session, "PAUSES_S", ())
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.mark.fault("12.4")
@pytest.mark.parametrize("path", ["/session/stolen", "/upload/youtube/v3/videos?upload_id=stolen"])
def test_a_foreign_session_in_the_journal_gets_no_token_and_the_film_goes_home(
    run: Run, wire: Wire, elsewhere: Wire, film: Path, path: str
) -> None:
    tube = Tube(wire)
    elsewhere.on("PUT", urlsplit(path).path, say({"id": "foreign-video"}, 201))
    wire.on("PUT", SESSION, lambda _: Say(cut=True))
    run(upload_video.main, *wish(film))
    journal = film.parent / "result.json.session.json"
    told = json.loads(journal.read_text())
    assert told["session_uri"] == wire.url + SESSION
    journal.write_text(json.dumps(told | {"session_uri": elsewhere.url + path}))
    wire.on("PUT", SESSION, tube.put)
    ran = run(upload_video.main, *wish(film))
    assert (ran.code, elsewhere.asked) == (0, [])
    assert ran.of("result")[0]["video_id"] == "vid_1"
    assert "names an upload session that is not at YouTube. It is not used" in ran.stderr


@pytest.mark.fault("12.4")
@pytest.mark.parametrize("form", ["{}", "{}/session", "http://127.0.0.1@{host}/x", "//{host}/x", "nonsense"])
def test_a_foreign_session_that_the_answer_names_gets_nothing(
    run: Run, wire: Wire, elsewhere: Wire, film: Path, form: str
) -> None:
    Tube(wire)
    location = form.format(elsewhere.url, host=urlsplit(elsewhere.url).netloc)
    wire.on("POST", INSERT, Say(headers={"Location": location}))
    ran = run(upload_video.main, *wish(film))
    assert elsewhere.asked == [] and not wire.asked_for("//x")
    assert ran.code in {69, 76} and ran.failure is not None
    assert not list(film.parent.glob("*.session.json")) or form.startswith("//")


# ------------------------------------------------------------------------------------------------- addresses


@pytest.mark.fault("12.21")
@pytest.mark.parametrize(
    ("url", "words"),
    [("http://elsewhere.example", "sends keys unencrypted to elsewhere.example"), ("http://10.1.2.3", "unencrypted"),
     ("ftp://host", "is no address"), ("https://api.elevenlabs.io@evil.example", "is no address"),
     ("http://127.0.0.1.evil.example", "unencrypted"), ("http://localhost.evil.example:80", "unencrypted")],
)  # fmt: skip
def test_plain_http_beyond_this_host_ends_a_script_before_anything_is_sent(
    wire: Wire, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("VIDEOD_URL_ELEVENLABS", url)
    ran = run(generate_audio.main, *speech(tmp_path))
    assert (ran.code, ran.failure["kind"]) == (78, "configuration")
    assert words in ran.failure["message"] and "Nothing was sent" in ran.failure["message"]
    assert not (tmp_path / "n.mp3.job.json").exists()


INSIDE = {
    "127.0.0.1": "loopback", "127.9.9.9": "loopback", "::1": "loopback", "::ffff:127.0.0.1": "loopback",
    "64:ff9b::7f00:1": "loopback", "2002:7f00:1::": "loopback", "::7f00:1": "loopback",
    "::ffff:0:127.0.0.1": "loopback",
    "localhost": "loopback", "x.localhost": "loopback", "127.1": "loopback", "2130706433": "loopback",
    "0x7f.1": "loopback", "0177.0.0.1": "loopback", "10.0.0.1": "private", "172.16.0.1": "private",
    "192.168.1.1": "private", "100.64.0.1": "private", "0.0.0.0": "private", "255.255.255.255": "private",
    "224.0.0.1": "private", "240.0.0.1": "private", "198.18.0.1": "private", "192.0.0.8": "private",
    "168.63.129.16": "private", "::": "private", "fc00::1": "private", "fd00:ec2::254": "private", "ff02::1": "private",
    "fec0::1": "private", "64:ff9b:1::1": "private", "64:ff9b::a00:1": "private", "2002:a00:1::": "private",
    "2001:0:1::1": "private", "2001:db8::1": "private", "3fff::1": "private", "::ffff:10.0.0.1": "private",
    "169.254.169.254": "link-local", "fe80::1": "link-local", "::ffff:169.254.169.254": "link-local",
    "64:ff9b::a9fe:a9fe": "link-local", "fe80::1%eth0": "link-local",
}  # fmt: skip
OUTSIDE = ("93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34", "cdn.example", "8.8.8.8")


@pytest.mark.fault("12.18")
@pytest.mark.parametrize("host", INSIDE)
def test_every_form_of_an_inner_address_is_known(host: str) -> None:
    assert origins.inside(host) == INSIDE[host]


@pytest.mark.parametrize("host", OUTSIDE)
def test_public_addresses_and_names_are_not_inside(host: str) -> None:
    assert origins.inside(host) is None


class Names:
    """`getaddrinfo` from a table: name -> what each look-up of it gives in turn; the last one repeats."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, table: dict[str, list[list[str]]]) -> None:
        self.table, self.asked = table, []
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.look)

    def look(self, host, port, *rest: object, **more: object):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.table:
            return self.real(host, port, *rest, **more)
        self.asked.append(name)
        answers = self.table[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]


def fetch(url: str, home: str) -> bytes:
    got = io.BytesIO()
    reply = http.download(url, got, service="kie", deadline_s=PATIENCE_S, cap=1000, home=home)
    assert reply.status == 200
    return got.getvalue()


@pytest.mark.fault("12.18")
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.1.1", "::1", "64:ff9b::7f00:1", "100.64.0.9"])
@pytest.mark.parametrize("beside", [[], ["93.184.216.34"]])
def test_a_name_that_leads_inside_is_not_fetched(
    elsewhere: Wire, monkeypatch: pytest.MonkeyPatch, address: str, beside: list[str]
) -> None:
    Names(monkeypatch, {"cdn.example": [[*beside, address]]})
    port = urlsplit(elsewhere.url).port
    with pytest.raises(AnswerLost, match=r"own network \(cdn\.example is ") as lost:
        fetch(f"http://cdn.example:{port}/clip.mp4", HOME)
    assert lost.value.kind is Kind.NONSENSE and elsewhere.asked == []


@pytest.mark.fault("12.18")
def test_the_address_that_was_judged_is_the_one_that_is_connected_to(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is judged and inside a moment later: it is looked up once."""
    names = Names(monkeypatch, {"cdn.example": [["127.0.0.1"], ["10.0.0.1"]]})
    wire.on("GET", "/clip.mp4", Say(b"film"))
    assert fetch(f"http://cdn.example:{urlsplit(wire.url).port}/clip.mp4", wire.url) == b"film"
    assert names.asked == ["cdn.example"]
    assert wire.asked[0].headers["host"] == f"cdn.example:{urlsplit(wire.url).port}"


@pytest.mark.fault("12.18")
@pytest.mark.parametrize(
    "target", ["http://inner.example/x", "http://10.0.0.1/x", "http://[fd00::1]/x", "file:///etc/x"]
)
def test_each_redirect_is_judged_again(wire: Wire, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    Names(monkeypatch, {"inner.example": [["192.168.0.7"]]})
    wire.on("GET", "/clip.mp4", Say(status=302, headers={"Location": target}))
    with pytest.raises(AnswerLost) as lost:
        fetch(f"{wire.url}/clip.mp4", wire.url)
    assert lost.value.kind is Kind.NONSENSE and len(wire.asked) == 1


@pytest.mark.fault("12.18")
@pytest.mark.parametrize("home", [HOME, "https://10.0.0.1", "https://kie.localhost.example"])
def test_this_host_is_fetched_from_only_where_the_service_is_on_it(wire: Wire, home: str) -> None:
    wire.on("GET", "/clip.mp4", Say(b"film"))
    with pytest.raises(AnswerLost, match="own network"):
        fetch(f"{wire.url}/clip.mp4", home)
    assert fetch(f"{wire.url}/clip.mp4", "http://localhost:1") == b"film"
    assert len(wire.asked) == 1


def test_a_name_without_an_address_was_never_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, {"cdn.example": [[]]})
    with pytest.raises(Failure, match=r"cannot connect to cdn\.example") as failed:
        fetch("https://cdn.example/clip.mp4", HOME)
    assert failed.value.kind is Kind.DOWN and not isinstance(failed.value, AnswerLost)


@pytest.mark.fault("12.18")
def test_a_proxy_is_asked_for_no_name_that_leads_inside(
    wire: Wire, elsewhere: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, {"inner.example": [["192.168.0.7"]], "cdn.example": [["93.184.216.34"]]})
    monkeypatch.setenv("HTTP_PROXY", wire.url)
    wire.on("GET", "/clip.mp4", Say(b"film"))
    with pytest.raises(AnswerLost, match="own network"):
        fetch("http://inner.example/clip.mp4", HOME)
    assert wire.asked == []
