"""An edit as files that other editors open: OpenTimelineIO, FCP XML (Premiere, Resolve), Kdenlive.

OpenTimelineIO is loaded only here: it is an extra of videod.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.lib.failures import Failure, Kind
from scripts.lib.film.timeline import Edit, Piece, Track

#: adapter -> the file that it writes; OpenTimelineIO's own form comes with it
FORMS = {"otio_json": "timeline.otio", "fcp_xml": "timeline.xml", "kdenlive": "timeline.kdenlive"}
INSTALL = "install it: .tools/bin/uv sync --inexact --no-dev --extra timeline, or pip install 'videod[timeline]'"


def library() -> Any:
    """OpenTimelineIO. Raises Failure(configuration) where it is not installed."""
    try:
        import opentimelineio
    except ImportError as error:
        raise Failure(Kind.CONFIGURATION, f"OpenTimelineIO is not installed ({error})", next_step=INSTALL) from error
    return opentimelineio


def write(edit: Edit, title: str, folder: Path) -> list[str]:
    """Write the edit in every form that there is an adapter for; returns the names of the files.

    OpenTimelineIO's own form names the files beside it; the others need whole paths.
    """
    otio = library()
    known = set(otio.adapters.available_adapter_names())
    written = []
    for adapter, name in FORMS.items():
        if adapter not in known:
            continue
        relative = adapter == "otio_json"
        made = timeline(edit, title, (lambda file: file) if relative else (lambda file: str((folder / file).resolve())))
        with contextlib.redirect_stdout(io.StringIO()):  # an adapter talks
            otio.adapters.write_to_file(made, str(folder / name), adapter_name=adapter)
        if adapter == "kdenlive":
            _ended(folder / name, edit.frames)
        written.append(name)
    return written


def _ended(path: Path, frames: int) -> None:
    """The adapter gives its black ground no end, so that MLT shows ten minutes of it behind the film."""
    ground = '<producer id="black_track">'
    ended = f'<producer id="black_track" in="0" out="{frames - 1}"><property name="length">{frames}</property>'
    path.write_text(path.read_text("utf-8").replace(ground, ended), "utf-8")


def timeline(edit: Edit, title: str, address: Callable[[str], str]) -> Any:
    """The edit as a timeline of OpenTimelineIO. `address` gives what names a file of the edit."""
    otio = library()
    made = otio.schema.Timeline(name=title, global_start_time=otio.opentime.RationalTime(0, edit.fps))
    for track in edit.tracks:
        made.tracks.append(_track(track, edit.fps, address))
    for caption in edit.captions:
        place = _range(caption.at, caption.frames, edit.fps)
        made.tracks.markers.append(otio.schema.Marker(name=caption.text, marked_range=place, color="CYAN"))
    return made


def _track(track: Track, fps: int, address: Callable[[str], str]) -> Any:
    otio = library()
    kinds = otio.schema.TrackKind
    made = otio.schema.Track(name=track.name, kind=kinds.Audio if track.sound else kinds.Video)
    at = 0
    for piece in track.pieces:
        if piece.at > at:
            made.append(otio.schema.Gap(source_range=_range(0, piece.at - at, fps)))
        made.append(_clip(piece, fps, address))
        at = piece.end
    return made


def _clip(piece: Piece, fps: int, address: Callable[[str], str]) -> Any:
    otio = library()
    media = otio.schema.ExternalReference(
        target_url=address(piece.file), available_range=_range(0, piece.available, fps)
    )
    place = _range(piece.first, piece.frames, fps)
    return otio.schema.Clip(name=piece.name, media_reference=media, source_range=place)


def _range(first: int, frames: int, fps: int) -> Any:
    time = library().opentime
    return time.TimeRange(time.RationalTime(first, fps), time.RationalTime(frames, fps))
