"""Which of a channel's tracks lies under a film. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Track:
    """A recording of the channel's. `moods`: words that say what it fits; `credit`: what its license asks to be said.

    `seconds`: how long it is, None where nobody said so.
    """

    path: str
    moods: tuple[str, ...] = ()
    credit: str = ""
    seconds: float | None = None


def chosen(tracks: Sequence[Track], told: str, seconds: float | None, episode: str) -> Track | None:
    """The track of which most mood words stand in `told`; of several one that is as long as the film.

    What still is equal is shared out over the episodes, the same one always having the same. None: no track.
    """
    import hashlib  # here: slow to load, and commands that only look choose no music

    words = set(re.findall(r"\w+", told.casefold()))

    def rank(track: Track) -> tuple[int, bool, bytes]:
        fits = sum(set(re.findall(r"\w+", mood.casefold())) <= words for mood in track.moods if mood.strip())
        short = track.seconds is not None and seconds is not None and track.seconds < seconds
        return (-fits, short, hashlib.sha256(f"{episode}\0{track.path}".encode()).digest())

    return min(tracks, key=rank, default=None)
