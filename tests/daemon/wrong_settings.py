"""Settings that are wrong, each in one way: how it becomes so, which words name it, and whose entries wait."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cryptography.fernet import Fernet

from tests.adapters.test_oauth import grant
from tests.daemon.preflight_stage import Stage

BOTH = frozenset({"wild", "deep"})


@dataclass(frozen=True)
class Wrong:
    """`breaks` makes it so; `named`: words that the alert must hold; `waits`: the channels that do not begin."""

    name: str
    breaks: Callable[[Stage], Awaitable[None]]
    named: tuple[str, ...]
    waits: frozenset[str] = BOTH
    #: of several where each channel has its own limit
    causes: int = 1


def _secret(name: str, value: str) -> Callable[[Stage], Awaitable[None]]:
    async def breaks(stage: Stage) -> None:
        stage.secrets[name] = value

    return breaks


def _setting(text: str) -> Callable[[Stage], Awaitable[None]]:
    async def breaks(stage: Stage) -> None:
        stage.settings = text

    return breaks


def _channel(channel: str, **values: object) -> Callable[[Stage], Awaitable[None]]:
    async def breaks(stage: Stage) -> None:
        stage.channels[channel] = stage.channels[channel] | values

    return breaks


def _consent(one: str, key: str | None = None, token: str | None = None) -> Callable[[Stage], Awaitable[None]]:
    """The consent of wild is of another channel, sealed by another key, or for another grant."""

    async def breaks(stage: Stage) -> None:
        await stage.store.write(lambda tx: tx.execute("DELETE FROM oauth_tokens WHERE channel_id = 'wild'"))
        if one:
            given = {} if key is None else {"key": key}
            await stage.consent("wild", grant(one, token=token), **given)
        stage.tokens = stage._tokens()

    return breaks


async def _damaged(stage: Stage) -> None:
    await stage.store.write(lambda tx: tx.execute("DELETE FROM oauth_tokens WHERE channel_id = 'wild'"))
    (stage.folder / "tokens").mkdir(exist_ok=True)
    (stage.folder / "tokens" / "wild.token").write_bytes(b"gAAAA\xff\x00")


async def _no_program(stage: Stage) -> None:
    """It was there when the settings were read."""
    own = stage.folder / "my_cut.py"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    stage.settings = f'[scripts]\ncut = "{own}"\n'
    stage.vanishes = own


async def _not_executable(stage: Stage) -> None:
    own = stage.folder / "clip.sh"
    own.write_text("#!/bin/sh\n")
    stage.settings = f'[scripts]\nclip = "{own}"\n'


async def _no_environment(stage: Stage) -> None:
    own = stage.folder / "studio" / "generate_audio.py"
    python = own.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.symlink_to("/opt/gone/python3")
    own.write_text("print(1)\n")
    stage.settings = f'[scripts]\nnarration = "{own}"\n'


async def _column(stage: Stage) -> None:
    stage.columns = ['"Entries" has no column "Status" (what you want). Run `videod notion init`']


def _model(key: str, name: str) -> Callable[[Stage], Awaitable[None]]:
    return _setting(f'[models]\n{key} = "{name}"\n')


TOML, AUTHORIZE = "`[models]` of videod.toml", "`videod channels authorize wild`"
WILD = frozenset({"wild"})
SETTINGS = (
    Wrong("a refused Gemini key", _secret("GEMINI_API_KEY", "wrong"), ("Gemini refused GEMINI_API_KEY", "restart")),
    Wrong("a refused KIE key", _secret("KIE_API_KEY", "wrong"), ("KIE refused KIE_API_KEY", "restart")),
    Wrong("a refused ElevenLabs key", _secret("ELEVENLABS_API_KEY", "no"), ("refused ELEVENLABS_API_KEY", "restart")),
    Wrong("a text model that is gone", _model("text", "gemini-1.0-pro"), ("gemini-1.0-pro", "`text`", TOML)),
    Wrong("an image model that is gone", _model("image", "gemini-2.5-flash-image"),
          ("gemini-2.5-flash-image", "`image`", TOML)),
    Wrong("a text model for images", _model("image", "gemini-3.8-flash"), ("does not make images", "`image`", TOML)),
    Wrong("an image model for plans", _model("text", "gemini-3-pro-image"), ("does not make plans", "`text`", TOML)),
    Wrong("a video model of no known form", _model("video", "sora-2"), ("sora-2", "`video`", TOML)),
    Wrong("a video model that KIE does not have", _model("video", "kling/v2-5-turbo-image-to-video-max"),
          ("KIE does not have the model kling/v2-5-turbo-image-to-video-max", "`video`", TOML)),
    Wrong("a voice model that is unknown", _model("voice", "eleven_v9"), ("eleven_v9", "`voice`", TOML)),
    Wrong("a voice model that does not speak", _model("voice", "eleven_text_to_sound_v2"),
          ("eleven_text_to_sound_v2", "does not speak", TOML)),
    Wrong("a voice that does not exist", _channel("wild", voice_id="nobody"),
          ("no voice nobody", "`voice_id` in channels/wild.yaml"), WILD),
    Wrong("a voice id of another service", _channel("deep", voice_id="en-US-Neural2-A"),
          ("no voice en-US-Neural2-A", "channels/deep.yaml"), frozenset({"deep"})),
    Wrong("no consent", _consent(""), ("not authorized yet", AUTHORIZE), WILD),
    Wrong("a consent that Google ended", _consent("wild", token="revoked"), ("revoked", AUTHORIZE), WILD),
    Wrong("a consent of another channel", _consent("deep"), ('sealed for channel "deep"', AUTHORIZE), WILD),
    Wrong("a consent sealed with another key", _consent("wild", Fernet.generate_key().decode()),
          ("VIDEOD_MASTER_KEY", AUTHORIZE), WILD),
    Wrong("a damaged consent file", _damaged, ("wild.token", AUTHORIZE), WILD),
    Wrong("a refused OAuth client", _secret("GOOGLE_CLIENT_SECRET", "wrong"), ("GOOGLE_CLIENT_SECRET",)),
    Wrong("no OAuth client", _secret("GOOGLE_CLIENT_ID", ""), ("GOOGLE_CLIENT_ID",)),
    Wrong("pictures at R2 without a bucket", _model("image_host", "r2"), ("R2_ACCESS_KEY_ID", "`bucket`", "`[r2]`")),
    Wrong("files in R2 without a bucket", _channel("wild", storage="r2"),
          ("`storage: r2`", "R2_ACCESS_KEY_ID", "`bucket` in `[r2]` of videod.toml"), WILD),
    Wrong("a second host without its bucket", _model("image_host_second", "r2"),
          ('`image_host_second = "r2"` needs', "`bucket`"), frozenset()),
    Wrong("a cap below the price of a film", _channel("wild", episode_cap_usd=1.0),
          ("`episode_cap_usd` of $1.00", "channels/wild.yaml"), WILD),
    Wrong("a daily budget below the price of a clip", _channel("wild", daily_budget_usd=0.1),
          ("`daily_budget_usd` of $0.10", "channels/wild.yaml"), WILD),
    Wrong("prices above the cap", _setting("[prices]\nclip = 40.0\n"), ("`episode_cap_usd`", "clips"), causes=2),
    Wrong("a board without its Status", _column, ('no column "Status"', "`videod notion init`")),
    Wrong("a custom script that is not executable", _not_executable, ("[scripts] clip", "clip.sh", "chmod +x")),
    Wrong("a custom script whose Python is gone", _no_environment, ("[scripts] narration", "python3 -m venv --clear")),
    Wrong("a custom script that is gone", _no_program, ("my_cut.py", "`cut` in `[scripts]`")),
)  # fmt: skip
