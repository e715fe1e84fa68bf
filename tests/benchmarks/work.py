"""The loads: jobs that do nothing, and episodes with the usual latencies scaled down. No package but our core."""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from tests.benchmarks.load import Film

Jobs = Sequence[tuple[str, str]]


class Work(ABC):
    """What workers do with a job, told from any thread. `over` is set with the last job."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.ended: list[float] = []
        self.twice = 0
        self.over = threading.Event()
        self._lock = threading.Lock()

    @abstractmethod
    def seconds(self, name: str) -> float:
        """How long the job takes."""

    @abstractmethod
    def _finish(self, name: str) -> Jobs:
        """Under the lock: note the end; what may be submitted now."""

    def begin(self, name: str) -> None:
        with self._lock:
            self.twice += name in self.begun
            self.begun[name] = time.perf_counter()

    def end(self, name: str) -> Jobs:
        """(service, name) of the jobs to submit now."""
        with self._lock:
            self.ended.append(time.perf_counter())
            return self._finish(name)

    async def wait(self, seconds: float) -> None:
        """Until all is done. Raises TimeoutError."""
        until = time.perf_counter() + seconds
        while not self.over.is_set():
            if time.perf_counter() > until:
                raise TimeoutError(f"{len(self.ended)} jobs done after {seconds:g} s")
            await asyncio.sleep(0.005)


class NoOps(Work):
    """Jobs that do nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._open: set[str] = set()

    def seconds(self, name: str) -> float:
        return 0.0

    def expect(self, names: Sequence[str]) -> None:
        with self._lock:
            self._open |= set(names)
            self.over.clear()

    def _finish(self, name: str) -> Jobs:
        self._open.discard(name)
        if not self._open:
            self.over.set()
        return ()


class Films(Work):
    """Episodes. `end` answers as a straightforward pipeline goes: the last job of a stage brings the whole next one."""

    def __init__(self, films: Sequence[Film]) -> None:
        super().__init__()
        self.film_ended: dict[str, float] = {}
        self._place = {name: (film, at) for film in films for at, stage in enumerate(film.stages) for _, name in stage}
        self._open = {film.id: [{name for _, name in stage} for stage in film.stages] for film in films}

    def seconds(self, name: str) -> float:
        return self._place[name][0].seconds[name]

    def _finish(self, name: str) -> Jobs:
        if name not in self._place:
            return ()
        film, at = self._place[name]
        stages = self._open[film.id]
        last = stages[at] == {name}
        stages[at].discard(name)
        if not any(stages):
            self.film_ended.setdefault(film.id, time.perf_counter())
            if len(self.film_ended) == len(self._open):
                self.over.set()
        return film.stages[at + 1] if last and at + 1 < len(stages) else ()
