"""`videod cluster` without a cluster: certificates, and what is refused before anything starts."""

import ssl
import stat
from pathlib import Path

import pytest

from videod.adapters.cluster.certificates import make
from videod.cli import main
from videod.config import ConfigError, load_settings


def test_certificates_of_all_sides_are_signed_by_their_authority_and_keys_are_private(tmp_path: Path) -> None:
    made = {path.name: path for path in make(tmp_path / "tls")}
    assert set(made) == {
        "ca.pem",
        *(f"{side}.{end}" for side in ("scheduler", "worker", "client") for end in ("pem", "key")),
    }
    for side in ("scheduler", "worker", "client"):
        context = ssl.create_default_context(cafile=str(made["ca.pem"]))
        context.load_cert_chain(made[f"{side}.pem"], made[f"{side}.key"])
        assert stat.S_IMODE(made[f"{side}.key"].stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make(tmp_path / "tls")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worker", "tls://10.8.0.1:8786"), "10.8.0.1 is another machine, so the cluster needs certificates"),
        (("worker", "10.8.0.1:8786"), "10.8.0.1:8786 is no address"),
        (("scheduler", "0.0.0.0:8786"), "0.0.0.0 is another machine, so the cluster needs certificates"),
        (("scheduler", "127.0.0.1"), "127.0.0.1 is no address"),
        (("scheduler", "10.8.0.1:8786", "--tls", "nowhere"), "ca.pem is missing"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run(["cluster", *words]) != 0
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('address = "tls://10.8.0.1:8786"', "needs ca, cert and key"),
        ('address = "tcp://10.8.0.1:8786"', "for this machine only"),
        ('address = "10.8.0.1:8786"', "address"),
    ],
)
def test_a_cluster_that_is_not_safe_is_refused_in_the_settings(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "videod.toml").write_text(f"[cluster]\n{text}\n")
    with pytest.raises(ConfigError, match=said):
        load_settings(tmp_path / "videod.toml", {})
