"""Scripts as an owner had them before videod, with exactly the options of the originals (`PARSERS`).

Each reads a `.env` beside itself, takes keys and the voice from its environment, imports packages of its own, calls
ffmpeg and ffprobe by name, prints words for people and ends with 0 or 1. None knows of videod. What they ask is at the
addresses of the simulated services; that, and STUDIO_TROUBLE for what a test wants to go wrong, is all that differs.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path
from shutil import copy

import imageio_ffmpeg
import PIL

from tests.harness.patience import PATIENCE_S

HERE = Path(__file__).parent
#: step -> its script
SCRIPTS = {
    "image": "generate_asset.py", "composite": "create_composite.py", "clip": "generate_video.py",
    "narration": "generate_audio.py", "sound_effect": "generate_sound_effects.py", "assemble": "assemble_video.py",
}  # fmt: skip
#: the options of the originals; nothing else exists in any version of them
PARSERS: dict[str, tuple[str, ...]] = {
    "generate_asset.py": (
        "--prompt", "--output", "--reference-image", "--character", "--environment", "--split-vertical",
    ),
    "create_composite.py": ("--character", "--environment", "--output", "--scale"),
    "generate_video.py": ("--image", "--environment", "--prompt", "--output"),
    "generate_audio.py": ("--text", "--output", "--model", "--stability", "--similarity", "--style"),
    "generate_sound_effects.py": (
        "--text", "--output", "--duration", "--prompt-influence", "--format", "--normalize", "--no-normalize",
        "--target-volume",
    ),
    "assemble_video.py": ("--manifest", "--output"),
}  # fmt: skip
#: what the `.env` of a studio says that was used for one channel only; a key of nobody, a voice that no channel has
DOTENV = (
    "KIE_API_KEY=of-an-old-account\nGEMINI_API_KEY=of-an-old-account\nGOOGLE_API_KEY=of-an-old-account\n"
    "ELEVENLABS_API_KEY=of-an-old-account\nELEVENLABS_VOICE_ID=voice-of-the-old-channel\n"
)


def studio(folder: Path, trouble: str = "") -> dict[str, Path]:
    """The scripts in a folder of their own, with a virtual environment that alone has their packages; by step.

    `trouble`: see `studio_kit.trouble`.
    """
    folder.mkdir(parents=True)
    for name in PARSERS:
        copy(HERE / name, folder / name)
    (folder / ".env").write_text(f"{DOTENV}STUDIO_TROUBLE={trouble}\n")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder / ".venv")
    packages = next((folder / ".venv" / "lib").glob("python3*")) / "site-packages"
    for module in (HERE / "packages").glob("*.py"):
        copy(module, packages / module.name)
    (packages / "pictures.pth").write_text(str(Path(PIL.__file__).parents[1]))
    return {step: folder / name for step, name in SCRIPTS.items()}


def settings(scripts: dict[str, Path]) -> str:
    """The section of videod.toml that puts them in the place of ours."""
    return "[scripts]\n" + "".join(f'{step} = "{path}"\n' for step, path in scripts.items())


def host(folder: Path) -> dict[str, str]:
    """The PATH of a host whose only FFmpeg is that of a Python package, and which has an ffprobe."""
    folder.mkdir(parents=True)
    probe = folder / "ffprobe"
    probe.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do file=$word; done\n'
        "exec ffmpeg -hide_banner -i \"$file\" 2>&1 | sed -n 's/.*Duration: \\([0-9:.]*\\).*/\\1/p' |"
        " awk -F: '{ print $1 * 3600 + $2 * 60 + $3 }'\n"
    )
    probe.chmod(0o755)
    return {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}


def ffmpeg_on_path(folder: Path) -> dict[str, str]:
    """The PATH of a host that has an FFmpeg by name."""
    found = host(folder)
    (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    return found


def asked_by_hand(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script run as its owner would, without videod."""
    argv = [str(script.parent / ".venv" / "bin" / "python"), str(script), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=PATIENCE_S)


if __name__ == "__main__":
    print(studio(Path(sys.argv[1])))
