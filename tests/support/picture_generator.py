"""Pictures as people take them, made from MNIST images: what the imaging pipeline is measured on.

Everything is drawn from one ``numpy`` generator, so a seed gives the same pictures everywhere. Nothing here is
shared with the training augmentation: strokes are redrawn at full size, and paper, light and camera are simulated.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from tests.support.paper import (
    add_light,
    add_lines,
    add_shadow_edge,
    camera,
    paper_texture,
    through_jpeg,
)
from tests.support.strokes import StrokeField, stroke_field

# Letters that no one takes for a digit, whatever the font.
LETTERS = "AEFHKMNPRWXdefhkmnwx"
# Strokes of the field are measured on digits this high.
_FIELD = 112


@dataclass(frozen=True)
class Style:
    """How a picture looks.

    Attributes:
        name: For reports.
        height: Range of the picture's shorter side in pixels.
        digit: Range of the digit's height as a part of the shorter side.
        pen: Range of the stroke's width as a part of the digit's height.
        light_on_dark: Chance that the ink is lighter than the ground.
        coloured: Chance that ink and ground have colours.
        lines: Chance of ruled or squared paper.
        shadow: Chance of a shadow with an edge; uneven light comes with it.
        texture: Largest amplitude of the ground's texture in grey levels.
        noise: Largest standard deviation of the sensor's noise in grey levels.
        blur: Largest blur, as a part of the stroke's width.
        rotation: Largest rotation in degrees.
        jpeg: Range of JPEG quality, or None.
        grain: How much the ink is interrupted, as chalk and pencils are: 0 to 1.
        transparent: Whether the picture is ink on nothing.
    """

    name: str
    height: tuple[int, int]
    digit: tuple[float, float] = (0.3, 0.8)
    pen: tuple[float, float] = (0.04, 0.16)
    light_on_dark: float = 0.0
    coloured: float = 0.3
    lines: float = 0.0
    shadow: float = 0.0
    texture: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    rotation: float = 4.0
    jpeg: tuple[int, int] | None = None
    grain: float = 0.0
    transparent: bool = False


STYLES = {
    style.name: style
    for style in (
        Style("phone", (500, 1400), (0.15, 0.7), (0.03, 0.1), 0, 0.4, 0.4, 0.5, 10, 7, 0.5, 8, (55, 92)),
        Style("scan", (300, 900), (0.2, 0.8), (0.03, 0.12), 0, 0.4, 0.3, 0, 5, 3, 0.2, 4, (70, 95)),
        Style("screenshot", (60, 900), (0.15, 0.8), (0.04, 0.15), 0.4, 0.6),
        Style("drawing", (100, 600), (0.4, 0.9), (0.02, 0.18), 0.3, 0.5),
        Style("tablet", (200, 1200), (0.3, 0.9), (0.02, 0.12), 0.4, 0.5, 0.2, jpeg=(75, 95)),
        Style("marker", (200, 900), (0.4, 0.85), (0.12, 0.2), 0, 0.6, 0.2, 0.4, 8, 5, 0.2, 6, (60, 95)),
        Style("board", (300, 1000), (0.3, 0.8), (0.04, 0.1), 1, 0.3, 0, 0.3, 14, 6, 0.3, 6, (60, 92), 0.35),
        Style("transparent", (64, 700), (0.4, 0.9), (0.04, 0.16), 0.5, 0.5, transparent=True),
        Style("thumbnail", (28, 64), (0.55, 0.85), (0.08, 0.16), 0.4, 0.3, 0, 0.2, 6, 5, 0, 6, (80, 95)),
        Style("tight", (40, 500), (0.94, 1.06), (0.07, 0.18), 0.4, 0.3, 0, 0, 5, 4, 0.2, 3),
    )
}
# Without dirt of any kind: what must not be refused.
CLEAN = ("screenshot", "drawing", "tablet", "transparent")


@dataclass(frozen=True)
class Made:
    """One picture and the truth about it.

    Attributes:
        kind: A style's name, or what it shows if that is no single digit.
        pixels: uint8 of shape (height, width, 3) or, with transparency, (height, width, 4).
        label: The digit, or None where there is not exactly one.
        count: How many digits it shows.
    """

    kind: str
    pixels: NDArray[np.uint8]
    label: int | None
    count: int

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        stream = io.BytesIO()
        Image.fromarray(self.pixels).save(stream, "PNG", compress_level=1)
        return stream.getvalue()


def digit_picture(tile: NDArray[np.uint8], label: int, style: Style, rng: np.random.Generator) -> Made:
    """Draw one MNIST image of shape (28, 28) in a style."""
    shape = _shape(style, rng)
    ink = _place([_strokes(tile, style, rng)], shape, style, rng)
    return Made(style.name, _render(ink, style, rng), label, 1)


def several_digits(tiles: NDArray[np.uint8], style: Style, rng: np.random.Generator) -> Made:
    """Draw MNIST images of shape (n, 28, 28) side by side in a style."""
    height, width = _shape(style, rng)
    low = min(height, width)
    shape = low, int(low * 0.62 * (len(tiles) + 0.6))
    ink = _place([_strokes(tile, style, rng) for tile in tiles], shape, style, rng)
    return Made("several", _render(ink, style, rng), None, len(tiles))


@dataclass(frozen=True)
class Page:
    """A page of digits and the truth about it.

    Attributes:
        pixels: As :attr:`Made.pixels`.
        digits: For each digit, in the order of reading, where its ink is: bool of shape (height, width).
        lines: For each digit the number of its line and its place in the line.
    """

    pixels: NDArray[np.uint8]
    digits: list[NDArray[np.bool_]]
    lines: list[tuple[int, int]]


def page_of_digits(
    tiles: NDArray[np.uint8],
    columns: int,
    style: Style,
    rng: np.random.Generator,
    *,
    size: int = 60,
    slant: float = 0,
) -> Page:
    """Draw MNIST images of shape (n, 28, 28) in lines of ``columns``, one after another, all with one pen.

    Args:
        tiles: The digits, in the order of reading.
        columns: How many there are in a line; the last one may have fewer.
        style: Its sizes are not obeyed: digits differ in height by a quarter, and stand a little off their line.
        rng: Everything is drawn from it.
        size: The usual height of a digit in pixels.
        slant: How many pixels a line rises on its way of one pixel to the right.
    """
    lines = [divmod(number, columns) for number in range(len(tiles))]
    rise = abs(slant) * columns * 1.3 * size
    shape = int(1.8 * size * (lines[-1][0] + 1) + 0.8 * size + rise), int(1.3 * size * (columns + 1))
    pen = _pen(style, rng)
    digits = []
    for tile, (line, place) in zip(tiles, lines, strict=True):
        left = size * (1.15 + 1.3 * place + rng.uniform(-0.1, 0.1))
        top = size * (1.3 + 1.8 * line + rng.uniform(-0.1, 0.1)) + (rise if slant > 0 else 0) - slant * left
        height = size * rng.uniform(0.75, 1)
        digits.append(stroke_field(tile, _FIELD).redrawn(pen).draw(shape, np.array([top, left]), height, 0.0))
    ink = np.maximum.reduce(digits)
    return Page(_render(ink, style, rng), [digit > 0.5 for digit in digits], lines)


def without_digit(kind: str, style: Style, rng: np.random.Generator) -> Made:
    """Draw a picture of one of the kinds in ``WITHOUT_DIGIT``."""
    return WITHOUT_DIGIT[kind](style, rng)


# strokes


def _strokes(tile: NDArray[np.uint8], style: Style, rng: np.random.Generator) -> StrokeField:
    pen = _pen(style, rng)
    field = stroke_field(tile, _FIELD)
    return field.redrawn(pen) if rng.random() < 0.6 else field.with_width(pen)


def _pen(style: Style, rng: np.random.Generator) -> float:
    """Return a stroke's width in pixels of the field."""
    return float(np.exp(rng.uniform(*np.log(style.pen)))) * _FIELD


def _shape(style: Style, rng: np.random.Generator) -> tuple[int, int]:
    low = int(np.exp(rng.uniform(*np.log(style.height))))
    long = int(low * rng.uniform(1.0, 1.5))
    return (low, long) if rng.random() < 0.6 else (long, low)


def _place(
    fields: list[StrokeField], shape: tuple[int, int], style: Style, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the coverage by ink, 0 to 1, of digits set in a row somewhere in a picture."""
    size = rng.uniform(*style.digit) * min(shape)
    if len(fields) > 1:
        size = min(size, 0.8 * shape[0], 0.75 * shape[1] / (0.62 * len(fields) + 0.3))
    ink = np.zeros(shape, dtype=np.float32)
    angle = np.deg2rad(rng.uniform(-style.rotation, style.rotation))
    widths = [max(field.aspect, 0.25) * size + 0.22 * size for field in fields]
    free = np.array([shape[0] - size, shape[1] - sum(widths) + 0.22 * size])
    margin = np.minimum(0.06 * min(shape), np.maximum(free, 0) / 2)
    top, left = margin + rng.random(2) * (free - 2 * margin)
    for field, width in zip(fields, widths, strict=True):
        jitter = rng.uniform(-0.06, 0.06) * size if len(fields) > 1 else 0
        centre = np.array([top + size / 2 + jitter, left + (width - 0.22 * size) / 2])
        np.maximum(ink, field.draw(shape, centre, size, angle), out=ink)
        left += width
    return ink


# rendering


def _render(ink: NDArray[np.float32], style: Style, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Put ink, a coverage from 0 to 1, onto the style's ground and take the picture."""
    ground, colour = _colours(style, rng)
    if style.grain:
        speckle = ndimage.gaussian_filter(rng.standard_normal(ink.shape).astype(np.float32), 1.0)
        ink = ink * np.clip(1.25 - style.grain + speckle / speckle.std() * style.grain, 0, 1)
    if style.transparent:
        rgba = np.empty((*ink.shape, 4), dtype=np.uint8)
        rgba[..., :3] = colour
        rgba[..., 3] = (ink * 255).round()
        return rgba
    page = np.broadcast_to(ground, (*ink.shape, 3)).astype(np.float32)
    page = page + paper_texture(ink.shape, style.texture * rng.random(), rng)[..., None]
    if rng.random() < style.lines:
        page = add_lines(page, ground, rng)
    coverage = (ink * rng.uniform(0.85, 1.0))[..., None]
    page = page * (1 - coverage) + colour * coverage
    if style.shadow:
        page = add_light(page, rng)
        if rng.random() < style.shadow:
            page = add_shadow_edge(page, rng)
    blur = style.blur * rng.random() * style.pen[0] * min(ink.shape) * style.digit[0]
    pixels = camera(page, blur, style.noise * rng.random(), rng)
    return through_jpeg(pixels, int(rng.integers(*style.jpeg))) if style.jpeg else pixels


def _colours(style: Style, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colours of ground and ink, with at least 90 levels between them in one of the channels."""
    coloured = rng.random() < style.coloured
    clean = not style.noise
    while True:
        light = rng.uniform(200 if clean else 165, 255) * np.ones(3)
        dark = rng.uniform(0, 90) * np.ones(3)
        if coloured:
            dark = rng.uniform(0, 255, 3) * (rng.random(3) < 0.6)
            light = light - rng.uniform(0, 90, 3) * (rng.random(3) < 0.4)
        if (light - dark).max() > 110 and light.mean() - dark.mean() > 45:
            break
    pair = light.astype(np.float32), dark.astype(np.float32)
    return pair[::-1] if rng.random() < style.light_on_dark else pair


# digits with something else around them


def _in_a_box(rng: np.random.Generator, tile: NDArray[np.uint8], label: int) -> Made:
    """A field of a form: a rectangle is drawn around the digit."""
    style = replace(STYLES["scan"], height=(250, 700), digit=(0.35, 0.6), lines=0)
    image = Image.fromarray(digit_picture(tile, label, style, rng).pixels)
    low = min(image.size)
    edge, width = 0.06 * low, max(1, int(low * rng.uniform(0.004, 0.015)))
    grey = (int(rng.integers(0, 120)),) * 3
    corners = [edge, edge, image.width - edge, image.height - edge]
    ImageDraw.Draw(image).rectangle(corners, outline=grey, width=width)
    return Made("in a box", np.asarray(image), label, 1)


def _on_a_table(rng: np.random.Generator, tile: NDArray[np.uint8], label: int) -> Made:
    """A sheet of paper, somewhat turned, on a rough ground that the picture shows as well."""
    style = replace(STYLES["phone"], digit=(0.25, 0.5), lines=0)
    sheet = Image.fromarray(digit_picture(tile, label, style, rng).pixels)
    width, height = (int(length * rng.uniform(1.2, 1.5)) for length in sheet.size)
    table = rng.uniform(30, 140, 3) + paper_texture((height, width), 20, rng)[..., None]
    place = int(rng.integers(width - sheet.width + 1)), int(rng.integers(height - sheet.height + 1))
    angle = float(rng.uniform(-8, 8))
    layer, mask = Image.new("RGB", (width, height)), Image.new("L", (width, height))
    layer.paste(sheet, place)
    mask.paste(255, (*place, place[0] + sheet.width, place[1] + sheet.height))
    turned, shown = (
        np.asarray(each.rotate(angle, Image.Resampling.BICUBIC), np.float32) for each in (layer, mask)
    )
    share = shown[..., None] / 255
    return Made("on a table", camera(table * (1 - share) + turned * share, 0, 2, rng), label, 1)


def _in_a_plot(rng: np.random.Generator, tile: NDArray[np.uint8], label: int) -> Made:
    """An MNIST image as plotting programs show it: large pixels, axes with numbers, a white margin."""
    scale = int(rng.integers(8, 16))
    side = 28 * scale
    shown = tile if rng.random() < 0.6 else 255 - tile
    image = Image.new("RGB", (side + 140, side + 110), "white")
    image.paste(Image.fromarray(shown).resize((side, side), Image.Resampling.NEAREST), (80, 50))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    draw.rectangle([80, 50, 80 + side, 50 + side], outline="black")
    for tick in range(0, 28, 5):
        way = int((tick + 0.5) * scale)
        draw.line([80 + way, 50 + side, 80 + way, 54 + side], fill="black")
        draw.line([76, 50 + way, 80, 50 + way], fill="black")
        draw.text((80 + way, 58 + side), str(tick), fill="black", font=font, anchor="mt")
        draw.text((72, 50 + way), str(tick), fill="black", font=font, anchor="rm")
    return Made("in a plot", np.asarray(image), label, 1)


SURROUNDED: dict[str, Callable[[np.random.Generator, NDArray[np.uint8], int], Made]] = {
    "in a box": _in_a_box,
    "on a table": _on_a_table,
    "in a plot": _in_a_plot,
}


# without a digit


def _blank(style: Style, rng: np.random.Generator) -> Made:
    return Made("blank", _render(np.zeros(_shape(style, rng), np.float32), style, rng), None, 0)


def _noise(style: Style, rng: np.random.Generator) -> Made:
    shape = (*_shape(style, rng), 3)
    if rng.random() < 0.5:
        pixels = rng.integers(0, 256, shape)
    else:
        pixels = np.broadcast_to(rng.normal(128, 40, shape[:2])[..., None], shape)
    return Made("noise", np.clip(pixels, 0, 255).astype(np.uint8), None, 0)


def _texture(style: Style, rng: np.random.Generator) -> Made:
    """Wood, cloth, grass: noise that is stretched in one direction, at several scales."""
    shape = _shape(style, rng)
    page = np.zeros(shape, dtype=np.float32)
    for scale in (1.5, 4, 10):
        sigma = (scale, scale * rng.uniform(1, 8))
        field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma)
        page += (field / field.std() * rng.uniform(5, 30)).astype(np.float32)
    if rng.random() < 0.5:
        page = page[:, ::-1]
    pixels = rng.uniform(60, 200, 3) + page[..., None]
    return Made("texture", camera(pixels, 0, 3, rng), None, 0)


def _photo(style: Style, rng: np.random.Generator) -> Made:
    """Soft gradients and a few large objects with sharp edges, as of a room or a landscape."""
    height, width = _shape(style, rng)
    image = Image.new("RGB", (width, height), tuple(rng.integers(60, 220, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(4, 14))):
        x, y = rng.uniform(-0.2, 1.0, 2) * (width, height)
        size = rng.uniform(0.15, 0.7, 2) * (width, height)
        box = [x, y, x + size[0], y + size[1]]
        colour = tuple(rng.integers(0, 255, 3).tolist())
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=colour)
    image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.02)) * min(image.size)))
    page = add_light(np.asarray(image, dtype=np.float32), rng)
    return Made("photo", through_jpeg(camera(page, 0, 4, rng), 80), None, 0)


def _letter(style: Style, rng: np.random.Generator) -> Made:
    shape = _shape(style, rng)
    size = rng.uniform(0.4, 0.8) * min(shape)
    letter = LETTERS[int(rng.integers(len(LETTERS)))]
    font = ImageFont.load_default(size)
    image = Image.new("L", shape[::-1])
    centre = shape[1] * rng.uniform(0.4, 0.6), shape[0] * rng.uniform(0.45, 0.55)
    ImageDraw.Draw(image).text(centre, letter, fill=255, font=font, anchor="mm")
    return Made("letter", _render(np.asarray(image, np.float32) / 255, style, rng), None, 0)


def _scribble(style: Style, rng: np.random.Generator) -> Made:
    """A pen's path through ten to twenty-five random points."""
    shape = _shape(style, rng)
    size = rng.uniform(0.4, 0.7) * min(shape)
    points = ndimage.spline_filter1d(rng.uniform(-0.5, 0.5, (int(rng.integers(10, 25)), 2)), axis=0)
    places = np.linspace(0, len(points) - 1, 40 * len(points))
    path = [ndimage.map_coordinates(points[:, axis], [places], prefilter=False) for axis in (0, 1)]
    image = Image.new("L", shape[::-1])
    line = [(float(x * size + shape[1] / 2), float(y * size + shape[0] / 2)) for x, y in zip(*path, strict=True)]
    ImageDraw.Draw(image).line(line, fill=255, width=max(1, int(0.05 * size)), joint="curve")
    return Made("scribble", _render(np.asarray(image, np.float32) / 255, style, rng), None, 0)


WITHOUT_DIGIT: dict[str, Callable[[Style, np.random.Generator], Made]] = {
    "blank": _blank,
    "noise": _noise,
    "texture": _texture,
    "photo": _photo,
    "letter": _letter,
    "scribble": _scribble,
}
