from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mnistkit.reporting.training import figure
from mnistkit.reporting.training.figure import CurvesWriter, write_curves
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord, RunEnd
from tests.support.files import check_file


def history(epochs: int, *, validated: bool = True, train_loss: float = 0.5) -> list[EpochRecord]:
    return [
        EpochRecord(
            epoch=n,
            train_loss=train_loss / n,
            train_accuracy=1 - 0.1 / n,
            val_loss=0.3 / n if validated else None,
            val_accuracy=1 - 0.05 / n if validated else None,
            learning_rate=1e-3,
            seconds=1.0,
            images_per_second=1.0,
        )
        for n in range(1, epochs + 1)
    ]


@pytest.mark.parametrize("epochs", [1, 3, 40])
@pytest.mark.parametrize("validated", [True, False])
def test_curves_are_a_readable_picture(tmp_path: Path, epochs: int, validated: bool) -> None:
    path = tmp_path / "curves.png"
    write_curves(path, history(epochs, validated=validated), epochs if validated else None, "a title")
    with Image.open(path) as image:
        assert image.width > 800
        assert len(image.convert("L").getcolors() or ()) > 20


def test_a_loss_of_zero_is_drawn_too(tmp_path: Path) -> None:
    write_curves(tmp_path / "zero.png", history(2, train_loss=0.0), None, "perfect")
    check_file(tmp_path / "zero.png")


def test_a_measured_run_gets_its_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[object, ...]] = []
    monkeypatch.setattr(figure, "write_curves", lambda *arguments: drawn.append(arguments))
    records = tuple(history(3))
    CurvesWriter().run_measured(RunEnd(RunFolder(tmp_path), "lenet5", "mnist", 7, records, 2, 0.98765))
    title = "lenet5 on mnist, seed 7: test accuracy 98.77 %"
    assert drawn == [(tmp_path / "curves.png", records, 2, title)]
