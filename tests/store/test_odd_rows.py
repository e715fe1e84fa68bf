"""Books that hold nonsense of an older version, or of a damaged disk, are read all the same."""

import json

import pytest

from videod.core.failures import Kind
from videod.core.moments import iso
from videod.store.rows import _names, _object, failure_of


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 5_000, '{"kind": "odd"}', '{"kind": "busy"}', '{"a": NaN}']
)
def test_a_failure_that_cannot_be_read_is_a_bug(text: str) -> None:
    found = failure_of(text)
    assert found is not None and found.kind == Kind.BUG


@pytest.mark.fault("1.4", "13.13")
@pytest.mark.parametrize("wait", ["1" + "0" * 30, "1e999", "NaN", "-5", '"soon"', "86400001"])
def test_a_stored_wait_of_ages_is_no_wait(wait: str) -> None:
    found = failure_of(f'{{"kind": "busy", "message": "later", "retry_after_ms": {wait}}}')
    assert found is not None and (found.kind, found.retry_after_ms) == (Kind.BUSY, None)


def test_a_stored_failure_is_read_as_it_was_written() -> None:
    assert failure_of(None) is None
    found = failure_of(json.dumps({"kind": "busy", "message": "later", "retry_after_ms": 60_000}))
    assert found is not None and found.retry_after_ms == 60_000


@pytest.mark.parametrize("text", ["[]", "null", "3", '"x"'])
def test_fields_of_another_shape_are_empty(text: str) -> None:
    assert _object(text) == {} and _object("{}") == {}
    assert all(isinstance(name, str) for name in _names(text))


@pytest.mark.parametrize("ms", [-1, 0, 10**18, 2**62, -(2**62)])
def test_a_time_beyond_the_calendar_is_its_end(ms: int) -> None:
    assert iso(ms) in ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
