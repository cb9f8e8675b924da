"""``mnistkit confusion``: which class a checkpoint takes for which."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistkit.cli.help import OUTPUT, examples
from mnistkit.cli.options import (
    Checkpoints,
    DatasetOption,
    Device,
    Json,
    MoreCheckpoints,
    Outs,
    Precision,
    Quiet,
    SkipBad,
    Split,
    Threads,
    all_checkpoints,
    one_of,
)
from mnistkit.workflows.confusion import NORMALIZE_CHOICES
from mnistkit.workflows.inputs import InferenceConfig

NORMALIZE_NAMES = one_of("normalisation", NORMALIZE_CHOICES)

Normalize = Annotated[
    str,
    typer.Option(
        "--normalize",
        metavar="NAME",
        help="Show shares of the true class, the predicted class (pred) or all images instead of counts (none).",
        callback=NORMALIZE_NAMES.callback,
        autocompletion=NORMALIZE_NAMES.complete,
        rich_help_panel=OUTPUT,
    ),
]
ErrorsOnly = Annotated[
    bool, typer.Option("--errors-only", help="Leave the diagonal blank.", rich_help_panel=OUTPUT)
]


@examples(
    ("mnistkit confusion latest --errors-only", "what was trained last"),
    ("mnistkit confusion runs/a runs/b", "what the second does differently"),
    ("mnistkit confusion --out confusion.png", "a heat map as well"),
)
def confusion(
    checkpoints: Checkpoints = None,
    more: MoreCheckpoints = None,
    dataset: DatasetOption = None,
    split: Split = "test",
    out: Outs = None,
    normalize: Normalize = "none",
    errors_only: ErrorsOnly = False,
    device: Device = "auto",
    threads: Threads = None,
    precision: Precision = InferenceConfig.precision,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show which class is taken for which.

    With two checkpoints: what the second does differently.

    --out writes a heat map (.png, .svg, .pdf), a web page (.html) or the numbers (.csv, .json).
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.confusion.files import FORMATS
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows import confusion as workflow

    output = Output(as_json=as_json, formats=FORMATS, files=out)
    with LoadProgress() as progress:
        config = workflow.ConfusionConfig(
            checkpoints=all_checkpoints(checkpoints, more),
            dataset=dataset,
            split=split,
            normalize=normalize,
            errors_only=errors_only,
            device=device,
            precision=precision or InferenceConfig.precision,
            load=progress.options(skip_bad=skip_bad),
        )
        result = workflow.confusion(config, announce=console.note)

    from mnistkit.reporting.confusion.terminal import print_confusion

    output.show(result, print_confusion)
