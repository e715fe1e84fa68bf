"""What a script says: finite, bounded and harmless, or it is not booked."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.harness.listening import PRICE_MICROS, Now, Pencil, Said, in_range, listen, work
from videod.core.failures import Kind
from videod.core.tables import STEPS
from videod.flow.listener import MOST_REPORTED, Listener, Report, TooMuchReported

CASES = Path(__file__).parent.parent / "cases"
NONSENSE = ["NaN", "Infinity", "-Infinity", "1e999", "1e300", "1e15", "9" * 400, '"free"', "true", "[]", "{}",
            "10000.01", "[" * 500 + "]" * 500]  # fmt: skip


def charged(usd: str, **more: object) -> str:
    fields = {"type": "charged", "service": "x", "kind": "plan", "quantity": 1, "unit": "piece"} | more
    return json.dumps(fields)[:-1] + f', "usd": {usd}}}'


@pytest.mark.fault("1.4")
async def test_the_lines_that_ended_the_daemon_are_booked_within_bounds() -> None:
    lines = (CASES / "own_script_events.txt").read_text().splitlines()
    pencil, report, listener = await listen(lines, "plan")
    assert all(in_range(event) for event in pencil.events)
    assert [charge.micros for charge in pencil.charges] == [PRICE_MICROS] * 2 + [100_000, PRICE_MICROS]
    failure = listener.why(STEPS["plan"], Said([]), 75, report)  # type: ignore[arg-type]
    assert (failure.kind, failure.retry_after_ms) == (Kind.BUSY, None)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("usd", NONSENSE)
async def test_a_nonsense_sum_is_booked_at_the_price_of_the_list(usd: str) -> None:
    pencil, report, _ = await listen([charged(usd)])
    assert [charge.micros for charge in pencil.charges] in ([PRICE_MICROS], [])
    assert report.charged == bool(pencil.charges)


@pytest.mark.parametrize(("usd", "micros"), [("0.42", 420_000), ("0", 0), ('"0.1"', 100_000), ("10000", 10**10)])
async def test_a_sum_in_range_is_booked_as_it_was_said(usd: str, micros: int) -> None:
    pencil, report, _ = await listen([charged(usd)])
    assert [charge.micros for charge in pencil.charges] == [micros] and report.charged


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("usd", ["-1000000", "-0.01", "-1e-9", '"-5"'])
@pytest.mark.parametrize("step", ["clip", "plan", "composite"])
async def test_a_script_can_give_no_money_back(usd: str, step: str) -> None:
    pencil, report, _ = await listen([charged(usd)], step)
    # the price of the list is booked with the file, since nothing counts as charged
    assert not pencil.charges and not report.charged


@pytest.mark.parametrize("usd", ["5", "0.000001", "1e999"])
@pytest.mark.parametrize("step", ["composite", "split_screen", "cut", "assemble", "cleanup"])
async def test_a_step_that_buys_nothing_can_charge_nothing(usd: str, step: str) -> None:
    pencil, _, _ = await listen([charged(usd)], step)
    assert not pencil.charges


async def test_what_a_charge_is_called_is_short_and_on_one_line() -> None:
    line = charged("0.1", kind="x" * 100_000, service="a\nb\x1b[2J\u202e", unit={"odd": 1}, remote_id="r" * 5_000)
    ((charge,), _, _) = ((await listen([line]))[0].charges, 0, 0)
    assert len(charge.kind) == 64 and charge.service == "a b[2J" and charge.unit == "piece"
    assert charge.reference is None and in_range(charge)


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    ("quantity", "booked"), [("NaN", 0.0), ("1e300", 0.0), ("-3", 0.0), ("null", 0.0), ("84", 84.0), ("0", 0.0)]
)
async def test_a_nonsense_amount_proves_nothing(quantity: str, booked: float) -> None:
    line = f'{{"type": "charged", "usd": 0.42, "unit": "credit", "quantity": {quantity}}}'
    assert [charge.quantity for charge in (await listen([line]))[0].charges] == [booked]


@pytest.mark.fault("1.4")
@pytest.mark.parametrize("more", [0, 1, 5_000])
async def test_a_script_that_reports_endlessly_is_stopped_at_a_bound(more: int) -> None:
    pencil, report = Pencil(), Report()
    order = json.dumps({"type": "submitted", "remote_id": "t1"})
    lines = [order, *[charged("0.01")] * (MOST_REPORTED - 1 + more)]
    listener = Listener(pencil, Now(), str)  # type: ignore[arg-type]
    with pytest.raises(TooMuchReported) if more else nullcontext():
        await listener.listen(work("clip"), Said(lines), report)  # type: ignore[arg-type]
    assert len(pencil.events) == MOST_REPORTED and report.charged


@pytest.mark.parametrize("name", ["", "x" * 2_001, None, [], {}, True])
async def test_an_order_without_a_usable_name_is_not_booked(name: object) -> None:
    pencil, _, _ = await listen([json.dumps({"type": "submitted", "remote_id": name})])
    assert not pencil.orders


async def test_an_order_keeps_its_whole_name() -> None:
    lines = [json.dumps({"type": "submitted", "remote_id": name}) for name in ("x" * 2_000, 77, "half\ud800")]
    pencil, _, _ = await listen(lines)
    assert [order.remote_id for order in pencil.orders] == ["x" * 2_000, "77", "half"]


@pytest.mark.fault("1.4")
@pytest.mark.parametrize(
    ("wait", "ms"),
    [("1e300", None), ("NaN", None), ("-1", None), ("86401", None), ('"inf"', None), ("9" * 30, None), ("90", 90_000),
     ('"Sun, 29 Nov 2026 14:41:00 GMT"', 60_000), ("1795963260000", 60_000), ("null", None), ("[]", None)],
)  # fmt: skip
async def test_a_wait_that_a_script_names_is_at_most_a_day(wait: str, ms: int | None) -> None:
    line = f'{{"type": "failure", "kind": "busy", "message": "later", "retry_after_s": {wait}}}'
    _, report, listener = await listen([line])
    assert listener.why(STEPS["clip"], Said([]), 75, report).retry_after_ms == ms  # type: ignore[arg-type]


async def test_a_failure_of_odd_types_is_still_a_failure() -> None:
    odd = {"type": "failure", "kind": ["busy"], "message": {"a": 1}, "http_status": 10**30, "code": 12, "service": True,
           "endpoint": "e" * 9_000, "request_id": "sk-very-secret"}  # fmt: skip
    _, report, listener = await listen([json.dumps(odd)])
    failure = listener.why(STEPS["clip"], Said([]), 1, report)  # type: ignore[arg-type]
    assert (failure.kind, failure.message, failure.http_status, failure.code) == (Kind.BUG, "no message", None, "12")
    assert failure.service == "kie" and len(failure.endpoint or "") == 500 and failure.request_id == "(redacted)"


async def test_the_facts_of_a_result_can_be_stored() -> None:
    fields = ('"a": NaN', '"b": 1e999', f'"c": {"9" * 30}', f'"d": "{"x" * 9_000}"', '"e": [1]', '"f": true',
              '"g": 2.5', '"h": "\\ud800"', '"i": 9007199254740993')  # fmt: skip
    line = f'{{"type": "result", {", ".join(fields)}}}'
    _, report, _ = await listen([line])
    assert report.result == {"type": "result", "d": "x" * 1_999 + "…", "f": True, "g": 2.5, "h": ""}
    json.dumps(report.result, allow_nan=False).encode()


async def test_progress_of_any_shape_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "videod.flow.listener")
    lines = ['{"type": "progress", "done": 0.5, "message": "half", "name": "x", "args": 1}', '{"type": "progress"}']
    await listen(lines)
    assert [getattr(record, "share", 0) for record in caplog.records] == [0.5, None]


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"a": ' * 50_000, "{", '{"type": ["charged"]}', "{}", "\ud800", '{"type": null}']
)
async def test_what_is_no_event_is_the_scripts_own_text(line: str) -> None:
    pencil, _, _ = await listen([line])
    assert not pencil.events
