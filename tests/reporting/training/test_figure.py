from __future__ import annotations

import re
from dataclasses import replace
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


@pytest.mark.parametrize("ratio", [1.02, 1.5, 3.9, 4.1, 12.0, 30.0, 900.0, 20_000.0])
def test_the_axis_of_values_has_neither_few_numbers_nor_many(tmp_path: Path, ratio: float) -> None:
    records = [
        replace(record, train_loss=0.031 * loss, val_loss=0.033)
        for record, loss in zip(history(2), (ratio, 1), strict=True)
    ]
    write_curves(tmp_path / "curves.svg", records, None, "a title")
    # Text is drawn as shapes; each is preceded by a comment that holds it. The loss is drawn first.
    texts = re.findall("<!-- (.*?) -->", (tmp_path / "curves.svg").read_text(encoding="utf-8"))
    numbers = texts[texts.index("epoch") + 1 : texts.index("loss (nats)")]
    assert 3 <= len(numbers) <= 9
    assert all(0 < float(number) <= 1000 for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_single_epoch_is_a_whole_number(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves.svg", history(1), 1, "a title")
    texts = re.findall("<!-- (.*?) -->", (tmp_path / "curves.svg").read_text(encoding="utf-8"))
    assert texts[: texts.index("epoch")] == ["1"]


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
