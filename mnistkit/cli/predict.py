"""``mnistkit predict``: the digits in pictures of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.help import OUTPUT, examples
from mnistkit.cli.options import Backend, CheckpointOption, Device, Json, Quiet, Threads
from mnistkit.exceptions import SomeInputsFailedError, UsageError
from mnistkit.workflows.predict import PredictConfig, check_top, open_run

Pictures = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|DIR|GLOB|-",
        help="Pictures: files, folders with all below them, patterns, or - for one on standard input.",
        show_default=False,
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(
        "--top-k",
        "-k",
        metavar="K",
        help="Show the K most probable classes.",
        callback=check_top,
        show_default="3; 1 in lines and tab-separated values",
        rich_help_panel=OUTPUT,
    ),
]
JsonLines = Annotated[
    bool,
    typer.Option("--jsonl", help="Print a line of JSON for each picture, as it comes.", rich_help_panel=OUTPUT),
]
Csv = Annotated[
    bool, typer.Option("--csv", help="Print comma-separated values with a header.", rich_help_panel=OUTPUT)
]
Explain = Annotated[
    Path | None,
    typer.Option(
        "--explain",
        metavar="FILE|DIR",
        help="Draw every step from the picture to the model's input, with the probabilities: a .png, .pdf or "
        ".svg, or a folder for several pictures.",
        rich_help_panel=OUTPUT,
    ),
]


@examples(
    ("mnistkit predict digit.png", "a photo, scan, screenshot or drawing"),
    ("mnistkit predict scans/ --csv > digits.csv", "a folder, with all below it"),
    ("mnistkit predict digit.png --explain steps.png", "every step to the answer"),
)
def predict(
    pictures: Pictures,
    checkpoint: CheckpointOption = None,
    top_k: TopK = None,
    as_json: Json = False,
    jsonl: JsonLines = False,
    csv: Csv = False,
    explain: Explain = None,
    backend: Backend = "auto",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Recognise the digits in pictures of your own.

    Give photos, scans, screenshots or drawings of one digit each, in any colours and size. It is said where there
    is no digit, more than one, or something else.

    On a pipe each picture is a line: path, tab, answer, tab, probability. The answer is a digit, unsure:DIGIT for
    what it would have been, nothing, several:N or not-a-digit. Exit code 3: some of several pictures could not be
    read.
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.predict.show import show_results
    from mnistkit.reporting.progress import LoadProgress

    forms = [name for name, wanted in (("json", as_json), ("jsonl", jsonl), ("csv", csv)) if wanted]
    if len(forms) > 1:
        raise UsageError(f"--{forms[0]} and --{forms[1]} cannot go together")
    with LoadProgress() as progress:
        config = PredictConfig(
            tuple(pictures),
            checkpoint,
            device,
            backend,
            top_k,
            keep_steps=explain is not None,
            progress=progress,
        )
        run = open_run(config, console.note)
        failures = show_results(run, forms[0] if forms else None, explain, progress)
    if failures:
        raise SomeInputsFailedError(f"{failures:,} of {len(run.inputs):,} pictures could not be read")
