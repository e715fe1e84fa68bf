"""The certificate of a segment: that every picture of exactly these bytes was decoded, and what was found.

`<segment>.checked.json` stands beside the segment. With it a film is assembled without decoding everything again:
the segment's SHA-256 proves that nothing changed since, and the film's packets are compared with the certified ones.
A missing, foreign or outdated certificate only means that the segment is examined again.
"""

import json
from pathlib import Path
from typing import Any

from scripts.lib import atomic, bounds
from scripts.lib.film import mp4
from scripts.lib.film.segment import Segment

VERSION = 2


def certificate_path(segment: Path) -> Path:
    return segment.with_name(segment.name + ".checked.json")


def certify(segment: Segment, output: Path, fps: int) -> None:
    """Write the certificate of a verified segment that now stands at `output`."""
    _, sha256 = atomic.fingerprint(output)
    words = {
        "version": VERSION, "sha256": sha256, "fps": fps, "frames": segment.frames, "samples": segment.samples,
        "digest": segment.digest, "delay": segment.delay, "odd": segment.odd, "held": segment.held,
        "handle": segment.handle, "mark": segment.mark,
    }  # fmt: skip
    atomic.write_text(certificate_path(output), json.dumps(words, indent=1) + "\n")


def recall(path: Path, name: str, fps: int) -> Segment | None:
    """The segment at `path` if a certificate vouches for its bytes at this frame rate, else None."""
    try:
        words: Any = bounds.loads(atomic.read_small(certificate_path(path)))
        known = (words["version"], words["fps"], words["sha256"])
        frames, samples, digest = int(words["frames"]), int(words["samples"]), str(words["digest"])
        delay, odd, held = int(words["delay"]), words["odd"], int(words["held"])
        handle = None if words["handle"] is None else int(words["handle"])
        mark = words.get("mark")
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    if known[:2] != (VERSION, fps) or not path.is_file() or known[2] != atomic.fingerprint(path)[1]:
        return None
    avc = mp4.read_avc(path)
    if avc is None:
        return None
    return Segment(path, name, frames, samples, avc, digest, delay, odd and str(odd), held, handle, mark and str(mark))
