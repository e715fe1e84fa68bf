"""The words of a narration at their moments in the film, for captions."""

from pathlib import Path

from scripts.lib.film import caption_times, captions, spoken
from scripts.lib.film.caption_rules import Rules, Shot
from scripts.lib.film.said import Said


def words(narration: Path, text: str, said: Said, shot: Shot, rules: Rules, fps: int) -> list[captions.Word]:
    """`text` without marks for the voice, in the pieces that no line parts, each with its time in the film."""
    times = caption_times.times(spoken.recall(narration, text), text, said.sound)
    begin_s = shot.start / fps + said.at_s
    return [
        captions.Word(text[begin:end], begin_s + times.starts[begin], begin_s + times.ends[end - 1])
        for begin, end in captions.units(text, rules)
    ]
