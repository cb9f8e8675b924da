from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistkit.exceptions import OutputError, UsageError
from mnistkit.reporting.figures import SUFFIXES, check_figure_path, write_picture_grid
from tests.support.files import check_file

IMAGES = np.zeros((12, 28, 28), dtype=np.uint8)
IMAGES[:, 4:24, 12:16] = 255
CAPTIONS = [f"class {i}" for i in range(12)]


@pytest.mark.parametrize("count", [1, 2, 12])
def test_a_grid_as_png(count: int, tmp_path: Path) -> None:
    path = tmp_path / "new" / "grid.png"
    write_picture_grid(path, IMAGES[:count], CAPTIONS[:count], "some images")
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    # Each image shows as much black as white around; captions and title add dark text only.
    assert pixels.shape[1] >= 400
    black = (pixels < 10).mean()
    assert 0.05 < black < 0.8


def test_every_image_is_drawn(tmp_path: Path) -> None:
    def black_pixels(count: int) -> int:
        path = tmp_path / f"{count}.png"
        write_picture_grid(path, np.zeros((count, 28, 28), dtype=np.uint8), [""] * count, "")
        with Image.open(path) as picture:
            return int((np.asarray(picture.convert("L")) < 10).sum())

    assert black_pixels(8) == pytest.approx(2 * black_pixels(4), rel=0.15)
    assert black_pixels(3) == pytest.approx(0.75 * black_pixels(4), rel=0.05)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_captions_with_characters_that_mean_something_to_others(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"grid{suffix}"
    write_picture_grid(path, IMAGES[:2], ["$x_1", "a\\b"], "a $ title $ and _")
    check_file(path)


def test_a_suffix_in_capitals(tmp_path: Path) -> None:
    write_picture_grid(tmp_path / "grid.PNG", IMAGES[:2], CAPTIONS[:2], "")
    with Image.open(tmp_path / "grid.PNG") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("name", ["grid.jpq", "grid", "grid.txt"])
def test_an_unknown_suffix_is_wrong_usage(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"one of \.png, \.pdf, \.svg"):
        check_figure_path(tmp_path / name)
    with pytest.raises(UsageError):
        write_picture_grid(tmp_path / name, IMAGES, CAPTIONS, "")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="cannot write"):
        write_picture_grid(tmp_path / "file" / "grid.png", IMAGES, CAPTIONS, "")


def test_pyplot_is_never_loaded_and_a_users_settings_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("figure.facecolor: red\n")
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from mnistkit.reporting.figures import write_picture_grid\n"
        "write_picture_grid(Path('x.png'), np.zeros((1, 28, 28), dtype=np.uint8), ['a'], 'b')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, text=True) == "False\n"
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
