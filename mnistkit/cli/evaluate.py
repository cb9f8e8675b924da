"""``mnistkit evaluate``: how good checkpoints are, and which of them is better."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistkit.cli.help import OUTPUT, RUN, examples
from mnistkit.cli.options import (
    Checkpoints,
    DatasetOption,
    Device,
    Json,
    MoreCheckpoints,
    Precision,
    Quiet,
    SkipBad,
    Split,
    Threads,
    all_checkpoints,
)
from mnistkit.workflows.inputs import InferenceConfig

Perturbed = Annotated[
    bool,
    typer.Option(
        "--perturbed",
        help="Also measure on perturbed images: rotated, moved, scaled and sheared.",
        rich_help_panel=RUN,
    ),
]
Ensemble = Annotated[
    bool,
    typer.Option(
        "--ensemble", help="Also measure the average of the checkpoints' probabilities.", rich_help_panel=RUN
    ),
]
FailUnder = Annotated[
    float | None,
    typer.Option(
        "--fail-under",
        metavar="PERCENT",
        help="Exit with code 3 if a top-1 accuracy (with --ensemble: the ensemble's) is lower.",
        rich_help_panel=OUTPUT,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        metavar="N",
        help="Images in a forward pass.",
        show_default="from the recipe",
        rich_help_panel=RUN,
    ),
]


@examples(
    ("mnistkit evaluate latest --perturbed", "also on rotated, moved, scaled digits"),
    ("mnistkit evaluate runs/a runs/b --ensemble", "side by side, and averaged"),
    ("mnistkit evaluate pictures --dataset my-digits/", "on pictures of your own"),
)
def evaluate(
    checkpoints: Checkpoints = None,
    more: MoreCheckpoints = None,
    dataset: DatasetOption = None,
    split: Split = "test",
    perturbed: Perturbed = False,
    ensemble: Ensemble = False,
    fail_under: FailUnder = None,
    device: Device = "auto",
    threads: Threads = None,
    precision: Precision = InferenceConfig.precision,
    batch_size: BatchSize = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure checkpoints, and compare them with each other.

    The dataset is the one they were trained on, unless --dataset names another with the same classes.
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows import evaluate as workflow

    if fail_under is not None:
        workflow.check_threshold(fail_under)
    with LoadProgress() as progress:
        config = workflow.EvaluateConfig(
            checkpoints=all_checkpoints(checkpoints, more),
            dataset=dataset,
            split=split,
            perturbed=perturbed,
            ensemble=ensemble,
            device=device,
            precision=precision or InferenceConfig.precision,
            batch_size=batch_size,
            load=progress.options(skip_bad=skip_bad),
        )
        result = workflow.evaluate(config, announce=console.note)

    from mnistkit.reporting.evaluation.terminal import print_evaluation

    Output(as_json=as_json).show(result, print_evaluation)
    if fail_under is not None:
        workflow.require_accuracy(result, fail_under)
