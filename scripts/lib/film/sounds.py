"""The chains of FFmpeg's filters that make a shot's sounds: the voice in the middle, the ambience under it.

An ambience is longer than its shot by a handle on either side, in which it comes and goes: laid over each other, those
of two shots pass into one another under the cut, and their power together stays the same.
"""

from scripts.lib.film import loudness
from scripts.lib.film.loudness import RATE_HZ, STEREO, Measured
from scripts.lib.film.voice import Speech

CENTRE = "pan=stereo|c0=c0|c1=c0"
"""One channel in the middle of two, as loud in each."""
HANDLE = RATE_HZ // 2
"""Samples of a handle: half of what two ambiences lie over each other."""
LOOP_S_MIN, SEAM_S = 1.0, 0.5
LOOPS_MAX = 30
LIMIT = 10 ** (-1 / 20)
RUMBLE_HZ = 60
"""Below it no voice has anything: direct current, steps on a stage, half of a mains hum."""
ROOM = "anoisesrc=color=pink:sample_rate=48000:amplitude=0.004:seed=11"
"""The tone of a room, near -58 dBFS: under an ambience that has holes there is no nothing."""


def gain(measured: float | None, wanted: float) -> str:
    return f"volume={loudness.gain_db(measured, wanted):.2f}dB"


def exactly(samples: int) -> str:
    return f"apad=whole_len={samples},atrim=end_sample={samples}"


def limited(samples: int) -> str:
    return f"alimiter=limit={LIMIT:.4f}:level=false:latency=true,{exactly(samples)}"


def faded(faded_samples: int, end: int) -> str:
    """The end of a chain whose sound fades out until sample `end`, else nothing."""
    return f",afade=t=out:start_sample={end - faded_samples}:nb_samples={faded_samples}" if faded_samples else ""


def voice(spoken: Measured, speech: Speech, lufs: float, lead: int, length: int) -> str:
    """The words of a narration at their place in a shot of `length` samples: one channel, zero where nobody speaks."""
    heard = None if spoken.lufs is None else spoken.lufs + speech.louder_db
    # the fades take away clicks where a recording starts or ends away from zero
    end_s = max(0.0, speech.seconds - 0.01)
    return (
        f"aformat=channel_layouts=stereo,pan=mono|c0={speech.channel},highpass=f={RUMBLE_HZ}:p=2,"
        f"atrim=start_sample={speech.start}:end_sample={speech.end},asetpts=PTS-STARTPTS,{gain(heard, lufs)},"
        f"afade=t=in:d=0.005,afade=t=out:st={end_s:.6f}:d=0.01,adelay=delays={lead}S:all=1,"
        f"alimiter=limit={LIMIT:.4f}:level=false:latency=true,{exactly(length)}"
    )


def handle(length: int) -> int:
    """Samples of the handles of a shot of `length`: shorter for what is hardly a shot."""
    return min(HANDLE, length // 4)


def bed(heard: Measured, sounding: Speech, length: int, lufs: float, fade: int) -> str:
    """An ambience with its handles, from input 2 to [bed]: repeated where it is shorter, unless it is a short sound.

    Where it is repeated, its end passes into its beginning. `fade`: samples at the shot's end over which it goes.
    """
    side = handle(length)
    wanted = length + 2 * side
    taken = f"[2:a:0]{STEREO},atrim=start_sample={sounding.start}:end_sample={sounding.end},asetpts=PTS-STARTPTS"
    chain = f"{taken}{repeated(sounding.samples, wanted)}"
    chain += f",{gain(heard.lufs, lufs)},{exactly(wanted)}[bedding]"
    comes, goes = f"afade=t=in:curve=qsin:ns={2 * side}", f"afade=t=out:curve=qsin:ss={length}:ns={2 * side}"
    end = faded(fade, side + length)
    if heard.lufs is None:
        return f"{chain};[bedding]anull[bed]"
    return (
        f"{chain};{ROOM}:nb_samples=1024,aformat=channel_layouts=stereo,atrim=end_sample={wanted}[room];"
        f"[bedding][room]amix=inputs=2:duration=first:normalize=0,{exactly(wanted)},{comes},{goes}{end}[bed]"
    )


def apart(length: int) -> str:
    """[bed] as what lies under the shot ([inner] and [ambience]) and what lies beside it ([handles])."""
    side = handle(length)
    again = "asetpts=PTS-STARTPTS"
    return (
        f"[bed]asplit=3[within][before][behind];[within]atrim=start_sample={side}:end_sample={side + length},{again},"
        f"asplit[inner][ambience];[before]atrim=end_sample={side}[first];"
        f"[behind]atrim=start_sample={side + length},{again}[second];[first][second]concat=n=2:v=0:a=1[handles]"
    )


def repeated(samples: int, wanted: int) -> str:
    """Filters that repeat a sound until it is long enough, each time over its own end."""
    if samples >= wanted or samples < LOOP_S_MIN * RATE_HZ:
        return ""
    seam = min(round(SEAM_S * RATE_HZ), samples // 4)
    times = min(LOOPS_MAX, -(-(wanted - seam) // (samples - seam)))
    names = [f"[loop{place}]" for place in range(times)]
    chain = f",asplit={times}{''.join(names)}"
    joined = names[0]
    for place, name in enumerate(names[1:], start=1):
        last = place == times - 1
        chain += f";{joined}{name}acrossfade=ns={seam}:c1=qsin:c2=qsin{'' if last else f'[joined{place}]'}"
        joined = f"[joined{place}]"
    return chain
