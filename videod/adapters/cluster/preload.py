"""Loaded by a Dask worker that something else starts (`dask worker --preload videod.adapters.cluster.preload`)."""

import os
import shutil
from pathlib import Path

import imageio_ffmpeg
from distributed import Worker

from videod.adapters.cluster.room import Means, Room


async def dask_setup(worker: Worker) -> None:
    """What Dask calls."""
    folder = Path(os.environ.get("VIDEOD_WORKER_FOLDER", "videod-worker")).resolve() / str(worker.name).replace(
        "/", "_"
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ffmpeg = os.environ.get("VIDEOD_FFMPEG") or shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())
    shared = os.environ.get("VIDEOD_WORKER_SHARED")
    await worker.plugin_add(Room(Means(folder, ffmpeg, shared=Path(shared) if shared else None)))
