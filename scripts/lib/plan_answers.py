"""The paid answers of a plan that is not finished yet: `<plan>.answers.json`, so that no question is paid for twice.

A plan may take several calls, each of which is asked with what came of the last. Every finished answer is kept with
the digest of its question; whoever starts again puts the same questions and finds the same answers, up to the point
where the last run ended.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.lib import answers, atomic, bounds, gemini, notes, receipt
from scripts.lib.answers import Json


@dataclass(frozen=True)
class Kept:
    """One answer. `usd`: None where its model's price is unknown; `reference` names its charge, once and for all."""

    digest: str
    text: str
    finish: str
    tokens: int
    usd: float | None
    reference: str


def question(model: str, talk: Sequence[Json], config: dict[str, Json]) -> str:
    """The digest of all that is sent with one call."""
    return receipt.digest(gemini.SERVICE, model, json.dumps(list(talk), sort_keys=True), config, [])


def path_for(output: Path) -> Path:
    return notes.place(output, f"{output.stem}.answers.json")


class Answers:
    """The answers kept at `path`, in the order of their questions. A file that cannot be read holds none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = _read(path)

    def recall(self, number: int, digest: str) -> Kept | None:
        """The answer to the `number`-th question, if it was this one; answers to what followed another are dropped."""
        if number < len(self.kept) and self.kept[number].digest == digest:
            return self.kept[number]
        if number < len(self.kept):
            del self.kept[number:]
            self._write()  # the next intent says how many there are
        return None

    def keep(self, digest: str, answer: gemini.Answer, usd: float | None) -> Kept:
        """Put an answer on the disk, before anything is done with it."""
        reference = answer.reply.request_id or uuid.uuid4().hex
        tokens = answer.prompt_tokens + answer.output_tokens
        kept = Kept(digest, answer.text, answer.finish, tokens, usd, reference)
        self.kept.append(kept)
        self._write()
        return kept

    def _write(self) -> None:
        atomic.write_text(self.path, json.dumps([asdict(one) for one in self.kept], ensure_ascii=False))

    def newest(self, kept: Kept) -> bool:
        return bool(self.kept) and self.kept[-1] is kept

    def usd(self) -> float:
        """What all of them cost."""
        return round(sum(one.usd or 0.0 for one in self.kept), 6)

    def forget(self) -> None:
        self.kept.clear()
        atomic.remove(self.path)


def _read(path: Path) -> list[Kept]:
    try:
        found = answers.items(answers.parse(atomic.read_small(path, 64 << 20)))
    except (OSError, ValueError):
        return []
    kept: list[Kept] = []
    for one in found:
        words = [answers.text(answers.dig(one, name)) for name in ("digest", "text", "finish", "reference")]
        digest, text, finish, reference = words
        if digest is None or text is None or finish is None or reference is None:
            return kept
        tokens, usd = bounds.whole(answers.dig(one, "tokens")), bounds.usd(answers.dig(one, "usd"))
        kept.append(Kept(digest, text, finish, tokens or 0, usd, reference))
    return kept
