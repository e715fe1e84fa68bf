"""The line that says who works on a board: written, read, judged."""

from dataclasses import replace

import pytest

from videod.core.lease import (
    FRESH_MS,
    LAPSE_MS,
    LOOK_MS,
    OUSTED_MS,
    RENEW_MS,
    SETTLE_MS,
    Claim,
    Standing,
    holder,
    lost,
    read,
    refused,
    standing,
    without,
)

T0 = 1_795_000_000_000
ME = holder("aaaaaaaaaaaa", "111111111111", "server")
OTHER = holder("bbbbbbbbbbbb", "222222222222", "laptop")
COPY = holder("aaaaaaaaaaaa", "333333333333", "newhost")


def claim(who=ME, sign: int = T0, released: bool = False) -> Claim:
    return Claim(who, T0, sign, "beef1234", released)


@pytest.mark.fault("3.3")
@pytest.mark.parametrize("released", [False, True])
def test_a_claim_is_read_as_it_was_written_wherever_it_stands(released: bool) -> None:
    made = claim(released=released)
    assert read(made.line()) == made
    assert read(f"My own words.\n{made.line()} more words") == made
    assert without(f"My own words.\n{made.line()}") == "My own words."
    assert len(made.line()) < 300


@pytest.mark.parametrize(
    "text",
    ["", "videod works on this board", "videod works on this board: host x since yesterday, last sign today (lease a)",
     claim().line().replace("2026-11-18", "2026-99-99"), claim().line()[:-1], claim().line().replace("videod", "we")],
)  # fmt: skip
def test_what_is_no_claim_is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.fault("3.3")
@pytest.mark.parametrize(
    ("found", "now", "expected"),
    [
        (None, T0, Standing.FREE),
        (claim(OTHER, released=True), T0, Standing.FREE),
        (claim(), T0, Standing.OURS),
        (claim(), T0 + LAPSE_MS, Standing.OURS),
        (claim(), T0 + LAPSE_MS + 1, Standing.FREE),
        (claim(OTHER), T0, Standing.HELD),
        (claim(OTHER), T0 + LAPSE_MS, Standing.HELD),
        (claim(OTHER), T0 + LAPSE_MS + 1, Standing.LAPSED),
        (claim(OTHER, sign=T0 + 10**12), T0, Standing.HELD),
        (claim(COPY), T0, Standing.HELD),
        (claim(replace(ME, host="renamed")), T0, Standing.OURS),
    ],
)
def test_what_a_claim_means(found: Claim | None, now: int, expected: Standing) -> None:
    assert standing(found, ME, now) is expected


@pytest.mark.fault("3.3")
def test_the_refusal_names_the_host_since_when_and_what_to_do() -> None:
    told = refused(claim(OTHER), ME)
    assert "host laptop" in told and "since 2026-11-18 11:06 UTC" in told and "--take-over" in told
    assert "copy" not in told
    assert "another state folder" in refused(claim(replace(OTHER, machine=ME.machine)), ME)
    assert "is a copy of that one's" in refused(claim(COPY), ME)
    assert "host laptop" in lost(claim(OTHER), ME) and "--take-over" in lost(None, ME)


def test_a_host_may_be_called_anything() -> None:
    assert holder("a" * 12, "b" * 12, "Jürgens Mac (2)").host == "J-rgens-Mac-2"
    assert holder("a" * 12, "b" * 12, "").host == "unknown"
    assert read(replace(claim(), holder=holder("a" * 12, "b" * 12, "x" * 300)).line()) is not None


def test_whoever_takes_over_waits_until_the_other_must_have_noticed() -> None:
    assert SETTLE_MS < LOOK_MS < FRESH_MS < OUSTED_MS < RENEW_MS < LAPSE_MS
