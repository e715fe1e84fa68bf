"""`videod plan` and `videod channels` as a person and as scripts/generate_plan.py call them, and the root command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.plans import CLIPS, IMAGES, good_plan
from tests.harness.patience import run
from videod import __version__
from videod.cli import main

ROOT = Path(__file__).parents[2]
GOOD = (
    "name: Wild\nyoutube_channel: UCabcdefghijklmnopqrstuv\nvoice_id: v1\n"
    "brand: Short stories about wild animals and places.\n"
)


def plan_file(folder: Path, **changes: object) -> str:
    path = folder / "plan.json"
    path.write_text(json.dumps(good_plan() | changes))
    return str(path)


def settings_file(folder: Path, **channels: str) -> str:
    (folder / "channels").mkdir()
    for name, text in channels.items():
        (folder / "channels" / f"{name}.yaml").write_text(text)
    path = folder / "videod.toml"
    path.write_text("")
    return str(path)


# ---------------------------------------------------------------- plan


def test_a_good_plan_is_checked_with_code_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(["plan", "check", plan_file(tmp_path), "--clips", str(CLIPS), "--images", str(IMAGES), "--json"])
    assert code == 0
    verdict = json.loads(capsys.readouterr().out)
    assert (verdict["ok"], verdict["complaints"]) == (True, [])
    assert len(verdict["seconds"]) == CLIPS and all(1.5 <= one <= 8 for one in verdict["seconds"])


@pytest.mark.fault("3.7")
@pytest.mark.parametrize(("file", "code"), [("plan_cmn.json", "zh"), ("plan_hi.json", "hi-IN")])
def test_a_plan_is_checked_in_its_channels_language(file: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(Path(__file__).parents[1] / "cases" / file)
    assert main.run(["plan", "check", path, "--clips", "18", "--images", "22", "--language", code]) == 0
    assert main.run(["plan", "check", path, "--clips", "18", "--images", "22"]) == 0
    assert main.run(["plan", "check", path, "--language", "en"]) == 65
    assert "is not written in English" in capsys.readouterr().out
    assert main.run(["plan", "check", path, "--language", "tlh"]) == 64
    assert "cannot judge narrations in 'tlh'" in capsys.readouterr().err


def test_a_plan_is_read_like_an_editor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = plan_file(tmp_path)
    assert main.run(["plan", "check", path, "--json"]) == 0
    warned = json.loads(capsys.readouterr().out)["warnings"]
    assert [(one["rule"], one["clip"]) for one in warned] == [
        ("rhythm", None), ("fact", 4), ("rhythm", 4), ("fact", 8), ("fact", 9), ("halved", 9),
    ]  # fmt: skip
    assert warned[1]["where"] == "clips[3].narration"
    assert warned[1]["line"] == "She needs eighty pounds of fat before the first snow."
    assert warned[1]["message"].startswith('says the number "eighty", which no fact holds. ')
    assert main.run(["plan", "check", path]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "6 warnings, as an editor would read it" in said and "The plan can be used as it is." in said
    assert 'Clip 4, "She needs eighty pounds of fat before the first snow." (fact) says the number' in said


def test_complaints_are_json_with_code_65(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(["plan", "check", plan_file(tmp_path, title=""), "--clips", "17", "--images", "22", "--json"])
    verdict = json.loads(capsys.readouterr().out)
    assert code == 65 and verdict["ok"] is False
    assert [(each["where"], each["rule"]) for each in verdict["complaints"]] == [
        ("clips", "clip count"), ("title", "youtube"),
    ]  # fmt: skip
    assert set(verdict["complaints"][0]) == {"where", "rule", "message"}


def test_people_get_a_list_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["plan", "check", plan_file(tmp_path)]) == 0
    assert "The Price of the Falls: 18 clips, 22 images, about" in capsys.readouterr().out
    assert main.run(["plan", "check", plan_file(tmp_path, logline="")]) == 65
    said = capsys.readouterr().out
    assert "1 complaint\n" in said and "logline (filled): is empty" in said


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "json"), ("[" * 100_000, "json"), ("[]", "shape"), ('{"title": NaN}', "json"), ("3", "shape")],
)
def test_what_is_no_plan_is_a_complaint_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, rule: str
) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert main.run(["plan", "check", str(tmp_path / "plan.json"), "--json"]) == 65
    assert rule in {each["rule"] for each in json.loads(capsys.readouterr().out)["complaints"]}


def test_a_terminal_escape_in_a_plan_does_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main.run(["plan", "check", plan_file(tmp_path, **{"\x1b[31mkey": 1})])
    assert "\x1b" not in capsys.readouterr().out


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["plan", "check", str(tmp_path / "none.json")]) == 65
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [["plan"], ["plan", "chek"], ["plan", "check", "x", "--clips", "0"], ["plan", "schema", "x"]]
)
def test_a_wrong_command_line_ends_with_64(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(argv) == 64
    assert "--help" in capsys.readouterr().err


def test_the_schema_is_printed_for_the_numbers_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["plan", "schema", "--clips", "3"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["clips"]["maxItems"] == 3
    assert "maxItems" not in schema["properties"]["images"]


def test_the_planner_can_check_without_loading_what_it_does_not_need(tmp_path: Path) -> None:
    heavy = ("aiohttp", "pydantic", "yaml", "googleapiclient", "notion_client", "httpx")
    code = (
        "import sys\nfrom videod.cli.main import run\n"
        f"code = run(['plan', 'check', {plan_file(tmp_path)!r}, '--json'])\n"
        f"print([name for name in {heavy!r} if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[] 0"


def test_the_module_runs_as_the_planner_calls_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "videod", "plan", "check", plan_file(tmp_path, title=""), "--json"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 65
    assert json.loads(done.stdout)["complaints"][0]["where"] == "title"


# ---------------------------------------------------------------- channels


def test_channels_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings_file(tmp_path, wild=GOOD, odd=GOOD.replace("Wild", "Odd") + "outro: gone.mp4\n")
    assert main.run(["channels", "list", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "wild" in said and "Odd" in said and "assets, video, audio" in said
    assert "warning: " in said and "gone.mp4" in said


@pytest.mark.fault("9.3", "9.4")
def test_a_check_of_channels_names_a_custom_script_that_cannot_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.sh").write_text("#!/bin/sh\nffprobe $1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    config = settings_file(tmp_path, wild=GOOD)
    with Path(config).open("a") as settings:
        settings.write('[scripts]\nclip = "clip.sh"\n')
    assert main.run(["channels", "check", "--config", config, "--json"]) == 0
    wrong, missing = json.loads(capsys.readouterr().out)["warnings"]
    assert wrong == f"[scripts] clip: {tmp_path}/clip.sh is not executable. Run `chmod +x {tmp_path}/clip.sh`."
    assert missing.startswith("[scripts] clip: ffprobe is missing on this host")


def test_channels_are_listed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["channels", "list", "--config", settings_file(tmp_path, wild=GOOD), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [channel["id"] for channel in listed["channels"]] == ["wild"]
    assert listed["channels"][0]["gates"]["final"] == "auto"
    assert listed["warnings"] == []


def test_a_broken_channel_is_checked_with_code_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings_file(tmp_path, wild=GOOD + "clips: 0\n")
    assert main.run(["channels", "check", "--config", config, "--json"]) == 78
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["ok"] is False
    assert (verdict["faults"][0]["line"], verdict["faults"][0]["key"]) == (5, "clips")
    assert main.run(["channels", "check", "--config", config]) == 78
    assert "wild.yaml:5: clips: must be" in capsys.readouterr().out
    assert main.run(["channels", "list", "--config", config]) == 78
    assert "videod channels check" in capsys.readouterr().err


def test_single_files_are_checked_without_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wild.yaml"
    path.write_text(GOOD)
    assert main.run(["channels", "check", str(path), "--config", str(tmp_path / "none.toml")]) == 0
    assert "1 channel: no problems found." in capsys.readouterr().out


@pytest.mark.fault("8.9")
def test_a_check_says_what_serves_in_the_sandbox_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VIDEOD_URL_ELEVENLABS", "VIDEOD_URL_YOUTUBE"):
        monkeypatch.delenv(name, raising=False)
    mine = GOOD.replace("Wild", "Mine").replace("v1", "sandbox-narrator-1")
    config = settings_file(
        tmp_path, real=GOOD, mine=mine, sample=GOOD.replace("Wild", "Sample").replace("abcdefghijklmnopqrstuv", "wild")
    )
    assert main.run(["channels", "check", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "mine.yaml: voice_id: sandbox-narrator-1 exists only in the sandbox" in said
    assert "sample.yaml: youtube_channel: UCwild exists only in the sandbox" in said
    assert "3 channels: 2 warnings, see above." in said and "no problems" not in said and "real.yaml" not in said
    monkeypatch.setenv("VIDEOD_URL_ELEVENLABS", "http://127.0.0.1:1")
    monkeypatch.setenv("VIDEOD_URL_YOUTUBE", "http://127.0.0.1:1")
    assert main.run(["channels", "check", "--config", config, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 0


@pytest.mark.fault("8.9")
@pytest.mark.parametrize("name", ["wild.yml", "wild.YAML", "wild.yaml.bak", "Wild.Yml"])
def test_a_file_that_looks_like_a_channels_and_is_not_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    config = settings_file(tmp_path, real=GOOD)
    (tmp_path / "channels" / name).write_text(GOOD.replace("Wild", "Other"))
    assert main.run(["channels", "check", "--config", config]) == 0
    said = capsys.readouterr().out
    assert f"{name}: is not read. The file of a channel is called wild.yaml" in said and "1 warning, see above" in said
    assert main.run(["channels", "check", str(tmp_path / "channels" / name)]) == 78
    assert "is not read by videod. The file of a channel is called wild.yaml" in capsys.readouterr().out


@pytest.mark.fault("8.9")
def test_two_files_with_one_id_and_unknown_or_repeated_keys_are_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first, second = tmp_path / "a" / "wild.yaml", tmp_path / "b" / "wild.yaml"
    first.write_text(GOOD)
    second.write_text(GOOD.replace("Wild", "Other"))
    assert main.run(["channels", "check", str(first), str(second)]) == 78
    assert f"{second}: id: is already the id of {first}" in capsys.readouterr().out
    first.write_text(GOOD + "privcy: public\n")
    assert main.run(["channels", "check", str(first)]) == 78
    assert "wild.yaml:5: privcy:" in capsys.readouterr().out
    first.write_text(GOOD + "voice_id: v2\n")
    assert main.run(["channels", "check", str(first)]) == 78
    assert "voice_id" in capsys.readouterr().out


def test_missing_settings_are_said_with_code_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["channels", "list", "--config", str(tmp_path / "none.toml")]) == 78
    assert "none.toml" in capsys.readouterr().err


# ---------------------------------------------------------------- the root


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_of_the_table_exists(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([name, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"Usage: videod {name} ")
    assert main.COMMANDS[name].help in said


def test_the_module_is_the_command() -> None:
    done = run([sys.executable, "-m", "videod", "status", "--help"], cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:3] == ["Usage:", "videod", "status"]


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert main.run(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(row.help in said for row in main.COMMANDS.values())
    assert main.run([]) == 64


def test_the_version_is_printed_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom videod.cli.main import run\nrun(['--version'])\n"
        "heavy = ('aiohttp', 'googleapiclient', 'pydantic', 'asyncio', 'videod.cli.status', 'videod.core.tables')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [f"videod {__version__}", "[]"]


def test_status_loads_neither_aiohttp_nor_pydantic(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom videod.cli.main import run\n"
        f"run(['status', '--state', {str(tmp_path)!r}])\n"
        "print([name for name in ('aiohttp', 'googleapiclient', 'pydantic', 'rich.console') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["chanels"]) == 64
    assert "Did you mean 'channels'" in capsys.readouterr().err
    assert main.run(["\x1b[31m"]) == 64
    assert "\x1b" not in capsys.readouterr().err


def test_a_typer_command_line_that_is_wrong_ends_with_64_and_keeps_other_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["notion", "nonsense"]) == 64
    assert main.run(["notion", "check", "--config", str(tmp_path / "none.toml")]) == 78
    assert "none.toml" in capsys.readouterr().err


def test_a_plan_with_a_shot_without_words_is_good_where_it_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = good_plan()
    plan["clips"][3]["narration"] = ""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    assert main.run(["plan", "check", str(path)]) == 65
    assert "wordless_shots" in " ".join(capsys.readouterr().out.split())
    assert main.run(["plan", "check", str(path), "--wordless", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"][3] == 0
