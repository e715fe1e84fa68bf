"""`videod simulate`: an answer in words and in JSON, from the configuration and its changes."""

import json
from pathlib import Path

import pytest

from videod.cli import main
from videod.cli.output import CONFIGURATION, OK, USAGE

ROOT = Path(__file__).parents[2]
SMALL = ("--set", "channel.clips=4", "--set", "channel.images=5", "--config", str(ROOT / "videod.toml"))


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main.run(["simulate", *argv, *SMALL])
    out, err = capsys.readouterr()
    return code, out, err


def test_it_says_what_the_load_takes_and_costs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--episodes", "3", "--per", "day")
    assert (code, err) == (OK, "")
    assert "Yes: it keeps up with 3 episodes a day." in out
    assert "Published 3 of 3" in out
    assert "Bottleneck: none" in out
    assert "wild_planet" in out and "deep_ocean" in out


def test_a_load_above_the_budget_is_answered_with_no_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "--episodes", "3", "--per", "day", "--channels", "1", "--set", "channel.daily_budget_usd=3"
    )
    assert code == OK
    assert "No: the last film comes" in out
    assert "Bottleneck: budget (the day's budget of $3.00 for channel channel_01 is spent" in out


def figures_of(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    code, out, _ = run(capsys, "--json", "--per", "at-once", *argv)
    assert code == OK
    found: dict[str, object] = json.loads(out)["figures"]
    return found


def test_fewer_slots_take_longer_and_the_seed_decides_all_else(capsys: pytest.CaptureFixture[str]) -> None:
    first = figures_of(capsys, "--episodes", "4", "--channels", "2")
    assert first["published"] == 4
    assert figures_of(capsys, "--episodes", "4", "--channels", "2") == first
    slow = figures_of(capsys, "--episodes", "4", "--channels", "2", "--set", "services.kie.concurrency=1")
    assert slow["bottleneck"] == "kie"
    assert float(str(slow["makespan_ms"])) > 2 * float(str(first["makespan_ms"]))


def test_prices_of_the_settings_are_what_is_paid(capsys: pytest.CaptureFixture[str]) -> None:
    free = [part for name in ("image", "plan", "effect", "narration_per_1000_characters")
            for part in ("--set", f"prices.{name}=0")]  # fmt: skip
    found = figures_of(capsys, "--episodes", "1", "--channels", "1", *free, "--set", "prices.clip=2")
    assert found["cost_usd"] == 8.0


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("--episodes", "0"), USAGE, "is not in the range 1<=x<="),
        (("--channels", "1000"), USAGE, "is not in the range 1<=x<="),
        (("--review-minutes", "-1"), USAGE, "is not in the range 0<=x<="),
        (("--set", "services.kie.slots=3"), USAGE, "there is no such setting"),
        (
            ("--set", "services.kie.concurrency=many"),
            USAGE,
            "services.kie.concurrency: Input should be a valid integer",
        ),
        (("--set", "channel.places=3"), USAGE, "there is no such key"),
        (("--set", "channel.max_concurrent=0"), USAGE, "channel.max_concurrent: Input should be greater"),
        (("--set", "nothing"), USAGE, "Write KEY=VALUE"),
        (("--latency", "film=3"), USAGE, "there is no step 'film'"),
        (("--channels", "1", "--set", "channel.images=100"), CONFIGURATION, "no plan with"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, said: str
) -> None:
    given = [*argv, "--config", str(ROOT / "videod.toml")]
    assert main.run(["simulate", *given]) == code
    assert said in capsys.readouterr().err
