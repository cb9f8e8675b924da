import csv
import io
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PIL import Image

from mnistkit.evaluation.confusion import measure_confusion
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.colours import Scale, error_colour, errors, text_colour
from mnistkit.reporting.confusion.figure import write_heat_map
from mnistkit.reporting.confusion.files import to_csv
from mnistkit.reporting.confusion.page import to_html
from mnistkit.reporting.confusion.terminal import print_confusion
from mnistkit.reporting.confusion.text import pair_lines, verdict
from mnistkit.reporting.figures import SUFFIXES
from tests.support.console import console_of, text_on
from tests.support.files import check_file
from tests.support.html import read_page

DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
EMNIST = (*DIGITS, *LETTERS, *"abdefghnqrt")
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress")
ODD = ("<b>bold</b>", "&lt;", '"quoted"', "it's")


def result_of(classes=DIGITS, models=1, *, n=2000, wrong=0.1, normalize="none", errors_only=False):
    random = np.random.default_rng(0)
    labels = random.integers(0, len(classes), n)
    found = []
    for i in range(models):
        predicted = np.where(random.random(n) < wrong, random.integers(0, len(classes), n), labels)
        checkpoint = EvaluatedCheckpoint(f"run{i}", f"run{i}.safetensors", "lenet5", "mnist", 500)
        found.append(measure_confusion(checkpoint, labels, predicted, len(classes), normalize))
    return ConfusionResult("mnist", "test", n, classes, "cpu", "fp32", normalize, errors_only, tuple(found))


def text_of(result, width=80, *, terminal=True, colours=None, encoding="utf-8"):
    console = console_of(width=width, terminal=terminal, colours=colours, encoding=encoding)
    print_confusion(console, result)
    return text_on(console)


def table_of(text):
    """The lines between the two empty ones."""
    return text.split("\n\n")[1].splitlines()


class TestTerminal:
    def test_every_count_is_in_its_row_and_column(self):
        result = result_of()
        lines = table_of(text_of(result))
        counts = result.models[0].counts
        for name, line, row in zip(DIGITS, lines[1:], counts.tolist(), strict=False):
            cells = line.split()
            assert cells[0] == name
            assert [0 if cell == "·" else int(cell) for cell in cells[1:11]] == row
            assert int(cells[11]) == sum(row)
            assert float(cells[12]) == pytest.approx(100 * row[int(name)] / sum(row), abs=0.05)
        assert lines[11].split() == ["total", *map(str, counts.sum(axis=0)), "2000"]
        assert lines[12].split()[0] == "precision"

    @pytest.mark.parametrize("models", [1, 2])
    @pytest.mark.parametrize("normalize", ["all", "none"])
    @pytest.mark.parametrize("classes", [DIGITS, LETTERS, EMNIST, FASHION], ids=len)
    @pytest.mark.parametrize("width", [40, 60, 80, 140])
    def test_it_fits_the_window(self, width, classes, normalize, models):
        text = text_of(result_of(classes, models, normalize=normalize), width)
        assert max(map(len, text.splitlines())) <= width

    def test_26_classes_at_80_columns_are_all_there_abbreviated(self):
        text = text_of(result_of(LETTERS, wrong=0.5))
        lines = table_of(text)
        assert lines[0].split()[:26] == list(LETTERS)
        assert [line.split()[0] for line in lines[1:27]] == list(LETTERS)
        assert "cells: 1 to 9 images, + ten or more, ■ right" in text

    def test_where_not_all_classes_fit_the_most_confused_are_shown(self):
        result = result_of(EMNIST, n=10_000)
        text = text_of(result, 40)
        worst = result.pairs()[0]
        shown = table_of(text)[0].split()
        assert {EMNIST[worst.true], EMNIST[worst.predicted]} <= set(shown)
        assert re.search(rf"the {len(shown) - 1} of 47 classes of the most confused pairs", " ".join(text.split()))

    def test_a_pipe_gets_the_whole_table_without_colour(self):
        text = text_of(result_of(EMNIST), width=60, terminal=False)
        lines = table_of(text)
        assert "\x1b" not in text and "■" not in text
        assert len(lines) == 1 + 47 + 2 and lines[0].split()[:47] == list(EMNIST)

    def test_names_that_do_not_fit_a_column_are_numbered(self):
        lines = table_of(text_of(result_of(FASHION)))
        assert lines[0].split()[:4] == ["0", "1", "2", "3"]
        assert lines[1].startswith("0 T-shirt/top ")

    @pytest.mark.parametrize("colours", ["truecolor", "256", "standard"])
    def test_errors_are_loud_zeros_quiet(self, colours):
        text = text_of(result_of(n=400), colours=colours)
        assert "\x1b[2m" in text
        # Cells have a text colour and a background, so that neither theme hides them.
        assert re.search(r"\x1b\[1;[34][^m]*;(4|10)[^m]*m +\d", text)

    def test_an_output_without_the_characters(self):
        text = text_of(result_of(LETTERS), encoding="ascii")
        assert "?" not in text and "# right" in text and " . " in text

    def test_errors_only_blanks_the_diagonal(self):
        result = result_of(errors_only=True)
        first = table_of(text_of(result))[1]
        assert str(result.models[0].counts[0, 0]) not in first.split()

    def test_a_difference_has_signs(self):
        result = result_of(models=2)
        line = table_of(text_of(result))[1].split()
        expected = [f"{value:+d}" if value else "·" for value in result.values[0].tolist()]
        assert line[1:11] == expected


class TestWords:
    def test_pairs_with_counts_and_the_rest_in_one_line(self):
        result = result_of()
        lines = pair_lines(result)
        pairs = result.pairs()
        first = pairs[0]
        assert lines[0] == f"{first.true} read as {first.predicted}: {first.counts[0]} times"
        others = sum(pair.counts[0] for pair in pairs[10:])
        assert len(lines) == 11 and lines[-1] == f"{len(pairs) - 10} other pairs: {others} times in all"
        assert result.models[0].errors == others + sum(pair.counts[0] for pair in pairs[:10])

    def test_once_is_one_time(self):
        assert pair_lines(result_of(n=30, wrong=0.1))[0].endswith(": 1 time")

    def test_the_same_model_twice(self):
        one = result_of(models=2)
        same = ConfusionResult(**{**vars(one), "models": (one.models[0], one.models[0])})
        assert verdict(same) == "The two matrices are the same."
        assert pair_lines(same) == []

    def test_no_errors(self):
        assert verdict(result_of(wrong=0)) == "No errors at all: it classifies all 2,000 images correctly."
        assert "both classify all" in verdict(result_of(models=2, wrong=0))


class TestColours:
    def test_the_scale_spans_the_errors_and_leaves_out_the_diagonal(self):
        scale = Scale.of(result_of(n=10_000))
        values = errors(result_of(n=10_000))
        assert (scale.low, scale.high) == (
            values[values > 0].min(),
            max(values.max(), 10 * values[values > 0].min()),
        )
        assert (scale.place(scale.low), scale.place(scale.high)) == (0, 1)

    def test_in_a_difference_more_rights_are_good_and_more_errors_bad(self):
        result = result_of(models=2)
        signs = np.sign(errors(result))
        np.testing.assert_array_equal(np.diagonal(signs), -np.sign(result.values.diagonal()))
        assert signs[0, 1] == np.sign(result.values[0, 1])

    @pytest.mark.parametrize("value", [1, 3, 10, -1, -3, -10])
    def test_text_has_contrast_on_every_colour(self, value):
        def luminance(colour):
            channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
            linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
            return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

        background = error_colour(value, Scale(1, 10))
        pair = sorted([luminance(background), luminance(text_colour(background))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


class TestFiles:
    def test_csv_reads_back(self):
        result = result_of(FASHION)
        rows = list(csv.reader(io.StringIO(to_csv(result))))
        assert rows[0] == ["true\\predicted", *FASHION]
        assert [[int(cell) for cell in row[1:]] for row in rows[1:]] == result.values.tolist()
        blank = list(csv.reader(io.StringIO(to_csv(result_of(FASHION, errors_only=True)))))
        assert [blank[1 + i][1 + i] for i in range(4)] == [""] * 4

    @pytest.mark.parametrize("models", [1, 2])
    def test_the_page_stands_alone_and_holds_every_count(self, models):
        result = result_of(FASHION, models)
        page = read_page(to_html(result))
        assert not page.values("src") and not page.values("href")
        assert page.count("tr") == 1 + 4 + (1 if models == 2 else 2)
        cells = [each["title"] for name, each in page.elements if name == "td" and "title" in each]
        texts = [
            f"{value:+d}" if models == 2 and value else str(value) for value in result.values.ravel().tolist()
        ]
        pairs = product(FASHION, FASHION)
        assert cells == [f"{true} read as {said}: {text}" for text, (true, said) in zip(texts, pairs, strict=True)]

    def test_no_name_can_break_the_page(self):
        usual, odd = result_of(FASHION), result_of(ODD)
        (model,) = odd.models
        named = replace(model, checkpoint=replace(model.checkpoint, name="<script>&amp;\"'"))
        page = read_page(to_html(replace(odd, models=(named,), dataset="<i>a & b</i>")))
        assert [name for name, _ in page.elements] == [name for name, _ in read_page(to_html(usual)).elements]
        assert set(ODD) <= set(page.texts)
        assert "<script>&amp;\"' on <i>a & b</i>, test split: 2,000 images" in page.texts
        assert f"{ODD[0]} read as {ODD[1]}" in {title.rpartition(":")[0] for title in page.values("title")}

    def pixels(self, path):
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB")).astype(int)

    def test_a_single_error_is_seen_beside_a_thousand(self, tmp_path):
        labels = np.repeat([0, 1], 1000)
        predicted = labels.copy()
        predicted[0] = 1
        checkpoint = EvaluatedCheckpoint("m", "m.safetensors", "lenet5", "mnist", 500)
        model = measure_confusion(checkpoint, labels, predicted, 2, "none")
        result = ConfusionResult("mnist", "test", 2000, ("0", "1"), "cpu", "fp32", "none", False, (model,))
        write_heat_map(result, tmp_path / "m.png")
        # Pale orange, #fdd0a2, over about a quarter of the matrix of 120 x 120 pixels.
        pale = (np.abs(self.pixels(tmp_path / "m.png") - [253, 208, 162]).sum(axis=2) < 6).sum()
        assert pale > 2000

    def blue(self, path):
        return (np.abs(self.pixels(path) - [43, 108, 163]).sum(axis=2) < 6).sum()

    def test_errors_only_blanks_the_diagonal(self, tmp_path):
        write_heat_map(result_of(), tmp_path / "all.png")
        write_heat_map(result_of(errors_only=True), tmp_path / "errors.png")
        assert self.blue(tmp_path / "all.png") > 10_000
        assert self.blue(tmp_path / "errors.png") == 0

    @pytest.mark.parametrize(
        "options", [{"wrong": 0}, {"models": 2, "wrong": 0}, {"models": 2, "normalize": "all"}]
    )
    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_odd_results_in_every_format(self, options, suffix, tmp_path):
        path = tmp_path / f"m{suffix}"
        write_heat_map(result_of(("a", "$x_1$", "a very long class name indeed"), **options), path)
        check_file(path)

    def test_the_title_names_model_dataset_split_n_and_accuracy(self, tmp_path):
        result = result_of()
        write_heat_map(result, tmp_path / "m.svg")
        text = (tmp_path / "m.svg").read_text()
        # Text is drawn as shapes; each is preceded by a comment that holds it.
        assert "run0 on mnist, test split" in text
        assert f"2,000 images, accuracy {100 * result.models[0].accuracy:.2f} %" in text
