"""A way to a person is a file: gathered from the folder, set up by `[alerts]` and its own secret."""

import sys
from pathlib import Path

import pytest

from videod.adapters import notifiers
from videod.adapters.notifiers.email import Email
from videod.adapters.notifiers.slack import Slack
from videod.config import Alerts

FOLDER = Path(notifiers.__file__).parent
PAGER = """
from videod.adapters.notifiers.slack import Slack

def notifier(alerts, secret):
    return Slack(secret("PAGER")) if secret("PAGER") else None
"""


def _beside(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    (folder / "pager.py").write_text(text)
    monkeypatch.setattr(notifiers, "__path__", [*notifiers.__path__, str(folder)])
    monkeypatch.setitem(sys.modules, "videod.adapters.notifiers.pager", None)  # so that the import goes away again
    monkeypatch.delitem(sys.modules, "videod.adapters.notifiers.pager")


def test_every_file_of_the_folder_is_a_way() -> None:
    assert set(notifiers.FACTORIES) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize(
    ("alerts", "secret", "ways"),
    [
        (Alerts(), {}, []),
        (Alerts(), {"SLACK_WEBHOOK_URL": "https://example.org/x"}, [Slack]),
        (Alerts(slack=False), {"SLACK_WEBHOOK_URL": "https://example.org/x"}, []),
        (Alerts(email_to="a@b.example", email_from="c@d.example", smtp_host="localhost"), {}, [Email]),
    ],
)
def test_a_way_is_there_where_it_is_set_up(alerts: Alerts, secret: dict[str, str], ways: list[type]) -> None:
    assert [type(way.notifier) for way in notifiers.configured(alerts, secret.get).ways] == ways


def test_a_new_file_is_a_new_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _beside(monkeypatch, tmp_path, PAGER)
    found = notifiers._gathered()
    assert set(found) == {*notifiers.FACTORIES, "pager"}
    assert found["pager"](Alerts(), {}.get) is None
    assert isinstance(found["pager"](Alerts(), {"PAGER": "https://example.org/x"}.get), Slack)


def test_a_file_without_its_function_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _beside(monkeypatch, tmp_path, "notifier = None\n")
    with pytest.raises(ValueError, match=r"videod/adapters/notifiers/pager\.py: there is no function `notifier`"):
        notifiers._gathered()
