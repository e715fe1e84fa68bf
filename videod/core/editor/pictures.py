"""What an editor sees in a plan: lines that repeat pictures, shots that are alike, changes without a cause, set-ups
that lead nowhere, and where the story turns. Pure."""

import re
from collections.abc import Iterator

from videod.core.editor.film import Film, Remark, Seen, phase, place_words, quoted, weather
from videod.core.editor.lists import CAUSES, PHASES
from videod.core.editor.words import content

#: a line says only what is seen when so much of it is in the picture, and at least so many words of it
CAPTION_SHARE, CAPTION_WORDS = 0.6, 3
#: where the story turns, as shares of the film: about two thirds
TURN_MIN, TURN_MAX = 0.5, 0.85
#: shorter films have room for a turn nearly anywhere
TURN_CLIPS_MIN = 6
#: so many words of the arc's turn in one shot say that it is reported there
TURN_WORDS = 3


def remarks(film: Film) -> Iterator[Remark]:
    yield from _captions(film)
    yield from _neighbors(film)
    yield from _halved(film)
    for at in range(1, len(film.seen)):
        yield from _changes(film, at)
    yield from _set_ups(film)
    yield from _return(film)
    yield from _turn(film)


def _captions(film: Film) -> Iterator[Remark]:
    for at, (line, shot) in enumerate(zip(film.lines, film.seen, strict=True)):
        said = set(content(line, film.base))
        both = said & (shot.shown | set(content(f"{shot.place} {' '.join(shot.who)}", film.base)))
        if len(both) >= CAPTION_WORDS and len(both) >= CAPTION_SHARE * len(said):
            message = (
                f"only says what the picture shows ({len(both)} of its {len(said)} words are in it). "
                "Say what it costs, what is at risk or what came before"
            )
            yield Remark(f"clips[{at}].narration", "caption", message, at + 1)


def _neighbors(film: Film) -> Iterator[Remark]:
    for at in range(1, len(film.seen)):
        one, other = film.seen[at - 1], film.seen[at]
        same_who = {who.casefold() for who in one.who} == {who.casefold() for who in other.who}
        if one.size and one.size == other.size and same_who and (one.who or one.place == other.place):
            subject = ", ".join(other.who) or other.place
            message = f"is a {other.size} shot of {subject}, as is clip {at}. Change the size or the subject"
            yield Remark(f"clips[{at}]", "neighbors", message, at + 1)


def _halved(film: Film) -> Iterator[Remark]:
    """An image is drawn in one shape: one that fills a frame elsewhere loses half of itself in a split screen."""
    whole = {
        name: clip.number for clip in film.plan.clips if clip.picture.type != "split" for name in clip.picture.images
    }
    for at, clip in enumerate(film.plan.clips):
        for name in clip.picture.images if clip.picture.type == "split" else ():
            if name in whole:
                message = (
                    f"shows {name} as half of a split screen, and clip {whole[name]} shows it whole, so it is drawn"
                    " wide and half of it is cut off here. Use an image of its own for the half"
                )
                yield Remark(f"clips[{at}].picture", "halved", message, at + 1)


def _told(film: Film, at: int) -> str:
    """What is said and done at a cut."""
    return f"{film.lines[at]} {film.seen[at].beat} {film.plan.clips[at].motion}"


def _cause(film: Film, at: int, *kinds: str) -> bool:
    told, before = _told(film, at), f"{film.lines[at - 1]} {film.seen[at - 1].beat}"
    for base in {"en", film.base} & set(CAUSES):
        if any(re.search(CAUSES[base][kind], text, re.IGNORECASE) for kind in kinds for text in (told, before)):
            return True
    return False


def _changes(film: Film, at: int) -> Iterator[Remark]:
    """Place, light, weather and characters stay from one shot to the next unless something changes them."""
    one, other = film.seen[at - 1], film.seen[at]
    where = f"clips[{at}]"
    before, now = phase(one.light), phase(other.light)
    if before and now and before != now and not _cause(film, at, "time", "passes"):
        back = [name for name, _ in PHASES].index(now) < [name for name, _ in PHASES].index(before)
        what = "time runs backward" if back else "nothing says that time passes"
        message = f"is at {now}, clip {at} was at {before} ({what}). Say so in the line or the beat, or keep the light"
        yield Remark(where, "light", message, at + 1)
    was, sky = weather(one.light), weather(other.light)
    if was and sky and was != sky and before == now and not _cause(film, at, "passes", "weather"):
        message = f"has {sky}, clip {at} had {was}. Let the line or the beat say that it changes, or keep the weather"
        yield Remark(where, "weather", message, at + 1)
    yield from _moved(film, at, one, other)
    yield from _came(film, at)


def _moved(film: Film, at: int, one: Seen, other: Seen) -> Iterator[Remark]:
    """The same character is somewhere else, and nobody has gone there."""
    stays = {who.casefold() for who in one.who} & {who.casefold() for who in other.who}
    here, there = place_words(one.place), place_words(other.place)
    if not stays or not here or not there or here & there:
        return
    if not there & _spoken_of(film, at) and not _cause(film, at, "moves", "passes"):
        who = next(who for who in other.who if who.casefold() in stays)
        message = (
            f"{who} is at {quoted(other.place)}, in clip {at} it was at {quoted(one.place)}. "
            "Say how it came there, or stay"
        )
        yield Remark(f"clips[{at}]", "place", message, at + 1)


def _came(film: Film, at: int) -> Iterator[Remark]:
    """Somebody is seen for the first time, and neither the line nor the beat names them.

    Only where the plan says who is seen: who is in a picture may be called anything in a line.
    """
    if film.plan.story is None:
        return
    earlier = {who.casefold() for shot in film.seen[:at] for who in shot.who}
    for who in film.seen[at].who:
        if who.casefold() in earlier:
            continue
        known = _spoken_of(film, at)
        called = _called(film, at, who)
        if called and not called & known:
            message = f"{who} is seen for the first time, but neither the line nor the beat speaks of it. Let it arrive"
            yield Remark(f"clips[{at}]", "character", message, at + 1)


def _spoken_of(film: Film, at: int) -> set[str]:
    """The stems of what a line and its beat say; the beat may be in another language than the line."""
    shot, line = film.seen[at].beat, film.lines[at]
    return {stem for base in {"en", film.base} for text in (line, shot) for stem in content(text, base)}


def _called(film: Film, at: int, who: str) -> set[str]:
    """The words by which a line may speak of somebody: their name, species, and what their picture says of them."""
    called = set(place_words(who)) | set(content(who, film.base))
    held = film.plan.clips[at].picture.images
    for image in film.plan.images:
        if image.subject.casefold() == who.casefold():
            called |= place_words(image.species or "")
            called |= set(content(image.prompt, "en")) if image.id in held else set()
    others = {stem for other in film.seen[at].who if other != who for stem in place_words(other)}
    return called - place_words(film.seen[at].place) - others


def _later(film: Film, first: int) -> set[str]:
    """All that is said or seen from clip `first` on, as stems."""
    told: set[str] = set()
    for at in range(first, len(film.lines)):
        told |= set(content(film.lines[at], film.base)) | film.seen[at].shown
    return told


def _set_ups(film: Film) -> Iterator[Remark]:
    """A thing that gets a picture of its own early in the film comes back, or need not be shown."""
    count = len(film.seen)
    if count < TURN_CLIPS_MIN:
        return
    for image in film.plan.images:
        shown = [at for at, clip in enumerate(film.plan.clips) if image.id in clip.picture.images]
        if image.kind != "prop" or not shown or shown[0] >= count / 3:
            continue
        name = place_words(image.subject)
        if name and not name & _later(film, max(shown[0] + 1, count // 2)):
            message = f"shows {quoted(image.subject)}, and nothing comes of it. Let it matter later, or leave it out"
            yield Remark(f"clips[{shown[0]}]", "set-up", message, shown[0] + 1)


def _return(film: Film) -> Iterator[Remark]:
    """The end answers the beginning: something of the first third, besides the names, is there again in the last."""
    count = len(film.seen)
    if count < TURN_CLIPS_MIN or film.base not in CAUSES:
        return
    third = max(2, count // 3)
    first = {stem for at in range(third) for stem in content(film.lines[at], film.base)}
    first |= {stem for at in range(third) for stem in place_words(film.seen[at].place)}
    last = {stem for at in range(count - third, count) for stem in content(film.lines[at], film.base)}
    last |= {stem for at in range(count - third, count) for stem in place_words(film.seen[at].place)}
    if not first & last:
        message = (
            "comes back to nothing of the beginning: no place, thing or word of it. Let the end answer the opening"
        )
        yield Remark(f"clips[{count - 1}]", "set-up", message, count)


def _turn(film: Film) -> Iterator[Remark]:
    count = len(film.seen)
    if count < TURN_CLIPS_MIN:
        return
    at = film.plan.story.turn if film.plan.story is not None else _turn_told(film)
    if at is not None and not TURN_MIN <= at / count <= TURN_MAX:
        near = round(count * 2 / 3)
        message = f"the story turns here, at clip {at} of {count}. Let it turn near clip {near}"
        yield Remark(f"clips[{at - 1}]", "turn", message, at)


def _turn_told(film: Film) -> int | None:
    """The clip that tells the arc's turn, as far as its words say; None when that is open."""
    turn = set(content(film.plan.arc.turn, film.base)) | set(content(film.plan.arc.turn, "en"))
    held = []
    for at, line in enumerate(film.lines):
        said = set(content(f"{line} {film.seen[at].beat}", film.base)) | set(content(film.seen[at].beat, "en"))
        held.append(len(turn & said))
    most = max(held, default=0)
    return held.index(most) + 1 if most >= TURN_WORDS and held.count(most) == 1 else None
