"""Pictures that are no digits: what a model is shown in training so that it learns to doubt.

They are drawn, not downloaded: letters and signs from the fonts that come with matplotlib, scribbles, shapes,
clouds, and digits that run into one another. What could be taken for a digit (O, l, S, Z, b, ...) is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from mnistkit.imaging.fit import BOX, centre, shrink_into_box, trimmed
from mnistkit.recipe import IMAGE_SIZE

_SIGNS = "AEFHKMNPRWXdefhkmnwxΔΛΞΠΦΨαλμπφψχωЖДШЩЮЯЭФ#&@%$+=*?√∞∑€£♥♣→"
_CUTS = ("Sans", "Sans-Oblique", "Sans-Bold", "Serif", "Serif-Italic", "SansMono")
# Drawn this many times larger than in the tile, for smooth edges.
_FACTOR = 5
_CANVAS = IMAGE_SIZE[0] * _FACTOR

Drawing = NDArray[np.float32]


def draw_outliers(n: int, digits: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw pictures of no digit, fitted into the tile as MNIST's digits are.

    Args:
        n: How many.
        digits: uint8 array of shape (m, 28, 28), m at least one: those that run into one another.
        rng: Everything is drawn from it.

    Returns:
        uint8 array of shape (n, 28, 28), ink bright on black.
    """
    kinds: list[Callable[[], Drawing]] = [
        lambda: _sign(rng),
        lambda: _sign(rng),
        lambda: _scribble(rng),
        lambda: _shapes(rng),
        lambda: _cloud(rng),
        lambda: _pair(digits, rng),
    ]
    return np.stack([_tile(kinds[number % len(kinds)]()) for number in range(n)])


def _tile(drawing: Drawing) -> NDArray[np.uint8]:
    ink = trimmed(drawing > 0.5)
    return centre(shrink_into_box(ink)) if ink.size else np.zeros(IMAGE_SIZE, dtype=np.uint8)


def _pen(rng: np.random.Generator) -> int:
    """Return a stroke's width on the canvas; MNIST's strokes are 2 to 4 pixels wide in the tile."""
    return int(rng.integers(2 * _FACTOR, 4 * _FACTOR))


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (_CANVAS, _CANVAS))
    return image, ImageDraw.Draw(image)


def _drawn(image: Image.Image) -> Drawing:
    return np.asarray(image, dtype=np.float32) / np.float32(255)


@cache
def _fonts() -> tuple[ImageFont.FreeTypeFont, ...]:
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return tuple(ImageFont.truetype(folder / f"DejaVu{cut}.ttf", BOX * _FACTOR) for cut in _CUTS)


def _sign(rng: np.random.Generator) -> Drawing:
    """A letter or sign, its strokes thickened by up to a pixel and a half of the tile on either side."""
    image, draw = _sheet()
    sign, font = _SIGNS[int(rng.integers(len(_SIGNS)))], _fonts()[int(rng.integers(len(_CUTS)))]
    middle = (_CANVAS / 2, _CANVAS / 2)
    draw.text(middle, sign, fill=255, font=font, anchor="mm", stroke_width=int(rng.integers(0, 7)))
    return _drawn(image)


def _scribble(rng: np.random.Generator) -> Drawing:
    """A pen that wanders with a changing curvature and turns back where the sheet ends."""
    image, draw = _sheet()
    turns = ndimage.gaussian_filter1d(rng.standard_normal(int(rng.integers(80, 260))), 3) * rng.uniform(0.5, 1.5)
    headings = rng.uniform(0, 2 * np.pi) + np.cumsum(turns)
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * 0.07 * _CANVAS
    places = np.cumsum(steps, axis=0) + rng.uniform(0, _CANVAS, 2)
    # Reflected at the edges: a triangle wave of the distance walked.
    folded = np.abs((places % (2 * _CANVAS)) - _CANVAS)
    draw.line([tuple(place) for place in folded.tolist()], fill=255, width=_pen(rng), joint="curve")
    return _drawn(image)


def _shapes(rng: np.random.Generator) -> Drawing:
    """Crossing lines, a zigzag, or a few filled shapes."""
    image, draw = _sheet()
    kind = int(rng.integers(3))
    if kind == 0:
        for _ in range(int(rng.integers(4, 9))):
            draw.line(rng.uniform(0, _CANVAS, 4).tolist(), fill=255, width=_pen(rng))
    elif kind == 1:
        across = np.linspace(0, _CANVAS, int(rng.integers(6, 12)))
        heights = np.where(np.arange(len(across)) % 2, 0.2, 0.8) * _CANVAS + rng.uniform(-15, 15, len(across))
        draw.line([*zip(across.tolist(), heights.tolist(), strict=True)], fill=255, width=_pen(rng), joint="curve")
    else:
        for _ in range(int(rng.integers(2, 6))):
            (x, y), (width, height) = rng.uniform(0, 0.7, 2) * _CANVAS, rng.uniform(0.3, 0.7, 2) * _CANVAS
            (draw.ellipse if rng.random() < 0.5 else draw.rectangle)((x, y, x + width, y + height), fill=255)
    return _drawn(image)


def _cloud(rng: np.random.Generator) -> Drawing:
    """Smooth noise cut at a level, smoother in one direction: what is left of a texture or a photo."""
    sigma = rng.uniform(1.0, 3.0) * np.array([1.0, rng.uniform(1, 3)])
    noise = ndimage.gaussian_filter(rng.standard_normal(IMAGE_SIZE), sigma[:: rng.choice((-1, 1))])
    cut = (noise > np.quantile(noise, rng.uniform(0.5, 0.8))).astype(np.float32)
    return np.kron(cut, np.ones((_FACTOR, _FACTOR), dtype=np.float32))


def _pair(digits: NDArray[np.uint8], rng: np.random.Generator) -> Drawing:
    """Two digits side by side or across one another, to be squeezed into the place of one."""
    first, second = digits[rng.integers(0, len(digits), 2)].astype(np.float32) / 255
    height, width = IMAGE_SIZE
    apart = int(rng.integers(8, 21))
    both = np.zeros((height, width + apart), dtype=np.float32)
    both[:, :width] = first
    both[:, apart:] = np.maximum(both[:, apart:], second)
    zoomed: Drawing = ndimage.zoom(both, _FACTOR, order=1)
    return zoomed
