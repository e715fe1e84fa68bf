"""The craft rules about clips: motion, narration and sound, each with the limits of the service that makes it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from videod.core.craft_wording import (
    AUDIBLE_WEATHER,
    CAMERA,
    CAMERA_FIRST,
    CAMERA_LAST,
    CAMERA_WORDS_MAX,
    MUSIC,
    PLACEHOLDER,
    SECOND_ACTION,
    SILENCE,
    THEN,
    sentences,
)
from videod.core.languages import Language
from videod.core.plan import Complaint, Plan, PlannedClip
from videod.core.scripts import UNSPACED, Script, script_of
from videod.core.speech import AVERAGE_HIGH, AVERAGE_LOW, LINE_S_MIN, Pace, characters, narration_seconds, words

#: Kling 2.5 turbo pro at KIE: characters of the prompt and of the negative prompt (newest figure)
MOTION_CHARACTERS_MAX, NEGATIVE_CHARACTERS_MAX = 2500, 500
SOUND_WORDS_MIN, SOUND_WORDS_MAX = 30, 50
SOUND_FIRST, SOUND_LAST = "continuous", "subtle nature documentary sound effect"
SOUND_CHARACTERS_MAX = 1000
#: what allows shots without words, and why the first and the last shot are none
KEY = "`wordless_shots` of its file"
FIRST_SPOKEN = "The first shot has words, for they say at once what is at stake"
LAST_SPOKEN = "The last shot has words, for a film that ends without any seems cut off"


@dataclass(frozen=True)
class Telling:
    """How a channel's narrations are. `language` None: in any. `banned`: words that its creator does not want.

    `wordless`: over so many shots of an episode nobody may speak.
    """

    language: Language | None = None
    pace: Pace = Pace(unknown=True)  # noqa: RUF009 (frozen)
    banned: tuple[str, ...] = ()
    wordless: int = 0


#: of a plan whose channel is not known: any language, any voice
ANYHOW = Telling()


def complaints(plan: Plan, telling: Telling = ANYHOW) -> Iterator[Complaint]:
    for at, clip in enumerate(plan.clips):
        if PLACEHOLDER.fullmatch(clip.beat):
            yield Complaint(f"clips[{at}].beat", "filled", "is empty. Say the one moment that this clip shows")
        yield from (_still if clip.still else _motion)(f"clips[{at}].motion", clip.motion)
        yield from _negative(f"clips[{at}].negative", clip.negative)
        yield from _sound(f"clips[{at}].sound", clip.sound)
    yield from narrations("clips[{}].narration", [clip.narration for clip in plan.clips], telling)
    yield from _repeated(plan)
    yield from _weather(plan)


def _motion(where: str, text: str) -> Iterator[Complaint]:
    if PLACEHOLDER.fullmatch(text):
        yield Complaint(where, "filled", "is empty. Write the action, then 'Slow push in.'")
        return
    if len(text) > MOTION_CHARACTERS_MAX:
        yield Complaint(where, "length", f"has {len(text)} characters. Kling takes {MOTION_CHARACTERS_MAX}")
    *before, last = sentences(text)
    if CAMERA_FIRST.match(text.strip()):
        yield Complaint(where, "camera last", "starts with the camera. Start with the core action, end with the camera")
    elif any(CAMERA.search(sentence) for sentence in before):
        yield Complaint(where, "camera last", "speaks of the camera before the end. Name it in the last sentence only")
    elif not before or not CAMERA_LAST.search(last):
        yield Complaint(where, "camera last", "names no camera movement. End with a short sentence: 'Slow push in.'")
    elif words(last) > CAMERA_WORDS_MAX:
        message = f"the last sentence has {words(last)} words. Say the camera movement in at most {CAMERA_WORDS_MAX}"
        yield Complaint(where, "camera last", message)
    second = SECOND_ACTION.search(text)
    if second or len(THEN.findall(text)) > 1:
        what = second[0] if second else "then ... then"
        yield Complaint(where, "one action", f"{what!r} brings in a second action. Keep one action per clip")


def _still(where: str, text: str) -> Iterator[Complaint]:
    """Of a still shot only the camera moves."""
    if len(sentences(text)) != 1 or not CAMERA_LAST.search(text) or words(text) > CAMERA_WORDS_MAX:
        message = "is a still shot: say only what the camera does, in one short sentence such as 'Slow push in.'"
        yield Complaint(where, "still shot", message)


def _negative(where: str, text: str) -> Iterator[Complaint]:
    if PLACEHOLDER.fullmatch(text):
        yield Complaint(where, "negative", "is empty. Write 'blur, distort, low quality'")
    if len(text) > NEGATIVE_CHARACTERS_MAX:
        yield Complaint(where, "length", f"has {len(text)} characters. Kling takes {NEGATIVE_CHARACTERS_MAX}")


def narrations(where: str, texts: Sequence[str], telling: Telling) -> Iterator[Complaint]:
    """What is wrong with what is said over all shots in order. `where`: with {} for the place of one, from 0.

    Over a shot without words nobody speaks: some of them, as many as the channel allows, never the first or the last.
    """
    empty = 0
    for at, text in enumerate(texts):
        if text.strip():
            yield from narration(where.format(at), text, telling)
            continue
        empty += 1
        if not telling.wordless:
            message = f"is empty. Write what is said over this clip (a channel may allow shots without words: {KEY})"
            yield Complaint(where.format(at), "filled", message)
        elif at in (0, len(texts) - 1):
            why = FIRST_SPOKEN if at == 0 else LAST_SPOKEN
            yield Complaint(where.format(at), "wordless", f"is empty. {why}. Write what is said over this clip")
        elif empty > telling.wordless:
            most = f"At most {telling.wordless} may be ({KEY})"
            message = f"is empty, as are {empty - 1} before it. {most}. Write what is said over this clip"
            yield Complaint(where.format(at), "wordless", message)


def narration(where: str, text: str, telling: Telling) -> Iterator[Complaint]:
    """What is wrong with the text of one narration."""
    language = telling.language
    if language is not None and not language.written(text):
        message = (
            f"is not written in {language.name}, as the narrations, the title, the description and the tags must be"
        )
        yield Complaint(where, "language", message)
    if PLACEHOLDER.fullmatch(text):
        yield Complaint(where, "filled", "is empty. Write what is said over this clip")
        return
    yield from _length(where, text, telling.pace)
    if re.search(r"[—―]|\s[–-]{1,2}\s|--", text):
        yield Complaint(where, "dash", "holds a dash. Write two sentences or none")
    if re.search(r"…|\.\.", text):
        yield Complaint(where, "ellipsis", "holds an ellipsis. End the sentence with a period")
    if re.search(r"[\[\]{}<>*#_|\\]", text):
        yield Complaint(where, "spoken text", "holds marks that a voice would read out. Write spoken words only")
    if not (re.search(r"[.!?。！？।॥؟۔།။።፧][\"'”’」』»]?$", text.strip()) or _ends_open(text)):
        yield Complaint(where, "spoken text", "does not end with a period")
    for word in telling.banned:
        if said(word, text):
            yield Complaint(where, "banned", f"says {word!r}, which this channel never says. Say it in other words")


def _length(where: str, text: str, pace: Pace) -> Iterator[Complaint]:
    seconds, count = narration_seconds(text, pace.rate), characters(text)
    if pace.too_long(seconds):
        most = round(count * pace.longest_s / seconds)
        message = f"takes {seconds:g} s with this voice. At most {pace.longest_s:g} s are allowed: shorten it"
        yield Complaint(where, "duration", f"{message} from {count} to {most} characters")
    elif pace.too_short(seconds):
        message = f"takes {seconds:g} s with this voice. At least {LINE_S_MIN:g} s are wanted: say a little more"
        yield Complaint(where, "duration", message)


def average(where: str, texts: Sequence[str], pace: Pace) -> Iterator[Complaint]:
    """Whether the lines together are as long as they are ordered: a film is as long as they make it."""
    texts = [text for text in texts if text.strip()]  # a shot without words makes no line longer
    if not texts or pace.unknown:
        return
    seconds = sum(narration_seconds(text, pace.rate) for text in texts) / len(texts)
    low, high = AVERAGE_LOW * pace.average_s, AVERAGE_HIGH * pace.average_s
    if not low <= seconds <= high:
        count = sum(map(characters, texts)) / len(texts)
        wanted = round(count * pace.average_s / seconds) if seconds else 0
        change = "say less in some lines" if seconds > high else "say more in some lines"
        message = f"take {seconds:.1f} s on average, {pace.average_s:g} s are ordered: {change}, so that a line has"
        yield Complaint(where, "average", f"{message} about {wanted} characters on average instead of {count:.0f}")


def said(word: str, text: str) -> bool:
    """Whether a text says a word or phrase, whole, in any case; of scripts without blanks any part of it counts."""
    plain, wanted = " ".join(text.casefold().split()), " ".join(word.casefold().split())
    if not wanted:
        return False
    if script_of(wanted[0]) in UNSPACED:
        return wanted in plain
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", plain) is not None


def _ends_open(text: str) -> bool:
    """Thai and Lao sentences end without a mark."""
    return script_of(text.strip()[-1:] or " ") in (Script.THAI, Script.LAO)


def _sound(where: str, text: str) -> Iterator[Complaint]:
    count = words(text)
    if not SOUND_WORDS_MIN <= count <= SOUND_WORDS_MAX:
        yield Complaint(where, "sound length", f"has {count} words. Write {SOUND_WORDS_MIN} to {SOUND_WORDS_MAX}")
    if len(text) > SOUND_CHARACTERS_MAX:
        yield Complaint(where, "length", f"has {len(text)} characters. The limit is {SOUND_CHARACTERS_MAX}")
    plain = " ".join(text.casefold().split())
    if not plain.startswith(SOUND_FIRST):
        yield Complaint(where, "sound bed", "must start with the bed: 'Continuous ... ambience with ...'")
    if not plain.rstrip(".").endswith(SOUND_LAST):
        yield Complaint(where, "sound bed", f"must end with {SOUND_LAST!r}")
    if found := MUSIC.search(text):
        yield Complaint(where, "no music", f"{found[0]!r} asks for music. Describe natural sounds only")
    if found := SILENCE.search(text):
        message = f"{found[0]!r} asks for separate events. Let every sound lie on the continuous bed"
        yield Complaint(where, "sound bed", message)


def _repeated(plan: Plan) -> Iterator[Complaint]:
    """The same narration or motion twice is heard or seen twice, and paid for twice."""
    for name in ("narration", "motion"):
        seen: dict[str, int] = {}
        for at, clip in enumerate(plan.clips):
            spoken = " ".join(re.findall(r"\w+", getattr(clip, name).casefold()))
            same = seen.setdefault(spoken, at)
            if same != at and spoken and (name == "narration" or clip.beat == plan.clips[same].beat):
                message = f"is the {name} of clips[{same}] again. Write another one"
                yield Complaint(f"clips[{at}].{name}", "repeated", message)


def _weather(plan: Plan) -> Iterator[Complaint]:
    """Audible weather is the same in every clip of one place."""
    places = {image.id: image.subject for image in plan.images if image.kind == "environment"}
    by_place: dict[str, list[tuple[int, PlannedClip]]] = defaultdict(list)
    for at, clip in enumerate(plan.clips):
        for place in dict.fromkeys(places[name] for name in clip.picture.images if name in places):
            by_place[place].append((at, clip))
    for place, clips in by_place.items():
        for weather, pattern in AUDIBLE_WEATHER.items():
            heard = [(at, pattern.search(clip.sound) is not None) for at, clip in clips]
            if len({sounds for _, sounds in heard}) < 2:
                continue
            number = next(at for at, sounds in heard if sounds)
            for at, sounds in heard:
                if not sounds:
                    message = f"clips[{number}] has {weather} in the same place ({place!r}). Have it in both or in none"
                    yield Complaint(f"clips[{at}].sound", "same weather", message)
