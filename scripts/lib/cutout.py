"""Cut a character out of its picture: by its alpha channel, or by keying the plain background it was drawn on.

A background with a hue, as pictures are ordered, is keyed by that (`keying`). For one without, such as a gray studio,
only distance is left, which pale animals do not survive. It floods from the borders, so that a white belly on a white
ground stays. The flood runs on a small copy and only says where background may be; how transparent each pixel is, is
then decided at full size by its distance to the background's color, which gives a soft edge.
"""

from collections import deque
from statistics import median

from PIL import Image, ImageChops, ImageFilter

from scripts.lib import picture
from scripts.lib.failures import Failure, Kind

SMALL = 224
NEAR = 26
"""A color this far from the background (largest channel difference, 0-255) is still background."""
FAR = 64
"""From here on a pixel is wholly character."""
PLAIN_SHARE_MIN = 0.8
FIGURE_SHARE = (0.005, 0.93)
TOUCHING_SHARE = 0.06

Colour = tuple[int, int, int]


def cut_out(source: Image.Image, option: str) -> picture.Figure:
    """The character of a picture, cropped to its outline.

    Raises Failure(input) when it has no alpha channel and no plain background, or when nothing would be left.
    """
    if not picture.has_alpha(source):
        hue = ground(source.convert("RGB"), option)
        if hue is not None:
            return _keyed(source.convert("RGB"), hue, option)
        mask = _key(source.convert("RGB"), option)
    else:
        mask = source.convert("RGBA").getchannel("A")
    colours = source.convert("RGB")
    box = mask.point([0] * 32 + [255] * 224).getbbox()
    if box is None:
        raise Failure(Kind.INPUT, f"{option}: the picture is completely transparent")
    return picture.Figure(colours.crop(box), mask.crop(box), _stands_free(mask))


def _stands_free(mask: Image.Image) -> bool:
    lowest = mask.crop((0, mask.height - 1, mask.width, mask.height)).histogram()
    return sum(lowest[128:]) < TOUCHING_SHARE * mask.width


def ground(source: Image.Image, option: str) -> Colour | None:
    """The color of a ground that has a hue to key by; None where it has none. Refuses what is not plain."""
    from scripts.lib import keying

    small = source.resize((SMALL, max(8, round(SMALL * source.height / source.width))), Image.Resampling.BOX)
    width, height = small.size
    upper = [(x, 0) for x in range(width)] + [(x, y) for y in range(1, height * 3 // 4) for x in (0, width - 1)]
    colours = [_pixel(small, x, y) for x, y in upper]
    ground = _median(colours)
    if not keying.saturated(ground):
        return None
    plain = sum(1 for colour in colours if _hues_apart(colour, ground) <= NEAR)
    if plain < PLAIN_SHARE_MIN * len(colours):
        raise Failure(Kind.INPUT, _no_ground(option, plain / len(colours)))
    return ground


def _hues_apart(one: Colour, ground: Colour) -> int:
    """How far a color is from the ground's, in the light that it has: a ground may fall off towards its corners."""
    light = max(one) / max(ground)
    return (
        255
        if light < 0.4
        else _apart(one, (round(ground[0] * light), round(ground[1] * light), round(ground[2] * light)))
    )


def _no_ground(option: str, share: float) -> str:
    return (
        f"{option}: the picture has no alpha channel and no plain background to cut the character from "
        f"({share:.0%} of its border has one color)"
    )


def _keyed(source: Image.Image, ground: Colour, option: str) -> picture.Figure:
    from scripts.lib import keying

    found = keying.key(source, ground)
    if found is None or float(found.alpha.sum()) < FIGURE_SHARE[0] * source.width * source.height:
        raise Failure(Kind.INPUT, f"{option}: no character stands out from the background")
    mask, colours, shade = found.images()
    box = mask.point([0] * 32 + [255] * 224).getbbox()
    if box is None:
        raise Failure(Kind.INPUT, f"{option}: no character stands out from the background")
    free = found.box[3] < source.height or _stands_free(mask)
    under = picture.Shadow(shade, box[:2]) if shade is not None and free else None
    return picture.Figure(colours.crop(box), mask.crop(box), free, under, keying.left(found, ground))


def _key(source: Image.Image, option: str) -> Image.Image:
    """The mask of what is not plain background (255: character)."""
    factor = SMALL / max(source.size)
    size = (max(8, round(source.width * factor)), max(8, round(source.height * factor)))
    small = source.resize(size, Image.Resampling.BOX)
    corners = _background(small, option)
    flooded, share = _flood(_distance(small, corners))
    if not FIGURE_SHARE[0] <= 1 - share <= FIGURE_SHARE[1]:
        raise Failure(
            Kind.INPUT, f"{option}: no character stands out from the background ({share:.0%} of it is background)"
        )
    # one small pixel wider than the flood, so that the soft edge is decided at full size
    zone = flooded.filter(ImageFilter.MaxFilter(5)).resize(source.size, Image.Resampling.BILINEAR)
    ramp = [0 if d <= NEAR else 255 if d >= FAR else round(255 * (d - NEAR) / (FAR - NEAR)) for d in range(256)]
    edge = _distance(source, corners).point(ramp)
    whole = ImageChops.lighter(edge, ImageChops.invert(zone))
    # one pixel less all around takes off the fringe of background color
    return whole.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(0.7))


def _background(small: Image.Image, option: str) -> tuple[Colour, Colour, Colour, Colour]:
    """The background's color at the four corners (a studio ground is often shaded). Refuses what is not plain."""
    width, height = small.size
    border = [(x, y) for x in range(width) for y in (0, height - 1)]
    border += [(x, y) for y in range(1, height - 1) for x in (0, width - 1)]
    # the lower edge may be hidden by the character: it does not count against the background
    upper = [_pixel(small, x, y) for x, y in border if y < height * 0.75]
    middle = _median(upper)
    reach = max(3, width // 10)
    found: list[Colour] = []
    for left in (True, False):
        for top in (True, False):
            patch = [
                _pixel(small, x if left else width - 1 - x, y if top else height - 1 - y)
                for x in range(reach) for y in range(reach)
            ]  # fmt: skip
            colour = _median(patch)
            found.append(colour if _apart(colour, middle) < 2 * FAR else middle)
    corners = (found[0], found[2], found[1], found[3])
    ring = _distance(small, corners)
    plain = sum(1 for x, y in border if y < height * 0.75 and _level(ring, x, y) <= NEAR)
    if plain < PLAIN_SHARE_MIN * len(upper):
        raise Failure(Kind.INPUT, _no_ground(option, plain / len(upper)))
    return corners


def _median(colours: list[Colour]) -> Colour:
    red, green, blue = (int(median(colour[channel] for colour in colours)) for channel in range(3))
    return red, green, blue


def _apart(one: Colour, two: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, two, strict=True))


def _pixel(source: Image.Image, x: int, y: int) -> Colour:
    found = source.getpixel((x, y))
    assert isinstance(found, tuple)
    return int(found[0]), int(found[1]), int(found[2])


def _level(source: Image.Image, x: int, y: int) -> int:
    found = source.getpixel((x, y))
    assert isinstance(found, int)
    return found


def _distance(source: Image.Image, corners: tuple[Colour, Colour, Colour, Colour]) -> Image.Image:
    """For each pixel the largest channel difference to the background, which runs smoothly between its corners."""
    ground: Image.Image = Image.new("RGB", source.size, corners[0])
    if len(set(corners)) > 1:
        seed = Image.new("RGB", (2, 2))
        for place, colour in zip(((0, 0), (1, 0), (0, 1), (1, 1)), corners, strict=True):
            seed.putpixel(place, colour)
        # half a seed pixel lies outside on every side: cut the middle, where the blend runs from corner to corner
        ground = seed.resize(source.size, Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))
    red, green, blue = ImageChops.difference(source, ground).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _flood(distance: Image.Image) -> tuple[Image.Image, float]:
    """What is background and connected with the border (255), and its share of the picture."""
    width, height = distance.size
    open_places = bytearray(distance.point([1] * (NEAR + 1) + [0] * (255 - NEAR)).tobytes())
    reached = bytearray(width * height)
    waiting: deque[int] = deque()
    edge = [*range(width), *range((height - 1) * width, height * width)]
    edge += [y * width + x for y in range(height) for x in (0, width - 1)]
    for place in edge:
        if open_places[place]:
            open_places[place] = 0
            waiting.append(place)
    while waiting:
        place = waiting.pop()
        reached[place] = 255
        column = place % width
        for near, inside in (
            (place - 1, column > 0), (place + 1, column < width - 1),
            (place - width, place >= width), (place + width, place < width * (height - 1)),
        ):  # fmt: skip
            if inside and open_places[near]:
                open_places[near] = 0
                waiting.append(near)
    return Image.frombytes("L", distance.size, bytes(reached)), reached.count(255) / (width * height)
