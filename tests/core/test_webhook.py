"""Notion's webhook: signatures as Notion's own client makes them, and what is remembered of deliveries."""

import json

import pytest

from videod.core.deliveries import HOUR_MS, HOURS, Seen, delivery, signature, signed, slots, token_of
from videod.core.webhook import Report, report_of, why_refused

TOKEN, OTHER = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98", "secret_b"
NOW = 1_795_262_400_000
#: token, body, and what `signWebhookPayload` of @notionhq/client 5.26.0 made of them
VECTORS = (
    (TOKEN, "", "d22773439c053d97c0c31223f6e85b07deb4359209283bf6ccdf8010ac617e56"),
    (TOKEN, '{"id":"a"}', "e9f5e2b6f1bab4453b6d0b55a6fdd1f87e0f4afc1757394a1d1be70f3158fb99"),
    (TOKEN, '{"id": "a"}', "22ea0b057a064ebb0f22f6716b2d1b64839ed005ace402981ba92e6e74522e68"),
    (TOKEN, '{"id":"a"}\n', "4119b4ce857ae25063ae3e3c351e8a0b01ad2df13c686b9f6364e473e738d3e0"),
    (TOKEN, '{"type":"page.created","workspace_name":"Natur \u00fcber alles \u2603 \U0001f600"}',
     "706a20bf20a9f61eb00a99cd9815f9f3ccd7bab73aa72c9f837df5735d57b568"),
    (TOKEN, '{"workspace_name":"\\u2603"}', "b713cbd18e168a7666552b7a5dbce1cce66416adcfbe5145c2d97d2ec4063bfa"),
    (OTHER, "", "3d2e0cea2629e829b14581908bae045e132b5e1f7846acd4aab4c44477329687"),
    (OTHER, '{"id":"a"}', "7f9a7162e47dc84edd7554d9b15fb112e6018409ac2ce7d8eda2eff5f0a3fc7e"),
)  # fmt: skip


@pytest.mark.parametrize(("token", "body", "digest"), VECTORS)
def test_a_signature_is_the_one_that_notions_own_client_makes(token: str, body: str, digest: str) -> None:
    raw, other = body.encode(), OTHER if token == TOKEN else TOKEN
    assert signature(raw, token) == f"sha256={digest}"
    assert signed(raw, f"sha256={digest}", token) and signed(raw, f"sha256={digest.upper()}", token)
    wrong = (
        digest, "", "sha256=", f"sha1={digest}", f"SHA256={digest}", f"sha256={digest[:-1]}", f"sha256={digest}0",
        f" sha256={digest}", f"sha256={'0' * 64}", "sha256=\u0660" + digest[1:], f"sha256=sha256={digest}",
    )  # fmt: skip
    assert not [one for one in wrong if signed(raw, one, token)]
    assert not signed(raw, f"sha256={digest}", other), "the token of an earlier subscription"
    assert not signed(raw + b" ", f"sha256={digest}", token)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f'{{"verification_token": "{TOKEN}"}}', TOKEN),
        ('{"verification_token": "short"}', None),
        ('{"verification_token": "with a space in it"}', None),
        ('{"verification_token": "secret_\\u001b[31mred_red_red"}', None),
        (f'{{"verification_token": "{"x" * 201}"}}', None),
        ('{"verification_token": 12345678901234}', None),
        (f'{{"verification_token": "{TOKEN}", "entity": {{"id": "x"}}}}', None),
        ('["verification_token"]', None), ("", None), ("{", None), ("[" * 100_000, None), ("\udcff", None),
    ],
)  # fmt: skip
def test_only_a_verification_token_that_can_be_one_is_taken(body: str, found: str | None) -> None:
    assert token_of(body.encode("utf-8", "surrogateescape")) == found


def _event(**fields: object) -> bytes:
    return json.dumps({"id": "e1", "timestamp": "2026-11-21T12:00:00.000Z", "type": "page.created"} | fields).encode()


def test_a_delivery_is_known_by_its_id_whatever_else_is_in_it() -> None:
    first, again = delivery(_event(attempt_number=1)), delivery(_event(attempt_number=2))
    assert first.key == again.key != delivery(_event(id="e2")).key
    nameless = [_event(id=name) for name in (None, 7, "", "x" * 65, [])] + [b"no JSON", b"\xff", b"[]"]
    assert len({delivery(body).key for body in nameless}) == len(nameless), "each by its bytes"


def test_an_event_is_old_when_notion_no_longer_repeats_it() -> None:
    assert delivery(_event()).at == NOW
    assert not delivery(_event()).is_old(NOW + HOURS * HOUR_MS)
    assert delivery(_event()).is_old(NOW + HOURS * HOUR_MS + 1)
    assert not any(delivery(_event(timestamp=odd)).is_old(NOW) for odd in (None, "yesterday", 0, "9999-12-31", {}))


@pytest.mark.parametrize(
    ("authors", "programs"),
    [
        ([{"id": "a", "type": "bot"}], True), ([{"type": "bot"}, {"type": "agent"}], True),
        ([{"type": "bot"}, {"type": "person"}], False), ([{"type": "person"}], False), ([], False), (None, False),
        ("bot", False), ([None], False), ([{"type": ["bot"]}], False),
    ],
)  # fmt: skip
def test_only_what_programs_did_may_wait(authors: object, programs: bool) -> None:
    assert delivery(_event(authors=authors)).by_programs is programs


# ------------------------------------------------------------------------------------------- what came before


class Kept:
    """What a database would hold of it."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def take(self, seen: Seen) -> None:
        self.values |= {name: json.dumps(value) for name, value in seen.changed().items()}

    def again(self, now: int, most: int = 20_000) -> Seen:
        return Seen([json.loads(self.values[name]) for name in slots() if name in self.values], now, most)


def _key(number: int) -> str:
    return f"{number:016x}"


def test_a_delivery_is_remembered_for_two_days_across_restarts() -> None:
    seen, kept = Seen(), Kept()
    assert seen.fresh(_key(1), NOW) and not seen.fresh(_key(1), NOW)
    kept.take(seen)
    for hour in range(1, HOURS + 1):
        seen = kept.again(NOW + hour * HOUR_MS)
        assert not seen.fresh(_key(1), NOW + hour * HOUR_MS)
        assert seen.fresh(_key(100 + hour), NOW + hour * HOUR_MS)
        kept.take(seen)
    seen = kept.again(NOW + (HOURS + 1) * HOUR_MS)
    assert seen.fresh(_key(3), NOW + (HOURS + 1) * HOUR_MS)
    assert seen.fresh(_key(1), NOW + (HOURS + 1) * HOUR_MS), "Notion repeats nothing for so long"
    kept.take(seen)
    assert len(kept.values) <= HOURS + 1


def test_only_so_many_deliveries_are_remembered_and_the_oldest_are_forgotten() -> None:
    seen, kept = Seen(most=100), Kept()
    for number in range(250):
        assert seen.fresh(_key(number), NOW + number * HOUR_MS // 10)
    kept.take(seen)
    assert len(seen) == 100
    again = kept.again(NOW + 25 * HOUR_MS, 100)
    assert len(again) == 100 and not again.fresh(_key(249), NOW + 25 * HOUR_MS)
    assert again.fresh(_key(100), NOW + 25 * HOUR_MS)


def test_only_the_hours_that_changed_are_written() -> None:
    seen = Seen()
    for number in range(10):
        seen.fresh(_key(number), NOW + number * HOUR_MS)
    assert len(seen.changed()) == 10
    seen.fresh(_key(9), NOW + 9 * HOUR_MS)
    assert seen.changed() == {}
    seen.fresh(_key(10), NOW + 9 * HOUR_MS)
    assert len(seen.changed()) == 1


def test_a_clock_that_jumps_makes_the_memory_neither_grow_nor_fail() -> None:
    seen = Seen()
    for number in range(500):
        seen.fresh(_key(number), NOW + (number * 7919 % 5000 - 2500) * HOUR_MS)
    assert len(seen) <= HOURS + 1


@pytest.mark.fault("1.4")
def test_what_cannot_be_read_of_the_memory_is_left_out() -> None:
    odd: list[object] = [
        None, 7, "x", [], {}, {"hour": None, "keys": []}, {"hour": 1e999, "keys": [_key(1)]}, {"hour": 5, "keys": "ab"},
        {"hour": -1, "keys": [_key(2)]}, {"hour": 498_684, "keys": [_key(3), 7, None, "short"]},
    ]  # fmt: skip
    assert len(Seen(odd, NOW)) == 1
    assert len(Seen([{"hour": NOW // HOUR_MS + 9_000, "keys": [_key(1)]}], NOW)) == 0, "a clock that was a year ahead"


def test_a_report_survives_the_database() -> None:
    report = Report(
        True, "https://h/webhook/notion", "127.0.0.1 port 1", NOW, True, NOW + 1, None, 3, 2, {"unsigned": 4}, NOW + 2
    )  # fmt: skip
    assert report_of(json.loads(json.dumps(report.as_json()))) == report
    assert report_of({"on": False, "signed_at": 5}) == Report(signed_at=5)
    for odd in (None, 7, [], {}, {"on": "yes"}, {"on": True, "refused": 7, "since": "x", "taken": -1, "signed_at": {}}):
        assert report_of(odd).taken == 0
    assert why_refused({"unsigned": 2, "too large": 1_300}) == "1,302 (1,300 too large, 2 unsigned)"
