"""Ground, light and camera: what makes a photograph of a digit differ from the digit."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage


def paper_texture(shape: tuple[int, ...], amplitude: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return fibres and clouds of about ``amplitude`` grey levels, of mean 0."""
    if amplitude <= 0:
        return np.zeros(shape, dtype=np.float32)
    fine = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), 1.2)
    coarse = rng.standard_normal((max(2, shape[0] // 24), max(2, shape[1] // 24))).astype(np.float32)
    clouds = _stretched(coarse, shape)
    return amplitude * (0.6 * fine / fine.std() + 0.4 * clouds)


def _stretched(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = shape[1], shape[0]
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))


def add_lines(
    page: NDArray[np.float32], ground: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Rule or square the page with thin lines, weaker than ink, slightly turned."""
    height, width = page.shape[:2]
    spacing = rng.uniform(0.07, 0.22) * min(height, width)
    thick = max(1.0, rng.uniform(0.02, 0.05) * spacing)
    strength = rng.uniform(0.15, 0.4)
    towards = np.array([90, 130, 200] if rng.random() < 0.6 else [120, 120, 120], dtype=np.float32)
    if ground.mean() < 128:
        towards = 255 - towards
    angle = np.deg2rad(rng.uniform(-3, 3))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    along = [x * np.sin(angle) + y * np.cos(angle)]
    if rng.random() < 0.5:
        along.append(x * np.cos(angle) - y * np.sin(angle))
    offset = rng.random() * spacing
    for position in along:
        distance = np.abs((position + offset) % spacing - spacing / 2)
        cover = strength * np.clip(thick / 2 - distance + 0.5, 0, 1)[..., None]
        page = page * (1 - cover) + towards * cover
    return page


def add_light(page: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Light the page from one side, with corners that are darker."""
    height, width = page.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.25)
    light = 1 - fall * (1 + x * np.cos(angle) + y * np.sin(angle)) / 2 - rng.uniform(0, 0.15) * (x**2 + y**2) / 2
    warm = 1 + rng.uniform(-0.04, 0.04, 3)
    return page * light[..., None] * warm


def add_shadow_edge(page: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Lay the shadow of a hand or a phone over a side of the page; its edge is sharp or soft."""
    height, width = page.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    place = (x - width * rng.uniform(0.25, 0.75)) * np.cos(angle)
    place += (y - height * rng.uniform(0.25, 0.75)) * np.sin(angle)
    softness = rng.uniform(0.005, 0.12) * min(height, width)
    depth = rng.uniform(0.2, 0.5)
    return page * (1 - depth / (1 + np.exp(-np.clip(place / softness, -30, 30))))[..., None]


def camera(page: NDArray[np.float32], blur: float, noise: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur the page (pixels), add noise (grey levels), and cut it to 8 bits."""
    if blur > 0.2:
        page = ndimage.gaussian_filter(page, (blur, blur, 0))
    if noise > 0:
        page = page + rng.normal(0, noise, page.shape).astype(np.float32)
    return np.clip(page, 0, 255).round().astype(np.uint8)


def through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return what JPEG leaves of the pixels."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))
