"""The daemon's parser of others' values and the scripts' own say the same of everything."""

import json
import math

import pytest

from scripts.lib import answers
from scripts.lib import bounds as theirs
from videod.core import bounds as ours

NOW_MS = 1_795_963_200_000  # 2026-11-29T14:40:00Z
VALUES: tuple[object, ...] = (
    None, True, False, 0, -0.0, 1, -1, 1.5, 86_400, 86_400.01, 9_999.99, 10_000, 10_000.01, 1e15, 1e300, 10**400,
    -(10**400), 2**53, 2**53 + 1, 2**63, math.inf, -math.inf, math.nan, "", " ", "0", " 7 ", "1.5", "-3", "+4", "1e3",
    "1e400", "inf", "NaN", "Infinity", "1_000", "٣", "９", "0x10", "9" * 40, "9" * 41, "9" * 5_000, "soon", "12s",
    "Sun, 29 Nov 2026 14:41:00 GMT", "Sun, 29 Nov 2026 14:41:00 -0000", "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "29 Feb 2027",
    "2026-11-29T14:41:00Z", "2026-11-29T14:41:00+14:00", "2026-11-29", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-13-40", NOW_MS, str(NOW_MS), NOW_MS / 1000, "1795963260", "1798600000000", 1e9,
    1e10, 1e12, 1e13, [], {}, [1], {"a": 1}, b"1", "\ud800", "a\0b", "x" * 300, object(),
)  # fmt: skip
DOCUMENTS = (
    "1", "NaN", "[Infinity, -Infinity, 1e999, -1e999]", '{"a": 1.5, "b": "x"}', "9" * 40, "9" * 41, "1." + "9" * 500,
    "", "{", "[" * 100_000, '{"a": NaN}', '"\\ud800"', b"\xff", b"\xef\xbb\xbf1", b'{"a": "\xc3\xa9"}', "nul", "[1,]",
)  # fmt: skip


def read(parser: object, document: str | bytes) -> object:
    try:
        return parser.loads(document)  # type: ignore[attr-defined]
    except ValueError:
        return "no JSON"


@pytest.mark.fault("1.4", "13.3")
def test_both_parsers_say_the_same_of_every_value() -> None:
    for value in VALUES:
        assert theirs.number(value, 0.0, 1e6) == ours.number(value, 0.0, 1e6), value
        assert theirs.whole(value) == ours.whole(value), value
        assert theirs.wait_s(value, NOW_MS) == ours.wait_s(value, NOW_MS), value
        assert theirs.text(value, 10) == ours.text(value, 10), value
        usd, micros, at = theirs.usd(value), ours.micros(value), theirs.moment(value)
        assert (None if usd is None else round(usd * 1e6)) == micros, value
        assert (None if at is None else int(at.timestamp() * 1000)) == ours.moment_ms(value), value
    for bound in ("LONGEST_WAIT_S", "MOST_USD", "MOST_WHOLE", "DIGITS"):
        assert getattr(theirs, bound) == getattr(ours, bound)


def test_both_parsers_read_the_same_documents() -> None:
    assert [read(theirs, document) for document in DOCUMENTS] == [read(ours, document) for document in DOCUMENTS]


def test_every_value_that_passes_is_finite_and_in_range() -> None:
    for value in VALUES:
        for found, most in ((theirs.wait_s(value, NOW_MS), 86_400), (theirs.usd(value), 10_000)):
            assert found is None or (math.isfinite(found) and 0 <= found <= most), value
        assert json.dumps(theirs.text(value, 10), ensure_ascii=False).encode()


def test_a_name_of_a_service_is_printable_and_short() -> None:
    assert answers.word("task_1") == "task_1"
    assert [answers.word(odd) for odd in ("", "a b", "a\nb", "é", "\ud800", "x" * 201, 5, None, ["x"])] == [None] * 9
