from dataclasses import replace

import pytest

from mnistkit.locate import bundled_path
from mnistkit.reporting.evaluation.terminal import print_evaluation
from tests.support.console import console_of, text_on
from tests.support.results import evaluate_result


def text_of(result, width=80):
    console = console_of(width=width)
    print_evaluation(console, result)
    return text_on(console)


def test_one_checkpoint():
    result = evaluate_result()
    text = text_of(result)
    metrics = result.models[0].metrics
    assert text.startswith("mnist, test split: 500 images\n")
    assert f"{100 * metrics.top1:.2f} %" in text
    assert f"{100 * metrics.interval[0]:.2f}–{100 * metrics.interval[1]:.2f} %" in text
    assert f"errors{metrics.errors}" in text.replace(" ", "")
    assert "imagespersecond1,234" in text.replace(" ", "")
    # Nothing to compare, nothing to tell apart by letters.
    assert "McNemar" not in text and "A  lenet5" not in text and "perturbed" not in text


@pytest.mark.parametrize("width", [72, 80, 120, 10_000])
@pytest.mark.parametrize("models", [2, 3, 5])
def test_every_model_has_its_figures_at_every_width(models, width):
    result = evaluate_result(models, ensemble=True, perturbed=True, trusted=True)
    text = text_of(result, width)
    assert all(len(line) <= width or "runs/" in line for line in text.splitlines())
    for row in result.rows:
        for metrics in (row.metrics, row.perturbed, row.without_label_errors):
            assert f"{100 * metrics.top1:.2f} %" in text
    assert len(result.comparisons) == models * (models + 1) // 2
    for a in range(models):
        assert f"{'ABCDE'[a]}, ensemble" in text


def test_at_40_columns_everything_is_there_and_whole():
    text = text_of(evaluate_result(2, ensemble=True, perturbed=True), 40)
    assert max(map(len, text.splitlines())) <= 40
    for word in ("precision", "recall", "F1", "(ensemble)", "only 1st", "only 2nd", "p-value"):
        assert word in text
    for row in evaluate_result(2, ensemble=True, perturbed=True).rows:
        assert f"{row.metrics.nll:.4f}" in text


def test_tables_stand_apart():
    lines = text_of(evaluate_result(2, ensemble=True), 80).splitlines()
    for title in ("per class, in %", "wrong in pairs (exact McNemar test)"):
        assert lines[lines.index(title) - 1] == ""


def test_a_model_that_ships_is_called_by_its_name():
    result = evaluate_result()
    checkpoint = replace(result.models[0].checkpoint, name="pictures", path=str(bundled_path("pictures")))
    text = text_of(replace(result, models=(replace(result.models[0], checkpoint=checkpoint),)))
    assert "lenet5  pictures, which ships with mnistkit\n" in text
    assert "safetensors" not in text


def test_the_reading_of_a_test_names_the_better_model():
    result = evaluate_result(2)
    pair = result.comparisons[0]
    cases = [(1, 30, 0.001, "A is better"), (30, 1, 0.001, "B is better"), (5, 4, 0.7, "no clear difference")]
    for only_a, only_b, p_value, reading in cases:
        test = replace(pair.test, only_a_wrong=only_a, only_b_wrong=only_b, p_value=p_value)
        assert reading in text_of(replace(result, comparisons=(replace(pair, test=test),)))


def test_top_2_is_left_out_for_two_classes_where_it_says_nothing():
    assert "top-2" not in text_of(evaluate_result(classes=("no", "yes"), perturbed=True))
    assert "top-2" in text_of(evaluate_result(classes=("no", "yes", "perhaps")))


@pytest.mark.parametrize("split, said", [("val", "choose the weights"), ("train", "learnt from"), ("test", "")])
def test_warns_of_images_that_training_has_seen(split, said):
    text = " ".join(text_of(evaluate_result(split=split)).split())
    assert ("report the test split" in text) == bool(said) and said in text


def test_figures_that_are_undefined_are_dashes():
    result = evaluate_result()
    row = result.models[0]
    first = replace(row.per_class[0], support=0, recall=None)
    changed = replace(result, models=(replace(row, per_class=(first, *row.per_class[1:])),))
    line = next(line for line in text_of(changed).splitlines() if line.split()[:2] == ["0", "0"])
    assert line.split()[3] == "-"


def test_more_models_than_letters():
    text = text_of(evaluate_result(28, classes=("no", "yes")), width=10_000)
    assert "AA  lenet5  runs/run26/" in text and "AB  lenet5  runs/run27/" in text


def test_names_that_look_like_markup_are_shown_as_they_are():
    assert "[bold]" in text_of(evaluate_result(classes=("[bold]", "b", "c")))
