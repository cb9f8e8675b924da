"""``mnistkit errors``: the images that a checkpoint gets wrong, or whose labels are disputed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistkit.cli.help import MODEL_AND_DATA, OUTPUT, RUN, examples
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
    Threads,
    all_checkpoints,
    one_of,
    split_option,
)
from mnistkit.workflows.errors import SORT_CHOICES
from mnistkit.workflows.inputs import InferenceConfig
from mnistkit.workflows.suspect import DEFAULT_SPLIT

if TYPE_CHECKING:
    from mnistkit.evaluation.results.errors import ErrorsResult


SORT_NAMES = one_of("order", SORT_CHOICES)

Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-n",
        metavar="N",
        help="Show at most N images of each group, everywhere.",
        show_default="a screenful in the terminal, 200 in figures, all in other files",
        rich_help_panel=OUTPUT,
    ),
]
TrueClass = Annotated[
    str | None,
    typer.Option(
        "--true", metavar="CLASS", help="Only images whose label is this class.", rich_help_panel=MODEL_AND_DATA
    ),
]
PredictedClass = Annotated[
    str | None,
    typer.Option(
        "--pred",
        metavar="CLASS",
        help="Only images that are taken for this class.",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="NAME",
        help="loss, confidence, margin (largest first) or index.",
        callback=SORT_NAMES.callback,
        autocompletion=SORT_NAMES.complete,
        show_default="loss; margin with --suspect",
        rich_help_panel=OUTPUT,
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Show beside each image where the model looked (integrated gradients).",
        rich_help_panel=RUN,
    ),
]
Suspect = Annotated[
    bool,
    typer.Option(
        "--suspect",
        help="Show labels that are probably wrong, in the train or val split or all of a folder: quick models are "
        "trained by cross-validation and judge the images they have not seen.",
        rich_help_panel=RUN,
    ),
]
Split = Annotated[
    str | None, split_option(f"{InferenceConfig.split}; with --suspect {DEFAULT_SPLIT}, or all of a folder")
]


@examples(
    ("mnistkit errors latest --true 4 --out fours.html", "all misread fours as a page"),
    ("mnistkit errors --explain --out errors.png", "and where the model looked"),
    ("mnistkit errors --suspect --dataset my-digits/", "labels that are probably wrong"),
)
def errors(
    checkpoints: Checkpoints = None,
    more: MoreCheckpoints = None,
    dataset: DatasetOption = None,
    split: Split = None,
    out: Outs = None,
    limit: Limit = None,
    true: TrueClass = None,
    pred: PredictedClass = None,
    sort: Sort = None,
    explain: Explain = False,
    suspect: Suspect = False,
    device: Device = "auto",
    threads: Threads = None,
    precision: Precision = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the images that are classified wrongly.

    With several checkpoints: those that only one of them gets wrong, and those that all do.

    On a pipe each wrong prediction is a line: picture, tab, label, tab, predicted class, tab, probability; then
    the model where there are several, and what is known about the label.

    --out writes a figure (.png, .svg, .pdf), a web page to sort and filter (.html) or the numbers (.csv, .json).
    """
    from mnistkit.reporting.errors.files import FORMATS
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress

    output = Output(as_json=as_json, formats=FORMATS, files=out)
    with LoadProgress() as progress:
        given = {
            "checkpoints": all_checkpoints(checkpoints, more),
            "dataset": dataset,
            "split": split,
            "true": true,
            "pred": pred,
            "sort": sort,
            "limit": limit,
            "explain": explain,
            "device": device,
            "precision": precision,
            "load": progress.options(skip_bad=skip_bad),
        }
        # What was not asked for is left to the defaults, and the two searches have different ones.
        given = {name: value for name, value in given.items() if value is not None}
        result = _suspects(given) if suspect else _errors(given)

    from mnistkit.reporting.errors.terminal import print_errors

    output.show(result, print_errors)


def _errors(given: dict[str, Any]) -> ErrorsResult:
    from mnistkit.reporting import console
    from mnistkit.workflows.errors import ErrorsConfig, find_errors

    return find_errors(ErrorsConfig(**given), announce=console.note)


def _suspects(given: dict[str, Any]) -> ErrorsResult:
    from mnistkit.reporting import console
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.suspect import SuspectConfig, find_suspects

    with LoadProgress() as progress:
        return find_suspects(SuspectConfig(**given, progress=progress), announce=console.note)
