"""What strangers, other pages and hostile files try on the page."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.cli.factory import StudioBox
from tests.harness.patience import eventually, patience
from tests.page.browser import Browser, entered, page_over
from tests.page.test_reviews import at_assets
from videod.core.statuses import Status
from videod.core.step import Makes
from videod.daemon.page import Page
from videod.page import changes, media
from videod.web.sessions import Role


async def test_another_page_cannot_press_anything(box: StudioBox, mina: Browser) -> None:
    """CSRF: the cookie comes along, the origin and the form's key do not."""
    task = await at_assets(box)
    await mina.get(f"/episodes/{task}")
    key, fields = mina.key, {"sure": "1"}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"):
        assert await mina.post(f"/episodes/{task}/cancel", fields, headers={"Origin": origin}) == 403, origin
    for site in ("cross-site", "same-site"):
        assert await mina.post(f"/episodes/{task}/cancel", fields, headers={"Sec-Fetch-Site": site}) == 403, site
    for wrong in ("", "0" * 32, key[:-1], key + "0", "é"):
        mina.key = wrong
        assert await mina.post(f"/episodes/{task}/cancel", fields) == 403, wrong
    assert box.task(task).status is Status.ASSETS_READY


async def test_the_key_of_one_session_opens_nothing_in_another(box: StudioBox, page: Page, mina: Browser) -> None:
    task = await at_assets(box)
    await mina.get(f"/episodes/{task}")
    async with entered(page, "Jo", Role.EDITOR) as jo:
        jo.key = mina.key
        assert await jo.post(f"/episodes/{task}/cancel", {"sure": "1"}) == 403


async def test_a_name_that_was_bound_to_this_address_is_refused(mina: Browser) -> None:
    """DNS rebinding."""
    for host in ("evil.example", f"evil.example:{mina.page.port}", "127.0.0.1.evil.example", "", "127.0.0.1@evil"):
        assert await mina.get("/", headers={"Host": host}) in (400, 403), host
        assert "episode" not in mina.text


async def test_nothing_changes_by_a_link(box: StudioBox, mina: Browser) -> None:
    task = await at_assets(box)
    for path in (f"/episodes/{task}/approve", f"/episodes/{task}/cancel?sure=1", "/services/all/pause", "/leave"):
        assert await mina.get(path) in (404, 405), path
    assert box.task(task).status is Status.ASSETS_READY


def upload(name: str, content: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type="image/png")
    return form


async def test_uploads_are_of_a_known_type_and_size_and_leave_nothing_behind(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    task = await at_assets(box)
    await mina.get(f"/episodes/{task}")
    key = {"X-Form-Key": mina.key}
    path = f"/episodes/{task}/put?job=image/bear_core"
    monkeypatch.setitem(media.OWN_BYTES, Makes.IMAGE, 1000)
    tries = {
        "a.svg": b"<svg onload=alert(1)>", "a.html": b"<script>", "a": b"x", "../../videod.db": b"x", "a.png.exe": b"x",
        "large.png": b"\x89PNG" + b"x" * 5000,
    }  # fmt: skip
    for name, content in tries.items():
        await mina.post(path, data=upload(name, content), headers=key)
        assert "banner bad" in mina.text, name
    assert await mina.post(path, data=upload("a.png", b"x"), headers={"X-Form-Key": "0" * 32}) == 403
    await mina.post(f"/episodes/{task}/put?job=plan/plan", data=upload("a.png", b"x"), headers=key)
    assert "No file can be put there" in mina.text
    assert list((box.state / "incoming").glob("*")) == []
    assert box.jobs(task)["image/bear_core"].output == "image/bear_core.bin"


async def test_a_body_that_never_ends_is_not_waited_for(box: StudioBox, mina: Browser) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"a" * 100_000

    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": mina.base}
    try:
        async with mina.session.post(mina.base + "/new", data=endless(), headers=headers) as answer:
            assert "larger than videod takes" in await answer.text()
    except aiohttp.ClientError:
        pass  # hung up on: as good
    assert await mina.get("/") == 200


async def test_pages_that_listen_hear_of_changes_and_are_bounded(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(changes, "MOST", 3)
    streams = [await mina.session.get(mina.base + "/changes") for _ in range(5)]
    assert [one.status for one in streams] == [200] * 5
    first = await streams[-1].content.readline()
    assert first == b"retry: 2000\n"
    await at_assets(box)
    await streams[-1].content.readuntil(b"event: changed\n")
    async with patience():
        assert await streams[0].content.read() == b"retry: 2000\n\n"  # it made room
    for one in streams:
        one.close()


async def test_many_open_pages_take_one_look_at_the_database(
    box: StudioBox, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    looks = []
    real = changes.views.newest
    monkeypatch.setattr(changes.views, "newest", lambda tx: looks.append(1) or real(tx))
    monkeypatch.setattr(changes, "LOOK_S", 0.05)
    streams = [await mina.session.get(mina.base + "/changes") for _ in range(20)]
    await eventually(lambda: len(looks) >= 3)
    assert len(looks) < 20
    for one in streams:
        one.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate of 127.0.0.1, made here."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(at).not_valid_after(at + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = folder / "page.pem", folder / "page.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return cert, private


async def test_the_page_speaks_tls_and_whoever_says_nothing_keeps_nobody_out(box: StudioBox, tmp_path: Path) -> None:
    cert, private = certificate(tmp_path)
    async with page_over(box, tls_cert=cert, tls_key=private) as page:
        silent = [await asyncio.open_connection("127.0.0.1", page.port) for _ in range(20)]
        trusted = ssl.create_default_context(cafile=str(cert))
        async with aiohttp.ClientSession() as session:
            async with session.get(f"https://127.0.0.1:{page.port}/enter", ssl=trusted) as answer:
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{page.port}/enter")
        assert page.sessions.address == f"https://127.0.0.1:{page.port}"
        for _, writer in silent:
            writer.close()
