"""``mnistkit confusion``: which class a checkpoint takes for which."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistkit.cli.options import (
    Checkpoints,
    DatasetOption,
    Device,
    Json,
    Outs,
    Precision,
    SkipBad,
    Split,
)
from mnistkit.workflows.confusion import NORMALIZE_CHOICES, check_normalize
from mnistkit.workflows.inputs import InferenceConfig


def complete_normalize(incomplete: str) -> list[str]:
    """Return the ways to normalise that start with ``incomplete``, for shell completion."""
    return [name for name in NORMALIZE_CHOICES if name.startswith(incomplete)]


Normalize = Annotated[
    str,
    typer.Option(
        "--normalize",
        metavar="NAME",
        help="Show shares of the true class, the predicted class (pred) or all images instead of counts (none).",
        callback=check_normalize,
        autocompletion=complete_normalize,
    ),
]
ErrorsOnly = Annotated[bool, typer.Option("--errors-only", help="Leave the diagonal blank.")]


def confusion(
    checkpoints: Checkpoints = None,
    dataset: DatasetOption = None,
    split: Split = "test",
    out: Outs = None,
    normalize: Normalize = "none",
    errors_only: ErrorsOnly = False,
    device: Device = "auto",
    precision: Precision = InferenceConfig.precision,
    skip_bad: SkipBad = False,
    as_json: Json = False,
) -> None:
    """Show which class is taken for which.

    With two checkpoints: what the second does differently.

    --out writes a heat map (.png, .svg, .pdf), a web page (.html) or the numbers (.csv, .json).
    """
    from mnistkit.data.base import LoadOptions
    from mnistkit.reporting import console
    from mnistkit.reporting.confusion.files import FORMATS
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows import confusion as workflow

    outs = list(out or ())
    FORMATS.check(outs)
    with LoadProgress() as progress:
        config = workflow.ConfusionConfig(
            checkpoints=tuple(checkpoints or ()),
            dataset=dataset,
            split=split,
            normalize=normalize,
            errors_only=errors_only,
            device=device,
            precision=precision or InferenceConfig.precision,
            load=LoadOptions(skip_bad=skip_bad, progress=progress, warn=progress.warn),
        )
        result = workflow.confusion(config, announce=console.note)
    if as_json:
        console.print_json(result.to_json(), workflow.SCHEMA)
    else:
        from mnistkit.reporting.confusion.terminal import print_confusion

        print_confusion(console.stdout(), result)
    for path in FORMATS.write(result, outs):
        console.note(f"wrote {path}")
