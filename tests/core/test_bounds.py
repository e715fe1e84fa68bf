"""Values of others: finite, bounded, of the expected type, or None."""

import json

import pytest

from videod.core import bounds

NOW_MS = 1_795_963_200_000  # 2026-11-29T14:40:00Z


@pytest.mark.fault("1.4", "13.3")
@pytest.mark.parametrize(
    "value",
    ["inf", "-inf", "nan", "1e400", "99999999999999999999", "9" * 400, 9**400, -1, "-5", "", " ", "soon", None, True,
     [], {}, float("inf"), float("nan"), "1_000", "٣", 86_401, "1798600000000", "9999-12-31T00:00:00Z",
     "Fri, 31 Dec 9999 23:59:59 GMT", "x" * 1000],
)  # fmt: skip
def test_a_nonsense_wait_is_none(value: object) -> None:
    assert bounds.wait_s(value, NOW_MS) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("120", 120.0), (1.5, 1.5), (86_400, 86_400.0), ("Sun, 29 Nov 2026 14:41:00 GMT", 60.0),
     ("2026-11-29T14:41:00Z", 60.0), (NOW_MS + 60_000, 60.0), (str(NOW_MS // 1000 + 60), 60.0),
     ("Sun, 29 Nov 2020 14:41:00 GMT", 0.0), (1_000_000_000, 0.0)],
)  # fmt: skip
def test_a_wait_is_seconds_a_date_or_an_epoch_time(value: object, seconds: float) -> None:
    assert bounds.wait_s(value, NOW_MS) == seconds


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("value", [float("nan"), 1e999, -0.01, 10_000.01, 1e15, "1e300", None, "free", False, 10**500])
def test_a_nonsense_sum_is_none(value: object) -> None:
    assert bounds.micros(value) is None


def test_a_sum_is_micro_dollars() -> None:
    assert bounds.micros(0.42) == 420_000
    assert bounds.micros("0.0336") == 33_600
    assert bounds.micros(10_000) == 10_000_000_000


@pytest.mark.fault("1.4")
def test_json_that_is_no_number_is_read_as_null() -> None:
    document = '{"a": NaN, "b": -Infinity, "c": 1e999, "d": %s, "e": 3, "f": 0.5}' % ("9" * 5000)
    assert bounds.loads(document) == {"a": None, "b": None, "c": None, "d": None, "e": 3, "f": 0.5}


@pytest.mark.parametrize("document", ["", "{", "[" * 200_000, b"\xff\xfe\xff", '{"a": }'])
def test_what_is_no_json_is_one_kind_of_error(document: str | bytes) -> None:
    with pytest.raises(ValueError):
        bounds.loads(document)


def test_whole_numbers_are_bounded() -> None:
    assert bounds.whole(3) == bounds.whole("3") == bounds.whole(3.0) == 3
    assert [bounds.whole(odd) for odd in (2**63, -1, 3.5, "x", True, None, float("inf"))] == [None] * 7


def test_text_is_cut_and_never_of_another_type() -> None:
    assert bounds.text("x" * 10, 5) == "xxxx…"
    assert bounds.text(12, 5) == "12"
    assert [bounds.text(odd, 5) for odd in (None, True, [], {}, 10**5000)] == [None] * 5


def test_times_of_others_are_bounded() -> None:
    assert bounds.moment_ms("2026-11-29T14:40:00.000Z") == NOW_MS
    assert [bounds.moment_ms(odd) for odd in ("", "yesterday", None, 5, "1600-01-01T00:00:00Z", "0001-01-01")] == [
        None
    ] * 6


def test_what_was_read_can_be_written_again() -> None:
    json.dumps(bounds.loads('{"a": [1e999, {"b": Infinity}]}'), allow_nan=False)
