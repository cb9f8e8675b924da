import io
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from mnistkit.evaluation.measure import Outputs, Truth, average_outputs, compare_all, measure_model
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.evaluate import EvaluateResult
from mnistkit.reporting.evaluation.terminal import print_evaluation

DIGITS = tuple("0123456789")


def result_of(models=1, *, classes=DIGITS, ensemble=False, perturbed=False, trusted=False, split="test"):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, len(classes), (500,), generator=generator)
    truth = Truth(classes, labels, torch.arange(500) >= 15 if trusted else None)

    def logits():
        return torch.randn(500, len(classes), generator=generator) + 4 * torch.eye(len(classes))[labels]

    outputs = [Outputs(logits(), logits() if perturbed else None, 1234.5) for _ in range(models)]
    checkpoints = [
        EvaluatedCheckpoint(f"run{i}", f"runs/run{i}/model.safetensors", "lenet5", "mnist", 500)
        for i in range(models)
    ]
    rows = tuple(measure_model(*pair, truth) for pair in zip(checkpoints, outputs, strict=True))
    together = None
    if ensemble:
        outputs.append(average_outputs(outputs))
        together = measure_model(None, outputs[-1], truth)
    comparisons = compare_all(outputs, truth)
    return EvaluateResult("mnist", split, 500, classes, "cpu (1 threads)", "fp32", rows, together, comparisons)


def text_of(result, width=80):
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    print_evaluation(console, result)
    return console.file.getvalue()


def test_one_checkpoint():
    result = result_of()
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
    result = result_of(models, ensemble=True, perturbed=True, trusted=True)
    text = text_of(result, width)
    assert all(len(line) <= width or "runs/" in line for line in text.splitlines())
    for row in result.rows:
        for metrics in (row.metrics, row.perturbed, row.without_label_errors):
            assert f"{100 * metrics.top1:.2f} %" in text
    assert len(result.comparisons) == models * (models + 1) // 2
    for a in range(models):
        assert f"{'ABCDE'[a]}, ensemble" in text


def test_the_reading_of_a_test_names_the_better_model():
    result = result_of(2)
    pair = result.comparisons[0]
    cases = [(1, 30, 0.001, "A is better"), (30, 1, 0.001, "B is better"), (5, 4, 0.7, "no clear difference")]
    for only_a, only_b, p_value, reading in cases:
        test = replace(pair.test, only_a_wrong=only_a, only_b_wrong=only_b, p_value=p_value)
        assert reading in text_of(replace(result, comparisons=(replace(pair, test=test),)))


def test_top_2_is_left_out_for_two_classes_where_it_says_nothing():
    assert "top-2" not in text_of(result_of(classes=("no", "yes"), perturbed=True))
    assert "top-2" in text_of(result_of(classes=("no", "yes", "perhaps")))


@pytest.mark.parametrize("split, said", [("val", "choose the weights"), ("train", "learnt from"), ("test", "")])
def test_warns_of_images_that_training_has_seen(split, said):
    text = " ".join(text_of(result_of(split=split)).split())
    assert ("report the test split" in text) == bool(said) and said in text


def test_figures_that_are_undefined_are_dashes():
    result = result_of()
    row = result.models[0]
    first = replace(row.per_class[0], support=0, recall=None)
    changed = replace(result, models=(replace(row, per_class=(first, *row.per_class[1:])),))
    line = next(line for line in text_of(changed).splitlines() if line.split()[:2] == ["0", "0"])
    assert line.split()[3] == "-"


def test_more_models_than_letters():
    text = text_of(result_of(28, classes=("no", "yes")), width=10_000)
    assert "AA  lenet5  runs/run26/" in text and "AB  lenet5  runs/run27/" in text


def test_names_that_look_like_markup_are_shown_as_they_are():
    assert "[bold]" in text_of(result_of(classes=("[bold]", "b", "c")))
