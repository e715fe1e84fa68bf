"""No secret leaves its place: not in a command line, not in a child that does not need it, nowhere on disk or board."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.harness.echoes import FORMS, seen_in
from tests.harness.patience import until
from tests.live.board import Board
from tests.live.stage import ROOT, Stage, stage
from tests.live.watcher import Watcher
from videod.core.tables import STEPS
from videod.credentials import SECRET_NAMES
from videod.sandbox.attach import SLACK_PATH

pytestmark = [pytest.mark.live, pytest.mark.long]

#: what the simulated services do not ask for, with values that stand nowhere else
UNUSED = {
    "R2_ACCESS_KEY_ID": "sentinel-r2-id-5d1f0c", "R2_SECRET_ACCESS_KEY": "sentinel-r2-secret-b07e4a",
    "NOTION_WEBHOOK_TOKEN": "secret_sentinel-hook-6ac9f1", "SMTP_PASSWORD": "sentinel-mail-0d84e2",
    "GOOGLE_CLIENT_ID_OTHER": "sentinel-other-project-3e7d50",
    "GOOGLE_CLIENT_SECRET_OTHER": "sentinel-other-secret-f2b6c8",
    "CATBOX_USERHASH": "sentinel-userhash-91c3d7", "YOUTUBE_ACCESS_TOKEN": "ya29.sentinel-2b8e6f",
}  # fmt: skip
#: a script of the owner's that notes what it was given, crashes once with all of it in its words, then does the work
NOSY = """
import json, os, runpy, sys
from pathlib import Path

note = Path(Path(__file__).name + ".json").absolute()
if not note.exists():
    note.write_text(json.dumps({"argv": sys.argv, "env": dict(os.environ)}))
    %(crash)s
sys.argv = [%(script)r, *sys.argv[1:], "--events"]
runpy.run_path(%(script)r, run_name="__main__")
"""
CRASHES = {
    # without paths: a folder called pytest-503 would read like the answer of a service that is down
    "upload": 'raise RuntimeError("cannot go on with " + str([v for v in os.environ.values() if "/" not in v]))',
    # so long that the end of it, which is kept, begins in the middle of the key; nothing was sent, as it says
    "sound_effect": 'sys.exit(os.environ["ELEVENLABS_API_KEY"] + "." * 3966 + "connection refused")',
}
#: as which each service repeats its key besides
DISGUISES = (
    "upper",
    "cut by one",
    "base64",
    "base64 at one",
    "hex",
    "percent all",
    "json escapes all",
    "spaced",
    "reversed",
)
BEAR = ("The crossing", "wild_planet", "brown bears", "A bear crosses a cold river.")
BROKEN = ("The broken plan", "deep_ocean", "whales", "A whale dives. [[bad plan]]")


def nosy(folder: Path, step: str) -> Path:
    path = folder / f"own_{step}.py"
    path.write_text(NOSY % {"script": str(ROOT / "scripts" / STEPS[step].script), "crash": CRASHES[step]})
    return path


def errors(secret: dict[str, str]) -> list[dict[str, object]]:
    """One failure of every service, each with a secret in the words of its answer."""

    def fault(service: str, endpoint: str, name: str, status: int = 503, **more: object) -> dict[str, object]:
        words = f"overloaded, no luck with {secret[name]}; {'; '.join(FORMS[form](secret[name]) for form in DISGUISES)}"
        told: dict[str, object] = {
            "error": {"code": status, "message": words, "status": "UNAVAILABLE"},
            "message": words,
        }
        told |= {"object": "error", "code": "internal_server_error", "msg": words, "detail": {"message": words}}
        kinds = {"service": service, "kind": "status", "endpoint": endpoint, "status": status, "times": 1}
        return kinds | {"body": json.dumps(told)} | more

    return [
        fault("gemini", "POST *", "GEMINI_API_KEY"),
        fault("kie", "POST */createTask", "KIE_API_KEY"),
        fault("elevenlabs", "POST */text-to-speech/*", "ELEVENLABS_API_KEY"),
        fault("google", "POST /token", "GOOGLE_CLIENT_SECRET"),
        fault("youtube", "POST /upload/*", "GOOGLE_CLIENT_SECRET"),
        fault("youtube", "PUT /upload/*", "GOOGLE_CLIENT_SECRET"),
        fault("notion", "PATCH /v1/pages/*", "NOTION_TOKEN", 500),
        fault("slack", "POST *", "SLACK_WEBHOOK_URL", 500, body=f"no luck with {SLACK_PATH}"),
    ]


def videod(made: Stage, *arguments: str) -> str:
    """What a person reads who asks at the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "videod", *arguments, "--config", str(made.config)], env=made.env, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def found_in(text: str | bytes, secrets: dict[str, str]) -> list[str]:
    """The names of the secrets that stand there, whole or the last 12 characters of them."""
    raw = text.encode() if isinstance(text, str) else text
    return [name for name, value in secrets.items() if value[-12:].encode() in raw]


@pytest.mark.fault("12.15")
def test_no_secret_leaves_its_place(tmp_path: Path) -> None:
    own = {step: nosy(tmp_path, step) for step in CRASHES}
    rows = "".join(f'{step} = "{path}"\n' for step, path in own.items())
    settings = f"[retry]\nwaits_min = [0.01, 0.01, 0.01]\n[scripts]\n{rows}"
    with (
        stage(tmp_path / "stage", channel={"clips": 2, "images": 4}, settings=settings, env=UNUSED) as made,
        Board(made.env) as board,
    ):
        secrets = {name: made.env[name] for name in (*SECRET_NAMES, *UNUSED)}
        secrets["SLACK_WEBHOOK_URL"] = SLACK_PATH
        secrets |= {f"refresh token of {name}": f"sandbox-refresh-{name}" for name in ("wild_planet", "deep_ocean")}
        made.admin("/faults", "POST", errors(secrets))
        daemon = made.start()
        watcher = Watcher(daemon.pid)
        watcher.start()
        # what the lost order of a clip is compared with
        until(lambda: made.rows("SELECT 1 FROM balances WHERE service = 'kie'"), made.log_tail)
        board.write(*BEAR)
        board.write(*BROKEN)
        until(lambda: sorted(made.statuses()) == ["error_planning", "published"], made.log_tail)
        until(lambda: not made.rows("SELECT 1 FROM outbox WHERE target <> 'asset'"), made.log_tail)
        watcher.stop()

        noted = {step: taken_note(made, path) for step, path in own.items()}
        token = noted["upload"]["env"]["YOUTUBE_ACCESS_TOKEN"]
        assert token not in (UNUSED["YOUTUBE_ACCESS_TOKEN"], "")
        secrets["token of Google"] = token
        everything_failed_once(made)
        children_hold_what_they_need(watcher, secrets, noted)
        told = [videod(made, *words) for words in
                (("show", BEAR[0], "--json"), ("show", BROKEN[0]), ("status", "--json"), ("list",))]  # fmt: skip
        nothing_is_kept(made, secrets)
        made.kill()
        nothing_is_kept(made, secrets)
        texts = {"the log": made.log.read_text(), "the command line": "\n".join(told)}
        texts["the board"] = "\n".join(path.read_text() for path in (made.root / "notion").glob("journal*"))
        assert BEAR[0] in texts["the board"] and "no luck with" in texts["the log"]
        assert {name: found_in(text, secrets) for name, text in texts.items() if found_in(text, secrets)} == {}
        long = {name: key for name, key in secrets.items() if len(key) >= 20}
        hidden = {way: [name for name, key in long.items() if seen_in(text, key, 18)] for way, text in texts.items()}
        assert hidden == {way: [] for way in texts}
        requests = made.admin("/requests?last=20000")
        assert isinstance(requests, dict)
        asked = [one for one in requests["requests"] if one["service"] != "slack"]  # its path is the secret
        assert found_in(json.dumps(asked), secrets) == []

        # whoever knows an upload session's address may write to it
        (session,) = [row["remote_id"] for row in made.rows("SELECT remote_id FROM jobs WHERE step = 'upload'")]
        (upload,) = parse_qs(urlsplit(session).query)["upload_id"]
        assert {name for name, text in texts.items() if upload in text} == set()


def taken_note(made: Stage, script: Path) -> dict[str, dict[str, str]]:
    """What the script noted in its workspace, the only place where it can; taken out of there, where nothing may be."""
    (path,) = made.state.rglob(f"{script.name}.json")
    note = json.loads(path.read_text())
    path.unlink()
    return note


def everything_failed_once(made: Stage) -> None:
    """The faults were met, so that there were errors to tell of."""
    query = "SELECT DISTINCT step, outcome FROM attempts JOIN jobs ON jobs.id = job_id WHERE outcome <> 'done'"
    failed = {(row["step"], row["outcome"]) for row in made.rows(query)}
    assert failed >= {
        ("plan", "down"), ("clip", "not_bought"), ("narration", "down"), ("sound_effect", "down"), ("upload", "bug"),
        ("upload", "down"),
    }, failed  # fmt: skip
    faults = made.admin("/faults")
    assert isinstance(faults, dict)
    assert [fault for fault in faults["faults"] if fault["times"]] == []


def children_hold_what_they_need(watcher: Watcher, secrets: dict[str, str], noted: dict[str, dict]) -> None:
    seen = watcher.seen
    steps = {step for step, _ in seen}
    assert steps >= set(STEPS) - {"split_screen", "cleanup"}, sorted(seen)
    programs = {line.split()[0].rsplit("/", 1)[-1] for _, line in seen}
    assert any("ffmpeg" in line for step, line in seen if step == ""), programs  # the daemon's own look at a file
    for (step, line), environs in seen.items():
        assert found_in(line, secrets) == [], line
        allowed = set(STEPS[step].secrets) if step else set()
        for environ in environs:
            held = {entry.split("=", 1)[0] for entry in environ.split("\0") if found_in(entry, secrets)}
            assert held <= allowed, (step, line, held - allowed)
    for step, given in noted.items():
        assert found_in(json.dumps(given["argv"]), secrets) == []
        assert set(given["env"]) & set(SECRET_NAMES) == set(STEPS[step].secrets)


def nothing_is_kept(made: Stage, secrets: dict[str, str]) -> None:
    """The state folder: database with its journal, workspaces, receipts, sealed tokens."""
    files = [path for path in made.state.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"videod.db", "wild_planet.token", "clip_01.mp4.job.json"} <= names
    kept = {str(path): found for path in files if (found := found_in(path.read_bytes(), secrets))}
    assert kept == {}
