"""One segment of a film: a clip trimmed to its narration, with voice and effect mixed, as MOV with H.264 and PCM.

PCM, because compressed audio cannot be joined without gaps; exactly as long as the pictures, so that segments stay
in step however many are joined. A narration is never cut: where the clip is shorter, it is slowed (`pace`).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from scripts.lib.failures import Failure, Kind
from scripts.lib.film import (
    dissolve,
    ending,
    ffmpeg,
    hdr,
    loudness,
    mp4,
    overlay,
    pace,
    packets,
    padding,
    picture_format,
    sounds,
    voice,
)
from scripts.lib.film.dissolve import Outgoing
from scripts.lib.film.loudness import RATE_HZ, STEREO
from scripts.lib.film.overlay import Mark, Overlay
from scripts.lib.film.pace import Pace
from scripts.lib.film.voice import Speech

COPY_EXTRA_S_MAX = 0.5
"""How much longer than wanted a copied clip may become before it is encoded instead."""
LACK_S, LACK_SHARE = loudness.LACK_S, loudness.LACK_SHARE
"""How much of its claimed length a clip may lack, as in videod's check: the last packet's length is often a guess."""
SLOWED_SPARE = 3
"""Pictures that a slowed clip may come out short by, since its last one has none to pass into."""
FRAMING_LUFS = -16.5
"""Of an intro and an outro: so loud are cuts one after the other before the film is mastered."""
RATE = Fraction(1, RATE_HZ)
ALONE_LU = 6.0
"""So much louder is an effect where nobody speaks over it."""
STEMS = 3
"""The sounds of a cut apart: the voice in one channel, the ambience, and of that the handles, one behind the other."""


@dataclass(frozen=True)
class Wishes:
    """What a cut should be. Loudness in LUFS. `decode`: whether its pictures are decoded once it is made.

    `going` shows at its start what goes; `mark` and then the `overlays` are drawn over its pictures.
    """

    fps: int = picture_format.FPS
    pace: Pace = field(default_factory=Pace)
    voice_lufs: float = -16.0
    effect_lufs: float = -30.0
    decode: bool = True
    mark: Mark | None = None
    overlays: tuple[Overlay, ...] = ()
    going: Outgoing | None = None

    @property
    def changed(self) -> str | None:
        """Why no picture can be copied; None: nothing changes them."""
        if self.drawn:
            return f"{overlay.named(self.drawn)} drawn"
        return "dissolves from the shot before" if self.going else None

    @property
    def drawn(self) -> tuple[Overlay, ...]:
        return ((self.mark.overlay,) if self.mark else ()) + self.overlays


@dataclass(frozen=True)
class Clip:
    """A source of pictures. `odd` says why it must be encoded; `numbers` are those of PacketList, None if odd."""

    path: Path
    name: str
    video: ffmpeg.VideoStream
    pictures: int
    odd: str | None
    numbers: tuple[int, ...] | None


@dataclass(frozen=True)
class Shot:
    """What is taken of a clip: `frames` pictures, made of the first `source` of it, the last one held for `held`.

    `lead`: samples before the words. `fade`: how many pictures at the end fade away, and the sound with them.
    `copied`: so many of a shot that fades are copied before those that are encoded for it.
    """

    clip: Clip
    frames: int
    held: int
    odd: str | None
    source: int = 0
    lead: int = 0
    fade: int = 0
    copied: int = 0

    @property
    def slower(self) -> float:
        """How many times as long the clip's pictures last: 1.0 as they are."""
        return (self.frames - self.held) / self.source if self.source else 1.0


@dataclass(frozen=True)
class Segment:
    """A verified segment: every picture was decoded, `samples` per channel fit `frames` exactly.

    `digest` is that of its packets without parameter sets, `delay` its reordering depth in pictures; `odd` says why
    it was encoded (None: copied). `handle`: samples by which its ambience is longer on either side; None: a segment
    that has nothing but its mixed sound. `mark`: the digest of the watermark that was drawn over it.
    """

    path: Path
    name: str
    frames: int
    samples: int
    avc: mp4.Avc
    digest: str
    delay: int
    odd: str | None = None
    held: int = 0
    handle: int | None = None
    mark: str | None = None


def samples_of(frames: int, fps: int) -> int:
    """Samples at 48 kHz that last as long as `frames` pictures. Raises Failure(usage) where they cannot."""
    if fps < 1 or RATE_HZ % fps:
        raise Failure(Kind.USAGE, f"--fps {fps}: must divide {RATE_HZ}, such as 24, 25, 30, 50 or 60")
    return frames * (RATE_HZ // fps)


def open_clip(path: Path, name: str, fps: int) -> Clip:
    """Look at a clip. Raises Failure(input) naming it when it has no pictures, or fewer than its headers claim."""
    try:
        return _open_clip(path, name, fps)
    except Failure as failure:
        if not failure.message.startswith(name):
            failure.message = f"{name}: {failure.message}"
        raise


def _open_clip(path: Path, name: str, fps: int) -> Clip:
    media = ffmpeg.probe(path)
    if media.video is None:
        raise Failure(Kind.INPUT, f"{path} has no pictures")
    with path.open("rb") as stream:
        if stream.read(8)[4:] == b"ftyp":
            mp4.top_boxes(path)
    odd = picture_format.oddity(media.video, fps)
    numbers: list[int] | None = None
    if odd is None:
        listed = packets.listing(path, media.video.stream, f"{name}: reading {path.name}")
        numbers = listed.numbers(fps) if mp4.read_avc(path) is not None else None
        odd = "uneven frame times" if numbers is None else None
    pictures = len(numbers or ()) or ffmpeg.count_pictures(
        path, f"{name}: reading {path.name}", fps, media.video.stream
    )
    claimed = media.duration_s or 0.0
    lacking_s = claimed - pictures / fps
    # sound may be longer than the pictures; without sound the container's length is theirs
    if pictures == 0 or (media.audio is None and lacking_s > LACK_S + LACK_SHARE * claimed):
        raise Failure(Kind.INPUT, f"{path} is cut off: {pictures / fps:.2f} s of {claimed:.2f} s are there")
    return Clip(path, name, media.video, pictures, odd, None if numbers is None else tuple(numbers))


@dataclass(frozen=True)
class Spoken:
    """A narration: `kept` as `loudness.taken_in` left it, measured, and where in it somebody speaks."""

    kept: Path
    heard: loudness.Measured
    speech: Speech


def listened(narration: Path, kept: Path, name: str) -> Spoken:
    """The narration of the clip `name`, kept at `kept`. Raises Failure(input) where it cannot be decoded."""
    heard = loudness.taken_in(narration, kept, f"{name}: narration")
    return Spoken(kept, heard, voice.find(kept, heard, f"{name}: narration"))


def wordless(wishes: Wishes) -> Wishes:
    """What a cut should be over which nobody speaks: as long as its plan says, its effect not under a voice."""
    return replace(wishes, pace=pace.wordless(wishes.pace), effect_lufs=wishes.effect_lufs + ALONE_LU)


def choose_shot(clip: Clip, speech: Speech | None, wishes: Wishes) -> Shot:
    """How many pictures to take for these words, and where in them somebody speaks; None: nobody does."""
    speech = speech or Speech(0, 0)
    fps, wished, copied = wishes.fps, wishes.pace, 0
    found = pace.taken(clip.pictures, speech.seconds, wished, fps)
    frames, odd = found.frames, clip.odd or wishes.changed
    if found.source != found.frames:
        held_s = found.held / fps
        stands = f", last picture held for {held_s:.2f} s" if found.held else ""
        odd = odd or f"slowed by {(found.slower - 1) * 100:.0f} %{stands}"
    elif wished.fade_s:
        fading = "fades out at its end"
        copied = 0 if odd or clip.numbers is None else ending.kept(clip.numbers, frames, round(wished.fade_s * fps))
        odd = odd or fading
    elif clip.numbers is not None and odd is None:
        closed = packets.closed_cut(clip.numbers, frames)
        if closed is None or closed - frames > COPY_EXTRA_S_MAX * fps:
            odd = "no place to cut near the end of the narration"
        else:
            frames = closed
    lead = round(wished.lead_of(frames / fps, speech.seconds) * RATE_HZ)
    lead = min(lead, max(0, samples_of(frames, fps) - speech.samples))
    source = found.source if found.source != found.frames else frames
    return Shot(clip, frames, found.held, odd, source, lead, min(frames, round(wished.fade_s * fps)), copied)


def warnings(shot: Shot, fps: int) -> list[str]:
    """What a person should know of what is done to a clip."""
    name, video, told = shot.clip.name, shot.clip.video, []
    if shot.slower > 1.0:
        held = f" and its last picture held for {shot.held / fps:.2f} s" if shot.held else ""
        more = ". Shorten the narration" if shot.slower > pace.SLOWER_MAX + 0.001 else ""
        told.append(f"{name}: the narration is long for the clip, which is slowed by {(shot.slower - 1) * 100:.0f} %"
                    f"{held}{more}")  # fmt: skip
    if (known := hdr.kind(video.transfer, video.primaries)) is not None:
        told.append(f"{name}: the clip is {known}. Its brightness and colors are mapped to those of the film (BT.709)")
    return told


def cut(
    shot: Shot, spoken: Spoken | None, effect: Path | None, out: Path, wishes: Wishes
) -> Segment:  # fmt: skip
    """Make the segment at `out` and verify it; without `spoken` nobody speaks, and the effect alone is heard.

    Its first sound is the mix that one hears of it alone; the others are those of STEMS. Files beside `out` are written
    on the way, so it should lie in a `workroom`. Raises Failure(input) naming the clip when a part is broken.
    """
    name = shot.clip.name
    length = samples_of(shot.frames, wishes.fps)
    fade = samples_of(shot.fade, wishes.fps)
    side = sounds.handle(length)
    if spoken is None:
        inputs, said = ["-f", "lavfi", "-i", f"anullsrc=r={RATE_HZ}:cl=mono"], f"atrim=end_sample={length}"
    else:
        inputs = ffmpeg.given(spoken.kept)
        said = sounds.voice(spoken.heard, spoken.speech, wishes.voice_lufs, shot.lead, length)
    graph = f"[1:a:0]{said},asplit[voice][said]"
    if effect is None:
        graph += f";anullsrc=r={RATE_HZ}:cl=stereo,atrim=end_sample={length + 2 * side}[bed]"
    else:
        kept = out.with_name(f"{out.stem}_effect.wav")
        ambience = loudness.taken_in(effect, kept, f"{name}: effect")
        sounding = voice.find(kept, ambience, f"{name}: effect")
        inputs += ffmpeg.given(kept)
        graph += f";{sounds.bed(ambience, sounding, length, wishes.effect_lufs, fade)}"
    graph += f";{sounds.apart(length)};[said]{sounds.CENTRE}[spoken]"
    graph += f";[spoken][inner]amix=inputs=2:duration=first:normalize=0,{sounds.limited(length)}"
    graph += f"{sounds.faded(fade, length)}[sound]"
    stems = ("[voice]", "[ambience]", "[handles]")
    encoder = picture_format.Encoder(wishes.fps)
    if wishes.changed:
        shot = replace(shot, odd=shot.odd or wishes.changed, copied=0)
    rendered = _faded(shot, out, wishes.fps)
    _render(rendered, inputs, graph, out, encoder, overlays=wishes.drawn, stems=stems, going=wishes.going)
    if rendered is not shot and (padded := padding.trouble(out, shot.clip.video)) is not None:
        shot = replace(shot, odd=padded)
        _render(shot, inputs, graph, out, encoder, stems=stems)
    if shot.odd is None and (padded := padding.trouble(out, shot.clip.video)) is not None:
        shot = replace(shot, odd=padded)
        _render(shot, inputs, graph, out, encoder, stems=stems)
    made = examine(out, name, wishes.fps, shot, wishes.decode)
    return replace(made, mark=wishes.mark.digest if wishes.mark else None)


def _faded(shot: Shot, out: Path, fps: int) -> Shot:
    """The shot to render: where most of one that fades can be copied, that of a clip made so, else the same."""
    if not shot.copied:
        return shot
    room = out.parent
    made = ending.faded(shot.clip.path, shot.clip.video, shot.copied, shot.frames, shot.fade, room, fps)
    video = ffmpeg.probe(made).video
    assert video is not None
    clip = replace(shot.clip, path=made, video=video, pictures=shot.frames, odd=None)
    return replace(shot, clip=clip, odd=None)


def conform(clip: Clip, out: Path, fps: int, framing: bool = False) -> Segment:
    """A segment from a finished piece such as an intro: its pictures uncropped, its own sound or silence.

    Its sound keeps the time that it has to its pictures; `framing`: it gets the loudness of the film's cuts. Files
    beside `out` are written on the way.
    """
    shot = Shot(clip, clip.pictures, 0, clip.odd)
    length = samples_of(shot.frames, fps)
    inputs = ["-f", "lavfi", "-i", f"anullsrc=r={RATE_HZ}:cl=stereo"]
    heard = None
    if ffmpeg.probe(clip.path).audio is not None:
        kept = out.with_name(f"{out.stem}_sound.wav")
        task = f"{clip.name}: sound"
        starts_s = packets.listing(clip.path, clip.video.stream, f"{clip.name}: reading {clip.path.name}").start_s
        heard = loudness.taken_in(clip.path, kept, task, starts_s)
        inputs = ffmpeg.given(kept)
    chain = f"{STEREO},{sounds.exactly(length)}"
    if framing and heard is not None:
        chain = f"{STEREO},{sounds.gain(heard.lufs, FRAMING_LUFS)},{sounds.limited(length)}"
    sound, encoder = f"[1:a:0]{chain}[sound]", picture_format.Encoder(fps)
    _render(shot, inputs, sound, out, encoder, True)
    if shot.odd is None and (padded := padding.trouble(out, clip.video)) is not None:
        shot = replace(shot, odd=padded)
        _render(shot, inputs, sound, out, encoder, True)
    return examine(out, clip.name, fps, shot)


def encode_again(
    segment: Segment, out: Path, encoder: picture_format.Encoder, why: str, mark: Mark | None = None
) -> Segment:
    """The same segment with pictures from our encoder, `mark` drawn over them; its sound is untouched."""
    video = ffmpeg.probe(segment.path).video
    assert video is not None
    shot = Shot(Clip(segment.path, segment.name, video, segment.frames, why, None), segment.frames, segment.held, why)
    stems = () if segment.handle is None else tuple(f"1:a:{place + 1}" for place in range(STEMS))
    overlays = (mark.overlay,) if mark else ()
    given = ffmpeg.given(segment.path)
    _render(shot, given, "[1:a:0]anull[sound]", out, encoder, overlays=overlays, stems=stems)
    made = examine(out, segment.name, encoder.fps, shot)
    return replace(made, mark=mark.digest if mark else segment.mark)


def examine(path: Path, name: str, fps: int, shot: Shot | None = None, decode: bool = True) -> Segment:
    """Verify a segment: constant rate, every picture decodes, sound of the same length. Raises Failure(input).

    Without `decode` its packets are only counted: somebody else decodes them before the segment counts.
    """
    avc = mp4.read_avc(path)
    if avc is None:
        raise Failure(Kind.INPUT, f"{name}: {path} holds no H.264 pictures")
    pictures, *heard = packets.listings(path, ("0:V:0", "0:a"), f"{name}: checking", packets.PICTURES_ONLY)
    frames = len(pictures.packets)
    if pictures.numbers(fps) is None:
        raise Failure(Kind.INPUT, f"{name}: {path} has no constant {fps} pictures a second")
    decoded = ffmpeg.count_pictures(path, f"{name}: decoding pictures") if decode else frames
    if decoded != frames or (shot is not None and frames != shot.frames):
        expected = frames if shot is None else shot.frames
        raise Failure(Kind.INPUT, f"{name}: {decoded} of {expected} pictures of {path} can be shown")
    samples, handle = _sounds(path, name, heard)
    if samples != samples_of(frames, fps):
        raise Failure(Kind.INPUT, f"{name}: {path} has {samples} samples of sound for {frames} pictures")
    odd, held = (None, 0) if shot is None else (shot.odd, shot.held)
    return Segment(path, name, frames, samples, avc, pictures.digest(), pictures.delay(fps), odd, held, handle)


def _sounds(path: Path, name: str, heard: Sequence[packets.PacketList]) -> tuple[int, int | None]:
    """The length of a segment's sound, and how much longer its ambience is on either side (None: it has no stems)."""
    lengths = [round(one.length * RATE_HZ) if one.time_base == RATE else None for one in heard]
    if not lengths or lengths[0] is None:
        raise Failure(Kind.INPUT, f"{name}: {path} has no sound of {RATE_HZ} Hz")
    mixed, (said, ambience, handles) = lengths[0], [*lengths[1:], None, None, None][:STEMS]
    if handles is None or said != mixed or ambience != mixed or handles > mixed:
        return mixed, None
    return mixed, handles // 2


def _render(
    shot: Shot, inputs: Sequence[str], sound: str, out: Path, encoder: picture_format.Encoder, whole: bool = False,
    overlays: Sequence[Overlay] = (), stems: Sequence[str] = (), going: Outgoing | None = None,
) -> None:  # fmt: skip
    """Run FFmpeg once for pictures and sound. Input 0 is the clip; `inputs` begin with number 1 and feed `sound`.

    What is `going` and the `overlays` are drawn over pictures that are encoded; `stems` are written behind [sound].
    """
    # not by -frames:v: FFmpeg 5.1 ends the sound too when that is reached
    video = shot.clip.video
    if shot.odd is None:
        # times start at zero, also where the clip had sound that began earlier
        times = "setts=pts=PTS-STARTPTS:dts=DTS-STARTPTS"
        told = picture_format.told_copied(video)
        only = f"{told},{times},noise=amount=0:drop='gte(n,{shot.frames})'"
        pictures = ["-map", video.stream, "-c:v", "copy", "-bsf:v", only]
        graph = sound
    else:
        chain = picture_format.conforming(video, encoder.fps, whole, _table(video, out), shot.slower)
        spare = SLOWED_SPARE if shot.slower > 1.0 else 0
        hold = f",tpad=stop_mode=clone:stop={shot.held + spare}" if shot.held or spare else ""
        fade = f",fade=t=out:start_frame={shot.frames - shot.fade}:nb_frames={shot.fade}" if shot.fade else ""
        going_out = dissolve.chain(going, 1 + inputs.count("-i"), encoder.fps)
        inputs = [*inputs, *dissolve.inputs(going)]
        drawing = overlay.drawing(overlays, 1 + inputs.count("-i"), shot.frames, encoder.fps)
        inputs = [*inputs, *overlay.inputs(overlays)]
        shown = f"{chain}{hold},trim=end_frame={shot.frames},{going_out},{drawing}{fade}"
        graph = f"[{video.stream}]{shown}[pictures];{sound}"
        pictures = ["-map", "[pictures]", *encoder.arguments(), "-fps_mode", "passthrough"]
    ffmpeg.run(
        [
            "-v", "error", "-xerror", "-y", *ffmpeg.given(shot.clip.path), *inputs, "-filter_complex", graph,
            *pictures, "-map", "[sound]", *(word for stem in stems for word in ("-map", stem)),
            "-c:a", "pcm_s16le", "-ar", str(RATE_HZ), "-map_metadata", "-1", "-map_chapters", "-1",
            "-video_track_timescale", str(encoder.fps * picture_format.TIMESCALE_PER_PICTURE),
            "-fflags", "+bitexact", "-f", "mov", ffmpeg.target(out),
        ],
        f"{shot.clip.name}: cutting", folder=out.parent,
    )  # fmt: skip


def _table(video: ffmpeg.VideoStream, out: Path) -> str | None:
    """The name of the table of colors beside `out`, where FFmpeg works: in a filter, a path would need escaping."""
    if hdr.kind(video.transfer, video.primaries) is None:
        return None
    # one for each output: two are rendered at a time
    table = out.parent / f"colors_{zlib.crc32(out.name.encode())}.cube"
    hdr.write_table(video.transfer, video.primaries, table)
    return table.name
