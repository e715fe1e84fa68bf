"""A bucket in memory: it fails when told to, and its links say until when they are good."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from videod.ports import Clock, Storage, StorageError

WEEK_S = 7 * 86_400


@dataclass
class StorageDouble(Storage):
    clock: Clock
    where: str = "https://r2.example/films"
    lasts_s: int = WEEK_S
    objects: dict[str, bytes] = field(default_factory=dict)
    #: every file that was sent, whether it was taken or not
    tried: list[str] = field(default_factory=list)
    broken: StorageError | None = None
    #: objects that alone fail
    broken_names: dict[str, StorageError] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return self.where

    @property
    def link_s(self) -> int:
        return self.lasts_s

    def name_of(self, channel_id: str, task_id: str, path: str) -> str:
        return f"videod/{channel_id}/{task_id}/{path}"

    async def put(self, name: str, file: Path, sha256: str) -> None:
        self.tried.append(name)
        if (error := self.broken or self.broken_names.get(name)) is not None:
            raise error
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageError("changed", f"{file.name} is not the file that was checked")
        self.objects[name] = content

    def link(self, name: str) -> str:
        return f"{self.where}/{name}?ends={self.clock.now_ms() + self.lasts_s * 1000}"

    def good(self, url: str) -> bool:
        """Whether the link opens an object now."""
        address, _, ends = url.partition("?ends=")
        return address.removeprefix(f"{self.where}/") in self.objects and self.clock.now_ms() < int(ends)


@dataclass
class BucketsDouble:
    storage: StorageDouble
    using: Collection[str] = ("wild",)
    days: float = 0

    def channels(self) -> Collection[str]:
        return self.using

    def of(self, channel_id: str) -> Storage | None:
        return self.storage if channel_id in self.using else None

    def configured(self) -> Storage | None:
        return self.storage

    def renew_days(self) -> float:
        return self.days
