"""The helper of the decoding room with a Pillow that a picture has taken over: it runs what the picture holds.

The answer is what the code left in `told`, as the reason why the file is no picture.
"""

import io
import json
import sys
from pathlib import Path
from typing import BinaryIO

sys.path += [str(Path(__file__).resolve().parents[2]), *sys.argv[2:]]

import errno
import os
import resource
import signal
import socket
import threading

from videod.adapters import decoding_helper

#: what code may use, imported before the wall stands
AT_HAND = {"errno": errno, "os": os, "resource": resource, "signal": signal, "socket": socket, "threading": threading}


#: how a picture begins that takes its decoder over
BAIT = b"\x89PNG\r\n\x1a\n#bait\n"
_decoded = decoding_helper.still.decoded


def taken_over(source: BinaryIO, pixels_max: int) -> decoding_helper.still.Still:
    held = source.read()
    if not held.startswith(BAIT):  # what the helper has of its own
        return _decoded(io.BytesIO(held), pixels_max)
    told: dict[str, object] = {}
    exec(held.removeprefix(BAIT).decode(), {"told": told, "source": source, **AT_HAND})
    raise decoding_helper.still.NoPicture(json.dumps(told))


decoding_helper.still.decoded = taken_over  # type: ignore[assignment]
if __name__ == "__main__":
    decoding_helper.main()
