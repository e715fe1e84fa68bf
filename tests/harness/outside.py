"""What a hostile file would like to reach: files outside of its workspace, and somebody who listens. Both tell."""

import ctypes
import os
import socket
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

_IN_OPEN, _IN_NONBLOCK = 0x20, 0o4000


class Watch:
    """Whether anybody opened a file, or a file in a folder, as the kernel tells (inotify)."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(_IN_NONBLOCK)
        assert libc.inotify_add_watch(self._handle, os.fsencode(path), _IN_OPEN) > 0

    def opened(self) -> bool:
        """Since the last time it was asked."""
        try:
            return bool(os.read(self._handle, 1 << 16))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._handle)


class Outside:
    """`film`, `picture` and `text` lie in `folder`; at `url` somebody listens on this machine."""

    def __init__(self, folder: Path) -> None:
        self.film, self.picture, self.text = folder / "secret.mp4", folder / "secret.png", folder / "secret.txt"
        self.text.write_text("the secret")
        Image.effect_noise((400, 400), 60).save(self.picture)
        source = "testsrc2=size=320x180:rate=24:duration=1"
        made = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
        subprocess.run([*made, str(self.film)], check=True)
        self.watch = Watch(folder)
        self.ear = socket.create_server(("127.0.0.1", 0))
        self.ear.setblocking(False)
        self.address = f"127.0.0.1:{self.ear.getsockname()[1]}"
        self.url = f"http://{self.address}/a.ts"

    def called(self) -> bool:
        try:
            self.ear.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self.watch.close()
        self.ear.close()
