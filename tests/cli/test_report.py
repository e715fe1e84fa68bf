"""`videod report`: periods, tables and JSON say the same; nonsense is refused."""

import json
from pathlib import Path

import pytest

from tests.cli.factory import HOUR, NOON, StudioBox, a_full_studio
from videod.cli import client, main, output
from videod.core.failures import Kind
from videod.core.statuses import Status


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "now_ms", lambda: NOON)


def reported(state: Path, *words: str) -> int:
    return main.run(["report", *words, "--state", str(state)])


def test_the_tables_say_what_the_json_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_full_studio(tmp_path, 20).close()
    assert reported(tmp_path, "--json") == output.OK
    body = json.loads(capsys.readouterr().out)
    assert (body["published"], body["clean"], body["stopped"], body["cancelled"]) == (2, 2, 2, 0)
    assert body["without_a_person"] == {"part": 2, "whole": 4, "share": 0.5, "target": 0.95}
    assert body["begin"] == "2026-11-15T00:00:00Z"
    assert {one["channel"]: one["queued"] for one in body["by_channel"]}["wild_earth"] == 1
    assert reported(tmp_path) == output.OK
    text = capsys.readouterr().out
    assert "2 episodes published: 2 without trouble" in text
    assert "Finished without a person: 50 % (2 of 4), target 95 %, missed." in text
    assert f"${body['spent_usd']:,.2f}" in text
    assert f"Bottleneck: {body['bottleneck']}. " in text
    for row in body["failures"]:
        assert row["kind"] in text and row["service"] in text


def test_a_period_without_anything_has_no_shares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    StudioBox(tmp_path).close()
    assert reported(tmp_path, "--month") == output.OK
    text = capsys.readouterr().out
    assert "0 episodes published" in text and "Finished without a person: none, target 95 %." in text
    assert reported(tmp_path, "--json") == output.OK
    body = json.loads(capsys.readouterr().out)
    assert body["transient_recovered"]["share"] is None and body["bottleneck"] is None and body["episodes"] == []


def test_what_ended_before_the_period_is_no_part_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = StudioBox(tmp_path, NOON - 9 * 24 * HOUR)
    box.bring_to(box.queue("Bears"), Status.PUBLISHED)
    late = box.bring_to(box.queue("Owls", "deep_sea"), Status.ASSETS_READY)
    box.clock.at = NOON - 24 * HOUR
    box.bring_to(late, Status.PUBLISHED)
    box.close()
    for words, titles in (((), ["Owls"]), (("--month",), ["Bears", "Owls"]), (("--since", "2026-11-20"), ["Owls"])):
        reported(tmp_path, *words, "--json")
        body = json.loads(capsys.readouterr().out)
        assert [one["title"] for one in body["episodes"]] == titles
    reported(tmp_path, "--month", "--channel", "deep_sea", "--json")
    body = json.loads(capsys.readouterr().out)
    assert [one["title"] for one in body["episodes"]] == ["Owls"] and [one["channel"] for one in body["by_channel"]]
    (review,) = [one for one in body["times"] if one["status"] == "assets_ready"]
    assert review["review"] and review["median_s"] > 7 * 24 * 3600  # whole, though it began long before


def test_a_share_is_never_whole_while_one_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = StudioBox(tmp_path, NOON - 20 * HOUR)
    task = box.bring_to(box.queue("Bears"), Status.ASSETS_APPROVED)
    box.fail(task, "clip/clip_01", Kind.DOWN)
    box.clock.at += HOUR
    box.make(task, "clip/clip_01")
    box.close()
    reported(tmp_path)
    assert "recovered automatically: 100 % (1 of 1), target 80 %." in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("--week", "--month"), ("--since", "yesterday"), ("--since", "2027-01-01"), ("--since", "2026-13-01")]
)
def test_a_period_that_makes_no_sense_is_refused(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    StudioBox(tmp_path).close()
    assert reported(tmp_path, *words) == output.USAGE
    assert "--" in capsys.readouterr().err
